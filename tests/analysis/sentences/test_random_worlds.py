"""Random worlds with a known cause: what is said is right in stage, direction and size, or it is not said."""

import random
from collections.abc import Sequence
from typing import NamedTuple

from bench.judgement.score import NAMES
from bench.judgement.turns import Truth, make_turns
from tests.analysis.sentences.worlds import AT, findings_of
from timmy_tui.analysis.compare.comparison import compare
from timmy_tui.analysis.compare.words import stage_words
from timmy_tui.model.judgement import Finding
from timmy_tui.model.stages.watched import UNATTRIBUTED, V2V
from timmy_tui.model.turn import Turn

WORLDS = 24
STAGES = ("stt_final", "classify", "retrieve", "prompt", "prefill", "decode", "wait", "reply", "tts", "llm", "gpu")
FACTORS = (1.5, 2.0, 3.0, 0.5)
TOLERANCE = 1.12
"""Intervals are of 95 %: of so many worlds some miss by a little. A cause of another size misses by more than this."""
MOST_UNKNOWN = 0.15


class World(NamedTuple):
    """A log, and what was done to it from turn AT on."""

    turns: list[Turn]
    stage: str
    factor: float


def worlds(seed: int) -> list[World]:
    chance = random.Random(seed)
    drawn = [(chance.choice(STAGES), chance.choice(FACTORS)) for _ in range(WORLDS)]
    return [
        World(make_turns(2 * AT, seed + number, Truth(stage, factor, AT), heavy=number % 3 == 2), stage, factor)
        for number, (stage, factor) in enumerate(drawn)
    ]


def right_names(stage: str) -> set[str]:
    """The cause, the parts that it has, and what holds it."""
    parts = {"gpu": {"llm", "prefill", "decode", "tts", "wait", "load"}, "llm": {"prefill", "decode", "wait", "load"}}
    return {stage, *NAMES.get(stage, ()), *parts.get(stage, ())}


def holds(low: float, high: float, factor: float) -> bool:
    return low / TOLERANCE <= factor <= high * TOLERANCE


def test_what_a_comparison_says_is_right_or_not_said() -> None:
    unknown = []
    for world in worlds(700):
        told = compare(world.turns[:AT], world.turns[AT:])
        way = "slower" if world.factor > 1 else "faster"
        moved = {row.stage: row for row in told.stages if row.verdict in ("slower", "faster")}
        assert {row.verdict for row in moved.values()} <= {way}, told.sentence
        assert set(moved) <= {V2V, *right_names(world.stage)}, (world.stage, told.sentence)
        assert told.shares == ()
        for name in {world.stage} & set(moved):
            low, high = moved[name].low, moved[name].high
            assert low is not None and high is not None and holds(low, high, world.factor), (world, told.sentence)
            if len(moved) <= 3:
                assert f"{stage_words(name)} ×" in told.sentence
        if not right_names(world.stage) & set(moved):
            unknown.append((world.stage, world.factor))
            assert "cannot tell" in told.sentence or "may be chance" in told.sentence or "±10 %" in told.sentence
    assert len(unknown) <= MOST_UNKNOWN * WORLDS, unknown


def of_cause(found: Sequence[Finding], world: World) -> list[Finding]:
    return [one for one in found if one.stage in right_names(world.stage) and not one.ended]


def test_what_a_finding_says_is_right_or_not_said() -> None:
    unknown = []
    for world in worlds(800):
        way = "slower" if world.factor > 1 else "faster"
        own = of_cause([one for one in findings_of(world.turns) if one.raised >= AT], world)
        assert {one.direction for one in own} <= {way}
        for one in own:
            assert abs(one.since - AT) <= 12, (world.stage, world.factor, one)
            assert one.ratio == one.after_ms / one.before_ms
            assert one.low <= one.ratio <= one.high
            if one.stage == world.stage and world.stage not in ("gpu",):
                assert holds(one.low, one.high, world.factor), (world.stage, world.factor, one)
        if not own:
            unknown.append((world.stage, world.factor))
    assert len(unknown) <= MOST_UNKNOWN * WORLDS, unknown


def test_a_gap_of_any_size_is_said_in_its_size() -> None:
    for number, ms in enumerate((40.0, 150.0, 900.0)):
        found = [
            one for one in findings_of(make_turns(2 * AT, 900 + number, Truth(UNATTRIBUTED, ms, AT))) if not one.ended
        ]
        (gap,) = [one for one in found if one.stage == UNATTRIBUTED]
        assert abs(gap.after_ms - gap.before_ms - ms) < 2.0
