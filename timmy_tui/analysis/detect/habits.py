"""What all series have shown of their machine: whether its slow turns come in runs, and neighbours are alike.

Formulas and sources: STATISTICS.md.
"""

from timmy_tui.analysis.detect.cusum import Runs
from timmy_tui.analysis.stats.tuning import TUNING

_TUNING = TUNING.habits


class Habits:
    """Of one machine: shared by its series, each of which tells what its reference shows."""

    def __init__(self) -> None:
        self._runs = Runs()
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

    def add_run(self, length: int) -> None:
        """A run of far slower turns of a series has ended."""
        self._runs.add(length)
        self._take_stock()

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
        alike = _place(self._alike, _TUNING.calm_alike, _TUNING.restless_alike)
        followed = _place(self._runs.followed, _TUNING.calm_followed, _TUNING.restless_followed)
        self.unrest = max(alike, followed)
        self.caution = 1 - (1 - _TUNING.calm_allowance) * (1 - self.unrest)


def _place(value: float, calm: float, restless: float) -> float:
    """0 up to ``calm``, 1 from ``restless`` on."""
    return min(max((value - calm) / (restless - calm), 0.0), 1.0)
