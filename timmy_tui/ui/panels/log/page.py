"""The lines of the log that are on the screen, with the row under the cursor and the rows that match."""

from collections.abc import Callable, Set

from msgspec import Struct

from timmy_tui.model.log_entry import LogEntry
from timmy_tui.ui.paint.lines import Line, fit
from timmy_tui.ui.panels.log.rows import LogColumns, log_lines

Rows = list[tuple[int, Line]]
"""(index of the entry, its row)."""


class LogPicture(Struct, frozen=True):
    """What is drawn, and from where."""

    entries: list[LogEntry]
    numbers: dict[str, int]
    """Request id → number of the turn."""
    at: int
    """Index of the entry under the cursor."""
    top: int
    """Index of the entry at the upper edge, as far as the cursor stays on the screen."""
    following: bool
    """The newest entry is at the lower edge, and there is no cursor."""
    shift: int = 0
    wrapped: bool = False
    matches: Set[int] = frozenset()
    """Indexes of entries that match the pattern."""


def log_rows(picture: LogPicture, columns: LogColumns, available: int) -> Rows:
    """At most ``available`` rows."""

    def rows_of(index: int) -> Rows:
        entry = picture.entries[index]
        number = picture.numbers.get(entry.request_id) if entry.request_id else None
        turn = "" if number is None else str(number)
        lines = log_lines(entry, columns, turn, picture.shift, picture.wrapped)
        if index in picture.matches:
            lines = [tuple((text, role if role == "bad" else "match") for text, role in one) for one in lines]
        if index == picture.at and not picture.following:
            lines = [tuple((text, "cursor") for text, _ in fit(one, columns.width)) for one in lines]
        return [(index, one) for one in lines]

    if picture.following:
        return _up_from(len(picture.entries) - 1, rows_of, available)
    top = _top(picture, rows_of, available)
    rows: Rows = []
    for index in range(top, len(picture.entries)):
        if len(rows) >= available:
            break
        rows += rows_of(index)
    if len(rows) < available and top > 0:
        # The end of the lines is reached: no empty rows below it.
        return _up_from(len(picture.entries) - 1, rows_of, available)
    return rows[:available]


def _up_from(last: int, rows_of: Callable[[int], Rows], available: int) -> Rows:
    rows: Rows = []
    while last >= 0 and len(rows) < available:
        rows[:0] = rows_of(last)
        last -= 1
    return rows[-available:] if available > 0 else []


def _top(picture: LogPicture, rows_of: Callable[[int], Rows], available: int) -> int:
    """The first entry shown, so that the one under the cursor is shown whole."""
    top, used = picture.at, len(rows_of(picture.at))
    while top > min(picture.top, picture.at) and used + len(rows_of(top - 1)) <= available:
        top -= 1
        used += len(rows_of(top))
    return top
