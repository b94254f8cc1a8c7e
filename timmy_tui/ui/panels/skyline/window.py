"""Which turns the skyline shows in which of its columns; the LLM's charts can stand on the same ones."""

import math

from msgspec import Struct
from msgspec.structs import replace

from timmy_tui.ui.charts.ratio_row import first_cell, turn_at
from timmy_tui.ui.charts.skyline import middle
from timmy_tui.ui.panels.row_columns import Columns, columns_for
from timmy_tui.ui.view import View, index_from

GUTTER = 6
"""Cells for the ticks, directly left of the oldest turn."""
WIDTHS = (6.0, 5.0, 4.0, 3.0, 2.0, 1.5, 1.0)
"""Cells of a turn: the widest with which all turns are shown. Between two of them nothing changes its width.

With 1.5 every second turn has two: from 2 to 1 at once, half of the panel would be empty.
"""
GAP_FROM = 3.0
"""Cells of a turn from which the last one is free, so that turns can be counted; of two it would be half."""


class Window(Struct, frozen=True):
    """Turns and columns of a cell each. The last ``flight`` ones are those of the turn in flight."""

    first: int
    """Index in ``View.turns`` of the oldest turn that is shown."""
    count: int
    offset: int
    """Columns at the left that have no turn."""
    columns: int
    cells: float = 1.0
    """Of a turn, one of WIDTHS."""

    @property
    def flight(self) -> int:
        """Columns of the turn in flight."""
        return _ink(int(self.cells), self.cells)

    @property
    def tail(self) -> int:
        """Columns behind the newest turn that is over: those of the one in flight, and what is free ahead of it."""
        return self.columns - self.columns_of(self.first + self.count - 1)[1] if self.count else self.flight

    def turn_index(self, column: int) -> int | None:
        """Index of the turn in a column; None where there is none."""
        index = math.ceil((column - self.offset + 1) / self.cells) - 1
        return self.first + index if 0 <= index < self.count else None

    def column_of(self, index: int) -> int:
        """The middle column of a turn, for its signs; outside of the columns for one that is not shown."""
        return self._start_of(index) + middle(self.inked(index))

    def columns_of(self, index: int) -> tuple[int, int]:
        """(first column of a turn, the one behind the last that is drawn)."""
        start = self._start_of(index)
        return start, start + self.inked(index)

    def width_of(self, index: int) -> int:
        """Columns of a turn, up to those of the next one."""
        return self._start_of(index + 1) - self._start_of(index)

    def inked(self, index: int) -> int:
        """Those of them that are drawn."""
        return _ink(self.width_of(index), self.cells)

    def _start_of(self, index: int) -> int:
        return self.offset + math.floor((index - self.first) * self.cells)


def _ink(width: int, cells: float) -> int:
    return width - (cells >= GAP_FROM)


class RowsWindow(Window, frozen=True):
    """The turns of the columns in the stage rows: none is in flight there, and no gap is between two."""

    @property
    def flight(self) -> int:
        """None."""
        return 0

    def turn_index(self, column: int) -> int | None:
        """Index of the turn in a column; None where there is none."""
        at = turn_at(column, self.count, self.columns) if 0 <= column < self.columns else None
        return None if at is None else self.first + at

    def inked(self, index: int) -> int:
        """All columns of a turn are drawn."""
        return self.width_of(index)

    def _start_of(self, index: int) -> int:
        return first_cell(index - self.first, self.count, self.columns)


def rows_window(view: View, columns: int) -> RowsWindow:
    """The newest turns in ``columns`` cells of the stage rows, whatever turn the cursor is on."""
    count = min(len(view.turns), columns)
    return RowsWindow(len(view.turns) - count, count, first_cell(0, count, columns), columns)


def columns_under(view: View, width: int, words: int = 0) -> Columns:
    """The columns of the stage rows: those over turns end below the end of the newest turn in the skyline.

    ``words``: cells of the longest change that a row has to say.
    """
    columns = columns_for(width, words)
    more = window_of(view, width).tail - columns.tail if columns.tail else 0
    return replace(columns, spark=columns.spark - more, tail=columns.tail + more) if more > 0 else columns


def window_of(view: View, width: int) -> Window:
    """The newest turns that fit into ``width`` cells; older ones where the cursor has gone further to the left."""
    columns = max(width - GUTTER, 2)
    cells = _widest(len(view.turns), columns)
    available = columns - _ink(int(cells), cells)
    end = len(view.turns)
    if view.cursor_index is not None and view.cursor_index < end - available:
        end = view.cursor_index + available
    first = max(end - available, 0)
    return Window(first, end - first, available - math.floor((end - first) * cells), columns, cells)


def _widest(count: int, columns: int) -> float:
    """Cells of each of ``count`` turns, with room for the one in flight; the least where not all of them fit."""
    return next((one for one in WIDTHS if math.floor(count * one) + _ink(int(one), one) <= columns), WIDTHS[-1])


def turn_in_column(view: View, width: int, x: int) -> int | None:
    """Index of the turn drawn at cell ``x`` of a panel of this width; None where there is none."""
    return window_of(view, width).turn_index(x - GUTTER)


def index_of_start(view: View, ordinal: int) -> int | None:
    """Index of the turn at which something began; −1 where that is older than every turn that is known.

    None for one that is not over yet.
    """
    if not view.turns:
        return None
    known = view.index_by_ordinal.get(ordinal)
    if known is not None:
        return known
    index = index_from(view.turns, ordinal)
    return -1 if index == 0 else index
