"""Loading and probing the model from the screen: as v34 would ask for it now, not when the dashboard began."""

from pathlib import Path

import pytest

from timmy_tui.bootstrap.ollama_actions import OllamaActions
from timmy_tui.core.errors import SourceError
from timmy_tui.demo.ollama.responses import MODEL
from timmy_tui.demo.ollama.server import OllamaStandIn, StandInOptions
from timmy_tui.model.llm import LearnedRate
from timmy_tui.sources.services.http import HttpClient
from timmy_tui.sources.timmy import timmy_at


def write_config(root: Path, url: str, num_ctx: int) -> None:
    (root / "v34").mkdir(exist_ok=True)
    text = f"OLLAMA_API_URL = {url!r}\nMODEL_NAME = {MODEL!r}\nLLM_CONTEXT_SIZE = {num_ctx}\n"
    (root / "v34/config.py").write_text(text)


def loaded_window(url: str) -> int:
    client = HttpClient(url)
    try:
        body = client.request("/api/ps").body
    finally:
        client.close()
    assert isinstance(body, dict)
    window = body["models"][0]["context_length"]
    assert isinstance(window, int)
    return window


def test_the_model_is_loaded_as_the_config_says_at_that_moment(tmp_path: Path) -> None:
    """A flip of num_ctx while the dashboard runs: the old window would make v34's next turn load the model again."""
    with OllamaStandIn(StandInOptions("0.12.11", speed=1000)) as stand_in:
        timmy = timmy_at(tmp_path)
        write_config(tmp_path, stand_in.url, 8000)
        assert timmy.services.model.num_ctx == 8000
        rates: list[LearnedRate] = []
        actions = OllamaActions(timmy, rates.append)
        assert MODEL in actions.warm() and loaded_window(stand_in.url) == 8000
        write_config(tmp_path, stand_in.url, 4096)
        actions.warm()
        assert loaded_window(stand_in.url) == 4096
        assert "works" in actions.probe()[-1]
        assert [(rate.key.model, rate.key.num_ctx, rate.key.version) for rate in rates] == [(MODEL, 4096, "0.12.11")]


def test_without_a_model_in_the_config_nothing_is_loaded(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="names no model"):
        OllamaActions(timmy_at(tmp_path)).warm()
