"""One chart over turns: a dash a turn, the level of each stretch with its band, brackets over it, ticks beside it."""

from collections.abc import Iterable

from msgspec import Struct

from timmy_tui.core.formatting import duration
from timmy_tui.model.trend_history import HEADLINE
from timmy_tui.ui.charts.bracket import bracket_line
from timmy_tui.ui.charts.dots import ACROSS, DOWN, Dots, Ink
from timmy_tui.ui.charts.scale import Scale, scale_of
from timmy_tui.ui.charts.skyline import join_cells
from timmy_tui.ui.paint.lines import Line, Span, left, line, right
from timmy_tui.ui.panels.skyline.panel import BEAM
from timmy_tui.ui.panels.skyline.window import GUTTER, index_of_start
from timmy_tui.ui.panels.trends.levels import LEAST_BAND, QUIET, Level, Move, levels_of, starts_of_findings
from timmy_tui.ui.panels.trends.series import (
    brackets_of,
    series_name,
    series_role,
    shown_of,
    sign_of,
    value_of,
)
from timmy_tui.ui.panels.trends.window import TrendWindow
from timmy_tui.ui.view import View

BAND = "band"
"""Role whose colour is the ground of p5 to p95."""
EDGE, LEVEL, VALUE, OVER_ALL = range(4)
"""Ranks of what is drawn; the last is that of a line over what is filled, which nothing but its colour shows."""
THICK = 2
"""Dots of a turn from its foot to its top; a level has one."""
APART_FROM = 3
"""Dots of a turn, across, from which the last one is free: turns of one height can be counted."""
DOTTED = 4
"""Dots from one of an edge of the band to the next."""


class Series(Struct, frozen=True):
    """A series over the turns that are shown, ready to be drawn, exported or told."""

    key: str
    name: str
    role: str
    window: TrendWindow
    values: tuple[float | None, ...]
    """One for each turn."""
    signs: tuple[Span | None, ...]
    """Of turns without a value."""
    levels: tuple[Level, ...]
    move: Move | None = None

    def scale(self, from_zero: bool, rows: int) -> Scale:
        """The scale of its plot."""
        known = [ms for ms in self.values if ms is not None]
        return scale_of(known, from_zero, rows, max((level.p50 for level in self.levels), default=0.0))


def series_of(view: View, window: TrendWindow, key: str) -> Series:
    """The series of this key."""
    shown = shown_of(view, key)
    turns = view.turns[window.first : window.first + window.count]
    levels, move = levels_of(view, window, key)
    return Series(
        key,
        series_name(view, key),
        series_role(key),
        window,
        tuple(value_of(turn, key, shown) for turn in turns),
        tuple(sign_of(turn, key, shown, view.glyphs) for turn in turns),
        tuple(levels),
        move,
    )


class Style(Struct, frozen=True):
    """How a series is drawn."""

    rows: int
    from_zero: bool = True
    filled: bool = False
    """From zero up, as in the skyline; else a dash a turn."""


def plot_lines(view: View, series: Series, style: Style) -> list[Line]:
    """The bracket line and the rows of the plot, with the gutter at their left."""
    window, rows = series.window, style.rows
    brackets = brackets_of(view, window, series.key)
    level = series.levels[-1] if series.levels else None
    heads = () if level is None else (f"p50 {duration(level.p50)}",) if style.filled else _keys(view)
    name = (left(series.name if style.filled else "", GUTTER), "label")
    top = (name, *bracket_line(brackets, window.columns, view.glyphs, heads))
    scale = series.scale(style.from_zero, rows)
    labels = scale.ticks()
    plot = _dots(view, series, scale, style).lines(view.glyphs)
    gutters = (right(labels.get(row, ""), GUTTER - 1) + " " for row in range(rows - 1, -1, -1))
    return [top, *((((gutter), "faint"), *row) for gutter, row in zip(gutters, plot, strict=True))]


def _keys(view: View) -> tuple[str, ...]:
    """What the marks of a chart that is not filled mean, from the longest to the shortest."""
    band = band_word(view)
    return (
        f"thick: a turn · thin line: p50, the median · {band}: p5–p95, 9 turns in 10",
        f"thick: a turn · thin line: p50 · {band}: p5–p95",
        f"thick: turns · thin: p50 · {band}: p5–p95",
        "thick: a turn · thin line: p50",
        "thick: turns · thin: p50",
    )


def _dots(view: View, series: Series, scale: Scale, style: Style) -> Dots:
    window = series.window
    dots = Dots(window.columns, scale.rows)
    for level in series.levels:
        # What is filled shows a level by itself, but not that it rises little by little.
        if not style.filled or (level.ramp is not None and series.key != HEADLINE):
            ink = Ink(QUIET, OVER_ALL) if style.filled else Ink(_role_of(series, level), LEVEL)
            _draw_level(dots, level, window, scale, ink)
        if not style.filled:
            _draw_band(view, dots, level, window, scale)
    roles = _roles(series)
    for at, ms in enumerate(series.values):
        if ms is not None:
            index = window.first + at
            _draw_turn(dots, (window.dot_of(index), window.dots_of(index)), _heights(ms, scale, style), roles[at])
            if scale.outside(ms):
                # In the place of a mark, which would say that it lies within.
                _cut(view, dots, (window.dot_of(index) + window.dots_of(index) // 2) // ACROSS, scale.outside(ms))
    for column, span in _uprights(view, series):
        dots.upright(column, span)
    return dots


def _heights(ms: float, scale: Scale, style: Style) -> range:
    """Dots of a turn, from the foot: two, so that it stands out of the line that it lies on, or all from zero up."""
    top = scale.height(ms)
    if style.filled and style.from_zero:
        return range(top + 1)
    if scale.outside(ms):
        return range(0)
    foot = min(top, scale.dots - THICK)
    return range(foot, foot + THICK)


def _draw_turn(dots: Dots, across: tuple[int, int], heights: range, role: str) -> None:
    x, length = across
    if len(heights) == THICK and length >= APART_FROM:
        length -= 1
    for y in heights:
        dots.dash(x, length, y, Ink(role, VALUE))


def _cut(view: View, dots: Dots, column: int, side: int) -> None:
    """The sign of a value outside of the scale, at its edge."""
    sign, row = (view.glyphs.cut, dots.rows - 1) if side > 0 else (view.glyphs.cut_below, 0)
    dots.sign(column, row, (sign, "value"))


def _role_of(series: Series, level: Level) -> str:
    """One colour for a level and its turns: a cell has one, and two of them would mix without a meaning."""
    return series.role if level.role == QUIET else level.role


def _roles(series: Series) -> list[str]:
    """The colour of each turn: of its series, and since a change of that change, also where no level is known yet."""
    count, move = len(series.values), series.move
    quiet = count if move is None else min(max(move.start - series.window.first, 0), count)
    return [series.role] * quiet + [move.role if move is not None else ""] * (count - quiet)


def _draw_level(dots: Dots, level: Level, window: TrendWindow, scale: Scale, ink: Ink) -> None:
    x, end = window.dot_of(level.start - level.lead), window.dot_of(level.end)
    if level.ramp is None:
        dots.dash(x, end - x, scale.height(level.p50), ink)
    else:
        low, high = map(scale.height, level.ramp)
        dots.join((x, low), (end - 1, high), ink)


def _draw_band(view: View, dots: Dots, level: Level, window: TrendWindow, scale: Scale) -> None:
    if level.figures.n < LEAST_BAND:
        return
    if level.ramp is None:
        edges = (scale.height(level.figures.p5), scale.height(level.figures.p95))
        band(view, dots, (window.dot_of(level.start), window.dot_of(level.end)), edges)
        return
    # It goes with the line: a band of one height would be the step that a drift is not.
    (low, high), (below, above), start = level.ramp, level.off, level.start - level.lead
    for index in range(start, level.end):
        ms = low + (high - low) * (index - start) / max(level.end - start - 1, 1)
        across = (window.dot_of(index), window.dot_of(index + 1))
        band(view, dots, across, (scale.height(ms + below), scale.height(ms + above)))


def band(view: View, dots: Dots, across: tuple[int, int], heights: tuple[int, int]) -> None:
    """A ground between two heights, all in dots; where the theme has none for it, its edges are dotted."""
    (x, end), (low, high) = across, heights
    if has_band(view):
        dots.shade(range((x + 1) // ACROSS, (end + 1) // ACROSS), range(low // DOWN, high // DOWN + 1), BAND)
        return
    for height in heights:
        for one in range(x + -x % DOTTED, end, DOTTED):
            dots.put(one, height, Ink("rule", EDGE))


def band_word(view: View) -> str:
    """What p5 to p95 are drawn as."""
    return "band" if has_band(view) else "dots"


def has_band(view: View) -> bool:
    """The theme has a ground for it; else its edges are dotted."""
    style = view.styles.get(BAND)
    return not view.monochrome and not view.glyphs.plain and style is not None and style.color == style.bgcolor


def _uprights(view: View, series: Series) -> Iterable[tuple[int, Span]]:
    """The cursor, then where something began: an epoch, or a finding."""
    window, last = series.window, series.window.first + series.window.count
    if view.cursor_index is not None:
        yield window.column_of(view.cursor_index), (view.glyphs.upright, BEAM)
    move = series.move
    if move is not None and move.start > window.first:
        yield window.column_of(move.start), (view.glyphs.upright, move.role)
    # Restarts too that begin no level: their signs under the chart point at these.
    signed = [one for one in view.snapshot.epochs if one.changes or one.restarted]
    begun = [(index_of_start(view, one.first) or -1, "info" if one.changes else "faint") for one in signed]
    begun += [(start, "faint") for start in starts_of_findings(view, series.key)]
    for start, role in sorted(begun, key=lambda one: one[1] == "faint"):
        if window.first < start < last:
            yield window.column_of(start), (view.glyphs.upright, role)


def axis_line(view: View, series: Series) -> Line:
    """The foot of the plots: a rule, with the signs of turns without a figure at their columns."""
    window = series.window
    cells: list[Span] = [(view.glyphs.rule, "rule")] * window.columns
    for at, sign in enumerate(series.signs):
        if sign is not None:
            cells[window.column_of(window.first + at)] = sign
    return (*line((" " * GUTTER, "text")), *join_cells(cells))
