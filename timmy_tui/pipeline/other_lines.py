"""Lines of a log that a profile reads: its events with what they carry, and which of them are those of one turn.

Such a log need not name its turns: the lines of one are found by what its events say, which is read from them again.
"""

from collections import defaultdict, deque
from collections.abc import Hashable, Iterable, Iterator, Sequence
from datetime import datetime, tzinfo
from typing import NamedTuple

from timmy_tui.model.log_entry import LONGEST_TEXT, LogCursor, LogEntry, LogFilter, LogPage, TurnLines
from timmy_tui.model.stages.system import watched
from timmy_tui.model.turn import Event
from timmy_tui.profiles.choice import chosen
from timmy_tui.profiles.log_row import PacedEvents
from timmy_tui.profiles.records.begun_document import document_of
from timmy_tui.profiles.records.reader import DOCUMENT_BEGINS, line_to_show
from timmy_tui.profiles.records.times import StampReader
from timmy_tui.profiles.spec import Profile
from timmy_tui.profiles.streams import DOCUMENTS
from timmy_tui.sources.files.blocks import Line, LogText

BLOCK_BYTES = 1 << 18
"""Read at once on the way back to a turn; its lines are looked for in the block of the one that says most of it, in
the one above and in the one below."""
MOST_BYTES = 1 << 25
"""Looked through for a turn: 32 MiB are 3 s of work."""
MOST_OF_TURN = 4000
ASIDE_S = 60.0
"""By so much, lines of several threads can stand out of their order."""
NO_LINES = "the log has no lines yet"
GONE = "its lines are in the log no more"
FAR_BACK = f"its lines are not in the newest {MOST_BYTES >> 20} MiB of the log"
UNDATED = "this log has no dates, and what the events of this turn said is not kept any more"
UNTIMED = "nothing tells when this turn was, and what its events said is not kept any more"
DOCUMENT = "this log is one document over several lines: none of them is of one turn"
NOT_BOUND = "no event of this turn begins or ends it"


def entries_of(
    lines: Sequence[Line], source: str, wanted: LogFilter, above: Iterable[Line] = (), request_id: str = ""
) -> Iterator[LogEntry]:
    """Events as such, all other lines as they are. ``above``: what stands before, for the time since the event before.

    ``request_id``: of the turn that all these events are of; empty: each says its own, or none.
    """
    profile = chosen()
    if profile is None:
        return
    reader, steps = _LineEvents(profile), _Steps(profile)
    for line in above:
        for event in reader.read(line.data)[:1]:
            steps.since(event, request_id)
    for line in lines:
        text = line_to_show(line.data)[: LONGEST_TEXT * 4].decode("utf-8", "replace")[:LONGEST_TEXT]
        event_of_line = next(iter(reader.read(line.data)), None)
        if event_of_line is None:
            if wanted.service == "" and not wanted.failures:
                yield LogEntry(source, line.offset, text)
            continue
        delta = steps.since(event_of_line, request_id)
        if wanted.service in ("", "events", event_of_line.service) and not wanted.failures:
            yield LogEntry(
                source, line.offset, text, at=event_of_line.timestamp or None, service=event_of_line.service,
                event=event_of_line.event, request_id=request_id or _key(event_of_line),
                metadata=event_of_line.metadata, delta_ms=delta,
            )  # fmt: skip


def _is_document(profile: Profile) -> bool:
    return profile.source.kind in DOCUMENTS


def _key(event: Event) -> str:
    """What all lines of its turn share; empty where the log has no such thing."""
    return "" if event.request_id == "-" else event.request_id


class _LineEvents:
    """The events of single lines."""

    def __init__(self, profile: Profile) -> None:
        self._events = PacedEvents(profile)
        self._is_document = _is_document(profile)

    def read(self, line: bytes) -> list[Event]:
        """Those of a line. A part of a document that goes over several has none."""
        if self._is_document and document_of(line.removeprefix(DOCUMENT_BEGINS)) is None:
            return []
        return self._events.all_events([line])


class _Steps:
    """The time since the event before of the same turn, where a log names its turns and a line is one event."""

    def __init__(self, profile: Profile) -> None:
        self._is_document = _is_document(profile)
        self._restarts = frozenset(profile.turn.restarts)
        self._stamps: dict[str, float] = {}

    def since(self, event: Event, request_id: str) -> float | None:
        """In ms; None where it is not known."""
        if event.event in self._restarts:
            self._stamps.clear()  # A new process can count its turns from the first.
        name = request_id or _key(event)
        if not name or self._is_document:
            return None
        before = self._stamps.get(name)
        if event.timestamp:
            self._stamps[name] = event.timestamp
        return watched().step_ms(before, event.timestamp)


# -- the lines of a turn


class _Read(NamedTuple):
    """A line with its events."""

    line: Line
    events: list[Event]


class _Found(NamedTuple):
    """Lines of a turn, from its first to its last, and the names of its events among them, by their line's offset."""

    lines: list[_Read]
    events: dict[int, set[str]]
    keys: frozenset[str] = frozenset()
    """That its events name it by; of other names the lines are another turn's."""


def page_of_turn(log: LogText, source: str, wanted: TurnLines) -> LogPage:
    """The lines of a turn, or of one of its stages; else the page says why there are none. Raises OSError."""
    profile = chosen()
    if profile is None or not log.end:
        return LogPage((), LogCursor(), problem=NO_LINES)
    found = _by_events(log, profile, wanted.events) if wanted.events else _by_time(log, profile, wanted)
    if isinstance(found, str):
        return LogPage((), LogCursor(), problem=found)
    lines = _of_stage(found, wanted)
    if not lines:
        return LogPage((), LogCursor(), problem=NOT_BOUND)
    own = [read.line for read in lines if not found.keys or _may_be_of(read.events, found.keys)]
    above = [read.line for read in found.lines if read.line.offset < own[0].offset and read.line.offset in found.events]
    entries = entries_of(own[-MOST_OF_TURN:], source, LogFilter(), above, wanted.request_id)
    return LogPage(tuple(entries), LogCursor(), len(lines))


def _may_be_of(events: Sequence[Event], keys: frozenset[str]) -> bool:
    """A line that is not another turn's."""
    return not events or any(_key(event) in keys or not _key(event) for event in events)


def _of_stage(found: _Found, wanted: TurnLines) -> list[_Read]:
    """From the first event that begins it to the last one that ends it."""
    if not wanted.begins and not wanted.ends:
        return found.lines
    starts = [offset for offset, names in found.events.items() if names.intersection(wanted.begins)]
    ends = [offset for offset, names in found.events.items() if names.intersection(wanted.ends)]
    if not starts and not ends:
        return []
    first, last = min(starts or ends), max(ends or starts)
    return [read for read in found.lines if first <= read.line.offset <= last]


def _back(log: LogText, profile: Profile) -> Iterator[list[_Read]]:
    """Block after block from the end of the log, each in the order of its lines."""
    reader, end = _LineEvents(profile), log.end
    while end > 0 and log.end - end < MOST_BYTES:
        block = [_Read(line, reader.read(line.data)) for line in log.lines_before(end, BLOCK_BYTES)]
        if not block:
            return
        yield block
        end = block[0].line.offset


def _is_before(block: Sequence[_Read], stamp: float | None) -> bool:
    """All of it was written before that; not known, where it has no stamps."""
    stamps = [event.timestamp for read in block for event in read.events if event.timestamp]
    return stamp is not None and bool(stamps) and max(stamps) < stamp - ASIDE_S


def _by_events(log: LogText, profile: Profile, events: Sequence[Event]) -> _Found | str:
    """Where the lines stand that say what the turn's events say."""
    name_of = _Names(profile)
    names = {name_of(event): event for event in events}
    most = max(names, key=lambda name: len(names[name].metadata))
    first = None if name_of.needs_day else min((one.timestamp for one in events if one.timestamp), default=None)
    blocks: deque[list[_Read]] = deque(maxlen=3)
    places: dict[Hashable, list[int]] = defaultdict(list)
    for block in _back(log, profile):
        was_found = most in places
        blocks.appendleft(block)
        for read in block:
            for event in read.events:
                if (name := name_of(event)) in names:
                    places[name].append(read.line.offset)
        if was_found or (most not in places and _is_before(block, first)):
            break
    if most not in places:
        return _why_none(log, profile)
    anchor = max(places[most])
    found: dict[int, set[str]] = defaultdict(set)
    for name, offsets in places.items():
        found[min(offsets, key=lambda offset: abs(offset - anchor))].add(names[name].event)
    lines = [read for block in blocks for read in block if min(found) <= read.line.offset <= max(found)]
    return _Found(lines, found, frozenset(filter(None, map(_key, events))))


def _by_time(log: LogText, profile: Profile, wanted: TurnLines) -> _Found | str:
    """The lines between its first and its last stamp, where the log has stamps that say the day."""
    first, last = wanted.since, wanted.until
    if first is None or last is None:
        return UNTIMED
    if StampReader(profile.time).needs_day:
        return UNDATED
    found: dict[int, set[str]] = {}
    blocks: deque[list[_Read]] = deque()
    for block in _back(log, profile):
        inside = {
            read.line.offset: {event.event for event in read.events}
            for read in block
            if any(first <= event.timestamp <= last for event in read.events)
        }
        found |= inside
        if inside:
            blocks.appendleft(block)
        if _is_before(block, first):
            break
    if not found:
        return _why_none(log, profile)
    return _Found([read for block in blocks for read in block if min(found) <= read.line.offset <= max(found)], found)


def _why_none(log: LogText, profile: Profile) -> str:
    if _is_document(profile):
        return DOCUMENT
    return FAR_BACK if log.end > MOST_BYTES else GONE


class _Names:
    """What an event says, as a name that is the same whenever its line is read: no day, where that is a guess."""

    def __init__(self, profile: Profile) -> None:
        stamps = StampReader(profile.time)
        self.needs_day = stamps.needs_day
        self._zone: tzinfo | None = stamps.zone

    def __call__(self, event: Event) -> Hashable:
        """The name of one."""
        when: Hashable = event.timestamp
        if self.needs_day:
            when = datetime.fromtimestamp(event.timestamp, self._zone).time()
        return event.event, when, repr(sorted(event.metadata.items()))
