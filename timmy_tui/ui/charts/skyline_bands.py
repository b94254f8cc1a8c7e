"""The skyline without colours: the three largest stages, each in a band of its own, from zero to its own top."""

from collections.abc import Sequence

from msgspec import Struct

from timmy_tui.core.quantile import median
from timmy_tui.model.stages.watched import CRITICAL, STAGES
from timmy_tui.ui.charts.skyline import CUT_OVER_P90, STEPS, Column
from timmy_tui.ui.paint.glyphs import Glyphs
from timmy_tui.ui.paint.lines import Span
from timmy_tui.ui.paint.themes import GAP_KEY

BANDS = 3
_SETTINGS = frozenset(stage.key for stage in STAGES if stage.owner == "setting")


class Band(Struct, frozen=True):
    """One stage over the turns."""

    key: str
    rows: int
    top: float
    """ms at its upper edge; 0 where the stage was never measured."""


def bands_of(columns: Sequence[Column], rows: int) -> list[Band]:
    """The stages with the largest medians, in the order of a turn from the top; the rows are shared out from the top.

    Settings are none of them: they are the same in every turn. Fewer than three where fewer were measured or ``rows``
    are fewer; empty without any.
    """
    values: dict[str, list[float]] = {}
    for column in columns:
        for key, ms in _sums(column).items():
            if key not in _SETTINGS:
                values.setdefault(key, []).append(ms)
    stacks = sum(bool(column.parts) for column in columns)
    # A stage of some turns only (storage) counts by what it takes of all.
    weight = {key: median(ms) * len(ms) / stacks for key, ms in values.items()}
    largest = sorted(weight, key=weight.__getitem__, reverse=True)[: min(BANDS, rows)]
    ordered = [key for key in (*CRITICAL, GAP_KEY) if key in largest]
    share, more = divmod(rows, len(ordered)) if ordered else (0, 0)
    return [Band(key, share + (at < more), _top(values[key])) for at, key in enumerate(ordered)]


def _sums(column: Column) -> dict[str, float]:
    sums: dict[str, float] = {}
    for key, ms in column.parts:
        sums[key] = sums.get(key, 0.0) + ms
    return sums


def _top(values: Sequence[float]) -> float:
    ordered = sorted(values)
    return CUT_OVER_P90 * ordered[-(-9 * len(ordered) // 10) - 1]


def band_cells(column: Column, band: Band, glyphs: Glyphs) -> list[Span]:
    """The cells of one turn in a band, the lowest first. A turn without the stage has the sign of a gap."""
    if not column.parts:
        sign: Span = (column.sign, column.role) if column.sign else (" ", "text")
        return [sign, *[(" ", "text")] * (band.rows - 1)]
    ms = _sums(column).get(band.key)
    if ms is None:
        return [(glyphs.gap, "spark.gap"), *[(" ", "text")] * (band.rows - 1)]
    steps = band.rows * STEPS
    height = min(max(int(ms * steps / band.top + 0.5), 1), steps) if band.top > 0 else 1
    cells: list[Span] = []
    for row in range(band.rows):
        above = min(max(height - row * STEPS, 0), STEPS)
        cells.append((glyphs.ramp[above - 1], "text") if above else (" ", "text"))
    if ms > band.top > 0:
        cells[-1] = (glyphs.cut, "value")
    return cells
