"""One stage's usual level, and the evidence that it has moved.

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
        self._inherited: float | None = None
        self._fitted: Fit = fit_work(stage, np.zeros(0), ())
        self._origin: Array = np.zeros(len(self._fitted.slopes))
        self.residual: float | None = None
        """Of the newest value, in log units; None while there is no level."""

    @property
    def ready(self) -> bool:
        """There is a level to be judged against."""
        return len(self._reference) >= (self._least if self._inherited is None else _TUNING.settled_values)

    @property
    def usual_ms(self) -> float:
        """The level at the usual amount of work."""
        return math.exp(self._level)

    @property
    def scale(self) -> float:
        """Spread around the level in log units, taken as wider while few values are known."""
        return self._scale

    def expected_ms(self, work: tuple[float, ...]) -> float | None:
        """Usual time for so much work; None while there is no level."""
        if not self.ready:
            return None
        return math.exp(self._level + self._explained(work))

    def add(self, log_ms: float, work: tuple[float, ...], turn: tuple[int, str]) -> None:
        """One value more: judged against the reference, then held back until it is known to be part of it."""
        self.residual = None
        if self.ready:
            self.residual = self._distance(log_ms, work)
            self.bank.add(self.residual, self._scale, self._error(work))
        self._recent.append(Entry(log_ms, work, turn))
        keep = self.bank.longest if self.ready else 0
        while len(self._recent) > min(keep, _TUNING.held_back):
            self._reference.append(self._recent.popleft())
            self._since_fit += 1
        short = len(self._reference) <= _TUNING.offset_search_until
        if self._since_fit >= _TUNING.refit_every * (1 if short else _TUNING.refit_slower):
            self._fit()

    def learn(self, log_ms: float, work: tuple[float, ...], turn: tuple[int, str]) -> None:
        """Take a value into the reference without judging it."""
        self._reference.append(Entry(log_ms, work, turn))
        self._since_fit += 1
        if self._since_fit >= _TUNING.refit_every or len(self._reference) == self._least:
            self._fit()

    def _away(self, work: tuple[float, ...]) -> Array:
        """Distance of this work from the usual, in log units."""
        if not work:
            return self._origin
        return np.asarray(design(self.stage, [work], self._fitted.offsets)[0] - self._origin)

    def _explained(self, work: tuple[float, ...]) -> float:
        return float(self._away(work) @ self._fitted.slopes) if work else 0.0

    def _distance(self, log_ms: float, work: tuple[float, ...]) -> float:
        return log_ms - self._level - self._explained(work)

    def _error(self, work: tuple[float, ...]) -> float:
        """Standard error of what is expected: of a median, of this session and those behind it, of slopes far out."""
        far = float(((self._away(work) * self._fitted.errors) ** 2).sum()) if work else 0.0
        n = max(len(self._reference), 1)
        chance = self.session**2 * (1 + min(_TUNING.session_turns / n, 1.0))
        return math.sqrt(1.57 * self._scale**2 / n + chance + far)

    def _fit(self) -> None:
        y = np.array([entry.log_ms for entry in self._reference])
        work = [entry.work for entry in self._reference]
        near = self._fitted.offsets if len(y) > _TUNING.offset_search_until else None
        self._fitted = fit_work(self.stage, y, work, near=near)
        left = y
        if len(self._fitted.slopes):
            x = design(self.stage, work, self._fitted.offsets)
            self._origin = np.median(x, axis=0)
            left = y - (x - self._origin) @ self._fitted.slopes
        self._level = median(left)
        own = robust_scale(left) * (1 + (_TUNING.caution / len(y)) ** 2)
        if self._inherited is not None:
            share = min(len(y) / _TUNING.least_values, 1.0)
            own = share * own + (1 - share) * self._inherited
            self._inherited = None if share == 1.0 else self._inherited
        self._scale = max(own, _TUNING.least_scale)
        self._since_fit = 0

    def excursion(self, length: int) -> tuple[float, tuple[int, str]]:
        """Median shift of the newest ``length`` values in log units, and the turn of the first of them."""
        newest = list(self._recent)[-length:]
        shifts = [self._distance(entry.log_ms, entry.work) for entry in newest]
        return float(np.median(shifts)), newest[0].turn

    def move(self, length: int) -> None:
        """The newest ``length`` values are the new reference."""
        newest = list(self._recent)[-length:]
        self._inherited = self._scale
        self._reference.clear()
        self._reference.extend(newest)
        self._recent.clear()
        self.bank.reset()
        self._fit()

    def forget(self, length: int) -> None:
        """Leave the newest ``length`` values out: something else explains them."""
        for _ in range(min(length, len(self._recent))):
            self._recent.pop()
        self.bank.reset()

    def restart(self) -> None:
        """Forget the level: what follows is another thing."""
        self._reference.clear()
        self._recent.clear()
        self._inherited = None
        self._level = 0.0
        self._fitted = fit_work(self.stage, np.zeros(0), ())
        self.bank.reset()
