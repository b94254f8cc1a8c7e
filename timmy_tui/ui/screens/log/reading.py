"""Reads the log for its screen: pages into the window, the search through all of it; never in the screen's thread."""

import asyncio
from bisect import bisect_left, bisect_right
from collections.abc import Callable

from msgspec import Struct

from timmy_tui.core.foreign.pattern_search import PatternProblem, PatternSearch
from timmy_tui.model.log_entry import LogCursor, LogEntry, LogFilter, LogPage, TurnLines
from timmy_tui.ui.messages import LogReader
from timmy_tui.ui.screens.log.window import LogWindow, Place
from timmy_tui.ui.threads import in_thread

PAGE_ROWS = 200
"""Lines of a page, at least, where the log has so many."""
MOST_MATCHES = 20_000
"""Places of matches that are remembered; the search stops there and says so."""


class Search(Struct):
    """A pattern and where it was found so far, newest first."""

    pattern: str
    places: list[Place] = []
    lines: int = 0
    """Lines that were looked at."""
    share: float = 0.0
    """Of the logs that was looked at, in bytes."""
    done: bool = False
    problem: str = ""
    """Why it ended before it had looked at all."""

    def older(self, place: Place) -> Place | None:
        """The nearest match above."""
        at = bisect_right(self.places, place)
        return self.places[at] if at < len(self.places) else None

    def newer(self, place: Place) -> Place | None:
        """The nearest match below."""
        at = bisect_left(self.places, place) - 1
        return self.places[at] if at >= 0 else None

    def words(self) -> str:
        """``12 of 1 204 lines match``: how many, and how much was searched."""
        count = f"{len(self.places):,}".replace(",", " ")
        lines = f"{self.lines:,}".replace(",", " ")
        if self.problem:
            return f"{count} matches in {lines} lines; {self.problem}, {1 - self.share:.0%} not searched"
        if not self.done:
            return f"{count} matches, searched {self.share:.0%}"
        return f"{count} of {lines} lines match"


class LogReading:
    """Fills a window. Methods may be awaited one at a time; each gives the window as it is then."""

    def __init__(self, reader: LogReader) -> None:
        self.reader = reader
        self.window = LogWindow()
        self.wanted = LogFilter()
        self.only_matches = False
        self.search: Search | None = None
        self.problem = ""
        """Why the lines of a turn that was asked for are not there."""
        self._process: PatternSearch | None = None
        self._one_at_a_time = asyncio.Lock()

    def end_moved(self) -> bool:
        """There are lines below the window's end."""
        return self.reader.newest() != self.window.cursors[0]

    @property
    def is_narrow(self) -> bool:
        """Few lines may pass."""
        return self.wanted.is_narrow or self.only_matches

    def share_read(self) -> float:
        """Of the bytes of the logs, those below the window's upper end."""
        end, above = self.window.cursors[0], self.window.cursors[self.window.oldest_page + 1]
        return 1 - (above.events + above.facts) / max(end.events + end.facts, 1)

    async def begin(self) -> None:
        """The newest page, anew."""
        end = await in_thread(self.reader.newest)
        page = await self._page(end)
        self.problem = ""
        self.window.begin(end, page.entries, page.before)

    async def go_on(self) -> None:
        """What is new since the newest page: only quiet lines count in its last rows, others make it longer.

        The pages above stay, until it is too long and is read anew.
        """
        window = self.window
        if not self.only_matches:
            page = await in_thread(self.reader.quiet_behind, window.cursors[0], self.wanted)
            if page is not None and window.add_quiet(page):
                return
        if window.can_grow:
            end = await in_thread(self.reader.newest)
            grown = await in_thread(self.reader.between, window.cursors[1], end, self.wanted)
            if grown is not None:
                window.grow(end, (await self._filtered(grown)).entries)
                return
        await self.begin()

    async def of_turn(self, lines: TurnLines) -> None:
        """The lines of a turn, or of a stage of it, as the only page."""
        page = await in_thread(self.reader.of_turn, lines)
        self.problem = page.problem
        self.window.begin(LogCursor(-1, -1), page.entries, LogCursor())

    def whole_line(self, entry: LogEntry) -> str:
        """A line, not cut; blocks."""
        return self.reader.whole_line(entry)

    async def load(self, page: int) -> None:
        """A page into the window; its place must be known: it joins on, or was read by the search."""
        if not 0 <= page < len(self.window.cursors) or self.window.cursors[page].at_start:
            return
        read = await self._filtered(await self._known_page(page))
        self.window.put(page, read.entries, read.before)

    async def load_start(self, go_on: Callable[[], bool]) -> None:
        """The oldest page; the places of all pages above are passed."""
        page = len(self.window.cursors) - 1
        while go_on() and not self.window.cursors[page].at_start:
            read = await self._page(self.window.cursors[page])
            self.window.note_cursor(page, read.before)
            page += 1
        if page > 0:
            await self.load(page - 1)

    async def _page(self, cursor: LogCursor) -> LogPage:
        return await self._filtered(await in_thread(self.reader.before, cursor, self.wanted, PAGE_ROWS))

    async def _filtered(self, page: LogPage) -> LogPage:
        """Only what matches, where that is wanted."""
        if self.only_matches and self._process is not None:
            matching = await self._matching(page.entries)
            return LogPage(tuple(page.entries[at] for at in matching), page.before, page.lines)
        return page

    async def _known_page(self, page: int) -> LogPage:
        """A page whose lower end is known. That of the newest has moved since its upper end was found."""
        cursors = self.window.cursors
        if page == 0 and len(cursors) > 1:
            read = await in_thread(self.reader.between, cursors[1], cursors[0], self.wanted)
            if read is not None:
                return read
        return await in_thread(self.reader.before, cursors[page], self.wanted, PAGE_ROWS)

    # -- search

    def matching_rows(self) -> frozenset[int]:
        """Indexes of rows in the window that match."""
        if self.search is None or self.only_matches:
            return frozenset()
        pages = self.window.pages
        places = self.search.places
        first = bisect_left(places, (self.window.newest_page, -1))
        last = bisect_right(places, (self.window.oldest_page + 1, -1))
        found = (self.window.index_of(place) for place in places[first:last] if place[0] in pages)
        return frozenset(index for index in found if index is not None)

    async def find_all(self, pattern: str, painted: Callable[[], None], go_on: Callable[[], bool]) -> None:
        """Search from the window's end to the beginning of the logs; ``painted`` is called as it gets on.

        Raises PatternProblem if the pattern is not valid.
        """
        self.end_search()
        self._process = await in_thread(PatternSearch, pattern)
        search = self.search = Search(pattern)
        end = self.window.cursors[0]
        page, cursor = 0, end
        try:
            while go_on() and self.search is search and not cursor.at_start and len(search.places) < MOST_MATCHES:
                read = await self._known_page(page)
                await self._look_at(search, page, read.entries)
                self.window.note_cursor(page, read.before)
                page, cursor = page + 1, read.before
                search.share = 1 - (cursor.events + cursor.facts) / max(end.events + end.facts, 1)
                painted()
            search.done = cursor.at_start
            if not search.done and len(search.places) >= MOST_MATCHES:
                search.problem = f"stopped at {MOST_MATCHES} matches"
        except PatternProblem as problem:
            search.problem = problem.message
        painted()

    async def _matching(self, entries: tuple[LogEntry, ...]) -> list[int]:
        process = self._process
        async with self._one_at_a_time:
            return await in_thread(process.matches, [entry.text for entry in entries]) if process is not None else []

    async def _look_at(self, search: Search, page: int, entries: tuple[LogEntry, ...]) -> None:
        matching = await self._matching(entries)
        search.lines += len(entries)
        search.places.extend((page, len(entries) - 1 - at) for at in reversed(matching))

    def end_search(self) -> None:
        """Forget the pattern and end its process."""
        if self._process is not None:
            self._process.close()
        self._process, self.search, self.only_matches = None, None, False
