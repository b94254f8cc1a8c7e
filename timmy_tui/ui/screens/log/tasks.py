"""What the log screen does beside painting: each request is a task, and a newer one ends an older one that reads."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, Protocol

from timmy_tui.core.errors import TimmyError
from timmy_tui.model.log_entry import LogCursor, LogEntry, LogFilter, TurnLines
from timmy_tui.ui.screens.log.reading import LogReading
from timmy_tui.ui.screens.log.window import Place
from timmy_tui.ui.threads import in_thread

PAUSE_S = 0.05
"""Between two readings of the newest page, so that a burst of lines leaves the interpreter to the keys."""
QUIET_PAUSE_S = 4.0
"""The same while the newest line is a pause without text and nobody talks: a quiet room writes 75–100 a minute. Each
reading, with its drawing, is 2.5 ms of work: every 2 s it cost half of what the whole screen costs now. A turn ends
the wait."""
NARROW_PAUSE_S = 2.0
"""The same where a filter looks through up to 4 MiB for one page: 60 ms of work."""
ENOUGH_ROWS = 60
"""A filter that few lines pass is read further back until there are so many."""


class Shows(Protocol):
    """The screen, as its tasks see it."""

    following: bool

    def index(self) -> int:
        """The row under the cursor."""

    def repaint(self) -> None:
        """Paint the window as it is now."""

    def go_to(self, index: int) -> None:
        """The cursor to a row."""

    def go_to_newest(self) -> None:
        """The cursor to the newest row, which was read just now."""

    def say(self, text: str, role: str) -> None:
        """A notice to the user."""

    def open_line(self, entry: LogEntry, text: str) -> None:
        """Show a whole line."""

    def run_task(self, task: Coroutine[Any, Any, None]) -> None:
        """Run in the background."""


class LogTasks:
    """The tasks of one screen on one reading."""

    def __init__(self, screen: Shows, reading: LogReading) -> None:
        self.reading = reading
        self.busy = ""
        """What is being read, in words; empty: nothing that takes long."""
        self._screen = screen
        self._request = 0
        self._lock = asyncio.Lock()
        self._new_lines = False
        self._is_following = False
        self._turn_began = asyncio.Event()

    def _begin(self) -> Callable[[], bool]:
        """A new request, which ends the ones before; whether it is still the newest."""
        self._request += 1
        mine = self._request
        return lambda: mine == self._request

    def _run(self, task: Coroutine[Any, Any, None], busy: str = "") -> None:
        async def run() -> None:
            self.busy = busy
            try:
                async with self._lock:
                    await task
            except TimmyError as error:
                self._screen.say(error.message, "bad")
            finally:
                self.busy = ""
                self._screen.repaint()

        self._screen.run_task(run())

    # -- following

    def follow(self, anew: bool = False, talking: bool = False) -> None:
        """Read the newest page again, if there are new lines; ``anew``: also if there are none.

        ``talking``: a turn is in flight, so new lines are more than pauses.
        """
        if anew or talking:
            self._turn_began.set()
        if anew:
            self._begin()
            self.reading.window.cursors[0] = LogCursor(-1, -1)
        self._new_lines = True
        if not self._is_following:
            self._is_following = True
            self._screen.run_task(self._follow())

    async def _follow(self) -> None:
        try:
            while self._screen.following and (self._new_lines or self._is_short):
                if self._new_lines:
                    self._new_lines = False
                    self._turn_began.clear()
                    step = self._read_new()
                else:
                    step = self.reading.load(self.reading.window.oldest_page + 1)
                await asyncio.sleep(0)
                async with self._lock:
                    await step
                self._screen.repaint()
                if not self._is_short:
                    await self._pause()
        except TimmyError as error:
            self._screen.say(error.message, "bad")
        finally:
            self._is_following = False

    async def _read_new(self) -> None:
        if self._screen.following and self.reading.end_moved():
            await self.reading.go_on()

    @property
    def _is_short(self) -> bool:
        """Of hours without a turn the newest page has a row or two: what was before them belongs above."""
        window = self.reading.window
        return window.can_grow and not window.at_start and len(window.rows) < ENOUGH_ROWS and not self.reading.is_narrow

    async def _pause(self) -> None:
        """Until the newest page may be read again."""
        rows, narrow = self.reading.window.rows, self.reading.is_narrow
        if narrow or not rows or not (rows[-1].pauses or rows[-1].asked):
            await asyncio.sleep(NARROW_PAUSE_S if narrow else PAUSE_S)
            return
        with suppress(TimeoutError):
            await asyncio.wait_for(self._turn_began.wait(), QUIET_PAUSE_S)

    # -- other lines

    def filter(self, wanted: LogFilter) -> None:
        """Other lines, from the newest that is one of them."""
        go_on = self._begin()
        self.reading.wanted = wanted
        self._run(self._begin_again(go_on), "reading …")

    async def _begin_again(self, go_on: Callable[[], bool]) -> None:
        await self.reading.begin()
        if not self._screen.following:
            self._screen.go_to_newest()
        await self._read_back(go_on)

    async def _read_back(self, go_on: Callable[[], bool]) -> None:
        """Until there are enough rows above the cursor, or the logs begin."""
        window = self.reading.window
        while go_on() and self._screen.index() < ENOUGH_ROWS and not window.at_start:
            self.busy = f"looked back {self.reading.share_read():.0%} …"
            await self.reading.load(window.oldest_page + 1)
            self._screen.repaint()

    def show_turn(self, lines: TurnLines) -> None:
        """The lines of a turn, of a stage of it."""
        self._begin()

        async def read() -> None:
            await self.reading.of_turn(lines)
            self._screen.go_to(0)

        self._run(read(), "searching the turn …")

    def only_matches(self) -> None:
        """Only what matches, or all again."""
        go_on = self._begin()
        self.reading.only_matches = not self.reading.only_matches
        self._run(self._begin_again(go_on), "reading …")

    # -- moving

    def read_around(self, index: int, shown: int) -> None:
        """The page above or below, if the row is near the end of those in memory."""
        window = self.reading.window
        if self._lock.locked():
            return
        if index < shown and not window.at_start:
            self._run(self._read_back(self._while_newest()))
        elif index >= len(window.rows) - shown and not window.at_end:
            self._run(self.reading.load(window.newest_page - 1))

    def to_start(self) -> None:
        """To the first line of the logs."""
        go_on = self._begin()

        async def read() -> None:
            await self.reading.load_start(go_on)
            if go_on():
                self._screen.go_to(0)

        self._run(read(), "reading back to the start …")

    def to_place(self, place: Place) -> None:
        """To a match, whose page is read if it is not in memory."""
        go_on = self._while_newest()

        async def read() -> None:
            if self.reading.window.index_of(place) is None:
                await self.reading.load(place[0])
            index = self.reading.window.index_of(place)
            if index is not None and go_on():
                self._screen.go_to(index)

        self._run(read())

    def _while_newest(self) -> Callable[[], bool]:
        """For what may go on beside the search."""
        mine = self._request
        return lambda: mine == self._request

    def search(self, pattern: str) -> None:
        """Search all lines, from the newest back; the cursor goes to the first match at or above it."""
        go_on = self._begin()
        self._screen.run_task(self._search(pattern, go_on))

    async def _search(self, pattern: str, go_on: Callable[[], bool]) -> None:
        went = False
        here = self.reading.window.place_of(self._screen.index())

        def found() -> None:
            nonlocal went
            search = self.reading.search
            near = search.older((here[0], here[1] - 1)) if search is not None and not went else None
            if near is not None:
                went = True
                self.to_place(near)
            self._screen.repaint()

        try:
            await self.reading.find_all(pattern, found, go_on)
        except TimmyError as error:
            self._screen.say(error.message, "bad")

    def open_line(self, entry: LogEntry) -> None:
        """The whole line on a page of its own."""

        async def read() -> None:
            self._screen.open_line(entry, await in_thread(self.reading.whole_line, entry))

        self._run(read())
