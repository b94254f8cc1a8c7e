"""Columns of a share, 0 to 1, one a turn: solid as far as it is certain, hollow above that."""

from msgspec import Struct

from timmy_tui.ui.charts.skyline import STEPS
from timmy_tui.ui.paint.glyphs import Glyphs
from timmy_tui.ui.paint.lines import Span


class ShareColumn(Struct, frozen=True):
    """One turn."""

    least: float = 0.0
    most: float = 0.0
    """Of a range; equal to ``least`` where the share is known."""
    role: str = "text"
    sign: str = ""
    """Stands for a turn without a share."""
    cut: bool = False
    """More than the whole scale: its top has a sign."""


def share_cells(column: ShareColumn, rows: int, glyphs: Glyphs) -> list[Span]:
    """The column as ``rows`` cells, the lowest first. A share that is known has at least one step, also 0."""
    if column.sign:
        return [(column.sign, column.role), *[(" ", "text")] * (rows - 1)]
    solid = _steps(column.least, rows)
    hollow = _steps(column.most, rows)
    if hollow <= solid and column.least == column.most:
        solid = max(solid, 1)
    cells: list[Span] = []
    for floor in range(0, rows * STEPS, STEPS):
        if solid > floor:
            cells.append((glyphs.ramp[min(solid - floor, STEPS) - 1], column.role))
        elif hollow > floor + STEPS // 2 or (hollow > floor and not floor):
            cells.append((glyphs.outline, "bar.unknown"))
        else:
            cells.append((" ", "text"))
    if column.cut:
        cells[-1] = (glyphs.cut, column.role)
    return cells


def _steps(share: float, rows: int) -> int:
    return min(max(int(share * rows * STEPS + 0.5), 0), rows * STEPS)
