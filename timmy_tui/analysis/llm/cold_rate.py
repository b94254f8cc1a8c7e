"""How long this machine takes to read an uncached prompt: learned from turns that are known to have been cold.

Contention, idle clocks and partial batches only ever make a prefill longer. So the fastest cold turn counts, never a
mean, and the reuse that follows from it is a lower bound.
"""

from collections import OrderedDict
from dataclasses import dataclass

PRIOR_RATIO = 38.0
"""Cold prefill rate over decode rate for a 3B model in 4 bits: 4.1k / 108 tokens per second on an RTX 3060. Other cards
are between 25 (A4000, Vulkan) and 64 (RTX 6000 Ada)."""
FASTEST_RATIO = 65.0
"""No card with published figures has a higher ratio: with a higher one, the prompt was not evaluated in full."""
PRIOR_RATE = 4100.0
"""Tokens per second, where the decode rate is not known."""
FASTEST_RATE = 20_000.0
"""Tokens per second; no published cold prefill of a 3B model is this fast (16.1k on an RTX 6000 Ada)."""
MIN_TOKENS = 200
"""Shorter prompts are mostly one partial batch and say little about a rate."""
MAX_SAMPLES = 64
FULL_HIT_MS = 9.0
"""One decode step, where none is known: even a full cache hit costs that much."""


@dataclass(frozen=True)
class PrefillRate:
    """How fast an uncached prompt is evaluated."""

    ms_per_token: float
    samples: int
    """Cold turns that it was learned from; 0 for the prior."""
    certain: bool
    """These turns followed a load. Otherwise they are presumed cold (first of a session, a truncated prompt)."""

    @property
    def tokens_per_second(self) -> float:
        """The same as a rate."""
        return 1000 / self.ms_per_token


class ColdRate:
    """The fastest of the cold turns under one model, window and version."""

    def __init__(self) -> None:
        self._certain: OrderedDict[int, float] = OrderedDict()
        self._presumed: OrderedDict[int, float] = OrderedDict()

    def put(self, ordinal: int, tokens: int, prefill_ms: float, full_hit_ms: float, certain: bool) -> bool:
        """Add a turn that evaluated ``tokens``, or replace the one with this ordinal. True if the rate changed."""
        before = self.rate
        self._certain.pop(ordinal, None)
        self._presumed.pop(ordinal, None)
        uncached_ms = prefill_ms - full_hit_ms
        if tokens >= MIN_TOKENS and uncached_ms > 0 and tokens / uncached_ms * 1000 <= 2 * FASTEST_RATE:
            samples = self._certain if certain else self._presumed
            samples[ordinal] = uncached_ms / tokens
            if len(samples) > MAX_SAMPLES:
                samples.popitem(last=False)
        return self.rate != before

    def remove(self, ordinal: int) -> bool:
        """Remove a turn that was not cold after all. True if the rate changed."""
        before = self.rate
        self._certain.pop(ordinal, None)
        self._presumed.pop(ordinal, None)
        return self.rate != before

    @property
    def rate(self) -> PrefillRate | None:
        """From the certain samples if there are any; None before the first sample."""
        samples = self._certain or self._presumed
        return PrefillRate(min(samples.values()), len(samples), bool(self._certain)) if samples else None


def prior_rate(decode_rate: float | None) -> PrefillRate:
    """The cold rate to expect of a card that decodes at ``decode_rate`` tokens per second."""
    per_second = PRIOR_RATE if decode_rate is None else PRIOR_RATIO * decode_rate
    return PrefillRate(1000 / per_second, 0, False)


def fastest_cold(decode_rate: float | None) -> float:
    """Tokens per second; a faster prompt cannot have been evaluated in full."""
    return FASTEST_RATE if decode_rate is None else FASTEST_RATIO * decode_rate


def evaluated_tokens(prompt_tokens: int, prefill_ms: float, full_hit_ms: float, rate: PrefillRate) -> int:
    """Tokens that were evaluated: at least one always is, at most all of the prompt."""
    return max(1, min(prompt_tokens, round((prefill_ms - full_hit_ms) / rate.ms_per_token)))
