"""The stages of a comparison as a table; beside it, where there is room, what came or went, and how sure that is."""

from collections.abc import Sequence

from msgspec import Struct

from timmy_tui.core.formatting import MISSING, duration
from timmy_tui.model.judgement import StageVerdict
from timmy_tui.model.stages.watched import BY_KEY
from timmy_tui.ui.charts.before_after import change_bar, interval_bar, ratio_span
from timmy_tui.ui.paint.glyphs import Glyphs
from timmy_tui.ui.paint.lines import Line, cells, left, line, right
from timmy_tui.ui.paint.wording import stage_name

ROLES = {"faster": "good", "slower": "bad"}
TABLE = 84
"""Cells of the table itself: name, ratio, both figures, verdict, numbers of turns, how many more it takes."""
LEAST_TABLE = 78
"""Cells of its heading; a narrower pane has the verdict beside the ratio."""
NARROW_HEADING, NARROW_FIGURES = "  stage      ratio  verdict", "        before       now"
LEAST_BAR = 30
"""Cells of a chart that shows more than the figures beside it."""
MOST_BAR = 60
"""A longer one takes the eye away from the figures."""
GAP = 3


class _Charts(Struct, frozen=True):
    """What stands beside the table, for all of its rows."""

    bar: int
    """Cells of the bar of both figures; 0: none."""
    interval: int
    """Cells of the interval of the ratio; 0: none."""
    top: float
    """ms over the whole bar."""
    span: float
    """How far the axis of ratios reaches."""
    glyphs: Glyphs


def stage_rows(stages: Sequence[StageVerdict], width: int, glyphs: Glyphs) -> list[Line]:
    """One row a stage under a heading; none before the first turn with the change, when each would say the same."""
    if not any(stage.n_b for stage in stages):
        return []
    if width < LEAST_TABLE:
        figures = NARROW_FIGURES if len(NARROW_HEADING + NARROW_FIGURES) <= width else ""
        return [line((NARROW_HEADING + figures, "muted")), *(_narrow(stage, width) for stage in stages)]
    charts = _charts(stages, width, glyphs)
    return [_heading(charts), *(_stage(stage, charts, width) for stage in stages)]


def _narrow(item: StageVerdict, width: int) -> Line:
    """Name, ratio and verdict, which tell most; the figures behind them where they fit."""
    role, part, ratio = _looks(item)
    known = line(
        (f"  {left(part + stage_name(item.stage), 10)}", "muted" if part else "label"),
        (f"{right(ratio, 6)}  {left(item.verdict, 14)}", role),
    )
    figures = line(f"{right(duration(item.before_ms), 7)} → {right(duration(item.after_ms), 7)}")
    return (*known, *figures) if cells(known) + cells(figures) <= width else known


def _charts(stages: Sequence[StageVerdict], width: int, glyphs: Glyphs) -> _Charts:
    free = width - TABLE - GAP
    two = free >= 2 * LEAST_BAR + GAP
    top = max((ms for stage in stages for ms in (stage.before_ms, stage.after_ms) if ms is not None), default=0.0)
    bar = min((free - GAP) // 2 if two else free, MOST_BAR)
    bar = bar if bar >= LEAST_BAR and top else 0
    shown = [ratio for stage in stages for ratio in (stage.ratio, stage.low, stage.high)]
    return _Charts(bar, bar if two else 0, top, ratio_span(shown), glyphs)


def _heading(charts: _Charts) -> Line:
    """What the columns and both axes are."""
    table = f"  {left('stage', 12)}{left('at equal work', 18)}{right('before', 7)}   {right('now', 7)}  "
    table += f"{left('verdict', 14)}n before, now"
    if not charts.bar:
        return line((table, "muted"))
    signs = f"{charts.glyphs.code} more  {charts.glyphs.outline} less"
    bar = _axis("0", signs, duration(charts.top), charts.bar)
    low, high = f"×{1 / charts.span:.2f}", f"×{charts.span:.2f}"
    interval = " " * GAP + _axis(low, "×1", high, charts.interval) if charts.interval else ""
    return line((f"{left(table, TABLE + GAP)}{bar}{interval}", "muted"))


def _axis(start: str, middle: str, end: str, width: int) -> str:
    """The three words at the left edge, in the middle and at the right edge of an axis."""
    at = (width - len(middle)) // 2
    head = f"{left(start, at)}{middle}"
    return head + right(end, width - len(head))


def _stage(item: StageVerdict, charts: _Charts, width: int) -> Line:
    known, role = _figures(item), _looks(item)[0]
    wanted = f"  {item.wanted} more" if item.wanted else ""
    if cells(known) + len(wanted) <= (TABLE if charts.bar else width):
        known = (*known, (wanted, "muted"))
    if not charts.bar:
        return known
    look = (charts.glyphs, role)
    beside = change_bar(item.before_ms, item.after_ms, charts.top, charts.bar, look)
    if charts.interval:
        sure = interval_bar(item.ratio, (item.low, item.high), charts.span, charts.interval, look)
        beside = (*beside, (" " * GAP, "text"), *sure)
    return (*known, (" " * max(TABLE + GAP - cells(known), 1), "text"), *beside)


def _looks(item: StageVerdict) -> tuple[str, str, str]:
    """Role of the verdict, how far a part of a stage stands to the right, ratio."""
    part = "  " if item.stage in BY_KEY and BY_KEY[item.stage].parent else ""
    ratio = MISSING if item.ratio is None else f"×{item.ratio:.2f}"
    return ROLES.get(item.verdict, "muted"), part, ratio


def _figures(item: StageVerdict) -> Line:
    role, part, ratio = _looks(item)
    bounds = "" if item.low is None or item.high is None else f" ({item.low:.2f}–{item.high:.2f})"
    change = f"{right(duration(item.before_ms), 7)} → {right(duration(item.after_ms), 7)}"
    return line(
        ("  " + left(part + stage_name(item.stage), 12), "muted" if part else "label"),
        (left(ratio + bounds, 18), role),
        f"{change}  ",
        (left(item.verdict, 14), role),
        (f"n {item.n_a}, {item.n_b}", "muted"),
    )
