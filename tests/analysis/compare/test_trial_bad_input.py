"""A guided test on bad input: few turns, constants, one-turn sessions, a day's gap, the headline alone, restarts."""

from typing import Any

import pytest
from msgspec.structs import replace

from tests.analysis.compare.trial_makers import begun, stretch
from timmy_tui.analysis.compare.trial import Trial
from timmy_tui.analysis.compare.trial_state import state
from timmy_tui.analysis.compare.trial_steps import advance
from timmy_tui.model.judgement import TrialState
from timmy_tui.model.stages.watched import KEYS
from timmy_tui.model.turn import Turn

DAY_S = 86_400.0


def run(before: list[Turn], after: list[Turn], trial: Trial | None = None) -> TrialState:
    """The state behind both sides; a time lies behind every turn that was read."""
    trial = advance(trial or begun(), before, (before[-1].started or 0.0) + 1)
    turns = [*before, *after]
    return state(advance(trial, turns, (turns[-1].started or 0.0) + 1), turns, {})


def test_three_turns_are_too_few_and_say_how_many_more() -> None:
    told = run(stretch(0, 3, 0), [])
    assert (told.phase, told.sentence) == ("measure", "4 more turns as it is")
    told = run(stretch(0, 8, 0), stretch(30, 3, 1, off=True))
    assert (told.phase, told.sentence) == ("measure", "4 more turns with the change")


def test_a_verdict_on_three_turns_does_not_guess() -> None:
    told = run(stretch(0, 4, 0), stretch(30, 4, 1, off=True), begun(turns=3))
    assert told.verdict is not None
    assert (told.verdict.outcome, told.verdict.wanted) == ("cannot tell yet", 2)
    assert told.sentence == "too few turns: 2 more. Keep it, or undo?"


def same(turn: Turn, retrieve: float) -> Turn:
    """Every figure is the same in every turn."""
    stages = dict.fromkeys(turn.stages, 100.0) | {"retrieve": retrieve, "store": None, "embed": None, "query": None}
    return replace(
        turn, stages=stages, headline_ms=1000.0 + retrieve, output_tokens=50, prompt_tokens=900, text_length=40,
        reply_length=200, skipped=frozenset({"store"}), unattributed_ms=0.0, gaps=(),
    )  # fmt: skip


def test_constants_are_told_from_each_other() -> None:
    before = [same(turn, 100.0) for turn in stretch(0, 9, 0)]
    after = [same(turn, 0.1) for turn in stretch(30, 9, 1, off=True)]
    told = run(before, after)
    assert told.verdict is not None and told.verdict.outcome == "helped"
    verdicts = {row.stage: row.verdict for row in told.verdict.stages}
    assert verdicts["retrieve"] == "faster" and verdicts["tts"] == "unchanged"


def test_one_turn_sessions_never_end_a_side_and_stop_nothing() -> None:
    """The first turn of a session is cold: there is no other."""
    one = [replace(turn, session=n, session_id=f"s{n}") for n, turn in enumerate(stretch(0, 20, 0))]
    told = run(one, [])
    assert (told.phase, told.sentence) == ("measure", "6 more turns as it is")


def test_a_day_between_two_turns_counts_as_no_time() -> None:
    before = stretch(0, 4, 0) + [replace(one, started=(one.started or 0.0) + DAY_S) for one in stretch(4, 4, 0)]
    after = [replace(one, started=(one.started or 0.0) + 2 * DAY_S) for one in stretch(30, 9, 1, off=True)]
    told = run(before, after)
    assert told.phase == "verdict" and told.verdict is not None
    assert (told.verdict.n_a, told.verdict.n_b, told.verdict.outcome) == (7, 8, "helped")


def bare(turn: Turn, ms: float) -> Turn:
    """Nothing but the headline, and what says that retrieval is on or off."""
    stages: dict[str, Any] = dict.fromkeys(KEYS) | {"retrieve": turn.stages["retrieve"]}
    return replace(
        turn, stages=stages, headline_ms=ms, output_tokens=None, prompt_tokens=None, prefill_ms=None, decode_ms=None,
        text_length=None, reply_length=None, unattributed_ms=None, gaps=(), load_ms=None, skipped=frozenset(),
    )  # fmt: skip


@pytest.mark.parametrize(("factor", "outcome"), [(0.5, "helped"), (2.0, "hurt"), (1.0, "cannot tell yet")])
def test_the_headline_alone_is_judged(factor: float, outcome: str) -> None:
    noise = (1.0, 1.3, 0.8, 1.1, 0.9, 1.2, 0.7, 1.05, 0.95)
    before = [bare(turn, 1000 * part) for turn, part in zip(stretch(0, 9, 0), noise, strict=True)]
    after = [bare(turn, 1000 * factor * part) for turn, part in zip(stretch(30, 9, 1, off=True), noise, strict=True)]
    told = run([replace(one, stages={**one.stages, "retrieve": 5.0}) for one in before], after)
    assert told.verdict is not None
    row = next(row for row in told.verdict.stages if row.stage == "V2V")
    assert row.adjusted_for == () and row.ratio == pytest.approx(factor, rel=0.05)
    whole = {"helped": "faster", "hurt": "slower", "cannot tell yet": "unchanged"}
    assert row.verdict == whole[outcome]


def test_a_restart_in_mid_trial_costs_one_turn_and_nothing_else() -> None:
    """v34 restarts under the same flags, on either side."""
    before = [*stretch(0, 4, 0), *stretch(4, 5, 1)]
    after = [*stretch(30, 4, 2, off=True), *stretch(34, 5, 3, off=True)]
    told = run(before[:7], [])
    assert (told.phase, told.sentence) == ("measure", "1 more turn as it is")
    told = run(before, after)
    assert told.phase == "verdict" and told.verdict is not None
    assert (told.verdict.n_a, told.verdict.n_b, told.verdict.outcome) == (7, 7, "helped")


@pytest.mark.parametrize("measured", [1, 2, 5])
def test_the_flag_changed_back_elsewhere_stops_it_at_any_point(measured: int) -> None:
    before, after = stretch(0, 8, 0), stretch(30, 1 + measured, 1, off=True)
    told = run(before, [*after, *stretch(50, 1, 2)])
    assert (told.phase, told.sentence) == ("stopped", "stopped: retrieval is on and not off: it was changed elsewhere")


def test_turns_without_a_time_or_a_session_are_left_out() -> None:
    before = stretch(0, 8, 0)
    told = run([replace(before[0], started=None), *before], [])
    assert told.phase == "change"
