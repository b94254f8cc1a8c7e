"""Turns of the logs that no snapshot had: a snapshot has the newest, and a log may have more of them at once."""

import threading
import time
from collections.abc import Callable, Sequence

from timmy_tui.core.errors import TimmyError
from timmy_tui.core.running.threads import guarded_thread
from timmy_tui.model.snapshot import Snapshot
from timmy_tui.model.turn import Turn
from timmy_tui.sources.timmy import Timmy

RETRY_S = 5.0
"""Wait after a reading that failed."""
STOP_S = 1.0

StoreReading = Callable[[Sequence[Turn], Callable[[int], None]], None]
"""Stores turns, however long the file is locked, then calls back with the number of new ones."""


class UnseenTurns:
    """Notices turns that no snapshot had."""

    def __init__(self) -> None:
        self._turns: tuple[Turn, ...] = ()
        self._ordinals: frozenset[int] = frozenset()
        self._seen = 0

    def look(self, snapshot: Snapshot) -> bool:
        """True when turns have closed that were in no snapshot so far; each is noticed once."""
        if snapshot.preview or snapshot.turns is self._turns:
            return False
        self._turns = snapshot.turns
        ordinals = frozenset(turn.ordinal for turn in snapshot.turns)
        self._seen += len(ordinals - self._ordinals)
        self._ordinals = ordinals
        counts = snapshot.counts
        closed = counts.complete + counts.failed + counts.aborted + counts.timed_out
        unseen, self._seen = closed > self._seen, max(closed, self._seen)
        return unseen


class LogImport:
    """Reads the logs once more and stores every turn of them, when it is asked to: one reading at a time."""

    def __init__(self, timmy: Timmy, store: StoreReading, notify: Callable[[str], None]) -> None:
        self._timmy = timmy
        self._store = store
        self._notify = notify
        self._wanted = threading.Event()
        self._stopping = threading.Event()
        self._stored = threading.Event()
        """What was read last has been stored."""
        self._failed = ""
        self._thread = guarded_thread("import of the logs", self._run, self._stopping)

    def start(self) -> None:
        """Start the thread, which waits to be asked."""
        self._thread.start()

    def ask(self) -> None:
        """Take in all turns of the logs, soon."""
        self._wanted.set()

    def stop(self) -> None:
        """End; a reading that goes on is not waited for longer than a second."""
        self._stopping.set()
        self._wanted.set()
        self._stored.set()
        if self._thread.ident is not None:
            self._thread.join(STOP_S)

    def _run(self) -> None:
        while self._wanted.wait() and not self._stopping.is_set():
            self._wanted.clear()
            turns = self._read()
            if turns is None:
                self._wanted.set()
                self._stopping.wait(RETRY_S)
                continue
            self._stored.clear()
            self._store(turns, self._note_stored)
            del turns
            while not self._stored.wait(RETRY_S) and not self._stopping.is_set():
                pass

    def _read(self) -> list[Turn] | None:
        """The closed turns of the logs without those that the history would delete again; None where that failed."""
        from timmy_tui.pipeline.read_logs import logs_of, read_logs

        settings = self._timmy.settings
        try:
            reading = read_logs(logs_of(self._timmy.installation), settings.tail, keep_events=False)
        except (TimmyError, OSError) as error:
            if str(error) != self._failed:
                self._failed = str(error)
                self._notify(f"older turns of the logs cannot be read: {error}; it is tried again")
            return None
        self._failed = ""
        days = settings.history.days
        oldest = time.time() - 86_400 * days if days else 0.0
        return [turn for turn in reading.turns if turn.started is None or turn.started >= oldest]

    def _note_stored(self, new: int) -> None:
        if new:
            self._notify(f"{new} older turns of the logs stored")
        self._stored.set()
