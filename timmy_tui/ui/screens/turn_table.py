"""The table of turns: a row a turn, whose cells are updated in place."""

from collections.abc import Iterable, Sequence

from rich.style import Style
from rich.text import Text
from textual import events, on
from textual.message import Message
from textual.scrollbar import ScrollTo
from textual.widgets import DataTable

from timmy_tui.model.turn import Turn
from timmy_tui.ui.paint.glyphs import to_ascii
from timmy_tui.ui.paint.lines import cut
from timmy_tui.ui.panels.turns.cells import TurnColumn, turn_cells
from timmy_tui.ui.view import View

Cells = list[tuple[str, str]]
"""(text, role) of each column."""


class TurnTable(DataTable[Text], inherit_bindings=False):
    """The keys are the screen's: the toolkit's Home and End go to the sides of a row."""

    class Resized(Message):
        """The table has another size."""

    class ScrolledAway(Message):
        """The user scrolled it with the mouse, and its last row is not in view; the cursor stays where it is."""

    def __init__(self) -> None:
        # The ground of the cursor's row goes over that of a cell, as its letters do: one alone could not be read.
        super().__init__(cursor_type="row", cell_padding=0, id="table", cursor_background_priority="css")
        self.shape: tuple[TurnColumn, ...] = ()
        """The columns as they stand in the table now."""
        self._painted: dict[str, Cells] = {}
        """Key of a row → its cells."""
        self._top: float | None = None
        """First row in view before the size changed; None where the user moved since."""
        self._cursor_in_view = True
        """It stays in view when the size changes; not where the user scrolled away from it."""

    @property
    def keys(self) -> list[str]:
        """Of the rows, in their order: ordinals."""
        return list(self._painted)

    def set_columns(self, shape: tuple[TurnColumn, ...], view: View, arrows: tuple[str, str]) -> None:
        """Other columns, and no rows. ``arrows``: (key of the column with an arrow behind its heading, the arrow)."""
        self.clear(columns=True)
        self._painted.clear()
        self.shape = shape
        for column in shape:
            arrow = arrows[1] if column.key == arrows[0] else ""
            heading = f"{column.heading}{arrow}" if len(column.heading) < column.width else column.heading[:-1] + arrow
            shown = to_ascii(heading) if view.glyphs.plain else heading
            self.add_column(Text(shown), width=column.width, key=column.key)

    def forget_rows(self) -> None:
        """No rows."""
        self.clear()
        self._painted.clear()

    def fill(self, turns: Sequence[Turn], view: View) -> None:
        """Rows of these turns, in their order; the cursor stays on its turn."""
        reselect = ""
        keys = dict.fromkeys(str(turn.ordinal) for turn in turns)
        for key in [key for key in self._painted if key not in keys]:
            self.remove_row(key)
            del self._painted[key]
        if list(self._painted) != list(keys)[: len(self._painted)]:
            # A turn that arrives late (typed, or from a backlog) goes where its time says. Rare: make all rows anew.
            reselect = self.cursor_key
            self.forget_rows()
        for turn in turns:
            self._update_row(str(turn.ordinal), turn_cells(turn, view, self.shape), view)
        self.put_cursor(reselect)

    def _update_row(self, key: str, cells: Cells, view: View) -> None:
        before = self._painted.get(key)
        if before is None:
            self.add_row(*self._texts(cells, view), key=key)
        elif before != cells:
            for column, old, new, text in zip(self.shape, before, cells, self._texts(cells, view), strict=True):
                if old != new:
                    self.update_cell(key, column.key, text)
        self._painted[key] = cells

    @property
    def cursor_key(self) -> str:
        """Key of the row under the cursor; empty without one."""
        return self.coordinate_to_cell_key(self.cursor_coordinate).row_key.value or "" if self.row_count else ""

    def put_cursor(self, key: str, scroll: bool = False) -> None:
        """The cursor on this row, if there is one; ``scroll``: in view, unless the user scrolled away from it."""
        if key in self._painted:
            self.move_cursor(row=self.get_row_index(key), scroll=scroll and self._cursor_in_view)

    # -- the rows in view

    def note_place(self, at_end: bool) -> None:
        """The size is another: remember what was in view before, unless it is the end that is to be there."""
        if at_end:
            self._top = None
        elif self._top is None:
            self._top = self.scroll_y

    def scroll_back(self) -> None:
        """The rows that were in view before the size changed are there again, and the cursor among them."""
        if self._top is not None:
            self.scroll_to(y=self._top, animate=False, immediate=True)
            self.put_cursor(self.cursor_key, scroll=True)

    def user_moved(self) -> None:
        """The user put the cursor somewhere, or wants other rows: what was in view before is of no interest."""
        self._top, self._cursor_in_view = None, True

    def on_resize(self, event: events.Resize) -> None:
        """Its own size, which is known later than the screen's, says which columns there are."""
        self.post_message(self.Resized())

    @on(events.MouseScrollDown)
    @on(events.MouseScrollUp)
    @on(ScrollTo)
    def _scrolled(self) -> None:
        self._top, self._cursor_in_view = None, False
        self.call_after_refresh(self._say_scrolled)

    def _say_scrolled(self) -> None:
        if self.scroll_target_y < self.max_scroll_y:
            self.post_message(self.ScrolledAway())

    @on(events.Click)
    def _clicked(self) -> None:
        self.user_moved()

    def _texts(self, cells: Iterable[tuple[str, str]], view: View) -> list[Text]:
        """As much of each as its column has room for; what is cut ends with ``…``."""
        texts = []
        pane = view.styles.get("text", Style.null()).bgcolor
        for column, (whole, role) in zip(self.shape, cells, strict=True):
            style = view.styles.get(role, Style.null())
            text = cut(whole, column.width)
            shown = to_ascii(text) if view.glyphs.plain else text
            # The ground of the pane gives way to that of the row. A role's own one stays: ✗ is dark on light.
            front, ground = style.color, style.bgcolor if style.bgcolor != pane else None
            plain = Style(color=front, bgcolor=ground, bold=style.bold, italic=style.italic, reverse=style.reverse)
            texts.append(Text(shown, style=plain, no_wrap=True))
        return texts
