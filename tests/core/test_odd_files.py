"""Files that a hand has edited, and answers of services: an odd value is unknown, and nothing raises."""

import json
import time
from pathlib import Path

import pytest

from timmy_tui.control.journal.write_ahead import Entry, Journal
from timmy_tui.control.service.start_command import CommandFile
from timmy_tui.core.errors import SettingsError
from timmy_tui.core.settings import load_settings
from timmy_tui.report.status_line.file import quick_line
from timmy_tui.sources.services.ollama import parse_duration
from timmy_tui.sources.services.urls import read_constants
from timmy_tui.storage.trial_file import TrialFile

ODD = ("NaN", "Infinity", "-1e400", "9" * 309, "9" * 5000, '"\\ud800"', "[" * 1000 + "]" * 1000, "[" * 9, "null", "")


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("field", ["at", "line"])
def test_the_status_file(tmp_path: Path, odd: str, field: str) -> None:
    texts = {"at": repr(time.time()), "line": '"\\u25cf now"', field: odd}
    file = tmp_path / "timmy_tui" / "status.json"
    file.parent.mkdir()
    file.write_text(f'{{"at": {texts["at"]}, "line": {texts["line"]}}}')
    assert quick_line([], {"XDG_STATE_HOME": str(tmp_path)}) is None


def test_the_status_file_as_it_should_be(tmp_path: Path) -> None:
    file = tmp_path / "timmy_tui" / "status.json"
    file.parent.mkdir()
    file.write_text(json.dumps({"at": time.time(), "line": "● now", "other": float("nan")}))
    assert quick_line([], {"XDG_STATE_HOME": str(tmp_path)}) == "● now"


@pytest.mark.parametrize("odd", ODD)
def test_a_line_of_the_journal(tmp_path: Path, odd: str) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    journal.append(Entry(op="a", stage="planned", label="first"))
    good = journal.path.read_bytes()
    bad = good.replace(b'"op":"a"', f'"op":{odd}'.encode()).replace(b'"first"', odd.encode())
    journal.path.write_bytes(bad + good.replace(b'"a"', b'"b"'))
    assert [operation.op for operation in journal.operations()] == ["b"]


@pytest.mark.parametrize("odd", ODD)
def test_the_guided_test_and_the_start_command(tmp_path: Path, odd: str) -> None:
    trial = tmp_path / "trial.json"
    trial.write_text(f'{{"schema": 1, "name": "test-1", "at": {odd}}}')
    trials = TrialFile(tmp_path)
    assert trials.current is None
    assert "cannot be read" in trials.warning and not trial.exists()
    (tmp_path / "start.json").write_text(f'{{"argv": {odd}, "folder": {odd}}}')
    assert CommandFile(tmp_path / "start.json").read() is None


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "1e400", "9" * 400, "9" * 5000, "[" * 3000])
@pytest.mark.parametrize("key", ["tail.turn_timeout_s", "view.turns"])
def test_the_settings(tmp_path: Path, value: str, key: str) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(f"{key} = {value}\n")
    path.chmod(0o600)
    with pytest.raises(SettingsError, match=r"settings\.toml(:1)? (is not valid TOML|sets|is nested)"):
        load_settings(path)


@pytest.mark.parametrize("value", ["9" * 400, "1e400", "-1e400", "(" * 300 + "1" + ")" * 300])
def test_v34s_config(tmp_path: Path, value: str) -> None:
    config = tmp_path / "config.py"
    config.write_text(f'LLM_CONTEXT_SIZE = {value}\nMODEL_NAME = "m"\n')
    assert read_constants(config).get("LLM_CONTEXT_SIZE") is None


@pytest.mark.parametrize("value", [10**400, "9" * 400, "9" * 400 + "h", float("nan")])
def test_a_duration_that_is_no_figure(value: object) -> None:
    assert parse_duration(value) is None
