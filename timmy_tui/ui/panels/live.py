"""The live screen as lines: which panels stand where, at which size.

Below 40×8 it is one line. From 40×10, 60×15, 80×24, 120×30 and 200×50 on each size has a layout of its own;
what a size has no room for is counted in the footer.
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
"""Cells below which only the line is shown."""
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


def _kept(panel: Rows, view: View, width: int, height: int) -> list[Line]:
    """A panel that looks at the snapshot alone."""
    return view.once((panel.__name__, width, height), lambda: panel(view, width, height))


def _facts(view: View, width: int, sources: int = 1) -> list[Line]:
    """The one-liners under the rows, the first most dispensable; empty ones take no line."""
    found = [
        verdict_line(view, width),
        cache_line(view, width),
        *sources_lines(view, width, sources),
        change_line(view, width),
        notice_line(view, width),
    ]
    return [row for row in found if row]


def _narrow(view: View, width: int, height: int) -> list[Line]:
    """One column: headline, flight, rows, facts, and from 80×24 on the turns and a footer."""
    head = [headline_line(view, width), flight_line(view, width)]
    facts = _facts(view, width)
    footer = height >= 14
    room = height - len(head) - footer
    if height < 12:
        facts = facts[-2:]
    room -= len(facts)
    listed = 7 if width >= 72 and room >= 16 else 0
    rows = _kept(ledger_lines, view, width, max(room - listed, 0))
    listed = room - len(rows) if width >= 72 and room - len(rows) >= 3 else 0
    body = [*rows, *(_kept(turn_rows, view, width, listed) if listed else [])]
    body += [BLANK] * (room - len(body))
    hidden = (3 if listed else 4) if width >= LEAST[0] else 0
    return [*head, *body, *facts, *([footer_line(view, "live", width, hidden)] if footer else [])]


def _wide(view: View, width: int, height: int) -> list[Line]:
    """Two columns under the headline: rows at the left, turns and more at the right as height allows."""
    head = [headline_line(view, width), flight_line(view, width), BLANK]
    facts = _facts(view, width, 1 if height < 30 else 3)
    room = height - len(head) - len(facts) - 1
    left_width = min(max(78, width * 11 // 20), 150)
    right_width = width - left_width - 2
    rows = _kept(ledger_lines, view, left_width, room)
    left_rest = room - len(rows)
    left: list[Line] = list(rows)
    shown = 1
    if left_rest >= 6:
        left.append(BLANK)
        left.extend(_kept(log_rows, view, left_width, left_rest - 1))
        shown += 1
    right: list[Line] = []
    panels = _right_panels(height)
    shown += len(panels) - 1
    for panel, part in panels:
        most = room - len(right) if part == 0 else part
        drawn = panel(view, right_width, most) if panel is flag_rows else _kept(panel, view, right_width, most)
        right.extend([*drawn, BLANK])
    return [
        *head,
        *join([(left, left_width), (right, right_width)], room),
        *facts,
        footer_line(view, "live", width, 4 - shown),
    ]


def _right_panels(height: int) -> list[tuple[Rows, int]]:
    """Panels of the right column from the top, with their greatest heights; 0 takes what is left."""
    if height < 40:
        return [(turn_rows, 0)]
    return [(prompt_rows, 9), (flag_rows, 11), (turn_rows, 0)]
