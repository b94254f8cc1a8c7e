"""A prompt for one line of text: a note, a value."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from timmy_tui.ui.line_widget import LineWidget
from timmy_tui.ui.paint.lines import Line, fit, foreign, line
from timmy_tui.ui.screens.base import SparingScreen
from timmy_tui.ui.view import View

LONGEST = 200
"""Characters."""


class TextPrompt(ModalScreen[str | None], SparingScreen[str | None]):
    """A heading and one line at the lower edge. The result is the text, or None when the user cancels."""

    CSS = """
    TextPrompt { background: transparent; align: center bottom; }
    TextPrompt Vertical { height: 2; dock: bottom; }
    TextPrompt LineWidget { height: 1; }
    TextPrompt Input { height: 1; border: none; padding: 0 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", show=False)]

    def __init__(self, heading: str, text: str) -> None:
        """``text``: the present value, to be edited."""
        super().__init__()
        self._heading, self._text = heading, text

    def compose(self) -> ComposeResult:
        """What is asked for, and the input line."""
        with Vertical():
            yield LineWidget(self._draw, id="prompt")
            yield Input(self._text, max_length=LONGEST, select_on_focus=False)

    def on_mount(self) -> None:
        """Type at once; follow the app's view, for its colours."""
        self.query_one(Input).focus()
        self.watch(self.app, "view", self._show_view)

    def _show_view(self, view: View) -> None:
        self.query_one(LineWidget).paint(view)

    def _draw(self, view: View, width: int, height: int) -> list[Line]:
        hint = line((foreign(self._heading, 60), "title"), (": Enter saves, Esc cancels", "muted"))
        return [fit(hint, width)][:height]

    @on(Input.Submitted)
    def _submit(self, event: Input.Submitted) -> None:
        self.dismiss(event.value.strip())

    def action_leave(self) -> None:
        """Cancel: nothing is changed."""
        self.dismiss(None)
