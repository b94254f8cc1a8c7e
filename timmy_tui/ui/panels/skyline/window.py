"""Which turns the skyline shows in which of its columns; the LLM's charts can stand on the same ones."""

from msgspec import Struct

from timmy_tui.ui.view import View, index_from

GUTTER = 6
"""Cells for the ticks at the left."""


class Window(Struct, frozen=True):
    """Turns and columns. The last column is that of the turn in flight."""

    first: int
    """Index in ``View.turns`` of the oldest turn that is shown."""
    count: int
    offset: int
    """Columns at the left that have no turn."""
    columns: int

    def turn_index(self, column: int) -> int | None:
        """Index of the turn in a column; None where there is none."""
        index = column - self.offset
        return self.first + index if 0 <= index < self.count else None

    def column_of(self, index: int) -> int:
        """Column of a turn; outside of the columns for one that is not shown."""
        return index - self.first + self.offset


def window_of(view: View, width: int) -> Window:
    """The newest turns that fit into ``width`` cells; older ones where the cursor has gone further to the left."""
    columns = max(width - GUTTER, 2)
    available = columns - 1
    end = len(view.turns)
    if view.cursor_index is not None and view.cursor_index < end - available:
        end = view.cursor_index + available
    first = max(end - available, 0)
    return Window(first, end - first, available - (end - first), columns)


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
