"""The question before each change: it shows what would happen and asks for a second, different key."""

import textwrap
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.reactive import var
from textual.screen import ModalScreen

from timmy_tui.ui.line_widget import LineWidget
from timmy_tui.ui.paint.lines import BLANK, Line, fit, foreign, line
from timmy_tui.ui.panels.lists import title
from timmy_tui.ui.view import View


class ConfirmScreen(ModalScreen[str]):
    """A panel at the lower edge; the figures above stay visible. ``y`` confirms, ``o`` chooses the alternative.

    The result is ``go``, ``other`` or an empty string.
    """

    CSS = """
    ConfirmScreen { background: $background 0%; align: center bottom; }
    ConfirmScreen LineWidget { height: auto; width: 1fr; dock: bottom; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "go", show=False),
        Binding("o", "other", show=False),
        Binding("escape,n,q", "leave", show=False),
        Binding("up,k", "move(-1)", show=False),
        Binding("down,j", "move(1)", show=False),
        Binding("pageup", "move(-8)", show=False),
        Binding("pagedown,space", "move(8)", show=False),
    ]
    view: var[View] = var(View(), init=False)

    def __init__(
        self, heading: str, lines: tuple[str, ...], read_only: str = "", other: str = "", go: str = "go ahead"
    ) -> None:
        """``read_only``: why it cannot be confirmed, empty when it can. ``other``: label of the alternative."""
        super().__init__()
        self._go = go
        self._top = 0
        self._heading, self._lines_shown, self._read_only, self._other = heading, lines, read_only, other

    def compose(self) -> ComposeResult:
        """The panel with the question."""
        panel = LineWidget(self._draw, id="confirm")
        panel.styles.height = min(len(self._wrapped(self.app.size.width)), 14) + 4
        panel.styles.max_height = "100%"
        yield panel

    def on_mount(self) -> None:
        """Follow the app's view, for its colours."""
        self.watch(self.app, "view", self._show_view)

    def _show_view(self, view: View) -> None:
        self.view = view
        for panel in self.query(LineWidget):
            panel.paint(view)

    def _draw(self, view: View, width: int, height: int) -> list[Line]:
        body = self._visible(self._wrapped(width), max(height - 4, 0))
        other = line(("o", "key"), f" {foreign(self._other, 40)}   ") if self._other else ()
        keys = (*line(("  y", "key"), f" {self._go}   ", ("Esc", "key"), " cancel   "), *other)
        if self._read_only:
            keys = line((f"  refused: {foreign(self._read_only, width - 12)}", "bad"))
        lines = [title(foreign(self._heading, width - 4), width, view), *body, BLANK, keys, BLANK]
        return [fit(row, width) for row in lines[:height]]

    def _visible(self, body: list[Line], available: int) -> list[Line]:
        """The part of a long preview that was scrolled to, and how much is above and below it."""
        furthest = _furthest(body, available)
        if furthest == 0:
            return body[:available]
        top = min(self._top, furthest)
        above, below = f"↑ {top} lines  " if top else "", f"↓ {furthest - top} more lines" if top < furthest else ""
        return [*body[top : top + available - 1], line((f"  {above}{below}".rstrip(), "muted"))][:available]

    def _wrapped(self, width: int) -> list[Line]:
        """Lines of code are cut; sentences are wrapped."""
        body: list[Line] = []
        for text in self._lines_shown:
            available = max(width - 4, 8)
            if _role(text) != "text":
                body.append(line(("  " + foreign(text, available), _role(text))))
                continue
            rows = textwrap.wrap(foreign(text, 400), available, subsequent_indent="  ") or [""]
            body.extend(line(("  " + row, "text")) for row in rows)
        return body

    def action_go(self) -> None:
        """Yes; does nothing when read-only."""
        if not self._read_only:
            self.dismiss("go")

    def action_other(self) -> None:
        """The alternative, where there is one."""
        if self._other and not self._read_only:
            self.dismiss("other")

    def action_leave(self) -> None:
        """No."""
        self.dismiss("")

    def action_move(self, step: int) -> None:
        """Show another part of a preview that is longer than the panel."""
        width, height = self.query_one(LineWidget).size
        self._top = min(max(self._top + step, 0), _furthest(self._wrapped(width), height - 4))
        self._show_view(self.view)


def _furthest(body: list[Line], available: int) -> int:
    """The last line that a long preview can begin with; one line says what is above and below. 0: it is not long."""
    return len(body) - max(available - 1, 0) if len(body) > available else 0


def _role(text: str) -> str:
    if text.startswith("+"):
        return "good"
    return "bad" if text.startswith("-") else "text"
