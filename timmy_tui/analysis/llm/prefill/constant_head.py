"""What an evaluated token costs, read off how the prefill grows with the prompt.

Where only a head of constant length is reused (a persona, then what changes; or nothing at all), each token more in the
prompt is one more to evaluate. A reused head that grows along with the prompt (history first) does not fit: its time
stays the same while the prompt grows. Neither does a mixture of cold and warm turns. Then this says nothing.
"""

import math
from collections import OrderedDict
from dataclasses import dataclass

MAX_TURNS = 48
MIN_TURNS = 8
MIN_SPAN = 1.8
"""The longest prompt over the shortest."""
FITS = 1.3
"""Deviation of the turns from the best curve over what is expected of turns that follow it."""
LEAST_VARIANCE = 1e-6
HEADS = 16
"""Lengths of the head that are tried, from nothing to the whole of the shortest prompt."""
FEW_NEW = 4
"""The curve is fitted again when one turn in so many is new: 16 fits of 48 turns take 0.2 ms."""


@dataclass(frozen=True)
class HeadRate:
    """The cost of a token, if the head is constant."""

    ms_per_token: float
    head_tokens: int
    turns: int
    deviation: float
    """Standard deviation of the logarithm of ms_per_token."""
    learned_at: float = 0.0
    """Tokens before an evaluated one, in the mean."""


class ConstantHead:
    """The turns under one model, window and version."""

    def __init__(self) -> None:
        self._turns: OrderedDict[int, tuple[int, float]] = OrderedDict()
        self._new = 0
        self._basis: tuple[float, float] | None = None
        self._rate: HeadRate | None = None

    def put(self, ordinal: int, prompt_tokens: int, uncached_ms: float) -> None:
        """Add a turn, or replace the one with this ordinal."""
        self._turns.pop(ordinal, None)
        self._turns[ordinal] = (prompt_tokens, uncached_ms)
        if len(self._turns) > MAX_TURNS:
            self._turns.popitem(last=False)
        self._new += 1

    def remove(self, ordinal: int) -> None:
        """Remove a turn."""
        self._turns.pop(ordinal, None)

    def rate(self, depth: float, noise: float) -> HeadRate | None:
        """None where the turns do not follow a constant head.

        ``depth``: κ; ``noise``: expected deviation of one turn, as in PrefillRate.
        """
        if self._basis != (depth, noise) or self._new * FEW_NEW >= len(self._turns):
            self._basis, self._new = (depth, noise), 0
            self._rate = self._fitted(depth, noise)
        return self._rate

    def _fitted(self, depth: float, noise: float) -> HeadRate | None:
        turns = [turn for turn in self._turns.values() if turn[1] > 0]
        if len(turns) < MIN_TURNS:
            return None
        shortest = min(tokens for tokens, _ in turns)
        if max(tokens for tokens, _ in turns) < MIN_SPAN * shortest:
            return None
        fits: list[tuple[float, float, int]] = []
        for step in range(HEADS):
            head = shortest * step // HEADS
            costs = [math.log(ms / ((tokens - head) * (1 + depth * (tokens + head) / 2))) for tokens, ms in turns]
            mean = sum(costs) / len(costs)
            variance = sum((cost - mean) ** 2 for cost in costs) / (len(costs) - 2)
            fits.append((max(variance, LEAST_VARIANCE), mean, head))
        variance, cost, head = min(fits)
        if math.sqrt(variance) > FITS * noise:
            return None
        # Heads that fit nearly as well: two standard deviations of the likelihood.
        near = [mean for other, mean, _ in fits if len(turns) * math.log(other / variance) <= 4.0]
        doubt = max(abs(mean - cost) for mean in near) / 2
        at = (sum(tokens for tokens, _ in turns) / len(turns) + head) / 2
        return HeadRate(math.exp(cost), head, len(turns), math.hypot(doubt, noise / math.sqrt(len(turns))), at)
