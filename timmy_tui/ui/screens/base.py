"""The base of every screen: it shows the app's view and repaints when the view changes."""

from collections.abc import Iterable
from typing import Any

from textual.app import ComposeResult
from textual.geometry import Size
from textual.screen import Screen, ScreenResultType
from textual.widget import Widget

from timmy_tui.ui.line_widget import Draw, LineWidget
from timmy_tui.ui.terminal.changed_cells import SentCells
from timmy_tui.ui.view import View


class SparingScreen(Screen[ScreenResultType]):
    """A screen that sends few bytes, and gives back its painted rows when it is hidden or closed.

    Textual keeps them: each row in every cut that was repainted, up to 16, and a closed screen's until 1,024 later
    widgets have been drawn, because a cache of colours (``lru_cache`` on a method) holds the widgets' own caches. Help
    that was opened and closed twenty times took 3 MiB.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._compositor = SentCells()

    def on_screen_suspend(self) -> None:
        """A refresh empties the caches; a hidden screen is not drawn for it."""
        widgets: Iterable[Widget] = (self, *self.query("*"))
        for widget in widgets:
            widget.refresh()
            if widget.show_vertical_scrollbar:
                widget.vertical_scrollbar.refresh()
            if widget.show_horizontal_scrollbar:
                widget.horizontal_scrollbar.refresh()


class BaseScreen(SparingScreen[None]):
    """A screen of painted panels. It repaints only while it is visible."""

    AUTO_FOCUS = ""
    DEFAULT_CSS = "BaseScreen { layout: vertical; overflow: hidden; }"

    def __init__(self, name: str, draw: Draw | None = None) -> None:
        """``draw`` paints the whole screen; a screen of several panels composes them itself."""
        super().__init__(name=name)
        self._draw = draw
        self.view = View()
        self._panels: tuple[LineWidget, ...] = ()

    def compose(self) -> ComposeResult:
        """One panel on the whole screen."""
        if self._draw is not None:
            yield LineWidget(self._draw, id=self.name)

    def on_mount(self) -> None:
        """Follow the app's view, beginning with the present one, and the sizes of its pane."""
        self.watch(self.app, "view", self.show_view)
        self.watch(self.app, "pane", self.fit_to_pane, init=False)

    def on_screen_resume(self) -> None:
        """Paint what changed while another screen was shown."""
        self.repaint()

    def fit_to_pane(self, size: Size) -> None:
        """The pane has this size from now on, and is not laid out yet: the last moment to make what must fit it.

        A hidden screen is told too.
        """

    def show_view(self, view: View) -> None:
        """Take a new view."""
        self.view = view
        if self.is_current:
            self.repaint()

    def repaint(self) -> None:
        """Paint the view in every panel."""
        for panel in self.panels():
            panel.paint(self.view)

    def panels(self) -> Iterable[LineWidget]:
        """The panels of this screen; none comes or goes while it lives, and a query costs as much as a drawing."""
        if not self._panels:
            self._panels = tuple(self.query(LineWidget))
        return self._panels
