"""The screens as Textual's modes, and the first of them shown at once.

Textual reads the styles of a screen of MODES twice, and all of them a third time when a theme is used: with the picture
that was made for each, that took 15 ms of the time to the first frame. Here they are read once.
"""

from typing import Any, ClassVar

from textual.app import App
from textual.screen import Screen

from timmy_tui.ui.key_commands import SCREENS
from timmy_tui.ui.screens.table import open_screen

FIRST, *OTHERS = SCREENS


class FirstScreenApp(App[None]):
    """Begins with Textual's default screen, which is a mode like the others from then on. A theme comes before it."""

    DEFAULT_MODE = FIRST
    MODES: ClassVar = {name: open_screen(name) for name in OTHERS}

    def get_default_screen(self) -> Screen[Any]:
        """The first screen; one comes back to it as to any other."""
        make = open_screen(FIRST)
        self.add_mode(FIRST, make)
        return make()

    def refresh_css(self, animate: bool = True) -> None:
        """Ahead of the first screen there is nothing to style: its styles will be read with these variables."""
        if self.screen_stack:
            super().refresh_css(animate)
        else:
            self.stylesheet.set_variables(self.get_css_variables())
