"""Both logs as the log screen pages through them, from the newest line back to the first. Nothing is kept."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from timmy_tui.core.errors import SourceError
from timmy_tui.model.log_entry import ALL_LINES, LONGEST_TEXT, LogCursor, LogEntry, LogFilter, LogPage, TurnLines
from timmy_tui.model.log_format import EventLog, LogKind
from timmy_tui.model.stages.system import watched
from timmy_tui.parse import raw_lines
from timmy_tui.parse.latency_log import LatencyParser
from timmy_tui.parse.table import FORMATS
from timmy_tui.pipeline.log_folds import fold, join_folds
from timmy_tui.pipeline.log_merge import Group, Item, groups_of, merge
from timmy_tui.pipeline.log_places import BEFORE_BYTES, ids_below, lines_between, previous_stamps
from timmy_tui.pipeline.other_lines import GONE, NOT_BOUND, entries_of, page_of_turn
from timmy_tui.sources.files.blocks import Line, LogText, Part

PAGE_BYTES = 1 << 15
"""Of the stamped log, for one page: some 170 lines, half a dozen turns. With v34's lines 10 ms of work."""
FACT_BYTES = 1 << 15
MOST_FACT_BYTES = 1 << 22
"""v34's log is read further back than this for one page only at its next one."""
TURN_BYTES = 1 << 18
"""Around the last line of a turn, for all lines of it."""
ONE_CALL_BYTES = 1 << 22
"""A filter that few lines pass looks through so much in one call; then the caller decides whether to go on."""
QUIET_CALL_BYTES = 1 << 18
"""The same without a filter: of hours without a turn this is one row. 10 ms of work."""
GROWN_BYTES = 1 << 17
"""A page that grew beyond this is read anew, from its end."""
MOST_OF_TURN = 4000


class LogFile(NamedTuple):
    """A log as far as the dashboard has read it."""

    name: str
    kind: LogKind
    part: Part


class LogHistory:
    """Reads pages of the merged logs. Each call opens the files anew: they may have been replaced since.

    Calls block for a read; they are made in a thread.
    """

    def __init__(self, files: Callable[[], Iterable[LogFile]]) -> None:
        """``files``: what is followed now, in reading order."""
        self.files = files
        """What is followed now."""

    def newest(self) -> LogCursor:
        """The end of both logs as they are now."""
        events, facts, _ = self._texts()
        return LogCursor(events.end, facts.end, newest=True)

    def before(self, cursor: LogCursor, wanted: LogFilter = ALL_LINES, least: int = 1) -> LogPage:
        """At least ``least`` lines above the cursor; fewer where the logs begin, or where much was looked through.

        Raises SourceError.
        """
        events, facts, names = self._texts()
        found: list[LogEntry] = []
        looked, spent = 0, 0
        # The newest page is one block: it is on the screen before anything else is read.
        most = ONE_CALL_BYTES if wanted.is_narrow else 1 if cursor.newest else QUIET_CALL_BYTES
        try:
            while not cursor.at_start and len(found) < least and spent < most:
                items, above = _page(events, facts, cursor)
                found = join_folds(_entries_below(events, above.events, items, names, wanted), found)
                looked += len(items)
                spent += cursor.events - above.events + cursor.facts - above.facts
                cursor = above
        except OSError as error:
            raise SourceError(f"the log cannot be read: {error.strerror or error}") from None
        return LogPage(tuple(found), cursor, looked)

    def between(self, above: LogCursor, below: LogCursor, wanted: LogFilter = ALL_LINES) -> LogPage | None:
        """The lines from the upper end of a page to the lower one, which has moved since; None where they are many.

        Raises SourceError.
        """
        events, facts, names = self._texts()
        try:
            stamped = lines_between(events, above.events, below.events, GROWN_BYTES)
            printed = lines_between(facts, above.facts, below.facts, GROWN_BYTES)
            if stamped is None or printed is None:
                return None
            merged = merge(stamped, groups_of(printed), top=True, newest=below.newest)
            items = fold(merged.items, ids_below(events, below))
            entries = _entries_below(events, above.events, items, names, wanted)
        except OSError as error:
            raise SourceError(f"the log cannot be read: {error.strerror or error}") from None
        return LogPage(tuple(entries), above, len(items))

    def quiet_behind(self, cursor: LogCursor, wanted: LogFilter = ALL_LINES) -> LogPage | None:
        """What came below the cursor, if that is nothing but pauses without text and our own requests; else None.

        Its ``before`` is the end of both logs. A quiet room is followed by this: 1 ms where a page is 10. Raises
        SourceError.
        """
        events, facts, names = self._texts()
        try:
            stamped = lines_between(events, cursor.events, events.end, PAGE_BYTES)
            printed = lines_between(facts, cursor.facts, facts.end, PAGE_BYTES)
        except OSError as error:
            raise SourceError(f"the log cannot be read: {error.strerror or error}") from None
        if stamped is None or printed is None or not watched().is_built_in:
            return None
        items = [Item(one, True, raw_lines.stamped_id(one.data).decode("utf-8", "replace")) for one in stamped]
        rows = fold([*items, *(Item(one, False) for one in printed)])
        if not all(row.pauses or row.asked for row in rows):
            return None
        end = LogCursor(events.end, facts.end, newest=True)
        return LogPage(tuple(_entries(rows, {}, names, wanted)), end, len(stamped) + len(printed))

    def of_turn(self, turn: TurnLines) -> LogPage:
        """All lines of a turn, or those between two of its events. Looks through the whole logs; raises SourceError."""
        events, facts, names = self._texts()
        try:
            if not watched().is_built_in:
                return page_of_turn(events, names[0], turn)
            stamped = _lines_with(events, turn.request_id.encode()) if turn.request_id else []
            group = _group_of(facts, turn)
        except OSError as error:
            raise SourceError(f"the log cannot be read: {error.strerror or error}") from None
        groups = [group] if group is not None else []
        items = merge(stamped[-MOST_OF_TURN:], groups, top=True, newest=True).items
        shown = _between(items, turn)
        problem = "" if shown else NOT_BOUND if items else GONE
        return LogPage(tuple(_entries(shown, {}, names, LogFilter())), LogCursor(), len(shown), problem)

    def whole_line(self, entry: LogEntry) -> str:
        """The line as it stands in its file, not cut, not sanitized. Raises SourceError."""
        events, facts, names = self._texts()
        text = events if entry.source == names[0] else facts
        try:
            return text.whole_line(entry.offset).decode("utf-8", "replace")
        except OSError as error:
            raise SourceError(f"the log cannot be read: {error.strerror or error}") from None

    def _texts(self) -> "_Texts":
        """The stamped logs, and those without stamps, as they are now."""
        stamped: list[LogFile] = []
        others: list[LogFile] = []
        for file in self.files():
            (stamped if isinstance(FORMATS[file.kind], EventLog) else others).append(file)
        names = (stamped[0].name if stamped else "latency.log", others[0].name if others else "v34.log")
        return _Texts(LogText([file.part for file in stamped]), LogText([file.part for file in others]), names)


class _Texts(NamedTuple):
    """Both logs at the moment of a call."""

    events: LogText
    facts: LogText
    names: tuple[str, str]
    """Of both, as the screen calls them."""


def _page(events: LogText, facts: LogText, cursor: LogCursor) -> tuple[list[Item], LogCursor]:
    """One page of all lines, and the cursor above it."""
    lines = events.lines_before(cursor.events, PAGE_BYTES)
    begin = lines[0].offset if lines else 0
    size = FACT_BYTES
    while True:
        printed = facts.lines_before(cursor.facts, size)
        groups = groups_of(printed)
        at_top = not printed or printed[0].offset == 0
        cut_off = 0
        if len(groups) > 1 and not groups[0].whole and not at_top:
            cut_off = len(groups[0].lines)
            groups = groups[1:]
        merged = merge(lines, groups, top=begin == 0, newest=cursor.newest)
        if at_top or begin == 0 or not merged.reaches_up or size >= MOST_FACT_BYTES:
            break
        size *= 2
    placed = sum(len(group.lines) for group in groups[: merged.held]) + cut_off
    above = printed[placed].offset if placed < len(printed) else cursor.facts
    below = frozenset() if cursor.newest else ids_below(events, cursor)
    return fold(merged.items, below), LogCursor(begin, above if printed else 0)


def _entries_below(
    events: LogText, above: int, items: Sequence[Item], names: tuple[str, str], wanted: LogFilter
) -> list[LogEntry]:
    """The lines of a page that are wanted. ``above``: where the page begins."""
    if watched().is_built_in:
        return _entries(items, previous_stamps(events, above), names, wanted)
    lines_above = events.lines_before(above, BEFORE_BYTES)
    return [*entries_of([item.line for item in items], names[0], wanted, lines_above)]


def _entries(
    items: Sequence[Item],
    previous: dict[bytes, tuple[float, bytes]],
    names: tuple[str, str],
    wanted: LogFilter,
) -> list[LogEntry]:
    """The lines that are wanted. The time since the event before counts also those that are not."""
    entries: list[LogEntry] = []
    parser = LatencyParser()
    for item in items:
        if not item.stamped:
            if wanted.service in ("", "v34"):
                failed = raw_lines.printed_failed(item.line.data)
                if failed or not wanted.failures:
                    text = item.line.data[: LONGEST_TEXT * 4].decode("utf-8", "replace")[:LONGEST_TEXT]
                    entries.append(
                        LogEntry(
                            names[1],
                            item.line.offset,
                            text,
                            service="v34",
                            request_id=item.request_id,
                            failed=failed,
                            asked=item.asked,
                        )  # fmt: skip
                    )
            continue
        service, name = raw_lines.stamped_service(item.line.data), item.request_id.encode()
        at = raw_lines.stamp(item.line.data)
        before = previous.get(name) if name else None
        if at is not None and name:
            previous[name] = (at, service)
        if wanted.service not in ("", "events", service.decode("utf-8", "replace")):
            continue
        if wanted.failures and not raw_lines.stamped_failed(item.line.data) and _usual(item.line.data):
            continue
        entry = _event_entry(item, names[0], before, parser)
        if entry.failed or not wanted.failures:
            entries.append(entry)
    return entries


def _usual(line: bytes) -> bool:
    """It looks like a whole event: its parts need not be read to know that."""
    return line.startswith(b'{"timestamp"') and line.endswith(b"}")


def _event_entry(item: Item, source: str, before: tuple[float, bytes] | None, parser: LatencyParser) -> LogEntry:
    data = item.line.data
    text = data[: LONGEST_TEXT * 4].decode("utf-8", "replace")[:LONGEST_TEXT]
    parsed = parser.feed([data])
    if len(parsed) != 1:
        return LogEntry(source, item.line.offset, text, request_id=item.request_id, failed=bool(data.strip()))
    event = parsed[0]
    delta = watched().step_ms(before[0] if before is not None else None, event.timestamp)
    return LogEntry(
        source=source,
        offset=item.line.offset,
        text=text,
        at=event.timestamp,
        service=event.service,
        event=event.event,
        request_id=event.request_id,
        metadata=event.metadata,
        delta_ms=delta,
        across_clocks=before is not None and (before[1] == b"v34") != (event.service == "v34"),
        failed=raw_lines.stamped_failed(data),
        pauses=item.pauses,
    )


def _lines_with(events: LogText, name: bytes) -> list[Line]:
    """All lines of a turn: those around the last place where its id stands."""
    last = events.find_before(b'"' + name + b'"', events.end)
    if last is None:
        return []
    size = TURN_BYTES
    end = min(last + TURN_BYTES // 8, events.end)
    while True:
        block = events.lines_before(end, size)
        lines = [line for line in block if raw_lines.stamped_id(line.data) == name]
        # The oldest line of the block is of the turn: it may have begun above.
        if not lines or lines[0] is not block[0] or size >= MOST_FACT_BYTES or block[0].offset == 0:
            return lines
        size *= 4


def _group_of(facts: LogText, turn: TurnLines) -> Group | None:
    """What v34 printed in a turn."""
    if turn.request_id:
        needle = b"request_id=" + turn.request_id.encode()
    elif turn.text:
        needle = b"via WebSocket: " + turn.text.partition("\n")[0].encode("utf-8", "surrogatepass")[:200]
    else:
        return None
    last = facts.find_before(needle, facts.end)
    if last is None:
        return None
    lines = facts.lines_before(min(last + TURN_BYTES, facts.end), 2 * TURN_BYTES)
    for group in groups_of(lines):
        if group.lines[0].offset <= last <= group.lines[-1].offset + len(group.lines[-1].data):
            return Group(group.lines[-MOST_OF_TURN:], group.request_id, group.typed, group.whole)
    return None


def _between(items: list[Item], turn: TurnLines) -> list[Item]:
    """From the first event that begins the wanted lines to the last one that ends them; none where neither is there."""
    if not turn.begins and not turn.ends:
        return items
    names = [
        raw_lines.stamped_event(item.line.data).decode("utf-8", "replace") if item.stamped else "" for item in items
    ]
    starts = [at for at, name in enumerate(names) if name in turn.begins]
    ends = [at for at, name in enumerate(names) if name in turn.ends]
    if not starts and not ends:
        return []
    return items[(starts or ends)[0] : (ends or starts)[-1] + 1]
