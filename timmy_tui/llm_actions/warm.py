"""Loads the model before a turn needs it, with the options that v34 uses."""

from dataclasses import dataclass
from typing import Any

from timmy_tui.core.errors import SourceError
from timmy_tui.core.foreign.addresses import mask_url
from timmy_tui.core.foreign.sanitize import clean
from timmy_tui.model.model_names import is_cloud_model
from timmy_tui.sources.services.http import HttpClient
from timmy_tui.sources.services.urls import ModelConfig

TIMEOUT_S = 120.0
KEEP_ALIVE = "1h"
"""What v34 uses if its config does not name it."""


@dataclass(frozen=True)
class WarmRequest:
    """The request that loads the model."""

    url: str
    model: str
    num_ctx: int | None
    keep_alive: str


def plan_warm(url: str, config: ModelConfig, model: str | None = None) -> WarmRequest:
    """The request, to show it before it is sent. Raises SourceError when no model is known."""
    name = model or config.model
    if name is None:
        raise SourceError("neither v34's log nor its config names a model.", "Name it: --model NAME")
    if is_cloud_model(name):
        raise SourceError(f"{clean(name, 80)} runs in the cloud: there is nothing to load.")
    return WarmRequest(url, name, config.num_ctx, config.keep_alive or KEEP_ALIVE)


def send_warm(request: WarmRequest) -> None:
    """Send an empty prompt: it loads the model, generates nothing and leaves the cache as it is. Raises SourceError."""
    numeric = request.keep_alive.lstrip("-").isdigit()
    keep_alive: object = int(request.keep_alive) if numeric else request.keep_alive
    body: dict[str, Any] = {"model": request.model, "prompt": "", "stream": False, "keep_alive": keep_alive}
    if request.num_ctx:
        # With another num_ctx than v34's, Ollama would load the model again for v34's next turn.
        body["options"] = {"num_ctx": request.num_ctx}
    client = HttpClient(request.url, timeout_s=TIMEOUT_S, total_timeout_s=TIMEOUT_S)
    try:
        response = client.request("/api/generate", body)
    finally:
        client.close()
    if response.problem:
        raise SourceError(f"Ollama at {mask_url(request.url)} did not load {request.model}: {response.problem}.")
