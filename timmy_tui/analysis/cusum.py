"""A bank of capped CUSUMs: for one series, the evidence that its level has moved, by shift and direction."""

import math
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[np.float64]]

SHIFTS = np.array([0.10, 0.22, 0.50, 1.10, -0.10, -0.22, -0.50, -1.10])
"""Shifts that are listened for, in log units: 11, 25, 65 and 200 %, both ways."""
CAP = 1.5
"""Most that one turn may add or take: no single outlier can alarm, six turns in a row can."""
CLIP = 1.3
"""Residuals count as at most this much."""
WIDE = 0.10
"""Share of turns that are outliers by nature."""
DRIFT = 1.5
"""Allowance in standard errors of the reference level."""

_SIGNS = np.sign(SHIFTS)


class Bank:
    """Evidence per shift, and since when it has been gathering."""

    def __init__(self) -> None:
        self.evidence: Array = np.zeros(len(SHIFTS))
        self.lengths: np.ndarray[Any, np.dtype[np.int64]] = np.zeros(len(SHIFTS), dtype=np.int64)
        """Turns since each began to gather."""

    def add(self, residual: float, scale: float, error: float) -> None:
        """One value: its distance from the reference level, with the scale of single values and the level's error."""
        value = min(max(residual, -CLIP), CLIP)
        # The level itself is uncertain: only what lies beyond the allowance counts towards a shift.
        allowed = value - _SIGNS * DRIFT * error
        gains = np.clip(_log_density(allowed - SHIFTS, scale) - _log_density(allowed, scale), -CAP, CAP)
        self.evidence = np.maximum(self.evidence + gains, 0.0)
        self.lengths = np.where(self.evidence > 0, self.lengths + 1, 0)

    def strongest(self, direction: int = 0) -> tuple[float, int]:
        """The strongest evidence and how many turns it has gathered; ``direction`` +1 or −1 looks one way only."""
        masked = self.evidence if not direction else np.where(direction == _SIGNS, self.evidence, 0.0)
        place = int(np.argmax(masked))
        return float(masked[place]), int(self.lengths[place])

    @property
    def direction(self) -> int:
        """+1 when the strongest evidence is for slower, −1 for faster."""
        return int(_SIGNS[int(np.argmax(self.evidence))])

    @property
    def longest(self) -> int:
        """Turns of the longest excursion under way."""
        return int(self.lengths.max())

    def reset(self) -> None:
        """Forget all evidence."""
        self.evidence[:] = 0.0
        self.lengths[:] = 0


def _log_density(values: Array, scale: float) -> Array:
    """Log density of a value around its level: mostly normal, one in ten from a wide one."""
    wide = max(0.5, 4.0 * scale)
    narrow_part = (1 - WIDE) / scale * np.exp(-0.5 * (values / scale) ** 2)
    wide_part = WIDE / wide * np.exp(-0.5 * (values / wide) ** 2)
    return np.asarray(np.log(narrow_part + wide_part + 1e-300))


def confidence(evidence: float) -> float:
    """Evidence (a log likelihood ratio, against the odds of a move at any turn) as 0…1."""
    return 1.0 - math.exp(-evidence / 3.0)
