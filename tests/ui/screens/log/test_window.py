"""The part of the log in memory: pages that join on, and no more than fit."""

from __future__ import annotations

from timmy_tui.model.log_entry import LogCursor, LogEntry, LogPage
from timmy_tui.ui.screens.log.window import MOST_ROWS, LogWindow

SIZE = 300
"""Lines of a page."""


def page(number: int) -> list[LogEntry]:
    """The lines of a page; the offsets fall from the newest to the oldest."""
    end = 1_000_000 - number * SIZE
    return [LogEntry("a", end - SIZE + at, "") for at in range(SIZE)]


def filled(pages: int) -> LogWindow:
    window = LogWindow()
    window.begin(LogCursor(100), page(0), LogCursor(99))
    for number in range(1, pages):
        window.put(number, page(number), LogCursor(99 - number))
    return window


def offsets(window: LogWindow) -> list[int]:
    return [entry.offset for entry in window.rows]


def test_pages_join_on_and_the_farthest_is_dropped() -> None:
    window = filled(40)
    assert len(window.rows) <= MOST_ROWS and window.oldest_page == 39 and not window.at_end
    assert offsets(window) == list(range(window.rows[0].offset, window.rows[0].offset + len(window.rows)))
    newest = window.newest_page
    for number in range(newest - 1, -1, -1):
        window.put(number, page(number), window.cursors[number + 1])
    assert window.at_end and len(window.rows) <= MOST_ROWS and window.rows[-1].offset == 999_999


def test_a_page_that_does_not_join_on_takes_the_place_of_all() -> None:
    window = filled(3)
    window.cursors += [LogCursor(1)] * 20
    window.put(10, page(10), LogCursor(1))
    assert offsets(window) == [entry.offset for entry in page(10)]


def test_a_place_and_its_row_name_each_other() -> None:
    window = filled(3)
    for index in (0, 1, SIZE - 1, SIZE, 2 * SIZE, 3 * SIZE - 1):
        assert window.index_of(window.place_of(index)) == index
    assert window.place_of(3 * SIZE - 1) == (0, 0) and window.place_of(0) == (2, SIZE - 1)
    assert window.index_of((7, 0)) is None and window.index_of((0, SIZE)) is None


def test_a_line_that_was_read_again_is_found() -> None:
    window = filled(2)
    assert window.find(page(1)[5]) == 5 and window.find(None) is None and window.find(page(9)[0]) is None


def quiet(pauses: int = 0, asked: int = 0, offset: int = 0) -> LogEntry:
    return LogEntry("a", offset, "", pauses=pauses, asked=asked)


def test_what_is_quiet_counts_in_the_last_rows_of_its_kind() -> None:
    window = LogWindow()
    window.begin(LogCursor(9, 9), [quiet(pauses=7), LogEntry("a", 3, ""), quiet(5, 0, 5), quiet(0, 2, 6)], LogCursor())
    assert window.add_quiet(LogPage((quiet(3, 0, 8), quiet(0, 1, 9)), LogCursor(12, 10)))
    assert [(row.pauses, row.asked, row.offset) for row in window.rows[2:]] == [(8, 0, 8), (0, 3, 9)]
    assert window.cursors == [LogCursor(12, 10), LogCursor()]
    rows = window.rows
    assert window.add_quiet(LogPage((), LogCursor(13, 10))) and window.rows is rows, "nothing that is wanted"


def test_without_such_a_row_at_the_end_nothing_is_taken() -> None:
    window = LogWindow()
    end = LogCursor(9, 9)
    window.begin(end, [quiet(5), LogEntry("a", 3, ""), LogEntry("a", 4, "")], LogCursor())
    assert not window.add_quiet(LogPage((quiet(3),), LogCursor(12, 9)))
    assert window.cursors[0] == end and window.rows[0].pauses == 5


def test_what_goes_on_across_pages_is_one_row_and_each_of_its_places_is_that_row() -> None:
    window = LogWindow()
    window.begin(LogCursor(9), [quiet(0, 2, 96), quiet(100, 0, 97), LogEntry("a", 99, "")], LogCursor(8))
    window.put(1, [quiet(200, 0, 80)], LogCursor(7))
    window.put(2, [LogEntry("a", 50, ""), quiet(0, 5, 60), quiet(300, 0, 70)], LogCursor(6))
    assert [(row.pauses, row.asked, row.offset) for row in window.rows] == [
        (0, 0, 50), (0, 7, 96), (600, 0, 97), (0, 0, 99),
    ]  # fmt: skip
    assert [window.index_of(place) for place in ((2, 0), (1, 0), (0, 1))] == [2, 2, 2]
    assert window.index_of((2, 1)) == window.index_of((0, 2)) == 1
    for index in range(4):
        assert window.index_of(window.place_of(index)) == index


def test_a_page_that_grew_leaves_those_above() -> None:
    window = LogWindow()
    window.begin(LogCursor(9), [quiet(7), LogEntry("a", 3, "")], LogCursor(4))
    window.put(1, [LogEntry("a", 1, "")], LogCursor())
    assert window.can_grow
    window.grow(LogCursor(12), [quiet(7), LogEntry("a", 3, ""), LogEntry("a", 9, "")])
    assert offsets(window) == [1, 0, 3, 9] and window.cursors == [LogCursor(12), LogCursor(4), LogCursor()]
    window.begin(LogCursor(-1, -1), [], LogCursor())
    assert not window.can_grow, "the lines of a turn"
