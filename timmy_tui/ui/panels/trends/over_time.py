"""Charts over time: the turns of hours or days summed up, and this week over the last on one axis."""

import time
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Literal

from msgspec import Struct

from timmy_tui.core.formatting import duration, plural
from timmy_tui.model.stages.watched import BY_KEY, CRITICAL, UNATTRIBUTED
from timmy_tui.model.trend_history import HEADLINE, Bucket, Figures, TimeBuckets
from timmy_tui.ui.charts.dots import ACROSS, Dots, Ink
from timmy_tui.ui.charts.scale import Scale, scale_of
from timmy_tui.ui.charts.skyline_notes import Note, place_notes
from timmy_tui.ui.paint.lines import Line, foreign, join_fitting, left, line, right
from timmy_tui.ui.paint.themes import GAP_KEY
from timmy_tui.ui.paint.wording import signed, stage_name
from timmy_tui.ui.panels.skyline.panel import BEAM
from timmy_tui.ui.panels.skyline.window import GUTTER
from timmy_tui.ui.panels.trends.levels import LEAST_BAND
from timmy_tui.ui.panels.trends.plot import LEVEL, VALUE, band, band_word
from timmy_tui.ui.panels.trends.series import series_role
from timmy_tui.ui.panels.trends.stack import Piece, bar_lines
from timmy_tui.ui.view import View

Range = Literal["turns", "hours", "days", "weeks"]
RANGES: tuple[Range, ...] = ("turns", "hours", "days", "weeks")
HOUR_S, DAYS = 3600.0, 7
STEPS_S = (300.0, 600.0, 900.0, 1800.0, HOUR_S, 2 * HOUR_S, 3 * HOUR_S, 6 * HOUR_S)
"""Lengths of a bucket of the charts over hours."""
WEEK_STEP_H = (2, 3, 4, 6, 12, 24)
"""Hours of a bucket of the chart over weeks, the shortest that leaves each one a column."""
TICK_STEPS: Mapping[Range, Sequence[int]] = {
    "hours": (1, 2, 3, 4, 6, 12, 24), "days": (1, 2, 3, 4, 7, 14, 28), "weeks": (1, 2),
}  # fmt: skip
"""Hours of the day, or days, from one tick of the axis to the next."""
LATER, EARLIER = "this week", "last week"


class TimeChart(Struct, frozen=True, eq=False):
    """What a chart over time shows: the buckets, the series, and the bucket under the cursor."""

    kind: Range
    key: str
    buckets: TimeBuckets
    cursor: int | None = None
    """Index among the buckets of one line; None: the newest with a turn."""
    from_zero: bool = True

    @property
    def lines(self) -> int:
        """Lines on one axis."""
        return 2 if self.kind == "weeks" else 1

    @property
    def columns(self) -> int:
        """Buckets of a line."""
        return len(self.buckets.buckets) // self.lines

    @property
    def series(self) -> list[Sequence[Bucket]]:
        """The buckets of each line, the newest line last."""
        all_buckets, size = self.buckets.buckets, self.columns
        return [all_buckets[at * size : (at + 1) * size] for at in range(self.lines)]

    @property
    def shown(self) -> int | None:
        """The bucket that the cursor is on; None where no bucket has a turn."""
        if self.cursor is not None:
            return min(max(self.cursor, 0), self.columns - 1)
        newest = self.series[-1]
        return next((at for at in range(len(newest) - 1, -1, -1) if newest[at].turns), None)

    @property
    def name(self) -> str:
        """Of the series."""
        if self.key == HEADLINE:
            return str(self.buckets.span)
        return stage_name(self.key) if self.key in BY_KEY else "gap"

    def figures(self, bucket: Bucket) -> Figures | None:
        """Of the series in a bucket."""
        return bucket.figures.get(self.key)


def edges_of(kind: Range, length: int, now: float, columns: int) -> tuple[float, ...]:
    """Ends of the buckets, seconds since 1970, ascending. ``length``: hours or days; ``columns``: cells that there are.

    Days begin at midnight of the local calendar, weeks with Monday; a bucket that has not ended yet is the last.
    """
    if kind == "hours":
        step = next((step for step in STEPS_S if length * HOUR_S / step <= columns), STEPS_S[-1])
        end = (now // step + 1) * step
        return tuple(end - step * back for back in range(int(length * HOUR_S / step), -1, -1))
    midnight = datetime.fromtimestamp(now).replace(hour=0, minute=0, second=0, microsecond=0)
    if kind == "days":
        return tuple((midnight + timedelta(days=1 - back)).timestamp() for back in range(length, -1, -1))
    monday = midnight - timedelta(days=midnight.weekday() + DAYS)
    step = next((step for step in WEEK_STEP_H if DAYS * 24 // step <= columns), WEEK_STEP_H[-1])
    # Hour by hour of the calendar, so that a day is a day on both lines when the clocks are changed between them.
    return tuple((monday + timedelta(hours=step * at)).timestamp() for at in range(2 * DAYS * 24 // step + 1))


def plot_lines(view: View, chart: TimeChart, width: int, rows: int) -> list[Line]:
    """``rows`` of plot with the ticks at their left."""
    columns = max(width - GUTTER, 2)
    known = [figures.p50 for bucket in chart.buckets.buckets if (figures := chart.figures(bucket)) is not None]
    scale = scale_of(known, chart.from_zero, rows, max(known, default=0.0))
    dots = Dots(columns, rows)
    places = _places(chart, columns)
    for number, buckets in enumerate(chart.series):
        _draw(view, dots, (chart, buckets, number == chart.lines - 1), (places, scale))
    shown = chart.shown
    if chart.cursor is not None and shown is not None:
        dots.upright(places[shown] // ACROSS, (view.glyphs.upright, BEAM))
    labels = scale.ticks()
    gutters = (right(labels.get(row, ""), GUTTER - 1) + " " for row in range(rows - 1, -1, -1))
    return [((gutter, "faint"), *row) for gutter, row in zip(gutters, dots.lines(view.glyphs), strict=True)]


def axis_lines(view: View, chart: TimeChart, width: int) -> list[Line]:
    """The foot of the plots: a rule, the times, and what happened."""
    columns = max(width - GUTTER, 2)
    gutter, places = line((" " * GUTTER, "text")), _places(chart, columns)
    ticks = place_notes(_axis_notes(view, chart, places), columns)
    notes = place_notes(_event_notes(view, chart, places), columns)
    return [(*gutter, (view.glyphs.rule * columns, "rule")), (*gutter, *ticks), (*gutter, *notes)]


def _places(chart: TimeChart, columns: int) -> list[int]:
    """First dot of each bucket of a line, and the one behind the last."""
    return [round(at * columns * ACROSS / max(chart.columns, 1)) for at in range(chart.columns + 1)]


def key_line(view: View, chart: TimeChart, width: int) -> Line:
    """What a dash is."""
    first = next(iter(chart.buckets.buckets), None)
    if first is None:
        return ()
    # One hour is no ``every 1 h``.
    each = "each day" if chart.kind == "days" else f"every {duration_words(first.end - first.start)}"
    parts = [line((f"a dash: p50 of {each}", "muted"))]
    if chart.lines > 1:
        names = ((LATER, newest_role(chart)), (f"{EARLIER}, dotted", "faint"))
        parts = [line((name, role)) for name, role in names] + parts
    else:
        parts.append(line((f"{band_word(view)}: p5–p95, from {LEAST_BAND} turns on", "muted")))
    return (*line((" " * GUTTER, "text")), *join_fitting(parts, width - GUTTER))


def duration_words(seconds: float) -> str:
    """``15 min``, ``hour``, ``2 h``."""
    if seconds == HOUR_S:
        return "hour"
    return f"{seconds / HOUR_S:.0f} h" if seconds >= HOUR_S else f"{seconds / 60:.0f} min"


def _draw(
    view: View,
    dots: Dots,
    what: tuple[TimeChart, Sequence[Bucket], bool],
    where: tuple[Sequence[int], Scale],
) -> None:
    """One line of a chart; the earlier of two is faint and dotted, so that they differ without colours."""
    chart, buckets, newest = what
    places, scale = where
    before: tuple[int, int] | None = None
    for at, bucket in enumerate(buckets):
        figures = chart.figures(bucket)
        if figures is None:
            before = None
            continue
        x, end, y = places[at], places[at + 1], scale.height(figures.p50)
        ink = Ink(newest_role(chart) if newest else "faint", VALUE if newest else LEVEL)
        if newest:
            dots.dash(x, end - x - (end - x > ACROSS), y, ink)
        else:
            for one in range(x, end, ACROSS):
                dots.put(one, y, ink)
        if chart.lines > 1 and newest and before is not None:
            dots.join(before, (x, y), ink)
        before = (end - 1, y)
        if chart.lines == 1 and figures.n >= LEAST_BAND:
            band(view, dots, (x, end), (scale.height(figures.p5), scale.height(figures.p95)))


def newest_role(chart: TimeChart) -> str:
    """Colour of the newest line: of the stage, or the brightest."""
    role = series_role(chart.key)
    return "value" if role == "muted" else role


def _axis_notes(view: View, chart: TimeChart, places: Sequence[int]) -> Iterator[Note]:
    """Names of days or hours, at the bucket in which they begin; the cursor's bucket."""
    shown = chart.shown
    if chart.cursor is not None and shown is not None:
        words = f" {bucket_words(chart, shown)}"
        yield Note(places[shown] // ACROSS, 0, (view.glyphs.cut, "key"), (words,), "value")
    form, unit = {"hours": ("%H:%M", "%H"), "days": ("%d %b", "%d"), "weeks": ("%a", "%d")}[chart.kind]
    begun: list[tuple[int, int, str]] = []
    """(column, hour or number of the day, word)."""
    before, days, columns = "", 0, places[-1] // ACROSS
    for at, bucket in enumerate(chart.series[-1]):
        moment = time.localtime(bucket.start)
        if time.strftime(unit, moment) != before:
            before = time.strftime(unit, moment)
            midnight = chart.kind == "hours" and moment.tm_hour == 0
            word = time.strftime("%a %d" if midnight else form, moment)
            # The first stretch of hours can begin within one; the last word can have no room.
            if (chart.kind != "hours" or moment.tm_min == 0) and places[at] // ACROSS + len(word) < columns:
                begun.append((places[at] // ACROSS, moment.tm_hour if chart.kind == "hours" else days, word))
            days += 1
    for column, word in _regular(begun, chart.kind):
        yield Note(column, 1, (view.glyphs.tick, "faint"), (word,), "faint", weak=True)


def _regular(begun: Sequence[tuple[int, int, str]], kind: Range) -> list[tuple[int, str]]:
    """Each second, third … tick, so that every one has room for its word: some had one, and their neighbours none."""
    room = max((len(word) for *_, word in begun), default=0) + 2
    for step in TICK_STEPS[kind]:
        chosen = [(column, word) for column, number, word in begun if number % step == 0]
        if all(after[0] - one[0] >= room for one, after in pairwise(chosen)):
            break
    return chosen


def _event_notes(view: View, chart: TimeChart, places: Sequence[int]) -> Iterator[Note]:
    """Flips and restarts at the buckets in which they were; what is older than the epochs of this run, by the turns."""
    starts = [bucket.start for bucket in chart.series[-1]]
    if not starts:
        return
    oldest = min((one.started for one in view.snapshot.epochs if one.started is not None), default=float("inf"))
    for at, bucket in enumerate(chart.series[-1]):
        if bucket.restarts and bucket.end <= oldest:
            yield Note(places[at] // ACROSS, 2, (view.glyphs.upright, "muted"), ("restart",), "muted")
    for epoch in view.snapshot.epochs:
        if epoch.started is None or not (epoch.changes or epoch.restarted):
            continue
        at = bisect_right(starts, epoch.started) - 1
        if at < 0 or epoch.started >= chart.series[-1][-1].end:
            continue
        words = tuple(foreign(change.label, 20) for change in epoch.changes[:1]) or ("restart",)
        role = "info" if epoch.changes else "muted"
        yield Note(places[at] // ACROSS, 1 if epoch.changes else 2, (view.glyphs.upright, role), words, role)


def bucket_words(chart: TimeChart, at: int) -> str:
    """``Tue 24 Nov 14:00–15:00`` for the bucket of the newest line."""
    bucket = chart.series[-1][at]
    start, end = time.localtime(bucket.start), time.localtime(bucket.end)
    if chart.kind == "days":
        return time.strftime("%a %d %b", start)
    return f"{time.strftime('%a %d %b %H:%M', start)}–{time.strftime('%H:%M', end)}"


def bucket_lines(view: View, chart: TimeChart, width: int) -> list[Line]:
    """The bucket under the cursor: its turns, its figures, and the medians of its stages as one bar."""
    at = chart.shown
    if at is None:
        return [line(("no turn in this time", "muted")), (), ()]
    bucket = chart.series[-1][at]
    figures = chart.figures(bucket)
    parts = [line((bucket_words(chart, at), "value")), line((plural(bucket.turns, "turn"), "text"))]
    if bucket.failed:
        parts.append(line((f"{bucket.failed} failed", "bad")))
    if figures is not None:
        parts.append(line(("p50 ", "muted"), (duration(figures.p50), "value")))
        # As in the chart: of fewer turns these are two of them.
        ends = f"p5–p95 {duration(figures.p5)}–{duration(figures.p95)} " if figures.n >= LEAST_BAND else ""
        parts.append(line((f"{ends}n {figures.n}", "muted")))
    earlier = chart.figures(chart.series[0][at]) if chart.lines > 1 else None
    if earlier is not None:
        moved = signed(figures.p50 - earlier.p50, view.glyphs) if figures is not None else ""
        parts.append(line((f"{EARLIER} {duration(earlier.p50)} ", "muted"), (moved, "text")))
    medians = [(key, bucket.figures.get(key)) for key in (*CRITICAL, UNATTRIBUTED)]
    pieces = [Piece(GAP_KEY if key == UNATTRIBUTED else key, one.p50) for key, one in medians if one is not None]
    return [join_fitting(parts, width), *bar_lines(view, pieces, width)]


def time_heading(view: View, chart: TimeChart) -> list[Line]:
    """Name and figures over all of it; of two lines each one's."""
    parts = [line((chart.name, "title"))]
    weighed = [_weighed(chart, buckets) for buckets in chart.series]
    names = (EARLIER, LATER) if chart.lines > 1 else ("",)
    for (n, p50), name in reversed(list(zip(weighed, names, strict=True))):
        role = "value" if name != EARLIER else "muted"
        parts.append(line((f"{name} p50 ".lstrip(), "muted"), (duration(p50, "~"), role), (f" n {n}", "muted")))
    if chart.lines > 1 and weighed[0][1] is not None and weighed[1][1] is not None:
        parts.append(line((signed(weighed[1][1] - weighed[0][1], view.glyphs), "value")))
    if chart.buckets.cut:
        parts.append(line((f"only the newest {chart.buckets.turns} turns", "warn")))
    return parts


def strip_heading(chart: TimeChart) -> list[Line]:
    """Name and median of a chart under the chosen one."""
    _, p50 = _weighed(chart, chart.series[-1])
    return [line((left(chart.name, GUTTER), "label"), (f"p50 {duration(p50, '~')}", "muted"))]


def _weighed(chart: TimeChart, buckets: Sequence[Bucket]) -> tuple[int, float | None]:
    """(turns, about their median: that of the buckets' medians, each counted once for each of its turns)."""
    ordered = sorted((one.p50, one.n) for bucket in buckets if (one := chart.figures(bucket)) is not None)
    total, seen = sum(n for _, n in ordered), 0
    for p50, n in ordered:
        seen += n
        if 2 * seen >= total:
            return total, p50
    return total, None
