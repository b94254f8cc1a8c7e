"""The usual level of one series, and the evidence that it has moved.

Formulas and sources: STATISTICS.md.
"""

import math
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from timmy_tui.analysis.detect.cusum import Bank, Runs
from timmy_tui.analysis.stats.series import soft_of
from timmy_tui.analysis.stats.tuning import TUNING
from timmy_tui.analysis.stats.workload import Fit, design, fit_work, log_work, median
from timmy_tui.model.stages import V2V

Array = np.ndarray[Any, np.dtype[np.float64]]

_TUNING = TUNING.reference


class Entry(NamedTuple):
    """One value of a series."""

    log_ms: float
    work: tuple[float, ...]
    turn: tuple[int, str]
    """Ordinal and request id."""


class Level:
    """Reference, slopes and CUSUM bank of one series; ``add`` is constant in the length of history."""

    def __init__(
        self,
        stage: str,
        least: int = _TUNING.least_values,
        session: float = TUNING.session_noise.assumed,
        runs: Runs | None = None,
    ) -> None:
        """``least``: values before there is a level. ``session``: how far sessions differ by chance, in log units.

        ``runs``: shared by all series of a machine.
        """
        self.stage = stage
        self.session = session
        self._least = least
        self.bank = Bank()
        self._runs = runs or Runs()
        self._far = 0
        """Far slower values up to the newest, without a break."""
        self._reference: deque[Entry] = deque(maxlen=_TUNING.most_values)
        self._recent: deque[Entry] = deque()
        self._since_fit = 0
        self._level = 0.0
        self._scale = _TUNING.first_scale
        self._old_scale: float | None = None
        self._fitted: Fit = fit_work(stage, np.zeros(0), ())
        self._origin: Sequence[float] = [0.0] * len(self._fitted.slopes)
        self._slopes: Sequence[float] = self._fitted.slopes.tolist()
        self._sorted: Sequence[float] = ()
        """Residuals of the reference."""
        self._alike = 0.0
        """Correlation of neighbouring residuals."""
        self._tick = 0.0
        """ms. Step of the clock, where the values show one."""
        self._session_sum, self._session_count = 0.0, 0
        self.residual: float | None = None
        """Of the newest value, in log units; None while there is no level."""
        self.fits = 0
        """Number of fits so far."""
        self.judged: tuple[int, float] | None = None
        """Number of the fit by which the newest value was judged, and what its work was taken for."""
        self.expected: float | None = None
        """Usual time for the work of the newest value, as of the values before it; the softening is in it."""
        self._last = 0.0
        """The residual before it, clipped."""

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

    def add(self, log_ms: float, work: tuple[float, ...], turn: tuple[int, str]) -> None:
        """Judge a value against the reference; it becomes part of it when no excursion may hold it any more."""
        self.residual = self.expected = self.judged = None
        value = math.log(math.exp(log_ms) + self._tick) if self._tick else log_ms
        ready = self.ready
        if ready:
            self._judge(value, work)
        self._recent.append(Entry(value, work, turn))
        waiting = self.bank.longest if ready else 0
        while len(self._recent) > min(waiting, _TUNING.held_back):
            self._reference.append(self._recent.popleft())
            self._since_fit += 1
        if self._since_fit >= max(_TUNING.refit_every, _TUNING.refit_share * len(self._reference)):
            self._fit()

    def _judge(self, value: float, work: tuple[float, ...]) -> None:
        effect, slope_variance = self._effect_of(work)
        residual = self.residual = value - self._level - effect
        self.judged = self.fits, effect
        self.expected = math.exp(self._level + effect) - self._tick
        scale, alike = self._scale, self._alike
        limit = _TUNING.far_scales * scale
        # Of neighbours that are alike only what is new counts, and it is set against a spread as much wider.
        new = (residual - alike * self._last) / (1 - alike)
        spread = scale * math.sqrt((1 + alike) / (1 - alike))
        rarity = self._rarity(residual) if abs(residual) > scale else 1.0
        self.bank.add(new, spread, self._error(spread, slope_variance), rarity, self._runs.cap)
        if rarity == 1.0 and residual > _TUNING.burst_scales * scale:
            self._far += 1
        elif self._far:
            self._runs.add(self._far)
            self._far = 0
        self._last = max(min(residual, limit), -limit)
        self._session_sum += self._last
        self._session_count += 1

    def learn(self, log_ms: float, work: tuple[float, ...], turn: tuple[int, str]) -> None:
        """Take a value into the reference without judging it."""
        value = math.log(math.exp(log_ms) + self._tick) if self._tick else log_ms
        self._reference.append(Entry(value, work, turn))
        self._since_fit += 1
        count = len(self._reference)
        if self._since_fit >= max(_TUNING.refit_every, _TUNING.refit_share * count) or count == self._least:
            self._fit()

    def _effect_of(self, work: tuple[float, ...]) -> tuple[float, float]:
        """Log units that this work takes longer than the usual one, and the variance that uncertain slopes leave."""
        if not work:
            return 0.0, 0.0
        effect = variance = 0.0
        for place, value in enumerate(log_work(self.stage, work, self._fitted.mix)):
            distance = value - self._origin[place]
            effect += self._slopes[place] * distance
            variance += (distance * float(self._fitted.errors[place])) ** 2
        return effect, variance

    def _rarity(self, residual: float) -> float:
        """1 where few of the reference are this far out; a stage with two levels is often at the other one."""
        count, bar = len(self._sorted), _TUNING.rarity_share * residual
        place = bisect_left(self._sorted, bar)
        share = ((count - place if residual > 0 else place) + 1) / (count + 1)
        return min(math.log(share) / math.log(_TUNING.rare), 1.0)

    def _error(self, spread: float, slope_variance: float) -> float:
        """Standard error of the expected value: of the median, of sessions, of slopes far from the usual work."""
        n = max(len(self._reference), 1)
        session_variance = self.session**2 * (1 + min(_TUNING.session_turns / n, 1.0))
        return math.sqrt(1.57 * spread**2 / n + session_variance + slope_variance)

    def _fit(self) -> None:
        self.fits += 1
        y = np.array([entry[0] for entry in self._reference])
        y = self._notice_tick(y)
        residuals = y
        if self._slopes:
            work = [entry[1] for entry in self._reference]
            known = self._fitted if self._sorted else None
            self._fitted = fit_work(self.stage, y, work, near=known)
            x = design(self.stage, work, self._fitted.mix)
            origin = np.median(x, axis=0)
            self._origin, self._slopes = origin.tolist(), self._fitted.slopes.tolist()
            residuals = y - (x - origin) @ self._fitted.slopes
        self._level = median(residuals)
        residuals = residuals - self._level
        own = 1.4826 * median(np.abs(residuals))
        self._alike = self._likeness(residuals, own)
        self._sorted = np.sort(residuals).tolist()
        self._set_scale(own * (1 + (_TUNING.caution / len(y)) ** 2), len(y))
        self._since_fit = 0

    def _set_scale(self, scale: float, count: int) -> None:
        if self._old_scale is not None:
            share = min(count / max(self._least, _TUNING.least_values), 1.0)
            scale = share * scale + (1 - share) * self._old_scale
            self._old_scale = None if share == 1.0 else self._old_scale
        least = _TUNING.least_scale
        if self._tick:
            least = max(least, _TUNING.tick_scale * self._tick / math.exp(self._level))
        self._scale = max(scale, least)

    def _likeness(self, residuals: Array, scale: float) -> float:
        """Correlation of neighbours, of residuals that are clipped; towards the assumed one while there are few."""
        clipped = np.clip(residuals, -_TUNING.far_scales * scale, _TUNING.far_scales * scale)
        square = float(clipped @ clipped)
        if not square:
            return 0.0
        count, weight = len(clipped), _TUNING.alike_values
        own = float(clipped[1:] @ clipped[:-1]) / square
        return min(max((count * own + weight * _TUNING.alike) / (count + weight), 0.0), _TUNING.most_alike)

    def _notice_tick(self, y: Array) -> Array:
        """A clock that moves in steps of some ms: few distinct values. From then on its step is a softening term."""
        if self._tick or not _TUNING.least_values <= len(y) <= _TUNING.tick_values or self.stage == V2V:
            return y
        distinct = np.unique(np.round(np.exp(y), 1))
        if len(distinct) < 2 or len(distinct) > _TUNING.tick_share * len(y):
            return y
        step = float(np.diff(distinct).min())
        if step < _TUNING.least_tick_ms:
            return y
        self._tick = step
        for entries in (self._reference, self._recent):
            softened = [entry._replace(log_ms=math.log(math.exp(entry.log_ms) + step)) for entry in entries]
            entries.clear()
            entries.extend(softened)
        return np.log(np.exp(y) + step)

    def _newest(self, length: int) -> list[float]:
        """Distances of the newest ``length`` values from the level."""
        newest = list(self._recent)[-length:]
        return [entry.log_ms - self._level - self._effect_of(entry.work)[0] for entry in newest]

    def excursion(self, length: int) -> tuple[float, tuple[int, str]]:
        """Median shift of the newest ``length`` values in log units, and the turn of the first of them."""
        return median(np.array(self._newest(length))), list(self._recent)[-length:][0].turn

    def separation(self, length: int) -> float:
        """How far apart the newest ``length`` values and the reference are by their ranks, in standard deviations.

        Few values of two levels, or of a wide stage, make a level by chance: this knows how few they are.
        """
        newest, reference = self._newest(length), self._sorted
        m, n = len(reference), len(newest)
        if not m:
            return 0.0
        below = sum(bisect_left(reference, value) + bisect_right(reference, value) for value in newest) / 2
        return (below - m * n / 2) / math.sqrt(m * n * (m + n + 1) / 12)

    def moved_ms(self, shift: float) -> tuple[float, float]:
        """ms at the usual work before and after a shift in log units, without any softening; at least a tenth."""
        softening = self._tick + (0.0 if self.stage == V2V else soft_of(self.stage))
        before, after = (math.exp(level) - softening for level in (self._level, self._level + shift))
        return max(before, _TUNING.least_ms), max(after, _TUNING.least_ms)

    def session_offset(self) -> tuple[float, float] | None:
        """Squared distance of the session that ended from the level, and how much of it single values explain."""
        count, total = self._session_count, self._session_sum
        self._session_sum, self._session_count = 0.0, 0
        if count < _TUNING.settled_values or not self.ready:
            return None
        return (total / count) ** 2, self._scale**2 * (1 / count + 1 / len(self._reference))

    def move(self, length: int) -> None:
        """Take the newest ``length`` values as the new reference."""
        newest = list(self._recent)[-length:]
        self._old_scale = self._scale
        self._reference.clear()
        self._reference.extend(newest)
        self._recent.clear()
        self._start_evidence()
        self._fit()

    def forget(self, length: int) -> None:
        """Drop the newest ``length`` values, which something else explains, and the evidence."""
        for _ in range(min(length, len(self._recent))):
            self._recent.pop()
        self._start_evidence()

    def restart(self) -> None:
        """Forget level and evidence: what follows is not comparable."""
        self._reference.clear()
        self._recent.clear()
        self._old_scale = None
        self._level = 0.0
        self._sorted = ()
        self.fits += 1
        self._fitted = fit_work(self.stage, np.zeros(0), ())
        self._slopes = self._fitted.slopes.tolist()
        self._start_evidence()

    def _start_evidence(self) -> None:
        self.bank.reset()
        self._last, self._far = 0.0, 0
        self._session_sum, self._session_count = 0.0, 0
