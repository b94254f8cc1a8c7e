"""Work taken out of a stage's time: a longer answer is not a slower model.

Per stage, log(ms) = level + Σ slope · (feature − origin). The slopes are fitted robustly (Huber weights) towards
physical priors, so that a few turns neither explain away a regression nor invent one. Formulas
and sources: analysis/detect/STATISTICS.md.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from timmy_tui.analysis.stats.tuning import TUNING
from timmy_tui.model.stages import STAGES, Covariate
from timmy_tui.model.turn import Turn

Array = np.ndarray[Any, np.dtype[np.float64]]

_TUNING = TUNING.workload


@dataclass(frozen=True)
class Feature:
    """One measure of a stage's work, and how its time should follow it."""

    prior: Covariate
    read: Callable[[Turn, Turn | None], float | None]
    """Value from the turn and the one before it in its session; None is not known."""
    offsets: tuple[float, ...] = ()
    """For a value that is only part of the work: what may have to be added to it, before its logarithm is taken.
    The one that leaves the least unexplained is found from the turns themselves. Empty: the value is a logarithm."""


def _log(value: float | None) -> float | None:
    return math.log(value) if value is not None and value > 0 else None


def _evaluated(turn: Turn, before: Turn | None) -> float | None:
    """Uncached prompt tokens where Ollama counts them, else what the prompt grew by since the turn before."""
    if turn.prompt_tokens is None:
        return None
    if turn.cached_tokens is not None:
        return float(max(turn.prompt_tokens - turn.cached_tokens, 1))
    if before is None or before.prompt_tokens is None:
        return None
    grown = turn.prompt_tokens - before.prompt_tokens
    # A prompt that shrank was trimmed or began anew: its prefix is gone, and how much was evaluated is not known.
    return None if grown < 0 else float(grown)


_READERS: dict[str, tuple[Callable[[Turn, Turn | None], float | None], tuple[float, ...]]] = {
    "output tokens": (lambda turn, before: _log(turn.output_tokens), ()),
    "prompt tokens": (lambda turn, before: _log(turn.prompt_tokens), ()),
    "evaluated tokens": (_evaluated, _TUNING.offsets),
    "reply length": (lambda turn, before: _log(turn.reply_length), ()),
    "text length": (lambda turn, before: _log(turn.text_length), ()),
}
"""Work, as the stage table calls it → how it is read of a turn, and its offsets."""

FEATURES: dict[str, tuple[Feature, ...]] = {
    stage.key: tuple(Feature(covariate, *_READERS[covariate.work]) for covariate in stage.covariates)
    for stage in STAGES
    if stage.covariates
}
"""Stage → what its time follows; the others follow nothing that is logged."""


def features_of(stage: str, turn: Turn, before: Turn | None) -> tuple[float, ...] | None:
    """Values of the stage's features; () when it has none, None when one of them is not known."""
    values = []
    for feature in FEATURES.get(stage, ()):
        value = feature.read(turn, before)
        if value is None:
            return None
        values.append(value)
    return tuple(values)


def works_of(stage: str) -> tuple[str, ...]:
    """What its time is adjusted for, in the words of the screen."""
    return tuple(dict.fromkeys(feature.prior.work for feature in FEATURES.get(stage, ())))


class Priors(NamedTuple):
    """Of a stage's slopes."""

    slopes: Array
    spreads: Array
    """Their standard deviations."""


def priors_of(stage: str) -> Priors:
    """In the order of the stage's features."""
    features = FEATURES.get(stage, ())
    slopes = np.array([feature.prior.slope for feature in features])
    return Priors(slopes, np.array([feature.prior.spread for feature in features]))


class Fit(NamedTuple):
    """How log time follows work."""

    slopes: Array
    errors: Array
    """Standard errors of the slopes; at least half the prior's, because the model is only a model."""
    offsets: tuple[float, ...]
    """Per feature with offsets, the one chosen; in the order of the features."""
    scale: float
    """Robust scale of what is left."""


def design(stage: str, work: Sequence[Sequence[float]], offsets: Sequence[float]) -> Array:
    """Log work (n × k): values with an offset are logged here, the others are logarithms already."""
    x = np.array(work, dtype=float).reshape(len(work), len(FEATURES.get(stage, ())))
    chosen = iter(offsets)
    for column, feature in enumerate(FEATURES.get(stage, ())):
        if feature.offsets:
            x[:, column] = np.log(x[:, column] + next(chosen))
    return x


def fit_work(
    stage: str,
    y: Array,
    work: Sequence[Sequence[float]],
    groups: Array | None = None,
    near: tuple[float, ...] | None = None,
) -> Fit:
    """The best fit over the offsets that the stage's features allow; ``near``: only those and their neighbours."""
    priors = priors_of(stage)
    choices = list(product(*(feature.offsets for feature in FEATURES.get(stage, ()) if feature.offsets)))
    middle = choices[len(choices) // 2]
    if not len(priors.slopes) or len(y) < _TUNING.least_values:
        return Fit(*priors, middle, 0.0)
    if near in choices:
        place = choices.index(near)
        choices = choices[max(place - 1, 0) : place + 2]
    fits = [_fit(y, design(stage, work, offsets), priors, groups, offsets) for offsets in choices]
    return min(fits, key=lambda fit: fit.scale)


def _fit(y: Array, x: Array, priors: Priors, groups: Array | None, offsets: tuple[float, ...]) -> Fit:
    """Ridge towards the prior with Huber weights.

    ``groups`` (n, small integers) have levels of their own, so that the difference between two selections is not
    taken for work.
    """
    groups = np.zeros(len(y), dtype=int) if groups is None else groups
    members = [groups == group for group in np.unique(groups)]
    weights: Array = np.ones(len(y))
    fitted: Array = priors.slopes.copy()
    precision = np.diag(1.0 / priors.spreads**2)
    for _ in range(_TUNING.rounds):
        centred_y, centred_x = y.copy(), x.copy()
        for group in members:
            share = weights[group] / weights[group].sum()
            centred_y[group] -= share @ y[group]
            centred_x[group] -= share @ x[group]
        residual = centred_y - centred_x @ fitted
        scale = max(robust_scale(residual), _TUNING.least_scale)
        weights = np.asarray(np.minimum(1.0, _TUNING.huber * scale / np.maximum(np.abs(residual), 1e-12)))
        weighted = centred_x * weights[:, None] / scale**2
        right_side = weighted.T @ centred_y + precision @ priors.slopes
        fitted = np.asarray(np.linalg.solve(weighted.T @ centred_x + precision, right_side))
    errors = np.sqrt(np.diag(np.linalg.inv(weighted.T @ centred_x + precision)))
    errors = np.maximum(errors, priors.spreads * _TUNING.least_error_share)
    return Fit(fitted, np.asarray(errors), offsets, robust_scale(centred_y - centred_x @ fitted))


def robust_scale(values: Array | Sequence[float]) -> float:
    """1.4826 × median absolute deviation: the standard deviation of the well-behaved part."""
    array = np.asarray(values, dtype=float)
    if not len(array):
        return 0.0
    return 1.4826 * median(np.abs(array - median(array)))


def median(values: Array) -> float:
    """Median of at least one value; a sixth of the time that numpy's takes for some hundred of them."""
    ordered = np.sort(values)
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return float(ordered[middle])
    return float(ordered[middle - 1] + ordered[middle]) / 2
