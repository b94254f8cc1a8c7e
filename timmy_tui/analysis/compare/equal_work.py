"""Times of two sets of turns at the same work: what of a difference is longer answers, and what is not.

Formulas and sources: analysis/detect/STATISTICS.md.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from timmy_tui.analysis.stats.rank_shift import Shift, shift_between
from timmy_tui.analysis.stats.series import ms_of
from timmy_tui.analysis.stats.tuning import TUNING
from timmy_tui.analysis.stats.workload import design, features_of, fit_work, log_works, tokens_apart, works_of
from timmy_tui.model.stages.watched import BY_KEY, CRITICAL, GAP, V2V
from timmy_tui.model.turn import Turn, TurnState

Array = np.ndarray[Any, np.dtype[np.float64]]
Values = list[list[tuple[float, tuple[float, ...]]]]
"""Of both sides: milliseconds and work of every turn that has them."""
Sides = Sequence[Sequence[tuple[Turn, Turn | None]]]
"""A and B: usable turns, each with the turn ahead of it in its session."""

_TUNING = TUNING.comparison

WORKED = tuple(key for key in CRITICAL if BY_KEY[key].covariates)
"""Parts of V2V that take longer with more work."""
PARTS = {
    stage: parts
    for stage in WORKED
    if (parts := tuple(key for key, row in BY_KEY.items() if row.parent == stage and row.covariates and row.compared))
}
"""Those of them that are a sum of others with work of their own."""


def usable(turns: Sequence[Turn]) -> list[tuple[Turn, Turn | None]]:
    """Complete, warm turns with the turn ahead of each in its session."""
    loads = sorted(turn.load_ms for turn in turns if turn.load_ms is not None)
    usual = loads[len(loads) // 2] if loads else math.inf
    longest = min(TUNING.series.loaded_ms, TUNING.series.loaded_times * usual)
    before: dict[int, Turn] = {}
    warm: list[tuple[Turn, Turn | None]] = []
    for turn in turns:
        ahead = before.get(turn.session)
        before[turn.session] = turn
        loaded = turn.load_ms is not None and turn.load_ms > longest
        if ahead is not None and turn.state is TurnState.COMPLETE and not loaded:
            warm.append((turn, ahead))
    return warm[-_TUNING.most_turns :]


def first_turns(turns: Sequence[Turn]) -> list[tuple[Turn, Turn | None]]:
    """The complete first turn of every session: cold, but for one-turn sessions all there is."""
    seen: set[int] = set()
    found: list[tuple[Turn, Turn | None]] = []
    for turn in turns:
        if turn.session not in seen and turn.state is TurnState.COMPLETE:
            found.append((turn, None))
        seen.add(turn.session)
    return found[-_TUNING.most_turns :]


def values_of_stage(stage: str, sides: Sides) -> Values:
    """Milliseconds and work of a stage on both sides, as ``log_times`` takes them."""
    return [list(_values(stage, side)) for side in sides]


def _values(stage: str, side: Sequence[tuple[Turn, Turn | None]]) -> Iterator[tuple[float, tuple[float, ...]]]:
    """Milliseconds and work of every turn that has them."""
    for turn, ahead in side:
        ms = stage_ms(turn, stage)
        work = features_of(stage, turn, ahead)
        if ms is not None and ms >= 0 and work is not None and stage not in turn.skipped:
            yield ms, work


def raw_values(stage: str, sides: Sides) -> Values:
    """Milliseconds of a stage on both sides, whether the work behind them is known or not."""
    return [
        [
            (ms, ())
            for turn, _ in side
            if (ms := stage_ms(turn, stage)) is not None and ms >= 0 and stage not in turn.skipped
        ]
        for side in sides
    ]


def stage_ms(turn: Turn, stage: str) -> float | None:
    """Of a stage, or of V2V without the setting in it."""
    return whole_ms(turn) if stage == V2V else ms_of(turn, stage)


def whole_ms(turn: Turn) -> float | None:
    """What is measured of the headline of a spoken turn: the silence threshold in it is a setting."""
    return turn.measured_ms if turn.is_spoken else None


def adjusted_for(stage: str, sides: Sides) -> tuple[str, ...]:
    """The work that is taken out of its times."""
    parts = adjusted_parts(sides) if stage == V2V else (stage,)
    return tuple(dict.fromkeys(work for part in parts for work in works_of(part)))


def adjusted_parts(sides: Sides) -> tuple[str, ...]:
    """Stages whose work can be taken out of V2V: it is known of enough turns on both sides."""
    return tuple(
        stage for stage in WORKED if all(len(side) >= _TUNING.least_values for side in values_of_stage(stage, sides))
    )


class LogTimes(NamedTuple):
    """Softened log times of both sides at the same work."""

    a: Array
    b: Array
    work_error: float
    """Standard error of the part of the difference that was taken for work, in log units."""

    def shift(self, noise: float) -> Shift:
        """B minus A. ``noise``: how far sessions differ by chance, in log units."""
        return shift_between(self.a, self.b, noise, self.work_error)


class Excess(NamedTuple):
    """What more work than usual cost in a stage."""

    ms: list[Array]
    """Of each turn of both sides."""
    error_ms: float
    """Standard error of the difference between the sides."""


def log_times(stage: str, values: Values, sides: Sides) -> LogTimes:
    """Log times of both sides at the same work; ``values`` without work are taken as they are."""
    if stage == V2V:
        return _whole_without_work(sides)
    if features_of_nothing(values):
        logs = [np.log(np.array([ms for ms, _ in side]) + softening(stage)) for side in values]
        return LogTimes(logs[0], logs[1], 0.0)
    return _sum_without_work(stage, sides) or _without_work(stage, values)


def features_of_nothing(values: Values) -> bool:
    """No work belongs to these values."""
    return not any(work for side in values for _, work in side)


def softening(stage: str) -> float:
    """ms that are added to a time before its logarithm."""
    return 0.0 if stage == V2V else TUNING.series.gap_soft_ms if stage.startswith(GAP) else _TUNING.soft_ms


def _without_work(stage: str, values: Values) -> LogTimes:
    """The slopes are fitted with the two levels free."""
    y = np.log(np.array([ms for side in values for ms, _ in side]) + softening(stage))
    effect, error = _effect_of_work(stage, y, values)
    y = y - effect
    return LogTimes(y[: len(values[0])], y[len(values[0]) :], error)


def _effect_of_work(stage: str, y: Array, values: Values) -> tuple[Array, float]:
    """The part of each log time that the work explains, relative to the usual work of both sides together.

    And the standard error of its difference between the sides: they may be far apart, and slopes are not certain.
    """
    groups = np.repeat([0, 1], [len(side) for side in values])
    logs = log_works(stage, [features for side in values for _, features in side])
    fitted = fit_work(stage, y, logs, groups)
    x = design(stage, logs, fitted.mix)
    effect: Array = (x - np.median(x, axis=0)) @ fitted.slopes
    apart = np.median(x[groups == 1], axis=0) - np.median(x[groups == 0], axis=0)
    tokens = tokens_apart(stage, y, logs, groups)
    return effect, math.hypot(*(apart * fitted.errors), *(tokens * fitted.slopes))


def _whole_without_work(sides: Sides) -> LogTimes:
    """Log V2V at the same work: the milliseconds that more work cost in each stage are subtracted.

    V2V as a whole does not follow the length of the answer by a power law: endpointing and hops do not depend on it.
    """
    with_headline = [[pair for pair in side if next(_values(V2V, [pair]), None)] for side in sides]
    whole = [np.array([whole_ms(turn) for turn, _ in side], dtype=float) for side in with_headline]
    costs = [cost for stage in WORKED if (cost := _excess_of(stage, with_headline)) is not None]
    return _less(whole, costs, V2V)


def _sum_without_work(stage: str, sides: Sides) -> LogTimes | None:
    """The same of a stage by what its parts cost; None where it has none, or they are not known of its turns."""
    with_stage = [[pair for pair in side if next(_values(stage, [pair]), None)] for side in sides]
    cost = _excess_of_parts(stage, with_stage)
    if cost is None:
        return None
    times = [np.array([stage_ms(turn, stage) for turn, _ in side], dtype=float) for side in with_stage]
    return _less(times, [cost], stage)


def _less(times: list[Array], costs: Sequence[Excess], stage: str) -> LogTimes:
    """Log times without these costs."""
    soft, middle = softening(stage), float(np.median(np.concatenate(times)))
    for cost in costs:
        times = [ms - more for ms, more in zip(times, cost.ms, strict=True)]
    logs = [np.log(np.maximum(ms + soft, _TUNING.soft_ms)) for ms in times]
    error = math.hypot(*(cost.error_ms for cost in costs)) / max(middle, _TUNING.soft_ms)
    return LogTimes(logs[0], logs[1], error)


def _excess_of(stage: str, sides: Sides) -> Excess | None:
    """None where its work is known of too few turns."""
    return _excess_of_parts(stage, sides) or _own_excess(stage, sides)


def _excess_of_parts(stage: str, sides: Sides) -> Excess | None:
    """By its parts, each with a law of its own: their sum follows none."""
    had = sum(stage_ms(turn, stage) is not None for side in sides for turn, _ in side)
    costs = []
    for part in PARTS.get(stage, ()):
        cost = _own_excess(part, sides)
        if cost is None or sum(map(len, values_of_stage(part, sides))) < _TUNING.parts_known * had:
            return None
        costs.append(cost)
    if not costs:
        return None
    sums = [np.sum([cost.ms[side] for cost in costs], axis=0) for side in (0, 1)]
    return Excess(sums, math.hypot(*(cost.error_ms for cost in costs)))


def _own_excess(stage: str, sides: Sides) -> Excess | None:
    known = [[next(_values(stage, [pair]), None) for pair in side] for side in sides]
    values = [[one for one in side if one is not None] for side in known]
    if any(len(side) < _TUNING.least_values for side in values):
        return None
    times = np.array([ms for side in values for ms, _ in side])
    effect, error = _effect_of_work(stage, np.log(times + _TUNING.soft_ms), values)
    excess = times * (1.0 - np.exp(-effect))
    found = [np.zeros(len(side)) for side in sides]
    found[0][[one is not None for one in known[0]]] = excess[: len(values[0])]
    found[1][[one is not None for one in known[1]]] = excess[len(values[0]) :]
    return Excess(found, error * float(np.median(times)))
