"""What stops a guided test by itself: both sides of every limit, and what it does not stop for."""

from typing import Any

import pytest
from msgspec.structs import replace

from tests.analysis.compare.trial_makers import LIMITS, START, at_b, begun, stretch
from tests.turn_makers import complete_turn
from timmy_tui.analysis.compare.guard import went_wrong
from timmy_tui.analysis.compare.trial import Limits, Trial, Watch
from timmy_tui.analysis.compare.trial_state import state
from timmy_tui.analysis.compare.trial_steps import advance as carry_on
from timmy_tui.analysis.compare.trial_steps import answer, leave, resume
from timmy_tui.model.turn import Turn, TurnState

LEAKS, EMPTY, CANNED, ERROR = ({"signals": frozenset({name})} for name in (
    "template_leak", "empty_reply", "canned_reply", "error"))  # fmt: skip


def advance(trial: Trial, turns: list[Turn], now: float, marks: dict[int, str] | None = None) -> Trial:
    return carry_on(trial, turns, now, Watch(marks=marks or {}, limits=LIMITS))


def some(bad: int, good: int, **fields: Any) -> list[Turn]:
    """``bad`` turns with these fields, then ``good`` ones without."""
    return [complete_turn(n, **(fields if n < bad else {})) for n in range(bad + good)]


@pytest.mark.parametrize(("fields", "limit", "words"), [
    (LEAKS, 1, "with template text in the reply"), ({"state": TurnState.FAILED}, 2, "failed"),
    ({"state": TurnState.TIMED_OUT}, 2, "failed"), ({"errors": ("Generate API call failed",)}, 2, "failed"),
    (ERROR, 2, "failed"), (EMPTY, 2, "without a reply"), (CANNED, 2, "without a reply"),
])  # fmt: skip
def test_each_sign_stops_it_at_its_limit_and_not_below(fields: dict[str, Any], limit: int, words: str) -> None:
    assert went_wrong(some(0, 8), some(limit - 1, 4, **fields), {}, LIMITS) == ""
    found = went_wrong(some(0, 8), some(limit, 4, **fields), {}, LIMITS)
    assert found == f"{limit} of {limit + 4} turns {words}"


def test_marks_stop_it_at_the_second_bad_one() -> None:
    before, during = some(0, 8), [complete_turn(n) for n in range(20, 25)]
    assert went_wrong(before, during, {20: "bad", 21: "good", 22: "good"}, LIMITS) == ""
    assert went_wrong(before, during, {20: "bad", 21: "bad"}, LIMITS) == "2 of 5 turns marked bad"


def test_what_went_wrong_as_often_before_does_not_stop_it() -> None:
    """Two of eight before: two of four is twice as often, and more than that stops it."""
    before = some(2, 6, **ERROR)
    assert went_wrong(before, some(2, 2, **ERROR), {}, LIMITS) == ""
    assert went_wrong(before, some(3, 2, **ERROR), {}, LIMITS) == "3 of 5 turns failed"


def test_a_limit_of_zero_never_stops_it() -> None:
    off = Limits()
    during = [replace(turn, errors=("x",)) for turn in some(9, 0, signals=frozenset({"template_leak", "empty_reply"}))]
    assert went_wrong([], during, dict.fromkeys(range(9), "bad"), off) == ""


def test_a_turn_in_flight_does_not_count_and_no_turns_stop_nothing() -> None:
    assert went_wrong([], [], {}, LIMITS) == ""
    assert went_wrong([], some(3, 0, state=TurnState.OPEN, **LEAKS), {}, LIMITS) == ""


# -- in a trial


def test_a_leaking_reply_stops_the_trial_with_a_word() -> None:
    trial, turns = at_b(**LEAKS)
    told = state(trial, turns, {})
    assert (told.phase, told.sentence) == ("stopped", "stopped: 3 of 3 turns with template text in the reply")
    assert (told.wish, told.seen, told.undo_now) == ((), 0, False) and told.changed_since == START + 200
    assert advance(trial, turns, START + 900) == trial and leave(trial, START + 900) == trial


def test_it_asks_unless_the_user_wanted_it_undone() -> None:
    trial, turns = at_b(**LEAKS)
    assert state(replace(trial, on_trouble="undo"), turns, {}).undo_now
    running, well = at_b()
    assert not state(replace(running, on_trouble="undo"), well, {}).undo_now


def test_the_same_before_the_change_stops_nothing() -> None:
    trial = advance(begun(), stretch(0, 8, 0, **LEAKS), START + 200)
    assert state(trial, stretch(0, 8, 0, **LEAKS), {}).phase == "change"


def test_marks_count_while_the_change_is_measured() -> None:
    trial, turns = at_b()
    assert advance(trial, turns, START + 500, {30: "bad"}) == trial
    stopped = advance(trial, turns, START + 500, {30: "bad", 32: "bad"})
    assert stopped.stopped == "2 of 3 turns marked bad"


def test_turns_that_fail_before_any_shows_the_change_stop_it_too() -> None:
    """A v34 that runs and answers nothing tells of no flag."""
    before = stretch(0, 8, 0)
    dead = [complete_turn(n, state=TurnState.FAILED, session=1, started=START + n * 10.0) for n in (30, 31)]
    trial = advance(begun(), before, START + 200)
    assert advance(trial, [*before, dead[0]], START + 400) == trial
    assert advance(trial, [*before, *dead], START + 400).stopped == "2 of 2 turns failed"


def test_a_stopped_trial_goes_on_when_the_user_says_so_and_stops_no_more() -> None:
    trial, turns = at_b(**LEAKS)
    again = resume(trial, START + 330)
    assert (again.stopped, again.unguarded) == ("", True)
    more = [*turns, *stretch(33, 6, 1, off=True, **LEAKS)]
    told = state(advance(again, more, START + 500), more, {})
    assert told.phase == "verdict" and "with an empty, canned or leaking reply" in told.sentence


@pytest.mark.parametrize("choice", ["keep", "undo"])
def test_an_answer_to_the_stop_ends_it(choice: str) -> None:
    trial, turns = at_b(**LEAKS)
    told = state(answer(trial, choice, turns, START + 500), turns, {})
    assert told.phase == "done"
    assert told.sentence == f"retrieval on→off: stopped: 3 of 3 turns with template text in the reply ({choice})"


# -- flags that are changed elsewhere


def test_a_flag_that_goes_back_by_itself_stops_the_trial() -> None:
    trial, turns = at_b()
    back = [*turns, *stretch(40, 2, 2)]
    stopped = advance(trial, back, START + 500)
    assert stopped.stopped == "retrieval is on and not off: it was changed elsewhere"
    told = state(replace(stopped, on_trouble="undo"), back, {})
    assert (told.phase, told.changed_since, told.undo_now) == ("stopped", None, False)


def test_another_flag_that_changes_stops_it_and_is_named() -> None:
    trial, turns = at_b(model="b")
    assert trial.stopped == ""
    before = [replace(turn, model="a") for turn in turns[:8]]
    assert advance(trial, [*before, *turns[8:]], START + 500).stopped == "model was changed elsewhere (a, b)"


def test_a_flag_that_was_changed_while_the_baseline_was_measured_stops_it() -> None:
    trial = begun(turns=30)
    turns = [*stretch(0, 4, 0, model="a"), *stretch(4, 3, 1, model="b")]
    assert advance(trial, turns, START + 500).stopped == "model was changed elsewhere (a, b)"


def test_a_setting_that_this_program_never_changes_does_not_stop_it() -> None:
    trial, turns = at_b(pause_threshold=0.3)
    before = [replace(turn, pause_threshold=0.5) for turn in turns[:8]]
    assert advance(trial, [*before, *turns[8:]], START + 500).stopped == ""


def test_the_first_turn_of_a_session_is_no_change_of_tail_mode() -> None:
    """It never is a tail turn: tail mode on shows off, on, on."""
    shown = {"tail_mode": True}
    turns = stretch(0, 12, 0, **shown)
    turns[0] = replace(turns[0], tail_mode=False)
    assert state(advance(begun(), turns, START + 200), turns, {}).phase == "change"
    turns[5] = replace(turns[5], tail_mode=False)
    assert state(advance(begun(), turns, START + 200), turns, {}).phase == "stopped"
