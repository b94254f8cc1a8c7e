"""Screens longer than the terminal: rows that scroll; a cursor selects those with a target."""

from collections.abc import Callable, Hashable, Sequence

from msgspec.structs import replace
from rich.cells import cell_len, set_cell_size
from textual import events
from textual.app import ComposeResult

from timmy_tui.ui.key_commands import OVERLAYS, SCREENS, keys_on
from timmy_tui.ui.line_widget import LineWidget
from timmy_tui.ui.paint.lines import (
    BLANK,
    Line,
    Row,
    cells,
    cut,
    fit,
    join_fitting,
    left,
    line,
    plain,
    spread,
    whole_words,
    wrap_text,
)
from timmy_tui.ui.panels.facts import change_line, footer_line, frozen_words, notice_line, tells_end_of_change
from timmy_tui.ui.screens.filter_bar import FilterScreen
from timmy_tui.ui.view import View

MARGIN, LEAST_TEXT, MOST_BELOW = 4, 30, 3
"""Cells ahead of what continues a row whose cut column has fewer cells than the second, or needs more rows than the
third."""
BACK = line(("Esc", "key"), (" back", "muted"))
"""The footer of a page whose other keys do nothing now."""
Content = Callable[[View, int], Sequence[Row]]


class ScrollScreen(FilterScreen):
    """Heading, scrolling rows, status lines and footer. Where ``/`` is bound, only the rows that contain a text.

    A subclass binds the keys of its place in the table of commands.
    """

    MOST_CHOSEN = 100
    """Percent of the page that the row under the cursor takes at most, where all of it needs more rows than one."""

    def __init__(self, name: str, heading: str, content: Content) -> None:
        """``content`` makes all rows for a width; the cursor decides which are shown."""
        super().__init__(name, self.draw_page)
        self._heading, self._content = heading, content
        self.top = 0
        self.target: Hashable | None = None

    def compose(self) -> ComposeResult:
        """One panel on the whole screen, and the filter."""
        yield LineWidget(self.draw_page, id="page")
        yield from self.compose_filter()

    def draw_page(self, view: View, width: int, height: int) -> list[Line]:
        """The visible part of the rows."""
        rows, total = self._matching(view, width)
        place = self.name or ""
        if place in OVERLAYS:
            view = replace(view, keys=keys_on(view.keys, place))
        change, notice = change_line(view, width), notice_line(view, width)
        below = [row for row in (change, notice) if row]
        available = max(height - 1 - len(below) - (height > 5), 1)
        shown, top, hidden = self._in_view(rows, width, available)
        if change and self.says_change(rows[top : len(rows) - hidden]):
            below = [notice] if notice and not tells_end_of_change(view) else []
            available = max(height - 1 - len(below) - (height > 5), 1)
            shown, top, hidden = self._in_view(rows, width, available)
        scrolled = f"{f'↑{top} ' if top else ''}{f'↓{hidden}' if hidden > 0 else ''}"
        found = f"{len(rows)} of {total} lines  " if self.filter_text else ""
        heading = join_fitting([line((self._heading, "title")), *self._frozen(view)], width)
        head = spread(heading, line((found, "info"), (scrolled, "muted")), width)
        footer = [self._footer(view, width)] if height > 5 else []
        return [head, *shown, *[BLANK] * (available - len(shown)), *below, *footer]

    def says_change(self, shown: Sequence[Row]) -> bool:
        """The rows in view say how the running change goes, so that the foot need not; no page but one does."""
        return False

    def _in_view(self, rows: Sequence[Row], width: int, available: int) -> tuple[list[Line], int, int]:
        """The lines that are shown, the index of the first row, and how many rows are below."""
        cursor = self._cursor_index(rows)
        chosen = self._chosen_lines(rows[cursor][0], width, available) if cursor is not None else []
        more = max(len(chosen) - 1, 0)
        top = self._first_row(len(rows), available - more, cursor)
        shown: list[Line] = []
        for index in range(top, min(top + available - more, len(rows))):
            shown += chosen if index == cursor else [_row_line(rows[index], width)]
        return shown, top, len(rows) - top - (len(shown) - more)

    def _chosen_lines(self, spans: Line, width: int, available: int) -> list[Line]:
        """The row under the cursor, on as many lines as it may have of so many."""
        whole = _whole_row(spans, width)
        most = min(max(available * self.MOST_CHOSEN // 100, 2), available)
        if len(whole) <= most:
            return whole
        text, role = whole[most - 1][0]
        return [*whole[: most - 1], line((left(f"{cut(text.rstrip(), width - 1, '')}…", width), role))]

    def _frozen(self, view: View) -> list[Line]:
        """Overlays say it in their heading, screens in their footer."""
        return [] if self.name in SCREENS else frozen_words(view)

    def _matching(self, view: View, width: int) -> tuple[Sequence[Row], int]:
        """The rows that contain the text, and how many there are without it."""
        rows = self._content(view, width)
        if not self.filter_text:
            return rows, len(rows)
        wanted = self.filter_text.lower()
        found = [part for part in _parts(rows) if any(wanted in plain(row).lower() for row, _ in part)]
        return [row for part in found for row in part], len(rows)

    def filter_changed(self) -> None:
        """From the first row that contains the text."""
        self.top = 0
        self.repaint()

    def _footer(self, view: View, width: int) -> Line:
        return footer_line(view, self.name or "", width) or BACK

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
        return self._matching(self.view, self._width())[0]

    def _width(self) -> int:
        return self.query_one("#page").size.width

    def _page_rows(self) -> int:
        """Rows of the page without heading and footer."""
        return max(self.query_one("#page").size.height - 2, 1)

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
        self.top = self._first_row(len(rows), max(self._page_rows() - 2, 1), self._cursor_index(rows))
        self.repaint()

    def _show_from(self, top: int, count: int) -> None:
        self.top = min(max(top, 0), max(count - self._page_rows(), 0))
        self.repaint()

    def action_page(self, step: int) -> None:
        """One page down or up."""
        jump = max(self._page_rows() - 1, 1) * step
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

    # -- the mouse, where it is on

    def on_mouse_scroll_down(self) -> None:
        """Three rows down."""
        self.action_move(3)

    def on_mouse_scroll_up(self) -> None:
        """Three rows up."""
        self.action_move(-3)

    def on_click(self, event: events.Click) -> None:
        """The cursor goes to the row that was clicked, where that has a target."""
        rows = self._rows()
        cursor = self._cursor_index(rows)
        available = max(self._page_rows(), 1)
        more = len(self._chosen_lines(rows[cursor][0], self._width(), available)) - 1 if cursor is not None else 0
        at = self._first_row(len(rows), max(available - more, 1), cursor) + event.screen_y - 1
        if cursor is not None and at > cursor:
            at = max(at - more, cursor)
        if 0 < event.screen_y <= available and 0 <= at < len(rows) and rows[at][1] is not None:
            self.target = rows[at][1]
            self.repaint()


def _parts(rows: Sequence[Row]) -> list[list[Row]]:
    """Each row with those that go on with its text, indented: half a sentence was found else, and its end was not."""
    parts: list[list[Row]] = []
    for row in rows:
        if parts and row[1] is None and plain(row[0]).startswith(" " * MARGIN):
            parts[-1].append(row)
        else:
            parts.append([row])
    return parts


def _row_line(row: Row, width: int) -> Line:
    spans, target = row
    if target is None:
        return fit(spans, width)
    shown = fit((("  ", "text"), *spans), width)
    # A column without room for a word is left out, as its heading is: the row under the cursor has it whole.
    end = shown[-1][0].rstrip() if shown else ""
    return (*shown[:-1], (left(end[:-1], cells(shown[-1:])), shown[-1][1])) if f" {end}".endswith(" …") else shown


def _whole_row(spans: Line, width: int) -> list[Line]:
    """The row under the cursor: what does not fit is on further lines, below the column that was cut."""
    whole: Line = (("> ", "cursor"), *spans)
    text = plain(whole)
    texts = [text]
    if cells(whole) > width:
        part = set_cell_size(text, width)
        first = (whole_words(text, part) if text.startswith(part) else part[:-1]).rstrip()
        starts = [cells(whole[:at]) for at in range(1, len(whole))]
        indent = max((start for start in starts if start <= cell_len(first)), default=0)
        indent = indent if width - indent >= LEAST_TEXT else MARGIN
        rest = wrap_text(text[len(first) :].strip(), max(width - indent, 1))
        if len(rest) > MOST_BELOW:
            indent = MARGIN
            rest = wrap_text(text[len(first) :].strip(), max(width - indent, 1))
        texts = [first, *(" " * indent + row.strip() for row in rest if row.strip())]
    return [((set_cell_size(one, width), "cursor"),) for one in texts]
