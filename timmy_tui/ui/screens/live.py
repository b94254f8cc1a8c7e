"""Screen 1: how long did I wait, and where did the time go."""

from timmy_tui.ui.panels.live import live_lines
from timmy_tui.ui.screens.base import BaseScreen


class LiveScreen(BaseScreen):
    """One picture; every size has its layout (``panels/live.py``)."""

    def __init__(self, name: str) -> None:
        """``name`` is the mode's."""
        super().__init__(name, live_lines)
