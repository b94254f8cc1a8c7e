"""Before and after: how the times of a series are spread on both sides of the newest change, on one scale."""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from timmy_tui.core.foreign.sanitize import clean
from timmy_tui.core.formatting import duration, plural
from timmy_tui.model.flags.words import changes_words
from timmy_tui.model.trend_history import Figures
from timmy_tui.report.trend_buckets import figures_of
from timmy_tui.ui.charts.alike import alike
from timmy_tui.ui.charts.dots import ACROSS, DOWN, Dots, Ink
from timmy_tui.ui.charts.scale import Scale, scale_of
from timmy_tui.ui.charts.skyline import join_cells
from timmy_tui.ui.paint.lines import Line, Span, join_fitting, line, right
from timmy_tui.ui.paint.wording import signed, stage_name
from timmy_tui.ui.panels.skyline.notes import verdict_words
from timmy_tui.ui.panels.skyline.window import GUTTER, index_of_start
from timmy_tui.ui.panels.trends.levels import LEAST_LEVEL
from timmy_tui.ui.panels.trends.plot import EDGE, VALUE, band, band_word, has_band
from timmy_tui.ui.panels.trends.series import findings_of, series_role, shown_of, value_of, written_name
from timmy_tui.ui.view import View

MOST_TURNS = 100
"""Turns of a side: those next to the change."""
BEFORE, AFTER = "before", "after"
MOST_BINS = 48
TURNS_A_BIN = 2.0
"""Turns of the smaller side for each bin within p5 to p95; with more bins every turn is a peak of its own."""
LEAST_BINS = 8
TICKS_APART = 12
"""Cells from one tick of the scale to the next."""


class Change(Struct, frozen=True):
    """Where a chart is cut in two."""

    index: int
    """Of the first turn after it, in ``View.turns``."""
    words: str
    role: str
    restart: bool = False
    """Nothing was changed, as far as is known."""


class Side(Struct, frozen=True):
    """The turns of one side that have the series."""

    name: str
    values: tuple[float, ...]
    figures: Figures


class Spread(Struct, frozen=True):
    """Both sides of a change; fewer where a side has too few turns."""

    name: str
    role: str
    change: Change | None
    sides: tuple[Side, ...] = ()


def changes_of(view: View, key: str) -> list[Change]:
    """Flips and findings of the series, in the order of their turns; where there are none, restarts."""
    found: list[Change] = []
    judgement = view.snapshot.judgement
    for epoch in view.snapshot.epochs:
        index = index_of_start(view, epoch.first)
        if epoch.changes and index is not None:
            outcome, role = verdict_words(judgement.verdict if judgement and epoch is view.tried else None)
            words = f"{clean(changes_words(epoch.changes), 60)} {outcome}".rstrip()
            found.append(Change(index, words, role))
    for finding in findings_of(view, key):
        index = index_of_start(view, finding.since)
        if index is not None and not finding.ended:
            moved = signed(finding.after_ms - finding.before_ms, view.glyphs)
            words = f"{stage_name(finding.stage)} {finding.direction} {moved}"
            found.append(Change(index, words, "bad" if finding.direction == "slower" else "good"))
    if not found:
        starts = (index_of_start(view, epoch.first) for epoch in view.snapshot.epochs if epoch.restarted)
        found = [Change(at, "restart", "muted", restart=True) for at in starts if at is not None]
    return sorted((one for one in found if one.index > 0), key=lambda one: one.index)


def spread_of(view: View, key: str) -> Spread:
    """Around the newest change that has enough turns on both sides."""
    name, role, shown = written_name(view, key), series_role(key), shown_of(view, key)
    changes = changes_of(view, key)
    last: Spread = Spread(name, role, changes[-1] if changes else None)
    for at in range(len(changes) - 1, -1, -1):
        change = changes[at]
        begin = max(changes[at - 1].index if at else 0, change.index - MOST_TURNS)
        end = min(changes[at + 1].index if at + 1 < len(changes) else len(view.turns), change.index + MOST_TURNS)
        sides = []
        for word, turns in ((BEFORE, view.turns[begin : change.index]), (AFTER, view.turns[change.index : end])):
            values = tuple(ms for turn in turns if (ms := value_of(turn, key, shown)) is not None)
            figures = figures_of(values)
            if figures is not None and figures.n >= LEAST_LEVEL:
                sides.append(Side(word, values, figures))
        if len(sides) == 2:
            return Spread(name, role, change, tuple(sides))
    return last


def spread_heading(view: View, spread: Spread) -> list[Line]:
    """What changed, and by how much the medians differ."""
    parts = [line((spread.name, "title"))]
    if spread.change is not None:
        parts.append(line((spread.change.words, spread.change.role)))
    if len(spread.sides) == 2:
        before, after = (side.figures.p50 for side in spread.sides)
        parts.append(line(("p50 ", "muted"), f"{duration(before)} → {duration(after)}"))
        moved = signed(after - before, view.glyphs) or "no difference"
        chance = spread.change is not None and spread.change.restart and alike(*(one.values for one in spread.sides))
        parts.append(line((f"{moved}, may be chance", "muted") if chance else (moved, "value")))
    return parts


def spread_lines(view: View, spread: Spread, width: int, rows: int, from_zero: bool) -> list[Line]:
    """Both histograms in ``rows`` lines, the scale between them."""
    if not spread.sides:
        words = "no change with three turns on each side" if spread.change else "no flip, finding or restart yet"
        return [line((words, "muted"))]
    columns = max(width - GUTTER, 2)
    every = [ms for side in spread.sides for ms in side.values]
    scale = scale_of(every, from_zero, columns, max(side.figures.p95 for side in spread.sides))
    shares = [_shares(side, scale, _bins(spread, scale, columns)) for side in spread.sides]
    top = max(max(one) for one in shares)
    plot = max((rows - 3) // 2, 1)
    parts = []
    for side, share in zip(spread.sides, shares, strict=True):
        role = "muted" if side.name == BEFORE else "text" if spread.role == "muted" else spread.role
        parts.append([_side_words(side, width), *_histogram(view, side, (share, top, role), (scale, plot))])
    return [*parts[0], _ticks(view, scale, columns), *parts[1]]


def _bins(spread: Spread, scale: Scale, columns: int) -> int:
    """As many bins over the whole scale as the smaller side fills."""
    fewest = min(len(side.values) for side in spread.sides)
    middle = min(side.figures.p95 - side.figures.p5 for side in spread.sides) or (scale.high - scale.low)
    wanted = int(fewest / TURNS_A_BIN * (scale.high - scale.low) / middle)
    return min(max(wanted, LEAST_BINS), MOST_BINS, columns)


def _shares(side: Side, scale: Scale, bins: int) -> list[float]:
    """Share of the side's turns in each bin; what lies outside of the scale is in the first or last."""
    counts = [0] * bins
    for ms in side.values:
        at = int((ms - scale.low) / (scale.high - scale.low) * bins)
        counts[min(max(at, 0), bins - 1)] += 1
    return [number / len(side.values) for number in counts]


def _histogram(
    view: View, side: Side, bars: tuple[Sequence[float], float, str], place: tuple[Scale, int]
) -> Iterator[Line]:
    (shares, top, role), (scale, rows) = bars, place
    dots = Dots(scale.rows, rows)
    across = scale.rows * ACROSS

    def x_of(ms: float) -> int:
        inside = (ms - scale.low) / (scale.high - scale.low)
        return min(max(int(inside * across), 0), across - 1)

    ends = (x_of(side.figures.p5), x_of(side.figures.p95))
    if has_band(view):
        band(view, dots, ends, (0, rows * DOWN - 1))
    else:
        for x in ends:
            for y in range(0, rows * DOWN, 2):
                dots.put(x, y, Ink("rule", EDGE))
    for at, share in enumerate(shares):
        begin, end = at * across // len(shares), (at + 1) * across // len(shares)
        height = max(round(share / top * rows * DOWN), 1) if share else 0
        for y in range(height):
            dots.dash(begin, max(end - begin - 1, 1), y, Ink(role, VALUE))
    middle = x_of(side.figures.p50) // ACROSS
    for row in range(rows):
        dots.sign(middle, row, ("|" if view.glyphs.plain else "┃", "value"))
    gutter = line((" " * GUTTER, "text"))
    for drawn in dots.lines(view.glyphs):
        yield (*gutter, *drawn)


def _side_words(side: Side, width: int) -> Line:
    figures = side.figures
    head = line((right(side.name, GUTTER), "label"), "  ", (f"p50 {duration(figures.p50)}", "text"))
    ends = line((f"p5–p95 {duration(figures.p5)}–{duration(figures.p95)}", "text"))
    return join_fitting([head, line((plural(figures.n, "turn"), "muted")), ends], width)


def _ticks(view: View, scale: Scale, columns: int) -> Line:
    """The scale: a rule with its values where they lie."""
    cells: list[Span] = [(view.glyphs.rule, "rule")] * columns
    for column, text in scale.ticks(TICKS_APART).items():
        if column + len(text) < columns:  # ``3.5s`` cut to ``3`` would be another time.
            cells[column : column + len(text) + 1] = [(char, "muted") for char in (view.glyphs.upright, *text)]
    return (*line((" " * GUTTER, "text")), *join_cells(cells))


def note_line(view: View, spread: Spread, width: int) -> Line:
    """How to read it."""
    if not spread.sides:
        return ()
    words = ("height: share of the side's turns", "upright: p50, the median", f"{band_word(view)}: p5–p95")
    return join_fitting([line((text, "muted")) for text in words], width)
