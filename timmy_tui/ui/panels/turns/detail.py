"""One turn in full: its waterfall, why it was slow or fast, and its raw events."""

from collections.abc import Mapping
from typing import Any

from timmy_tui.core.foreign.sanitize import clean
from timmy_tui.core.formatting import MISSING, count, duration, on_off, plural
from timmy_tui.model.stages.system import watched
from timmy_tui.model.stages.watched import label
from timmy_tui.model.turn import NOT_COMPLETED, Span, Turn
from timmy_tui.report.timeline import timeline
from timmy_tui.ui.paint.lines import (
    Line,
    cells,
    first_figures,
    fit,
    foreign,
    join_fitting,
    left,
    line,
    plain,
    right,
    words_of,
    wrap,
    wrap_text,
)
from timmy_tui.ui.paint.wording import clock_time, diagnosis_words, stage_name, tokens
from timmy_tui.ui.panels.headline import headline_words
from timmy_tui.ui.panels.lists import STATE_ROLE, STATE_WORDS, state_mark, title
from timmy_tui.ui.panels.live.stage_rows import ledger_lines
from timmy_tui.ui.panels.waits import wait_words
from timmy_tui.ui.view import View

LEAST_EVENTS = 2
"""Rows: a heading and one event are less than a stage row more."""
UNLIMITED = 10_000
ROOMY = 18
"""Rows from which facts that are wider than the pane are wrapped, not cut."""


def detail_lines(view: View, turn: Turn | None, width: int, height: int) -> list[Line]:
    """Facts, waterfall and events of a turn in at most ``height`` lines."""
    if turn is None:
        return [line(("no turn", "muted"))]
    facts = _facts(view, turn, width, whole=height >= ROOMY)
    events = turn_events(turn, width)
    ledger = min(max(6, height - len(facts) - min(len(events), 8) - 2), 19)
    if height - len(facts) - ledger <= LEAST_EVENTS:
        ledger = height - len(facts)
    lines = [*facts, *ledger_lines(view, width, max(min(ledger, height - len(facts)), 0), turn)]
    available = height - len(lines) - 1
    if available > 1 or (available == 1 and len(events) == 1):
        lines.append(title(f"{len(events)} raw events" if events else "raw events no longer in memory", width, view))
        lines.extend(_cut_events(events, available, view.keys.get("turn", "")))
    return [fit(row, width) for row in lines[:height]]


def _facts(view: View, turn: Turn, width: int, whole: bool) -> list[Line]:
    glyph, role = state_mark(turn, view)
    state = turn.state.words
    name = foreign(turn.request_id, 12) or "typed"
    mark = view.marks.get(turn.ordinal)
    reason = f": {foreign(turn.reason, 60)}" if turn.reason else ""
    prompt = _of_prompt(turn)
    head = [
        line((f"{glyph} ", role), (f"turn {count(turn.number)}", "value")),
        line((f"{name} {clock_time(turn.started)}", "muted")),
        line((f"{state}{reason}", STATE_WORDS if turn.state in NOT_COMPLETED else STATE_ROLE[turn.state])),
        *([line((headline, "value"))] if (headline := _headline(turn)) else ()),
        *([line((mark, "good" if mark == "good" else "bad"))] if mark else ()),
    ]
    rows = wrap(head, width if whole else UNLIMITED, " ")
    if prompt:
        rows += wrap(prompt, width) if whole else [join_fitting(prompt, width)]
    # The row of ENDPT has its setting too: where rows are few, a wait of which no more is known takes none of them.
    if turn.pause_threshold is not None and (whole or view.snapshot.pass_bound is not None):
        threshold = duration(turn.pause_threshold * 1000)
        waited = line((f"{label('endpointing')} {threshold}, waited ", "muted"), *wait_words(view.snapshot.pass_bound))
        rows += wrap(words_of(waited), width, " ") if whole and cells(waited) > width else [waited]
    said_already = " ".join(plain(row).strip() for row in rows)
    if turn.ordinal in view.notes:
        rows.append(line(("note  ", "muted"), (foreign(view.notes[turn.ordinal], max(width - 6, 0)), "quote")))
    if turn.text:
        rows.append(line(("said  ", "muted"), (foreign(turn.text, max(width - 6, 0)), "quote")))
    rows.extend(line((foreign(text, width), "bad")) for text in turn.errors[:2] if clean(text) not in said_already)
    for reason in dict.fromkeys(turn.unmeasured.values()):
        keys = [stage_name(key) for key, why in turn.unmeasured.items() if why == reason]
        rows.append(line((f"not measured ({foreign(reason, 60)}): {', '.join(keys)}", "warn")))
    if turn.signals:
        rows.append(line((f"signs in the answer: {', '.join(sorted(turn.signals)).replace('_', ' ')}", "warn")))
    diagnosis = view.diagnosis_of(turn.ordinal)
    sentence = diagnosis_words(diagnosis)
    said = cells(rows[0]) <= width and sentence in plain(rows[0])
    if diagnosis is not None and sentence and not said:
        # It names every contribution, so it is shown whole.
        role = "slower.slightly" if diagnosis.slow else "muted"
        rows.extend(line((text, role)) for text in wrap_text(foreign(sentence, 400), width)[:3])
    return rows


def _headline(turn: Turn) -> str:
    """``V2V ≥3.11s``; of a turn that has no span nothing."""
    return "" if turn.span is Span.NONE else f"{turn.span} {headline_words(turn, turn.headline_ms)}"


def _of_prompt(turn: Turn) -> list[Line]:
    """Tokens; of v34 also what it sent along. Nothing where the log counts none."""
    if not watched().counts_tokens:
        return []
    known = turn.prompt_tokens is not None or turn.output_tokens is not None
    counts = f"{tokens(turn.prompt_tokens)}→{tokens(turn.output_tokens)} tok"
    shown = [line((counts, "text") if known else ("no count of tokens", "muted"))]
    if watched().is_built_in:
        shown += [
            line((f"context sent {tokens(turn.context_sent)}, returned {tokens(turn.context_returned)} tok", "muted")),
            line((f"tail mode {on_off(turn.tail_mode)}", "muted")),
            line((f"raw {on_off(turn.raw)}", "muted")),
            line((f"memories {MISSING if turn.chunks is None else turn.chunks}", "muted")),
        ]
    return shown


def turn_events(turn: Turn, width: int) -> list[Line]:
    """One line per event: when it was, service, name without that of the service, and metadata."""
    rows = []
    for at, event in timeline(turn.events):
        name = foreign(event.event.removeprefix(f"{event.service}_"), 44)
        head = line((right(at, 8), "value"), (f"  {left(foreign(event.service, 4), 4)}", "muted"), f" {name}")
        told = first_figures(_metadata(event.metadata), max(width - cells(head) - 2, 1))
        rows.append((*head, (f"  {told}", "quote")))
    return rows


def _metadata(metadata: Mapping[str, Any]) -> list[str]:
    return [f"{foreign(str(key), 30)}={foreign(str(value), 40)}" for key, value in metadata.items()]


def _cut_events(events: list[Line], available: int, key: str) -> list[Line]:
    """As many as there is room for, and how many more the page of the turn has."""
    if len(events) <= available:
        return events
    more = len(events) - available + 1
    return [*events[: available - 1], line((f"+{plural(more, 'more event')}  ", "muted"), (key, "key"))]
