"""A flip from end to end: written by this program, read from logs, journal and files, and judged as what it is."""

import json
import os
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from bench.judgement.lines import log_lines
from bench.judgement.shapes import slowed
from bench.judgement.turns import make_turns
from tests.control.timmy_files import CHUNKS, lay_out
from timmy_tui.bootstrap.wiring import SourceOptions, live_source
from timmy_tui.commands.judgement import compare, regressions
from timmy_tui.commands.report import report
from timmy_tui.control.edit.transaction import Edit, plan, write
from timmy_tui.control.journal.write_ahead import Entry, Journal, file_records
from timmy_tui.core.settings import Settings
from timmy_tui.demo.generated.conversation import ConversationPlan, generate_logs
from timmy_tui.model.flags.words import changes_words, epoch_words
from timmy_tui.model.snapshot import Snapshot
from timmy_tui.model.turn import Turn
from timmy_tui.pipeline.live_source import LiveSource
from timmy_tui.sources.timmy import timmy_at

AT = 60
"""First turn behind the restart."""


def conversation() -> list[Turn]:
    """Sixty turns, a restart, and sixty with more memories in the prompt, which no event tells of.

    From now on: one that is read in two parts must not look as if it had been silent for long in between.
    """
    turns = []
    drawn = make_turns(2 * AT, seed=14)
    moved = time.time() - (drawn[0].started or 0.0)
    for turn in drawn:
        later = turn.ordinal >= AT
        one = slowed(slowed(turn, "prefill", 2.5), "retrieve", 2.5) if later else turn
        started = (turn.started or 0.0) + moved
        turns.append(replace(one, session_id="two" if later else "one", started=started))
    return turns


TURNS = conversation()
RESTARTED = TURNS[AT].started or 0.0


class Timmy:
    """An installation with a state folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.root, self.state = lay_out(folder / "timmy"), folder / "state/timmy_tui"
        self.config, self.log = self.root / "v34/config.py", self.root / "shared/latency.log"
        self.log.write_text("".join(log_lines(TURNS)))
        os.utime(self.config, (RESTARTED - 5000, RESTARTED - 5000))

    def flip(self, chunks: int, at: float) -> None:
        """As control does it: journal, file, and the word that it was kept."""
        planned = plan([Edit(self.config, CHUNKS, chunks)], self.state / "backups")
        journal = Journal(timmy_at(self.root, state=self.state).control_folder / "journal.jsonl")
        journal.append(Entry(op=f"op{at}", stage="editing", at=at, label="flip", files=file_records(planned)))
        write(planned)
        os.utime(self.config, (at + 0.1, at + 0.1))
        journal.append(Entry(op=f"op{at}", stage="kept", at=at + 30))

    def edit(self, chunks: int, at: float) -> None:
        """Somebody else, with an editor."""
        self.config.write_bytes(re.sub(rb"CHUNKS = \d+", b"CHUNKS = %d" % chunks, self.config.read_bytes()))
        os.utime(self.config, (at, at))

    def run(self, command: Any, *arguments: str) -> str:
        done = CliRunner().invoke(command, ["--root", str(self.root), *arguments])
        assert done.exit_code == 0, (done.output, done.exception)
        return done.stdout


@pytest.fixture
def timmy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Timmy:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return Timmy(tmp_path)


# -- the shell


def test_a_flip_in_the_journal_begins_an_epoch_in_the_report(timmy: Timmy) -> None:
    timmy.flip(20, RESTARTED - 3)
    text = timmy.run(report, "--sessions")
    assert "120 turns  first turn" not in text
    assert "60 turns  restart, retrieved chunks 5→20\n" in text
    assert "flags of the newest: tail mode off, retrieval on, context size 8000, retrieved chunks 20" in text
    assert "not visible in these logs: raw, DEBUG_MODE\n" in text


def test_a_log_alone_tells_of_no_epoch_and_says_what_it_does_not_show(timmy: Timmy) -> None:
    timmy.flip(20, RESTARTED - 3)
    text = timmy.run(report, "--sessions", "--log", str(timmy.log))
    assert "60 turns  restart\n" in text
    hidden = "raw, retrieval, context size, retrieved chunks, recency weight, model, DEBUG_MODE"
    assert f"not visible in these logs: {hidden}\n" in text


def test_the_json_report_has_epochs_with_typed_changes(timmy: Timmy) -> None:
    timmy.flip(20, RESTARTED - 3)
    told = json.loads(timmy.run(report, "--json", "--tail", "3"))
    first, second = told["epochs"]
    assert (first["reason"], first["restarted"], first["changes"], first["turns"]) == ("first turn", False, [], 60)
    assert second["reason"] == "restart, retrieved chunks 5→20"
    assert (second["number"], second["restarted"], second["session_id"]) == (2, True, "two")
    assert second["changes"] == [{"flag": "retrieved-chunks", "before": 5, "after": 20}]
    assert second["flags"]["tail-mode"] == "off" and second["flags"]["recency-weight"] == 0.75
    assert told["flags_not_visible"] == ["raw", "debug-mode"]


def test_a_report_makes_nothing_but_the_history_that_numbers_its_turns(timmy: Timmy) -> None:
    timmy.run(report, "--sessions", "--log", str(timmy.log))
    assert not timmy.state.exists()
    timmy.run(report, "--sessions")
    assert {path.name for path in timmy.state.iterdir()} <= {"history.db", "history.db-wal", "history.db-shm"}


def test_a_level_that_moved_with_the_flip_is_no_finding(timmy: Timmy) -> None:
    log = ("--log", str(timmy.log))
    assert "prefill slower" in timmy.run(regressions, *log)
    timmy.flip(20, RESTARTED - 3)
    assert timmy.run(regressions) == "no level change in these turns\n"
    assert "prefill slower" in timmy.run(regressions, *log), "a log by name is judged by itself"


def test_a_comparison_names_the_flags_that_differ(timmy: Timmy) -> None:
    timmy.flip(20, RESTARTED - 3)
    text = timmy.run(compare, "flag:retrieved-chunks=5", "flag:retrieved-chunks=20")
    assert "\nflags: retrieved chunks 5→20\n" in text and "prefill ×2." in text
    verdict = json.loads(timmy.run(compare, "--json", "epoch:1", "epoch:2"))
    assert verdict["changes"] == [{"flag": "retrieved-chunks", "before": 5, "after": 20}]
    assert json.loads(timmy.run(compare, "--json", "turns:1-30", "turns:31-60"))["changes"] == []


def test_an_edit_made_elsewhere_shows_from_the_file_alone_and_has_no_before(timmy: Timmy) -> None:
    timmy.edit(20, RESTARTED - 3)
    first, second = json.loads(timmy.run(report, "--json"))["epochs"]
    assert "retrieved-chunks" not in first["flags"] and second["flags"]["retrieved-chunks"] == 20
    assert second["reason"] == "restart"


# -- the dashboard


class Watched:
    """A running source, and what it published."""

    def __init__(self, timmy: Timmy) -> None:
        settings = Settings()
        tail = replace(settings.tail, poll_ms=20, poll_busy_ms=20, notify=False)
        settings = replace(settings, tail=tail)
        self._new = threading.Condition()
        self._newest = Snapshot()
        self.source: LiveSource = live_source(
            timmy_at(timmy.root, settings, timmy.state),
            SourceOptions(services=False, trials=True),
            lambda message: None,
        )

    def publish(self, snapshot: Snapshot) -> None:
        with self._new:
            self._newest = snapshot
            self._new.notify_all()

    def wait(self, what: Callable[[Snapshot], object]) -> Snapshot:
        """The first snapshot of which it is so."""
        with self._new:
            found = self._new.wait_for(lambda: what(self._newest), 30)
            now = self._newest
        assert found, (words(now), [epoch.turns for epoch in now.epochs], now.counts, now.health, now.sources)
        return now


def words(snapshot: Snapshot) -> list[str]:
    return [epoch_words(epoch) for epoch in snapshot.epochs]


@pytest.fixture
def watched(timmy: Timmy) -> Iterator[Watched]:
    """On the turns from before the restart."""
    timmy.log.write_text("".join(log_lines(TURNS[:AT])))
    watched = Watched(timmy)
    watched.source.start(watched.publish)
    try:
        watched.wait(lambda snapshot: len(snapshot.epochs) == 1 and snapshot.epochs[0].turns == AT)
        yield watched
    finally:
        watched.source.stop()


def append(timmy: Timmy, turns: Sequence[Turn]) -> None:
    with timmy.log.open("a") as log:
        log.writelines(log_lines(turns))


def test_a_flip_while_it_runs_begins_an_epoch_and_a_later_edit_does_not_change_it(
    timmy: Timmy, watched: Watched
) -> None:
    timmy.flip(20, RESTARTED - 3)
    append(timmy, TURNS[AT : 2 * AT - 10])
    flipped = watched.wait(lambda snapshot: snapshot.epochs[-1].turns == AT - 10)
    assert words(flipped) == ["first turn", "restart, retrieved chunks 5→20"]
    assert flipped.judgement is not None and flipped.judgement.verdict is not None
    assert changes_words(flipped.judgement.verdict.changes) == "retrieved chunks 5→20"
    assert [one for one in flipped.judgement.findings if one.raised >= AT] == []
    timmy.edit(7, RESTARTED + 100_000)
    append(timmy, TURNS[2 * AT - 10 :])
    again = watched.wait(lambda snapshot: [epoch.turns for epoch in snapshot.epochs] == [AT, AT])
    assert words(again) == words(flipped)
    assert [epoch.flags["retrieved-chunks"] for epoch in again.epochs] == [5, 20]


def test_an_edit_made_elsewhere_begins_an_epoch_with_the_next_session(timmy: Timmy, watched: Watched) -> None:
    """The file was read when the first session was seen: what it held then is what it changed from."""
    timmy.edit(20, RESTARTED - 3)
    append(timmy, TURNS[AT:])
    edited = watched.wait(lambda snapshot: [epoch.turns for epoch in snapshot.epochs] == [AT, AT])
    assert words(edited) == ["first turn", "restart, retrieved chunks 5→20"]


@pytest.mark.parametrize("logs", [("latency",), ("latency", "v34")])
def test_retrieval_turned_off_is_seen_in_the_turns_and_judged(timmy: Timmy, logs: tuple[str, ...]) -> None:
    """Two conversations of the demo, whose v34 restarts once more within each."""
    first = generate_logs(ConversationPlan(40, seed=3, session_turns=20))
    second = generate_logs(ConversationPlan(40, seed=4, session_turns=20, retrieval=False, start=first.ended + 60))
    os.utime(timmy.config, (second.ended, second.ended))  # the file tells nothing of either
    timmy.log.write_text("".join(line + "\n" for line in (*first.latency, *second.latency)))
    if "v34" in logs:
        debug = timmy.root / "testing-interface/logs/v34.log"
        debug.parent.mkdir(parents=True)
        debug.write_text("".join(line + "\n" for line in (*first.v34, *second.v34)))
    watched = Watched(timmy)
    watched.source.start(watched.publish)
    try:
        seen = watched.wait(
            lambda snapshot: (
                snapshot.judgement is not None
                and snapshot.judgement.verdict is not None
                and len(snapshot.epochs) == 4
                and snapshot.epochs[-1].turns >= 20
            )
        )
    finally:
        watched.source.stop()
    assert words(seen) == ["first turn", "restart", "restart, retrieval on→off", "restart"]
    assert seen.judgement is not None and seen.judgement.verdict is not None
    assert changes_words(seen.judgement.verdict.changes) == "retrieval on→off"
    assert {one.stage: one.verdict for one in seen.judgement.verdict.stages}["retrieve"] == "faster"
    assert seen.judgement.findings == ()
