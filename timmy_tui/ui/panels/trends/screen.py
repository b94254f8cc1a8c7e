"""Screen 3 as lines: the chosen chart, others under it, and the turn or the time at the cursor."""

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from timmy_tui.core.formatting import duration, plural
from timmy_tui.model.trend_history import HEADLINE, TimeBuckets
from timmy_tui.model.turn import Turn
from timmy_tui.report.status_line.line import WIDTH, line_values, status_line
from timmy_tui.ui.charts.skyline_notes import Note, place_notes
from timmy_tui.ui.paint.lines import BLANK, Line, cells, fit, join_fitting, line, spread
from timmy_tui.ui.paint.wording import clock_time
from timmy_tui.ui.panels.facts import change_line, footer_line, frozen_words, notice_line
from timmy_tui.ui.panels.skyline.notes import FINDING_RANK, RULER_RANK, cursor_note, event_notes
from timmy_tui.ui.panels.skyline.window import GUTTER
from timmy_tui.ui.panels.trends import compare as trend_compare
from timmy_tui.ui.panels.trends import over_time as trend_time
from timmy_tui.ui.panels.trends import tokens as trend_tokens
from timmy_tui.ui.panels.trends.levels import LEAST_BAND, QUIET, Level
from timmy_tui.ui.panels.trends.over_time import Range, TimeChart
from timmy_tui.ui.panels.trends.plot import Series, Style, axis_line, plot_lines, series_of
from timmy_tui.ui.panels.trends.series import OF_SPAN, companions, written_name
from timmy_tui.ui.panels.trends.stack import ROWS as STACK_ROWS
from timmy_tui.ui.panels.trends.stack import stack_lines, turn_line
from timmy_tui.ui.panels.trends.window import TrendWindow, trend_window
from timmy_tui.ui.view import View

Kind = Literal["over time", "before and after", "prompt tokens"]
KINDS: tuple[Kind, ...] = ("over time", "before and after", "prompt tokens")
LEAST = (40, 8)
"""(width, height) in cells; below it one line is shown."""
LEAST_PLOT, GOOD_PLOT = 4, 7
"""Rows of the chosen chart: with fewer nothing is seen; from the second on others get room."""
ROOM_FOR_ALL = 15
"""Rows of charts from which the chosen one keeps GOOD_PLOT of them."""
LEAST_STRIP = 4
"""Rows of a chart under it, with its heading."""
LABEL_CELLS = 13
"""Cells from one tick of the ruler to the next."""
NEAR, NEAR_S = 3, 600.0
"""Turns to either side that tell about when one was, and seconds that they may be apart."""
MOST_STRIPS = 7
FOOTER_FROM, LOW_FOOTER_FROM = 12, 10
"""Rows of the screen from which it has a footer; below the first a notice takes its place."""


class Options(Struct, frozen=True):
    """What the user has chosen on this screen."""

    series: str = HEADLINE
    kind: Kind = "over time"
    range: Range = "turns"
    turns: int = 120
    hours: int = 24
    days: int = 28
    from_zero: bool = True
    bucket: int | None = None
    """The cursor over hours, days and weeks; None: the newest with a turn."""


class Rows(Struct, frozen=True):
    """How many rows each part gets, in the order of the screen."""

    plot: int
    ruler: int
    notes: int
    strips: tuple[int, ...]
    stack: int


def share_rows(body: int, wanted: int) -> Rows:
    """Rows below the heading and above the status lines, for a plot with ``wanted`` charts under it.

    Ruler and notes, then the turn at the cursor, then charts of the stages under the chosen one.
    """
    ruler, notes = int(body >= 9), int(body >= 7)
    stack = STACK_ROWS if body >= 18 else 1 if body >= 11 else 0
    # Bracket and axis are a row each.
    rest = body - 2 - ruler - notes - stack
    count = (rest - GOOD_PLOT) // LEAST_STRIP if rest >= ROOM_FOR_ALL else int(rest >= LEAST_PLOT + LEAST_STRIP)
    count = min(count, wanted, MOST_STRIPS)
    if not count:
        return Rows(rest, ruler, notes, (), stack)
    plot = rest - count * LEAST_STRIP
    more = max(plot - max(GOOD_PLOT + 2, rest * 2 // 5), 0)
    strips = tuple(LEAST_STRIP + more // count + (at < more % count) for at in range(count))
    return Rows(plot - more, ruler, notes, strips, stack)


def plot_columns(width: int) -> int:
    """Cells of a plot."""
    return max(width - GUTTER, 2)


def trend_lines(view: View, options: Options, buckets: TimeBuckets | None, width: int, height: int) -> list[Line]:
    """The whole screen, exactly ``height`` lines. ``buckets``: of the chosen hours, days or weeks; None: not read."""
    if width < LEAST[0] or height < LEAST[1]:
        text = status_line(line_values(view.snapshot), min(width, WIDTH))
        return [fit(row, width) for row in [((text, "value"),), *[BLANK] * (height - 1)]][:height]
    below = [row for row in (change_line(view, width), notice_line(view, width)) if row]
    if height >= FOOTER_FROM:
        below = [*below[-((height - 8) // 4) :], footer_line(view, "trends", width)]
    elif height >= LOW_FOOTER_FROM:
        below = (below[-1:] if view.live_snapshot is None else []) or [footer_line(view, "trends", width)]
    else:
        below = frozen_words(view) or below[-1:]
    return [*chart_lines(view, options, buckets, width, height - len(below)), *(fit(row, width) for row in below)]


def chart_lines(view: View, options: Options, buckets: TimeBuckets | None, width: int, height: int) -> list[Line]:
    """Heading and charts; drawn again when a turn ended or the user chose something, not with the clocks."""
    snapshot = view.snapshot
    # Epochs and marks one by one: each snapshot has them in a new tuple, and a turn makes 27 of these.
    told = (view.turns, snapshot.judgement, buckets, view.cursor_index, view.styles, *snapshot.epochs, *snapshot.marks)
    inputs = (*told, options, width, height, view.monochrome, view.glyphs.plain)

    def draw() -> list[Line]:
        lines = draw_charts(view, options, buckets, width, height - 1)
        return [fit(row, width) for row in [*lines, *[BLANK] * (height - len(lines))][:height]]

    return view.remembered("trends", inputs, draw)


def draw_charts(view: View, options: Options, buckets: TimeBuckets | None, width: int, body: int) -> list[Line]:
    """The same, drawn."""
    if options.kind == "before and after":
        found = trend_compare.spread_of(view, options.series)
        heading = _heading(trend_compare.spread_heading(view, found), "", options, width)
        lines = trend_compare.spread_lines(view, found, width, body - 1, options.from_zero)
        return [heading, *lines, trend_compare.note_line(view, found, width)]
    if options.kind == "prompt tokens":
        prompts = trend_tokens.prompts_of(view, options.turns)
        heading = _heading(trend_tokens.tokens_heading(prompts), plural(len(prompts), "turn"), options, width)
        return [heading, *trend_tokens.tokens_lines(view, prompts, width, body, options.from_zero)]
    if options.range == "turns":
        return _over_turns(view, options, width, body)
    return _over_time(view, options, buckets, width, body)


# -- over turns


def _over_turns(view: View, options: Options, width: int, body: int) -> list[Line]:
    window = trend_window(view, width, options.turns)
    main = series_of(view, window, options.series)
    rows = share_rows(body, len(companions(view, options.series, MOST_STRIPS)))
    notes = [note for note in event_notes(view, window) if note.rank != FINDING_RANK]
    if rows.notes and not any(note.words for note in notes):
        # Signs without a word are in the plot already.
        rows = replace(rows, notes=0, plot=rows.plot + 1)
    strips = [series_of(view, window, key) for key in companions(view, options.series, len(rows.strips))]
    lines = [_turns_heading(view, main, options, width)]
    lines += plot_lines(view, main, Style(rows.plot, options.from_zero))
    lines.append(axis_line(view, main))
    if rows.ruler:
        lines.append(_placed([*cursor_note(view, window), *ruler_notes(view, window)], window))
    if rows.notes:
        lines.append(_placed(notes, window))
    for strip, size in zip(strips, rows.strips, strict=True):
        lines += plot_lines(view, strip, Style(size - 1, options.from_zero, filled=True))
    turn = view.shown_turn
    if rows.stack >= STACK_ROWS:
        lines += stack_lines(view, turn, width)
    elif rows.stack and turn is not None:
        lines.append(turn_line(view, turn, width))
    return lines


def _placed(notes: Sequence[Note], window: TrendWindow) -> Line:
    return (*line((" " * GUTTER, "text")), *place_notes(notes, window.columns))


def _turns_heading(view: View, series: Series, options: Options, width: int) -> Line:
    """Name, newest level and what it was before."""
    parts: list[Line] = [line((written_name(view, series.key), "title"))]
    if not any(ms is not None for ms in series.values):
        parts.append(line(("not measured in these turns", "muted")))
    elif series.levels:
        level = series.levels[-1]
        figures = level.figures
        quiet = [one for one in series.levels if one.role == QUIET]
        ahead = quiet if level.role != QUIET else series.levels[:-1]
        before = ahead[-1] if ahead else None
        parts.append(line(("p50 ", "muted"), (duration(level.p50), _level_role(series, level, before))))
        if before is not None:
            parts.append(line((f"before {duration(before.p50)}", "muted")))
        if figures.n >= LEAST_BAND:
            parts.append(line((f"p5–p95 {duration(figures.p5)}–{duration(figures.p95)}", "muted")))
        parts.append(line((f"n {figures.n}", "muted")))
    return _heading(parts, plural(series.window.count, "turn"), options, width)


def _level_role(series: Series, level: Level, before: Level | None) -> str:
    """The move's where the newest level is on its side of what was before, which another move may have brought back."""
    move = series.move
    aside = move is None or (before is not None and (level.p50 - before.p50) * move.lost_ms <= 0)
    return QUIET if aside else level.role.removeprefix("spark.")


def _heading(parts: Sequence[Line], which: str, options: Options, width: int) -> Line:
    """At the right what is shown, and where the scale begins."""
    scale = ("from zero", "muted") if options.from_zero else ("not from zero", "warn")
    tails: list[Line] = [line((f"{which}  " if which else "", "muted"), scale)]
    # The figure is worth more than what is so as long as the user has not chosen otherwise.
    tails += [line((which, "muted")), line(("", "muted"))] if options.from_zero else [line(scale)]
    least = cells(join_fitting(parts[:2], width))
    tail = next((one for one in tails if least + 2 + cells(one) <= width), tails[-1])
    return spread(join_fitting(parts, max(width - cells(tail) - 2, cells(parts[0]))), tail, width)


def ruler_notes(view: View, window: TrendWindow) -> list[Note]:
    """``╵−20 14:31`` at the twentieth-last turn and so on, as far apart as the words are long."""
    step = next((one for one in (5, 10, 20, 50, 100, 200) if one * window.dots / 2 >= LABEL_CELLS), 500)
    notes = []
    # From the left: next to the cursor's words one has its own left of it, and from the right on all others would too.
    for back in reversed(range(step, len(view.turns) + 1, step)):
        index = len(view.turns) - back
        column = window.column_of(index)
        if index >= window.first and 0 <= column < window.columns - 1:
            at = _time_at(view.turns, index)
            words = (f"−{back} {at}".rstrip(), f"−{back}")
            notes.append(Note(column, RULER_RANK, (view.glyphs.tick, "faint"), words, "faint", weak=True))
    return notes


def _time_at(turns: Sequence[Turn], index: int) -> str:
    """``14:31``; of a turn that no log has a time of, as a typed one, about that of its neighbours: ``~14:31``."""
    if turns[index].started is not None:
        return clock_time(turns[index].started)[:5].strip()
    ahead = next(
        (one.started for one in reversed(turns[max(index - NEAR, 0) : index]) if one.started is not None), None
    )
    behind = next((one.started for one in turns[index + 1 : index + 1 + NEAR] if one.started is not None), None)
    if ahead is None or behind is None or abs(behind - ahead) > NEAR_S:
        return ""
    return f"~{clock_time((ahead + behind) / 2)[:5].strip()}"


# -- over hours, days, weeks


def range_words(options: Options) -> str:
    """``120 turns``, ``24 hours``, ``28 days``, ``this week over last week``."""
    if options.range == "weeks":
        return f"{trend_time.LATER} over {trend_time.EARLIER}"
    number = {"turns": options.turns, "hours": options.hours, "days": options.days}[options.range]
    return f"{number} {options.range}"


def time_chart(options: Options, key: str, buckets: TimeBuckets) -> TimeChart:
    """What is shown of a series."""
    series = HEADLINE if key.startswith(OF_SPAN) else key
    return TimeChart(options.range, series, buckets, options.bucket, options.from_zero)


def _over_time(view: View, options: Options, buckets: TimeBuckets | None, width: int, body: int) -> list[Line]:
    words = range_words(options)
    if buckets is None:
        return [_heading([line((words, "title"))], "", options, width), line(("reading the history …", "muted"))]
    chart = time_chart(options, options.series, buckets)
    rows = share_rows(body, len(companions(view, options.series, MOST_STRIPS)))
    lines = [_heading(trend_time.time_heading(view, chart), words, options, width)]
    lines.append(trend_time.key_line(view, chart, width))
    lines += trend_time.plot_lines(view, chart, width, rows.plot)
    lines += trend_time.axis_lines(view, chart, width)[: 1 + rows.ruler + rows.notes]
    for key, size in zip(companions(view, options.series, len(rows.strips)), rows.strips, strict=True):
        strip = time_chart(options, key, buckets)
        lines.append(join_fitting(trend_time.strip_heading(strip), width))
        lines += trend_time.plot_lines(view, strip, width, size - 1)
    if rows.stack:
        lines += trend_time.bucket_lines(view, chart, width)[: rows.stack]
    return lines
