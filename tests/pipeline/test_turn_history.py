"""The turns of the history, summed up for the screen."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.turn_makers import complete_turn
from timmy_tui.model.trend_history import HEADLINE
from timmy_tui.model.turn import Span, Turn
from timmy_tui.pipeline import turn_history
from timmy_tui.pipeline.turn_history import TurnHistory
from timmy_tui.storage.history import History

FIRST = 1_764_000_000.0


def turns(count: int) -> list[Turn]:
    """One a minute, each a millisecond longer than the one before."""
    return [
        complete_turn(
            at, request_id=f"{at:08x}", started=FIRST + 60 * at, span=Span.V2V, headline_ms=1000.0 + at, stages={}
        )
        for at in range(count)
    ]  # fmt: skip


def history_with(path: Path, count: int, root: str = "/timmy") -> TurnHistory:
    history = History(path, root)
    history.put_turns(turns(count))
    history.close()
    return TurnHistory(path, lambda: History(path, root))


def test_turns_are_summed_up_by_stretches_of_time(tmp_path: Path) -> None:
    found = history_with(tmp_path / "history.db", 20).buckets([FIRST, FIRST + 600, FIRST + 1200, FIRST + 1800])
    assert [bucket.turns for bucket in found.buckets] == [10, 10, 0]
    assert found.buckets[0].figures[HEADLINE].p50 == 1004.5 and not found.cut


def test_turns_outside_of_the_time_and_of_another_timmy_are_not_read(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    history_with(path, 20)
    other = history_with(path, 5, root="/other")
    assert other.buckets([FIRST, FIRST + 9999]).turns == 5
    assert other.buckets([FIRST + 60, FIRST + 120]).turns == 1


def test_the_newest_of_very_many_are_read_and_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turn_history, "MOST_TURNS", 5)
    reader = history_with(tmp_path / "history.db", 20)
    found = reader.buckets([FIRST, FIRST + 1200])
    assert (found.turns, found.cut) == (5, True) and found.buckets[0].figures[HEADLINE].p50 == 1017.0
    assert not reader.buckets([FIRST, FIRST + 300]).cut


def test_a_history_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    found = TurnHistory(path, lambda: History(path, "/timmy")).buckets([FIRST, FIRST + 60])
    assert found.turns == 0 and len(found.buckets) == 1 and not path.exists()
