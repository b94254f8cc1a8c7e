"""What is new in a snapshot is written into the history, once, in a separate thread."""

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tests.storage.recording import ROOT, recording
from tests.turn_makers import complete_turn
from tests.waiting import wait_for
from timmy_tui.core.errors import HistoryError
from timmy_tui.core.running.threads import clear_failure, thread_failures
from timmy_tui.model.judgement import Comparison, Finding, JudgementState, StageVerdict
from timmy_tui.model.snapshot import Snapshot
from timmy_tui.model.turn import Turn
from timmy_tui.storage.history import History, Mark
from timmy_tui.storage.recorder import Recorder
from timmy_tui.storage.remembered import Remembered


def turn(number: int, **facts: Any) -> Turn:
    known = {
        "request_id": f"id{number:06}", "session_id": "s", "started": 1_700_000_000.0 + 10 * number,
        "headline_ms": 2000.0, "text": "what was said",
    }  # fmt: skip
    return complete_turn(number, **{**known, **facts})


def finding(**facts: Any) -> Finding:
    return Finding(
        key="llm:3", stage="llm", direction="slower", raised=9, raised_id="id000009", since=3, since_id="id000003",
        ratio=1.4, before_ms=800.0, after_ms=1100.0, n=7, confidence=0.99, **facts,
    )  # fmt: skip


def verdict(outcome: str, wanted: int = 0) -> Comparison:
    stage = StageVerdict(
        stage="llm", ratio=0.4, low=0.3, high=0.5, raw_ratio=0.4, n_a=9, n_b=9, verdict=outcome, wanted=wanted
    )
    return Comparison(a="epoch:1", b="epoch:2", n_a=9, n_b=9, stages=(stage,), sentence=outcome, wanted=wanted)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.db"


def open_history(path: Path) -> History:
    return History(path, ROOT)


def test_turns_marks_notes_and_changes_are_written_once_and_without_text(path: Path) -> None:
    messages: list[str] = []
    with recording(path, messages) as recorder:
        first = turn(1)
        recorder.observe(Snapshot(turns=(first,)))
        recorder.observe(Snapshot(turns=(first, turn(2))))
        recorder.mark(first, "bad")
        recorder.note(first, "too curt")
        recorder.record_change("change", "tail mode off→on")
        recorder.record_change("outside", "v34/config.py edited")
    history = open_history(path)
    try:
        assert [stored.request_id for stored in history.turns()] == ["id000001", "id000002"]
        assert all(stored.text is None for stored in history.turns())
        assert history.marks() == {1: ("bad", "too curt", "id000001")}
        assert [(label, state) for _, _, label, state in history.changes()] == [
            ("tail mode off→on", "change"), ("v34/config.py edited", "outside")
        ]  # fmt: skip
    finally:
        history.close()
    assert messages == []


def test_a_finding_is_written_again_only_when_it_changed(path: Path) -> None:
    with recording(path, []) as recorder:
        for judged in (finding(), finding(), finding(acknowledged=True), finding(ended="accepted")):
            recorder.observe(Snapshot(judgement=JudgementState(findings=(judged,))))
    history = open_history(path)
    try:
        ((_, stored),) = history.findings()
        assert stored.ended == "accepted"
    finally:
        history.close()


def test_a_verdict_is_written_when_there_are_enough_turns_and_when_it_changes(path: Path) -> None:
    with recording(path, []) as recorder:
        for judged in (verdict("faster", wanted=3), verdict("faster"), verdict("faster"), verdict("unchanged")):
            recorder.observe(Snapshot(judgement=JudgementState(verdict=judged)))
    history = open_history(path)
    try:
        assert [stored.sentence for _, stored in history.comparisons()] == ["faster", "unchanged"]
    finally:
        history.close()


def test_a_locked_file_loses_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("timmy_tui.storage.history_writer.RETRY_S", 0.05)
    monkeypatch.setattr("timmy_tui.storage.history_writer.STOP_S", 30.0)
    open_history(path).close()
    messages: list[str] = []
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with recording(path, messages) as recorder:
        recorder.observe(Snapshot(turns=(turn(1),)))
        recorder.record_change("change", "raw on→off")
        other.execute("ROLLBACK")
        other.close()
    history = open_history(path)
    try:
        assert len(history.turns()) == 1 and len(history.changes()) == 1
    finally:
        history.close()


def test_what_the_history_knows_is_told_once_and_recorded_no_more(path: Path) -> None:
    """The snapshot shows what was told: that is no news."""
    history = open_history(path)
    history.store([turn(1), turn(2)])
    history.mark(1, "good", "brief")
    history.close()
    told: list[Remembered] = []
    with recording(path, []) as recorder:
        recorder.on_stored = told.extend
        now = turn(1, started=None)
        recorder.observe(Snapshot(turns=(now,)))
        recorder.observe(Snapshot(turns=(replace(now, number=1, started=turn(1).started),)))
        recorder.observe(Snapshot(turns=(replace(now, number=1, started=turn(1).started, events=()),)))
        recorder.stop()
    (one,) = told
    assert (one.ordinal, one.stored.number, one.mark) == (1, 1, ("good", "brief", "id000001"))
    assert one.completed(now) == replace(now, number=1, started=turn(1).started)
    assert one.completed(turn(1)) == replace(turn(1), number=1)


def test_the_preview_of_a_long_log_is_not_recorded(path: Path) -> None:
    """Its ordinals are others, and its first turn may be cut off."""
    with recording(path, []) as recorder:
        recorder.observe(Snapshot(turns=(turn(9),), preview=True))
        recorder.observe(Snapshot(turns=(turn(8), turn(9))))
    history = open_history(path)
    assert [(stored.number, stored.request_id) for stored in history.turns()] == [(1, "id000008"), (2, "id000009")]
    history.close()


def test_lost_turns_are_told_with_the_first_turns_and_then_no_more(path: Path) -> None:
    history = open_history(path)
    lost = turn(2, request_id="", logs="kv_stats", prompt_tokens=900, prefill_ms=2.0)
    history.store([turn(1), lost, turn(3)])
    history.close()
    told: list[list[int | None]] = []
    with recording(path, []) as recorder:
        recorder.on_lost = lambda turns: told.append([turn.number for turn in turns])
        recorder.observe(Snapshot(turns=(turn(1),)))
        recorder.observe(Snapshot(turns=(turn(1), turn(3))))
        recorder.stop()
    assert told == [[2]]


def test_a_mark_waits_for_its_turn_behind_a_lock(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("timmy_tui.storage.history_writer.RETRY_S", 0.05)
    monkeypatch.setattr("timmy_tui.storage.history_writer.STOP_S", 30.0)
    opened, locked = threading.Event(), threading.Event()
    recorder = Recorder(path, ROOT, 0, False, lambda message: locked.set())
    recorder.on_stored = lambda known: opened.set()
    recorder.start()
    recorder.observe(Snapshot(turns=(turn(0),)))
    assert opened.wait(30)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    recorder.observe(Snapshot(turns=(turn(1),)))
    recorder.mark(turn(1), "bad")
    assert locked.wait(30)
    other.execute("ROLLBACK")
    other.close()
    recorder.stop()
    history = open_history(path)
    assert history.marks() == {2: ("bad", "", "id000001")}
    history.close()


def test_a_file_that_cannot_be_opened_is_said_so_that_turns_are_numbered_otherwise(path: Path) -> None:
    path.mkdir()
    unusable = threading.Event()
    messages: list[str] = []
    recorder = Recorder(path, ROOT, 0, False, messages.append)
    recorder.on_usable = lambda usable: unusable.set() if not usable else None
    recorder.start()
    assert unusable.wait(30)
    recorder.stop()
    assert len(messages) == 1


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Tried again at once; the end waits until everything is written."""
    monkeypatch.setattr("timmy_tui.storage.history_writer.RETRY_S", 0.05)
    monkeypatch.setattr("timmy_tui.storage.history_writer.STOP_S", 30.0)
    yield
    clear_failure("history")


def stored_marks(path: Path) -> dict[int, Mark]:
    history = open_history(path)
    try:
        return history.marks()
    finally:
        history.close()


@pytest.mark.usefixtures("quick")
def test_a_file_that_is_locked_as_the_program_starts_is_written_as_soon_as_it_is_free(path: Path) -> None:
    """Longer than the two seconds that SQLite waits by itself."""
    open_history(path).close()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    messages: list[str] = []
    usable: list[bool] = []
    recorder = Recorder(path, ROOT, 0, False, messages.append)
    recorder.on_usable = usable.append
    recorder.start()
    recorder.observe(Snapshot(turns=(turn(1),)))
    recorder.mark(turn(1), "bad")
    recorder.note(turn(1), "too curt")
    recorder.mark(turn(1), "good")
    (failure,) = wait_for(thread_failures)
    assert failure.where == "history" and "locked" in failure.message
    assert len(messages) == 1 and usable == []
    other.execute("ROLLBACK")
    other.close()
    wait_for(lambda: not thread_failures())
    recorder.stop()
    assert stored_marks(path) == {1: ("good", "", "id000001")}
    assert len(messages) == 1


@pytest.mark.usefixtures("quick")
def test_a_mark_and_its_note_stay_in_order_where_the_file_is_locked_between_them(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Old turns are deleted behind the first job: when that fails, the mark is not set again, which would remove it."""
    history = open_history(path)
    history.store([turn(1)])
    history.close()
    delete, failed = History.delete_old_turns, list[int]()

    def locked_once(self: History, days: int, now: float) -> int:
        if not failed:
            failed.append(days)
            raise HistoryError("locked")
        return delete(self, days, now)

    monkeypatch.setattr(History, "delete_old_turns", locked_once)
    with recording(path, [], days=400) as recorder:
        recorder.mark(turn(1), "bad")
        recorder.note(turn(1), "too curt")
    assert failed == [400]
    assert stored_marks(path) == {1: ("bad", "too curt", "id000001")}


@pytest.mark.usefixtures("quick")
def test_a_file_that_is_damaged_while_it_is_open_is_put_aside_and_all_turns_are_stored_again(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    messages: list[str] = []
    stored = threading.Event()
    recorder = Recorder(path, ROOT, 0, False, messages.append)
    recorder.on_stored = lambda known: stored.set()
    recorder.start()
    turns = (turn(1), turn(2))
    recorder.observe(Snapshot(turns=turns))
    assert stored.wait(30)
    for name in (path, path.with_name(path.name + "-wal")):
        size = name.stat().st_size
        with name.open("r+b") as file:
            file.write(b"not a database " * (size // 15 + 1))
    number_of, failed = History.number_of, list[Turn]()

    def malformed_once(self: History, turn: Turn) -> int | None:
        # SQLite notices as soon as it reads a page that it has not in memory.
        if not failed:
            failed.append(turn)
            raise sqlite3.DatabaseError("database disk image is malformed")
        return number_of(self, turn)

    monkeypatch.setattr(History, "number_of", malformed_once)
    recorder.mark(turns[1], "bad")
    recorder.note(replace(turns[1], number=9), "too curt")
    recorder.observe(Snapshot(turns=(*turns, turn(3))))
    wait_for(lambda: any("renamed" in message for message in messages), lambda: messages)
    recorder.stop()
    history = open_history(path)
    assert [one.request_id for one in history.turns()] == ["id000001", "id000002", "id000003"]
    assert history.marks() == {2: ("bad", "too curt", "id000002")}
    history.close()
    assert list(path.parent.glob("*.damaged-*"))
    assert thread_failures() == ()


@pytest.mark.usefixtures("quick")
def test_an_entry_that_can_never_be_written_is_said_and_holds_up_no_other(path: Path) -> None:
    messages: list[str] = []
    with recording(path, messages) as recorder:
        recorder.observe(Snapshot(turns=(replace(turn(1), prompt_tokens=1 << 70),)))
        recorder.observe(Snapshot(turns=(turn(2),)))
    history = open_history(path)
    assert [one.request_id for one in history.turns()] == ["id000002"]
    history.close()
    assert len(messages) == 1 and "OverflowError" in messages[0]


@pytest.mark.usefixtures("quick")
def test_a_file_that_can_be_opened_after_all_gets_what_was_waiting_and_its_own_numbers(path: Path) -> None:
    path.mkdir()
    changes: list[bool] = []
    told: list[Remembered] = []
    recorder = Recorder(path, ROOT, 0, False, lambda message: None)
    recorder.on_usable = changes.append
    recorder.on_stored = told.extend
    recorder.start()
    wait_for(lambda: changes == [False])
    # The numbers are those of places in these logs by now.
    recorder.observe(Snapshot(turns=(replace(turn(1), number=7),)))
    recorder.mark(replace(turn(1), number=7), "bad")
    path.rmdir()
    wait_for(lambda: changes == [False, True])
    recorder.stop()
    assert [(one.ordinal, one.stored.number) for one in told] == [(1, 1)]
    assert stored_marks(path) == {1: ("bad", "", "id000001")}
