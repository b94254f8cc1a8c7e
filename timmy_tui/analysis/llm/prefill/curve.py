"""The curve of a prefill: what an uncached prompt costs, how well that is known, and what to expect before it is.

A prefill of e tokens behind n − e cached ones takes ``step + b·(e + κ·(e·n − e²/2))`` ms: one decode step, b for each
token, and κ for each token that it looks back at. Measured on a real engine (bench/engine); the batches of 512 do not
show. Around that curve each turn deviates by a factor, so doubt is kept as the standard deviation of its logarithm.
"""

import math
from dataclasses import dataclass

PRIOR_RATIO = 38.6
"""Cold prefill rate over decode rate for a 3B model in 4 bits: 4.1k / 106.2 tokens per second on an RTX 3060. Others
are between 25 (A4000, Vulkan) and 64 (RTX 6000 Ada)."""
SLOWEST_RATIO = 25.0
FASTEST_RATIO = 65.0
"""No card with published figures has a higher ratio: with a higher one, the prompt was not evaluated in full."""
PRIOR_RATE = 4100.0
"""Tokens per second, where the decode rate is not known."""
FASTEST_RATE = 20_000.0
"""Tokens per second; no published cold prefill of a 3B model is this fast (16.1k on an RTX 6000 Ada)."""
PRIOR_DEPTH = 6.7e-5
"""κ of llama3.2:3b on an RTX 4070, from 1,020 and 4,107 cold tokens in 108.5 and 476.7 ms (Ollama's PR 16836)."""
FULL_HIT_MS = 9.0
"""One decode step, where none is known: even a full cache hit costs that much."""
FIRST_PROMPT_USUAL = 1.08
"""The first prompt after a load over a later one, on a quiet machine (1.6–2.3 on a busy one)."""
DEPTH_NOISE = 0.3
"""Deviation of κ as the model's shape gives it, where an RTX 4070 has 1.1 times that and a processor 1.4."""


@dataclass(frozen=True)
class PrefillRate:
    """How fast an uncached prompt is evaluated."""

    ms_per_token: float
    """b, without anything to look back at."""
    samples: int
    """Cold turns that it was learned from; 0 for the prior."""
    certain: bool
    """These turns were cold for a fact: loaded, cut, or so reported. Otherwise they are presumed cold."""
    depth: float = PRIOR_DEPTH
    """κ per token."""
    fastest: float = 1.0
    slowest: float = 1.0
    """Factors: ms_per_token is between ``fastest`` and ``slowest`` times the one here."""

    deviation: float = 0.0
    """Of one more turn from the curve: its own, and that of ms_per_token."""
    learned_at: float = 0.0
    """Tokens that were before the tokens of the cold turns, in the mean: there, depth is no question."""

    @property
    def tokens_per_second(self) -> float:
        """The same as a rate."""
        return 1000 / self.ms_per_token

    @property
    def is_range(self) -> bool:
        """Only a range is known."""
        return self.slowest > self.fastest

    def cold_ms(self, prompt_tokens: int) -> float:
        """A wholly cold prompt in ms, without the decode step."""
        return self.ms_per_token * prompt_tokens * (1 + self.depth * prompt_tokens / 2)

    def deviation_of(self, prompt_tokens: int, tokens: float) -> float:
        """Of the cost per token, when ``tokens`` of this prompt were evaluated: depth counts, too."""
        before = self.depth * (prompt_tokens - tokens / 2), self.depth * self.learned_at
        depth = before[0] / (1 + before[0]) - before[1] / (1 + before[1])
        return math.hypot(self.deviation, DEPTH_NOISE * depth)

    def evaluated(self, prompt_tokens: int, uncached_ms: float, factor: float = 1.0) -> float:
        """Tokens evaluated in ``uncached_ms``, at ``factor`` times ms_per_token; may be more than the prompt has."""
        cost = max(uncached_ms, 0.0) / (self.ms_per_token * factor)
        if self.depth <= 0:
            return cost
        linear = 1 + self.depth * prompt_tokens
        return (linear - math.sqrt(max(linear * linear - 2 * self.depth * cost, 0.0))) / self.depth


@dataclass(frozen=True)
class ColdSample:
    """A turn of which it is known how many tokens it evaluated."""

    tokens: int
    uncached_ms: float
    certain: bool
    after_load: bool = False
    step_ms: float | None = None
    """The usual decode step."""
    behind: int = 0
    """Tokens before them that came from the cache, where that is measured."""

    def ms_per_token(self, depth: float) -> float:
        """b, if κ is ``depth``."""
        usual = FIRST_PROMPT_USUAL if self.after_load else 1.0
        return self.uncached_ms / usual / (self.tokens * (1 + depth * (self.behind + self.tokens / 2)))


def prior_rate(decode_rate: float | None, known_model: bool = True) -> PrefillRate:
    """The cold rate to expect of a card that decodes at ``decode_rate`` tokens per second.

    ``known_model``: a 3B model in 4 bits, of which the ratio is known; of another one only a range.
    """
    per_second = PRIOR_RATE if decode_rate is None else PRIOR_RATIO * decode_rate
    if known_model:
        return PrefillRate(1000 / per_second, 0, False, 0.0)
    return PrefillRate(
        1000 / per_second, 0, False, PRIOR_DEPTH, PRIOR_RATIO / FASTEST_RATIO, PRIOR_RATIO / SLOWEST_RATIO
    )


def fastest_cold(decode_rate: float | None) -> float:
    """Tokens per second; a faster prompt cannot have been evaluated in full."""
    return FASTEST_RATE if decode_rate is None else FASTEST_RATIO * decode_rate
