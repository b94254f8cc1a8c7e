"""A prompt cache that stopped helping: called that, with its likeliest reason, before anything is called slower.

Formulas and sources: STATISTICS.md.
"""

from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

from timmy_tui.analysis.stats.tuning import TUNING
from timmy_tui.core.formatting import duration
from timmy_tui.model.judgement import Finding
from timmy_tui.model.stages import PROMPT_CACHE
from timmy_tui.model.turn import Turn, TurnState

_TUNING = TUNING.reuse


class _Request(NamedTuple):
    """A warm turn with what it evaluated of its prompt."""

    turn: Turn
    ahead: Turn
    share: float
    """Evaluated part of the prompt; by Ollama's count, or by what the time of a cold prompt says."""
    prefill_ms: float


def broken_reuse(turns: Sequence[Turn]) -> Finding | None:
    """The finding, while the newest turns evaluate their whole prompts and those before did not; ``turns`` in order."""
    requests = _requests(turns)
    run = 0
    while run < len(requests) and requests[-1 - run].share >= _TUNING.broken_share:
        run += 1
    before = requests[max(len(requests) - run - _TUNING.reference_turns, 0) : len(requests) - run]
    if run < _TUNING.least_run or len(before) < _TUNING.least_reference:
        return None
    after = requests[len(requests) - run :]
    if median(one.share for one in before) > _TUNING.working_share or _is_slower_gpu(before, after):
        return None
    usual, now = (median(one.prefill_ms for one in side) for side in (before, after))
    first, noticed = after[0].turn, after[_TUNING.least_run - 1].turn
    if now - usual < _TUNING.least_cost_ms:
        return None
    reason = _reason(after)
    return Finding(
        key=f"{PROMPT_CACHE}:{first.ordinal}", stage=PROMPT_CACHE, direction="slower", raised=noticed.ordinal,
        raised_id=noticed.request_id, since=first.ordinal, since_id=first.request_id, ratio=now / max(usual, 1.0),
        before_ms=usual, after_ms=now, n=run, age=run - _TUNING.least_run, confidence=1.0, cost_ms=now - usual,
        cause=f"prompt cache stopped helping: +{duration(now - usual)} a turn" + (f" ({reason})" if reason else ""),
    )  # fmt: skip


def _requests(turns: Sequence[Turn]) -> list[_Request]:
    """Warm complete turns whose evaluated share is known."""
    ahead: dict[int, Turn] = {}
    cold: list[float] = []
    warm: list[tuple[Turn, Turn]] = []
    for turn in turns:
        before = ahead.get(turn.session)
        ahead[turn.session] = turn
        if turn.state is not TurnState.COMPLETE or not turn.prompt_tokens or turn.prefill_ms is None:
            continue
        if before is None:
            cold.append(turn.prefill_ms / turn.prompt_tokens)
        else:
            warm.append((turn, before))
    rate = median(cold) if len(cold) >= _TUNING.least_cold else None
    found = []
    for turn, before in warm:
        prompt, prefill = turn.prompt_tokens or 1, turn.prefill_ms or 0.0
        if turn.cached_tokens is not None:
            found.append(_Request(turn, before, 1 - turn.cached_tokens / prompt, prefill))
        elif rate:
            found.append(_Request(turn, before, prefill / (rate * prompt), prefill))
    return found


def _is_slower_gpu(before: Sequence[_Request], after: Sequence[_Request]) -> bool:
    """By time alone, a slower card looks like a broken cache; but then the tokens of the answer are slower too."""
    if all(one.turn.cached_tokens is not None for one in after):
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
