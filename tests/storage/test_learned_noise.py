"""The dashboard and the commands learn from the history how much sessions differ by chance."""

import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from msgspec.structs import replace

from bench.judgement.lines import log_lines
from bench.judgement.turns import make_turns
from timmy_tui.bootstrap.wiring import SourceOptions, live_source
from timmy_tui.commands import history as history_commands
from timmy_tui.commands import judgement as judgement_commands
from timmy_tui.model.snapshot import Snapshot
from timmy_tui.model.turn import Turn
from timmy_tui.sources.timmy import timmy_at
from timmy_tui.storage.history import History
from timmy_tui.storage.learned_noise import session_noise


def conversation() -> list[Turn]:
    """Sessions of ten to sixty turns, the last of which ended a minute ago."""
    turns = make_turns(420, seed=31, session_noise=0.05)
    late = time.time() - 60 - (turns[-1].started or 0.0)
    return [replace(turn, started=(turn.started or 0.0) + late) for turn in turns]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    root = tmp_path / "timmy"
    (root / "shared").mkdir(parents=True)
    (root / "v34").mkdir()
    (root / "v34/app.py").write_text("")
    (root / "shared/latency.log").write_text("".join(log_lines(conversation())))
    return root


def run(command: Any, *arguments: str) -> Result:
    done = CliRunner().invoke(command, arguments)
    assert done.exit_code == 0, (done.output, done.exception)
    return done


def test_sessions_of_several_readings_are_told_apart(tmp_path: Path) -> None:
    """Each reading of the logs counts its sessions from one."""
    history = History(tmp_path / "history.db", "/timmy")
    turns = make_turns(120, seed=31)
    true = [turn.session for turn in turns]
    for turn in turns:
        history.put_turns([replace(turn, session=1)])
    assert [turn.session + 1 for turn in history.turns()] == true
    assert session_noise(history).groups == {}, "turns of 2023 say nothing of today"
    history.close()


def test_turns_without_an_id_keep_the_session_that_their_reading_gave(tmp_path: Path) -> None:
    history = History(tmp_path / "history.db", "/timmy")
    numbers = [(4, None), (4, "a"), (4, None), (1, "a"), (1, "b"), (1, None), (2, None), (2, "c"), (2, "d")]
    turns = [
        replace(turn, session=session, session_id=session_id)
        for turn, (session, session_id) in zip(make_turns(len(numbers), seed=1), numbers, strict=True)
    ]
    history.put_turns(turns)
    assert [turn.session for turn in history.turns()] == [0, 0, 0, 0, 1, 1, 2, 2, 3]
    history.close()


def test_commands_say_what_the_history_taught(root: Path) -> None:
    here = ("--root", str(root))
    output = run(history_commands.history, *here, "--import").output
    assert "session noise: " in output and "LLM ~" in output
    known = json.loads(run(history_commands.history, *here, "--json").stdout)["session_noise"]
    assert known["LLM"]["restarts"] >= 8
    assert 0.025 < known["LLM"]["share"] < 0.07
    output = run(judgement_commands.compare, *here, "epoch:1", "epoch:2").output
    assert f"from {known['LLM']['restarts']} restarts" in output
    verdict = json.loads(run(judgement_commands.compare, *here, "--history", "--json", "epoch:1", "epoch:2").stdout)
    (decode,) = [one for one in verdict["stages"] if one["stage"] == "decode"]
    assert (decode["noise"], decode["noise_restarts"]) == (known["LLM"]["share"], known["LLM"]["restarts"])
    run(judgement_commands.regressions, *here)


def test_a_log_by_name_is_judged_by_itself(root: Path) -> None:
    here = ("--root", str(root))
    run(history_commands.history, *here, "--import")
    log = ("--log", str(root / "shared/latency.log"))
    assert "2.5 % assumed" in run(judgement_commands.compare, *log, "epoch:1", "epoch:2").output


def test_a_known_change_between_sessions_is_no_chance(tmp_path: Path) -> None:
    history = History(tmp_path / "history.db", "/timmy")
    turns = conversation()
    history.put_turns(turns)
    quiet = session_noise(history).of("llm").restarts
    began = next(turn.started or 0.0 for turn in turns if turn.session == 3)
    history.put_change("one", began - 1, "restart", "restart")
    assert session_noise(history).of("llm").restarts == quiet
    history.put_change("two", began - 1, "raw off", "change")
    assert session_noise(history).of("llm").restarts == quiet - 1
    history.close()


def test_the_dashboard_learns_from_what_it_has_recorded(root: Path) -> None:
    """Sessions of the log that it opens are remembered, teach, and the verdict on the flip is weighed anew."""
    turns = conversation()
    flipped = [replace(turn, tail_mode=turn.session > turns[-1].session // 2) for turn in turns]
    (root / "shared/latency.log").write_text("".join(log_lines(flipped)))
    options = SourceOptions(services=False, record=True, trials=True)
    source = live_source(timmy_at(root, state=root / "state"), options, notify=lambda message: None)
    noises: list[str] = []
    learned = threading.Event()

    def publish(snapshot: Snapshot) -> None:
        verdict = snapshot.judgement.verdict if snapshot.judgement else None
        if verdict is None or verdict.wanted:
            return
        noises.append(verdict.noise)
        if "restarts)" in verdict.noise:
            learned.set()

    source.start(publish)
    try:
        assert learned.wait(30), noises
    finally:
        source.stop()
