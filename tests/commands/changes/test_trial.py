"""``timmy-tui trial`` for any flag: which value is tried, what is asked for, what is refused."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from bench.judgement.lines import log_lines
from bench.judgement.turns import make_turns
from tests.control.timmy_files import lay_out
from timmy_tui.commands.changes.trial import trial


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    folder = lay_out(tmp_path / "timmy")
    (folder / "shared/latency.log").write_text("".join(log_lines(make_turns(5, seed=14))))
    return folder


def run(root: Path, *arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(trial, ["--root", str(root), *arguments])
    assert (done.exit_code != 0) is (code != 0), (done.output, done.exception)
    return done.output if code == 0 else str(done.exception)


def begun(root: Path, *arguments: str) -> Any:
    run(root, "start", *arguments)
    state = json.loads(run(root, "--json"))
    run(root, "stop")
    return state


@pytest.mark.parametrize(("arguments", "label"), [
    (("retrieval",), "retrieval on→off"), (("retrieval", "off"), "retrieval on→off"),
    (("RETRIEVAL_ENABLED", "off"), "retrieval on→off"), (("retrieved-chunks", "3"), "retrieved chunks 5→3"),
    (("num_ctx", "4096", "--aba"), "context size 8000→4096"), (("recency-weight", ".5"), "recency weight 0.75→0.5"),
    (("test-1",), "Test 1: raw off"), (("guide",), "Test 1: raw off"),
])  # fmt: skip
def test_any_flag_is_begun_from_the_shell(root: Path, arguments: tuple[str, ...], label: str) -> None:
    state = begun(root, *arguments)
    assert (state["label"], state["phase"]) == (label, "measure")
    assert state["steps"] == (8 if arguments == ("guide",) else 6 if "--aba" in arguments else 4)


@pytest.mark.parametrize(("arguments", "said"), [
    (("retrieved-chunks",), "which value of retrieved chunks is to be tried? It is 5"),
    (("retrieved-chunks", "99"), "a whole number from 1 to 50"), (("retrieval", "on"), "retrieval is on already"),
    (("debug-mode",), "DEBUG_MODE cannot be changed"), (("retrieva",), "there is no flag retrieva"),
    (("test-1", "off"), "test-1 takes no value"),
])  # fmt: skip
def test_what_cannot_be_tried_is_refused_and_begins_nothing(root: Path, arguments: tuple[str, ...], said: str) -> None:
    assert said in run(root, "start", *arguments, code=1)
    assert run(root) == "no guided test is open; timmy-tui trial start begins one\n"
