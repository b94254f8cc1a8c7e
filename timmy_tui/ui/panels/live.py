"""The live screen as lines. ``live_layout.py`` says how many rows each panel gets; below 40×8 it is one line."""

from collections.abc import Callable

from timmy_tui.model.stages import OUTSIDE
from timmy_tui.report.line import WIDTH, line_values, status_line
from timmy_tui.ui.charts.waterfall import place_bars
from timmy_tui.ui.paint.lines import BLANK, Line, fit, foreign, join, line
from timmy_tui.ui.panels.facts import cache_line, change_line, footer_line, notice_line, sources_lines, verdict_line
from timmy_tui.ui.panels.headline import flight_line, headline_line
from timmy_tui.ui.panels.ledger import LEAST_SHARE, ledger_lines
from timmy_tui.ui.panels.lists import flag_rows, log_rows, prompt_rows, turn_rows
from timmy_tui.ui.panels.live_layout import Layout, Wanted, has_skyline, live_layout, most_status
from timmy_tui.ui.panels.skyline import skyline_lines
from timmy_tui.ui.panels.skyline_window import turn_in_column
from timmy_tui.ui.view import View

LEAST = (40, 8)
"""(width, height) in cells; below it only one line is shown."""
HEAD = 2
"""Lines above the skyline: headline and turn in flight."""
SOURCE_LINES = 3
"""Greatest number of lines about the sources, on a tall pane."""
Rows = Callable[[View, int, int], list[Line]]
LISTS: tuple[Rows, ...] = (turn_rows, log_rows, prompt_rows, flag_rows)


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
    return [fit(row, width) for row in [*lines, *[BLANK] * (height - len(lines))]]


def turn_at(view: View, width: int, height: int, x: int, y: int) -> int | None:
    """Index of the turn whose column of the skyline is at this cell of the screen; None where there is none."""
    if width < LEAST[0] or height < LEAST[1]:
        return None
    layout, _ = _layout(view, width, height)
    return turn_in_column(view, width, x) if HEAD <= y < HEAD + layout.skyline else None


def _panels(view: View, width: int, height: int) -> list[Line]:
    layout, status = _layout(view, width, height)
    lines = [headline_line(view, width), flight_line(view, width)]
    if layout.skyline:
        lines += skyline_lines(view, width, layout.skyline)
    stages = _stages(view, width, layout.stages)
    lines += [*stages, *[BLANK] * (layout.stages - len(stages))]
    if layout.lists:
        lines += _lists(view, width, layout)
    lines += status
    if layout.footer:
        lines.append(footer_line(view, "live", width, layout.hidden))
    return lines


def _layout(view: View, width: int, height: int) -> tuple[Layout, list[Line]]:
    """The layout, and the status lines that it has room for, in the order of the screen."""
    status = _status_lines(view, width, most_status(width, height), has_skyline(width, height))
    turn = view.shown_turn
    bars = place_bars(turn) if turn is not None else []
    headline_ms = (turn.headline_ms if turn is not None else None) or 0.0
    told = {finding.stage for finding in view.findings}
    notable = sum((bar.length or 0.0) >= LEAST_SHARE * headline_ms or bar.key in told for bar in bars)
    # The stage rows add the sum of the unnamed time.
    wanted = Wanted(notable, len(bars) + 1, len(OUTSIDE) if bars else 0, len(status))
    layout = live_layout(width, height, wanted)
    shown = sorted(sorted(status, key=lambda one: one[0])[: layout.status], key=lambda one: one[1])
    return layout, [row for _, _, row in shown]


def _stages(view: View, width: int, rows: int) -> list[Line]:
    turn = view.shown_turn
    key = ("stages", width, rows, turn.ordinal if turn is not None else -1)
    return view.cached(key, lambda: ledger_lines(view, width, rows, turn))


def _lists(view: View, width: int, layout: Layout) -> list[Line]:
    """The lists at the foot, side by side; at the left the log, which changes most often: rows are sent from there."""
    gutter = 2
    each = (width - gutter * (layout.list_columns - 1)) // layout.list_columns
    chosen = sorted(LISTS[: layout.list_columns], key=lambda panel: panel is not log_rows)
    columns = [(_cached(panel, view, each, layout.lists), each) for panel in chosen]
    return join(columns, layout.lists, gutter)


def _cached(panel: Rows, view: View, width: int, height: int) -> list[Line]:
    """Lines of a panel that depends on the snapshot alone, made once per snapshot."""
    return view.cached((panel.__name__, width, height), lambda: panel(view, width, height))


def _status_lines(view: View, width: int, most: int, tall: bool) -> list[tuple[int, int, Line]]:
    """(urgency, place on the screen, line) of what has something to say; the lowest urgency number stays longest.

    On a low pane the headline tells of a finding, and cache and sources come first.
    """
    tells = 0 if tall else 6
    sources = sources_lines(view, width, min(max(most - 2, 1), SOURCE_LINES))
    well = len(sources) == 1 and sources[0] and sources[0][0][1] in ("good", "muted")
    lines = [
        (2 + tells, 0, cursor_line(view, width)),
        (3 + tells, 1, () if _tells_of_newest(view) and view.cursor_turn is not None else verdict_line(view, width)),
        (5, 2, cache_line(view, width)),
        *((6 if well else 4, 3, row) for row in sources),
        (1, 4, change_line(view, width)),
        (0, 5, notice_line(view, width)),
    ]
    return [one for one in lines if one[2]]


def _tells_of_newest(view: View) -> bool:
    """The verdict's line has nothing better to say than the diagnosis of the newest turn."""
    judgement = view.snapshot.judgement
    trial = view.trial is not None and view.trial.phase != "done"
    return not (trial or view.findings or (judgement is not None and judgement.verdict is not None))


def cursor_line(view: View, width: int) -> Line:
    """The diagnosis of the turn under the cursor; empty without a cursor."""
    turn = view.cursor_turn
    if turn is None:
        return ()
    diagnosis = view.diagnosis_of(turn.ordinal)
    sentence = diagnosis.sentence if diagnosis is not None and diagnosis.sentence else "was not judged"
    head = f"{view.turn_name(turn.ordinal, turn.request_id)}: "
    role = "warn" if diagnosis is not None and diagnosis.slow else "text"
    return line((head, "value"), (foreign(sentence, max(width - len(head), 1)), role))
