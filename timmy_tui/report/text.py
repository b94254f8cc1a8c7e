"""The plain-text report: what upstream's two scripts print, and the ledger, which they do not have."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime

from timmy_tui.analysis.stats.clock_offset import offset_over
from timmy_tui.analysis.stats.percentiles import headline_stat, newest_complete, stage_stats
from timmy_tui.core.formatting import MISSING, count, duration, on_off
from timmy_tui.core.sanitize import clean
from timmy_tui.model.judgement import Diagnosis
from timmy_tui.model.snapshot import Listening, SourceState, StageStat
from timmy_tui.model.stages import BY_KEY, CRITICAL, HOPS, NETWORK, UNATTRIBUTED, V2V, label
from timmy_tui.model.turn import Event, Reason, Session, Turn

SLOW = 5
"""Most slow turns that the summary lists."""


def _name(turn: Turn) -> str:
    """Number and id; a turn without an id was typed, or stands in a log of November 2025 or before."""
    name = clean(turn.request_id) or ("turn without an id" if turn.typed is False else "typed turn")
    return name if turn.number is None else f"{turn.number} · {name}"


def turn_lines(turn: Turn, why: Diagnosis | None = None) -> Iterator[str]:
    """Timeline, deltas, ledger and diagnosis of one turn. ``why``: None is a turn without a diagnosis."""
    events = sorted(turn.events, key=lambda event: event.timestamp)
    yield f"== {_name(turn)} · {turn.state} {clean(turn.reason)}".rstrip()
    began = _clock(turn.started)
    total = duration(_first_to_last(events) if len(events) > 1 and _on_steady_clocks(turn) else None)
    yield f"start {began}   total {total} (first to last event)   {turn.span} {_headline(turn)}"
    yield f"session {clean(turn.session_id or MISSING)}   logs {turn.logs}"
    if events:
        yield ""
        yield f"{'at':>8}  {'service':7}  event"
        for event in events:
            elapsed = duration(1000 * (event.timestamp - events[0].timestamp))
            yield f"{elapsed:>8}  {clean(event.service):7}  {clean(event.event)}"
        yield ""
        yield f"{'delta':>8}  between"
        for before, after in zip(events, events[1:], strict=False):
            yield f"{duration(1000 * (after.timestamp - before.timestamp)):>8}  {_step(before, after)}"
    yield ""
    yield from ledger_lines(turn)
    yield from _llm_lines(turn)
    if why is not None and why.sentence:
        yield clean(why.sentence)


def ledger_lines(turn: Turn) -> Iterator[str]:
    """The critical stages in order, the gaps between them, and their sum."""
    if turn.headline_ms is None:
        yield f"no span to account for: {turn.unmeasured.get(V2V, 'too few events')}"
        yield from _unmeasured_lines(turn)
        return
    gaps = {gap.after: gap for gap in turn.gaps}
    if "start" in gaps:
        yield _gap_line(gaps["start"].ms)
    hidden = [key for key in HOPS if key in turn.unmeasured]
    for key in CRITICAL:
        value = turn.stages.get(key)
        shown = "skipped" if key in turn.skipped else duration(value)
        share = f"{value / turn.headline_ms:5.0%}" if value is not None and turn.headline_ms > 0 else "     "
        yield f"{shown:>8} {share}  {BY_KEY[key].label:6}  {BY_KEY[key].meaning}"
        if hidden and key == hidden[-1]:
            yield f"{duration(turn.stages.get(NETWORK)):>8}        {label(NETWORK):6}  {BY_KEY[NETWORK].name}"
        if key in gaps:
            yield _gap_line(gaps[key].ms)
    yield f"{duration(turn.unattributed_ms):>8}        {label(UNATTRIBUTED):6}  unattributed, all gaps together"
    bound = ", a lower bound: the wait is longer than the setting" if turn.is_lower_bound else ""
    yield f"{_headline(turn):>8}        {turn.span}  sum of the above{bound}"
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


def _llm_lines(turn: Turn) -> Iterator[str]:
    yield (
        f"prompt {count(turn.prompt_tokens)} tokens   output {count(turn.output_tokens)} tokens   "
        f"prefill {duration(_reported(turn, 'prefill'))}   decode {duration(_reported(turn, 'decode'))}   "
        f"load {duration(_reported(turn, 'load'))}"
    )
    yield (
        f"context array sent {count(turn.context_sent)}, returned {count(turn.context_returned)}   "
        f"tail mode {on_off(turn.tail_mode)}   raw {on_off(turn.raw)}"
    )
    for line in turn.errors:
        yield f"error: {clean(line)}"


def summary_lines(turns: Sequence[Turn], sources: Sequence[SourceState], unparsed: Mapping[str, int]) -> Iterator[str]:
    """Percentiles of the complete turns, mean steps as upstream's script prints them, and what could not be read."""
    complete = newest_complete(turns, max(len(turns), 1))
    yield f"== summary of {len(turns)} turns, {len(complete)} complete"
    headline = headline_stat(turns, max(len(turns), 1))
    if headline is not None:
        yield ""
        yield f"{'':14} {'p50':>8} {'p95':>8} {'max':>8}    n"
        yield _stat_line(headline.key, headline)
        if any(turn.is_lower_bound for turn in complete):
            yield "  a lower bound: it begins with the silence threshold, a setting; the wait before a turn is longer"
        for stat in stage_stats(turns, len(turns)):
            if stat.n:
                yield _stat_line(_indent(stat.key), stat)
    yield from _total_lines(turns)
    yield from _offset_lines(turns)
    for source in sources:
        detail = f" ({clean(source.detail)})" if source.detail else ""
        yield f"source {clean(source.name)}: {source.condition}{detail}, {source.lines} lines, {source.dropped} dropped"
    for reason, number in sorted(unparsed.items()):
        yield f"not parsed: {reason} × {number}"


def listening_lines(listening: Listening) -> Iterator[str]:
    """How often STT wrote a pause that no text follows; they are in no other figure."""
    if listening.pauses:
        rate = "" if listening.per_minute is None else f", {listening.per_minute:.0f} a minute while it listened"
        yield f"pauses without text: {listening.pauses}{rate}"


def slow_lines(turns: Sequence[Turn], why: Mapping[int, Diagnosis]) -> Iterator[str]:
    """The newest slow turns, each with its diagnosis."""
    slow = [turn for turn in turns if turn.ordinal in why and why[turn.ordinal].slow]
    for turn in slow[-SLOW:]:
        yield f"slow {_name(turn)}: {clean(why[turn.ordinal].sentence)}"


def _indent(key: str) -> str:
    stage = BY_KEY.get(key)
    return ("  " if stage and stage.parent else "") + key


def _stat_line(name: str, stat: StageStat) -> str:
    return f"{name:14} {duration(stat.p50):>8} {duration(stat.p95):>8} {duration(stat.max):>8} {stat.n:4}"


def _total_lines(turns: Sequence[Turn]) -> Iterator[str]:
    """Totals and mean steps as upstream's analyze_latency.py computes them: of all turns, events sorted by stamp.

    Turns in which a clock stepped, or the machine slept, are left out.
    """
    totals: list[float] = []
    steps: dict[str, list[float]] = defaultdict(list)
    for turn in turns:
        events = sorted(turn.events, key=lambda event: event.timestamp)
        if not events or not _on_steady_clocks(turn):
            continue
        totals.append(_first_to_last(events))
        for before, after in zip(events, events[1:], strict=False):
            steps[_step(before, after)].append(1000 * (after.timestamp - before.timestamp))
    if not totals:
        return
    yield ""
    yield (
        f"first to last event, all {len(totals)} turns: mean {duration(sum(totals) / len(totals))}, "
        f"min {duration(min(totals))}, max {duration(max(totals))}"
    )
    yield f"{'mean':>8}     n  step"
    for name, values in sorted(steps.items()):
        yield f"{duration(sum(values) / len(values)):>8}  {len(values):4}  {name}"
    yield ""


def _offset_lines(turns: Sequence[Turn]) -> Iterator[str]:
    offset = offset_over(turns)
    if offset is None:
        return
    low = MISSING if offset.low_ms is None else f"{offset.low_ms:+.1f}"
    high = MISSING if offset.high_ms is None else f"{offset.high_ms:+.1f}"
    problem = "a clock stepped" if offset.stepped else "clocks differ: only the sum of the hops is a duration"
    verdict = problem if offset.stepped or offset.skewed else "clocks agree within the bounds"
    yield f"clock offset v34 − STT/TTS: {low} … {high} ms over {offset.turns} turns; {verdict}"


def session_lines(sessions: Sequence[Session], turns: Sequence[Turn]) -> Iterator[str]:
    """A table for each session with prompt size, LLM time and tail mode; then first, last, mean, min and max."""
    by_session: dict[int, list[Turn]] = defaultdict(list)
    for turn in turns:
        by_session[turn.session].append(turn)
    for session in sessions:
        members = by_session.get(session.number, [])
        if not members:
            continue
        yield f"== session {session.number} · {clean(session.session_id or MISSING)} · {len(members)} turns"
        yield (
            f"{'turn':>5}  {'request':9} {'state':9} {'total':>8} {'V2V':>8} {'LLM':>8} {'est':>6} {'prompt':>7} "
            f"{'prefill':>8} {'ctx':>6} tail"
        )
        for turn in members:
            yield _session_row(turn)
        yield from _trend_lines(members)
        yield ""


def _session_row(turn: Turn) -> str:
    known = turn.ended is not None and turn.started is not None and _on_steady_clocks(turn)
    total = 1000 * ((turn.ended or 0.0) - (turn.started or 0.0)) if known else None
    return (
        f"{count(turn.number):>5}  {clean(turn.request_id, 9) or 'typed':9} {turn.state:9} {duration(total):>8} "
        f"{duration(turn.v2v_ms):>8} {duration(turn.stages.get('llm')):>8} {count(turn.prompt_tokens_est):>6} "
        f"{count(turn.prompt_tokens):>7} {duration(turn.prefill_ms):>8} {count(turn.context_returned):>6} "
        f"{on_off(turn.tail_mode)}"
    )


def _trend_lines(members: Sequence[Turn]) -> Iterator[str]:
    llm = [value for turn in members if (value := turn.stages.get("llm")) is not None]
    if llm:
        yield _trend("LLM", [duration(value) for value in llm], llm, duration)
        if len(llm) > 1:
            others = sum(llm[1:]) / (len(llm) - 1)
            ratio = f"×{llm[0] / others:.2f}" if others > 0 else MISSING
            yield f"      first turn against the mean of the others {ratio} (no proof of caching: see timmy-tui doctor)"
    sizes = [turn.prompt_tokens_est for turn in members if turn.prompt_tokens_est is not None]
    if sizes:
        yield _trend("prompt", [f"{value} tokens (est)" for value in sizes], sizes, lambda mean: f"{mean:.0f} tokens")


def _trend(name: str, shown: Sequence[str], values: Sequence[float], write: Callable[[float], str]) -> str:
    mean = write(sum(values) / len(values))
    low, high = shown[values.index(min(values))], shown[values.index(max(values))]
    return f"{name:6} first {shown[0]}, last {shown[-1]}, mean {mean}, min {low}, max {high}, n={len(values)}"


def _first_to_last(events: Sequence[Event]) -> float:
    """ms; the events sorted by stamp."""
    return 1000 * (events[-1].timestamp - events[0].timestamp)


def _on_steady_clocks(turn: Turn) -> bool:
    """No clock stepped within the turn, and nothing slept: its stamps are of one time."""
    return not {Reason.STEPPED, Reason.ASLEEP} & set(turn.unmeasured.values())


def _reported(turn: Turn, stage: str) -> float | None:
    """What Ollama says that a stage took, unless something contradicts it."""
    return None if stage in turn.unmeasured else getattr(turn, f"{stage}_ms")


def _step(before: Event, after: Event) -> str:
    return f"{clean(before.event)} → {clean(after.event)}"


def _clock(stamp: float | None) -> str:
    if stamp is None:
        return MISSING
    try:
        return datetime.fromtimestamp(stamp).strftime("%Y-%m-%d %H:%M:%S")
    except (ValueError, OverflowError, OSError):
        return MISSING
