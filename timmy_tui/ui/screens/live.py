"""Screen 1: how long the user waited, and where the time went."""

from timmy_tui.ui.key_commands import screen_bindings
from timmy_tui.ui.panels.live import live_lines
from timmy_tui.ui.screens.base import BaseScreen


class LiveScreen(BaseScreen):
    """One panel, with a layout for each size (``panels/live.py``)."""

    BINDINGS = [*screen_bindings("live")]

    def __init__(self, name: str) -> None:
        """``name``: of the Textual mode."""
        super().__init__(name, live_lines)
