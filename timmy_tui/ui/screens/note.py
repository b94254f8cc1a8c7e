"""A line to type why a turn was good or bad."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.widgets import Input

LONGEST = 200
"""Characters of a note."""


class NoteScreen(ModalScreen[str | None]):
    """One line at the lower edge. Answers the text, empty to take the note away, or None when it was left."""

    CSS = """
    NoteScreen { background: $background 0%; align: center bottom; }
    NoteScreen Input { height: 1; border: none; padding: 0 1; dock: bottom; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", show=False)]

    def __init__(self, heading: str, text: str) -> None:
        """``text``: what is there already."""
        super().__init__()
        self._heading, self._text = heading, text

    def compose(self) -> ComposeResult:
        """The line."""
        hint = f"{self._heading}: enter keeps it, escape leaves"
        yield Input(self._text, placeholder=hint, max_length=LONGEST, select_on_focus=False)

    @on(Input.Submitted)
    def _keep(self, event: Input.Submitted) -> None:
        self.dismiss(event.value.strip())

    def action_leave(self) -> None:
        """Nothing is changed."""
        self.dismiss(None)
