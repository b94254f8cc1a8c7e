"""Screen 2: a table of all turns, and the selected turn in full."""

from functools import partial

from rich.style import Style
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Container
from textual.widgets import DataTable

from timmy_tui.core.sanitize import clean
from timmy_tui.model.turn import Turn
from timmy_tui.model.user_requests import MarkTurn, Quality
from timmy_tui.ui.key_commands import screen_bindings
from timmy_tui.ui.line_widget import LineWidget
from timmy_tui.ui.messages import Requested
from timmy_tui.ui.paint.glyphs import to_ascii
from timmy_tui.ui.paint.lines import Line, Row, line, spread
from timmy_tui.ui.panels.detail import detail_lines
from timmy_tui.ui.panels.facts import change_line, footer_line, notice_line
from timmy_tui.ui.panels.headline import headline_line
from timmy_tui.ui.panels.turn_cells import COLUMNS, turn_cells
from timmy_tui.ui.screens.filter_bar import FilterScreen
from timmy_tui.ui.screens.scroll_page import ScrollScreen
from timmy_tui.ui.view import View

MOST = 200
"""Greatest number of rows: removing a row costs more the more rows there are."""


class TurnTable(DataTable[Text], inherit_bindings=False):
    """The keys are the screen's: the toolkit's Home and End go to the sides of a row."""


class TurnPage(ScrollScreen):
    """One turn on a page of its own."""

    BINDINGS = [*screen_bindings("turn")]


class TurnsScreen(FilterScreen):
    """Cells are updated in place. Moving the cursor away from the newest row stops following."""

    CSS = """
    TurnsScreen #bar { height: 2; }
    TurnsScreen #foot { height: 2; }
    TurnsScreen DataTable { height: 45%; overflow-x: hidden; scrollbar-size-vertical: 1; background: $background; }
    TurnsScreen #body { layout: vertical; height: 1fr; }
    TurnsScreen.-wide #body { layout: horizontal; }
    TurnsScreen.-wide DataTable { width: 57; height: 1fr; margin-right: 1; }
    TurnsScreen.-broad DataTable { width: 92; }
    TurnsScreen.-low DataTable { height: 1fr; }
    TurnsScreen.-low #detail { display: none; }
    """
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (120, "-wide"), (180, "-wide -broad")]
    VERTICAL_BREAKPOINTS = [(0, "-low"), (14, "-high")]
    BINDINGS = [*screen_bindings("turns")]

    def __init__(self, name: str) -> None:
        """``name``: of the Textual mode."""
        super().__init__(name)
        self.following = True
        self._cells: dict[str, list[tuple[str, str]]] = {}
        self._cursor_key = ""
        self._filled_for: tuple[object, object] = (None, None)

    def compose(self) -> ComposeResult:
        """Heading, table and detail, footer."""
        yield LineWidget(self._draw_bar, id="bar")
        with Container(id="body"):
            yield TurnTable(cursor_type="row", cell_padding=0, id="table")
            yield LineWidget(self._draw_detail, id="detail")
        yield LineWidget(self._draw_foot, id="foot")
        yield from self.compose_filter()

    @property
    def table(self) -> "DataTable[Text]":
        """The list of turns, oldest first."""
        return self.query_one("#table", DataTable)

    def on_mount(self) -> None:
        """Add the columns, once."""
        for key, heading, width in COLUMNS:
            self.table.add_column(Text(heading), width=width, key=key)
        super().on_mount()
        self.table.focus()

    def repaint(self) -> None:
        """Update new and changed rows, then paint the panels."""
        if self.table.columns and (self.view.snapshot, self.view.styles) != self._filled_for:
            self._fill()
        super().repaint()

    # -- rows

    def _filtered_turns(self) -> list[Turn]:
        turns = self.view.turns
        if self.filter_text:
            turns = tuple(turn for turn in turns if self.filter_text.lower() in _searchable_text(turn))
        return list(turns[-MOST:])

    def _fill(self) -> None:
        if self.view.styles is not self._filled_for[1]:
            self._clear()
        self._filled_for = (self.view.snapshot, self.view.styles)
        reselect: Turn | None = None
        turns = self._filtered_turns()
        keys = dict.fromkeys(str(turn.ordinal) for turn in turns)
        for key in [key for key in self._cells if key not in keys]:
            self.table.remove_row(key)
            del self._cells[key]
        if list(self._cells) != list(keys)[: len(self._cells)]:
            # A turn that arrives late (typed, or from a backlog) goes where its time says. Rare: make all rows anew.
            reselect = self.selected()
            self._clear()
        for turn in turns:
            self._update_row(str(turn.ordinal), turn_cells(turn, self.view))
        if reselect is not None and str(reselect.ordinal) in self._cells:
            self.table.move_cursor(row=self.table.get_row_index(str(reselect.ordinal)))
        if self.following and turns:
            self._cursor_key = str(turns[-1].ordinal)
            self.table.move_cursor(row=self.table.row_count - 1)

    def _update_row(self, key: str, cells: list[tuple[str, str]]) -> None:
        before = self._cells.get(key)
        if before is None:
            self.table.add_row(*(self._text(cell) for cell in cells), key=key)
        elif before != cells:
            for (column, _, _), old, new in zip(COLUMNS, before, cells, strict=True):
                if old != new:
                    self.table.update_cell(key, column, self._text(new))
        self._cells[key] = cells

    def _text(self, cell: tuple[str, str]) -> Text:
        text, role = cell
        style = self.view.styles.get(role, Style.null())
        shown = to_ascii(text) if self.view.glyphs.plain else text
        return Text(shown, style=Style(color=style.color, bold=style.bold, italic=style.italic), no_wrap=True)

    def _clear(self) -> None:
        self.table.clear()
        self._cells.clear()

    def filter_changed(self) -> None:
        """Show the turns that contain the text."""
        self._clear()
        self._filled_for = (None, self.view.styles)
        self.following = True
        self.repaint()

    def focus_content(self) -> None:
        """Back to the table."""
        self.table.focus()

    # -- the selected turn

    def selected(self) -> Turn | None:
        """The turn under the cursor."""
        table = self.table
        if not table.row_count:
            return None
        key = table.coordinate_to_cell_key(table.cursor_coordinate).row_key.value
        return next((turn for turn in self.view.turns if str(turn.ordinal) == key), None)

    @on(DataTable.RowHighlighted)
    def _moved(self) -> None:
        # The event may be older than the rows: the cursor's present row counts.
        turn = self.selected()
        if turn is not None and str(turn.ordinal) != self._cursor_key:
            self.following = str(turn.ordinal) == next(reversed(self._cells))
        super().repaint()

    def action_move(self, step: int) -> None:
        """Move the cursor up or down."""
        self.table.move_cursor(row=min(max(self.table.cursor_row + step, 0), max(self.table.row_count - 1, 0)))

    def action_page(self, step: int) -> None:
        """Move the cursor by one page."""
        self.action_move(step * max(self.table.size.height - 2, 1))

    def action_home(self) -> None:
        """To the first row."""
        self.action_move(-self.table.row_count)

    def action_follow(self) -> None:
        """Go to the newest turn and follow."""
        self.following = True
        self._fill()
        super().repaint()

    @on(DataTable.RowSelected)
    def action_turn(self) -> None:
        """Open the selected turn on a page of its own; a second click on its row does too."""
        turn = self.selected()
        if turn is not None:
            name = self.view.turn_name(turn.ordinal)
            self.app.push_screen(TurnPage("turn", name, partial(turn_rows, turn)))

    def action_mark(self, quality: Quality) -> None:
        """Mark the selected turn."""
        turn = self.selected()
        if turn is not None:
            self.post_message(Requested(MarkTurn(turn.ordinal, quality)))

    # -- panels

    def _draw_bar(self, view: View, width: int, height: int) -> list[Line]:
        shown, total = len(self._cells), len(view.turns)
        count = f"{shown} of {total} turns" + (" contain that text" if self.filter_text else "")
        return [headline_line(view, width), spread(line((count, "title")), line(self._following()), width)][:height]

    def _following(self) -> tuple[str, str]:
        if self.following:
            return "following", "muted"
        keys = list(self._cells)
        new = len(keys) - 1 - keys.index(self._cursor_key) if self._cursor_key in keys else 0
        return (f"+{new} new {self.view.glyphs.more} f", "warn") if new else ("f follows", "muted")

    def _draw_detail(self, view: View, width: int, height: int) -> list[Line]:
        return detail_lines(view, self.selected(), width, height)

    def _draw_foot(self, view: View, width: int, height: int) -> list[Line]:
        status = change_line(view, width) or notice_line(view, width)
        return [status, footer_line(view, "turns", width)][-height:]


def turn_rows(turn: Turn, view: View, width: int) -> list[Row]:
    """All lines about a turn, without a limit of height."""
    return [(row, None) for row in detail_lines(view, turn, width, 40 + len(turn.events))]


def _searchable_text(turn: Turn) -> str:
    fields = (turn.request_id, turn.state, turn.reason, turn.session_id, turn.model, turn.text, *turn.errors)
    return clean(" ".join(str(field) for field in fields if field)).lower()
