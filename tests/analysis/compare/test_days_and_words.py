"""Ends of days, ratios on the edge of being said twice, sides with few values, and the names of three stretches."""

import math
from typing import Any

import pytest
from msgspec.structs import replace

from bench.judgement.turns import make_turns
from tests.analysis.compare.test_comparison_words import row, said
from tests.turn_makers import complete_turn
from timmy_tui.analysis.compare.crossover import compare_crossover
from timmy_tui.analysis.compare.restart_noise import Computed, learn
from timmy_tui.analysis.compare.selections import select
from timmy_tui.analysis.stats.epochs import EpochTracker
from timmy_tui.analysis.stats.tuning import TUNING
from timmy_tui.model.judgement import StageVerdict
from timmy_tui.model.turn import Turn

DAY_S = 86_400.0
NOW = 2_000_000_000.0
APART = TUNING.comparison.both_ratios_apart


@pytest.mark.parametrize(
    ("age_s", "chosen"),
    [(DAY_S - 0.5, "0-1"), (DAY_S, "1-2"), (2 * DAY_S - 0.5, "1-2"), (2 * DAY_S, "2-30"), (30 * DAY_S - 1, "2-30")],
)
def test_a_day_has_its_first_second_and_not_that_of_the_next(age_s: float, chosen: str) -> None:
    turns = [complete_turn(0, started=NOW - age_s)]
    found = [
        days for days in ("0-1", "1-2", "2-30", "30-400") if _selected(turns, f"days:{days}")
    ]  # fmt: skip
    assert found == [chosen]


def _selected(turns: list[Turn], selection: str) -> bool:
    others = [complete_turn(9, started=NOW - age * DAY_S) for age in (0.5, 1.5, 10.0, 100.0)]
    return turns[0] in select([*turns, *others], selection, NOW)


def whole(raw_ratio: float | None, **more: Any) -> StageVerdict:
    """The whole moved from 1000 to 2000 ms; at equal work twice as well, unless the plain ratio says otherwise."""
    return row("V2V", 1000.0, 2000.0, raw_ratio=raw_ratio, **more)


@pytest.mark.parametrize(
    ("apart", "both"), [(0.0, False), (0.249, False), (0.251, True), (-0.249, False), (-0.251, True)]
)
def test_both_ratios_are_said_where_the_work_explains_a_quarter(apart: float, both: bool) -> None:
    one = row("classify", 20.0, 40.0, raw_ratio=2.0 * math.exp(apart))
    assert ("at equal work (measured 20ms→40ms)" in said(one)) is both
    assert ("at equal work (measured" in said(whole=whole(2.0 * math.exp(apart)))) is both


def test_on_the_very_edge_both_are_said() -> None:
    """A plain ratio whose logarithm is the limit to the last digit."""
    exact = math.exp(-APART)
    assert math.log(exact) == -APART
    assert "measured" in said(row("classify", 20.0, 40.0, ratio=1.0, low=0.9, high=1.1, raw_ratio=exact))
    assert "measured" in said(whole=whole(exact, ratio=1.0, low=0.9, high=1.1))


def test_without_work_or_without_a_plain_ratio_one_is_said() -> None:
    assert "measured" not in said(row("classify", 20.0, 40.0, raw_ratio=9.0, adjusted_for=()))
    assert "measured" not in said(row("classify", 20.0, 40.0, raw_ratio=None))
    assert "measured" not in said(whole=whole(None))


def differences(turns: list[Turn]) -> int:
    """Of stages, in all restarts together."""
    computed: Computed = {}
    learn(turns, (), computed)
    return sum(len(found) for groups in computed.values() for found in groups.values())


@pytest.mark.parametrize(("few", "known"), [(5, True), (4, False)])
@pytest.mark.parametrize("first", [False, True])
def test_a_restart_tells_of_a_stage_that_both_its_sessions_had_often_enough(few: int, known: bool, first: bool) -> None:
    """The first turn of a session is cold, and no value."""
    turns = [turn for turn in make_turns(200, seed=4) if turn.session == 1][:20]
    counts = (few, 20) if first else (20, few)
    sessions = [
        replace(turn, ordinal=100 * number + at, session=number, session_id=str(number), started=1000.0 + at,
                stages={**turn.stages, "classify": (turn.stages["classify"] if 1 <= at <= count else None)})
        for number, count in enumerate(counts)
        for at, turn in enumerate(turns)
    ]  # fmt: skip
    without = [replace(one, stages={**one.stages, "classify": None}) for one in sessions]
    assert differences(sessions) - differences(without) == int(known)


def test_three_stretches_have_names_without_being_given_any() -> None:
    turns = make_turns(60, seed=4)
    verdict = compare_crossover((turns[:20], turns[20:40], turns[40:]))
    assert (verdict.a, verdict.b) == ("before and before again", "after")


def test_a_flag_that_shows_what_it_showed_changes_nothing_and_another_value_does() -> None:
    tracker = EpochTracker()
    for n, (num_ctx, model) in enumerate(((8000, None), (8000, "m"), (None, "m"), (8000, "m"), (4096, "m"))):
        tracker.add(complete_turn(n, session=1, session_id="one", num_ctx=num_ctx, model=model))
    assert [(epoch.first, epoch.turns) for epoch in tracker.epochs] == [(0, 4), (4, 1)]
    assert tracker.epochs[0].flags["model"] == "m"
