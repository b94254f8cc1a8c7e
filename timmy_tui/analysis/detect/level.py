"""The usual level of one series, and the evidence that it has moved.

Formulas and sources: STATISTICS.md.
"""

import math
from collections import deque
from typing import Any, NamedTuple

import numpy as np

from timmy_tui.analysis.detect.cusum import Bank
from timmy_tui.analysis.stats.tuning import TUNING
from timmy_tui.analysis.stats.workload import Fit, design, fit_work, median, robust_scale

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
        self, stage: str, least: int = _TUNING.least_values, session: float = TUNING.session_noise.assumed
    ) -> None:
        """``least``: values before there is a level. ``session``: how far sessions differ by chance, in log units."""
        self.stage = stage
        self.session = session
        self._least = least
        self.bank = Bank()
        self._reference: deque[Entry] = deque(maxlen=_TUNING.most_values)
        self._recent: deque[Entry] = deque()
        self._since_fit = 0
        self._level = 0.0
        self._scale = _TUNING.first_scale
        self._old_scale: float | None = None
        self._fitted: Fit = fit_work(stage, np.zeros(0), ())
        self._origin: Array = np.zeros(len(self._fitted.slopes))
        self.residual: float | None = None
        """Of the newest value, in log units; None while there is no level."""
        self.fits = 0
        """Number of fits so far."""
        self.judged: tuple[int, float] | None = None
        """Number of the fit by which the newest value was judged, and what its work was taken for."""

    @property
    def ready(self) -> bool:
        """There is a level to be judged against."""
        return len(self._reference) >= (self._least if self._old_scale is None else _TUNING.settled_values)

    @property
    def usual_ms(self) -> float:
        """The level at the usual amount of work."""
        return math.exp(self._level)

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

    @property
    def scale(self) -> float:
        """Spread around the level in log units, taken as wider while few values are known."""
        return self._scale

    def expected_ms(self, work: tuple[float, ...]) -> float | None:
        """Usual time for so much work; None while there is no level."""
        if not self.ready:
            return None
        return math.exp(self._level + self.work_effect(work))

    def add(self, log_ms: float, work: tuple[float, ...], turn: tuple[int, str]) -> None:
        """Judge a value against the reference; it becomes part of it when no excursion may hold it any more."""
        self.residual = self.judged = None
        if self.ready:
            effect = self.work_effect(work)
            self.judged = self.fits, effect
            self.residual = log_ms - self._level - effect
            self.bank.add(self.residual, self._scale, self._error(work))
        self._recent.append(Entry(log_ms, work, turn))
        waiting = self.bank.longest if self.ready else 0
        while len(self._recent) > min(waiting, _TUNING.held_back):
            self._reference.append(self._recent.popleft())
            self._since_fit += 1
        is_short = len(self._reference) <= _TUNING.offset_search_until
        if self._since_fit >= _TUNING.refit_every * (1 if is_short else _TUNING.refit_slower):
            self._fit()

    def learn(self, log_ms: float, work: tuple[float, ...], turn: tuple[int, str]) -> None:
        """Take a value into the reference without judging it."""
        self._reference.append(Entry(log_ms, work, turn))
        self._since_fit += 1
        if self._since_fit >= _TUNING.refit_every or len(self._reference) == self._least:
            self._fit()

    def _work_distance(self, work: tuple[float, ...]) -> Array:
        """Distance of this work from the usual, in log units."""
        if not work:
            return self._origin
        return np.asarray(design(self.stage, [work], self._fitted.offsets)[0] - self._origin)

    def work_effect(self, work: tuple[float, ...]) -> float:
        """By how much the time for this work is over that for the usual, log units."""
        return float(self._work_distance(work) @ self._fitted.slopes) if work else 0.0

    def _residual(self, log_ms: float, work: tuple[float, ...]) -> float:
        return log_ms - self._level - self.work_effect(work)

    def _error(self, work: tuple[float, ...]) -> float:
        """Standard error of the expected value: of the median, of sessions, of slopes far from the usual work."""
        slope_variance = float(((self._work_distance(work) * self._fitted.errors) ** 2).sum()) if work else 0.0
        n = max(len(self._reference), 1)
        session_variance = self.session**2 * (1 + min(_TUNING.session_turns / n, 1.0))
        return math.sqrt(1.57 * self._scale**2 / n + session_variance + slope_variance)

    def _fit(self) -> None:
        y = np.array([entry.log_ms for entry in self._reference])
        work = [entry.work for entry in self._reference]
        near = self._fitted.offsets if len(y) > _TUNING.offset_search_until else None
        self.fits += 1
        self._fitted = fit_work(self.stage, y, work, near=near)
        residuals = y
        if len(self._fitted.slopes):
            x = design(self.stage, work, self._fitted.offsets)
            self._origin = np.median(x, axis=0)
            residuals = y - (x - self._origin) @ self._fitted.slopes
        self._level = median(residuals)
        scale = robust_scale(residuals) * (1 + (_TUNING.caution / len(y)) ** 2)
        if self._old_scale is not None:
            share = min(len(y) / _TUNING.least_values, 1.0)
            scale = share * scale + (1 - share) * self._old_scale
            self._old_scale = None if share == 1.0 else self._old_scale
        self._scale = max(scale, _TUNING.least_scale)
        self._since_fit = 0

    def excursion(self, length: int) -> tuple[float, tuple[int, str]]:
        """Median shift of the newest ``length`` values in log units, and the turn of the first of them."""
        newest = list(self._recent)[-length:]
        shifts = [self._residual(entry.log_ms, entry.work) for entry in newest]
        return float(np.median(shifts)), newest[0].turn

    def move(self, length: int) -> None:
        """Take the newest ``length`` values as the new reference."""
        newest = list(self._recent)[-length:]
        self._old_scale = self._scale
        self._reference.clear()
        self._reference.extend(newest)
        self._recent.clear()
        self.bank.reset()
        self._fit()

    def forget(self, length: int) -> None:
        """Drop the newest ``length`` values, which something else explains, and the evidence."""
        for _ in range(min(length, len(self._recent))):
            self._recent.pop()
        self.bank.reset()

    def restart(self) -> None:
        """Forget level and evidence: what follows is not comparable."""
        self._reference.clear()
        self._recent.clear()
        self._old_scale = None
        self._level = 0.0
        self.fits += 1
        self._fitted = fit_work(self.stage, np.zeros(0), ())
        self.bank.reset()
