"""Pages over the table of turns: a turn in full, its postcard, the choice of columns."""

from collections.abc import Callable
from functools import partial
from itertools import groupby

from rich.cells import cell_len

from timmy_tui.model.turn import Turn
from timmy_tui.ui.key_commands import screen_bindings
from timmy_tui.ui.paint.lines import Line, Row, left, line, wrap, wrap_text
from timmy_tui.ui.panels.turns.cells import COLUMNS
from timmy_tui.ui.panels.turns.detail import detail_lines
from timmy_tui.ui.panels.turns.postcard import figures_of, postcard
from timmy_tui.ui.screens.scroll_page import ScrollScreen
from timmy_tui.ui.view import View


class TurnPage(ScrollScreen):
    """One turn on a page of its own."""

    BINDINGS = [*screen_bindings("turn")]

    def __init__(self, turn: Turn, name: str) -> None:
        """``name``: of the turn."""
        super().__init__("turn", name, partial(turn_rows, turn))
        self._turn = turn

    def selected(self) -> Turn | None:
        """The turn of the page."""
        return self._turn


class PostcardPage(ScrollScreen):
    """Twelve lines, as they are copied."""

    BINDINGS = [*screen_bindings("postcard")]

    def __init__(self, turn: Turn) -> None:
        """``turn``: whose postcard it is."""
        super().__init__("postcard", "postcard", partial(postcard_rows, turn))


class ColumnsPage(ScrollScreen):
    """A row for each column of the table; enter shows or hides it."""

    BINDINGS = [*screen_bindings("columns")]

    def __init__(self, chosen: tuple[str, ...], choose: Callable[[tuple[str, ...]], None]) -> None:
        """``choose`` is called with the keys of all columns that are to be shown."""
        super().__init__("columns", "columns of the turns", self._column_rows)
        self._chosen, self._choose = chosen, choose

    def _column_rows(self, view: View, width: int) -> list[Row]:
        rows: list[Row] = []
        for column in COLUMNS:
            mark = view.glyphs.ok if column.key in self._chosen else view.glyphs.none
            shown = "value" if column.key in self._chosen else "muted"
            name = left(column.heading.strip() or column.key, 9)
            rows.append((line((f"{mark} ", shown), (name, shown), (column.meaning, "muted")), column.key))
        return rows

    def action_show_or_hide(self) -> None:
        """Show or hide the column under the cursor; one is always shown."""
        key = str(self.current())
        keys = [column.key for column in COLUMNS if (column.key in self._chosen) != (column.key == key)]
        if keys:
            self._chosen = tuple(keys)
            self._choose(self._chosen)
            self.repaint()


def turn_rows(turn: Turn, view: View, width: int) -> list[Row]:
    """All lines about a turn, without a limit of height."""
    return [(row, None) for row in detail_lines(view, turn, width, 40 + len(turn.events))]


def postcard_rows(turn: Turn, view: View, width: int) -> list[Row]:
    """The postcard; what is wider than the pane goes on below, and no figure leaves its name."""
    texts = postcard(turn, view)
    if max(map(cell_len, texts)) <= width:
        return [(line(text), None) for text in texts]
    rows: list[Line] = []
    for are_figures, group in groupby(texts, key=lambda text: bool(figures_of(text))):
        if are_figures:
            rows += wrap([line(figure) for text in group for figure in figures_of(text)], width)
        else:
            rows += [line(part) for text in group for part in wrap_text(text, width)]
    return [(row, None) for row in rows]
