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
from timmy_tui.model.turn import Turn

Array = np.ndarray[Any, np.dtype[np.float64]]

_TUNING = TUNING.workload


@dataclass(frozen=True)
class Feature:
    """One measure of a stage's work and how its time should follow, in log units."""

    name: str
    """In the words of the screen: what a comparison was adjusted for."""
    read: Callable[[Turn, Turn | None], float | None]
    """Value from the turn and the one before it in its session; None is not known."""
    slope: float
    """Prior: 1 is in proportion."""
    spread: float
    """Standard deviation of the prior."""
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


_OUTPUT = Feature("output tokens", lambda turn, before: _log(turn.output_tokens), *_TUNING.decode_output)
_PROMPT = Feature("prompt tokens", lambda turn, before: _log(turn.prompt_tokens), *_TUNING.decode_prompt)
_EVALUATED = Feature("evaluated tokens", _evaluated, *_TUNING.prefill_evaluated, _TUNING.offsets)
_REPLY = Feature("reply length", lambda turn, before: _log(turn.reply_length), *_TUNING.tts_reply)
_TEXT = Feature("text length", lambda turn, before: _log(turn.text_length), *_TUNING.store_text)
_PLUMBING = Feature("output tokens", lambda turn, before: _log(turn.output_tokens), *_TUNING.wait_output)
_ANSWER = Feature("output tokens", lambda turn, before: _log(turn.output_tokens), *_TUNING.llm_output)
_WHOLE_PROMPT = Feature("prompt tokens", lambda turn, before: _log(turn.prompt_tokens), *_TUNING.llm_prompt)

FEATURES: dict[str, tuple[Feature, ...]] = {
    "prefill": (_EVALUATED,),
    "decode": (_OUTPUT, _PROMPT),
    "wait": (_PLUMBING,),
    "llm": (_ANSWER, _WHOLE_PROMPT),
    "tts": (_REPLY,),
    "store": (_TEXT,),
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


def priors_of(stage: str) -> tuple[Array, Array]:
    """Prior slopes and their standard deviations."""
    features = FEATURES.get(stage, ())
    return np.array([one.slope for one in features]), np.array([one.spread for one in features])


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
    slopes, spreads = priors_of(stage)
    choices = list(product(*(feature.offsets for feature in FEATURES.get(stage, ()) if feature.offsets)))
    middle = choices[len(choices) // 2]
    if not len(slopes) or len(y) < _TUNING.least_values:
        return Fit(slopes, spreads, middle, 0.0)
    if near in choices:
        place = choices.index(near)
        choices = choices[max(place - 1, 0) : place + 2]
    fits = [_fit(y, design(stage, work, offsets), slopes, spreads, groups, offsets) for offsets in choices]
    return min(fits, key=lambda fit: fit.scale)


def _fit(y: Array, x: Array, slopes: Array, spreads: Array, groups: Array | None, offsets: tuple[float, ...]) -> Fit:
    """Ridge towards the prior with Huber weights.

    ``groups`` (n, small integers) have levels of their own, so that the difference between two selections is not
    taken for work.
    """
    groups = np.zeros(len(y), dtype=int) if groups is None else groups
    members = [groups == group for group in np.unique(groups)]
    weights: Array = np.ones(len(y))
    fitted: Array = slopes.copy()
    precision = np.diag(1.0 / spreads**2)
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
        told = weighted.T @ centred_y + precision @ slopes
        fitted = np.asarray(np.linalg.solve(weighted.T @ centred_x + precision, told))
    errors = np.sqrt(np.diag(np.linalg.inv(weighted.T @ centred_x + precision)))
    left = robust_scale(centred_y - centred_x @ fitted)
    return Fit(fitted, np.asarray(np.maximum(errors, spreads * _TUNING.least_error_share)), offsets, left)


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
