"""How much of each prompt came from the prompt cache: measured, estimated with a reason, or unknown with a reason.

Ollama before 0.33.3 does not say. Its prompt_eval_count is the whole prompt whether cached or not (see the version
table), its prompt_eval_duration the time of the uncached rest: the reuse shows only in how short that is.
"""

from collections import deque
from collections.abc import Mapping

from msgspec.structs import replace

from timmy_tui.analysis.llm.cold_rate import ColdRate, Rate, fastest_cold
from timmy_tui.analysis.llm.miss_cause import broken_cause
from timmy_tui.analysis.llm.ollama_versions import ASSUMED, Counts, Cut, VersionRule, rule_for
from timmy_tui.analysis.llm.prompt_split import Split, base_ms, queue_ms, split_prompt, told_split, ttft_ms
from timmy_tui.analysis.llm.request_chain import Chain, Link
from timmy_tui.analysis.llm.requests import request_of
from timmy_tui.analysis.llm.truncation import was_cut
from timmy_tui.model.llm import Certainty, OllamaFacts, Reuse, ServedPrompt
from timmy_tui.model.turn import FlagValue, Turn

KEPT = 200
COLD_SHARE = 0.2
"""Below this hardly more than the head of the prompt was reused."""
COLD_ESTIMATE = 0.1
"""The same for an estimate: a GPU that was busy elsewhere makes a warm turn look colder than it was."""
MISSED = 0.25
"""A turn is called cold only if this share of its prompt was to be expected in the cache and was not there: the first
turns of a conversation have little to share, and an estimate is off by up to 15 points."""
LOAD_MS = 500.0
"""A load_duration above this is a real load on any machine."""
LOAD_FACTOR = 3.0
LOAD_EXCESS_MS = 150.0
"""Above the warm floor, so that a floor of 1.4 ms (0.32.15 and later) does not make 5 ms a load."""
WAIT_LOAD_MS = 1000.0
"""Without load_duration (the latency log has none): waiting this long was probably a load, perhaps a queue."""


class ReuseTracker:
    """Takes turns one by one; what it says of old ones grows better as cold turns come in."""

    def __init__(self, kept: int = KEPT) -> None:
        self._chain = Chain(kept)
        self._rates: dict[tuple[str, int, int], ColdRate] = {}
        self._versions: list[str | None] = [None]
        self._suspect: set[int] = set()
        """Eras without a version whose durations cannot be whole."""
        self._loads: deque[float] = deque(maxlen=50)
        self._judged: tuple[Reuse, ...] | None = ()
        self._model, self._num_ctx = "", 0

    def add(
        self,
        turn: Turn,
        facts: OllamaFacts | None = None,
        measured: ServedPrompt | None = None,
        flags: Mapping[str, FlagValue] | None = None,
    ) -> Reuse:
        """Take a turn in; the same ordinal again is a revision. Amortised O(1): a new cold rate costs one pass.

        ``flags``: what it ran under, as far as more than the turn tells; None for a revision keeps what was said.
        """
        self.note_version(facts.version if facts is not None else None)
        request = request_of(turn, measured, flags)
        known = self._chain.find(request.ordinal)
        if known is None and not request.answered:
            return _silent(request.ordinal)
        if known is not None and measured is None:
            request = replace(request, served=known.request.served)
        if known is not None and flags is None:
            request = replace(request, flags={**known.request.flags, **request.flags})
        if known is None or known.request.load_ms != request.load_ms:
            loaded = self._is_load(request.load_ms)
        else:
            loaded = known.loaded
        changed = self._chain.put(request, len(self._versions) - 1)
        for link in changed:
            if link.request.ordinal == request.ordinal:
                link.loaded = loaded
            self._look(link)
        self._judged = None
        link_now = self._chain.find(request.ordinal)
        return self._judge(link_now) if link_now is not None else _silent(request.ordinal)

    def note_version(self, version: str | None) -> None:
        """What Ollama calls itself now. The first word holds for the turns before it, too: they are of one log."""
        if version is None or version == self._versions[-1]:
            return
        if self._versions[-1] is None:
            self._versions[-1] = version
            self._suspect.discard(len(self._versions) - 1)
            for link in self._chain:
                self._look(link)
        else:
            self._versions.append(version)
        self._judged = None

    @property
    def reuse(self) -> tuple[Reuse, ...]:
        """Every kept turn, oldest first, judged by what is known now."""
        if self._judged is None:
            self._judged = tuple(self._judge(link) for link in self._chain)
        return self._judged

    @property
    def version(self) -> str | None:
        """The newest version heard of."""
        return self._versions[-1]

    def cut(self, ordinal: int) -> bool:
        """The prompt of this turn was shortened to fit."""
        link = self._chain.find(ordinal)
        return link is not None and link.cut

    @property
    def rate(self) -> Rate | None:
        """The cold rate of the newest turn's model, window and version; None before a cold turn was seen."""
        last = self._chain.last
        return self._rates[last.key].rate if last is not None else None

    def _look(self, link: Link) -> None:
        """Read a request in its place: cut, cold, a sample of the cold rate."""
        request, rule = link.request, self._rule(link.era)
        self._model = request.model or self._model
        self._num_ctx = request.num_ctx or self._num_ctx
        key = (self._model, self._num_ctx, link.era)
        if link.key != key and link.key in self._rates:
            self._rates[link.key].drop(request.ordinal)
        link.key = key
        link.waited = request.load_ms is None and (request.wait_ms or 0.0) > WAIT_LOAD_MS
        link.cut = was_cut(link, request.num_ctx or self._num_ctx or None, rule)
        self._learn(link, rule)

    def _is_load(self, load: float | None) -> bool:
        if load is None:
            return False
        floor = min(self._loads, default=None)
        self._loads.append(load)
        if load > LOAD_MS:
            return True
        return floor is not None and load > LOAD_FACTOR * floor and load > floor + LOAD_EXCESS_MS

    def _learn(self, link: Link, rule: VersionRule) -> None:
        """Keep the turn as a sample of the cold rate, if it is one."""
        request = link.request
        rates = self._rates.setdefault(link.key, ColdRate())
        tokens, certain = _cold_tokens(link, rule)
        if tokens is None or request.prefill_ms is None or not rule.timed:
            rates.drop(request.ordinal)
            return
        base = base_ms(request)
        fast = tokens / max(request.prefill_ms - base, 0.01) * 1000 > fastest_cold(request.decode_rate)
        known = rule_for(self._versions[link.era]) is not None
        if fast and certain and not known:
            self._suspect.add(link.era)
        if fast and not (certain and known):
            rates.drop(request.ordinal)
            return
        rates.put(request.ordinal, tokens, request.prefill_ms, base, certain)

    def _rule(self, era: int) -> VersionRule:
        return rule_for(self._versions[era]) or ASSUMED

    def _judge(self, link: Link) -> Reuse:
        request, version = link.request, self._versions[link.era]
        rate = self._rates[link.key].rate
        split = split_prompt(request, version, rule_for(version), rate, link.era in self._suspect)
        loaded = link.loaded or (link.waited and (split.share is None or split.share < COLD_SHARE))
        missed = not loaded and _missed(link, split, self._rule(link.era))
        opened = link.nth == 1 and (link.opened if split.share is None else split.share < COLD_SHARE)
        return Reuse(
            ordinal=request.ordinal,
            prompt_tokens=split.prompt,
            reused=split.reused,
            share=split.share,
            certainty=split.certainty,
            reason=split.reason,
            cold=loaded or missed or opened,
            broken=broken_cause(link) if missed else "",
            load_ms=request.load_ms,
            loaded=loaded,
            queue_ms=queue_ms(request) if self._rule(link.era).timed else None,
            prefill_ms=request.prefill_ms,
            decode_ms=request.decode_ms,
            decode_rate=request.decode_rate,
            ttft_ms=ttft_ms(request),
        )


def _missed(link: Link, split: Split, rule: VersionRule) -> bool:
    """The cache should have held a good part of this prompt, and did not."""
    if split.share is None or not split.prompt:
        # A window that slides by a few tokens leaves nothing but the head; one that drops blocks does so rarely.
        return link.cut and rule.cut is not Cut.BLOCKS
    if link.cut and split.share < COLD_SHARE:
        return True
    if split.share >= (COLD_ESTIMATE if split.certainty is Certainty.ESTIMATED else COLD_SHARE):
        return False
    return min(link.reusable, split.prompt) / split.prompt - split.share >= MISSED


def _cold_tokens(link: Link, rule: VersionRule) -> tuple[int | None, bool]:
    """Tokens that this turn surely (True) or presumably evaluated; None when it says nothing of the cold rate."""
    request = link.request
    told = told_split(request)
    if told is not None and told.prompt is not None and told.reused is not None:
        return told.prompt - told.reused, True
    if link.loaded or rule.counts is Counts.MISSES:
        return request.prompt, True
    slid = link.cut and rule.cut is not Cut.BLOCKS
    if (link.opened and not rule.ram_cache) or link.waited or slid:
        return request.prompt, False
    return None, False


def _silent(ordinal: int) -> Reuse:
    return Reuse(
        ordinal=ordinal,
        prompt_tokens=None,
        reused=None,
        share=None,
        certainty=Certainty.UNKNOWN,
        reason="Ollama gave no figures for this turn",
    )
