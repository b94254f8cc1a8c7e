"""A bank of capped CUSUMs: for one series, the evidence that its level has moved, by shift and direction."""

import math

SHIFTS = (0.15, 0.30, 0.60, 1.20, -0.15, -0.30, -0.60, -1.20)
"""Shifts that are listened for, in log units: 16, 35, 80 and 230 %, both ways. An ear for 10 % hears what sessions do
by chance: at as few false alarms, without it 5 points more of +20 % are found within 20 turns, 17 more of +50 %."""
BAND = 0.2
"""Each stands for the shifts around it, as a share of it: else a steady stage's +100 % is neither 80 nor 230 %."""
CAP = 1.5
"""Most that one turn may add or take: no single outlier can alarm, six turns in a row can."""
CLIP = 1.3
"""Residuals count as at most this much."""
WIDE = 0.10
"""Share of turns that are outliers by nature."""
DRIFT = 1.5
"""Allowance in standard errors of the reference level."""

_BANK = tuple((shift, 1 if shift > 0 else -1) for shift in SHIFTS)


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
        value = min(max(residual, -CLIP), CLIP)
        wide = max(0.5, 4.0 * scale)
        if scale != self._scale:
            self._scale, self._bands = scale, [math.hypot(scale, BAND * shift) for shift in SHIFTS]
        # The level itself is uncertain: only what lies beyond the allowance counts towards a shift.
        allowed = {sign: value - sign * DRIFT * error for sign in (1, -1)}
        still = {sign: _log_density(one, scale, wide) for sign, one in allowed.items()}
        for place, (shift, sign) in enumerate(_BANK):
            gain = _log_density(allowed[sign] - shift, self._bands[place], wide) - still[sign]
            evidence = self.evidence[place] + (CAP if gain > CAP else -CAP if gain < -CAP else gain)
            if evidence > 0:
                self.evidence[place] = evidence
                self.lengths[place] += 1
            else:
                self.evidence[place], self.lengths[place] = 0.0, 0

    def strongest(self, direction: int = 0) -> tuple[float, int]:
        """The strongest evidence and how many turns it has gathered; ``direction`` +1 or −1 looks one way only."""
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
        self.evidence = [0.0] * len(SHIFTS)
        self.lengths = [0] * len(SHIFTS)


def _log_density(value: float, scale: float, wide: float) -> float:
    """Log density of a value around its level: mostly normal, one in ten from a wide one."""
    narrow_part = (1 - WIDE) / scale * math.exp(-0.5 * (value / scale) ** 2)
    return math.log(narrow_part + WIDE / wide * math.exp(-0.5 * (value / wide) ** 2) + 1e-300)


def confidence(evidence: float) -> float:
    """Evidence (a log likelihood ratio, against the odds of a move at any turn) as 0…1."""
    return 1.0 - math.exp(-evidence / 3.0)
