"""How long this machine takes to read an uncached prompt: learned from turns that are known to have been cold.

A prefill of e tokens behind n − e cached ones takes ``step + b·(e + κ·(e·n − e²/2))`` ms: one decode step, b for each
token, and κ for each token that it looks back at. Measured on a real engine (bench/engine); the batches of 512 do not
show. Contention and idle clocks only ever make a prefill longer, and the first prompt after a load is slower: so the
faster cold turns count, never a mean, and of one alone only a range is known.
"""

import math
from collections import OrderedDict
from dataclasses import dataclass, replace

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
DEPTH_FACTORS = tuple(1.25**power for power in range(-7, 8))
"""Multiples of the prior κ that are tried when cold turns of different lengths are known: a fifth to five times."""
DEPTH_DOUBT = 0.1
"""One e-fold of κ away from the prior counts as much as long and short turns that differ by so much."""
DEPTH_SPAN = 2.0
"""The longest cold turn over the shortest, from which on κ is fitted."""
MIN_TOKENS = 200
"""Shorter prompts are mostly one partial batch and say little about a rate."""
MAX_SAMPLES = 64
FULL_HIT_MS = 9.0
"""One decode step, where none is known: even a full cache hit costs that much."""
FIRST_PROMPT_USUAL = 1.08
"""The first prompt after a load over a later one, on a quiet machine (1.6–2.3 on a busy one)."""
SINGLE_FASTEST, SINGLE_SLOWEST = 0.7, 1.25
"""Factors around the cost per token of a single cold turn."""
LOWEST_RATIO = 8.0
"""Prompt tokens read while one is generated: 25 and more on graphics cards, 18 on a processor. A single cold turn far
below that was probably slowed by other work in its prefill alone."""
AGREES = (0.85, 1.15)
"""A turn that is only presumed cold counts beside certain ones if it costs about as much per token."""
EARLIER_WEIGHT = 5
"""What earlier runs learned weighs as much as so many cold turns of this run, at most."""
LOW_PART = 3
"""The faster ones are the fastest third."""
SHARED_AT_MOST = 2.0
"""A turn that is only presumed cold may have reused half of its prompt: a persona that stands first, say."""


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


class ColdRate:
    """The fastest of the cold turns under one model, window and version."""

    def __init__(self, prior_depth: float = PRIOR_DEPTH) -> None:
        """``prior_depth``: κ as long as the cold turns do not tell."""
        self._prior_depth = prior_depth
        self._samples: OrderedDict[int, ColdSample] = OrderedDict()
        self._rate: PrefillRate | None = None
        self._earlier: PrefillRate | None = None

    def put(self, ordinal: int, sample: ColdSample) -> None:
        """Add a turn, or replace the one with this ordinal; what cannot be a cold prefill is not taken."""
        self.remove(ordinal)
        rate = sample.tokens / sample.uncached_ms * 1000 if sample.uncached_ms > 0 else math.inf
        if sample.tokens >= MIN_TOKENS and rate <= 2 * FASTEST_RATE:
            self._samples[ordinal] = sample
            if len(self._samples) > MAX_SAMPLES:
                self._samples.popitem(last=False)
            self._update()

    def has(self, ordinal: int) -> bool:
        """Whether this turn is among the samples."""
        return ordinal in self._samples

    def remove(self, ordinal: int) -> None:
        """Remove a turn that was not cold after all."""
        if self._samples.pop(ordinal, None) is not None:
            self._update()

    def expect_depth(self, depth: float) -> None:
        """κ as the shape of the model gives it."""
        if depth != self._prior_depth:
            self._prior_depth = depth
            self._update()

    def remember(self, rate: PrefillRate) -> None:
        """What earlier runs learned of the same model, window and version."""
        if rate != self._earlier:
            self._earlier = rate
            self._update()

    @property
    def rate(self) -> PrefillRate | None:
        """From the certain samples if there are any; None before the first sample."""
        return self._rate

    @property
    def fastest(self) -> tuple[int, ColdSample] | None:
        """The sample that the rate follows, with its ordinal; None without one."""
        used, rate = {key: item for key, item in self._samples.items() if item.certain} or self._samples, self._rate
        if rate is None or not used:
            return None
        return min(used.items(), key=lambda pair: pair[1].ms_per_token(rate.depth))

    def _update(self) -> None:
        self._rate = _rate_of(list(self._samples.values()), self._earlier, self._prior_depth)


def _rate_of(samples: list[ColdSample], earlier: PrefillRate | None, prior_depth: float) -> PrefillRate | None:
    certain = [sample for sample in samples if sample.certain]
    presumed = [sample for sample in samples if not sample.certain]
    if earlier is not None and not certain:
        return earlier
    if not samples:
        return None
    depth = _fitted_depth(certain, prior_depth if earlier is None else earlier.depth)
    if not certain:
        return PrefillRate(_low(presumed, depth), len(presumed), False, depth, 1.0, SHARED_AT_MOST)
    lowest = _low(certain, depth)
    agreeing = [sample for sample in presumed if AGREES[0] * lowest <= sample.ms_per_token(depth) <= AGREES[1] * lowest]
    costs = sorted(sample.ms_per_token(depth) for sample in [*certain, *agreeing])
    if earlier is not None:
        costs = sorted([*costs, *[earlier.ms_per_token] * min(earlier.samples, EARLIER_WEIGHT)])
    rate = PrefillRate(costs[(len(costs) - 1) // LOW_PART], len(costs), True, depth)
    if len(costs) > 1:
        return rate
    step_ms = certain[0].step_ms
    doubt = 1.0 if step_ms is None else min(step_ms / rate.ms_per_token / LOWEST_RATIO, 1.0)
    return replace(rate, fastest=SINGLE_FASTEST * doubt, slowest=SINGLE_SLOWEST)


def _low(samples: list[ColdSample], depth: float) -> float:
    """b of the faster ones: work beside them only makes them slower, but each also deviates by some percent."""
    costs = sorted(sample.ms_per_token(depth) for sample in samples)
    return costs[(len(costs) - 1) // LOW_PART]


def _fitted_depth(samples: list[ColdSample], prior: float) -> float:
    """κ for which long and short cold turns have the same cost per token; the prior while all are alike."""
    if not samples:
        return prior
    lengths = [sample.tokens for sample in samples]
    if max(lengths) < DEPTH_SPAN * min(lengths):
        return prior
    middle = math.sqrt(max(lengths) * min(lengths))
    short = [sample for sample in samples if sample.tokens <= middle]
    long = [sample for sample in samples if sample.tokens > middle]

    def misfit(factor: float) -> float:
        depth = prior * factor
        difference = _low(long, depth) / _low(short, depth)
        return abs(math.log(difference)) + DEPTH_DOUBT * abs(math.log(factor))

    return prior * min(DEPTH_FACTORS, key=misfit)


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
