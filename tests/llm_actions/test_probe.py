"""The probe against all versions of Ollama, loading the model, and both as commands."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.sources.services.servers import as_json, serving
from timmy_tui.commands.llm import probe, warm
from timmy_tui.core.errors import NotFound, SourceError
from timmy_tui.demo.ollama.engine import GenerateRequest, ServedRequest
from timmy_tui.demo.ollama.responses import MODEL
from timmy_tui.demo.ollama.server import OllamaStandIn, StandInOptions
from timmy_tui.llm_actions.probe import Probe, Step, run_probe
from timmy_tui.llm_actions.probed_rate import probed_rate
from timmy_tui.llm_actions.warm import plan_warm, send_warm
from timmy_tui.model.llm import PrefillKey
from timmy_tui.sources.services.urls import ModelConfig

SUMMARIES = {
    "0.1.48": ("tokens evaluated fell from", "this version counts only those"),
    "0.3": ("the count stays", "prefill fell from"),
    "0.12.5": ("the count stays", "the time outside load and decode (0.12.5 does not time the prefill) fell from"),
    "0.12.11": ("the count stays", "prefill fell from"),
    "0.30.0": ("tokens evaluated fell from", "this version counts only those"),
    "0.30.11": ("the count stays", "prefill fell from"),
    "0.33.3": ("Ollama reports it:", "tokens came from the cache"),
}


@pytest.mark.parametrize("version", SUMMARIES)
def test_every_version_shows_that_its_cache_works(version: str) -> None:
    labels: list[str] = []
    with OllamaStandIn(StandInOptions(version, seed=1, speed=1000)) as stand_in:
        result = run_probe(stand_in.url, MODEL, on_step=labels.append)
        requests = stand_in.requests
    assert (result.verdict, result.version, result.model) == ("works", version, MODEL)
    assert all(part in result.summary for part in SUMMARIES[version])
    steps = {step.key: step for step in result.steps}
    assert len(labels) == len(steps) == 7
    assert steps["raw_plain"].context is steps["raw_stream"].context is None
    assert "raw mode returns none" in steps["raw_plain"].meaning
    assert (steps["template_plain"].context or 0) > 0
    assert steps["context_raw"].status == 400
    assert steps["context_raw"].meaning.startswith("refused, as it should be")
    assert steps["context_template"].status == 200
    assert requests[-2].reused <= 1, "nothing but the beginning-of-text token"
    assert requests[-1].evaluated == 1


@pytest.mark.parametrize("version", SUMMARIES)
def test_a_probe_teaches_the_cold_rate_where_the_figures_show_it(version: str) -> None:
    with OllamaStandIn(StandInOptions(version, seed=1, speed=1000)) as stand_in:
        result = run_probe(stand_in.url, MODEL)
        cold, hit = stand_in.requests[-2:]
    rate = probed_rate(result)
    if version in ("0.1.48", "0.12.5", "0.30.0"):
        assert rate is None
        return
    assert rate is not None
    assert rate.key == PrefillKey(MODEL, result.num_ctx or 0, "Q4_K_M", version)
    assert rate.step_ms == pytest.approx(hit.prefill_ms, abs=0.002)
    linear = (cold.prefill_ms - hit.prefill_ms) / cold.prompt_tokens
    assert 0.9 * linear < rate.ms_per_token < linear


@pytest.mark.parametrize(
    ("change", "taught"),
    [
        ({}, True), ({"prefill_ms": None}, False), ({"prefill_ms": 9.0}, False), ({"prefill_ms": 9.1}, True),
        ({"prompt_tokens": 199}, False), ({"prompt_tokens": 200}, True), ({"prompt_tokens": None}, False),
    ],
)  # fmt: skip
def test_what_a_cold_step_must_have_to_teach(change: dict[str, Any], taught: bool) -> None:
    step = Step("k", "l", 200, "", "", prompt_tokens=1000, prefill_ms=250.0)
    steps = (replace(step, **change), replace(step, prefill_ms=9.0))
    assert (probed_rate(Probe("", "0.12.11", "m", 8000, steps, "Q4_K_M", "works", "")) is not None) is taught
    assert probed_rate(Probe("", "0.12.11", "m", 8000, steps, "Q4_K_M", "does not show", "")) is None
    assert probed_rate(Probe("", None, "m", 8000, steps, "Q4_K_M", "works", "")) is None


def test_no_reuse_is_not_called_reuse(monkeypatch: pytest.MonkeyPatch) -> None:
    with OllamaStandIn(StandInOptions("0.12.11", seed=1, speed=1000)) as stand_in:
        serve = stand_in.engine.serve

        def forget(order: GenerateRequest, queue_ms: float = 0.0) -> ServedRequest:
            stand_in.engine.slot = []
            return serve(order, queue_ms)

        monkeypatch.setattr(stand_in.engine, "serve", forget)
        result = run_probe(stand_in.url, MODEL)
    assert result.verdict == "does not show"
    assert "no reuse is visible" in result.summary


def test_the_loaded_window_is_kept_so_that_nothing_is_reloaded() -> None:
    with OllamaStandIn(StandInOptions("0.12.11", seed=1, speed=1000)) as stand_in:
        send_warm(plan_warm(stand_in.url, ModelConfig(MODEL, 8000, None, "1h")))
        assert run_probe(stand_in.url, MODEL).num_ctx == 8000
        assert not any(served.loaded for served in stand_in.requests)
        assert stand_in.ps_response()["models"][0]["context_length"] == 8000


def test_failures_in_between_are_reported() -> None:
    with OllamaStandIn(StandInOptions("0.12.11", speed=1000)) as stand_in:
        stand_in.fail_next("500", times=7, path="/api/generate")
        result = run_probe(stand_in.url, MODEL)
        assert result.verdict == "not answered"
        assert "HTTP 500" in result.summary
        stand_in.fail_next("no done", times=3, path="/api/generate")
        steps = {step.key: step.problem for step in run_probe(stand_in.url, MODEL).steps}
        assert steps["raw_stream"] == "the stream broke off"


def test_without_a_server_or_a_model_the_probe_says_so() -> None:
    with pytest.raises(SourceError, match="connection refused"):
        run_probe("http://user:secret@127.0.0.1:1")
    with pytest.raises(SourceError) as error:
        run_probe("http://user:secret@127.0.0.1:1")
    assert "secret" not in str(error.value)
    with pytest.raises(SourceError):
        plan_warm("http://127.0.0.1:1", ModelConfig())
    with pytest.raises(SourceError):
        send_warm(plan_warm("http://127.0.0.1:1", ModelConfig("m")))
    with OllamaStandIn(StandInOptions("0.12.11", speed=1000)) as stand_in:
        stand_in.fail_next("html", path="/api/tags")
        with pytest.raises(NotFound, match="Ollama has none"):
            run_probe(stand_in.url)


def test_of_several_models_none_is_taken_unasked() -> None:
    """The first of a list can be one that only embeds."""
    listing = {"models": [{"name": "nomic-embed-text:latest", "context_length": 2048}, {"name": "llama3.2:latest"}]}
    with serving(lambda path: as_json({"version": "0.12.11"} if path == "/api/version" else listing)) as (url, asked):
        with pytest.raises(NotFound, match=r"Ollama has nomic-embed-text:latest, llama3\.2:latest"):
            run_probe(url)
        assert "/api/generate" not in asked


@pytest.mark.parametrize("spelling", ["llama3.2", "Llama3.2:latest", "registry.ollama.ai/library/llama3.2"])
def test_a_loaded_model_keeps_its_window_under_any_of_its_names(spelling: str) -> None:
    listing = {
        "models": [{"name": "all-minilm", "context_length": 256}, {"name": "llama3.2:latest", "context_length": 8000}]
    }
    with serving(lambda path: as_json({"version": "0.12.11"} if path == "/api/version" else listing)) as (url, _):
        result = run_probe(url, spelling)
    assert (result.model, result.num_ctx) == ("llama3.2:latest", 8000)


def test_a_model_in_the_cloud_is_not_loaded() -> None:
    with pytest.raises(SourceError, match="runs in the cloud"):
        plan_warm("http://127.0.0.1:1", ModelConfig("gpt-oss:120b-cloud"))


def settings_file(folder: Path) -> str:
    path = folder / "settings.toml"
    path.write_text("")
    path.chmod(0o600)
    return str(path)


def test_the_command_asks_first_and_prints_or_encodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    common = ["--settings", settings_file(tmp_path), "--model", MODEL]
    with OllamaStandIn(StandInOptions("0.12.11", seed=1, speed=1000)) as stand_in:
        common += ["--url", stand_in.url]
        refused = CliRunner().invoke(probe, common)
        assert refused.exit_code == 2
        assert "GPU" in refused.output
        assert "--yes" in refused.output
        assert stand_in.requests == []
        shown = CliRunner().invoke(probe, [*common, "--yes"], standalone_mode=False)
        assert shown.return_value == 0
        assert "The prompt cache works" in shown.stdout
        assert "raw mode does not support template, system, or context" in shown.stdout
        coded = CliRunner().invoke(probe, [*common, "--yes", "--json"], standalone_mode=False)
        printed = json.loads(coded.stdout)
        assert (printed["schema"], printed["probe"]["verdict"]) == ("timmy-tui.probe/1", "works")
        assert len(printed["probe"]["steps"]) == 7


def test_the_warm_command_loads_the_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    common = ["--settings", settings_file(tmp_path), "--model", MODEL]
    with OllamaStandIn(StandInOptions("0.12.11", seed=1, speed=1000)) as stand_in:
        common += ["--url", stand_in.url]
        assert CliRunner().invoke(warm, common).exit_code == 2
        assert stand_in.ps_response() == {"models": []}
        done = CliRunner().invoke(warm, [*common, "--yes"])
        assert done.exit_code == 0
        assert MODEL in done.stdout
        assert len(stand_in.ps_response()["models"]) == 1
        assert stand_in.requests == [], "nothing was generated"
