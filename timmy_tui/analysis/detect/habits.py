"""What all series have shown of their machine: whether its slow turns come in runs, and neighbours are alike.

Formulas and sources: STATISTICS.md.
"""

import math

from timmy_tui.analysis.detect.cusum import Runs
from timmy_tui.analysis.stats.tuning import TUNING
from timmy_tui.model.stages.watched import STAGES

_TUNING = TUNING.habits

ON_GPU = frozenset(stage.key for stage in STAGES if stage.judged and stage.on_gpu)
"""Stages that another process on the card may slow down together."""


class Bursts:
    """Whether slow turns come in bursts of two to four here, or each by itself: odds that every run moves."""

    def __init__(self, by_chance: float) -> None:
        """``by_chance``: share of turns that are slow where none comes in a burst."""
        self._told = tuple(_told_by_run(length, by_chance) for length in range(1, _TUNING.longest_told + 1))
        self._odds = 0.0
        self.chance = 0.0
        """That they come in bursts, 0 to 1."""
        self._add(_TUNING.burst_odds)

    def add_run(self, length: int) -> None:
        """A run of so many slow turns has ended. A long one was a level, and tells nothing."""
        if length <= TUNING.cusum.longest_burst:
            self._add(self._told[min(length, len(self._told)) - 1])

    def add_quiet_turn(self) -> None:
        """A turn that could have been slow, and was not."""
        self._add(-_TUNING.quiet_turn)

    def _add(self, told: float) -> None:
        self._odds = min(max(self._odds + told, -_TUNING.most_odds), _TUNING.most_odds)
        self.chance = 1 / (1 + math.exp(-self._odds))


class Habits:
    """Of one machine: shared by its series, each of which tells what its reference shows."""

    def __init__(self) -> None:
        self._runs = Runs()
        self._bursts = Bursts(_TUNING.far_by_chance)
        self._gpu = Bursts(_TUNING.gpu_by_chance)
        self._gpu_run = 0
        """Turns up to the newest in which several stages on the GPU were slow."""
        self._likeness: dict[str, tuple[int, float]] = {}
        """Series → values of its reference, and the correlation of neighbours among them."""
        self._alike = _TUNING.alike
        self.unrest = 0.0
        """0: turns are independent of each other, as far as the log shows; 1: some slow ones in a row are no news."""
        self.caution = 1.0
        """Share of a level's error that is allowed for: less on a machine without unrest."""
        self._take_stock()

    @property
    def cap(self) -> float:
        """Most evidence that a slower turn adds which follows another."""
        return self._runs.cap

    @property
    def gpu_unrest(self) -> float:
        """The same for stages on the GPU, which another process may slow down together."""
        return max(self.unrest, self._gpu.chance)

    def add_run(self, length: int) -> None:
        """A run of far slower turns of a series has ended."""
        self._runs.add(length)
        self._bursts.add_run(length)
        self._take_stock()

    def add_gpu_turn(self, slow: int) -> None:
        """A turn with several stages on the GPU, of which so many were slow."""
        if slow >= _TUNING.gpu_stages:
            self._gpu_run += 1
            return
        if self._gpu_run:
            self._gpu.add_run(self._gpu_run)
        self._gpu.add_quiet_turn()
        self._gpu_run = 0

    def forget_gpu_run(self) -> None:
        """It was a change of a level."""
        self._gpu_run = 0

    def add_likeness(self, series: str, values: int, correlation: float) -> None:
        """The correlation of neighbours in the reference of a series, which has so many values."""
        self._likeness[series] = values, correlation
        count = sum(values for values, _ in self._likeness.values())
        # Values whose mean has been taken off look less alike, by one part in so many.
        total = sum(values * correlation + 1 for values, correlation in self._likeness.values())
        weight = _TUNING.alike_values
        self._alike = (total + weight * _TUNING.alike) / (count + weight)
        self._take_stock()

    def _take_stock(self) -> None:
        calm, restless = _TUNING.calm_alike, _TUNING.restless_alike
        alike = min(max((self._alike - calm) / (restless - calm), 0.0), 1.0)
        self.unrest = max(alike, self._bursts.chance)
        self.caution = 1 - (1 - _TUNING.calm_allowance) * (1 - self.unrest)


def _told_by_run(length: int, by_chance: float) -> float:
    """Log odds that a run of so many adds: some are bursts against all are chance."""
    chance = by_chance ** (length - 1) * (1 - by_chance)
    burst = _TUNING.seen_single if length == 1 else (1 - _TUNING.seen_single) / (_TUNING.longest_told - 1)
    share = _TUNING.burst_share
    return min(math.log(1 - share + share * burst / chance), _TUNING.most_told)
