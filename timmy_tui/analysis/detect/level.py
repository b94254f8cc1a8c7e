"""The usual level of one series: how long it takes for how much work, and how far single values lie around that.

Formulas and sources: STATISTICS.md.
"""

import math
from collections import deque
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from msgspec.structs import replace

from timmy_tui.analysis.stats.references import Columns
from timmy_tui.analysis.stats.references import Entry as Entry
from timmy_tui.analysis.stats.series import soft_of
from timmy_tui.analysis.stats.tuning import TUNING
from timmy_tui.analysis.stats.workload import Array as Array
from timmy_tui.analysis.stats.workload import (
    Fit,
    column_medians,
    design,
    fit_work,
    is_mixed,
    log_work,
    median,
    prior_fit,
    spread,
)
from timmy_tui.model.stages.watched import V2V

_TUNING = TUNING.reference


class Level:
    """Learned from the newest values; ``learn`` is constant in the length of history."""

    def __init__(self, stage: str, least: int = _TUNING.least_values) -> None:
        """``least``: values before there is a level."""
        self.stage = stage
        self._least = least
        self._reference: deque[Entry] = deque(maxlen=_TUNING.most_values)
        self._columns = Columns(stage)
        self._since_fit = 0
        self._level = 0.0
        self._scale = _TUNING.first_scale
        self._old_scale: float | None = None
        self._fitted: Fit = prior_fit(stage)
        self._is_fitted = False
        self._origin: Sequence[float] = [0.0] * len(self._fitted.slopes)
        self._slopes: Sequence[float] = self._fitted.slopes.tolist()
        self._errors: Sequence[float] = self._fitted.errors.tolist()
        self._is_mixed = is_mixed(stage)
        self._tick = 0.0
        """ms. Step of the clock, where the values show one."""
        self.fits = 0
        """Number of fits so far."""

    @property
    def ready(self) -> bool:
        """There is a level to be judged against."""
        return len(self._reference) >= (self._least if self._old_scale is None else _TUNING.settled_values)

    @property
    def usual_ms(self) -> float:
        """The level at the usual amount of work, the softening of the series in it."""
        return math.exp(self._level) - self._tick

    @property
    def scale(self) -> float:
        """Spread around the level in log units, taken as wider while few values are known."""
        return self._scale

    def shifted_ms(self, shift: float) -> float:
        """The same of a level that is so many log units away."""
        return math.exp(self._level + shift) - self._tick

    @property
    def values(self) -> int:
        """Number of values that the level rests on."""
        return len(self._reference)

    @property
    def first_turn(self) -> int:
        """Ordinal of the oldest turn that the level rests on."""
        return self._reference[0].turn[0]

    @property
    def usual_work(self) -> tuple[float, ...]:
        """Each measure of work, as it usually is."""
        works = (entry.work for entry in self._reference)
        return tuple(float(np.median(measure)) for measure in zip(*works, strict=True))

    def expected_ms(self, work: tuple[float, ...], shift: float = 0.0) -> float | None:
        """Usual time for so much work, the softening of the series in it; None while there is no level.

        ``shift``: of a level that is so many log units away from this one.
        """
        if not self.ready:
            return None
        return math.exp(self._level + shift + self._effect_of(work)[0]) - self._tick

    def work_effect(self, work: tuple[float, ...]) -> float:
        """By how much the time for this work is over that for the usual, log units."""
        return self._effect_of(work)[0]

    def moved_ms(self, shift: float) -> tuple[float, float]:
        """ms at the usual work before and after a shift in log units, without any softening; at least a tenth."""
        softening = self._tick + (0.0 if self.stage == V2V else soft_of(self.stage))
        before, after = (math.exp(level) - softening for level in (self._level, self._level + shift))
        return max(before, _TUNING.least_ms), max(after, _TUNING.least_ms)

    def learn(self, log_ms: float, work: tuple[float, ...], turn: tuple[int, str]) -> None:
        """Take a value into the reference without judging it."""
        value = math.log(math.exp(log_ms) + self._tick) if self._tick else log_ms
        self._reference.append(Entry(value, work, turn))
        self._since_fit += 1
        if self._is_fit_due() or len(self._reference) == self._least:
            self._fit()

    def _is_fit_due(self) -> bool:
        """Enough of the reference is new."""
        since = self._since_fit
        return since >= _TUNING.refit_every and since >= _TUNING.refit_share * len(self._reference)

    def _effect_of(self, work: tuple[float, ...]) -> tuple[float, float]:
        """Log units that this work takes longer than the usual one, and the variance that uncertain slopes leave."""
        if not work:
            return 0.0, 0.0
        effect = variance = 0.0
        for place, value in enumerate(log_work(self.stage, work, self._fitted.mix) if self._is_mixed else work):
            distance = value - self._origin[place]
            effect += self._slopes[place] * distance
            variance += (distance * self._errors[place]) ** 2
        return effect, variance

    def _fit(self) -> None:
        self.fits += 1
        y, logs = self._columns.follow(self._reference, self._since_fit)
        y = self._notice_tick(y)
        residuals = y
        if self._slopes:
            self._fitted = fitted = fit_work(self.stage, y, logs, near=self._fitted if self._is_fitted else None)
            x = design(self.stage, logs, fitted.mix)
            origin = column_medians(x)
            self._origin, self._slopes, self._errors = origin.tolist(), fitted.slopes.tolist(), fitted.errors.tolist()
            residuals = y - (x - origin) @ fitted.slopes
        self._is_fitted = True
        self._level = median(residuals)
        residuals = residuals - self._level
        own = 1.4826 * spread(residuals)
        self._take_residuals(residuals, own)
        self._set_scale(own * (1 + (_TUNING.caution / len(y)) ** 2), len(y))
        self._since_fit = 0

    def _take_residuals(self, residuals: Array, scale: float) -> None:
        """Of the reference, in order, with their robust scale: for whoever judges by them."""

    def _set_scale(self, scale: float, count: int) -> None:
        if self._old_scale is not None:
            share = min(count / max(self._least, _TUNING.least_values), 1.0)
            scale = share * scale + (1 - share) * self._old_scale
            self._old_scale = None if share == 1.0 else self._old_scale
        least = _TUNING.least_scale
        if self._tick:
            least = max(least, _TUNING.tick_scale * self._tick / math.exp(self._level))
        self._scale = max(scale, least)

    def _notice_tick(self, y: Array) -> Array:
        """A clock that moves in steps of some ms: few distinct values. From then on its step is a softening term."""
        if self._tick or not _TUNING.least_values <= len(y) <= _TUNING.tick_values or self.stage == V2V:
            return y
        distinct = sorted(set(np.round(np.exp(y), 1).tolist()))
        if len(distinct) < 2 or len(distinct) > _TUNING.tick_share * len(y):
            return y
        step = min(above - below for below, above in pairwise(distinct))
        if step < _TUNING.least_tick_ms:
            return y
        self._tick = step
        self._soften(self._reference)
        return np.asarray(np.log(np.exp(y) + step))

    def _soften(self, entries: deque[Entry]) -> None:
        softened = [replace(entry, log_ms=math.log(math.exp(entry.log_ms) + self._tick)) for entry in entries]
        entries.clear()
        entries.extend(softened)

    def _forget(self) -> None:
        """Neither values nor slopes: what follows is not comparable."""
        self._reference.clear()
        self._old_scale = None
        self._level = 0.0
        self._is_fitted = False
        self.fits += 1
        self._fitted = prior_fit(self.stage)
        self._slopes, self._errors = self._fitted.slopes.tolist(), self._fitted.errors.tolist()
