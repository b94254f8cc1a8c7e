"""How long this machine takes to read an uncached prompt: learned from turns that are known to have been cold."""

from collections import OrderedDict

from timmy_tui.analysis.llm.prefill.constant_head import HeadRate
from timmy_tui.analysis.llm.prefill.curve import FASTEST_RATE, PRIOR_DEPTH, ColdSample, PrefillRate
from timmy_tui.analysis.llm.prefill.fit import TURN_NOISE, fitted_rate, with_head

MIN_TOKENS = 200
"""Shorter prompts are mostly one partial batch and say little about a rate."""
MAX_SAMPLES = 64
NOISE_CHANGED = 0.1
"""The expected deviation changed by more than this: the rate is computed again."""


class ColdRate:
    """The fastest of the cold turns under one model, window and version."""

    def __init__(self, prior_depth: float = PRIOR_DEPTH) -> None:
        """``prior_depth``: κ as long as the cold turns do not tell."""
        self._prior_depth = prior_depth
        self._noise = TURN_NOISE
        self._head: HeadRate | None = None
        self._samples: OrderedDict[int, ColdSample] = OrderedDict()
        self._rate: PrefillRate | None = None
        self._of_cold_turns: PrefillRate | None = None
        self._earlier: PrefillRate | None = None

    def put(self, ordinal: int, sample: ColdSample) -> None:
        """Add a turn, or replace the one with this ordinal; what cannot be a cold prefill is not taken."""
        self.remove(ordinal)
        most_tokens = 2 * FASTEST_RATE * sample.uncached_ms / 1000
        if MIN_TOKENS <= sample.tokens <= most_tokens:
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

    def expect_noise(self, noise: float) -> None:
        """How far a turn's cost per token is from the curve, as the decode steps show it."""
        if abs(noise / self._noise - 1) > NOISE_CHANGED:
            self._noise = noise
            self._update()

    @property
    def head(self) -> HeadRate | None:
        """The head that all turns share, where their times follow one."""
        return self._head

    def expect_head(self, head: HeadRate | None) -> None:
        """What the growth of the prefill with the prompt shows; None: nothing."""
        if head != self._head:
            self._head = head
            self._update()

    @property
    def depth(self) -> float:
        """κ as it is known now."""
        return self._prior_depth if self._rate is None else self._rate.depth

    @property
    def noise(self) -> float:
        """Expected deviation of one turn."""
        return self._noise

    def remember(self, rate: PrefillRate | None) -> None:
        """What earlier runs learned of the same model, window and version; None: nothing."""
        if rate != self._earlier:
            self._earlier = rate
            self._update()

    @property
    def rate(self) -> PrefillRate | None:
        """From the certain samples if there are any; None before the first sample."""
        return self._rate

    @property
    def of_cold_turns(self) -> PrefillRate | None:
        """The same without what the growth of the prefill shows: that holds for this conversation's lengths."""
        return self._of_cold_turns

    @property
    def fastest(self) -> tuple[int, ColdSample] | None:
        """The sample that the rate follows, with its ordinal; None without one."""
        used, rate = {key: item for key, item in self._samples.items() if item.certain} or self._samples, self._rate
        if rate is None or not used:
            return None
        return min(used.items(), key=lambda pair: pair[1].ms_per_token(rate.depth))

    def _update(self) -> None:
        rate = fitted_rate(list(self._samples.values()), self._earlier, self._prior_depth, self._noise)
        self._of_cold_turns = rate
        self._rate = rate if rate is None or self._head is None else with_head(rate, self._head, self._noise)
