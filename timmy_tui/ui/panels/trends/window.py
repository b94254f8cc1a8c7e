"""Which turns a chart over turns shows, and at which dots; a turn has a column each where there are as many."""

import math

from timmy_tui.ui.charts.dots import ACROSS
from timmy_tui.ui.panels.skyline.window import GUTTER, Window
from timmy_tui.ui.view import View

WIDEST = 8
"""Dots of a turn: more would show nothing more."""


class TrendWindow(Window, frozen=True):
    """The skyline's columns, with turns that are narrower or wider than one of them.

    The last column is left free, as it is in the skyline, so that a turn stands at the same place on both screens.
    """

    dots: float = 2.0
    """Dots of a turn; below 1 several share one."""

    @property
    def _begin(self) -> float:
        return (self.columns - 1) * ACROSS - self.count * self.dots

    def dot_of(self, index: int) -> int:
        """First dot of a turn by its index in ``View.turns``."""
        return int(self._begin + (index - self.first) * self.dots)

    def column_of(self, index: int) -> int:
        """Column of a turn's first dot; outside of the columns for one that is not shown."""
        return self.dot_of(index) // ACROSS

    def turn_index(self, column: int) -> int | None:
        """Index of the newest turn that has a dot in a column; None where there is none."""
        index = math.ceil(((column + 1) * ACROSS - self._begin) / self.dots - 1e-9) - 1
        return self.first + index if 0 <= index < self.count and column >= 0 else None

    def dots_of(self, index: int) -> int:
        """Dots that are drawn of a turn, up to the next one: two neighbours of one height are one line."""
        return max(self.dot_of(index + 1) - self.dot_of(index), 1)


def trend_window(view: View, width: int, turns: int) -> TrendWindow:
    """The newest ``turns``, or as many as there are; older ones where the cursor has gone further to the left."""
    columns = max(width - GUTTER, 2)
    end = len(view.turns)
    count = min(turns, end)
    if view.cursor_index is not None and view.cursor_index < end - count:
        end = view.cursor_index + count
    room = (columns - 1) * ACROSS
    # Not in whole dots: of 90 turns in 226 dots that would leave a fifth of the chart empty.
    return TrendWindow(end - count, count, 0, columns, dots=min(room / count, WIDEST) if count else 2.0)
