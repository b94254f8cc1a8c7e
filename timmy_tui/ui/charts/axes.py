"""Charts with axes, by plotext: drawn without its colours, and coloured by role afterwards."""

from collections.abc import Sequence
from dataclasses import dataclass

from timmy_tui.ui.paint.lines import Line, Span

ESCAPE_END = "\x1b[0m"
LEVEL = "┄"
PER_COLUMN = 2
"""More points than that in a column only hide each other."""


@dataclass(frozen=True)
class Point:
    """One turn in a chart."""

    x: float
    y: float


@dataclass(frozen=True)
class Frame:
    """What lies around the points."""

    ticks: tuple[tuple[float, str], ...] = ()
    """(x, text) below the axis."""
    uprights: tuple[float, ...] = ()
    """Where epochs begin and changes were made."""
    levels: tuple[tuple[float, float, float], ...] = ()
    """(from x, to x, y): a level over a stretch."""
    left: float = 0.0
    right: float = 1.0


def thin(points: Sequence[Point], most: int) -> list[Point]:
    """At most ``most`` points; of those that fall together the highest stays, for a spike is what is looked for."""
    if len(points) <= most or most < 1:
        return list(points)
    size = -(-len(points) // most)
    return [max(points[i : i + size], key=lambda point: point.y) for i in range(0, len(points), size)]


def axis_chart(points: Sequence[Point], frame: Frame, width: int, height: int, ascii_only: bool) -> list[Line]:
    """The chart as exactly ``height`` lines; the vertical scale begins at zero."""
    if width < 24 or height < 5:
        return []
    from textual_plotext.plot import Plot

    shown = thin(points, width * PER_COLUMN)
    top = max([point.y for point in shown] + [level[2] for level in frame.levels], default=1.0) or 1.0
    plot = Plot()
    plot.theme("clear")
    plot.plotsize(width, height)
    plot.xlim(frame.left, max(frame.right, frame.left + 1))
    plot.ylim(0, top * 1.05)
    values, names = y_ticks(top * 1.05, max(2, height // 3))
    plot.yticks(values, names)
    if frame.ticks:
        plot.xticks([x for x, _ in frame.ticks], [text for _, text in frame.ticks])
    for x in frame.uprights:
        plot.vline(x)
    for start, end, y in frame.levels:
        plot.plot([start, end], [y, y], marker="-" if ascii_only else LEVEL)
    if shown:
        plot.scatter([p.x for p in shown], [p.y for p in shown], marker="*" if ascii_only else "dot")
    rows = str(plot.build()).replace(ESCAPE_END, "").split("\n")[:height]
    return [_by_role(row) for row in [*rows, *[""] * (height - len(rows))]]


def y_ticks(top: float, count: int) -> tuple[list[float], list[str]]:
    """Round values from 0 to ``top`` ms, written as durations."""
    rough = top / count
    power = 10.0 ** len(str(int(rough))) / 10 if rough >= 1 else 1.0
    step = next((power * factor for factor in (1, 2, 5, 10) if power * factor >= rough), power * 10)
    values = [step * index for index in range(int(top / step) + 1)]
    return values, [_written(value) for value in values]


def _written(ms: float) -> str:
    text = f"{ms:.0f}ms" if ms < 1000 else f"{ms / 1000:.1f}s"
    return text.rjust(6)


def _by_role(row: str) -> Line:
    """Axes faint, ticks muted, points and levels in the colours of the sparkline."""
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
