"""The live screen as lines. ``layout.py`` says how many rows each panel gets; below 40×8 it is one line."""

from collections.abc import Callable

from msgspec.structs import replace

from timmy_tui.report.status_line.line import WIDTH, line_values, status_line
from timmy_tui.ui.paint.lines import BLANK, FittedRows, Line, fit, join
from timmy_tui.ui.panels.facts import footer_line, interruption_words
from timmy_tui.ui.panels.headline import flight_line, headline_line
from timmy_tui.ui.panels.lists import flag_rows, log_list, prompt_rows, turn_rows
from timmy_tui.ui.panels.live.layout import Layout, Wanted, has_room_for_words, live_layout, most_status
from timmy_tui.ui.panels.live.said import said_lines
from timmy_tui.ui.panels.live.stage_rows import count_rows, ledger_lines
from timmy_tui.ui.panels.skyline.panel import skyline_lines
from timmy_tui.ui.panels.skyline.window import turn_in_column
from timmy_tui.ui.view import View

LEAST = (40, 8)
"""(width, height) in cells; below it only one line is shown."""
HEAD = 2
"""Lines above the skyline: headline and turn in flight."""
Rows = Callable[[View, int, int], list[Line]]
LISTS: tuple[Rows, ...] = (turn_rows, log_list, prompt_rows, flag_rows)
WHOLE_ON = ("turns", "log", "llm", "changes")
"""The screen that has more of each of them."""


def live_lines(view: View, width: int, height: int) -> list[Line]:
    """Exactly ``height`` lines of ``width`` cells."""
    if width <= 0 or height <= 0:
        return []
    if width < LEAST[0] or height < LEAST[1]:
        text = status_line(line_values(view.snapshot), min(width, WIDTH))
        lines: list[Line] = [fit(((text, "value"),), width)]
    else:
        lines = _panels(view, width, height)
    lines = lines[:height]
    rows = view.remembered("live rows", (), FittedRows)
    return rows.of([*lines, *[BLANK] * (height - len(lines))], width)


def turn_at(view: View, width: int, height: int, x: int, y: int) -> int | None:
    """Index of the turn whose column of the skyline is at this cell of the screen; None where there is none."""
    if width < LEAST[0] or height < LEAST[1]:
        return None
    layout, _ = _layout(view, width, height)
    return turn_in_column(view, width, x) if HEAD <= y < HEAD + layout.skyline else None


def _panels(view: View, width: int, height: int) -> list[Line]:
    layout, status = _layout(view, width, height)
    ahead = () if has_room_for_words(width, height) else interruption_words(view)
    lines = [headline_line(view, width), flight_line(view, width, ahead)]
    if layout.skyline:
        lines += skyline_lines(view, width, layout.skyline)
    stages = _stages(view, width, layout.stages)
    lines += [*stages, *[BLANK] * (layout.stages - len(stages))]
    if layout.lists:
        lines += _lists(view, width, layout)
    lines += status
    if layout.footer:
        lines.append(footer_line(view, "live", width, _hidden(layout)))
    return lines


def _hidden(layout: Layout) -> list[str]:
    """Of each panel that is not shown, the screen that has it."""
    return [*WHOLE_ON[layout.list_columns :], *([] if layout.skyline else ["trends"])]


def _layout(view: View, width: int, height: int) -> tuple[Layout, list[Line]]:
    """The layout, and the lines of what has something to say, which count what they leave out themselves."""
    turn = view.shown_turn
    said = said_lines(_said_below(view, width, height), width, most_status(width, height), turn)
    key = ("rows", turn.ordinal if turn is not None else -1, view.row)
    rows = view.cached(key, lambda: count_rows(view, turn))
    return live_layout(width, height, Wanted(*rows, len(said))), said


def _said_below(view: View, width: int, height: int) -> View:
    """The view of the status lines: where there are few, the state line has the interruption."""
    if view.interruption is None or has_room_for_words(width, height):
        return view
    return replace(view, interruption=None, notice=None if view.notice is view.interruption else view.notice)


def _stages(view: View, width: int, rows: int) -> list[Line]:
    turn = view.shown_turn
    shown = turn.ordinal if turn is not None else -1
    # The newest turn under the cursor is marked, and without one it is not.
    key = ("stages", width, rows, shown, view.cursor_index, view.row, view.raw_rows)
    return view.cached(key, lambda: ledger_lines(view, width, rows, turn))


def _lists(view: View, width: int, layout: Layout) -> list[Line]:
    """The lists at the foot, side by side; at the left the log, which changes most often: rows are sent from there."""
    gutter = 2
    each = (width - gutter * (layout.list_columns - 1)) // layout.list_columns
    chosen = sorted(LISTS[: layout.list_columns], key=lambda panel: panel is not log_list)
    rest = width - (each + gutter) * layout.list_columns + gutter
    widths = [*[each] * (layout.list_columns - 1), each + rest]
    columns = [(_cached(panel, view, one, layout.lists), one) for panel, one in zip(chosen, widths, strict=True)]
    made_of = (*(lines for lines, _ in columns), width, layout.lists)
    return view.remembered("lists", made_of, lambda: join(columns, layout.lists, gutter))


def _cached(panel: Rows, view: View, width: int, height: int) -> list[Line]:
    """Lines of a panel that depends on the turns alone, and the log's, which has new lines without one."""
    if panel is log_list:
        return view.remembered("log list", (view.snapshot, width, height), lambda: panel(view, width, height))
    return view.cached((panel.__name__, width, height), lambda: panel(view, width, height))
