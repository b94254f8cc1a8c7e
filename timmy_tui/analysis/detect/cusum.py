"""A bank of capped CUSUMs: for one series, the evidence that its level has moved, by shift and direction.

Formulas and sources: STATISTICS.md.
"""

import math

from timmy_tui.analysis.stats.tuning import TUNING

_TUNING = TUNING.cusum
_BANK = tuple((shift, 1 if shift > 0 else -1) for shift in _TUNING.shifts)
"""Shift and its direction."""


class Bank:
    """Evidence per shift, and since when it has been gathering. Eight numbers: plain floats are faster than numpy."""

    def __init__(self) -> None:
        self.evidence: list[float] = []
        self.lengths: list[int] = []
        """Turns since each began to gather."""
        self._scale = 0.0
        self._bands: list[float] = []
        self.reset()

    def add(self, residual: float, scale: float, error: float) -> None:
        """One value: its distance from the reference level, with the scale of single values and the level's error."""
        cap, clip, drift = _TUNING.cap, _TUNING.clip, _TUNING.allowance_errors * error
        value = min(max(residual, -clip), clip)
        wide = max(_TUNING.wide_least, _TUNING.wide_scales * scale)
        if scale != self._scale:
            self._scale, self._bands = scale, [math.hypot(scale, _TUNING.band * shift) for shift in _TUNING.shifts]
        # The level itself is uncertain: only what lies beyond the allowance counts towards a shift.
        allowed = {sign: value - sign * drift for sign in (1, -1)}
        unmoved = {sign: _log_density(residual, scale, wide) for sign, residual in allowed.items()}
        for place, (shift, sign) in enumerate(_BANK):
            gain = _log_density(allowed[sign] - shift, self._bands[place], wide) - unmoved[sign]
            evidence = self.evidence[place] + (cap if gain > cap else -cap if gain < -cap else gain)
            if evidence > 0:
                self.evidence[place] = evidence
                self.lengths[place] += 1
            else:
                self.evidence[place], self.lengths[place] = 0.0, 0

    def strongest(self, direction: int = 0) -> tuple[float, int]:
        """The strongest evidence and its length in turns; ``direction`` +1 or −1: only slower or faster."""
        places = [place for place, (_, sign) in enumerate(_BANK) if not direction or sign == direction]
        place = max(places, key=lambda place: self.evidence[place])
        return self.evidence[place], self.lengths[place]

    @property
    def direction(self) -> int:
        """+1 when the strongest evidence is for slower, −1 for faster."""
        return _BANK[self.evidence.index(max(self.evidence))][1]

    @property
    def longest(self) -> int:
        """Turns of the longest excursion under way."""
        return max(self.lengths)

    def reset(self) -> None:
        """Forget all evidence."""
        self.evidence = [0.0] * len(_BANK)
        self.lengths = [0] * len(_BANK)


def _log_density(value: float, scale: float, wide: float) -> float:
    """Log density of a residual, but for a constant: a normal one, mixed with the share of a wide one."""
    share = _TUNING.wide_share
    narrow_part = (1 - share) / scale * math.exp(-0.5 * (value / scale) ** 2)
    return math.log(narrow_part + share / wide * math.exp(-0.5 * (value / wide) ** 2) + 1e-300)


def confidence(evidence: float) -> float:
    """Evidence (a log likelihood ratio, against the odds of a move at any turn) as 0…1."""
    return 1.0 - math.exp(-evidence / _TUNING.confidence_scale)
