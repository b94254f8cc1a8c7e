"""Screen 1: how long the user waited, and where the time went."""

from collections.abc import Sequence
from typing import cast

from textual import events
from textual.app import ComposeResult

from timmy_tui.model.turn import Turn
from timmy_tui.ui.host import Host
from timmy_tui.ui.key_commands import screen_bindings
from timmy_tui.ui.line_widget import DRAWING_ERRORS, LineWidget
from timmy_tui.ui.paint.lines import BLANK, Line, last_cell
from timmy_tui.ui.panels.live.screen import live_lines, turn_at
from timmy_tui.ui.screens.base import BaseScreen
from timmy_tui.ui.view import View


class Panels(LineWidget):
    """All panels but for their last column."""

    DEFAULT_CSS = "Panels { width: 1fr; height: 1fr; }"
    beyond = 1


class LastColumn(LineWidget):
    """The last column of the panels, where the turn in flight grows four times a second.

    A terminal is sent a widget's row from its left edge on: in a widget of its own, a step is one cell.
    """

    DEFAULT_CSS = "LastColumn { width: 1; height: 1fr; }"

    @property
    def lines(self) -> Sequence[Line]:
        """None: the panels have the whole lines."""
        return ()

    def _drawn(self) -> Sequence[Line]:
        try:
            return self._draw(self._view, *self.size)
        except DRAWING_ERRORS:
            # The panels say it.
            return [BLANK] * self.size.height


class LiveScreen(BaseScreen):
    """One widget with a layout for each size (``panels/live/layout.py``), and its last column."""

    DEFAULT_CSS = "LiveScreen { layout: horizontal; }"
    BINDINGS = [*screen_bindings("live")]

    def __init__(self, name: str) -> None:
        """``name``: of the Textual mode."""
        super().__init__(name)
        self._drawn: tuple[View, int, int, list[Line]] = (View(), 0, 0, [])

    def compose(self) -> ComposeResult:
        """The panels, and their last column."""
        yield Panels(self._draw_panels, id=self.name)
        yield LastColumn(self._draw_last, id="last-column")

    def _draw_panels(self, view: View, width: int, height: int) -> list[Line]:
        """The whole lines, drawn once for both widgets."""
        if self._drawn[0] is not view or self._drawn[1:3] != (width, height):
            self._drawn = (view, width, height, live_lines(view, width, height))
        return self._drawn[3]

    def _draw_last(self, view: View, width: int, height: int) -> list[Line]:
        return [last_cell(row) for row in self._draw_panels(view, self.size.width, height)]

    def selected(self) -> Turn | None:
        """The turn under the cursor; None where the screen shows the newest."""
        return self.view.cursor_turn

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on the turn whose column was clicked."""
        index = turn_at(self.view, *self.size, event.screen_x, event.screen_y)
        if index is not None:
            host = cast(Host, self.app)
            host.view = host.view.with_cursor(index)
