"""The part of the log that is in memory: some pages around the cursor; what is far from it is dropped."""

from collections.abc import Iterable

from msgspec.structs import replace

from timmy_tui.model.log_entry import LogCursor, LogEntry, LogPage

MOST_ROWS = 4000
"""Lines in memory; the page farthest from the one that was read last is dropped above that."""

Place = tuple[int, int]
"""(page, counted from the newest; index from the page's end): ascending from the newest line to the oldest."""


class LogWindow:
    """Pages that follow one another, page 0 the newest at the time when it was read. Rows are oldest first."""

    def __init__(self) -> None:
        self.cursors: list[LogCursor] = [LogCursor()]
        """Where each page ends, as far up as was read so far: twenty bytes a page, also of those that were dropped."""
        self.pages: dict[int, tuple[LogEntry, ...]] = {0: ()}
        self.rows: list[LogEntry] = []

    def begin(self, end: LogCursor, entries: Iterable[LogEntry], above: LogCursor) -> None:
        """Anew, with the newest page."""
        self.cursors = [end, above]
        self.pages = {0: tuple(entries)}
        self._join()

    def add_quiet(self, page: LogPage) -> bool:
        """Take what came below the newest page: each line counts in the row of its kind at the end.

        False where there is no such row, or the end is not in memory: then nothing was taken.
        """
        rows = list(self.pages.get(0, ()))
        for entry in page.entries:
            near = range(len(rows) - 1, max(len(rows) - 3, -1), -1)
            at = next((at for at in near if _is_same_kind(rows[at], entry)), None)
            if at is None:
                return False
            known = rows[at]
            rows[at] = replace(entry, pauses=known.pauses + entry.pauses, asked=known.asked + entry.asked)
        if 0 not in self.pages:
            return False
        self.cursors[0] = page.before
        if page.entries:
            self.pages[0] = tuple(rows)
            self._join()
        return True

    @property
    def newest_page(self) -> int:
        """Of those in memory."""
        return min(self.pages)

    @property
    def oldest_page(self) -> int:
        """Of those in memory."""
        return max(self.pages)

    @property
    def at_start(self) -> bool:
        """The oldest line of the logs is in memory."""
        return self.cursors[self.oldest_page + 1].at_start

    @property
    def at_end(self) -> bool:
        """The newest line, as of when page 0 was read, is in memory."""
        return self.newest_page == 0

    def note_cursor(self, page: int, above: LogCursor) -> None:
        """The page ends above at this place; a page that was read without being put into the window counts too."""
        if page + 1 == len(self.cursors):
            self.cursors.append(above)

    def put(self, page: int, entries: Iterable[LogEntry], above: LogCursor) -> None:
        """A page that was read; if it does not join on, it takes the place of all others."""
        self.note_cursor(page, above)
        if not self.newest_page - 1 <= page <= self.oldest_page + 1:
            self.pages = {}
        self.pages[page] = tuple(entries)
        while sum(map(len, self.pages.values())) > MOST_ROWS and len(self.pages) > 1:
            farthest = self.newest_page if page - self.newest_page >= self.oldest_page - page else self.oldest_page
            del self.pages[farthest]
        self._join()

    def _join(self) -> None:
        self.rows = [entry for page in sorted(self.pages, reverse=True) for entry in self.pages[page]]

    def place_of(self, index: int) -> Place:
        """The place of a row."""
        for page in sorted(self.pages, reverse=True):
            size = len(self.pages[page])
            if index < size:
                return page, size - 1 - index
            index -= size
        return self.newest_page, 0

    def index_of(self, place: Place) -> int | None:
        """The row at a place; None: it is not in memory."""
        if place[0] not in self.pages or place[1] >= len(self.pages[place[0]]):
            return None
        above = sum(len(entries) for page, entries in self.pages.items() if page > place[0])
        return above + len(self.pages[place[0]]) - 1 - place[1]

    def find(self, entry: LogEntry | None) -> int | None:
        """The row of this line, also where it was read again."""
        if entry is None:
            return None
        name = (entry.source, entry.offset)
        return next((at for at, row in enumerate(self.rows) if (row.source, row.offset) == name), None)


def _is_same_kind(row: LogEntry, new: LogEntry) -> bool:
    """Both stand for pauses without text, or both for our own requests."""
    return bool(row.pauses and new.pauses) or bool(row.asked and new.asked)
