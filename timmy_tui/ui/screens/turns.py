"""Screen 2: a table of all turns, and the selected turn in full."""

from typing import cast

from textual import on
from textual.app import ComposeResult
from textual.containers import Container
from textual.geometry import Size
from textual.widgets import DataTable

from timmy_tui.core.formatting import plural
from timmy_tui.model.turn import Turn
from timmy_tui.model.user_requests import MarkTurn, Quality
from timmy_tui.ui.column_choice import remember_columns, remembered_columns
from timmy_tui.ui.host import Host
from timmy_tui.ui.key_commands import screen_bindings
from timmy_tui.ui.last_view import TableChoice, choice_of, remember_choice
from timmy_tui.ui.line_widget import LineWidget
from timmy_tui.ui.messages import Requested
from timmy_tui.ui.paint.lines import Line, cells, fit, join_fitting, line, spread
from timmy_tui.ui.panels.facts import change_line, footer_line, notice_line
from timmy_tui.ui.panels.headline import headline_line
from timmy_tui.ui.panels.turns.cells import chosen_columns
from timmy_tui.ui.panels.turns.detail import detail_lines
from timmy_tui.ui.panels.turns.order import TurnOrder
from timmy_tui.ui.panels.waits import wait_words
from timmy_tui.ui.screens.filter_bar import FilterScreen
from timmy_tui.ui.screens.turn_pages import ColumnsPage, TurnPage
from timmy_tui.ui.screens.turn_table import TurnTable
from timmy_tui.ui.turn_filter import HINT, FilterProblem, filter_problem
from timmy_tui.ui.view import View

WIDE, BROAD = (120, 60), (180, 92)
"""Columns of the pane from which the list stands beside the turn, and its cells then."""


class TurnsScreen(FilterScreen):
    """Which turns the table has, in which order. Moving the cursor away from the newest row stops following."""

    CSS = f"""
    TurnsScreen #bar {{ height: 2; }}
    TurnsScreen #foot {{ height: 1; }}
    TurnsScreen.-said #foot {{ height: 2; }}
    TurnsScreen.-both #foot {{ height: 3; }}
    TurnsScreen DataTable {{ height: 45%; overflow-x: hidden; scrollbar-size-vertical: 1; background: $background; }}
    TurnsScreen #body {{ layout: vertical; height: 1fr; }}
    TurnsScreen.-wide #body, TurnsScreen.-broad #body {{ layout: horizontal; }}
    TurnsScreen.-wide DataTable {{ width: {WIDE[1]}; height: 1fr; margin-right: 1; }}
    TurnsScreen.-broad DataTable {{ width: {BROAD[1]}; height: 1fr; margin-right: 1; }}
    TurnsScreen.-low DataTable {{ height: 1fr; }}
    TurnsScreen.-low #detail {{ display: none; }}
    """
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE[0], "-wide"), (BROAD[0], "-broad")]
    VERTICAL_BREAKPOINTS = [(0, "-low"), (14, "-high")]
    BINDINGS = [*screen_bindings("turns")]
    PLACEHOLDER = "llm>1s failed tail:on …"

    def __init__(self, name: str) -> None:
        """``name``: of the Textual mode."""
        super().__init__(name)
        self.following = True
        self._cursor_key = ""
        self._filled_for: tuple[object, object] = (None, None)
        """What the rows are made of, as ``View.cached`` has it, and the theme's styles."""
        self._keys: tuple[str, ...] = ()
        """Of the columns that the user chose."""
        self._order = TurnOrder()
        self._pane = 0
        """Columns of the pane that the table is made for."""

    def compose(self) -> ComposeResult:
        """Heading, table and detail, footer."""
        yield LineWidget(self._draw_bar, id="bar")
        with Container(id="body"):
            yield TurnTable()
            yield LineWidget(self._draw_detail, id="detail")
        yield LineWidget(self._draw_foot, id="foot")
        yield from self.compose_filter()

    @property
    def table(self) -> TurnTable:
        """The list of turns, oldest first."""
        return self.query_one(TurnTable)

    def on_mount(self) -> None:
        """The columns that the user chose, then the rows."""
        super().on_mount()
        self._pane = self.app.size.width
        self._keys = remembered_columns()
        self._restore()
        self._set_columns()
        self._refill()
        self.table.focus()

    def _restore(self) -> None:
        """Filter and order of the last time."""
        self._order.restore(choice_of(cast(Host, self.app).choices, "turns", TableChoice))
        self.following = self._order.is_by_time
        if self._order.filter_text:
            self.filter_text = self.filter_bar.input.value = self._order.filter_text
            self.filter_bar.add_class("shown")

    def _remember(self) -> None:
        remember_choice(cast(Host, self.app).choices, "turns", self._order.choice)

    @on(TurnTable.Resized)
    def _table_resized(self) -> None:
        """The last column takes the room that is left; the newest row stays in view."""
        self.table.note_place(at_end=self.following)
        self.call_after_refresh(self._fit_columns)

    @on(TurnTable.ScrolledAway)
    def _stop_following(self) -> None:
        """Whoever scrolled away from the newest row is not taken back to it by the next turn."""
        self.following = False
        super().repaint()

    def on_screen_resume(self) -> None:
        """The newest row is in view again."""
        self.fit_to_pane(self.app.size)
        super().on_screen_resume()
        self.call_after_refresh(self._show_newest)

    def fit_to_pane(self, size: Size) -> None:
        """The columns of this size of the pane, before it is painted at that."""
        self._pane = size.width
        if self.table.shape and chosen_columns(self._keys, self._table_width()) != self.table.shape:
            self.table.note_place(at_end=self.following)
            self._change_columns()
            # The rows are new: how far they can be scrolled is known after the next frame.
            self.call_after_refresh(self._show_newest)
            self.call_after_refresh(self.table.scroll_back)

    def _fit_columns(self) -> None:
        self.fit_to_pane(self.app.size)
        self._show_newest()
        self.call_after_refresh(self.table.scroll_back)

    def _change_columns(self) -> None:
        """Other columns, the cursor on the same turn: columns that change take all rows with them."""
        chosen = "" if self.following else self.table.cursor_key
        self._set_columns()
        self._refill()
        self.table.put_cursor(chosen, scroll=True)

    def _table_width(self) -> int:
        """Of the pane as it is: the table itself is told of its size behind the first picture."""
        table = next((cells for least, cells in (BROAD, WIDE) if self._pane >= least), self._pane)
        return max(table - 1, 1)

    def _set_columns(self) -> None:
        """The headings, with an arrow at the one that the rows are sorted by."""
        shape = chosen_columns(self._keys, self._table_width())
        self.table.set_columns(shape, self.view, (self._order.sorted_by, self._order.arrow(self.view.glyphs)))

    def _show_newest(self) -> None:
        if self.following and self.table.row_count:
            self.table.move_cursor(row=self.table.row_count - 1, scroll=True)

    def repaint(self) -> None:
        """Update new and changed rows, then paint the panels. The foot has room for change and notice."""
        if self.is_mounted and self.size.width:
            width = self.size.width
            said = sum(bool(row) for row in (change_line(self.view, width), notice_line(self.view, width)))
            self.set_class(said == 1, "-said")
            self.set_class(said > 1, "-both")
        made_of, styles = self._filled_for
        if self.table.columns and (self.view.cached_lines is not made_of or self.view.styles is not styles):
            self._fill()
        super().repaint()

    # -- rows

    def _fill(self) -> None:
        if self.view.styles is not self._filled_for[1]:
            self.table.forget_rows()
        self._filled_for = (self.view.cached_lines, self.view.styles)
        turns = self._order.turns(self.view)
        self.table.fill(turns, self.view)
        if self.following and turns:
            self._cursor_key = str(turns[-1].ordinal)
            self.table.move_cursor(row=self.table.row_count - 1)

    def filter_changed(self) -> None:
        """Show the turns that pass; what cannot be understood yet changes nothing."""
        try:
            self._order.filter_by(self.filter_text)
        except FilterProblem:
            self.repaint()
            return
        self.following = self._order.is_by_time
        self.table.user_moved()
        self._refill()

    def filter_hint(self) -> tuple[str, str]:
        """What can be typed, or what is wrong with what was."""
        problem = filter_problem(self.filter_text)
        return (problem, "bad") if problem else (HINT, "muted")

    def filter_entered(self) -> bool:
        """What cannot be understood stays, to be corrected."""
        return not filter_problem(self.filter_text)

    def _refill(self) -> None:
        """All rows anew, the cursor on the same turn."""
        self._remember()
        chosen = "" if self.following else self.table.cursor_key
        self.table.forget_rows()
        self._filled_for = (None, self.view.styles)
        self.repaint()
        self.table.put_cursor(chosen, scroll=True)

    # -- columns and order

    def action_sort(self) -> None:
        """Sort by the next column, the largest first; from the last one back to the order of time."""
        self._sort(*self._order.next_column([column.key for column in self.table.shape]))

    def action_sort_back(self) -> None:
        """The other way round."""
        self._sort(self._order.sorted_by, not self._order.downwards)

    def _sort(self, key: str, downwards: bool) -> None:
        self._order.sort_by(key, downwards)
        self.table.user_moved()
        chosen = self.table.cursor_key
        self.following = False
        self._set_columns()
        self._refill()
        self.table.put_cursor(chosen, scroll=True)

    def action_columns(self) -> None:
        """Choose the columns."""
        self.app.push_screen(ColumnsPage(self._keys, self._choose_columns))

    def _choose_columns(self, keys: tuple[str, ...]) -> None:
        self._keys = keys
        if self._order.sorted_by not in keys:
            self._order.by_time()
        self._change_columns()
        try:
            remember_columns(keys)
        except OSError as error:
            cast(Host, self.app).say(f"columns not saved: {error.strerror}", "warn")

    def action_export(self) -> None:
        """Write the turns that are shown as CSV."""
        from timmy_tui.ui.exports.turns import save_turns

        cast(Host, self.app).say(*save_turns(self.shown_turns(), self.view))

    def shown_turns(self) -> list[Turn]:
        """The turns of the table, in its order."""
        by_key = {str(turn.ordinal): turn for turn in self.view.turns}
        return [by_key[key] for key in self.table.keys if key in by_key]

    def focus_content(self) -> None:
        """Back to the table."""
        self.table.focus()

    # -- the selected turn

    def selected(self) -> Turn | None:
        """The turn under the cursor."""
        key = self.table.cursor_key
        return next((turn for turn in self.view.turns if str(turn.ordinal) == key), None)

    @on(DataTable.RowHighlighted)
    def _moved(self) -> None:
        # The event may be older than the rows: the cursor's present row counts.
        turn = self.selected()
        if turn is not None and str(turn.ordinal) != self._cursor_key:
            self.following = self._order.is_by_time and str(turn.ordinal) == self.table.keys[-1]
        super().repaint()

    def action_move(self, step: int) -> None:
        """Move the cursor up or down."""
        self.table.user_moved()
        self.table.move_cursor(row=min(max(self.table.cursor_row + step, 0), max(self.table.row_count - 1, 0)))

    def action_page(self, step: int) -> None:
        """Move the cursor by one page."""
        self.action_move(step * max(self.table.size.height - 2, 1))

    def action_home(self) -> None:
        """To the first row."""
        self.action_move(-self.table.row_count)

    def action_follow(self) -> None:
        """Go to the newest turn and follow, in the order of time."""
        self.table.user_moved()
        self.following = True
        if not self._order.is_by_time:
            self._order.by_time()
            self._set_columns()
            self._refill()
        self._fill()
        self._show_newest()
        super().repaint()

    @on(DataTable.RowSelected)
    def action_turn(self) -> None:
        """Open the selected turn on a page of its own; a second click on its row does too."""
        turn = self.selected()
        if turn is not None:
            name = self.view.turn_name(turn.ordinal)
            self.app.push_screen(TurnPage(turn, name))

    def action_mark(self, quality: Quality) -> None:
        """Mark the selected turn."""
        turn = self.selected()
        if turn is not None:
            self.post_message(Requested(MarkTurn(turn.ordinal, quality)))

    # -- panels

    def _draw_bar(self, view: View, width: int, height: int) -> list[Line]:
        shown, total = len(self.table.keys), len(view.turns)
        parts = [line((self._order.heading(shown, total), "title"))]
        hidden = sum(key not in {column.key for column in self.table.shape} for key in self._keys)
        if hidden:
            parts.append(line((f"+{plural(hidden, 'column')}", "title")))
        text, role = self._following()
        # How many columns are hidden is said whole or not at all: ``+5…`` counted nothing.
        head = join_fitting(parts, max(width - len(text) - 1, cells(parts[0])), " · ")
        return [headline_line(view, width), spread(head, line((text, role)), width)][:height]

    def _following(self) -> tuple[str, str]:
        if self.following:
            return "following", "muted"
        key = self.view.keys.get("follow", "")
        if not self._order.is_by_time:
            return f"{key} follows", "muted"
        keys = self.table.keys
        new = len(keys) - 1 - keys.index(self._cursor_key) if self._cursor_key in keys else 0
        return (f"+{new} new {self.view.glyphs.more} {key}", "warn") if new else (f"{key} follows", "muted")

    def _draw_detail(self, view: View, width: int, height: int) -> list[Line]:
        turn = self.selected()
        if turn is None and view.turns and self._order.filter_text:
            return [fit(line(("no turn passes the filter; ", "muted"), ("Esc", "key"), (" shows all", "muted")), width)]
        wait = "".join(text for text, _ in wait_words(view.snapshot.pass_bound))
        key = ("detail", turn.ordinal if turn is not None else None, width, height, wait, view.row, view.raw_rows)
        return view.cached(key, lambda: detail_lines(view, turn, width, height))

    def _draw_foot(self, view: View, width: int, height: int) -> list[Line]:
        status = [row for row in (change_line(view, width), notice_line(view, width)) if row]
        return [*status, footer_line(view, "turns", width)][-height:]
