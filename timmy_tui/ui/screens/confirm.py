"""The question before each change: it shows what would happen and asks for a second, different key."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.reactive import var
from textual.screen import ModalScreen

from timmy_tui.core.foreign.sanitize import clean
from timmy_tui.core.formatting import plural
from timmy_tui.ui.line_widget import LineWidget
from timmy_tui.ui.paint.lines import BLANK, Line, cells, fit, foreign, line, spread, wrap, wrap_text
from timmy_tui.ui.panels.lists import title
from timmy_tui.ui.screens.base import SparingScreen
from timmy_tui.ui.view import View

FIGURES = 2
"""Rows that stay visible above: headline and turn in flight. A preview that needs more than the others is scrolled."""
LOW = 8
"""Rows. The question takes a lower pane as a whole."""
ROOM_FOR_BLANKS = 10
"""Rows of the question from which blank ones set its keys apart."""


class ConfirmScreen(ModalScreen[str], SparingScreen[str]):
    """A panel at the lower edge. ``y`` confirms, ``o`` chooses the alternative, both once all was on the screen.

    The result is ``go``, ``other`` or an empty string.
    """

    CSS = """
    ConfirmScreen { background: transparent; align: center bottom; }
    ConfirmScreen LineWidget { height: auto; width: 1fr; dock: bottom; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "go", show=False),
        Binding("o", "other", show=False),
        Binding("escape,n,q", "leave", show=False),
        Binding("up,k", "move(-1)", show=False),
        Binding("down,j", "move(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown,space", "page(1)", show=False),
        Binding("home", "move(-100000)", show=False),
        Binding("end", "move(100000)", show=False),
    ]
    view: var[View] = var(View(), init=False)

    def __init__(
        self, heading: str, lines: tuple[str, ...], read_only: str = "", other: str = "", go: str = "go ahead"
    ) -> None:
        """``read_only``: why it cannot be confirmed, empty when it can. ``other``: label of the alternative."""
        super().__init__()
        self._go = go
        self._top = 0
        self._seen_to = 0
        """Rows of the preview, from the first on, that were on the screen at the present width."""
        self._seen_width = 0
        self._seen_all = False
        self._heading, self._lines_shown, self._read_only, self._other = heading, lines, read_only, other

    def compose(self) -> ComposeResult:
        """The panel with the question."""
        panel = LineWidget(self._draw, id="confirm")
        panel.styles.max_height = "100%"
        panel.styles.height = self._height()
        yield panel

    def on_mount(self) -> None:
        """Follow the app's view, for its colours."""
        self.watch(self.app, "view", self._show_view)

    def on_resize(self) -> None:
        """As high as the preview at this width needs."""
        self.query_one(LineWidget).styles.height = self._height()

    def _height(self) -> int:
        width, height = self.app.size
        return min(len(self._wrapped(width)) + 3 + len(self._answers(width)), max(height - FIGURES, LOW))

    def _show_view(self, view: View) -> None:
        self.view = view
        for panel in self.query(LineWidget):
            panel.paint(view)

    def _draw(self, view: View, width: int, height: int) -> list[Line]:
        body = self._wrapped(width)
        available = self._body_rows(width, height)
        lines = [title(foreign(self._heading, width - 4), width, view), *self._visible(body, available)]
        keys = self._keys(body, width, height)
        blank = [BLANK] if height > available + 1 + len(keys) else []
        return [fit(row, width) for row in [*lines, *blank, *keys, *blank][:height]]

    def _body_rows(self, width: int, height: int) -> int:
        """Rows for the preview: beside heading and keys, and two blank rows where there is room for them."""
        return max(height - (3 if height >= ROOM_FOR_BLANKS else 1) - len(self._answers(width)), 0)

    def _answers(self, width: int) -> list[Line]:
        """All of them with their words, on as many rows as they need: ``o e…`` was a key without a meaning."""
        parts = [line(("y", "key"), f" {self._go}"), line(("Esc", "key"), " cancel")]
        parts += [line(("o", "key"), f" {foreign(self._other, 40)}")] if self._other else []
        return [(*line("  "), *row) for row in wrap([] if self._read_only else parts, max(width - 2, 8), "   ")] or [
            BLANK
        ]

    def _keys(self, body: list[Line], width: int, height: int) -> list[Line]:
        elsewhere = line((self._elsewhere(body, self._body_rows(width, height)), "muted"))
        if self._read_only:
            return [spread(line((f"  refused: {foreign(self._read_only, width - 12)}", "bad")), elsewhere, width)]
        hidden = len(body) - self._seen(body, width, height)
        if hidden:
            more = f"{plural(hidden, 'more line')} to read first"
            asked = [
                line(("  ↓ space", "key"), (f"  {more}   ", "warn"), ("Esc", "key"), " cancel"),
                line(("  ↓", "key"), (f" {hidden} more to read first  ", "warn"), ("Esc", "key"), " cancel"),
            ]
            return [next((one for one in asked if cells(one) <= width), asked[-1])]
        *others, last = self._answers(width)
        whole = (*last, *line("   "), *elsewhere)
        return [*others, whole if cells(whole) <= width else last]

    def _elsewhere(self, body: list[Line], available: int) -> str:
        """How many rows of a long preview are not in view."""
        furthest = _furthest(body, available)
        top = min(self._top, furthest)
        above, below = plural(top, "line"), plural(furthest - top, "line")
        sides = (f"↑ {above}" if top else "", f"↓ {below}" if top < furthest else "")
        return "  ".join(filter(None, sides))

    def _visible(self, body: list[Line], available: int) -> list[Line]:
        """The part of a long preview that was scrolled to; the row of keys says what is left."""
        top = min(self._top, _furthest(body, available))
        return body[top : top + available]

    def _wrapped(self, width: int) -> list[Line]:
        """All of the preview, nothing cut: what is agreed to was read."""
        body: list[Line] = []
        for text in self._lines_shown:
            available = max(width - 4, 8)
            body.extend(line(("  " + row, _role(text))) for row in wrap_text(clean(text), available))
        return body

    # -- what was on the screen

    def _seen(self, body: list[Line], width: int, height: int) -> int:
        """Rows of the preview, from the first on, that were on the screen, those shown now among them.

        A jump over rows leaves them unread: what is shown counts only where it joins on.
        """
        if self._seen_all:
            return len(body)
        before = self._seen_to if width == self._seen_width else 0
        available = self._body_rows(width, height)
        first = min(self._top, _furthest(body, available))
        last = min(first + available, len(body))
        return max(before, last) if first <= before else before

    def _note_seen(self) -> bool:
        """Remember how far was read; True when that is all."""
        width, height = self.query_one(LineWidget).size
        body = self._wrapped(width)
        self._seen_to, self._seen_width = self._seen(body, width, height), width
        self._seen_all = self._seen_to >= len(body)
        return self._seen_all

    def action_go(self) -> None:
        """Yes; does nothing when read-only, or before all was shown."""
        if not self._read_only and self._note_seen():
            self.dismiss("go")

    def action_other(self) -> None:
        """The alternative, where there is one."""
        if self._other and not self._read_only and self._note_seen():
            self.dismiss("other")

    def action_leave(self) -> None:
        """No."""
        self.dismiss("")

    def action_move(self, step: int) -> None:
        """Show another part of a preview that is longer than the panel."""
        self._note_seen()
        width, height = self.query_one(LineWidget).size
        self._top = min(max(self._top + step, 0), _furthest(self._wrapped(width), self._body_rows(width, height)))
        self._note_seen()
        self._show_view(self.view)

    def action_page(self, step: int) -> None:
        """One page, less a row that stays in view."""
        width, height = self.query_one(LineWidget).size
        self.action_move(step * max(self._body_rows(width, height) - 1, 1))

    def on_mouse_scroll_down(self) -> None:
        """The wheel, where the mouse is on."""
        self.action_move(3)

    def on_mouse_scroll_up(self) -> None:
        """The wheel, where the mouse is on."""
        self.action_move(-3)


def _furthest(body: list[Line], available: int) -> int:
    """The last row that a long preview can begin with. 0: it is not long."""
    return max(len(body) - available, 0)


def _role(text: str) -> str:
    if text.startswith("+"):
        return "good"
    return "bad" if text.startswith("-") else "text"
