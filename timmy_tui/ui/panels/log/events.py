"""Lines of the log that a snapshot holds: events of its newest turns, or what v34 printed where there are none."""

import re
from collections.abc import Iterable

from msgspec.json import encode

from timmy_tui.model.log_entry import LogEntry
from timmy_tui.model.snapshot import Snapshot
from timmy_tui.model.stages.system import watched
from timmy_tui.model.turn import Event

MOST_TURNS = 60
"""Newest turns that are looked through; a snapshot has the events of fifty."""


def newest_entries(snapshot: Snapshot, most: int) -> list[LogEntry]:
    """At most ``most``, newest last. Pauses without text are in no turn, and not among them."""
    open_turns = (snapshot.open_turn.turn,) if snapshot.open_turn is not None else ()
    entries: list[LogEntry] = []
    for turn in reversed((*snapshot.turns[-MOST_TURNS:], *open_turns)):
        if len(entries) >= most:
            break
        entries[:0] = event_entries(turn.events)
    if not entries:
        entries = printed_entries(snapshot)
    return entries[-most:] if most > 0 else []


def event_entries(events: Iterable[Event]) -> list[LogEntry]:
    """The events of one turn, each with the time since the one before it."""
    entries: list[LogEntry] = []
    before: Event | None = None
    for number, event in enumerate(events):
        entries.append(
            LogEntry(
                source="latency.log",
                offset=number,
                text=encode(event).decode(),
                at=event.timestamp or None,
                service=event.service,
                event=event.event,
                request_id=event.request_id,
                metadata=event.metadata,
                delta_ms=watched().step_ms(before.timestamp if before is not None else None, event.timestamp),
                across_clocks=before is not None and (before.service == "v34") != (event.service == "v34"),
                failed=_failed(event),
            )
        )
        before = event
    return entries


def _failed(event: Event) -> bool:
    """An HTTP status of a failure, or a request to the model that has no figures."""
    if event.event == "v34_ollama_received" and "prompt_eval_count" not in event.metadata:
        return True
    return re.match(r"[45]\d\d\b", str(event.metadata.get("status_code"))) is not None


def printed_entries(snapshot: Snapshot) -> list[LogEntry]:
    """The newest lines as they came in, without times."""
    return [
        LogEntry(source, at, text, service="v34" if source.startswith("v34") else "")
        for at, (source, text) in enumerate(snapshot.log_tail)
    ]
