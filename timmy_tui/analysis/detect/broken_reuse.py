"""A prompt cache that stopped helping: called that, with its likeliest reason, before anything is called slower.

Formulas and sources: STATISTICS.md.
"""

import math
from collections.abc import Iterator, Sequence
from itertools import islice
from statistics import median

from msgspec import Struct

from timmy_tui.analysis.stats.ordering import NewestOfSessions
from timmy_tui.analysis.stats.tuning import TUNING
from timmy_tui.analysis.stats.workload import robust_scale
from timmy_tui.core.formatting import duration
from timmy_tui.model.judgement import Finding
from timmy_tui.model.stages.watched import PROMPT_CACHE
from timmy_tui.model.turn import Turn, TurnState

_TUNING = TUNING.reuse


class _Request(Struct, frozen=True, gc=False):
    """A warm turn with what it evaluated of its prompt."""

    turn: Turn
    ahead: Turn
    share: float
    """Evaluated part of the prompt; by Ollama's count, or by what the time of a cold prompt says."""
    prefill_ms: float


class ReuseWatch:
    """Takes turns as they close; a revision takes the place of what it revises. Constant in the length of history."""

    def __init__(self, most_turns: int) -> None:
        """``most_turns``: as many of the newest are looked at."""
        self._most = most_turns
        self._turns: dict[int, Turn] = {}
        """By ordinal, in the order in which they happened."""
        self._ahead: dict[int, int | None] = {}
        """Ordinal of the turn ahead in its session; None of the first one."""
        self._firsts: dict[int, None] = {}
        """Ordinals of those that are the first one."""
        self._sessions = NewestOfSessions()
        self._newest: tuple[int, ...] = (-1,)
        """Position."""
        self._rate: float | None = None
        """ms a token of a prompt that is evaluated whole; None: to be computed."""

    def add(self, turn: Turn) -> None:
        """Take a turn in, or a revision of one."""
        is_new = turn.ordinal not in self._turns
        self._turns[turn.ordinal] = turn
        if is_new and turn.position < self._newest:
            self._order_anew()
        elif is_new:
            self._newest = turn.position
            self._link(turn)
        if turn.ordinal in self._firsts:
            self._rate = None
        if len(self._turns) > self._most:
            oldest = next(iter(self._turns))
            del self._turns[oldest], self._ahead[oldest]
            if oldest in self._firsts:
                del self._firsts[oldest]
                self._rate = None

    def finding(self, said: bool = False) -> Finding | None:
        """The finding, while turns evaluate their whole prompts and those before did not.

        A turn that reuses in between ends nothing: it is over when so many in a row do as it takes to begin. ``said``:
        it is known already, so that only what contradicts it takes it back.
        """
        requests = self._newest_first()
        run, working = _run(requests)
        start = _start(run)
        after = run[start:]
        if sum(one.share >= _TUNING.broken_share for one in after) * 2 <= len(after):
            return None
        before = [*working, *run[:start]]
        before += islice(requests, max(_TUNING.reference_turns - len(before), 0))
        if len(before) < _TUNING.least_reference or median(one.share for one in before) > _TUNING.working_share:
            return None
        if _is_slower_gpu(before, after) or self._are_cold_ones_slower(after[0].ahead):
            return None
        if not said and not (_is_more(before, after) and (is_counted(after[-1].turn) or _are_whole(after))):
            return None
        return _finding(before, after)

    def works_again(self) -> bool:
        """The newest turns reuse their prompts, or most of the newest do: what was broken is over."""
        newest = list(islice(self._newest_first(), 2 * _TUNING.least_run))
        working = [one.share < _TUNING.broken_share for one in newest]
        return sum(working) * 2 >= len(working) or all(working[: _TUNING.least_run])

    def _link(self, turn: Turn) -> None:
        ahead = self._sessions.take(turn)
        self._ahead[turn.ordinal] = None if ahead is None else ahead.ordinal
        if ahead is None:
            self._firsts[turn.ordinal] = None

    def _order_anew(self) -> None:
        """A turn came late: it stands ahead of others that were linked without it."""
        before = self._ahead
        self._turns = {turn.ordinal: turn for turn in sorted(self._turns.values(), key=lambda turn: turn.position)}
        self._ahead, self._firsts, self._sessions = {}, {}, NewestOfSessions()
        for ordinal, turn in self._turns.items():
            self._link(turn)
            link = before.get(ordinal)
            if ordinal in self._firsts and link is not None and link not in self._turns:
                # The turn ahead of it is no longer at hand, which makes it no first one.
                self._ahead[ordinal] = link
                del self._firsts[ordinal]

    def _newest_first(self) -> Iterator[_Request]:
        """Warm complete turns whose evaluated share is known."""
        for ordinal in reversed(self._turns):
            turn, link = self._turns[ordinal], self._ahead[ordinal]
            ahead = None if link is None else self._turns.get(link)
            if ahead is None or not turn.prompt_tokens or turn.prefill_ms is None or not _is_complete(turn):
                continue
            if turn.cached_tokens is not None:
                yield _Request(turn, ahead, 1 - turn.cached_tokens / turn.prompt_tokens, turn.prefill_ms)
                continue
            self._rate = self._cold_rate() if self._rate is None else self._rate
            if self._rate:
                yield _Request(turn, ahead, turn.prefill_ms / (self._rate * turn.prompt_tokens), turn.prefill_ms)

    def _cold_rates(self) -> list[tuple[Turn, float]]:
        """The first turns of sessions, each with ms a token of its prompt, which is evaluated whole."""
        firsts = (self._turns[ordinal] for ordinal in self._firsts)
        return [
            (one, one.prefill_ms / one.prompt_tokens)
            for one in firsts
            if _is_complete(one) and one.prompt_tokens and one.prefill_ms is not None
        ]

    def _cold_rate(self) -> float:
        """ms a token of a prompt that is evaluated whole; 0: too few of them are known."""
        rates = [rate for _, rate in self._cold_rates()]
        return median(rates) if len(rates) >= _TUNING.least_cold else 0.0

    def _are_cold_ones_slower(self, since: Turn) -> bool:
        """First turns of sessions evaluate all anyway: where these are slower too, it is not for want of a cache."""
        rates = self._cold_rates()
        sides = [[rate for turn, rate in rates if (turn.position < since.position) == ahead] for ahead in (True, False)]
        return all(sides) and median(sides[1]) > _TUNING.slower_pace * median(sides[0])


def _run(requests: Iterator[_Request]) -> tuple[list[_Request], list[_Request]]:
    """The requests up to the newest without reuse, oldest first, back to where so many in a row reuse; and these."""
    run: list[_Request] = []
    working: list[_Request] = []
    for one in requests:
        if one.share < _TUNING.broken_share:
            working.append(one)
            if len(working) == _TUNING.least_run:
                break
        else:
            run += [*working, one] if run else [one]
            working = []
    return run[::-1], working


def _start(run: Sequence[_Request]) -> int:
    """Where the first ones without reuse begin that are enough; behind the last where there are none."""
    for at in range(len(run) - _TUNING.least_run + 1):
        if all(one.share >= _TUNING.broken_share for one in run[at : at + _TUNING.least_run]):
            return at
    return len(run)


def _is_complete(turn: Turn) -> bool:
    return turn.state is TurnState.COMPLETE


def _finding(before: Sequence[_Request], after: Sequence[_Request]) -> Finding | None:
    """Of requests that reused, in any order, and of those that did not since then; None where it costs too little."""
    usual, now = (median(one.prefill_ms for one in side) for side in (before, after))
    first, noticed = after[0].turn, after[_TUNING.least_run - 1].turn
    if now - usual < _TUNING.least_cost_ms:
        return None
    run, reason = len(after), _reason(after)
    return Finding(
        key=f"{PROMPT_CACHE}:{first.ordinal}", stage=PROMPT_CACHE, direction="slower", raised=noticed.ordinal,
        raised_id=noticed.request_id, since=first.ordinal, since_id=first.request_id, ratio=now / max(usual, 1.0),
        before_ms=usual, after_ms=now, n=run, age=run - _TUNING.least_run, confidence=1.0, cost_ms=now - usual,
        cause=f"prompt cache stopped helping: +{duration(now - usual)} a turn" + (f" ({reason})" if reason else ""),
    )  # fmt: skip


def is_counted(turn: Turn) -> bool:
    """Ollama tells what it reused; else the time says it."""
    return turn.cached_tokens is not None


def _tokens(one: _Request) -> float:
    """Evaluated ones."""
    return one.share * (one.turn.prompt_tokens or 0)


def _is_more(before: Sequence[_Request], after: Sequence[_Request]) -> bool:
    """Enough prompts are so long that all of them is more than what was evaluated before: a short one always is."""
    usual = median(map(_tokens, before))
    return sum((one.turn.prompt_tokens or 0) >= _TUNING.longer_prompt * usual for one in after) >= _TUNING.least_run


def _are_whole(after: Sequence[_Request]) -> bool:
    """By their times these are whole prompts, and no slower parts of them: those do not grow with the prompt."""
    low, high = _TUNING.whole_shares
    if not low <= median(one.share for one in after) <= high:
        return False
    shares, tokens, prompts = (
        robust_scale([math.log(value) for value in values])
        for values in zip(
            *((one.share, _tokens(one), one.turn.prompt_tokens or 1) for one in after if one.share > 0), strict=True
        )
    )
    return prompts < _TUNING.prompt_spread or shares <= tokens


def _is_slower_gpu(before: Sequence[_Request], after: Sequence[_Request]) -> bool:
    """By time alone, a slower card looks like a broken cache; but then the tokens of the answer are slower too."""
    if all(is_counted(one.turn) for one in after):
        return False
    paces = [
        [one.turn.decode_ms / one.turn.output_tokens for one in side if one.turn.decode_ms and one.turn.output_tokens]
        for side in (before, after)
    ]
    return not all(paces) or median(paces[1]) > _TUNING.slower_pace * median(paces[0])


def _reason(after: Sequence[_Request]) -> str:
    """The likeliest one, where most of the turns show it."""

    def mostly(shown: Sequence[bool]) -> bool:
        return sum(shown) > len(shown) / 2

    if mostly([(one.turn.load_ms or 0.0) > TUNING.series.loaded_ms for one in after]):
        return "the model is loaded anew"
    if mostly([(one.turn.prompt_tokens or 0) <= (one.ahead.prompt_tokens or 0) for one in after]):
        return "prompts are cut, so their beginning is another one"
    if mostly([one.turn.ordinal - one.ahead.ordinal > 1 for one in after]):
        return "another session asks in between"
    return ""
