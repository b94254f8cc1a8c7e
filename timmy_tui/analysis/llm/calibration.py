"""What the turns under one model, window and version teach: the cold rate, and the usual decode step."""

from collections import OrderedDict
from typing import NamedTuple

from timmy_tui.analysis.llm.decode_pace import DecodePace
from timmy_tui.analysis.llm.llm_requests import LlmRequest
from timmy_tui.analysis.llm.prefill.cold_rate import MAX_SAMPLES, MIN_TOKENS, ColdRate
from timmy_tui.analysis.llm.prefill.constant_head import ConstantHead
from timmy_tui.analysis.llm.prefill.curve import PRIOR_DEPTH, ColdSample, PrefillRate
from timmy_tui.analysis.llm.prompt_split import (
    BUSY_DECODE,
    Basis,
    decoded_slowly,
    is_too_slow,
    own_step_ms,
    pace_factor,
    uncached_ms,
)
from timmy_tui.model.llm import LearnedRate, PrefillKey

CONTRADICTIONS = {True: 6, False: 3}
"""Quiet turns slower than a whole prompt without the cache, after which a cold turn (certain or not) was none."""
WORTH_KEEPING = 2
"""Cold turns."""
FOLLOWED = 0.75
"""An earlier run may have been this much slower; more than that is not the clock."""
PACE_CHANGED = 0.05
"""The usual decode step changed by more than this: the cold turns are looked at again."""
NOISE_OF_SPREAD = 0.65
LEAST_NOISE, MOST_NOISE = 0.06, 0.4
"""A prefill that was corrected for its answer's decode step deviates from its curve by so much of the deviation of the
decode steps; on a processor (bench/engine), and at least by 6 % where a graphics card decodes evenly."""

SURELY_BUSY = 2.0
"""A cold turn whose decode step is this much longer than later ones is none to compare with."""


class ColdRequest(NamedTuple):
    """A turn that evaluated so many tokens; the rest as in ColdSample."""

    request: LlmRequest
    tokens: int
    certain: bool
    after_load: bool


class Calibration:
    """Takes every request; ``basis`` is what an estimate is compared with now."""

    def __init__(self, prior_depth: float = PRIOR_DEPTH) -> None:
        """``prior_depth``: κ of the model, as far as its shape gives it."""
        self.cold = ColdRate(prior_depth)
        self.pace = DecodePace()
        self.head = ConstantHead()
        self._earlier: LearnedRate | None = None
        self._cold: OrderedDict[int, ColdRequest] = OrderedDict()
        self._taken_at_ms: float | None = None
        """The usual decode step with which the cold turns were looked at."""
        self._contradicting: set[int] = set()
        self._wrong: set[int] = set()
        """Ordinals that were taken as cold and were not."""

    def add(self, request: LlmRequest, plain: bool = True) -> None:
        """Store its decode step, and whether it contradicts the cold rate.

        ``plain``: not the first of its session, not loaded, not cut.
        """
        self.head.remove(request.ordinal)
        self.pace.remove(request.ordinal)
        self._contradicting.discard(request.ordinal)
        step_ms = own_step_ms(request)
        tokens = request.prompt_tokens
        if step_ms is None or tokens is None:
            return
        self.pace.put(request.ordinal, tokens, step_ms)
        self._follow_pace()
        self._expect(request, tokens, plain)
        self._take_again()
        if not self.decoded_slowly(request) and is_too_slow(request, self.basis(request)):
            self._contradicting.add(request.ordinal)
            self._doubt()

    def _expect(self, request: LlmRequest, tokens: int, plain: bool) -> None:
        """Tell the cold rate what all turns show, cold or not."""
        spread = self.pace.spread
        if spread is not None:
            self.cold.expect_noise(min(max(NOISE_OF_SPREAD * spread, LEAST_NOISE), MOST_NOISE))
        if plain and tokens >= MIN_TOKENS and not self.decoded_slowly(request):
            self.head.put(request.ordinal, tokens, uncached_ms(request, self.pace.usual_ms(tokens)))
        self.cold.expect_head(self.head.rate(self.cold.depth, self.cold.noise))

    def put_cold(self, request: LlmRequest, tokens: int, certain: bool, after_load: bool) -> None:
        """Store a turn that evaluated ``tokens``, unless the machine was busy in it."""
        self._cold.pop(request.ordinal, None)
        self._cold[request.ordinal] = ColdRequest(request, tokens, certain, after_load)
        if len(self._cold) > MAX_SAMPLES:
            self._cold.popitem(last=False)
        self._take(self._cold[request.ordinal])

    def remove_cold(self, ordinal: int) -> None:
        """This turn was not cold, or shows nothing."""
        self._cold.pop(ordinal, None)
        self.cold.remove(ordinal)

    def _take(self, cold: ColdRequest) -> None:
        request = cold.request
        if self._was_busy(request, BUSY_DECODE) or request.ordinal in self._wrong:
            self.cold.remove(request.ordinal)
            return
        usual_ms = self._usual_ms(request)
        behind = max((request.full_prompt_tokens or cold.tokens) - cold.tokens, 0)
        time_ms = uncached_ms(request, usual_ms)
        sample = ColdSample(cold.tokens, time_ms, cold.certain, cold.after_load, usual_ms, behind)
        self.cold.put(request.ordinal, sample)

    def _was_busy(self, request: LlmRequest, factor: float) -> bool:
        step_ms, usual_ms = own_step_ms(request), self._usual_ms(request)
        return step_ms is not None and usual_ms is not None and step_ms > factor * usual_ms

    def _take_again(self) -> None:
        """Calmer answers show that the machine was busy in a turn that seemed as usual."""
        base_ms = self.pace.base_ms
        if base_ms is None or (self._taken_at_ms is not None and abs(base_ms / self._taken_at_ms - 1) < PACE_CHANGED):
            return
        self._taken_at_ms = base_ms
        for cold in self._cold.values():
            if self._was_busy(cold.request, SURELY_BUSY):
                self.cold.remove(cold.request.ordinal)
            elif not self.cold.has(cold.request.ordinal):
                self._take(cold)

    def remove(self, ordinal: int) -> None:
        """The request belongs to another model, window or version."""
        self.pace.remove(ordinal)
        self.head.remove(ordinal)
        self._contradicting.discard(ordinal)
        self.remove_cold(ordinal)

    def basis(
        self, request: LlmRequest, incomplete_times: bool = False, nothing_cached: str = "", beside_busy: bool = False
    ) -> Basis:
        """What this request is compared with now; the rest as in Basis."""
        return Basis(self.cold.rate, self._usual_ms(request), incomplete_times, nothing_cached, beside_busy)

    def decoded_slowly(self, request: LlmRequest) -> bool:
        """The machine was busy in its answer."""
        return decoded_slowly(request, self._usual_ms(request))

    def _usual_ms(self, request: LlmRequest) -> float | None:
        """The usual decode step behind a prompt of this length."""
        return self.pace.usual_ms(request.prompt_tokens or 0)

    def learned(self, key: PrefillKey) -> LearnedRate | None:
        """What is worth keeping for a later run; None while one cold turn is known, or only presumed ones."""
        rate = self.cold.of_cold_turns
        if rate is None or not rate.certain or rate.samples < WORTH_KEEPING:
            return None
        return LearnedRate(
            key=key, ms_per_token=rate.ms_per_token, depth_cost=rate.depth, samples=rate.samples,
            step_ms=self.pace.base_ms,
        )  # fmt: skip

    def remember(self, learned: LearnedRate | None) -> None:
        """What an earlier run, or a probe, learned; None: nothing after all."""
        if learned is self._earlier:
            return
        self._earlier = learned
        self.pace.remember(None if learned is None else learned.step_ms)
        self._follow_pace()

    def _follow_pace(self) -> None:
        """An earlier run may have had another clock: what decodes slower now reads slower, too."""
        earlier, step_ms = self._earlier, self.pace.base_ms
        if earlier is None:
            self.cold.remember(None)
            return
        pace = pace_factor(max(step_ms / earlier.step_ms, FOLLOWED)) if step_ms and earlier.step_ms else 1.0
        self.cold.remember(PrefillRate(earlier.ms_per_token * pace, earlier.samples, True, earlier.depth_cost))

    def _doubt(self) -> None:
        """A cold turn that too many later ones contradict was no cold turn."""
        fastest = self.cold.fastest
        if fastest is None or len(self._contradicting) < CONTRADICTIONS[fastest[1].certain]:
            return
        self._wrong.add(fastest[0])
        self.cold.remove(fastest[0])
        self._contradicting.clear()
