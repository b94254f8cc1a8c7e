"""Two samples of log times: the shift between them, its interval, and the odds that chance made it.

Formulas and sources: analysis/detect/STATISTICS.md.
"""

import math
from collections.abc import Mapping
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
    fixed: float
    """Standard error that more turns do not make smaller: the session noise, and what is not known of the work."""


def shift_between(a: Array, b: Array, noise: float, work_error: float = 0.0) -> Shift:
    """Both samples hold at least two values. ``noise``: how far sessions differ by chance, in log units.

    ``work_error``: standard error of the work that was taken out of the difference, in log units.
    """
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
    fixed = math.hypot(noise * math.sqrt(2), work_error)
    low, high = shift - math.hypot(below, _Z95 * fixed), shift + math.hypot(above, _Z95 * fixed)
    return Shift(shift, low, high, _two_sided(shift, math.hypot(error, fixed), m + n - 2), error, fixed)


def _two_sided(shift: float, error: float, freedom: int) -> float:
    """Student's t, because the error is estimated from few turns."""
    # scipy.stats has the same function under another name, for 46 MiB and a second of imports more.
    from scipy.special import stdtr

    return float(2 * stdtr(max(freedom, 1), -abs(shift) / max(error, 1e-12)))


def holm(p_values: Mapping[str, float], level: float, weights: Mapping[str, float] | None = None) -> set[str]:
    """Names whose difference stands when all are looked at together (Holm's step-down, weighted; 1 by default)."""
    own = {name: (weights or {}).get(name, 1.0) for name in p_values}
    stands: set[str] = set()
    left = sum(own.values())
    for name in sorted(p_values, key=lambda name: p_values[name] / own[name]):
        if p_values[name] * left > level * own[name]:
            break
        stands.add(name)
        left -= own[name]
    return stands
