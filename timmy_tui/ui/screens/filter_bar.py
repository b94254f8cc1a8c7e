"""The filter line of screens that can show only the rows that contain a text."""

from typing import Any

from textual import on
from textual.binding import Binding
from textual.widgets import Input

from timmy_tui.ui.screens.base import BaseScreen


class FilterLine(Input):
    """One line, hidden until the user filters."""

    DEFAULT_CSS = """
    FilterLine { height: 1; border: none; padding: 0 1; display: none; dock: bottom; }
    FilterLine:focus { border: none; }
    FilterLine.shown { display: block; }
    """

    def __init__(self) -> None:
        """Keys typed here are text, not commands."""
        super().__init__(placeholder="filter: text, enter applies, escape clears", compact=True, select_on_focus=False)


class FilterScreen(BaseScreen):
    """A screen with a filter. Subclasses override ``filter_changed``."""

    BINDINGS = [Binding("escape", "clear_filter", show=False)]
    filter_text = ""

    def filter_changed(self) -> None:
        """Called when ``filter_text`` has changed; it is in lower case."""

    def focus_content(self) -> None:
        """Move the focus from the filter back to the content."""
        self.set_focus(None)

    def action_filter(self) -> None:
        """Show the filter line and type into it."""
        box = self.query_one(FilterLine)
        box.add_class("shown")
        box.focus()

    def action_clear_filter(self) -> None:
        """Remove the filter."""
        box = self.query_one(FilterLine)
        box.value = ""
        box.remove_class("shown")
        self.focus_content()

    @on(Input.Changed)
    def _text_typed(self, event: Any) -> None:
        if event.value.lower() != self.filter_text:
            self.filter_text = event.value.lower()
            self.filter_changed()

    @on(Input.Submitted)
    def _text_entered(self, event: Any) -> None:
        self.query_one(FilterLine).set_class(bool(event.value), "shown")
        self.focus_content()
