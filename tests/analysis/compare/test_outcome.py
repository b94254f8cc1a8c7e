"""Helped, hurt, no change or cannot tell yet: what decides, and how many turns would tell."""

import math
import random
from typing import Any

import pytest

from bench.judgement.pairs import make_pairs
from bench.judgement.shapes import slowed
from tests.turn_makers import complete_turn
from timmy_tui.analysis.compare.comparison import compare, with_verdict_for_every_look
from timmy_tui.analysis.compare.outcome import outcome_of, with_outcome
from timmy_tui.model.judgement import Comparison, ShareChange, StageVerdict
from timmy_tui.model.turn import Span, Turn


def row(stage: str, verdict: str, ratio: float = 1.0, spread: float = 1.1, before: float = 100.0) -> StageVerdict:
    return StageVerdict(
        stage=stage, ratio=ratio, low=ratio / spread, high=ratio * spread, raw_ratio=ratio, n_a=9, n_b=9,
        verdict=verdict, before_ms=before, after_ms=before * ratio, p=0.5,
    )  # fmt: skip


def told(*rows: StageVerdict, **fields: Any) -> Comparison:
    return Comparison(a="a", b="b", n_a=9, n_b=9, stages=rows, **{"sentence": "said", **fields})


@pytest.mark.parametrize(("rows", "outcome"), [
    ((row("V2V", "faster", 0.8),), "helped"), ((row("V2V", "slower", 1.2),), "hurt"),
    ((row("V2V", "drifted", 0.8), row("llm", "faster", 0.5)), "cannot tell yet"),
    ((row("V2V", "unchanged", spread=1.05),), "no change"), ((row("V2V", "unchanged", spread=1.2),), "cannot tell yet"),
    ((row("V2V", "cannot tell", 1.2),), "cannot tell yet"), ((), "cannot tell yet"),
    ((row("V2V", "unchanged", spread=1.3), row("retrieve", "faster", 0.5)), "helped"),
    ((row("V2V", "unchanged", spread=1.3), row("retrieve", "slower", 2.0)), "hurt"),
    # A stage outweighs another one only where no end of their intervals says otherwise.
    ((row("retrieve", "faster", 0.5, before=400.0), row("prefill", "slower", 1.3)), "helped"),
    ((row("retrieve", "faster", 0.5), row("prefill", "slower", 1.5)), "cannot tell yet"),
    # A part of the LLM is not counted beside the whole.
    ((row("llm", "faster", 0.9, 1.05), row("decode", "slower", 2.0)), "helped"),
    ((row("decode", "slower", 2.0), row("llm", "unchanged")), "hurt"),
])  # fmt: skip
def test_v2v_decides_and_else_what_the_stages_gain(rows: tuple[StageVerdict, ...], outcome: str) -> None:
    assert outcome_of(told(*rows)) == outcome


def test_too_few_turns_cannot_be_told_and_say_only_that() -> None:
    few = with_outcome(told(row("V2V", "faster", 0.5), wanted=3, sentence="too few turns: 3 more"))
    assert (few.outcome, few.sentence) == ("cannot tell yet", "too few turns: 3 more")


def test_the_sentence_begins_with_the_outcome_once() -> None:
    assert with_outcome(told(row("V2V", "faster", 0.5))).sentence == "helped: said"
    plain = told(row("V2V", "unchanged", spread=1.3), sentence="cannot tell yet: V2V ×1.00")
    assert with_outcome(plain).sentence == plain.sentence


# -- looked at after every turn


def pair(n: int, stage: str, factor: float) -> tuple[list[Turn], list[Turn]]:
    made = next(make_pairs(n, 1, 1.0, seed=4))
    return made.a, [slowed(turn, stage, factor) for turn in made.b]


def test_a_verdict_that_is_looked_at_needs_more_and_its_interval_stays() -> None:
    """Just so much slower that one look would call it."""
    factors = [1 + share / 50 for share in range(1, 13)]
    once = [compare(*pair(10, "decode", factor)) for factor in factors]
    looked = [with_verdict_for_every_look(one) for one in once]

    def slower(comparison: Comparison) -> bool:
        return next(one.verdict for one in comparison.stages if one.stage == "decode") == "slower"

    assert sum(map(slower, looked)) < sum(map(slower, once))
    assert not any(slower(two) and not slower(one) for one, two in zip(once, looked, strict=True))
    for one, two in zip(once, looked, strict=True):
        assert [(a.low, a.high, a.p) for a in one.stages] == [(b.low, b.high, b.p) for b in two.stages]


@pytest.mark.parametrize(("n", "p", "called"), [
    (30, 0.0699, True), (30, 0.0701, False), (60, 0.0699, True), (60, 0.0701, False), (15, 0.0349, True),
    (15, 0.0351, False), (10, 0.0233, True), (10, 0.0234, False),
])  # fmt: skip
def test_early_looks_get_less_of_the_chance(n: int, p: float, called: bool) -> None:
    one = StageVerdict(
        stage="V2V", ratio=1.5, low=1.1, high=2.0, raw_ratio=1.5, n_a=30, n_b=n, verdict="unchanged", p=p,
        before_ms=1000.0, after_ms=1500.0,
    )  # fmt: skip
    looked = with_verdict_for_every_look(Comparison(a="a", b="b", n_a=30, n_b=n, stages=(one,), sentence=""))
    assert (looked.stages[0].verdict == "slower") is called


@pytest.mark.parametrize(("p", "named"), [(0.0019, True), (0.0021, False)])
def test_a_share_that_is_looked_at_needs_more_too(p: float, named: bool) -> None:
    share = ShareChange(stage="store", had_a=1, n_a=10, had_b=9, n_b=10, optional=True, p=p)
    assert bool(with_verdict_for_every_look(told(row("V2V", "unchanged"), shares=(share,))).shares) is named


# -- how many turns would tell


def steady(first: int, count: int, spread: float) -> list[Turn]:
    chance = random.Random(first)
    return [
        complete_turn(first + n, session=first, span=Span.V2V, headline_ms=1000 * math.exp(chance.gauss(0, spread)))
        for n in range(count + 1)
    ]


def whole(a: int, b: int, spread: float = 0.25) -> StageVerdict:
    compared = compare(steady(1000, a, spread), steady(2000, b, spread))
    return next(one for one in compared.stages if one.stage == "V2V")


def test_the_estimate_is_about_right() -> None:
    """With as many turns a side the interval is about ±10 % wide: the spread of few turns is known but roughly."""
    few = whole(12, 12)
    assert few.to_tell is not None and 20 < few.to_tell < 300
    then = whole(few.to_tell, few.to_tell)
    assert then.low is not None and then.high is not None
    assert math.sqrt(then.high / then.low) == pytest.approx(1.1, abs=0.04)


def test_more_turns_of_b_alone_are_said_where_a_has_enough() -> None:
    short, long = whole(12, 12), whole(190, 12)
    assert short.more is None and short.to_tell is not None
    assert long.more is not None and long.to_tell is not None and long.more < long.to_tell
    said = with_outcome(compare(steady(1000, 190, 0.25), steady(2000, 12, 0.25))).sentence
    assert said.startswith("cannot tell yet: V2V ×") and f"~{long.more} more turns would tell ±10 %" in said
