"""Loading the model before a turn needs it, in just the way v34 will ask for it."""

from dataclasses import dataclass
from typing import Any

from timmy_tui.core.errors import SourceError
from timmy_tui.sources.services.http import HttpClient
from timmy_tui.sources.services.urls import ModelConfig, masked

TIMEOUT_S = 120.0
KEEP_ALIVE = "1h"
"""What v34 asks for where its config does not say."""


@dataclass(frozen=True)
class Warmth:
    """What was asked for."""

    url: str
    model: str
    num_ctx: int | None
    keep_alive: str


def plan_warm(url: str, config: ModelConfig, model: str | None = None) -> Warmth:
    """The request, so that it can be shown first. Raises SourceError when no model is known."""
    name = model or config.model
    if name is None:
        raise SourceError("v34's config names no model.", "Name it: --model NAME")
    return Warmth(url, name, config.num_ctx, config.keep_alive or KEEP_ALIVE)


def send_warm(warmth: Warmth) -> None:
    """An empty prompt: loads the model, generates nothing, leaves the cache alone. Raises SourceError."""
    keep: object = int(warmth.keep_alive) if warmth.keep_alive.lstrip("-").isdigit() else warmth.keep_alive
    body: dict[str, Any] = {"model": warmth.model, "prompt": "", "stream": False, "keep_alive": keep}
    if warmth.num_ctx:
        # Another num_ctx than v34's would make Ollama load the model again for v34's next turn.
        body["options"] = {"num_ctx": warmth.num_ctx}
    wire = HttpClient(warmth.url, timeout_s=TIMEOUT_S, whole_s=TIMEOUT_S)
    try:
        answer = wire.ask("/api/generate", body)
    finally:
        wire.close()
    if answer.problem:
        raise SourceError(f"Ollama at {masked(warmth.url)} did not load {warmth.model}: {answer.problem}.")
