"""Lines of one log around a page of the merged one: between two places, next below, last above."""

from timmy_tui.model.log_entry import LogCursor
from timmy_tui.parse import raw_lines
from timmy_tui.sources.files.blocks import Line, LogText

BEFORE_BYTES = 1 << 13
"""Read above a page for the time since the event before: more than the events of one turn."""


def lines_between(text: LogText, begin: int, end: int, most: int) -> list[Line] | None:
    """All lines from one byte to another; None where these are no places in the text, or too far apart."""
    grown = end - begin
    if begin < 0 or end > text.end or not 0 <= grown <= most:
        return None
    lines: list[Line] = []
    while end > begin:
        # One byte more: if it is a line end, the first line after it is whole. Each call is of one file.
        part = [one for one in text.lines_before(end, end - begin + 1) if one.offset >= begin]
        if not part:
            break
        lines[:0], end = part, part[0].offset
    return lines


def ids_below(events: LogText, cursor: LogCursor) -> frozenset[str]:
    """Ids of the events that come next: a pause that one of them follows is not lone."""
    end = min(cursor.events + BEFORE_BYTES, events.end)
    lines = lines_between(events, cursor.events, end, BEFORE_BYTES) if end > cursor.events else None
    return frozenset(raw_lines.stamped_id(one.data).decode("utf-8", "replace") for one in lines or ())


def previous_stamps(events: LogText, begin: int) -> dict[bytes, tuple[float, bytes]]:
    """Id → stamp and service of its last event above a page."""
    previous: dict[bytes, tuple[float, bytes]] = {}
    for line in events.lines_before(begin, BEFORE_BYTES):
        seconds = raw_lines.stamp(line.data)
        if seconds is not None:
            previous[raw_lines.stamped_id(line.data)] = (seconds, raw_lines.stamped_service(line.data))
    return previous
