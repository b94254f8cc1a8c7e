"""How much of each prompt came from the prompt cache: measured, estimated with a reason, or unknown with a reason.

Ollama before 0.33.3 does not report it. Its prompt_eval_count is the full prompt, cached or not (see the table of
versions), and its prompt_eval_duration is the time of the uncached rest: only a short duration shows the reuse.
"""

from collections import deque
from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from timmy_tui.analysis.llm.calibrations import Calibrations
from timmy_tui.analysis.llm.llm_requests import request_of
from timmy_tui.analysis.llm.miss_cause import CONSTANT, broken_cause, changes_behind
from timmy_tui.analysis.llm.ollama_versions import ASSUMED_RULE, PromptEvalCount, Truncation, VersionRule, rule_for
from timmy_tui.analysis.llm.prefill.curve import PrefillRate, fastest_cold
from timmy_tui.analysis.llm.prefix_loss import COLD_SHARE, has_lost, is_cold, is_miss, most_tokens
from timmy_tui.analysis.llm.prompt_split import (
    PromptSplit,
    apparent_rate,
    measured_split,
    queue_ms,
    split_prompt,
    ttft_ms,
    uncached_ms,
)
from timmy_tui.analysis.llm.request_chain import ChainedRequest, RequestChain
from timmy_tui.analysis.llm.truncation import is_truncated
from timmy_tui.model.llm import Certainty, LearnedRate, OllamaFacts, Reuse, ServedPrompt
from timmy_tui.model.stages.system import watched
from timmy_tui.model.turn import FlagValue, Turn

MAX_REQUESTS = 200
"""Newest requests whose reuse is kept."""
LOAD_MS = 500.0
"""A load_duration above this is a real load on any machine."""
LOAD_FACTOR = 3.0
LOAD_EXCESS_MS = 150.0
"""Above the shortest load_duration. So a shortest one of 1.4 ms (0.32.15 and later) does not make 5 ms a load."""
WAIT_LOAD_MS = 1000.0
"""Without load_duration (the latency log has none): a wait this long was probably a load, perhaps a queue."""


class ReuseTracker:
    """Takes turns one by one. Estimates of earlier turns improve as cold turns arrive."""

    def __init__(self, limit: int = MAX_REQUESTS) -> None:
        """``limit``: how many requests are kept."""
        self._chain = RequestChain(limit)
        self._versions: list[str | None] = [None]
        self._calibrations = Calibrations(self._versions)
        self._incomplete_times: set[int] = set()
        """Indices of unknown versions whose prefill times are too short to cover the full prompt."""
        self._load_times: deque[float] = deque(maxlen=50)
        self._reuse: tuple[Reuse, ...] | None = ()
        self._model, self._num_ctx = "", 0

    def add(
        self,
        turn: Turn,
        facts: OllamaFacts | None = None,
        served: ServedPrompt | None = None,
        flags: Mapping[str, FlagValue] | None = None,
    ) -> Reuse:
        """Add a turn; the same ordinal again is a revision. ``served``: its request in Ollama's server log, if known.

        ``flags``: what the turn ran under, where more than the turn tells; None for a revision keeps what was known.
        Amortised O(1): a new cold rate costs one pass over all requests.
        """
        if facts is not None:
            self.set_facts(facts)
        request = request_of(turn, served, flags)
        known = self._chain.get(request.ordinal)
        if known is None and not request.has_figures:
            return _unknown_reuse(request.ordinal)
        if known is not None and served is None:
            request = replace(request, served=known.request.served)
        if known is not None and flags is None:
            request = replace(request, flags={**known.request.flags, **request.flags})
        if known is None or known.request.load_ms != request.load_ms:
            loaded = self._is_load(request.load_ms)
        else:
            loaded = known.loaded
        version_index = len(self._versions) - 1 if known is None else known.version_index
        changed = self._chain.put(request)
        for chained in changed:
            if chained.request.ordinal == request.ordinal:
                chained.loaded, chained.version_index = loaded, version_index
            self._classify(chained)
        self._reuse = None
        current = self._chain.get(request.ordinal)
        return self._reuse_of(current) if current is not None else _unknown_reuse(request.ordinal)

    def set_version(self, version: str | None) -> None:
        """Ollama's version from now on; None: not known.

        The first known version also applies to the turns before it, because they are from the same log.
        """
        if version is None or version == self._versions[-1]:
            return
        if self._versions[-1] is None:
            self._versions[-1] = version
            self._calibrations.remember(())
            self._incomplete_times.discard(len(self._versions) - 1)
            for chained in self._chain:
                self._classify(chained)
        else:
            self._versions.append(version)
        self._reuse = None

    def set_facts(self, facts: OllamaFacts) -> None:
        """What Ollama says of itself and of the model now."""
        self.set_version(facts.version)
        if self._calibrations.set_facts(facts):
            self._reuse = None

    @property
    def reuse(self) -> tuple[Reuse, ...]:
        """The kept turns, oldest first, as estimated with what is known now."""
        if self._reuse is None:
            self._reuse = tuple(self._reuse_of(chained) for chained in self._chain)
        return self._reuse

    @property
    def version(self) -> str | None:
        """The newest version that Ollama reported."""
        return self._versions[-1]

    def is_truncated(self, ordinal: int) -> bool:
        """The prompt of this turn was shortened to fit the context window."""
        chained = self._chain.get(ordinal)
        return chained is not None and chained.truncated

    def remember(self, rates: Iterable[LearnedRate]) -> None:
        """What earlier runs or a probe learned; the same key again replaces it."""
        self._calibrations.remember(rates)
        self._reuse = None

    @property
    def learned(self) -> tuple[LearnedRate, ...]:
        """What is worth keeping for a later run, one for each model, window, quantisation and version."""
        return self._calibrations.learned

    @property
    def rate(self) -> PrefillRate | None:
        """The cold rate for the newest turn's model, window and version; None before the first cold turn."""
        newest = self._chain.newest
        return self._calibrations[newest.rate_key].cold.rate if newest is not None else None

    def _classify(self, chained: ChainedRequest) -> None:
        """Decide, with its neighbours known: truncated or not, and whether it is a sample of the cold rate."""
        request, rule = chained.request, self._rule(chained.version_index)
        self._model = request.model or self._model
        self._num_ctx = request.num_ctx or self._num_ctx
        key = (self._model, self._num_ctx, chained.version_index)
        if chained.rate_key != key:
            self._calibrations.forget(chained.rate_key, request.ordinal)
        chained.rate_key = key
        waited = request.wait_ms is not None and request.wait_ms > WAIT_LOAD_MS
        chained.long_wait = waited and request.load_ms is None
        chained.truncated = is_truncated(chained, request.num_ctx or self._num_ctx or None, rule)
        self._update_cold_rate(chained, rule)

    def _is_load(self, load_ms: float | None) -> bool:
        if load_ms is None:
            return False
        shortest_ms = min(self._load_times, default=None)
        self._load_times.append(load_ms)
        if load_ms > LOAD_MS:
            return True
        return (
            shortest_ms is not None and load_ms > LOAD_FACTOR * shortest_ms and load_ms > shortest_ms + LOAD_EXCESS_MS
        )

    def _update_cold_rate(self, chained: ChainedRequest, rule: VersionRule) -> None:
        """Store the turn as a sample of the cold rate if it is one, else remove it."""
        request = chained.request
        calibration = self._calibrations[chained.rate_key]
        if rule.times_all_uncached:
            calibration.add(request, not (chained.loaded or chained.truncated or chained.first_in_session))
        tokens, certain = _cold_tokens(chained, rule)
        if tokens is None or request.prefill_ms is None or not rule.times_all_uncached:
            calibration.remove_cold(request.ordinal)
            return
        rate = apparent_rate(tokens, uncached_ms(request, calibration.basis(request).step_ms))
        too_fast = rate > fastest_cold(request.decode_rate)
        version_known = rule_for(self._versions[chained.version_index]) is not None
        if too_fast and certain and not version_known:
            self._incomplete_times.add(chained.version_index)
        if too_fast and not (certain and version_known):
            calibration.remove_cold(request.ordinal)
            return
        calibration.put_cold(request, tokens, certain, chained.loaded or chained.long_wait)

    def _rule(self, version_index: int) -> VersionRule:
        return rule_for(self._versions[version_index]) or ASSUMED_RULE

    def _split(self, chained: ChainedRequest) -> PromptSplit:
        version, rule = self._versions[chained.version_index], self._rule(chained.version_index)
        incomplete_times = chained.version_index in self._incomplete_times
        slid = chained.truncated and rule.truncation is not Truncation.BLOCKS
        nothing_cached = "loaded" if chained.loaded else "cut" if slid else ""
        calibration = self._calibrations[chained.rate_key]
        beside_busy = any(
            beside is not None and beside.rate_key == chained.rate_key and calibration.decoded_slowly(beside.request)
            for beside in (chained.previous, chained.following)
        )
        basis = calibration.basis(chained.request, incomplete_times, nothing_cached, beside_busy)
        return split_prompt(chained.request, version, rule_for(version), basis)

    def _reuse_of(self, chained: ChainedRequest) -> Reuse:
        request, rule = chained.request, self._rule(chained.version_index)
        split = self._split(chained)
        loaded = chained.loaded or (chained.long_wait and (split.share is None or split.share < COLD_SHARE))
        missed = not loaded and is_miss(chained, split, rule)
        cold_start = chained.first_in_session and split.calm and is_cold(split)
        return Reuse(
            ordinal=request.ordinal,
            prompt_tokens=split.prompt_tokens,
            reused=split.reused_tokens,
            share=split.share,
            least=split.least,
            most=split.most,
            certainty=split.certainty,
            reason=split.reason,
            cut=chained.truncated,
            busy=split.busy,
            cold=loaded or missed or cold_start,
            broken=self._broken(chained, split, missed),
            load_ms=request.load_ms,
            loaded=loaded,
            queue_ms=queue_ms(request) if rule.times_all_uncached else None,
            prefill_ms=request.prefill_ms,
            decode_ms=request.decode_ms,
            decode_rate=request.decode_rate,
            ttft_ms=ttft_ms(request),
        )

    def _broken(self, chained: ChainedRequest, split: PromptSplit, missed: bool) -> str:
        """Why less was reused than should have been there; empty where nothing shows that."""
        head = self._calibrations[chained.rate_key].cold.head
        head_tokens = None if head is None else head.head_tokens
        if missed:
            return broken_cause(chained, self._heads(chained, split), head_tokens)
        if head_tokens is None or not split.calm or split.certainty is not Certainty.ESTIMATED:
            return ""
        return changes_behind(head_tokens) if has_lost(chained, split) else ""

    def _heads(self, chained: ChainedRequest, split: PromptSplit) -> list[int]:
        """Tokens that this turn can have reused, and the two of its session before it if they were as cold."""
        heads = [most_tokens(split)]
        while len(heads) <= CONSTANT and not chained.first_in_session and chained.previous is not None:
            chained = chained.previous
            split = self._split(chained)
            if not is_cold(split) or chained.loaded or chained.truncated:
                break
            heads.append(most_tokens(split))
        return heads


def _cold_tokens(chained: ChainedRequest, rule: VersionRule) -> tuple[int | None, bool]:
    """Tokens evaluated, and whether that is certain or only presumed. (None, False): no sample of the cold rate."""
    request = chained.request
    measured = measured_split(request)
    if measured is not None and measured.prompt_tokens is not None and measured.reused_tokens is not None:
        return measured.prompt_tokens - measured.reused_tokens, True
    window_slid = chained.truncated and rule.truncation is not Truncation.BLOCKS
    if chained.loaded or window_slid or rule.counts is PromptEvalCount.MISSES:
        return request.prompt_tokens, True
    if (chained.slot_replaced and not rule.ram_cache) or chained.long_wait:
        return request.prompt_tokens, False
    return None, False


def _unknown_reuse(ordinal: int) -> Reuse:
    return Reuse(
        ordinal=ordinal,
        prompt_tokens=None,
        reused=None,
        share=None,
        certainty=Certainty.UNKNOWN,
        reason="Ollama gave no figures for this turn" if watched().is_built_in else "no tokens in this log",
    )
