"""The two actions that make the model work, probe and warm-up, as the screen starts them."""

import time

from timmy_tui.bootstrap.wanted_model import wanted_model
from timmy_tui.sources.timmy import Timmy


class OllamaActions:
    """Started only by the user's key, after a confirmation. v34's config is read then, because a flip changes it."""

    def __init__(self, timmy: Timmy) -> None:
        self._timmy = timmy

    def probe(self) -> tuple[str, ...]:
        """Send the probe's requests; lines that say what the answers mean. Raises TimmyError."""
        from timmy_tui.llm_actions.probe import run_probe

        services, config = self._timmy.services.reread(), wanted_model(self._timmy)
        result = run_probe(services.urls.ollama, config.model, config.num_ctx, config.keep_alive or "1h")
        return (*(f"{step.label}: {step.meaning}" for step in result.steps), f"{result.verdict}: {result.summary}")

    def warm(self) -> str:
        """Load the model as v34 would; a message with the time it took. Raises TimmyError."""
        from timmy_tui.llm_actions.warm import plan_warm, send_warm

        services = self._timmy.services.reread()
        plan = plan_warm(services.urls.ollama, wanted_model(self._timmy))
        started = time.monotonic()
        send_warm(plan)
        return f"{plan.model} is loaded, {time.monotonic() - started:.1f}s"
