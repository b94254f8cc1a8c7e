"""Screen 1: how long the user waited, and where the time went."""

from typing import cast

from textual import events

from timmy_tui.model.turn import Turn
from timmy_tui.ui.host import Host
from timmy_tui.ui.key_commands import screen_bindings
from timmy_tui.ui.panels.live.screen import live_lines, turn_at
from timmy_tui.ui.screens.base import BaseScreen


class LiveScreen(BaseScreen):
    """One widget, with a layout for each size (``panels/live/layout.py``)."""

    BINDINGS = [*screen_bindings("live")]

    def __init__(self, name: str) -> None:
        """``name``: of the Textual mode."""
        super().__init__(name, live_lines)

    def selected(self) -> Turn | None:
        """The turn under the cursor; None where the screen shows the newest."""
        return self.view.cursor_turn

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on the turn whose column was clicked."""
        index = turn_at(self.view, *self.size, event.screen_x, event.screen_y)
        if index is not None:
            host = cast(Host, self.app)
            host.view = host.view.with_cursor(index)
