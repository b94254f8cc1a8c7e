"""What others would do with the same values: one detector a stage, on milliseconds or their logarithm, work left in.

Each starts anew after its alarm. The first turn of a session is kept from them too: they differ by method alone.
"""

import math
from collections import deque
from collections.abc import Callable, Sequence
from statistics import fmean, median, stdev
from typing import Any, Protocol

from river.drift import ADWIN, KSWIN, PageHinkley
from scipy.stats import mannwhitneyu

from bench.judgement.score import Alarm, Method
from timmy_tui.analysis.detect.cusum import Bank
from timmy_tui.analysis.stats.series import soft_of, stage_of, values_of
from timmy_tui.analysis.stats.tuning import TUNING
from timmy_tui.analysis.stats.workload import robust_scale
from timmy_tui.model.stages.watched import GAP, UNATTRIBUTED
from timmy_tui.model.turn import Turn

WARM = 30
"""Values ahead of the first judgement."""
RECENT = 12
"""Values that are set against those before them."""


class Detector(Protocol):
    """One series."""

    def moved(self, value: float) -> bool:
        """Whether the level has moved, as of this value."""


class ThreeSigma:
    """Beyond mean + 3 standard deviations of the last 100."""

    def __init__(self) -> None:
        self._past: deque[float] = deque(maxlen=100)

    def moved(self, value: float) -> bool:
        """The value alone decides."""
        past = self._past
        out = len(past) >= WARM and abs(value - fmean(past)) > 3 * stdev(past)
        past.append(value)
        return out


class River:
    """A drift detector of river with its own defaults."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._detector = make()

    def moved(self, value: float) -> bool:
        """What the library says."""
        self._detector.update(value)
        return bool(self._detector.drift_detected)


class SlidingRanks:
    """Mann–Whitney of the newest 12 against the 40 before them, at a level for one false alarm in 1000 turns."""

    LEVEL = 1e-6

    def __init__(self) -> None:
        self._past: deque[float] = deque(maxlen=RECENT + 40)

    def moved(self, value: float) -> bool:
        """Ranks decide, so that outliers count little."""
        past = self._past
        past.append(value)
        if len(past) < RECENT + WARM:
            return False
        both = list(past)
        return float(mannwhitneyu(both[-RECENT:], both[:-RECENT], method="asymptotic").pvalue) < self.LEVEL


class PlainBank:
    """The dashboard's CUSUM bank with the work left in."""

    def __init__(self) -> None:
        self._past: deque[float] = deque(maxlen=200)
        self._bank = Bank()

    def moved(self, value: float) -> bool:
        """Evidence of 9, as in the dashboard."""
        past = self._past
        if len(past) >= WARM:
            scale = max(robust_scale(list(past)), 0.02)
            error = math.hypot(1.25 * scale / math.sqrt(len(past)), TUNING.session_noise.assumed)
            self._bank.add(value - median(past), scale, error)
        if not self._bank.longest:
            past.append(value)
        elif self._bank.longest > 40:
            self._bank.reset()
        return self._bank.strongest()[0] >= 9.0


BASELINES: dict[str, tuple[Callable[[], Detector], bool]] = {
    "mean ± 3σ on ms": (ThreeSigma, False),
    "Page–Hinkley on ms, river": (lambda: River(PageHinkley), False),
    "ADWIN on ms, river": (lambda: River(ADWIN), False),
    "ADWIN on log, river": (lambda: River(ADWIN), True),
    "KSWIN on log, river": (lambda: River(lambda: KSWIN(seed=1)), True),
    "Mann–Whitney 12 v 40 on log": (SlidingRanks, True),
    "capped CUSUM bank on log, work left in": (PlainBank, True),
}
"""Name → detector of one series, and whether it is given logarithms."""


def method_of(make: Callable[[], Detector], logs: bool) -> Method:
    """One detector a stage, as a method for the scorer."""

    def detect(turns: Sequence[Turn]) -> list[Alarm]:
        detectors: dict[str, Detector] = {}
        levels: dict[str, deque[float]] = {}
        alarms: list[Alarm] = []
        for before, turn in zip(turns, turns[1:], strict=False):
            if before.session != turn.session:
                continue
            for name, log_ms, _ in values_of(turn, before, loaded=False):
                series = stage_of(name)
                value = log_ms if logs else math.exp(log_ms) - soft_of(series)
                level = levels.setdefault(series, deque(maxlen=60))
                level.append(value)
                if detectors.setdefault(series, make()).moved(value):
                    past = list(level)
                    slower = median(past[-5:]) >= median(past)
                    alarms.append(Alarm(turn.ordinal, UNATTRIBUTED if series.startswith(GAP) else series, slower))
                    detectors[series] = make()
        return alarms

    return detect
