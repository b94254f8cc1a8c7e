"""The two requests that make the model work, as the screen asks for them."""

import time
from pathlib import Path

from timmy_tui.core.settings import Settings


class OllamaActions:
    """Each only on the user's key, behind a confirmation."""

    def __init__(self, settings: Settings, root: Path) -> None:
        self._settings = settings
        self._root = root

    def probe(self) -> tuple[str, ...]:
        """Run the questions; lines that say what the answers mean. Raises TimmyError."""
        from timmy_tui.ollama.probe import run_probe
        from timmy_tui.sources.services.urls import model_config, resolve_urls

        config = model_config(self._settings, self._root)
        url = resolve_urls(self._settings, self._root).ollama
        found = run_probe(url, config.model, config.num_ctx, config.keep_alive or "1h")
        return (*(f"{step.label}: {step.meaning}" for step in found.steps), f"{found.verdict}: {found.summary}")

    def warm(self) -> str:
        """Load the model as v34 would; a word on how long it took. Raises TimmyError."""
        from timmy_tui.ollama.warm import plan_warm, send_warm
        from timmy_tui.sources.services.urls import model_config, resolve_urls

        url = resolve_urls(self._settings, self._root).ollama
        warmth = plan_warm(url, model_config(self._settings, self._root))
        began = time.monotonic()
        send_warm(warmth)
        return f"{warmth.model} is loaded, {time.monotonic() - began:.1f}s"
