"""What a setting really costs: what was waited where it is measured, a bound or a word where it is not."""

from typing import Any

from msgspec.structs import replace

from tests.ui.snapshots import control_state, snapshot, turn
from timmy_tui.model.snapshot import PassBound, Snapshot
from timmy_tui.ui.panels.changes.screen import change_rows
from timmy_tui.ui.panels.turns.detail import detail_lines
from timmy_tui.ui.panels.waits import wait_lines
from timmy_tui.ui.view import View

BOUND = PassBound(threshold_s=0.5, waited_s=0.744, pass_s=0.1899, pauses=412)


def rows(width: int = 120, **changes: Any) -> dict[str, str]:
    view = View(snapshot=replace(snapshot(), **changes), now=1_764_350_000.0)
    texts = ["".join(text for text, _ in row) for row in wait_lines(view, width)]
    return {text.split()[0]: text for text in texts}


def test_the_wait_before_a_turn_is_a_bound_or_a_word_and_never_the_setting() -> None:
    known = rows(pass_bound=BOUND)["ENDPT"]
    assert "500ms  ≥ 0.74s" in known
    assert "≥ 180ms, from 412 pauses; assumes upstream's STT loop" in known
    assert rows()["ENDPT"].endswith("500ms  longer, by how much is not known")


def test_fixed_sleeps_stand_beside_what_was_waited() -> None:
    assert "200ms  p50 2" in rows()["MUTE"] and rows()["MUTE"].endswith("n 20")
    assert "300ms  p50 3" in rows()["REARM"]
    without = tuple(row for row in snapshot().stages if row.key != "mute")
    assert rows(stages=without)["MUTE"].endswith("200ms  —")


def test_loads_are_what_keep_alive_costs() -> None:
    loads = (95.0, 500.0, 500.1, 5200.0, None)
    turns = tuple(turn(number, load_ms=ms) for number, ms in enumerate(loads))
    assert "a load in 2 of 4 turns, longest 5.20s" in rows(turns=turns)["LLM"]
    assert "no load in 2 turns" in rows(turns=turns[:2])["LLM"]
    assert "no load in 1 turn " in f"{rows(turns=turns[:1])['LLM']} "
    assert "a load in 1 of 1 turn, longest" in rows(turns=turns[3:4])["LLM"]
    assert "no log tells how long a load took" in rows(turns=turns[4:])["LLM"]


def test_before_the_first_turn_there_is_nothing_to_say() -> None:
    assert wait_lines(View(snapshot=Snapshot()), 80) == []


def test_it_fits_and_stands_on_the_screen_of_changes() -> None:
    assert "ENDPT" in rows(80) and "the silence that ends" not in rows(80)["ENDPT"]
    view = View(snapshot=snapshot(), now=1_764_350_000.0, control=control_state())
    assert any("what they really cost" in "".join(t for t, _ in row) for row, _ in change_rows(view, 100))


def test_a_turn_in_full_says_what_its_setting_means() -> None:
    view = View(snapshot=replace(snapshot(), pass_bound=BOUND))
    texts = ["".join(text for text, _ in row) for row in detail_lines(view, snapshot().turns[-1], 140, 40)]
    assert any(text.startswith("ENDPT 500ms, waited ≥ 0.74s") for text in texts)
