"""What the recorder does for one more turn does not depend on how many the history has."""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from bench.judgement.turns import make_turns
from timmy_tui.model.turn import Turn
from timmy_tui.storage.history import History


class Steps:
    """Counts SQLite's own steps in the newest ``History``, a hundred at a time."""

    def __init__(self) -> None:
        self.connections: list[sqlite3.Connection] = []
        self.hundreds = 0

    def count(self) -> int:
        self.hundreds += 1
        return 0

    def of(self, act: Callable[[], object]) -> int:
        self.connections[-1].set_progress_handler(self.count, 100)
        before = self.hundreds
        act()
        return 100 * (self.hundreds - before)


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Iterator[Steps]:
    counted, connect = Steps(), sqlite3.connect

    def remembered(*arguments: Any, **more: Any) -> sqlite3.Connection:
        counted.connections.append(connect(*arguments, **more))
        return counted.connections[-1]

    monkeypatch.setattr(sqlite3, "connect", remembered)
    yield counted


TURNS = [replace(turn, number=None) for turn in make_turns(80, seed=3)]


def copies(count: int) -> list[Turn]:
    """The turns again and again, each copy of its own id, figures and time, all of them before the first ones."""
    return [
        replace(turn, ordinal=copy * len(TURNS) + at, request_id=f"{copy:04d}{at:04d}", session_id=f"s{copy}",
                started=(turn.started or 0.0) - 1e6 * (count - copy), prompt_tokens=None, place=())
        for copy in range(count)
        for at, turn in enumerate(TURNS)
    ]  # fmt: skip


def stored(folder: Path, count: int) -> tuple[History, list[Turn]]:
    history = History(folder / f"{count}.db", "/timmy")
    turns = copies(count)
    history.store(turns, turns)
    return history, turns


def store_next(history: History, turns: list[Turn]) -> None:
    """As at the end of a conversation: the newest turn is new, those before it are stored."""
    newest = replace(turns[-1], ordinal=len(turns), request_id="newest", started=(turns[-1].started or 0.0) + 30)
    history.store([newest], [*turns[-20:], newest])
    history.marks()


def store_between(history: History, turns: list[Turn]) -> None:
    """A typed turn whose place is between two stored ones."""
    typed = replace(turns[-9], request_id="", place=(turns[-9].ordinal, 1), ordinal=len(turns), output_tokens=None)
    history.store([typed], [*turns[-20:], typed])


def store_first(history: History, turns: list[Turn]) -> None:
    """An older log is read: its turn belongs before all others."""
    old = replace(turns[0], ordinal=-1, request_id="oldest", started=(turns[0].started or 0.0) - 30, place=(-1,))
    history.store([old], [old, *turns[:20]])


@pytest.mark.parametrize("store", [store_next, store_between, store_first])
def test_one_more_turn_costs_the_same_in_a_long_history(
    steps: Steps, tmp_path: Path, store: Callable[[History, list[Turn]], None]
) -> None:
    costs = []
    for count in (2, 20):
        history, turns = stored(tmp_path, count)
        history.mark(turns[5].number or 1, "good")
        costs.append(steps.of(lambda history=history, turns=turns: store(history, turns)))  # type: ignore[misc]
        assert history.counts()["turns"] == len(turns) + 1
        history.close()
    # A row that is looked at takes about ten steps: each of 1,440 more rows would.
    assert costs[1] < costs[0] + 1000, costs


def test_turns_come_one_by_one(tmp_path: Path) -> None:
    history, turns = stored(tmp_path, 2)
    reading = history.each_turn()
    assert next(reading).request_id == turns[0].request_id
    assert [turn.request_id for turn in reading] == [turn.request_id for turn in turns[1:]]
    assert list(history.each_turn(since=turns[70].started, until=turns[90].started)) == history.turns(
        turns[70].started, turns[90].started
    )
    history.close()
