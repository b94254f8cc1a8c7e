"""What a watcher follows, and its place: the first on a Timmy records, a second takes over when that has ended.

None of it waits for whoever reads what the watcher prints.
"""

import threading
from collections import deque
from functools import partial
from typing import NamedTuple

from timmy_tui.bootstrap.log_import import LogImport, UnseenTurns
from timmy_tui.bootstrap.startup import usable_state_folder
from timmy_tui.bootstrap.wiring import SourceOptions, live_source
from timmy_tui.control.journal.lock import ChangeLock, Locked
from timmy_tui.core.running.threads import guarded_thread
from timmy_tui.model.snapshot import Snapshot
from timmy_tui.model.turn import Turn
from timmy_tui.pipeline.live_source import LiveSource
from timmy_tui.report.watch.events import Happening, notice
from timmy_tui.sources.timmy import Timmy

LOOK_S = 1.0
"""A second watcher looks so often whether the first has ended."""
MOST_NOTICES = 100


class News(NamedTuple):
    """What has come since the last look."""

    reading: int
    """Counts the readings of the logs: a next one has other ordinals."""
    snapshot: Snapshot | None
    """The newest of that reading; None where there is none that was not looked at."""
    notices: tuple[Happening, ...]


class Inbox:
    """The newest snapshot and the notices of other threads, for the one that prints: a reader may be slow."""

    def __init__(self) -> None:
        self._something = threading.Event()
        self._lock = threading.Lock()
        self._reading = 0
        self._snapshot: Snapshot | None = None
        self._notices: deque[Happening] = deque(maxlen=MOST_NOTICES)

    def put(self, reading: int, snapshot: Snapshot) -> None:
        """In the pipeline's thread; takes the place of one that was not looked at. One of an older reading is none."""
        with self._lock:
            if reading == self._reading:
                self._snapshot = snapshot
        self._something.set()

    def begin_reading(self) -> int:
        """The logs are read again from here on; the number of that reading, from 1."""
        with self._lock:
            self._reading += 1
            self._snapshot = None
            return self._reading

    def notify(self, message: str, role: str = "warn") -> None:
        """From any thread."""
        self.tell(notice(message))

    def tell(self, one: Happening) -> None:
        """From any thread."""
        self._notices.append(one)
        self._something.set()

    def wait(self, seconds: float) -> News:
        """What has come, as soon as something has."""
        self._something.wait(seconds)
        self._something.clear()
        with self._lock:
            snapshot, self._snapshot = self._snapshot, None
            notices = tuple(self._notices.popleft() for _ in range(len(self._notices)))
            return News(self._reading, snapshot, notices)


class WatchedSource:
    """Begins with ``start``; from then on everything is done in threads of its own, until ``stop``."""

    def __init__(self, timmy: Timmy, services: bool, inbox: Inbox) -> None:
        self._timmy = timmy
        self._services = services
        self._inbox = inbox
        problem, _ = usable_state_folder(timmy.state)
        self.problem = problem or ("" if timmy.settings.history.enabled else "the settings keep no history")
        """Why nothing is recorded, whoever else watches; empty where it can be."""
        self._lock: ChangeLock | None = None if problem else ChangeLock(timmy.control_folder, "watch.lock")
        self._source: LiveSource | None = None
        self._import: LogImport | None = None
        self._turns: tuple[Turn, ...] = ()
        """Of the newest snapshot that is no preview."""
        self._stopping = threading.Event()
        self._waiter = guarded_thread("place of the watcher", self._wait_for_place, self._stopping)

    @property
    def records(self) -> bool:
        """Turns go into the history."""
        return self._is_first and not self.problem

    @property
    def _is_first(self) -> bool:
        return self._lock is not None and self._lock.held

    def start(self) -> str:
        """Begin; who watches already, in words, or nothing. Raises SourceError, and ControlError for the lock."""
        owner = self._take_place()
        self._begin()
        if owner:
            self._waiter.start()
        return owner

    def stop(self) -> None:
        """End within seconds, and let another one record."""
        self._stopping.set()
        if self._waiter.ident is not None:
            self._waiter.join(5.0)
        self._end()
        if self._lock is not None:
            self._lock.release()

    def _take_place(self) -> str:
        """Who has the place, in words; empty when this has it now, or when there is none."""
        if self._lock is None:
            return ""
        try:
            self._lock.acquire()
        except Locked as locked:
            return locked.owner.words
        return ""

    def _begin(self, seen: tuple[Turn, ...] = ()) -> None:
        reading = self._inbox.begin_reading()
        # Without a state folder nobody knows of another one: each sends, with the same ids.
        exports = self._is_first or self._lock is None
        options = SourceOptions(services=self._services, record=self._is_first, export=exports)
        self._source = source = live_source(self._timmy, options, self._inbox.notify)
        if self.records:
            self._import = LogImport(self._timmy, source.store_reading, self._inbox.notify)
            self._import.start()
            if seen:
                source.store_reading(seen, lambda new: None)
        source.start(partial(self._take, reading, UnseenTurns(), self._import))

    def _take(self, reading: int, unseen: UnseenTurns, log_import: LogImport | None, snapshot: Snapshot) -> None:
        """In the pipeline's thread."""
        if unseen.look(snapshot) and log_import is not None:
            log_import.ask()
        if not snapshot.preview:
            self._turns = snapshot.turns
        self._inbox.put(reading, snapshot)

    def _end(self) -> None:
        if self._import is not None:
            self._import.stop()
        if self._source is not None:
            self._source.stop()
        self._source = self._import = None

    def _wait_for_place(self) -> None:
        """Take the first one's place when it has ended: read the logs again, and record."""
        while self._source is not None and not self._is_first:
            if self._stopping.wait(LOOK_S):
                return
            if not self._take_place():
                self._end()
        # The first may have left some of these unwritten, and the file that had them may be gone since.
        self._begin(self._turns)
        words = "this one records" if self.records else f"nothing is recorded: {self.problem}"
        self._inbox.tell(notice(f"the other watcher has ended: {words}", records=self.records))
