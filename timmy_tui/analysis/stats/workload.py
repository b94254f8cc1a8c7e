"""Work taken out of a stage's time: a longer answer is not a slower model.

Per stage, log(ms) = level + Σ slope · (feature − origin). The slopes are fitted robustly (Huber weights) towards
physical priors, so that a few turns neither explain away a regression nor invent one. Formulas
and sources: analysis/detect/STATISTICS.md.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from timmy_tui.analysis.stats.tuning import TUNING
from timmy_tui.model.stages.watched import STAGES, Covariate
from timmy_tui.model.turn import Turn

Array = np.ndarray[Any, np.dtype[np.float64]]
Places = np.ndarray[Any, np.dtype[np.intp]] | slice

_TUNING = TUNING.workload


class Mix(NamedTuple):
    """One way in which the tokens to evaluate come about, as the layout of the prompt has it."""

    grown: float
    """Share of the prompt's growth."""
    chunk: float
    """Tokens of one memory of the turn before: they lie behind the history and are replaced, which growth hides."""
    prompt: float
    """Share of the whole prompt: of one that has its memories ahead of the history, or that is not reused."""
    rest: float
    """Tokens besides; below zero: of the prompt's head, which is reused."""

    def tokens(self, grown: float, chunks: float, prompt: float) -> float:
        """Of one turn; at least one is always evaluated."""
        return max(self.grown * grown + self.chunk * chunks + self.prompt * prompt + self.rest, 1.0)


MIXES = (
    *(Mix(1, chunk, 0, rest) for chunk, rest in product(_TUNING.chunk_tokens, _TUNING.offsets)),
    *(Mix(0, 0, 1, -head) for head in _TUNING.head_tokens),
)
"""What is tried: the one that leaves the least unexplained is found from the turns themselves."""
_MIXES = np.array(MIXES)
_PLACES = {mix: place for place, mix in enumerate(MIXES)}
FIRST = Mix(1, _TUNING.chunk_tokens[2], 0, _TUNING.offsets[len(_TUNING.offsets) // 2 + 1])
"""Before there is anything to choose by: upstream's prompt, its system block with the memories behind the history."""


@dataclass(frozen=True)
class Feature:
    """One measure of a stage's work, and how its time should follow it."""

    prior: Covariate
    read: Callable[[Turn, Turn | None], tuple[float, ...] | None]
    """Value from the turn and the one before it in its session; None is not known."""
    is_mixed: bool = False
    """The value is what a Mix makes tokens of: growth, memories of the turn before, prompt. Else it is a logarithm."""


def _log(value: float | None) -> tuple[float] | None:
    return (math.log(value),) if value is not None and value > 0 else None


def _evaluated(turn: Turn, before: Turn | None) -> tuple[float, ...] | None:
    """Uncached prompt tokens where Ollama counts them, else what they can be told from."""
    if turn.prompt_tokens is None:
        return None
    if turn.cached_tokens is not None:
        uncached = float(max(turn.prompt_tokens - turn.cached_tokens, 1))
        return uncached, 0.0, uncached
    if before is None or before.prompt_tokens is None:
        return None
    grown = turn.prompt_tokens - before.prompt_tokens
    chunks = float(before.chunks or 0)
    # A prompt that shrank by more than its memories was trimmed or began anew: how much was evaluated is not known.
    if grown + chunks * max(_TUNING.chunk_tokens) < 0:
        return None
    return float(grown), chunks, float(turn.prompt_tokens)


def _output(turn: Turn, before: Turn | None) -> tuple[float] | None:
    """Output tokens; without Ollama's count as many as the reply's characters make."""
    if turn.output_tokens is None and turn.reply_length:
        return _log(turn.reply_length / _TUNING.token_characters)
    return _log(turn.output_tokens)


_READERS: dict[str, tuple[Callable[[Turn, Turn | None], tuple[float, ...] | None], bool]] = {
    "output tokens": (_output, False),
    "prompt tokens": (lambda turn, before: _log(turn.prompt_tokens or turn.prompt_tokens_est), False),
    "evaluated tokens": (_evaluated, True),
    "reply length": (lambda turn, before: _log(turn.reply_length), False),
    "text length": (lambda turn, before: _log(turn.text_length), False),
}
"""Work, as the stage table calls it → how it is read of a turn, and whether it is mixed."""

FEATURES: dict[str, tuple[Feature, ...]] = {
    stage.key: tuple(Feature(covariate, *_READERS[covariate.work]) for covariate in stage.covariates)
    for stage in STAGES
    if stage.covariates
}
"""Stage → what its time follows; the others follow nothing that is logged."""


def features_of(stage: str, turn: Turn, before: Turn | None) -> tuple[float, ...] | None:
    """Values of the stage's features; () when it has none, None when one of them is not known."""
    values: tuple[float, ...] = ()
    if stage not in FEATURES:
        return values
    for feature in FEATURES[stage]:
        value = feature.read(turn, before)
        if value is None:
            return None
        values += value
    return values


def works_of(stage: str) -> tuple[str, ...]:
    """What its time is adjusted for, in the words of the screen."""
    return tuple(dict.fromkeys(feature.prior.work for feature in FEATURES.get(stage, ())))


def missing_works(stage: str, turn: Turn) -> tuple[str, ...]:
    """What is not known of the work of a stage, in the words of the screen; its tokens are not a mix."""
    return tuple(feature.prior.work for feature in FEATURES.get(stage, ()) if feature.read(turn, None) is None)


class Priors(NamedTuple):
    """Of a stage's slopes."""

    slopes: Array
    spreads: Array
    """Their standard deviations."""
    precision: Array
    """Their inverse variances."""


@cache
def priors_of(stage: str) -> Priors:
    """In the order of the stage's features; not to be changed."""
    features = FEATURES.get(stage, ())
    slopes = np.array([feature.prior.slope for feature in features])
    spreads = np.array([feature.prior.spread for feature in features])
    return Priors(slopes, spreads, 1.0 / spreads**2)


class Fit(NamedTuple):
    """How log time follows work."""

    slopes: Array
    errors: Array
    """Standard errors of the slopes; at least half the prior's, because the model is only a model."""
    mix: Mix
    """The one chosen; without a meaning where no feature is mixed."""


def log_work(stage: str, work: Sequence[float], mix: Mix) -> Sequence[float]:
    """Of one turn, a logarithm for each feature. A stage has one mixed feature, or others."""
    return (math.log(mix.tokens(*work)),) if is_mixed(stage) else work


def is_mixed(stage: str) -> bool:
    """Its tokens come about in a way that has to be found from the turns."""
    features = FEATURES.get(stage, ())
    return bool(features) and features[0].is_mixed


def log_works(stage: str, work: Sequence[Sequence[float]]) -> Array:
    """Log work (rows × n): a row for each feature, but for a mixed one a row for each of ``MIXES``."""
    if not is_mixed(stage):
        return np.array(work, dtype=float).reshape(len(work), len(FEATURES.get(stage, ()))).T
    parts = np.ones((len(work), len(FIRST)))
    parts[:, :-1] = np.array(work, dtype=float).reshape(len(work), len(FIRST) - 1)
    return np.asarray(np.log(np.maximum(_MIXES @ parts.T, 1.0)))


def design(stage: str, logs: Array, mix: Mix) -> Array:
    """Log work (n × features), out of what ``log_works`` has."""
    return np.ascontiguousarray((logs[[_PLACES[mix]]] if is_mixed(stage) else logs).T)


def prior_fit(stage: str) -> Fit:
    """What is taken for it before there are values."""
    priors = priors_of(stage)
    return Fit(priors.slopes, priors.spreads, FIRST)


def fit_work(stage: str, y: Array, logs: Array, groups: Array | None = None, near: Fit | None = None) -> Fit:
    """The fit for the mix that leaves the least unexplained.

    ``logs``: of ``log_works``. ``groups`` (n, small integers) have levels of their own, so that the difference between
    two selections is not taken for work. ``near``: an earlier fit of nearly the same values, from which a few rounds
    are enough.
    """
    priors = priors_of(stage)
    if not len(priors.slopes) or len(y) < _TUNING.least_values:
        return prior_fit(stage)
    sides: list[Places] = [slice(None)]
    if groups is not None:
        sides = [np.flatnonzero(groups == group) for group in np.unique(groups)]
    start = priors.slopes if near is None else near.slopes
    mix = FIRST
    if is_mixed(stage) and len(y) >= _TUNING.mix_values:
        mix = MIXES[int(np.argmin(_scales(y - start[0] * logs, sides)))]
    rounds = _TUNING.rounds if near is None else _TUNING.later_rounds
    slopes, errors = _fit(y, design(stage, logs, mix), priors, sides, (start, rounds))
    return Fit(slopes, errors, mix)


def tokens_apart(stage: str, y: Array, logs: Array, groups: Array) -> float:
    """How far the difference of two groups' log tokens is open: its standard deviation over the mixes that fit as well.

    ``logs``: of ``log_works``. 0 for a stage whose tokens need no mix.
    """
    if not is_mixed(stage) or not len(y):
        return 0.0
    as_good = _TUNING.as_good if len(y) >= _TUNING.mix_values else _TUNING.as_good_of_few
    sides = [np.flatnonzero(groups == group) for group in (0, 1)]
    scales = _scales(y - priors_of(stage).slopes[0] * logs, sides)
    open_ones = logs[scales <= (1 + as_good) * scales.min()]
    apart = np.median(open_ones[:, sides[1]], axis=1) - np.median(open_ones[:, sides[0]], axis=1)
    return float(np.std(apart))


def _scales(residuals: Array, sides: Sequence[Places]) -> Array:
    """Robust scale of every row, each side around its own median."""
    sided = [_around(residuals[:, side]) for side in sides]
    around = np.abs(sided[0] if len(sided) == 1 else np.concatenate(sided, axis=1))
    around.sort(axis=1)
    return np.asarray(around[:, around.shape[1] // 2])


def _around(values: Array) -> Array:
    return np.asarray(values - np.sort(values, axis=1)[:, [values.shape[1] // 2]])


def _fit(y: Array, x: Array, priors: Priors, sides: Sequence[Places], begin: tuple[Array, int]) -> tuple[Array, Array]:
    """Ridge towards the prior with Huber weights, from the slopes and for the rounds of ``begin``: slopes, errors."""
    fitted, rounds = begin
    weights: Array = np.ones(len(y))
    pull = priors.precision * priors.slopes
    for _ in range(rounds):
        centred_y, centred_x = _centred(y, x, weights, sides)
        residual = centred_y - centred_x @ fitted
        scale = max(robust_scale(residual), _TUNING.least_scale)
        weights = np.asarray(np.minimum(1.0, _TUNING.huber * scale / np.maximum(np.abs(residual), 1e-12)))
        weighted = centred_x.T * (weights / scale**2)
        inverse = _inverse(weighted @ centred_x, priors.precision)
        fitted = inverse @ (weighted @ centred_y + pull)
    errors = np.maximum(np.sqrt(inverse.diagonal()), priors.spreads * _TUNING.least_error_share)
    return fitted, np.asarray(errors)


def _centred(y: Array, x: Array, weights: Array, sides: Sequence[Places]) -> tuple[Array, Array]:
    """Both less their weighted means, side by side."""
    if len(sides) == 1:
        share = weights / weights.sum()
        return y - share @ y, x - share @ x
    centred_y, centred_x = y.copy(), x.copy()
    for side in sides:
        share = weights[side] / weights[side].sum()
        centred_y[side] -= share @ y[side]
        centred_x[side] -= share @ x[side]
    return centred_y, centred_x


def _inverse(matrix: Array, precision: Array) -> Array:
    """Of the matrix with ``precision`` on its diagonal: one or two rows, for which numpy's takes ten times as long."""
    if len(precision) == 1:
        return np.asarray(1.0 / (matrix + precision))
    (a, b), (_, d) = matrix.tolist()
    a, d = a + float(precision[0]), d + float(precision[1])
    scale = a * d - b * b
    return np.array([[d / scale, -b / scale], [-b / scale, a / scale]])


def robust_scale(values: Array | Sequence[float]) -> float:
    """1.4826 × median absolute deviation: the standard deviation of the well-behaved part."""
    if not len(values):
        return 0.0
    array = np.asarray(values, dtype=float)
    return 1.4826 * spread(array - median(array))


def spread(off: Array) -> float:
    """Median distance from 0 of at least one value."""
    return _middle(np.abs(off))


def median(values: Array) -> float:
    """Median of at least one value; a sixth of the time that numpy's takes for some hundred of them."""
    return _middle(values.copy())


def _middle(ordered: Array) -> float:
    """Median of values that are not needed any more in their order."""
    ordered.sort()
    middle, odd = divmod(len(ordered), 2)
    return ordered.item(middle) if odd else (ordered.item(middle - 1) + ordered.item(middle)) / 2


def column_medians(values: Array) -> Array:
    """Median of each column of at least one row."""
    ordered, middle = np.sort(values, axis=0), len(values) // 2
    return np.asarray(ordered[middle] if len(values) % 2 else (ordered[middle - 1] + ordered[middle]) / 2)
