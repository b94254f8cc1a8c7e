"""In how many turns one stage takes place, and the evidence that this share has changed.

Formulas and sources: STATISTICS.md.
"""

import math
from collections import deque
from collections.abc import Sequence
from operator import mul
from typing import NamedTuple

from msgspec import Struct

from timmy_tui.analysis.stats.exact_test import fisher
from timmy_tui.analysis.stats.tuning import TUNING

_TUNING = TUNING.occurrence
_COMPARISON = TUNING.comparison
_REFERENCE = TUNING.reference
_LOWEST, _HIGHEST = min(_TUNING.shares), max(_TUNING.shares)


class Seen(Struct, frozen=True, gc=False):
    """One turn."""

    had: bool
    turn: tuple[int, str]
    """Ordinal and request id."""


class Counts(NamedTuple):
    """So many of the turns had the stage."""

    had: int
    n: int

    @property
    def share(self) -> float:
        """0…1."""
        return self.had / self.n if self.n else 0.0


class Excursion(NamedTuple):
    """A share that has changed."""

    before: Counts
    after: Counts
    since: tuple[int, str]
    evidence: float


class Share:
    """A reference of the newest turns, and a CUSUM for each share that is tested for. Constant in history."""

    def __init__(self) -> None:
        self._reference: deque[Seen] = deque(maxlen=_REFERENCE.most_values)
        self._had = 0
        """In the reference."""
        self._weight: float
        """What a turn counts; computed before there are turns enough to judge one."""
        self._since_weighed: int
        """Values since then."""
        self._recent: deque[Seen] = deque()
        self._least = _TUNING.least_values
        self._gathering = False
        """There is evidence for any other share."""
        self._evidence: list[float] = []
        self._lengths: list[int] = []
        """Turns since each began to gather."""
        self.restart()

    def restart(self) -> None:
        """Forget all: what follows is not comparable."""
        self._reference.clear()
        self._recent.clear()
        self._had, self._least = 0, _TUNING.least_values
        self._weight, self._since_weighed = math.nan, 0
        self._start_evidence()

    def add(self, had: bool, turn: tuple[int, str]) -> None:
        """A turn in which the stage could have taken place."""
        if len(self._reference) >= self._least:
            self._judge(had)
        seen = Seen(had, turn)
        if not self._gathering and not self._recent:
            self._take(seen)
            return
        self._recent.append(seen)
        while len(self._recent) > min(max(self._lengths), _REFERENCE.held_back):
            self._take(self._recent.popleft())

    def _take(self, seen: Seen) -> None:
        if len(self._reference) == self._reference.maxlen:
            self._had -= self._reference[0].had
        self._reference.append(seen)
        self._had += seen.had
        self._since_weighed += 1
        if self._since_weighed >= _REFERENCE.refit_every:
            self._weight, self._since_weighed = self._weigh(), 0

    def _judge(self, had: bool) -> None:
        n = len(self._reference)
        share = (self._had + 0.5) / (n + 1)
        reach = _HIGHEST - share if had else share - _LOWEST
        if reach < _COMPARISON.least_share and not self._gathering:
            return
        weight = self._weight
        spread = share * (1 - share)
        error = _TUNING.allowance_errors * math.sqrt(spread / (n + 1) / weight + (spread * _TUNING.session_logits) ** 2)
        for place, other in enumerate(_TUNING.shares):
            if abs(other - share) < _COMPARISON.least_share and not self._evidence[place]:
                continue
            # The share itself is uncertain: only what lies beyond the allowance counts towards another.
            usual = min(max(other, share - error), share + error)
            usual = min(max(usual, _TUNING.least_share), 1 - _TUNING.least_share)
            gain = math.log(other / usual) if had else math.log((1 - other) / (1 - usual))
            self._gather(place, weight * max(min(gain, TUNING.cusum.cap), -TUNING.cusum.loss_cap))
        self._gathering = any(self._evidence)

    def _gather(self, place: int, gain: float) -> None:
        evidence = self._evidence[place] + gain
        self._evidence[place] = max(evidence, 0.0)
        self._lengths[place] = self._lengths[place] + 1 if evidence > 0 else 0

    def _weigh(self) -> float:
        """What one of neighbouring turns counts that are alike: a conversation that is worth storing goes on."""
        n, mean = len(self._reference), self._had / len(self._reference)
        square = n * mean * (1 - mean)
        if not square:
            return 1.0
        off = [seen.had - mean for seen in self._reference]
        own: float = sum(map(mul, off, off[1:])) / square
        weight = _REFERENCE.alike_values
        alike = min(max((n * own + weight * _REFERENCE.alike) / (n + weight), 0.0), _REFERENCE.most_alike)
        return (1 - alike) / (1 + alike)

    def excursion(self) -> Excursion | None:
        """The change, if there is evidence enough."""
        evidence = max(self._evidence) if self._gathering else 0.0
        if evidence < _TUNING.alarm:
            return None
        length = min(self._lengths[self._evidence.index(evidence)], len(self._recent))
        newest = list(self._recent)[-length:]
        before, after = Counts(self._had, len(self._reference)), _counted(newest)
        if abs(after.share - before.share) < _COMPARISON.least_share:
            return None
        return Excursion(before, after, newest[0].turn, evidence) if fisher(*before, *after) <= _TUNING.p else None

    def move(self, length: int) -> None:
        """Take the newest turns as the new reference."""
        newest = list(self._recent)[-length:]
        self.restart()
        for seen in newest:
            self._take(seen)
        self._least = _REFERENCE.settled_values

    def _start_evidence(self) -> None:
        self._gathering = False
        self._evidence = [0.0] * len(_TUNING.shares)
        self._lengths = [0] * len(_TUNING.shares)


def _counted(turns: Sequence[Seen]) -> Counts:
    return Counts(sum(seen.had for seen in turns), len(turns))
