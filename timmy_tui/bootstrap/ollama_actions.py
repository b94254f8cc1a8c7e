"""The two requests that make the model work, as the screen asks for them."""

import time

from timmy_tui.sources.timmy import Timmy


class OllamaActions:
    """Each only on the user's key, behind a confirmation; v34's config is read at that moment: a flip changes it."""

    def __init__(self, timmy: Timmy) -> None:
        self._timmy = timmy

    def probe(self) -> tuple[str, ...]:
        """Run the questions; lines that say what the answers mean. Raises TimmyError."""
        from timmy_tui.ollama.probe import run_probe

        now = self._timmy.services.reread()
        config = now.model
        found = run_probe(now.urls.ollama, config.model, config.num_ctx, config.keep_alive or "1h")
        return (*(f"{step.label}: {step.meaning}" for step in found.steps), f"{found.verdict}: {found.summary}")

    def warm(self) -> str:
        """Load the model as v34 would; a word on how long it took. Raises TimmyError."""
        from timmy_tui.ollama.warm import plan_warm, send_warm

        now = self._timmy.services.reread()
        warmth = plan_warm(now.urls.ollama, now.model)
        began = time.monotonic()
        send_warm(warmth)
        return f"{warmth.model} is loaded, {time.monotonic() - began:.1f}s"
