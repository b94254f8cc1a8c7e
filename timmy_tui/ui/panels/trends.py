"""Screen 3 as lines: one chart per stage over the newest turns, with epochs and changes."""

from collections.abc import Sequence
from statistics import median

from timmy_tui.core.formatting import count, duration, plural
from timmy_tui.model.flag_words import epoch_words
from timmy_tui.model.stages import BY_KEY, TRENDS, UNATTRIBUTED, V2V
from timmy_tui.model.turn import Turn, TurnState
from timmy_tui.ui.charts.axes import Frame, Point, axis_chart
from timmy_tui.ui.paint.lines import Line, fit, foreign, join_fitting, line
from timmy_tui.ui.paint.wording import clock_time
from timmy_tui.ui.view import View, index_from

SERIES = ("headline", *TRENDS, UNATTRIBUTED)
LEAST_HEIGHT = 9
"""Rows of a chart with its heading."""


def series_name(key: str, view: View) -> str:
    """Label of a series; the headline is named by its span."""
    if key == "headline":
        return view.snapshot.headline.key if view.snapshot.headline else V2V
    return BY_KEY[key].label if key in BY_KEY else key


def trend_lines(view: View, first: int, turns: int, width: int, height: int) -> list[Line]:
    """As many charts as fit, starting at series number ``first``, over the newest ``turns`` turns."""
    shown = [turn for turn in view.turns if turn.state is TurnState.COMPLETE][-turns:]
    columns = 2 if width >= 140 else 1
    rows = max(1, min(height // LEAST_HEIGHT, 3))
    chart_width, chart_height = (width - 2 * (columns - 1)) // columns, height // rows
    lines: list[Line] = []
    for row in range(rows):
        keys = [SERIES[(first + row * columns + column) % len(SERIES)] for column in range(columns)]
        panels = [_chart(view, key, shown, chart_width, chart_height) for key in keys]
        for index in range(chart_height):
            parts = [fit(panel[index] if index < len(panel) else (), chart_width) for panel in panels]
            lines.append(
                sum((part + ((("  ", "text"),) if n < len(parts) - 1 else ()) for n, part in enumerate(parts)), ())
            )
    return lines[:height]


def _value(turn: Turn, key: str) -> float | None:
    if key == "headline":
        return turn.headline_ms if turn.is_spoken else None
    return turn.unattributed_ms if key == UNATTRIBUTED else turn.stages.get(key)


def _chart(view: View, key: str, turns: Sequence[Turn], width: int, height: int) -> list[Line]:
    points = [Point(float(i), ms) for i, turn in enumerate(turns) if (ms := _value(turn, key)) is not None]
    spans = epoch_spans(view, turns)
    levels = []
    parts = [line((series_name(key, view), "title"), (f" · {plural(len(points), 'turn')}", "muted"))]
    for number, start, end in spans:
        values = [point.y for point in points if start <= point.x < end]
        if values:
            level = median(values)
            levels.append((float(start), float(end - 1), level))
            parts.append(
                line((f"{view.glyphs.upright}{number} ", "faint"), f"{duration(level)}", (f"·{len(values)}t", "muted"))
            )
    heading = join_fitting(parts, width)
    if not points:
        return [heading, line(("not measured in these turns", "muted"))]
    vertical_lines = tuple(float(start) for _, start, _ in spans[1:]) + tuple(marker_positions(view, turns))
    frame = Frame(
        time_ticks(turns, width), tuple(sorted(set(vertical_lines))), tuple(levels), 0.0, float(len(turns) - 1)
    )
    chart = axis_chart(points, frame, width, height - 1, view.glyphs.plain)
    return [heading, *chart]


def epoch_spans(view: View, turns: Sequence[Turn]) -> list[tuple[int, int, int]]:
    """(epoch number, index of its first turn in ``turns``, index after its last turn)."""
    starts: list[tuple[int, int]] = []
    epochs = sorted(view.epoch_starts.items())
    for first, number in epochs:
        index = index_from(turns, first)
        if index is None:
            continue
        if starts and starts[-1][1] == index:
            starts.pop()
        starts.append((number, index))
    if turns and (not starts or starts[0][1] > 0):
        starts.insert(0, (0, 0))
    if not starts:
        return []
    ends = [index for _, index in starts[1:]] + [len(turns)]
    return [(number, start, end) for (number, start), end in zip(starts, ends, strict=True)]


def marker_positions(view: View, turns: Sequence[Turn]) -> list[float]:
    """Index of the first turn after each marker."""
    positions = []
    for marker in view.snapshot.marks:
        index = index_from(turns, marker.ordinal)
        if index is not None:
            positions.append(float(index))
    return positions


def time_ticks(turns: Sequence[Turn], width: int) -> tuple[tuple[float, str], ...]:
    """(turn index, time of day), about every 16 cells."""
    if not turns:
        return ()
    labels = max(2, min(width // 16, len(turns)))
    positions = sorted({round(i * (len(turns) - 1) / (labels - 1)) for i in range(labels)})
    return tuple((float(i), clock_time(turns[i].started)[:5].strip() or count(turns[i].number)) for i in positions)


def legend_line(view: View, width: int) -> Line:
    """Why each epoch began, and the other markers, newest first."""
    parts = [line(("newest first: ", "muted"))] if view.snapshot.epochs else []
    parts += [
        line((f"{view.glyphs.upright}{e.number} {clock_time(e.started)} ", "muted"), foreign(epoch_words(e), 40))
        for e in view.snapshot.epochs[::-1]
    ]
    parts += [
        line((f"{marker.kind} {clock_time(marker.at)} ", "muted"), foreign(marker.label, 40))
        for marker in view.snapshot.marks[::-1]
    ]
    return join_fitting(parts, width)
