"""What every screen is: a picture of the app's view, painted anew when that changes."""

from collections.abc import Iterable

from textual.app import ComposeResult
from textual.screen import Screen

from timmy_tui.ui.line_widget import Draw, LineWidget
from timmy_tui.ui.view import View


class BaseScreen(Screen[None]):
    """A screen of painted panels. It repaints only while it can be seen."""

    AUTO_FOCUS = ""
    DEFAULT_CSS = "BaseScreen { layout: vertical; overflow: hidden; }"

    def __init__(self, name: str, draw: Draw | None = None) -> None:
        """``draw`` paints the whole screen; a screen of several panels composes them itself."""
        super().__init__(name=name)
        self._draw = draw
        self.view = View()

    def compose(self) -> ComposeResult:
        """One panel over everything."""
        if self._draw is not None:
            yield LineWidget(self._draw, id=self.name)

    def on_mount(self) -> None:
        """Follow the app's view; the first one comes at once."""
        self.watch(self.app, "view", self.see)

    def on_screen_resume(self) -> None:
        """Catch up with what happened while another screen was shown."""
        self.repaint()

    def see(self, view: View) -> None:
        """A new view."""
        self.view = view
        if self.is_current:
            self.repaint()

    def repaint(self) -> None:
        """Show the view in every panel."""
        for panel in self.panels():
            panel.paint(self.view)

    def panels(self) -> Iterable[LineWidget]:
        """LineWidget panels of this screen."""
        return self.query(LineWidget)
