"""A test that knows where the change began: what can be found at all in the same logs.

Two samples of every stage, the turns ahead of the change and those behind it, on times whose work is taken out
exactly: t is the difference of the trimmed means over its standard error, with the chance of two sessions in it. Each
stage's t is counted in units of what clean logs of the same world reach in that stage (their 95 % quantile), because
worlds and stages differ. The test alarms where the changed stage is above what the largest of all stages reaches in a
share α of the clean logs, and α is the share of clean logs of that length and world in which the detector alarms.
"""

from collections.abc import Sequence

import numpy as np

from bench.judgement.scenarios import Array, Labelled

LEAST = 5
"""Values a side."""
TRIMMED = 0.1
"""Share left out at each end."""
SESSIONS = 0.02
"""Log units that sessions differ by."""


class Clairvoyant:
    """For one world, length and α."""

    def __init__(self, clean: Sequence[Labelled], turns: int, alpha: float) -> None:
        """``clean``: logs without a change. ``turns``: behind the change, that are looked at."""
        self._turns = turns
        reached = {stage: np.array([self._t(log, stage) for log in clean]) for stage in clean[0].residuals}
        self._units = {stage: max(float(np.quantile(of, 0.95)), 1.0) for stage, of in reached.items()}
        largest = np.sort(np.max([of / self._units[stage] for stage, of in reached.items()], axis=0))[::-1]
        self._least = float(largest[min(int(alpha * len(largest)), len(largest) - 1)])

    def finds(self, log: Labelled) -> bool:
        """The changed stage is called."""
        return self._t(log, log.stage) / self._units[log.stage] > self._least

    def _t(self, log: Labelled, stage: str) -> float:
        values = log.residuals[stage]
        before, behind = values[: log.place], values[log.place : log.place + self._turns]
        before, behind = before[~np.isnan(before)], behind[~np.isnan(behind)]
        if min(len(before), len(behind)) < LEAST:
            return 0.0
        (left, error), (right, other) = _trimmed(before), _trimmed(behind)
        return abs(left - right) / float(np.sqrt(error**2 + other**2 + 2 * SESSIONS**2))


def _trimmed(values: Array) -> tuple[float, float]:
    """Trimmed mean and its standard error, by the winsorized spread."""
    ordered = np.sort(values)
    cut = int(TRIMMED * len(ordered))
    middle = ordered[cut : len(ordered) - cut]
    clipped = np.clip(ordered, middle[0], middle[-1])
    return float(middle.mean()), float(clipped.std()) / ((1 - 2 * TRIMMED) * np.sqrt(len(ordered)))
