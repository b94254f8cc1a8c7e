"""Two figures of one thing on one row: how long it took and takes, and how sure the ratio of both is."""

import math
from collections.abc import Iterable

from timmy_tui.ui.paint.glyphs import Glyphs
from timmy_tui.ui.paint.lines import Line, Span, join_alike

LEAST_SPAN = 1.25
"""The axis of ratios reaches at least from ×0.8 to ×1.25: at less, the noise of sessions would fill it."""
MOST_SPAN = 8.0
"""What lies beyond ×8, or below an eighth of it, stands at the edge of the axis."""


def change_bar(before: float | None, after: float | None, top: float, width: int, look: tuple[Glyphs, str]) -> Line:
    """Exactly ``width`` cells, ``top`` ms over all of them: what both took, and behind it what came or went.

    Added time is hatched, saved time an outline, so that it is told without colours too. ``look``: the glyphs, and the
    role of what changed.
    """
    glyphs, role = look
    if before is None or after is None or top <= 0 or width <= 0:
        return ((" " * max(width, 0), "bar.track"),)
    first, second = (min(max(round(ms / top * width), 1), width) for ms in (before, after))
    both, either = min(first, second), max(first, second)
    fill = glyphs.code if second > first else glyphs.outline
    line = (
        (glyphs.service * both, "bar.wait"),
        (fill * (either - both), role),
        (glyphs.track * (width - either), "bar.track"),
    )
    return tuple(span for span in line if span[0])


def ratio_span(ratios: Iterable[float | None]) -> float:
    """How far the axis reaches: ``2`` is from a half to twice. Of the ratios and bounds that are shown."""
    known = [max(ratio, 1 / ratio) for ratio in ratios if ratio is not None and ratio > 0]
    return min(max((LEAST_SPAN, *known)), MOST_SPAN)


def ratio_cells(span: float, width: int, ratio: float) -> int:
    """The cell of a ratio on the axis, whose middle is ×1; logarithmic, so that half lies as far from it as twice."""
    share = 0.5 + math.log(max(ratio, 1e-9)) / math.log(span) / 2
    return min(max(round(share * (width - 1)), 0), width - 1)


def interval_bar(
    ratio: float | None, bounds: tuple[float | None, float | None], span: float, width: int, look: tuple[Glyphs, str]
) -> Line:
    """Exactly ``width`` cells: the ratio on its interval, and an upright line at ×1: what crosses it may be chance."""
    glyphs, role = look
    if width <= 0:
        return ()
    cells: list[Span] = [(" ", "bar.track")] * width
    low, high = bounds
    if ratio is not None and low is not None and high is not None:
        begin, end = ratio_cells(span, width, low), ratio_cells(span, width, high)
        cells[begin : end + 1] = [(glyphs.rule, role)] * (end + 1 - begin)
    middle = ratio_cells(span, width, 1.0)
    cells[middle] = (glyphs.upright, "muted")
    if ratio is not None:
        cells[ratio_cells(span, width, ratio)] = (glyphs.ok, role)
    return join_alike(cells)
