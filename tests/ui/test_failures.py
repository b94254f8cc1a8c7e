"""Turns that fail again and again have a line of their own on Live, whatever the newest turn did."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.ui.snapshots import NOW, TICK, snapshot
from timmy_tui.model.snapshot import Counts, Snapshot
from timmy_tui.model.turn import TurnState
from timmy_tui.ui.paint.lines import cells, plain
from timmy_tui.ui.panels.failures import failures_line
from timmy_tui.ui.panels.live.said_page import said_rows
from timmy_tui.ui.panels.live.screen import live_lines
from timmy_tui.ui.view import View

EMPTY = "Empty response from the model"


def failing(*back: int, reason: str = EMPTY, state: TurnState = TurnState.FAILED) -> Snapshot:
    """These turns, counted back from the newest one, failed."""
    turns = list(snapshot(40).turns)
    for one in back:
        turns[-one] = replace(turns[-one], state=state, reason=reason)
    return replace(snapshot(40), turns=tuple(turns), window=20)


def said(snap: Snapshot, width: int = 120) -> str:
    return plain(failures_line(View(snap, now=NOW, tick=TICK), width))


def test_how_many_of_the_newest_turns_failed_and_of_what() -> None:
    snap = failing(3, 5, 9)
    turns = list(snap.turns)
    turns[-7] = replace(turns[-7], state=TurnState.TIMED_OUT, reason="")
    text = said(replace(snap, turns=tuple(turns)))
    assert text.startswith(f"✗ 4 of the last 20 turns failed  3 × {EMPTY}  1 × timed out  newest ")


@pytest.mark.parametrize("back", [(), (2,), (2, 21), (22, 23, 24)])
def test_a_single_failed_turn_and_old_ones_are_no_trouble(back: tuple[int, ...]) -> None:
    assert said(failing(*back)) == ""


def test_an_aborted_turn_did_not_fail() -> None:
    assert said(failing(2, 3, 4, state=TurnState.ABORTED)) == ""


def test_few_turns_are_counted_as_they_are() -> None:
    snap = failing(1, 2)
    assert said(replace(snap, turns=snap.turns[-3:])).startswith("✗ 2 of the last 3 turns failed")


@pytest.mark.parametrize("width", [40, 60, 80])
def test_where_there_is_no_room_the_reasons_give_way_whole(width: int) -> None:
    text = said(failing(2, 3, reason="Generate API error: model runner has unexpectedly stopped"), width)
    assert text.startswith("✗ 2 of the last 20 turns failed") and cells(failures_line(
        View(failing(2, 3), now=NOW, tick=TICK), width)) <= width  # fmt: skip


@pytest.mark.parametrize("size", [(80, 24), (120, 30), (200, 50)])
def test_live_says_it_though_the_newest_turn_is_well(size: tuple[int, int]) -> None:
    """Five of eighteen turns had failed, and all there was to see of it was a green sign and ``6 failed``."""
    shown = [plain(row) for row in live_lines(View(failing(2, 3, 4), now=NOW, tick=TICK), *size)]
    assert any(row.startswith("✗ 3 of the last 20 turns failed") for row in shown)


def test_the_page_of_all_there_is_has_it() -> None:
    rows = [plain(row).strip() for row, _ in said_rows(View(failing(2, 3), now=NOW, tick=TICK), 60)]
    assert rows[rows.index("failed turns") + 1].startswith("✗ 2 of the last 20 turns failed")


def test_turns_that_failed_are_among_the_turns_and_said_ahead_of_the_pauses() -> None:
    """``62 turns  6 failed`` beside ``turn 68``; and at 40 columns only the pauses were left."""
    snap = replace(snapshot(40), counts=Counts(complete=62, failed=5, timed_out=1), open_turn=None)
    for width, height in ((40, 10), (120, 30)):
        row = plain(live_lines(View(snap, now=NOW, tick=TICK), width, height)[1])
        assert "68 turns  5 failed" in row
