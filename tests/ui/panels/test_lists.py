"""The lists at the foot: signs of turns, and what is told of the last prompt."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.ui.snapshots import NOW, TICK, control_state, snapshot
from timmy_tui.model.turn import TurnState
from timmy_tui.ui.paint.lines import cells, plain
from timmy_tui.ui.panels.lists import flag_rows, prompt_rows, turn_rows
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


def test_a_flag_that_no_log_tells_of_the_turn_is_not_logged() -> None:
    """``raw —`` stood beside the list of flags, which had ``on / on``."""
    snap = snapshot()
    turns = tuple(replace(one, tail_mode=False, raw=None) for one in snap.turns)
    flags = next(
        plain(row) for row in prompt_rows(View(replace(snap, turns=turns)), 60, 9) if "tail mode" in plain(row)
    )
    assert "tail mode off, raw not logged" in flags


def flag_lines(width: int, height: int, **changes: str) -> list[str]:
    state = control_state()
    flags = (replace(state.flags[0], **changes), *state.flags[1:])
    v = View(snapshot(), control=replace(state, flags=flags))
    return [plain(row).rstrip() for row in flag_rows(v, width, height)]


def test_flags_without_room_are_counted() -> None:
    count = len(control_state().flags)
    assert flag_lines(48, count + 1)[0].startswith("flags: file / running ─")
    assert flag_lines(48, 2)[0].startswith(f"flags: file / running (+{count - 1}) ─")


def test_two_long_values_can_be_told_from_two_that_differ() -> None:
    """``llama3.2:3b… / llama3.2:3b…`` might have been either."""
    one, other = "llama3.2:3b-instruct-q4_K_M", "llama3.2:3b-instruct-q8_0"
    assert flag_lines(48, 3, file_value=one, running_value=one)[1].endswith(" / same")
    assert "same" not in flag_lines(48, 3, file_value=one, running_value=other)[1]
    assert flag_lines(90, 3, file_value=one, running_value=other)[1].endswith(f"{one} / {other}")
    assert flag_lines(48, 3, file_value="on", running_value="on")[1].endswith("on / on")


def test_why_a_turn_failed_has_what_room_there_is() -> None:
    """``failed Empty…`` stood beside 22 blanks."""
    turns = (replace(snapshot().turns[-1], state=TurnState.FAILED, reason="Empty streamed response received"),)
    row = plain(turn_rows(View(replace(snapshot(), turns=turns)), 48, 5)[1])
    assert "failed Empty streamed response" in row and cells(turn_rows(View(snapshot()), 48, 5)[1]) == 48
