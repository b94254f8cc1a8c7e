"""The live screen as lines: which panels are where, at each size.

Below 40×8 it is one line. There is a layout for each of 40×10, 60×15, 80×24, 120×30 and 200×50;
panels that do not fit are counted in the footer.
"""

from collections.abc import Callable

from timmy_tui.report.line import WIDTH, line_values, status_line
from timmy_tui.ui.paint.lines import BLANK, Line, fit, join
from timmy_tui.ui.panels.facts import cache_line, change_line, footer_line, notice_line, sources_lines, verdict_line
from timmy_tui.ui.panels.headline import flight_line, headline_line
from timmy_tui.ui.panels.ledger import ledger_lines
from timmy_tui.ui.panels.lists import flag_rows, log_rows, prompt_rows, turn_rows
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


def _facts(view: View, width: int, sources: int = 1) -> list[Line]:
    """The one-line panels under the stage rows, least important first; empty ones take no line."""
    lines = [
        verdict_line(view, width),
        cache_line(view, width),
        *sources_lines(view, width, sources),
        change_line(view, width),
        notice_line(view, width),
    ]
    return [row for row in lines if row]


def _narrow(view: View, width: int, height: int) -> list[Line]:
    """One column: headline, turn in flight, stage rows and facts; also turns and a footer where they fit."""
    head = [headline_line(view, width), flight_line(view, width)]
    facts = _facts(view, width)
    footer = height >= 14
    available = height - len(head) - footer
    if height < 12:
        facts = facts[-2:]
    available -= len(facts)
    turns_height = 7 if width >= 72 and available >= 16 else 0
    rows = _cached(ledger_lines, view, width, max(available - turns_height, 0))
    turns_height = available - len(rows) if width >= 72 and available - len(rows) >= 3 else 0
    body = [*rows, *(_cached(turn_rows, view, width, turns_height) if turns_height else [])]
    body += [BLANK] * (available - len(body))
    hidden = (3 if turns_height else 4) if width >= LEAST[0] else 0
    return [*head, *body, *facts, *([footer_line(view, "live", width, hidden)] if footer else [])]


def _wide(view: View, width: int, height: int) -> list[Line]:
    """Two columns under the headline: stage rows at the left; turns, and more if the height allows, at the right."""
    head = [headline_line(view, width), flight_line(view, width), BLANK]
    facts = _facts(view, width, 1 if height < 30 else 3)
    available = height - len(head) - len(facts) - 1
    left_width = min(max(78, width * 11 // 20), 150)
    right_width = width - left_width - 2
    rows = _cached(ledger_lines, view, left_width, available)
    left_available = available - len(rows)
    left: list[Line] = list(rows)
    shown = 1
    if left_available >= 6:
        left.append(BLANK)
        left.extend(_cached(log_rows, view, left_width, left_available - 1))
        shown += 1
    right: list[Line] = []
    panels = _right_panels(height)
    shown += len(panels) - 1
    for panel, part in panels:
        limit = available - len(right) if part == 0 else part
        drawn = panel(view, right_width, limit) if panel is flag_rows else _cached(panel, view, right_width, limit)
        right.extend([*drawn, BLANK])
    return [
        *head,
        *join([(left, left_width), (right, right_width)], available),
        *facts,
        footer_line(view, "live", width, 4 - shown),
    ]


def _right_panels(height: int) -> list[tuple[Rows, int]]:
    """Panels of the right column from the top, each with its greatest height; 0: the rest of the height."""
    if height < 40:
        return [(turn_rows, 0)]
    return [(prompt_rows, 9), (flag_rows, 11), (turn_rows, 0)]
