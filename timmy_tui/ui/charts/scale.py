"""A scale of times: from zero or over the data's own range, with ticks that lie on rows of the plot."""

import math
from collections.abc import Iterable

from msgspec import Struct

from timmy_tui.core.quantile import quantile
from timmy_tui.ui.charts.dots import DOWN
from timmy_tui.ui.charts.skyline import CUT_OVER_P90

STEPS_MS = tuple(digit * 10.0**power for power in range(-2, 7) for digit in (1, 2, 5))
"""Distances between two ticks."""
MARGIN = 0.08
"""Of the data's own range, left free above and below."""
LEAST_RANGE = 0.02
"""Of the largest value: a narrower range of its own would blow the ticks of a clock up to steps."""
LABEL = 5
"""Cells of a tick's label."""


class Scale(Struct, frozen=True):
    """ms from ``low`` at the foot to ``high`` at the top of ``rows`` cells."""

    low: float
    high: float
    rows: int

    @property
    def dots(self) -> int:
        """Heights that can be told apart."""
        return self.rows * DOWN

    def height(self, ms: float) -> int:
        """Dot from the foot; what lies outside is at the edge."""
        return min(max(int((ms - self.low) * self.dots / (self.high - self.low)), 0), self.dots - 1)

    def outside(self, ms: float) -> int:
        """1 above, −1 below, 0 within."""
        return (ms > self.high) - (ms < self.low)

    def row(self, ms: float) -> int:
        """Cell from the foot."""
        return self.height(ms) // DOWN

    def ticks(self, apart: int = 2) -> dict[int, str]:
        """Row from the foot → its value with its unit: round values ``apart`` rows or more, where there is room.

        Nearer ones where there would be one alone: it tells how much nothing of the chart is.
        """
        row_ms = (self.high - self.low) / self.rows
        span = self.high - self.low
        wide = (step for step in STEPS_MS if step >= apart * row_ms and step < span)
        at_a_row = next((step for step in STEPS_MS if step >= row_ms), STEPS_MS[-1])
        places = self._places(next(wide, None) or at_a_row)
        nearer = [step for step in reversed(STEPS_MS) if row_ms / 2.5 <= step < span]
        return next((two for two in (places, *map(self._places, nearer)) if len(two) > 1 or self.rows < 2), places)

    def _places(self, step: float) -> dict[int, str]:
        """Multiples of ``step`` at their rows, one a row."""
        places: dict[int, str] = {}
        number = math.ceil(self.low / step - 1e-9)
        while number * step < self.high:
            places.setdefault(self.row(number * step), tick_words(number * step, step))
            number += 1
        return places


def tick_words(ms: float, step: float) -> str:
    """``0``, ``50ms``, ``1.5s``: as many decimals as the step needs, in LABEL cells."""
    if ms == 0:
        return "0"
    if ms < 1000:
        return f"{ms:.{0 if step >= 1 else 1 if step >= 0.1 else 2}f}ms"
    return f"{ms / 1000:.{0 if step >= 1000 else 1 if step >= 100 else 2}f}s"


def scale_of(values: Iterable[float], from_zero: bool, rows: int, least_top: float = 0.0) -> Scale:
    """From zero to CUT_OVER_P90 × the ninetieth percentile, so that an outlier flattens nothing; or p5 to p95.

    ``least_top``: what the upper edge is above in any case, as the newest level. Without values 0 to 1 s.
    """
    ordered = sorted(values)
    if not ordered:
        return Scale(0.0, 1000.0, rows)
    if from_zero:
        top = max(CUT_OVER_P90 * quantile(ordered, 0.9), 1.05 * least_top)
        return Scale(0.0, top if top > 0 else 1.0, rows)
    low, high = quantile(ordered, 0.05), max(quantile(ordered, 0.95), least_top)
    more = max(MARGIN * (high - low), (LEAST_RANGE * high - (high - low)) / 2, 0.05)
    return Scale(max(low - more, 0.0), high + more, rows)
