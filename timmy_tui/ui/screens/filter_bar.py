"""The input line of screens that search or filter; a line below it says what can be typed, or what is wrong."""

from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.widgets import Input

from timmy_tui.ui.line_widget import LineWidget
from timmy_tui.ui.paint.lines import Line, fit, line
from timmy_tui.ui.screens.base import BaseScreen
from timmy_tui.ui.view import View


class FilterBar(Vertical):
    """Hidden until the user filters. Keys typed here are text, not commands."""

    DEFAULT_CSS = """
    FilterBar { height: 1; display: none; dock: bottom; }
    FilterBar:focus-within { height: 2; }
    FilterBar.shown { display: block; }
    FilterBar Input { height: 1; border: none; padding: 0 1; }
    FilterBar Input:focus { border: none; }
    FilterBar LineWidget { height: 1; }
    """

    def __init__(self, placeholder: str) -> None:
        """``placeholder``: stands in the empty line."""
        super().__init__(id="filter")
        self._placeholder = placeholder
        self._message: tuple[str, str] = ("", "muted")

    def compose(self) -> ComposeResult:
        """The line that is typed into, and the line below it."""
        yield Input(placeholder=self._placeholder, compact=True, select_on_focus=False)
        yield LineWidget(self._draw, id="filter-hint")

    def _draw(self, view: View, width: int, height: int) -> list[Line]:
        return [fit(line(" ", self._message), width)][:height]

    @property
    def input(self) -> Input:
        """What is typed into."""
        return self.query_one(Input)

    def explain(self, text: str, role: str = "muted") -> None:
        """Show a hint or an error below the line."""
        self._message = (text, role)


class FilterScreen(BaseScreen):
    """A screen with a filter. Subclasses override ``filter_changed``, ``filter_hint`` and ``focus_content``."""

    BINDINGS = [Binding("escape", "clear_filter", show=False)]
    PLACEHOLDER = "text; Enter: done, Esc: show all"
    KEEPS_LINE = True
    """The line stays on the screen while the filter holds."""
    filter_text = ""
    _bar: FilterBar | None = None

    def filter_changed(self) -> None:
        """Called when ``filter_text`` has changed."""

    def filter_entered(self) -> bool:
        """Enter was pressed; False keeps the line open, because what is typed cannot be used."""
        return True

    def filter_hint(self) -> tuple[str, str]:
        """(text, role) of the line below the input."""
        return "", "muted"

    def focus_content(self) -> None:
        """Move the focus from the filter back to the content."""
        self.set_focus(None)

    def compose_filter(self) -> ComposeResult:
        """The filter bar, hidden."""
        self._bar = FilterBar(self.PLACEHOLDER)
        yield self._bar

    @property
    def filter_bar(self) -> FilterBar:
        """The filter bar, shown or not."""
        assert self._bar is not None
        return self._bar

    def repaint(self) -> None:
        """Paint the view; the hint, where it is shown, is of the filter as it is now."""
        bar = self._bar
        if bar is not None and bar.has_class("shown"):
            bar.explain(*self.filter_hint())
        super().repaint()

    def action_filter(self) -> None:
        """Show the filter line and type into it."""
        self.filter_bar.add_class("shown")
        self.filter_bar.input.focus()
        self.repaint()

    async def action_clear_filter(self) -> None:
        """Remove the filter; where there is none, one step back."""
        if not self.filter_bar.has_class("shown"):
            await self.run_action("app.back")
            return
        self.hide_filter()

    def hide_filter(self) -> None:
        """Empty the line and take it off the screen."""
        self.filter_bar.input.value = ""
        if self.filter_bar.has_class("shown"):
            self.filter_bar.remove_class("shown")
            self.focus_content()

    @on(Input.Changed)
    def _text_typed(self, event: Any) -> None:
        if event.value != self.filter_text:
            self.filter_text = event.value
            self.filter_changed()

    @on(Input.Submitted)
    def _text_entered(self, event: Any) -> None:
        if self.filter_entered():
            self.filter_bar.set_class(bool(event.value) and self.KEEPS_LINE, "shown")
            self.focus_content()
