"""Two samples of log times: the shift between them, its interval, and the odds that chance made it.

Formulas and sources: analysis/detect/STATISTICS.md.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from timmy_tui.analysis.stats.tuning import TUNING

Array = np.ndarray[Any, np.dtype[np.float64]]

_Z95 = 1.959964
"""Normal quantile of a two-sided 95 % interval."""


class Shift(NamedTuple):
    """B minus A, in log units."""

    shift: float
    """Hodges–Lehmann: the median of all differences."""
    low: float
    high: float
    p: float
    """Two-sided, with the session noise taken in."""
    error: float
    """Standard error from the values alone, the session noise apart."""


def shift_between(a: Array, b: Array, noise: float) -> Shift:
    """Both samples hold at least two values. ``noise``: how far sessions differ by chance, in log units."""
    differences = np.sort((b[:, None] - a[None, :]).ravel())
    shift = float(np.median(differences))
    m, n = len(a), len(b)
    # Inversion of the Mann–Whitney test: the differences of the ranks that a 95 % interval leaves out on each side.
    spread = math.sqrt(m * n * (m + n + 1) / 12)
    outside = max(int(math.floor(m * n / 2 - _Z95 * spread)), 0)
    low, high = float(differences[outside]), float(differences[len(differences) - 1 - outside])
    inflation = TUNING.comparison.inflation
    below, above = (shift - low) * inflation, (high - shift) * inflation
    error = (below + above) / (2 * _Z95)
    # Both sessions have their own chance level, so the difference has that of two.
    chance = noise * math.sqrt(2)
    low, high = shift - math.hypot(below, _Z95 * chance), shift + math.hypot(above, _Z95 * chance)
    return Shift(shift, low, high, _two_sided(shift, math.hypot(error, chance), m + n - 2), error)


def _two_sided(shift: float, error: float, freedom: int) -> float:
    """Student's t, because the error is estimated from few turns."""
    # scipy.stats has the same function under another name, for 46 MiB and a second of imports more.
    from scipy.special import stdtr

    return float(2 * stdtr(max(freedom, 1), -abs(shift) / max(error, 1e-12)))


def holm(p_values: dict[str, float], level: float) -> set[str]:
    """Names whose difference stands when all are looked at together (Holm's step-down)."""
    stands: set[str] = set()
    for rank, (name, p) in enumerate(sorted(p_values.items(), key=lambda item: item[1])):
        if p > level / (len(p_values) - rank):
            break
        stands.add(name)
    return stands
