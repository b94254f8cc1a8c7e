"""Loading and probing the model from the screen: as v34 would ask for it now, not when the dashboard began."""

from pathlib import Path

import pytest

from tests.turns.debug_lines import BEGIN, message, step, total
from timmy_tui.bootstrap.ollama_actions import OllamaActions
from timmy_tui.bootstrap.wanted_model import wanted_model
from timmy_tui.core.errors import SourceError
from timmy_tui.demo.ollama.responses import MODEL
from timmy_tui.demo.ollama.server import OllamaStandIn, StandInOptions
from timmy_tui.model.llm import LearnedRate
from timmy_tui.sources.services.http import HttpClient
from timmy_tui.sources.timmy import timmy_at


def wanted(root: Path) -> str | None:
    """The model that v34 asks for now."""
    timmy = timmy_at(root)
    return wanted_model(timmy, timmy.services.reread().model).model


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
    with pytest.raises(SourceError, match="nor its config names a model"):
        OllamaActions(timmy_at(tmp_path)).warm()


def test_the_model_of_the_running_session_comes_before_the_config(tmp_path: Path) -> None:
    """The file was edited, v34 still runs what it began with; a restart shows that the file holds again."""
    with OllamaStandIn(StandInOptions("0.12.11", speed=1000)) as stand_in:
        write_config(tmp_path, stand_in.url, 8000)
        log = tmp_path / "testing-interface/logs/v34.log"
        log.parent.mkdir(parents=True)
        log.write_text(
            "\n".join([BEGIN, message(), "*** Debug: Model=other:1b, num_ctx=8000", step(5, 0.9), total(1.0), ""])
        )
        assert wanted(tmp_path) == "other:1b"
        with log.open("a") as file:
            file.write(" * Restarting with stat\n")
        assert wanted(tmp_path) == MODEL
