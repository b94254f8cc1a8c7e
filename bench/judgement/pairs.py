"""Before and after: pairs of selections with a known difference, and what each recipe says of them."""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from scipy.stats import mannwhitneyu, ttest_ind

from bench.judgement.shapes import slowed
from bench.judgement.turns import BASES, make_turns
from timmy_tui.analysis.compare.comparison import STAGES, compare
from timmy_tui.analysis.stats.session_noise import SessionNoise
from timmy_tui.model.turn import Turn

WHOLES = ("V2V", "llm")
"""Sums of several stages: their ratio at equal work is no number that the generator knows."""


class Pair(NamedTuple):
    """Two sessions of the same system, the second one changed or not."""

    a: list[Turn]
    b: list[Turn]
    stage: str
    factor: float


class Verdict(NamedTuple):
    """What a recipe says of a stage."""

    outcome: str
    low: float
    high: float


Recipe = Callable[[Sequence[Turn], Sequence[Turn]], dict[str, Verdict]]


def make_pairs(n: int, count: int, factor: float, seed: int) -> Iterator[Pair]:
    """``count`` pairs of ``n`` warm turns a side and the cold first ones; the changed stages take turns."""
    made, own, stages = 0, seed, list(BASES)
    while made < count:
        own += 1
        sessions = sessions_of(make_turns(400, own, heavy=own % 3 == 2))
        for before, after in zip(sessions, sessions[1:], strict=False):
            if min(len(before), len(after)) <= n or made >= count:
                continue
            stage = stages[made % len(stages)]
            yield Pair(before[: n + 1], [slowed(turn, stage, factor) for turn in after[: n + 1]], stage, factor)
            made += 1


def sessions_of(turns: Sequence[Turn]) -> list[list[Turn]]:
    """Turns by session, in order."""
    by_session: dict[int, list[Turn]] = {}
    for turn in turns:
        by_session.setdefault(turn.session, []).append(turn)
    return list(by_session.values())


def dashboard(a: Sequence[Turn], b: Sequence[Turn]) -> dict[str, Verdict]:
    """The comparison of the dashboard."""
    return verdicts_of(a, b, None)


def verdicts_of(a: Sequence[Turn], b: Sequence[Turn], noise: SessionNoise | None) -> dict[str, Verdict]:
    """The same with what is known of the session noise."""
    comparison = compare(a, b, noise=noise)
    return {row.stage: Verdict(row.verdict, row.low or math.nan, row.high or math.nan) for row in comparison.stages}


def welch(a: Sequence[Turn], b: Sequence[Turn]) -> dict[str, Verdict]:
    """Welch's t on milliseconds, 5 % a test."""
    return _by_stage(a, b, _welch)


def _welch(a: list[float], b: list[float]) -> Verdict:
    test = ttest_ind(b, a, equal_var=False)
    interval = test.confidence_interval(0.95)
    mean = float(np.mean(a))
    outcome = "unchanged" if test.pvalue >= 0.05 else "slower" if test.statistic > 0 else "faster"
    return Verdict(outcome, 1 + float(interval.low) / mean, 1 + float(interval.high) / mean)


def ranks(a: Sequence[Turn], b: Sequence[Turn]) -> dict[str, Verdict]:
    """Mann–Whitney on milliseconds with a bootstrap interval of the medians' ratio, 5 % a test."""
    return _by_stage(a, b, _ranks)


def _ranks(a: list[float], b: list[float]) -> Verdict:
    chance = np.random.default_rng(len(a))
    before, after = np.array(a), np.array(b)
    drawn = [np.median(chance.choice(side, (400, len(side))), axis=1) for side in (before, after)]
    low, high = np.quantile(drawn[1] / drawn[0], (0.025, 0.975))
    slower = np.median(after) > np.median(before)
    outcome = "unchanged" if mannwhitneyu(before, after).pvalue >= 0.05 else "slower" if slower else "faster"
    return Verdict(outcome, float(low), float(high))


def _by_stage(
    a: Sequence[Turn], b: Sequence[Turn], judge: Callable[[list[float], list[float]], Verdict]
) -> dict[str, Verdict]:
    verdicts = {}
    for stage in STAGES:
        left, right = ([ms for turn in side[1:] if (ms := _ms(turn, stage)) is not None] for side in (a, b))
        if min(len(left), len(right)) >= 5:
            verdicts[stage] = judge(left, right)
    return verdicts


def _ms(turn: Turn, stage: str) -> float | None:
    return turn.headline_ms if stage == "V2V" else turn.stages.get(stage)


RECIPES: dict[str, Recipe] = {
    "Welch on ms": welch,
    "Mann–Whitney on ms, bootstrap": ranks,
    "**timmy-tui compare**": dashboard,
}


@dataclass
class Verdicts:
    """Over many pairs."""

    pairs: int = 0
    tests: int = 0
    false: int = 0
    pairs_false: int = 0
    covered: int = 0
    intervals: int = 0
    called: int = 0
    backwards: int = 0
    missed: Counter[str] = field(default_factory=Counter)
    faulty: Counter[str] = field(default_factory=Counter)

    def take(self, pair: Pair, verdicts: dict[str, Verdict]) -> None:
        """One pair. Stages that the change does not touch must be called unchanged, and their interval hold 1."""
        self.pairs += 1
        wrong = 0
        for stage, verdict in verdicts.items():
            if verdict.outcome == "too few turns":
                continue
            touched = pair.factor != 1 and stage in (pair.stage, *WHOLES)
            if not touched:
                self.tests += 1
                wrong += verdict.outcome in ("faster", "slower")
                self.faulty[stage] += verdict.outcome in ("faster", "slower")
            if stage not in WHOLES:
                self.intervals += 1
                self.covered += verdict.low <= (pair.factor if stage == pair.stage else 1.0) <= verdict.high
        self.false += wrong
        self.pairs_false += wrong > 0
        outcome = verdicts[pair.stage].outcome if pair.stage in verdicts else "too few turns"
        truth = "slower" if pair.factor > 1 else "faster"
        self.called += outcome == truth
        self.missed[pair.stage] += outcome != truth
        self.backwards += outcome in {"faster", "slower"} - {truth}


def judge_pairs(recipe: Recipe, n: int, count: int, factor: float, seed: int) -> Verdicts:
    """A recipe over fresh pairs."""
    tally = Verdicts()
    for pair in make_pairs(n, count, factor, seed):
        tally.take(pair, recipe(pair.a, pair.b))
    return tally
