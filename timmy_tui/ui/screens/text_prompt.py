"""A prompt for one line of text: a note, a value."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.widgets import Input

LONGEST = 200
"""Characters."""


class TextPrompt(ModalScreen[str | None]):
    """One line at the lower edge. The result is the text, or None when the user cancels."""

    CSS = """
    TextPrompt { background: $background 0%; align: center bottom; }
    TextPrompt Input { height: 1; border: none; padding: 0 1; dock: bottom; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", show=False)]

    def __init__(self, heading: str, text: str) -> None:
        """``text``: the present value, to be edited."""
        super().__init__()
        self._heading, self._text = heading, text

    def compose(self) -> ComposeResult:
        """The input line."""
        hint = f"{self._heading}: enter saves, escape cancels"
        yield Input(self._text, placeholder=hint, max_length=LONGEST, select_on_focus=False)

    @on(Input.Submitted)
    def _submit(self, event: Input.Submitted) -> None:
        self.dismiss(event.value.strip())

    def action_leave(self) -> None:
        """Cancel: nothing is changed."""
        self.dismiss(None)
