"""The lists at the foot: signs of turns, and what is told of the last prompt."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.ui.snapshots import NOW, TICK, snapshot
from timmy_tui.model.turn import TurnState
from timmy_tui.ui.paint.lines import plain
from timmy_tui.ui.panels.lists import prompt_rows, turn_rows
from timmy_tui.ui.panels.live.screen import live_lines
from timmy_tui.ui.view import View


@pytest.mark.parametrize(
    ("state", "role"), [(TurnState.FAILED, "failed"), (TurnState.TIMED_OUT, "failed"), (TurnState.ABORTED, "muted")]
)
def test_the_sign_of_a_turn_without_an_end_has_the_look_of_the_skyline(state: TurnState, role: str) -> None:
    """It was red, as what is slower is, or amber, as a stage is; its words are plain."""
    snap = snapshot()
    newest = replace(snap.turns[-1], state=state, reason="no sound")
    view = View(replace(snap, turns=(*snap.turns[:-1], newest)), now=NOW, tick=TICK)
    row = turn_rows(view, 60, 5)[1]
    assert row[0][1] == role and len(row[0][0]) == 1
    assert next(role for text, role in row if "no sound" in text) == "value"


def test_the_model_is_told_of_the_newest_turn_whose_log_is_known() -> None:
    """v34 writes 8 KiB at a time: ``model —`` stood there nearly always."""
    snap = snapshot()
    turns = tuple(
        replace(turn, model="llama3.2:3b" if at < 20 else None, num_ctx=8000 if at < 20 else None, number=400 + at)
        for at, turn in enumerate(snap.turns)
    )
    view = View(replace(snap, turns=turns), now=NOW, tick=TICK)
    told = next(plain(row) for row in prompt_rows(view, 60, 9) if plain(row).startswith("model"))
    assert "llama3.2:3b, num_ctx 8 000, of turn 419" in told
    same = tuple(replace(turn, model="llama3.2:3b") for turn in turns)
    view = View(replace(snap, turns=same), now=NOW, tick=TICK)
    assert not any(" of turn" in plain(row) for row in prompt_rows(view, 60, 9))
    none = tuple(replace(turn, model=None) for turn in turns)
    view = View(replace(snap, turns=none), now=NOW, tick=TICK)
    assert any(plain(row).split() == ["model", "—"] for row in prompt_rows(view, 60, 9))


def test_the_lists_reach_the_right_edge() -> None:
    heads = [
        plain(row) for row in live_lines(View(snapshot(), now=NOW, tick=TICK), 200, 50) if "last prompt" in plain(row)
    ]
    assert len(heads) == 1 and not heads[0].endswith(" ")
