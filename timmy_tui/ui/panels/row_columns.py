"""Which columns the stage rows have at a width, and how wide each is.

The sparkline comes first, and is never narrower on a wider pane: with 8 columns none of 88 changes was seen by heights,
with 44 columns 69, with 60 columns 77. What gives way for it is fixed: see DROPS.
"""

from msgspec import Struct

from timmy_tui.ui.charts.waterfall import WIDEST

DROPS = "words of the change, p95, names written out, n, share, usual, last turn's bars, change, sparkline"
"""First to last; ahead of them the log strip and the list of turns."""
SHORT_NAME, WHOLE_NAME, VALUE, SHARE, COUNT, P95 = 6, 11, 7, 4, 3, 7
NARROW_USUAL, USUAL = 7, 9
NARROW_CHANGE, CHANGE, CHANGE_WORDS = 7, 14, 40
"""``▲+412ms``, ``▲+1.24s ×1.38``, and with the levels before and now at most so many."""
WORDS_STEP = 4
"""Cells. The column of words grows in such steps: a figure that gets a digit more moves no column beside it."""
LEAST_BAR, GOOD_BAR = 8, 20
"""Cells. The least that a waterfall says something with; and from which on it gives way to further figures."""
LEAST, WITH_CHANGE, WITH_RATIO, WITH_NAMES = 22, 34, 60, 119
"""Widths of the pane in cells from which there is a sparkline; a change; its ratio; and names are written out."""
UNDER_SKYLINE = 60
"""Width of the pane from which the last cell is free, as it is in the skyline for the turn in flight: where a turn has
one cell there, it stands right above its cell in the rows."""
KNOTS = ((22, 7), (34, 11), (40, 17), (80, 24), (120, 44), (156, 80), (200, 80), (280, 120))
"""(width of the pane, columns of the sparkline): linear in between."""


class Columns(Struct, frozen=True):
    """Widths of the columns in cells; one of width 0 is not shown."""

    name: int = SHORT_NAME
    bar: int = 0
    spark: int = 0
    change: int = 0
    share: bool = False
    usual: int = 0
    p95: bool = False
    n: bool = False
    tail: int = 0
    """Free at the right."""


def spark_columns(width: int) -> int:
    """Columns of the sparkline, one a turn; never fewer on a wider pane."""
    if width < KNOTS[0][0]:
        return 0
    for (low, fewer), (high, more) in zip(KNOTS, KNOTS[1:], strict=False):
        if width <= high:
            return fewer + (width - low) * (more - fewer) // (high - low)
    return KNOTS[-1][1]


def columns_for(width: int, words: int = 0) -> Columns:
    """The columns that fit ``width`` cells; ``words``: cells of the longest words of a change, 0 without one."""
    spark = spark_columns(width)
    if not spark:
        return Columns()
    name = WHOLE_NAME if width >= WITH_NAMES else SHORT_NAME
    change = CHANGE if width >= WITH_RATIO else NARROW_CHANGE if width >= WITH_CHANGE else 0
    tail = int(width >= UNDER_SKYLINE)
    free = width - name - 1 - VALUE - (spark + 1) - (change + 1 if change else 0) - tail
    if free - 1 < LEAST_BAR:
        return Columns(name=name, spark=spark, change=change, tail=tail)
    usual_width = USUAL if width >= WITH_NAMES else NARROW_USUAL
    usual = usual_width if free - 1 - (usual_width + 1) >= LEAST_BAR else 0
    bar = free - 1 - (usual + 1 if usual else 0)
    share = bar - (SHARE + 1) >= GOOD_BAR
    bar -= (SHARE + 1) * share
    n = bar - (COUNT + 1) >= GOOD_BAR
    bar -= (COUNT + 1) * n
    p95 = bar - (P95 + 1) >= GOOD_BAR
    bar -= (P95 + 1) * p95
    # Without a change, or behind the words of a short one, up to 26 blank cells stood between figures and bars.
    longer = min(-(-words // WORDS_STEP) * WORDS_STEP, CHANGE_WORDS) - CHANGE
    if longer > 0 and bar - longer >= GOOD_BAR:
        change, bar = CHANGE + longer, bar - longer
    over = max(bar - WIDEST, 0)
    more = min(over, CHANGE_WORDS - change)
    return Columns(name, bar - over, spark + over - more, change + more, share, usual, p95, n, tail)
