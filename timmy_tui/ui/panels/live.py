"""The live screen as lines: which panels are where, at each size.

Below 40×8 it is one line. There is a layout for each of 40×10, 60×15, 80×24, 120×30 and 200×50;
panels that do not fit are counted in the footer.
"""

from collections.abc import Callable

from timmy_tui.report.line import WIDTH, line_values, status_line
from timmy_tui.ui.paint.lines import BLANK, Line, fit, join
from timmy_tui.ui.panels.facts import footer_line
from timmy_tui.ui.panels.headline import flight_line, headline_line
from timmy_tui.ui.panels.ledger import ledger_lines
from timmy_tui.ui.panels.lists import flag_rows, log_rows, prompt_rows, turn_rows
from timmy_tui.ui.panels.said import said_lines
from timmy_tui.ui.view import View

LEAST = (40, 8)
"""(width, height) in cells; below it only one line is shown."""
Rows = Callable[[View, int, int], list[Line]]


def live_lines(view: View, width: int, height: int) -> list[Line]:
    """Exactly ``height`` lines of ``width`` cells."""
    if width <= 0 or height <= 0:
        return []
    if width < LEAST[0] or height < LEAST[1]:
        text = status_line(line_values(view.snapshot), min(width, WIDTH))
        lines: list[Line] = [fit(((text, "value"),), width)]
    elif width < 120 or height < 24:
        lines = _narrow(view, width, height)
    else:
        lines = _wide(view, width, height)
    lines = lines[:height]
    return [fit(row, width) for row in [*lines, *[BLANK] * (height - len(lines))]]


def _cached(panel: Rows, view: View, width: int, height: int) -> list[Line]:
    """Lines of a panel that depends on the snapshot alone, made once per snapshot."""
    return view.cached((panel.__name__, width, height), lambda: panel(view, width, height))


def _narrow(view: View, width: int, height: int) -> list[Line]:
    """One column: headline, turn in flight, stage rows and facts; also turns and a footer where they fit."""
    head = [headline_line(view, width), flight_line(view, width)]
    facts = said_lines(view, width, 2 if height < 12 else 4 if height < 24 else 9)
    footer = height >= 14
    available = height - len(head) - footer
    available -= len(facts)
    turns_height = 7 if width >= 72 and available >= 16 else 0
    rows = _cached(ledger_lines, view, width, max(available - turns_height, 0))
    turns_height = available - len(rows) if width >= 72 and available - len(rows) >= 3 else 0
    body = [*rows, *(_cached(turn_rows, view, width, turns_height) if turns_height else [])]
    body += [BLANK] * (available - len(body))
    hidden = (3 if turns_height else 4) if width >= LEAST[0] else 0
    return [*head, *body, *facts, *([footer_line(view, "live", width, hidden)] if footer else [])]


def _wide(view: View, width: int, height: int) -> list[Line]:
    """Stage rows over the whole width; what is under them, where the height allows, has two columns."""
    head = [headline_line(view, width), flight_line(view, width), BLANK]
    facts = said_lines(view, width, 9)
    available = height - len(head) - len(facts) - 1
    rows = _cached(ledger_lines, view, width, available)
    below = available - len(rows) - 1
    shown = 0
    under: list[Line] = []
    if below >= 3:
        panels: list[Rows] = [turn_rows, log_rows] if height < 40 else [turn_rows, prompt_rows, flag_rows, log_rows]
        left_width = min(width // 2, 100)
        under = [BLANK, *_under(view, panels, (left_width, width - left_width - 2), below)]
        shown = len(panels)
    footer = footer_line(view, "live", width, 4 - shown)
    return [*head, *rows, *under, *[BLANK] * (available - len(rows) - len(under)), *facts, footer]


def _under(view: View, panels: list[Rows], widths: tuple[int, int], height: int) -> list[Line]:
    """The newest turns at the left; the others at the right, one under the other."""
    left = _cached(panels[0], view, widths[0], height)
    right: list[Line] = []
    for number, panel in enumerate(panels[1:], 2):
        free = height - len(right)
        limit = free if number == len(panels) else free // 2
        drawn = panel(view, widths[1], limit) if panel is flag_rows else _cached(panel, view, widths[1], limit)
        right += drawn
    return join([(left, widths[0]), (right, widths[1])], height)
