"""How long an uncached prompt takes on this machine: learned from turns that are known to have been cold.

Contention, idle clocks and partial batches only ever make a prefill longer. So the fastest cold turn is kept, never a
mean, and what is concluded from it is a lower bound on the reuse.
"""

from collections import OrderedDict
from dataclasses import dataclass

PRIOR_RATIO = 38.0
"""Cold prefill over decode rate for a 3B model in 4 bits: 4.1k / 108 tokens a second on an RTX 3060. Other cards lie
between 25 (A4000, Vulkan) and 64 (RTX 6000 Ada)."""
FASTEST_RATIO = 65.0
"""No card with published figures is above: a faster prompt was not read as a whole."""
PRIOR_RATE = 4100.0
"""Tokens a second, where the decode rate is not known."""
FASTEST_RATE = 20_000.0
"""Tokens a second that no cold prefill of a 3B model has been published with (16.1k on an RTX 6000 Ada)."""
LEAST_TOKENS = 200
"""Shorter prompts are mostly one partial batch and say little about a rate."""
KEPT = 64
BASE_MS = 9.0
"""One decode step, where none is known: what even a full hit costs."""


@dataclass(frozen=True)
class Rate:
    """What a prefill is measured against."""

    ms_per_token: float
    samples: int
    """Cold turns behind it; 0 is the prior."""
    certain: bool
    """They followed a load; else they are presumed cold (first of a session, a cut prompt)."""

    @property
    def per_second(self) -> float:
        """Tokens a second."""
        return 1000 / self.ms_per_token


class ColdRate:
    """The lower envelope of cold turns under one model, window and version."""

    def __init__(self) -> None:
        self._certain: OrderedDict[int, float] = OrderedDict()
        self._presumed: OrderedDict[int, float] = OrderedDict()

    def put(self, ordinal: int, tokens: int, prefill_ms: float, base_ms: float, certain: bool) -> bool:
        """Take in a turn that evaluated ``tokens``; the same ordinal again replaces it. True if the rate changed."""
        before = self.rate
        self._certain.pop(ordinal, None)
        self._presumed.pop(ordinal, None)
        above = prefill_ms - base_ms
        if tokens >= LEAST_TOKENS and above > 0 and tokens / above * 1000 <= 2 * FASTEST_RATE:
            kept = self._certain if certain else self._presumed
            kept[ordinal] = above / tokens
            if len(kept) > KEPT:
                kept.popitem(last=False)
        return self.rate != before

    def drop(self, ordinal: int) -> bool:
        """The turn turned out not to be cold. True if the rate changed."""
        before = self.rate
        self._certain.pop(ordinal, None)
        self._presumed.pop(ordinal, None)
        return self.rate != before

    @property
    def rate(self) -> Rate | None:
        """From certain samples where there are any; None before the first."""
        kept = self._certain or self._presumed
        return Rate(min(kept.values()), len(kept), bool(self._certain)) if kept else None


def prior_rate(decode_rate: float | None) -> Rate:
    """What a card that decodes this fast may be expected to read cold."""
    per_second = PRIOR_RATE if decode_rate is None else PRIOR_RATIO * decode_rate
    return Rate(1000 / per_second, 0, False)


def fastest_cold(decode_rate: float | None) -> float:
    """Tokens a second beyond which a prompt cannot have been read as a whole."""
    return FASTEST_RATE if decode_rate is None else FASTEST_RATIO * decode_rate


def evaluated_tokens(prompt: int, prefill_ms: float, base_ms: float, rate: Rate) -> int:
    """Tokens that were evaluated: at least one always is, at most all."""
    return max(1, min(prompt, round((prefill_ms - base_ms) / rate.ms_per_token)))
