"""A guided test step by step: its phases, its windows, and both sides of what carries it on."""

from typing import Any

import pytest
from msgspec.structs import replace

from tests.turn_makers import complete_turn
from timmy_tui.analysis.compare.trial import Trial, make_trial, shown_word
from timmy_tui.analysis.compare.trial_state import state
from timmy_tui.analysis.compare.trial_steps import advance, answer, leave, resume
from timmy_tui.model.judgement import TrialRecipe
from timmy_tui.model.turn import Turn, TurnState

OFF, ON = {"tail_mode": False, "raw": True}, {"tail_mode": False, "raw": False}


def turns(first: int, count: int, session: int, **more: Any) -> list[Turn]:
    """One a second from ``first`` s on; the first of a session is not measured."""
    return [complete_turn(n, started=float(n), session=session, **{**OFF, **more}) for n in range(first, first + count)]


def phases(trial: Trial) -> list[tuple[str, str, str, tuple[tuple[str, str], ...]]]:
    return [(one.kind, one.test, one.side, one.flags) for one in trial.phases]


TAIL_ON, TAIL_BACK = (("tail-mode", "on"), ("raw", "off")), (("tail-mode", "off"), ("raw", "on"))
FIRST = [
    ("measure", "test-1", "A", ()), ("change", "test-1", "B", (("raw", "off"),)), ("measure", "test-1", "B", ()),
    ("verdict", "test-1", "", ()),
]  # fmt: skip
SECOND = [
    ("measure", "test-2", "A", ()), ("change", "test-2", "B", TAIL_ON), ("measure", "test-2", "B", ()),
    ("verdict", "test-2", "", ()),
]  # fmt: skip


def test_the_phases_of_each_test() -> None:
    assert phases(make_trial("test-1", 3, False, 0.0)) == FIRST
    assert phases(make_trial("guide", 3, False, 0.0)) == FIRST + SECOND
    there_and_back = phases(make_trial("test-2", 3, True, 0.0))
    assert there_and_back == [
        *SECOND[:3], ("change", "test-2", "A again", TAIL_BACK), ("measure", "test-2", "A again", ()), SECOND[3],
    ]  # fmt: skip
    assert phases(make_trial("test-1", 3, True, 0.0))[3] == ("change", "test-1", "A again", (("raw", "on"),))


@pytest.mark.parametrize(("count", "phase", "sentence"), [
    (1, "measure", "3 more turns as it is"), (3, "measure", "1 more turn as it is"),
    (4, "change", "now change raw to off"),
])  # fmt: skip
def test_so_many_turns_are_measured_and_no_more(count: int, phase: str, sentence: str) -> None:
    """Three are wanted, and the first of the session is cold."""
    made = turns(0, count, 1)
    told = state(advance(make_trial("test-1", 3, False, 0.0), made, 50.0), made, {})
    assert (told.phase, told.sentence, told.label, told.steps) == (phase, sentence, "Test 1: raw off", 4)
    assert (told.seen, told.wanted) == ((count - 1, 3) if phase == "measure" else (0, 0))
    assert told.wish == ((("raw", "off"),) if phase == "change" else ())
    assert told.step == (1 if phase == "measure" else 2)


def test_turns_before_a_window_do_not_count_and_its_first_one_does() -> None:
    made = turns(0, 20, 1)
    told = state(make_trial("test-1", 30, False, 5.0), made, {})
    # From 5 s on fifteen, of which the first has none ahead of it in the window.
    assert told.seen == 14


def test_a_change_begins_the_other_side_with_the_first_turn_of_its_session() -> None:
    """Turns of the old session come in between; the new one shows the flag with its second turn alone."""
    trial = advance(make_trial("test-1", 3, False, 0.0), turns(0, 6, 1), 10.0)
    made = [*turns(0, 12, 1), complete_turn(12, started=12.0, session=2), *turns(13, 2, 2, **ON)]
    trial = advance(trial, made, 99.0)
    assert (trial.at, trial.phases[2].windows) == (2, ((12.0, None),))
    assert trial.phases[1].windows == ((10.0, 12.0),)
    assert trial.phases[0].windows == ((0.0, 10.0),)
    assert state(trial, made, {}).sentence == "1 more turn with the change"


@pytest.mark.parametrize(
    ("tail_mode", "raw", "shown"), [(True, False, True), (True, True, False), (False, False, False)]
)
def test_a_session_must_show_all_that_was_changed(tail_mode: bool, raw: bool, shown: bool) -> None:
    trial = advance(make_trial("test-2", 3, False, 0.0), turns(0, 6, 1), 10.0)
    made = [*turns(0, 6, 1), *turns(12, 3, 2, tail_mode=tail_mode, raw=raw)]
    assert (advance(trial, made, 99.0).at == 2) is shown


def done(aba: bool) -> tuple[Trial, list[Turn]]:
    made = [*turns(0, 6, 1), *turns(12, 6, 2, **ON)]
    trial = make_trial("test-1", 3, aba, 0.0)
    trial = advance(advance(trial, made[:6], 10.0), made, 30.0)
    return trial, made


def test_a_verdict_waits_for_its_answer() -> None:
    trial, made = done(aba=False)
    assert (trial.at, state(trial, made, {}).phase) == (3, "verdict")
    assert advance(trial, made, 99.0) == trial
    told = state(trial, made, {})
    assert told.verdict is not None
    assert (told.verdict.a, told.verdict.b, told.wanted) == ("as it was", "changed", 0)
    kept = answer(trial, "keep", made, 40.0)
    assert (kept.at, kept.phases[3].answer, kept.phases[3].windows) == (4, "keep", ((30.0, 40.0),))
    end = state(kept, made, {})
    assert (end.phase, end.step, end.steps, end.label) == ("done", 4, 4, "Test 1: raw off")
    assert end.sentence == f"Test 1: raw off: {told.verdict.sentence} (keep)"
    assert answer(kept, "undo", made, 50.0) == kept
    assert advance(kept, made, 60.0) == kept


def test_an_answer_to_no_question_changes_nothing() -> None:
    trial = make_trial("test-1", 3, False, 0.0)
    assert answer(trial, "keep", [], 5.0) == trial
    asked, made = done(aba=False)
    left = leave(asked, 35.0)
    assert answer(left, "keep", made, 40.0) == left


def test_a_test_there_and_back_is_judged_on_three_sides() -> None:
    trial, made = done(aba=True)
    assert state(trial, made, {}).wish == (("raw", "on"),)
    made += turns(40, 6, 3)
    trial = advance(trial, made, 60.0)
    told = state(trial, made, {})
    assert told.verdict is not None
    assert (told.verdict.a, told.verdict.b) == ("A and A again", "B")
    waiting = state(advance(done(aba=True)[0], made[:-3], 60.0), made[:-3], {})
    assert waiting.sentence == "1 more turn as it was"


def test_back_is_what_the_turns_showed_before() -> None:
    """Raw was off before, and the test of tail mode turns it off: back is off again."""
    before = turns(0, 6, 1, raw=False)
    trial = advance(make_trial("test-2", 3, True, 0.0), before, 10.0)
    made = [*before, *turns(12, 6, 2, tail_mode=True, raw=False)]
    trial = advance(trial, made, 30.0)
    assert state(trial, made, {}).wish == (("tail-mode", "off"), ("raw", "off"))
    # What the turns before do not show is turned back to what the test says.
    unknown = turns(0, 6, 1, raw=None)
    trial = advance(make_trial("test-2", 3, True, 0.0), unknown, 10.0)
    made = [*unknown, *turns(12, 6, 2, tail_mode=True, raw=False)]
    assert state(advance(trial, made, 30.0), made, {}).wish == TAIL_BACK


def test_what_is_set_already_is_passed_over() -> None:
    made = turns(0, 9, 1, **ON)
    one = advance(make_trial("test-1", 3, False, 0.0), made, 20.0)
    assert (one.at, [phase.answer for phase in one.phases]) == (4, ["", "", "", "keep"])
    both = advance(make_trial("guide", 30, False, 0.0), made, 20.0)
    assert (both.at, both.phases[4].windows) == (4, ((20.0, None),))
    assert both.phases[0].windows == ((0.0, 20.0),)
    # The newest session counts: it runs without.
    mixed = [*made, *turns(9, 2, 2)]
    assert advance(make_trial("test-1", 30, False, 0.0), mixed, 20.0).at == 0


def test_what_lies_between_two_windows_does_not_count() -> None:
    made = turns(0, 30, 1)
    trial = leave(make_trial("test-1", 20, False, 0.0), 5.0)
    assert trial.phases[0].windows == ((0.0, 5.0),)
    assert (state(trial, made, {}).seen, state(trial, made, {}).left) == (4, True)
    assert leave(trial, 9.0) == trial
    again = resume(trial, 20.0)
    assert again.phases[0].windows == ((0.0, 5.0), (20.0, None))
    assert state(again, made, {}).seen == 4 + 10
    assert resume(again, 25.0) == again
    assert advance(trial, made, 40.0) == trial


def test_a_turn_without_a_time_is_in_no_window() -> None:
    made = [*turns(0, 3, 1), complete_turn(9, session=1, **OFF)]
    assert state(make_trial("test-1", 9, False, 0.0), made, {}).seen == 2


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ({"context_returned": 0, "output_tokens": 9}, {"on"}), ({"context_returned": 5, "output_tokens": 9}, {"off"}),
        ({"context_returned": 0, "output_tokens": 0}, set()), ({"context_returned": 0}, set()),
        ({"context_returned": 0, "output_tokens": 9, "state": TurnState.FAILED}, set()),
        ({"raw": True, "context_returned": 5, "output_tokens": 9}, {"on"}), ({"raw": False}, {"off"}), ({}, set()),
    ],
)  # fmt: skip
def test_a_returned_array_shows_raw_where_the_log_does_not(fields: dict[str, Any], shown: set[str]) -> None:
    turn = complete_turn(0, **fields)
    assert {value for value in ("on", "off") if shown_word(turn, "raw") == value} == shown


@pytest.mark.parametrize(("mode", "shown"), [(True, {"on"}), (False, {"off"}), (None, set())])
def test_a_turn_shows_its_tail_mode(mode: bool | None, shown: set[str]) -> None:
    turn = complete_turn(0, tail_mode=mode)
    assert {value for value in ("on", "off") if shown_word(turn, "tail-mode") == value} == shown


@pytest.mark.parametrize("name", ["test-1", "test-2", "guide"])
def test_a_new_test_has_measured_and_answered_nothing(name: str) -> None:
    trial = make_trial(name, 9, False, 0.0)
    assert {(phase.answer, phase.sentence) for phase in trial.phases} == {("", "")}
    assert [phase.windows for phase in trial.phases[1:]] == [()] * (len(trial.phases) - 1)


@pytest.mark.parametrize(
    ("name", "label"),
    [("test-1", "Test 1: raw off"), ("test-2", "Test 2: tail mode"), ("guide", "the guide's tests"), ("flag", "x on")],
)
def test_what_is_done_has_the_name_of_the_whole(name: str, label: str) -> None:
    """While it runs it has that of the test at hand, of which the guide has two."""
    recipe = TrialRecipe(name="x", label="x on", there=(("x", "on"),), back=(("x", "off"),)) if name == "flag" else None
    trial = make_trial(name, 3, False, 0.0, recipe)
    steps = len(trial.phases)
    end = state(replace(trial, at=steps), [], {})
    assert (end.label, end.phase, end.step) == (label, "done", steps)
    labels = [state(replace(trial, at=at), [], {}).label for at in range(steps)]
    assert labels == (["Test 1: raw off"] * 4 + ["Test 2: tail mode"] * 4 if name == "guide" else [label] * 4)
