"""One turn as plain text: its timeline and steps, which upstream's script prints too, and its ledger."""

from collections.abc import Iterator
from itertools import pairwise
from textwrap import wrap

from timmy_tui.core.foreign.sanitize import clean
from timmy_tui.core.formatting import MISSING, count, duration, local_time, on_off
from timmy_tui.model.llm import Reuse
from timmy_tui.model.stages.system import watched
from timmy_tui.model.stages.watched import BY_KEY, CRITICAL, HOPS, NETWORK, UNATTRIBUTED, V2V, label
from timmy_tui.model.turn import NOT_ONE_TIME, Turn
from timmy_tui.report.conclusions import Conclusions
from timmy_tui.report.timeline import in_time, timeline
from timmy_tui.report.words.llm import request_words, share_words, source_words

WIDTH = 80
"""Columns of a terminal that nobody made wider."""


def turn_name(turn: Turn) -> str:
    """Number and id; a turn without an id was typed, or stands in a log of November 2025 or before."""
    name = clean(turn.request_id) or ("turn without an id" if turn.typed is False else "typed turn")
    return name if turn.number is None else f"{turn.number} · {name}"


def turn_lines(turn: Turn, conclusions: Conclusions) -> Iterator[str]:
    """Times, timeline, steps, ledger, prompt reuse and diagnosis of one turn."""
    logs = f"   logs {turn.logs}" if watched().is_built_in else ""
    yield f"== {turn_name(turn)} · {turn.state} {clean(turn.reason)}".rstrip()
    yield f"start {local_time(turn.started)}   {turn.span} {_headline(turn)}{logs}"
    yield f"session {clean(turn.session_id or MISSING)}"
    if watched().is_built_in:
        yield (
            f"processing {duration(turn.processing_ms)} (without playback)   "
            f"playback {duration(turn.stages.get('playback'))}   end to end {duration(turn.end_to_end_ms)}"
        )
    yield from _event_lines(turn)
    yield ""
    yield from ledger_lines(turn)
    yield from _llm_lines(turn, conclusions.reuse.get(turn.ordinal))
    diagnosis = conclusions.diagnoses.get(turn.ordinal)
    if diagnosis is not None and diagnosis.sentence:
        yield clean(diagnosis.sentence)


def _event_lines(turn: Turn) -> Iterator[str]:
    """Timeline and steps, by the stamps as they are."""
    if not turn.events:
        return
    yield ""
    yield f"{'at':>8}  {'service':7}  event"
    for at, event in timeline(turn.events):
        yield f"{at:>8}  {clean(event.service):7}  {clean(event.event)}"
    if not watched().stamps_measure:
        return
    yield ""
    yield f"{'delta':>8}  between"
    for before, after in pairwise(in_time(turn.events)):
        step = f"{clean(before.event)} → {clean(after.event)}"
        yield f"{duration(watched().step_ms(before.timestamp, after.timestamp)):>8}  {step}"
    apart = next((why for why in turn.unmeasured.values() if why in NOT_ONE_TIME), None)
    if apart is not None:
        yield f"{clean(apart)}: order and deltas across the clocks of v34 and STT/TTS are not to be trusted"


def ledger_lines(turn: Turn) -> Iterator[str]:
    """The critical stages in order, the gaps between them, and their sum."""
    if turn.headline_ms is None:
        yield f"no span to account for: {turn.unmeasured.get(V2V, 'too few events')}"
        yield from _unmeasured_lines(turn)
        return
    gaps = {gap.after: gap for gap in turn.gaps}
    if "start" in gaps and gaps["start"].before != "end":
        yield _gap_line(gaps["start"].ms)
    hidden = [key for key in HOPS if key in turn.unmeasured]
    for key in CRITICAL:
        value = turn.stages.get(key)
        shown = "skipped" if key in turn.skipped else duration(value)
        share = f"{value / turn.headline_ms:5.0%}" if value is not None and turn.headline_ms > 0 else "     "
        first, *rest = wrap(BY_KEY[key].meaning, WIDTH - 24)
        yield f"{shown:>8} {share}  {BY_KEY[key].label:6}  {first}"
        yield from (f"{'':24}{line}" for line in rest)
        if hidden and key == hidden[-1]:
            yield f"{duration(turn.stages.get(NETWORK)):>8}        {label(NETWORK):6}  {BY_KEY[NETWORK].name}"
        if key in gaps:
            yield _gap_line(gaps[key].ms)
    yield f"{duration(turn.unattributed_ms):>8}        {label(UNATTRIBUTED):6}  unattributed, all gaps together"
    yield f"{_headline(turn):>8}        {turn.span:6}  sum of the above"
    if turn.is_lower_bound:
        yield f"{'':24}a lower bound: the wait is longer than the setting"
    yield from _unmeasured_lines(turn)


def _headline(turn: Turn) -> str:
    return duration(turn.headline_ms, "≥" if turn.is_lower_bound else "")


def _unmeasured_lines(turn: Turn) -> Iterator[str]:
    """Reason by reason, what is unknown although its events are there."""
    for reason in dict.fromkeys(turn.unmeasured.values()):
        keys = [label(key) for key, why in turn.unmeasured.items() if why == reason]
        yield f"not measured ({clean(reason)}): {', '.join(keys)}"


def _gap_line(ms: float) -> str:
    return f"{duration(ms):>8}        ·       between two named stages"


def _llm_lines(turn: Turn, reuse: Reuse | None) -> Iterator[str]:
    if watched().counts_tokens:
        yield from _prompt_lines(turn, reuse)
    for line in turn.errors:
        yield f"error: {clean(line)}"


def _prompt_lines(turn: Turn, reuse: Reuse | None) -> Iterator[str]:
    counts = f"prompt {count(turn.prompt_tokens)} tokens   output {count(turn.output_tokens)} tokens"
    if not watched().is_built_in:
        yield f"{counts}   from the cache {count(turn.cached_tokens)}"
        return
    yield (
        f"{counts}   prefill {duration(_reported(turn, 'prefill'))}   decode {duration(_reported(turn, 'decode'))}   "
        f"load {duration(_reported(turn, 'load'))}"
    )
    state = request_words(reuse)
    known = f"reuse {share_words(reuse)}{f' {state}' if state else ''}   {clean(source_words(reuse))}"
    yield from wrap(known, WIDTH, subsequent_indent=" " * 13)
    if reuse is not None and reuse.broken:
        yield f"the cache should have held more: {clean(reuse.broken)}"
    yield (
        f"context array sent {count(turn.context_sent)}, returned {count(turn.context_returned)}   "
        f"tail mode {on_off(turn.tail_mode)}   raw {on_off(turn.raw)}"
    )


def _reported(turn: Turn, stage: str) -> float | None:
    """What Ollama says that a stage took, unless something contradicts it."""
    return None if stage in turn.unmeasured else getattr(turn, f"{stage}_ms")
