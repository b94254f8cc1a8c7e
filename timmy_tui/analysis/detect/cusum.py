"""A bank of capped CUSUMs: for one series, the evidence that its level has moved, by shift and direction.

Formulas and sources: STATISTICS.md.
"""

import math

from timmy_tui.analysis.stats.tuning import TUNING

_TUNING = TUNING.cusum
_BANK = tuple(_TUNING.shifts)
_PLACES = {
    sign: tuple(place for place, shift in enumerate(_BANK) if math.copysign(1, shift) == sign) for sign in (1, -1)
}
"""Direction → where its shifts stand in the bank."""
_EARS = tuple((place, shift, shift > 0, _TUNING.least_share * shift) for place, shift in enumerate(_BANK))
"""Place, shift, whether it is for slower, and the least residual that begins evidence for it."""
_LEAST = _TUNING.least_share * min(abs(shift) for shift in _BANK)
"""Log units. A smaller residual begins no evidence for any shift."""
_WIDE_SHARE, _NARROW_SHARE = _TUNING.wide_share, 1 - _TUNING.wide_share


class Runs:
    """How often a far slower turn is followed by another, over all series of a machine: by bursts, or by chance."""

    def __init__(self) -> None:
        self._far, self._followed = _TUNING.far_prior, _TUNING.far_prior * _TUNING.far_followed
        self.cap = self._cap()
        """Evidence. Most that a turn adds which follows another: what is ordinary here is no evidence."""

    def add(self, length: int) -> None:
        """A run of far slower turns has ended. A long one was a level."""
        if length <= _TUNING.longest_burst:
            self._far += length
            self._followed += length - 1
            self.cap = self._cap()

    def _cap(self) -> float:
        return min(_TUNING.cap, -_TUNING.far_weight * math.log(self._followed / self._far))


class Bank:
    """Evidence per shift, and since when it has been gathering. Eight numbers: plain floats are faster than numpy."""

    def __init__(self) -> None:
        self.evidence: list[float] = []
        self.lengths: list[int] = []
        """Turns since each began to gather."""
        self._runs: list[int] = []
        """Turns that spoke for each shift, less some for every one that did not."""
        self._gathering = False
        """There is evidence for any shift."""
        self._scale = 0.0
        self._bands: list[float] = []
        self.reset()

    def add(self, residual: float, scale: float, error: float, rarity: float = 1.0, cap: float = _TUNING.cap) -> None:
        """One value: its distance from the reference level, with the scale of single values and the level's error.

        ``rarity``: below 1 where values this far out are no rare thing; so much less they count. ``cap``: most that a
        slower value adds.
        """
        clip, drift = _TUNING.clip, _TUNING.allowance_errors * error
        value = clip if residual > clip else -clip if residual < -clip else residual
        if not self._gathering and value + drift >= -_LEAST and value - drift < _LEAST:
            return
        if scale != self._scale:
            self._scale, self._bands = scale, [math.hypot(scale, _TUNING.band * shift) for shift in _BANK]
        # The level itself is uncertain: only what lies beyond the allowance counts towards a shift.
        sides = {True: value - drift, False: value + drift}
        wide = max(_TUNING.wide_least, _TUNING.wide_scales * scale)
        unmoved: dict[bool, float] = {}
        for place, shift, up, least in _EARS:
            allowed = sides[up]
            if not self.evidence[place] and (allowed < least) == up:
                continue
            if up not in unmoved:
                unmoved[up] = _log_density(allowed, scale, wide)
            gain = _log_density(allowed - shift, self._bands[place], wide) - unmoved[up]
            self._gather(place, gain, rarity, cap if up else _TUNING.cap)
        self._gathering = any(self.evidence)

    def _gather(self, place: int, gain: float, rarity: float, cap: float) -> None:
        """Evidence grows slowly at first, and faster where it lasts: a burst of some turns is no level."""
        run = self._runs[place]
        if gain > 0:
            gain = min(gain, rarity * min(_TUNING.first_cap + _TUNING.cap_growth * run, cap))
            self._runs[place] = run + 1
        else:
            gain = max(gain, -_TUNING.loss_cap)
            self._runs[place] = max(run - _TUNING.run_loss, 0)
        evidence = self.evidence[place] + gain
        if evidence > 0:
            self.evidence[place] = evidence
            self.lengths[place] += 1
        else:
            self.evidence[place], self.lengths[place], self._runs[place] = 0.0, 0, 0

    def strongest(self, direction: int = 0) -> tuple[float, int]:
        """The strongest evidence and its length in turns; ``direction`` +1 or −1: only slower or faster."""
        if not self._gathering:
            return 0.0, 0
        if not direction:
            place = self.evidence.index(max(self.evidence))
            return self.evidence[place], self.lengths[place]
        place = max(_PLACES[direction], key=lambda place: self.evidence[place])
        return self.evidence[place], self.lengths[place]

    @property
    def direction(self) -> int:
        """+1 when the strongest evidence is for slower, −1 for faster."""
        return 1 if _BANK[self.evidence.index(max(self.evidence))] > 0 else -1

    @property
    def longest(self) -> int:
        """Turns of the longest excursion under way."""
        return max(self.lengths) if self._gathering else 0

    def reset(self) -> None:
        """Forget all evidence."""
        self._gathering = False
        self.evidence = [0.0] * len(_BANK)
        self.lengths = [0] * len(_BANK)
        self._runs = [0] * len(_BANK)


def _log_density(value: float, scale: float, wide: float) -> float:
    """Log density of a residual, but for a constant: a normal one, mixed with the share of a wide one."""
    narrow, far = value / scale, value / wide
    return math.log(
        _NARROW_SHARE / scale * math.exp(-0.5 * narrow * narrow)
        + _WIDE_SHARE / wide * math.exp(-0.5 * far * far)
        + 1e-300
    )


def confidence(evidence: float) -> float:
    """Evidence (a log likelihood ratio, against the odds of a move at any turn) as 0…1."""
    return 1.0 - math.exp(-evidence / _TUNING.confidence_scale)
