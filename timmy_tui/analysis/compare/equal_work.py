"""Times of two sets of turns at the same work: what of a difference is longer answers, and what is not.

Formulas and sources: analysis/detect/STATISTICS.md.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from timmy_tui.analysis.stats.rank_shift import Shift, shift_between
from timmy_tui.analysis.stats.series import ms_of
from timmy_tui.analysis.stats.tuning import TUNING
from timmy_tui.analysis.stats.workload import design, features_of, fit_work, works_of
from timmy_tui.model.stages import BY_KEY, CRITICAL, GAP, V2V
from timmy_tui.model.turn import Turn, TurnState

Array = np.ndarray[Any, np.dtype[np.float64]]
Values = list[list[tuple[float, tuple[float, ...]]]]
"""Of both sides: milliseconds and work of every turn that has them."""
Sides = Sequence[Sequence[tuple[Turn, Turn | None]]]
"""A and B: usable turns, each with the turn ahead of it in its session."""

_TUNING = TUNING.comparison

WORKED = tuple(key for key in CRITICAL if BY_KEY[key].covariates)
"""Parts of V2V that take longer with more work."""


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
    """Milliseconds and work of a stage on both sides, as ``shift_of`` takes them."""
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


def shift_of(stage: str, values: Values, sides: Sides, noise: float = TUNING.session_noise.assumed) -> Shift:
    """B minus A at the same work. ``noise``: how far sessions differ by chance, in log units."""
    return shift_between(*log_times(stage, values, sides), noise)


def log_times(stage: str, values: Values, sides: Sides) -> tuple[Array, Array]:
    """Softened log times of both sides at the same work; ``values`` without work are taken as they are."""
    if stage == V2V:
        return _whole_without_work(sides)
    if features_of_nothing(values):
        logs = [np.log(np.array([ms for ms, _ in side]) + softening(stage)) for side in values]
        return logs[0], logs[1]
    return _without_work(stage, values)


def features_of_nothing(values: Values) -> bool:
    """No work belongs to these values."""
    return not any(work for side in values for _, work in side)


def softening(stage: str) -> float:
    """ms that are added to a time before its logarithm."""
    return 0.0 if stage == V2V else TUNING.series.gap_soft_ms if stage.startswith(GAP) else _TUNING.soft_ms


def _without_work(stage: str, values: Values) -> tuple[Array, Array]:
    """Log times of both sides at the same work; the slopes are fitted with the two levels free."""
    y = np.log(np.array([ms for side in values for ms, _ in side]) + softening(stage))
    y = y - _effect_of_work(stage, y, values)
    return y[: len(values[0])], y[len(values[0]) :]


def _effect_of_work(stage: str, y: Array, values: Values) -> Array:
    """The part of each log time that the work explains, relative to the usual work of both sides together."""
    groups = np.repeat([0, 1], [len(side) for side in values])
    work = [features for side in values for _, features in side]
    fitted = fit_work(stage, y, work, groups)
    x = design(stage, work, fitted.mix)
    effect: Array = (x - np.median(x, axis=0)) @ fitted.slopes
    return effect


def _whole_without_work(sides: Sides) -> tuple[Array, Array]:
    """Log V2V at the same work: the milliseconds that more work cost in each stage are subtracted.

    V2V as a whole does not follow the length of the answer by a power law: endpointing and hops do not depend on it.
    """
    whole = [np.array([ms for turn, _ in side if (ms := whole_ms(turn))], dtype=float) for side in sides]
    with_headline = [[(turn, ahead) for turn, ahead in side if whole_ms(turn)] for side in sides]
    for stage in WORKED:
        places = [
            [at for at, (turn, ahead) in enumerate(side) if next(_values(stage, [(turn, ahead)]), None) is not None]
            for side in with_headline
        ]
        values = [
            list(_values(stage, [side[at] for at in where])) for side, where in zip(with_headline, places, strict=True)
        ]
        if any(len(side) < _TUNING.least_values for side in values):
            continue
        times = np.array([ms for side in values for ms, _ in side])
        effect = _effect_of_work(stage, np.log(times + _TUNING.soft_ms), values)
        excess = times * (1.0 - np.exp(-effect))
        whole[0][places[0]] -= excess[: len(places[0])]
        whole[1][places[1]] -= excess[len(places[0]) :]
    log_times = [np.log(np.maximum(side, _TUNING.soft_ms)) for side in whole]
    return log_times[0], log_times[1]
