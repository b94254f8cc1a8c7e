"""Pairs drawn in worlds, and how they are counted."""

import random

import pytest
from msgspec.structs import replace

from bench.judgement.changes import WORK, step
from bench.judgement.guard import stopped
from bench.judgement.pair_tables import false_calls, found
from bench.judgement.world_pairs import PairEffort, Share, Tally, WorldPair, draw_pairs, grade_pairs
from bench.judgement.worlds import WORLDS, Seeds
from timmy_tui.analysis.compare.equal_work import usable
from timmy_tui.model.judgement import Comparison, StageVerdict

SEEDS = Seeds("tune", 999)


@pytest.mark.parametrize("world", WORLDS)
def test_each_side_has_so_many_usable_turns_and_sessions_of_its_own(world: str) -> None:
    for kind, change in enumerate((None, step(1.2), *WORK)):
        (pair,) = draw_pairs((world, kind, change), 12, 1, SEEDS)
        assert len(usable(pair.a)) == len(usable(pair.b)) == 12
        assert not {turn.session for turn in pair.a} & {turn.session for turn in pair.b}
        assert bool(pair.stage) is (kind == 1)


def test_the_same_seed_gives_the_same_pair_and_another_kind_another() -> None:
    one, same, other = (next(draw_pairs(("light tails", kind, None), 12, 1, SEEDS)) for kind in (0, 0, 1))
    assert one == same and one != other


def row(stage: str, verdict: str, low: float, high: float) -> StageVerdict:
    return StageVerdict(
        stage=stage, ratio=(low + high) / 2, low=low, high=high, raw_ratio=1.0, n_a=9, n_b=9, verdict=verdict
    )


def test_what_is_counted() -> None:
    pair = WorldPair([], [], "tts", 1.2)
    told = Comparison(a="a", b="b", n_a=10, n_b=10, sentence="", stages=(
        row("tts", "slower", 1.1, 1.3), row("V2V", "slower", 1.0, 1.2), row("classify", "faster", 0.7, 0.9),
        row("mute", "unchanged", 0.9, 1.1), replace(row("store", "too few turns", 1, 1), low=None, high=None),
    ))  # fmt: skip
    tally = Tally()
    tally.take(pair, 10, told)
    # The changed stage and the sum that it is a part of are no false calls; the sum's ratio was not put in.
    assert (tally.false_tests, tally.false_pairs) == (Share(1, 2), Share(1, 1))
    assert (tally.covered, tally.called[10], tally.backwards) == (Share(2, 3), Share(1, 1), 0)
    tally.take(pair, 10, replace(told, stages=(row("tts", "faster", 0.7, 0.9),)))
    assert (tally.called[10], tally.backwards) == (Share(1, 2), 1)
    assert (Share(1, 2) + Share(1, 4), Share(1, 4).value, Share().value) == (Share(2, 6), 0.25, 0.0)


def test_a_world_is_graded_and_both_tables_have_a_row_for_it() -> None:
    grades = {"light tails": grade_pairs("light tails", PairEffort(1, 2), SEEDS)}
    grade = grades["light tails"]
    assert grade.ever.of == 1 and grade.same.false_pairs.of == 2 and grade.slower.called[30].of == 2
    assert grade.work.false_pairs.of == 4
    for table in (false_calls(grades), found(grades)):
        assert sum("light tails" in line for line in table) == 1


def test_a_guard_stops_for_what_breaks_and_never_without_a_cause() -> None:
    chance = random.Random(3)
    for sign in ("failed", "no reply", "template text", "marked bad"):
        assert not stopped(sign, 0.0, 0.0, chance)
        assert stopped(sign, 0.0, 1.0, chance)
        assert not stopped(sign, 1.0, 1.0, chance)
