"""Screens longer than the terminal: rows that scroll; a cursor selects those with a target."""

from collections.abc import Callable, Hashable, Sequence

from textual.app import ComposeResult
from textual.binding import Binding

from timmy_tui.ui.key_commands import SCREENS
from timmy_tui.ui.line_widget import LineWidget
from timmy_tui.ui.paint.lines import BLANK, Line, Row, fit, join_fitting, line, spread
from timmy_tui.ui.panels.facts import change_line, footer_line, frozen_words, notice_line
from timmy_tui.ui.screens.base import BaseScreen
from timmy_tui.ui.view import View

Content = Callable[[View, int], Sequence[Row]]


class ScrollScreen(BaseScreen):
    """Heading, scrolling rows, status lines and footer."""

    BINDINGS = [
        Binding("up,k", "move(-1)", show=False),
        Binding("down,j", "move(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("home", "home", show=False),
        Binding("end", "bottom", show=False),
    ]

    def __init__(self, name: str, heading: str, content: Content) -> None:
        """``content`` makes all rows for a width; the cursor decides which are shown."""
        super().__init__(name, self.draw_page)
        self._heading, self._content = heading, content
        self.top = 0
        self.target: Hashable | None = None

    def compose(self) -> ComposeResult:
        """One panel on the whole screen."""
        yield LineWidget(self.draw_page, id="page")

    def draw_page(self, view: View, width: int, height: int) -> list[Line]:
        """The visible part of the rows."""
        rows = self._content(view, width)
        below = [row for row in (change_line(view, width), notice_line(view, width)) if row]
        available = max(height - 1 - len(below) - (height > 5), 1)
        cursor = self._cursor_index(rows)
        top = self._first_row(len(rows), available, cursor)
        shown = [
            _row_line(row, index == cursor, width) for index, row in enumerate(rows[top : top + available], start=top)
        ]
        hidden = len(rows) - top - len(shown)
        count = line((f"{f'↑{top} ' if top else ''}{f'↓{hidden}' if hidden > 0 else ''}", "muted"))
        head = spread(join_fitting([line((self._heading, "title")), *self._frozen(view)], width), count, width)
        footer = [self._footer(view, width)] if height > 5 else []
        return [head, *shown, *[BLANK] * (available - len(shown)), *below, *footer]

    def _frozen(self, view: View) -> list[Line]:
        """Overlays say it in their heading, screens in their footer."""
        return [] if self.name in SCREENS else frozen_words(view)

    def _footer(self, view: View, width: int) -> Line:
        if self.name not in SCREENS:
            return line(("Esc", "key"), (" back", "muted"))
        return footer_line(view, self.name or "", width)

    def _cursor_index(self, rows: Sequence[Row]) -> int | None:
        """Index of the cursor's row: the row of its target, else the first row with a target; None without any."""
        targets = [index for index, (_, target) in enumerate(rows) if target is not None]
        if not targets:
            return None
        current = next((index for index in targets if rows[index][1] == self.target), None)
        return current if current is not None else targets[0]

    def _first_row(self, count: int, available: int, cursor: int | None) -> int:
        """Index of the first row shown, so that the cursor is visible. Painting reads ``top``; only keys change it."""
        top = min(self.top, max(count - available, 0))
        if cursor is not None:
            top = min(top, max(cursor - 1, 0)) if cursor < top + 1 else max(top, cursor - available + 1)
        return top

    def _rows(self) -> Sequence[Row]:
        return self._content(self.view, self.size.width)

    def current(self) -> Hashable | None:
        """What the cursor stands on."""
        rows = self._rows()
        index = self._cursor_index(rows)
        return None if index is None else rows[index][1]

    def action_move(self, step: int) -> None:
        """Move the cursor to the next row with a target; scroll when no row has one."""
        rows = self._rows()
        targets = [index for index, (_, target) in enumerate(rows) if target is not None]
        if not targets:
            self._show_from(self.top + step, len(rows))
            return
        place = self._cursor_index(rows)
        at = targets.index(place) if place in targets else 0
        self.target = rows[targets[min(max(at + step, 0), len(targets) - 1)]][1]
        self._follow_cursor(rows)

    def _follow_cursor(self, rows: Sequence[Row]) -> None:
        self.top = self._first_row(len(rows), max(self.size.height - 4, 1), self._cursor_index(rows))
        self.repaint()

    def _show_from(self, top: int, count: int) -> None:
        self.top = min(max(top, 0), max(count - max(self.size.height - 2, 1), 0))
        self.repaint()

    def action_page(self, step: int) -> None:
        """One page down or up."""
        jump = max(self.size.height - 3, 1) * step
        if self.current() is None:
            self._show_from(self.top + jump, len(self._rows()))
        else:
            self.action_move(jump)

    def action_home(self) -> None:
        """To the first row."""
        self.top = 0
        self.action_move(-(10**6))

    def action_bottom(self) -> None:
        """To the last row."""
        self.action_move(10**6)


def _row_line(row: Row, at_cursor: bool, width: int) -> Line:
    spans, target = row
    if target is None:
        return fit(spans, width)
    if not at_cursor:
        return fit((("  ", "text"), *spans), width)
    return tuple((text, "cursor") for text, _ in fit((("> ", "cursor"), *spans), width))
