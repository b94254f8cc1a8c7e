"""A recorder that runs for months: old turns go day by day, and what waits for a locked file has a bound."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.storage.recording import ROOT, recording
from tests.turn_makers import complete_turn
from tests.waiting import wait_for
from timmy_tui.core.running.threads import clear_failure, thread_failures
from timmy_tui.model.snapshot import Snapshot
from timmy_tui.model.turn import Turn, TurnState
from timmy_tui.storage.history import History
from timmy_tui.storage.recorder import beside

WRITER = "timmy_tui.storage.history_writer"


def turn(number: int, **facts: Any) -> Turn:
    known = {"request_id": f"id{number:06}", "session_id": "s", "started": 1_700_000_000.0 + 10 * number}
    return complete_turn(number, **{**known, **facts})


def typed_and_failed(ordinal: int) -> Turn:
    """Nothing tells two of them apart."""
    return complete_turn(ordinal, typed=True, state=TurnState.FAILED, logs="v34", reason="no database")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.db"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Tried again at once; the end waits until everything is written."""
    monkeypatch.setattr(f"{WRITER}.RETRY_S", 0.05)
    monkeypatch.setattr(f"{WRITER}.STOP_S", 30.0)
    yield
    clear_failure("history")


@contextmanager
def locked(path: Path) -> Iterator[None]:
    History(path, ROOT).close()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


def ids(path: Path) -> list[str]:
    history = History(path, ROOT)
    try:
        return [one.request_id for one in history.turns()]
    finally:
        history.close()


def put(path: Path, *turns: Turn) -> None:
    history = History(path, ROOT)
    history.put_turns(turns)
    history.close()


def test_old_turns_are_deleted_each_day_also_on_days_without_turns(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{WRITER}.DAY_S", 0.05)
    put(path, turn(1))
    with recording(path, [], days=400) as recorder:
        recorder.observe(Snapshot(turns=(turn(2),)))
        wait_for(lambda: ids(path) == ["id000002"], lambda: ids(path))
        put(path, turn(3))
        wait_for(lambda: ids(path) == ["id000002"], lambda: ids(path))


def test_what_the_logs_have_stays_until_each_log_has_begun_again(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{WRITER}.DAY_S", 0.02)

    def a_day_later() -> None:
        """Another old turn comes and goes."""
        put(path, turn(9))
        wait_for(lambda: "id000009" not in ids(path), lambda: ids(path))

    turns = [turn(1)]
    with recording(path, [], days=400) as recorder:
        for restarts in ((0, 0), (1, 0), (1, 1), (2, 1)):
            turns.append(turn(100 + sum(restarts), started=time.time()))
            recorder.observe(Snapshot(turns=tuple(turns), log_restarts=restarts))
            a_day_later()
            assert ids(path) == [one.request_id for one in turns]
        recorder.observe(Snapshot(turns=(*turns, turn(200, started=time.time())), log_restarts=(2, 2)))
        wait_for(lambda: "id000001" not in ids(path), lambda: ids(path))
    assert ids(path) == [one.request_id for one in turns[1:]] + ["id000200"]


def test_what_the_logs_have_stays_also_after_the_file_was_opened_again(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{WRITER}.DAY_S", 0.02)
    failed: list[str] = []

    def fails_once(self: History, **_: object) -> None:
        if not failed:
            failed.append("disk")
            raise OSError("disk I/O error")

    monkeypatch.setattr(History, "put_change", fails_once)
    with recording(path, [], days=400) as recorder:
        recorder.observe(Snapshot(turns=(turn(1),)))
        recorder.record_change("change", "tail mode off→on")
        wait_for(lambda: failed)
        put(path, turn(9))
        wait_for(lambda: "id000009" not in ids(path), lambda: ids(path))
    assert ids(path) == ["id000001"]


def test_turns_that_waited_for_a_locked_file_are_all_there_in_their_order(path: Path) -> None:
    """Also those that were in none of the snapshots that came later, and those that nothing tells apart."""
    turns = [typed_and_failed(number) if number % 3 == 0 else turn(number) for number in range(12)]
    with recording(path, []) as recorder:
        with locked(path):
            for newest in range(1, 13):
                recorder.observe(Snapshot(turns=tuple(turns[max(newest - 3, 0) : newest])))
            wait_for(thread_failures)
        wait_for(lambda: len(ids(path)) >= 12, lambda: ids(path))
    assert ids(path) == [one.request_id for one in turns]


@pytest.mark.parametrize(
    ("new", "expected"), [((0,), (0, 1)), ((2,), (1, 2, 3)), ((4,), (3, 4)), ((0, 3), (0, 1, 2, 3, 4)), ((), ())]
)
def test_a_turn_waits_with_those_around_it_that_are_sure(new: tuple[int, ...], expected: tuple[int, ...]) -> None:
    turns = [turn(number) for number in range(5)]
    assert tuple(one.ordinal for one in beside([turns[at] for at in new], turns)) == expected


def test_beside_turns_that_nothing_tells_apart_more_of_them_are_needed() -> None:
    turns = [turn(0), turn(1), *map(typed_and_failed, range(2, 7)), turn(7, started=None), turn(8), turn(9)]
    assert [one.ordinal for one in beside([turns[4]], turns)] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert [one.ordinal for one in beside([turns[9]], turns)] == [8, 9]


def test_more_than_a_bound_does_not_wait_and_it_is_said_what_was_lost(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{WRITER}.MOST_WAITING", 3)
    messages: list[str] = []
    with recording(path, messages) as recorder:
        with locked(path):
            recorder.observe(Snapshot(turns=(turn(0),)))
            wait_for(thread_failures)
            for number in range(1, 9):
                recorder.observe(Snapshot(turns=(turn(number),)))
            stored: list[int] = []
            recorder.store_reading([turn(20)], stored.append)
        wait_for(lambda: stored)
    assert len(ids(path)) - 1 in (3, 4), "the one at work is not among those that wait"
    lost = 9 + 1 - len(ids(path))
    assert messages[-1].startswith(f"history: {lost} writes lost while the file could not be used")
    assert stored == [1], "a reading of the logs waits in any case"


def test_a_reading_that_can_never_be_stored_is_over(path: Path) -> None:
    messages: list[str] = []
    done: list[int] = []
    with recording(path, messages) as recorder:
        recorder.store_reading([turn(1, prompt_tokens=1 << 70)], done.append)
        recorder.store_reading([turn(2)], done.append)
    assert done == [0, 1] and "OverflowError" in messages[0]
