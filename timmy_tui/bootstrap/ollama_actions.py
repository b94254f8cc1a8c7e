"""The two actions that make the model work, probe and warm-up, as the screen starts them."""

import time
from collections.abc import Callable

from timmy_tui.model.llm import LearnedRate
from timmy_tui.sources.timmy import Timmy


class OllamaActions:
    """Started only by the user's key, after a confirmation. v34's config is read then, because a flip changes it."""

    def __init__(self, timmy: Timmy, on_rate: Callable[[LearnedRate], None] | None = None) -> None:
        """``on_rate`` gets the cold rate that a probe has found."""
        self._timmy = timmy
        self._on_rate = on_rate

    def probe(self) -> tuple[str, ...]:
        """Send the probe's requests; lines that say what the answers mean. Raises TimmyError."""
        from timmy_tui.bootstrap.wanted_model import wanted_model
        from timmy_tui.llm_actions.probe import run_probe
        from timmy_tui.llm_actions.probed_rate import probed_rate

        services = self._timmy.services.reread()
        config = wanted_model(self._timmy, services.model)
        result = run_probe(services.urls.ollama, config.model, config.num_ctx, config.keep_alive or "1h")
        rate = probed_rate(result)
        if rate is not None and self._on_rate is not None:
            self._on_rate(rate)
        return (*(f"{step.label}: {step.meaning}" for step in result.steps), f"{result.verdict}: {result.summary}")

    def warm(self) -> str:
        """Load the model as v34 would; a message with the time it took. Raises TimmyError."""
        from timmy_tui.bootstrap.wanted_model import wanted_model
        from timmy_tui.llm_actions.warm import plan_warm, send_warm

        services = self._timmy.services.reread()
        plan = plan_warm(services.urls.ollama, wanted_model(self._timmy, services.model))
        started = time.monotonic()
        send_warm(plan)
        return f"{plan.model} is loaded, {time.monotonic() - started:.1f}s"
