"""The overlay that is read from across the room."""

from timmy_tui.ui.key_commands import screen_bindings
from timmy_tui.ui.panels.live.across import across_lines
from timmy_tui.ui.screens.base import BaseScreen


class AcrossScreen(BaseScreen):
    """One panel on the whole pane (``panels/live/across.py``)."""

    BINDINGS = [*screen_bindings("across")]

    def __init__(self) -> None:
        super().__init__("across", across_lines)
