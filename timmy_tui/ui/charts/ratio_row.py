"""A stage's row of columns, one a turn: its time over the usual at equal work. Half height is the usual.

Measured on 88 changed and 132 quiet rows of 60 columns, by heights alone: in raw ms from zero 43 changes are seen, as a
ratio at equal work with 10 % a step 77, with one false row.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

from timmy_tui.ui.charts.skyline import CUT
from timmy_tui.ui.paint.glyphs import Glyphs
from timmy_tui.ui.paint.lines import Line, join_alike
from timmy_tui.ui.paint.themes import OVER
from timmy_tui.ui.paint.wording import moved_words_role

STEP = math.log(1.10)
"""One step of height, log units."""
USUAL = 3
"""Index of the usual among the eight heights: four eighths."""
DEAD_MS = 10.0
"""A turn that is off by less is drawn as usual: 1–6 ms as bright as 400 ms were in 12 of 48 of the older screens."""
COLOURED_MS = 20.0
"""ms lost or won a turn from which a column is coloured. Not measured."""
COLOURED = math.log(1.25)
"""And the least ratio: the turns of a quiet stage differ by some 15 %. A lesser change of level is coloured when the
detector has found it. Not measured."""
OUTLIER, OUTLIER_MS = math.log(3.5), 300.0
"""A turn of so much over the usual, at equal work, and so many ms more, has a sign: a full cell begins at 1.4 of it. Of
24 slow turns (LLM ×5) all have it; in quiet logs whose stages have tails there are 3 a screen of 90 turns."""
WIDEST = 6
"""Cells of a turn, as in the skyline."""
LEAST_FOR_EDGE = 16
"""Columns; a narrower row does not give five of them away."""
NEIGHBOURS = 3
"""Turns on each side whose median decides on the colour: an outlier alone has none, and a step keeps its place."""


class Point(NamedTuple):
    """One turn of a stage."""

    log: float
    """Time over the usual, log units."""
    lost_ms: float
    """Above the usual; negative: won."""
    judged: bool = True
    """At equal work, by the detector's level; else plainly over the median, which claims nothing."""


class Moved(NamedTuple):
    """The level that is shown as changed."""

    lost_ms: float
    """A turn; negative: won."""
    turns: int
    """So many ago it began."""
    start: int | None
    """Index of its first column; None: ahead of the first."""
    seen: bool = False
    """The user has acknowledged it: it is not coloured."""
    drifts: bool = False
    """It came little by little."""


def height_of(point: Point) -> int:
    """0–7; the usual is 3."""
    if abs(point.lost_ms) < DEAD_MS:
        return USUAL
    return min(max(USUAL + round(point.log / STEP), 0), 7)


def turn_at(cell: int, count: int, width: int) -> int | None:
    """Which of ``count`` turns is drawn in a cell of ``width`` ones; None where there is none.

    Few turns fill all cells, up to WIDEST each, so that nothing empty stands between the figures and the oldest turn.
    """
    used = min(width, count * WIDEST)
    at = cell - (width - used)
    return ((at + 1) * count - 1) // used if 0 <= at < used else None


def first_cell(turn: int, count: int, width: int) -> int:
    """The first cell of a turn; ``width`` for the one behind the last."""
    used = min(width, count * WIDEST)
    return width - used + (turn * used // count if count else 0)


def across(each: Sequence[str], width: int, blank: str = " ") -> list[str]:
    """What each of ``width`` cells has of the newest turns, one value a turn."""
    shown = each[-width:] if width > 0 else ()
    places = (turn_at(cell, len(shown), width) for cell in range(width))
    return [blank if at is None else shown[at] for at in places]


def is_outlier(point: Point | None) -> bool:
    """The turn stands out by itself, far above the scale: a full cell is not all there is to say of it."""
    return point is not None and point.judged and point.log >= OUTLIER and point.lost_ms >= OUTLIER_MS


def ratio_text(points: Sequence[Point | None], width: int, glyphs: Glyphs) -> str:
    """The newest turns over ``width`` cells; a turn without the stage is a gap, an outlier has ``▴`` in its middle."""
    each = [glyphs.gap if point is None else glyphs.ramp[height_of(point)] for point in points]
    text = across(each, width)
    shown = points[-width:] if width > 0 else ()
    for at, point in enumerate(shown):
        if is_outlier(point):
            text[(first_cell(at, len(shown), width) + first_cell(at + 1, len(shown), width) - 1) // 2] = glyphs.cut
    return "".join(text)


def moved_role(lost_ms: float) -> str:
    """The role of a column: slower or faster, and bright by what it costs or gains."""
    return f"spark.{moved_words_role(lost_ms)}"


def column_roles(points: Sequence[Point | None]) -> list[str]:
    """Each turn coloured by the median of its neighbours; heights are not smoothed, which would fake steps.

    Its neighbours are the nearest turns with the stage that were judged.
    """
    judged = [point for point in points if point is not None and point.judged]
    roles: list[str] = []
    at = 0
    for point in points:
        if point is None or not point.judged:
            roles.append("spark.gap" if point is None else "spark.unjudged")
            continue
        near = judged[max(at - NEIGHBOURS, 0) : at + NEIGHBOURS + 1]
        lost, log = _median([one.lost_ms for one in near]), _median([one.log for one in near])
        coloured = abs(lost) >= COLOURED_MS and abs(log) >= COLOURED and lost * point.lost_ms > 0
        roles.append(moved_role(lost) if coloured else "spark")
        at += 1
    return roles


def _median(values: list[float]) -> float:
    """Of two in the middle the one that claims less."""
    ordered, half = sorted(values), len(values) // 2
    return ordered[half] if len(ordered) % 2 else min(ordered[half - 1 : half + 1], key=abs)


def row_line(
    points: Sequence[Point | None], text: str, glyphs: Glyphs, moved: Moved | None = None, *, reverse: bool = True
) -> Line:
    """``text``, the newest turns over its cells, in colours.

    A moved level is coloured from where it began; ``reverse``: its first cell is in reverse video, so that it can be
    seen without colours. Where it began ahead of the first column, the left edge says how many turns ago: ``◂25t``.
    """
    width = len(text)
    shown = points[-width:] if width > 0 else ()
    if moved is None or moved.seen:
        return _joined(text, across(column_roles(shown), width, "spark"), glyphs)
    begin = len(shown) - len(points) + moved.start if moved.start is not None else -1
    # Those ahead of it by themselves: with the turns of the new level as neighbours the last three had its colour.
    ahead = column_roles(shown[: max(begin, 0)])
    roles = across(ahead + _since_roles(shown[len(ahead) :], moved), width, "spark")
    if 0 <= begin < len(shown) and reverse:
        roles[first_cell(begin, len(shown), width)] = f"{moved_role(moved.lost_ms)}.began"
    elif begin < 0 and width >= LEAST_FOR_EDGE:
        edge = f"{glyphs.before}{moved.turns}t "
        text = edge + text[len(edge) :]
        roles[: len(edge)] = [moved_words_role(moved.lost_ms)] * len(edge)
    return _joined(text, roles, glyphs)


def _joined(text: str, roles: Sequence[str], glyphs: Glyphs) -> Line:
    """Cells as a line; the sign of an outlier stands on the colour of its column, as in the skyline."""
    return join_alike(
        (char, f"{CUT}{OVER}{role}" if char == glyphs.cut and glyphs.grounds else role)
        for char, role in zip(text, roles, strict=True)
    )


def _since_roles(points: Sequence[Point | None], moved: Moved) -> list[str]:
    """The turns at the moved level: all in its colour, or while it drifts by what it had come to then."""
    if not moved.drifts:
        return ["spark.gap" if point is None else moved_role(moved.lost_ms) for point in points]
    known = [point for point in points if point is not None and point.judged]
    roles: list[str] = []
    at = 0
    for point in points:
        if point is None or not point.judged:
            roles.append("spark.gap" if point is None else moved_role(moved.lost_ms))
            continue
        lost = _median([one.lost_ms for one in known[max(at - NEIGHBOURS, 0) : at + NEIGHBOURS + 1]])
        # A dip on its way is no change of direction.
        roles.append(moved_role(lost if lost * moved.lost_ms > 0 else math.copysign(0.1, moved.lost_ms)))
        at += 1
    return roles
