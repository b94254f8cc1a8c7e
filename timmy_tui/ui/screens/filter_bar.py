"""The filter line of screens that can show only what contains a text."""

from typing import Any

from textual import on
from textual.binding import Binding
from textual.widgets import Input

from timmy_tui.ui.screens.base import BaseScreen


class FilterLine(Input):
    """Hidden until it is asked for; compact, so that it takes one line."""

    DEFAULT_CSS = """
    FilterLine { height: 1; border: none; padding: 0 1; display: none; dock: bottom; }
    FilterLine:focus { border: none; }
    FilterLine.shown { display: block; }
    """

    def __init__(self) -> None:
        """Letters typed here are letters, not commands."""
        super().__init__(placeholder="filter: text, enter keeps it, escape clears", compact=True, select_on_focus=False)


class FilterScreen(BaseScreen):
    """A screen with a filter; ``filter_changed`` is what it does with it."""

    BINDINGS = [Binding("escape", "clear_filter", show=False)]
    wanted = ""

    def filter_changed(self) -> None:
        """``wanted`` is new; lower case."""

    def focus_content(self) -> None:
        """Where keys go when the filter is left."""
        self.set_focus(None)

    def action_filter(self) -> None:
        """Show the filter line and type into it."""
        box = self.query_one(FilterLine)
        box.add_class("shown")
        box.focus()

    def action_clear_filter(self) -> None:
        """Show everything again."""
        box = self.query_one(FilterLine)
        box.value = ""
        box.remove_class("shown")
        self.focus_content()

    @on(Input.Changed)
    def _narrow(self, event: Any) -> None:
        if event.value.lower() != self.wanted:
            self.wanted = event.value.lower()
            self.filter_changed()

    @on(Input.Submitted)
    def _keep(self, event: Any) -> None:
        self.query_one(FilterLine).set_class(bool(event.value), "shown")
        self.focus_content()
