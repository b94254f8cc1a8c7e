"""Charts with axes: plotext draws them without colours, then each character gets a role."""

from collections.abc import Sequence
from dataclasses import dataclass

from timmy_tui.ui.paint.lines import Line, Span

ESCAPE_END = "\x1b[0m"
LEVEL = "┄"
PER_COLUMN = 2
"""More points than this in a column only hide each other."""


@dataclass(frozen=True)
class Point:
    """One turn in a chart."""

    x: float
    y: float


@dataclass(frozen=True)
class Frame:
    """Everything in a chart but the points."""

    ticks: tuple[tuple[float, str], ...] = ()
    """(x, label) below the axis."""
    vertical_lines: tuple[float, ...] = ()
    """Where epochs begin and changes were made."""
    levels: tuple[tuple[float, float, float], ...] = ()
    """(from x, to x, y): a horizontal line, the level of an epoch."""
    left: float = 0.0
    right: float = 1.0


def downsample(points: Sequence[Point], limit: int) -> list[Point]:
    """At most ``limit`` points: the highest of each group of neighbours, so that spikes stay visible."""
    if len(points) <= limit or limit < 1:
        return list(points)
    size = -(-len(points) // limit)
    return [max(points[i : i + size], key=lambda point: point.y) for i in range(0, len(points), size)]


def axis_chart(points: Sequence[Point], frame: Frame, width: int, height: int, ascii_only: bool) -> list[Line]:
    """The chart as exactly ``height`` lines; the vertical scale begins at zero."""
    if width < 24 or height < 5:
        return []
    from textual_plotext.plot import Plot

    shown = downsample(points, width * PER_COLUMN)
    top = max([point.y for point in shown] + [level[2] for level in frame.levels], default=1.0) or 1.0
    plot = Plot()
    plot.theme("clear")
    plot.plotsize(width, height)
    plot.xlim(frame.left, max(frame.right, frame.left + 1))
    plot.ylim(0, top * 1.05)
    values, labels = y_ticks(top * 1.05, max(2, height // 3))
    plot.yticks(values, labels)
    if frame.ticks:
        plot.xticks([x for x, _ in frame.ticks], [text for _, text in frame.ticks])
    for x in frame.vertical_lines:
        plot.vline(x)
    for start, end, y in frame.levels:
        plot.plot([start, end], [y, y], marker="-" if ascii_only else LEVEL)
    if shown:
        plot.scatter([p.x for p in shown], [p.y for p in shown], marker="*" if ascii_only else "dot")
    rows = str(plot.build()).replace(ESCAPE_END, "").split("\n")[:height]
    return [_row_spans(row) for row in [*rows, *[""] * (height - len(rows))]]


def y_ticks(top: float, count: int) -> tuple[list[float], list[str]]:
    """Round values from 0 to ``top`` ms, written as durations."""
    rough = top / count
    power = 10.0 ** len(str(int(rough))) / 10 if rough >= 1 else 1.0
    step = next((power * factor for factor in (1, 2, 5, 10) if power * factor >= rough), power * 10)
    values = [step * index for index in range(int(top / step) + 1)]
    return values, [_tick_label(value) for value in values]


def _tick_label(ms: float) -> str:
    text = f"{ms:.0f}ms" if ms < 1000 else f"{ms / 1000:.1f}s"
    return text.rjust(6)


def _row_spans(row: str) -> Line:
    """One row of the chart as spans: axes faint, ticks muted, points as in the sparkline."""
    spans: list[Span] = []
    for char in row:
        role = _role(char)
        if spans and (spans[-1][1] == role or char == " "):
            spans[-1] = (spans[-1][0] + char, spans[-1][1])
        else:
            spans.append((char, role))
    return tuple(spans)


def _role(char: str) -> str:
    if char in (LEVEL, "-"):
        return "warn"
    if "─" <= char <= "╿":
        return "faint"
    return "spark" if char in "•*" else "muted"
