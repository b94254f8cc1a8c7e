"""``timmy-tui watch``: what the dashboard does behind its screen, without one. Imports no Textual."""

import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from msgspec import Struct

from timmy_tui.bootstrap.startup import usable_state_folder
from timmy_tui.bootstrap.wiring import SourceOptions, live_source
from timmy_tui.control.journal.lock import ChangeLock, Locked
from timmy_tui.core.errors import HistoryError, TimmyError
from timmy_tui.core.interruptions import InterruptionWatch, elapsed
from timmy_tui.core.sanitize import clean
from timmy_tui.core.settings import state_dir
from timmy_tui.core.threads import start_thread
from timmy_tui.model.snapshot import Snapshot
from timmy_tui.model.turn import Turn
from timmy_tui.pipeline.live_source import LiveSource
from timmy_tui.report.watch_events import SCHEMA, Happening, WatchEvents, notice
from timmy_tui.sources.timmy import Timmy

LOOK_S = 1.0
"""Longest time between two looks without a snapshot: at a sleep, at the lock of another watcher, at the reader."""
MOST_NOTICES = 100

Say = Callable[[Happening], None]


class WatchOptions(Struct, frozen=True, kw_only=True):
    """How a Timmy is watched."""

    services: bool = True
    for_s: float = float("inf")
    """End after so many seconds."""


class EndRequested(BaseException):
    """SIGTERM or SIGHUP has come; no ``except Exception`` may hold it up, nor a write that waits for its reader."""


@contextmanager
def ends_on_signals() -> Iterator[None]:
    """Within it, the first SIGTERM or SIGHUP raises EndRequested; while it is left, further ones do nothing.

    A signal that is ignored by who started this (nohup) stays ignored.
    """

    def end(number: int, frame: FrameType | None) -> None:
        for one in (*taken, signal.SIGINT):
            signal.signal(one, signal.SIG_IGN)
        raise EndRequested

    taken = [one for one in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(one) is not signal.SIG_IGN]
    before = {one: signal.getsignal(one) for one in (*taken, signal.SIGINT)}
    for one in taken:
        signal.signal(one, end)
    try:
        yield
    except EndRequested:
        pass
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


class Inbox:
    """The newest snapshot and the notices of other threads, for the one that prints: a reader may be slow."""

    def __init__(self) -> None:
        self._something = threading.Event()
        self._snapshot: Snapshot | None = None
        self._notices: deque[str] = deque(maxlen=MOST_NOTICES)

    def put(self, snapshot: Snapshot) -> None:
        """In the pipeline's thread; takes the place of one that was not looked at."""
        self._snapshot = snapshot
        self._something.set()

    def notify(self, message: str, role: str = "warn") -> None:
        """From any thread."""
        self._notices.append(message)
        self._something.set()

    def wait(self, seconds: float) -> tuple[Snapshot | None, list[str]]:
        """What has come, as soon as something has."""
        self._something.wait(seconds)
        self._something.clear()
        snapshot, self._snapshot = self._snapshot, None
        notices = [self._notices.popleft() for _ in range(len(self._notices))]
        return snapshot, notices


class UnseenTurns:
    """Notices turns that no snapshot had: a snapshot has the newest, and a log may have more at once."""

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


class Watch:
    """One watcher of a Timmy. The first records; a second one only says what it sees, until the first has ended."""

    def __init__(self, timmy: Timmy, options: WatchOptions, say: Say, is_alone: Callable[[], bool]) -> None:
        """``say`` may raise, which ends it. ``is_alone``: nobody reads what is said any more."""
        self._timmy = timmy
        self._options = options
        self._say = say
        self._is_alone = is_alone
        self._inbox = Inbox()
        problem, _ = usable_state_folder(timmy.state)
        self._problem = problem or ("" if timmy.settings.history.enabled else "the settings keep no history")
        self._lock: ChangeLock | None = None if problem else ChangeLock(timmy.control_folder, "watch.lock")
        self._source: LiveSource | None = None
        self._unseen = UnseenTurns()
        self._events = WatchEvents(numbered=False)

    def run(self) -> None:
        """Until SIGTERM or SIGHUP, or what ``say`` raises, or the time is over. KeyboardInterrupt passes through."""
        with ends_on_signals():
            try:
                self._begin()
                self._work(time.monotonic() + self._options.for_s)
            finally:
                signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl+C must not leave threads behind
                if self._source is not None:
                    self._source.stop()
                if self._lock is not None:
                    self._lock.release()

    @property
    def _records(self) -> bool:
        return self._lock is not None and self._lock.held

    def _begin(self) -> None:
        owner = self._take_lock()
        why_not = self._problem or (f"another watcher ({owner}) records" if owner else "")
        words = f"watching {self._timmy.key}" + (f"; nothing is recorded: {why_not}" if why_not else "")
        facts = {
            "schema": SCHEMA, "root": self._timmy.key, "pid": os.getpid(), "records": not why_not,
            "why_not": why_not or None,
        }  # fmt: skip
        self._say(Happening("watching", clean(words, 500), facts))
        self._start()

    def _take_lock(self) -> str:
        """Who holds the lock, in words; empty when this does now, or when there is none."""
        if self._lock is None or self._lock.held:
            return ""
        try:
            self._lock.acquire()
        except Locked as locked:
            return locked.owner.words
        return ""

    def _start(self) -> None:
        options = SourceOptions(services=self._options.services, record=self._records, export=self._records)
        self._events = WatchEvents(numbered=self._records and not self._problem)
        self._unseen = UnseenTurns()
        self._source = live_source(self._timmy, options, self._inbox.notify)
        self._source.start(self._inbox.put)

    def _work(self, until: float) -> None:
        interruptions = InterruptionWatch()
        while (left := until - time.monotonic()) > 0:
            if self._is_alone():
                raise BrokenPipeError
            snapshot, notices = self._inbox.wait(min(LOOK_S, left))
            interruption = interruptions.look()
            for words in (*notices, *([] if interruption is None else [interruption.words])):
                self._say(notice(words))
            if snapshot is not None:
                if self._unseen.look(snapshot) and self._records and not self._problem:
                    start_thread("import of the logs", self._take_in_logs)
                for one in self._events.look(snapshot, elapsed()):
                    self._say(one)
            if self._lock is not None and not self._lock.held and not self._take_lock():
                self._take_over()

    def _take_over(self) -> None:
        """The first watcher has ended: read the logs again, and record."""
        self._say(notice("the other watcher has ended: this one records", records=True))
        if self._source is not None:
            self._source.stop()
        self._start()

    def _take_in_logs(self) -> None:
        """Store every turn of the logs; those that are stored stay what they are."""
        from timmy_tui.pipeline.read_logs import logs_of, read_logs
        from timmy_tui.storage.history import History

        settings = self._timmy.settings
        try:
            reading = read_logs(logs_of(self._timmy.installation), settings.tail, keep_events=False)
            history = History(state_dir() / "history.db", self._timmy.key, settings.history.text)
            try:
                new = history.put_turns(reading.turns)
            finally:
                history.close()
        except (HistoryError, TimmyError, OSError) as error:
            self._inbox.notify(f"older turns of the logs are not stored: {error}; timmy-tui history --import does it")
        else:
            if new:
                self._inbox.notify(f"{new} older turns of the logs stored")
