"""A line of the log as it stands in its file: whole, wrapped, on a page of its own."""

from functools import partial

from timmy_tui.core.foreign.sanitize import clean
from timmy_tui.model.log_entry import LogEntry
from timmy_tui.ui.key_commands import screen_bindings
from timmy_tui.ui.paint.lines import Row, line, wrap_text
from timmy_tui.ui.screens.scroll_page import ScrollScreen
from timmy_tui.ui.view import View

MOST = 1 << 20
"""Characters that are shown; what is left out is counted."""


class LinePage(ScrollScreen):
    """Scrolls."""

    BINDINGS = [*screen_bindings("line")]


def open_line_page(entry: LogEntry, text: str) -> LinePage:
    """The page of a line. ``text``: the whole of it, not sanitized."""
    heading = f"{clean(entry.source, 40)}, the line at byte {entry.offset}, {len(text)} characters"
    return LinePage("line", heading, partial(line_rows, text))


def line_rows(text: str, view: View, width: int) -> list[Row]:
    """The line in rows of the page's width."""
    rows: list[Row] = [(line((row, "text")), None) for row in wrap_text(clean(text, MOST), width)]
    if len(text) > MOST:
        rows.append((line((f"{len(text) - MOST} more characters", "warn")), None))
    return rows
