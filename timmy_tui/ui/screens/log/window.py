"""The part of the log that is in memory: some pages around the cursor; what is far from it is dropped."""

from collections.abc import Iterable

from timmy_tui.model.log_entry import LogCursor, LogEntry, LogPage, counted_together, counting_row

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
        self._places: list[Place] = []
        """Of the rows."""
        self._index: dict[Place, int] = {}
        """Place → row; of lines that count in a row of the page below, that row."""

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
            at = counting_row(rows, entry)
            if at is None:
                return False
            rows[at] = counted_together(rows[at], entry)
        if 0 not in self.pages:
            return False
        self.cursors[0] = page.before
        if page.entries:
            self.pages[0] = tuple(rows)
            self._join()
        return True

    def grow(self, end: LogCursor, entries: Iterable[LogEntry]) -> None:
        """The newest page again, with what came below it; those above stay."""
        self.cursors[0] = end
        self.pages[0] = tuple(entries)
        self._join()

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

    @property
    def can_grow(self) -> bool:
        """The newest page is in memory, and lines of the log itself, not those of a turn."""
        return self.at_end and len(self.cursors) > 1 and self.cursors[0].events >= 0

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
        """All rows. Where a page ends within a run of pauses, or of our own requests, that is one row all the same."""
        rows: list[LogEntry] = []
        places: list[Place] = []
        taken: dict[Place, Place] = {}
        for page in sorted(self.pages, reverse=True):
            entries = list(self.pages[page])
            last = len(entries) - 1
            for at, entry in enumerate(entries):
                if not entry.is_quiet:
                    break
                above = counting_row(rows, entry)
                if above is not None:
                    taken[places.pop(above)] = (page, last - at)
                    entries[at] = counted_together(rows.pop(above), entry)
            rows += entries
            places += [(page, last - at) for at in range(len(entries))]
        self.rows, self._places = rows, places
        self._index = {place: at for at, place in enumerate(places)}
        for place in reversed(taken):
            self._index[place] = self._index[taken[place]]

    def place_of(self, index: int) -> Place:
        """The place of a row."""
        return self._places[index] if index < len(self._places) else (self.newest_page, 0)

    def index_of(self, place: Place) -> int | None:
        """The row at a place; None: it is not in memory."""
        return self._index.get(place)

    def find(self, entry: LogEntry | None) -> int | None:
        """The row of this line, also where it was read again."""
        if entry is None:
            return None
        name = (entry.source, entry.offset)
        return next((at for at, row in enumerate(self.rows) if (row.source, row.offset) == name), None)
