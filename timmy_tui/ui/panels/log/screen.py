"""Screen 6 as lines: heading, columns, the lines of the log, what is wrong with the sources, footer."""

from msgspec import Struct
from msgspec.structs import replace

from timmy_tui.ui.key_commands import keys_on
from timmy_tui.ui.paint.lines import BLANK, Line, line
from timmy_tui.ui.panels.facts import change_line, footer_line, notice_line, sources_lines
from timmy_tui.ui.panels.log.heading import LogHeading, heading_lines
from timmy_tui.ui.panels.log.page import LogPicture, Rows, log_rows
from timmy_tui.ui.panels.log.rows import header_line, log_columns
from timmy_tui.ui.view import View

HEADED_FROM = 12
"""Rows of the screen from which the columns have headings."""


class LogScreenState(Struct, frozen=True):
    """What the screen shows."""

    heading: LogHeading
    picture: LogPicture
    nothing: str
    """What is said where there is no line."""


def log_screen_lines(state: LogScreenState, view: View, size: tuple[int, int]) -> list[Line]:
    """The whole screen of ``(width, height)`` cells."""
    above, below = _frame(state, view, size)
    available = max(size[1] - len(above) - len(below), 0)
    body = [row for _, row in _rows(state, view, size[0], available)]
    if not body and available:
        body = [line((state.nothing, "muted"))]
    return [*above, *body, *[BLANK] * (available - len(body)), *below]


def shown_rows(state: LogScreenState, view: View, size: tuple[int, int]) -> Rows:
    """The rows of the log alone, with the index of the line that each is of."""
    above, below = _frame(state, view, size)
    return _rows(state, view, size[0], size[1] - len(above) - len(below))


def _rows(state: LogScreenState, view: View, width: int, available: int) -> Rows:
    one = state.picture
    if not one.entries or available <= 0:
        return []
    # The clocks repaint once a second. Each page that is read makes a new list.
    made_of = (one.entries, view.turns, one.at, one.top, one.following, one.shift, one.wrapped, one.matches or 0)
    return view.remembered(
        "log rows", (*made_of, width, available), lambda: log_rows(one, log_columns(width), available)
    )


def first_row(state: LogScreenState, view: View, size: tuple[int, int]) -> int:
    """Row of the screen at which the lines of the log begin."""
    return len(_frame(state, view, size)[0])


def _frame(state: LogScreenState, view: View, size: tuple[int, int]) -> tuple[list[Line], list[Line]]:
    """Lines above and below those of the log."""
    width, height = size
    below = [*sources_lines(view, width), *filter(None, (_change(view, width), notice_line(view, width)))]
    below.append(footer_line(view, "log", width))
    below = below[-max(height - 2, 0) :] if height > 2 else []
    above = heading_lines(state.heading, view, width)
    return [*above, *([header_line(log_columns(width), state.picture.shift)] if height >= HEADED_FROM else [])], below


def _change(view: View, width: int) -> Line:
    """The running change, with the keys that work here."""
    if view.control is None or view.control.change is None:
        return ()
    return change_line(replace(view, keys=keys_on(view.keys, "log")), width)
