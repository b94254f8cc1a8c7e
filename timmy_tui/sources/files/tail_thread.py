"""Follows a source in a separate thread, because a read from a network mount can block without limit."""

import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from msgspec.structs import replace

from timmy_tui.core.running.threads import guarded_thread
from timmy_tui.core.settings import TailSettings
from timmy_tui.model.log_format import LogKind
from timmy_tui.model.snapshot import SourceCondition, SourceState
from timmy_tui.sources.files.tail import Backlog, TailBatch

QUEUE = 4
"""Most polls that wait for the consumer. When it is full, the thread stops polling; the lines remain in the file."""
STALL_S = 3.0
"""A poll that has not returned for this long is stalled."""
PROVEN_S = 1.0
"""Longest time between two polls of a file whose last change the file system reported: three files at 0.25 s cost
3.6 ms of CPU a second, as much as the whole screen of a minimal app. A change that is not reported is seen this late,
once."""
STOP_S = 0.8
"""Longest wait for the thread in ``stop``. It is a daemon thread, so a blocked read cannot keep the program running."""


class Polled(Protocol):
    """What can be followed: a ``Tail``, or a source that is not a growing file. Used from one thread."""

    name: str
    more: bool
    """There is more to read now."""

    @property
    def caught_up(self) -> bool:
        """What was there at the first poll has been returned."""

    @property
    def path(self) -> Path:
        """The file that is read now."""

    @property
    def state(self) -> SourceState:
        """The state after the last poll."""

    @property
    def opened_backlog(self) -> Backlog | None:
        """The backlog, also before it is taken."""

    def look(self) -> None:
        """Read nothing, for a consumer that takes no more lines yet."""

    def poll(self) -> list[TailBatch]:
        """What is new since the last poll, oldest first."""

    def take_backlog(self) -> Backlog | None:
        """Everything before the end that was read first."""

    def close(self) -> None:
        """Release everything; later polls return nothing."""


class TailThread:
    """Polls one source for one consumer. A source that blocks delays no other one."""

    def __init__(
        self,
        tail: Polled,
        kind: LogKind,
        limits: TailSettings,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = tail.name
        self.kind = kind
        self.blocked = 0
        """How often polling had to stop because the consumer was too slow."""
        self.opened = False
        """What was there at the start is read."""
        self._tail = tail
        self._limits = limits
        self._clock = clock
        self._queue: deque[list[TailBatch]] = deque()
        self._wake = threading.Event()
        self._reported = False
        """The file system has reported a change since the last poll began."""
        self._proven = False
        """The last lines were found because a change was reported, not because their time had come."""
        self._stopping = threading.Event()
        self._starting = threading.Lock()
        """A dashboard can end while its threads begin."""
        self._thread: threading.Thread | None = None
        self._notify: Callable[[], None] = lambda: None
        self._failed = ""
        """Why the last poll raised; empty if it did not."""
        self._busy = False
        self._queue_full = False
        self._poll_started: float | None = None
        self._backlog: Backlog | None = None
        # Set after each poll, because during a poll the numbers are not consistent.
        self._state = tail.state

    @property
    def path(self) -> Path:
        """The place that is followed now."""
        return self._tail.path

    def start(self, notify: Callable[[], None]) -> None:
        """Begin polling. ``notify`` is called from this thread when there is something to drain."""
        self._notify = notify
        with self._starting:
            if self._stopping.is_set():
                return
            thread = guarded_thread(f"tail {self.name}", self._run, self._stopping, self._fail)
            thread.start()
            self._thread = thread

    def wake(self) -> None:
        """Poll now, because the file system reports a change."""
        self._reported = True
        self._wake.set()

    @property
    def busy(self) -> bool:
        """A turn is in flight: polls come at ``poll_busy_ms`` instead of ``poll_ms``."""
        return self._busy

    def set_busy(self, busy: bool) -> None:
        """``busy``: a turn is in flight."""
        if busy and not self._busy:
            self._wake.set()
        self._busy = busy

    def drain(self) -> list[TailBatch]:
        """Batches since the last call, oldest first; never blocks."""
        batches: list[TailBatch] = []
        while self._queue:
            batches += self._queue.popleft()
        backlog = self._tail.opened_backlog
        if batches and backlog is not None:
            for batch in batches:
                backlog.record_delivery(batch)
        if self._queue_full:
            self._wake.set()
        return batches

    def take_backlog(self) -> Backlog | None:
        """Everything before the end that was read first. Ask for it after the first batch; it is returned once.

        It is read by this thread, so that it cannot block the consumer.
        """
        backlog = self._tail.take_backlog()
        if backlog is not None and self._thread is not None:
            backlog.request_fill = self._wake.set
            self._backlog = backlog
            self._wake.set()
        return backlog

    @property
    def state(self) -> SourceState:
        """The current state, also ``stalled``; does not access the file system."""
        state = self._state
        started = self._poll_started
        waiting = self._clock() - started if started is not None else 0.0
        if waiting > STALL_S:
            return replace(
                state,
                condition=SourceCondition.STALLED,
                detail=f"stalled {int(waiting)}s",
                since=time.time() - waiting,
            )
        if self._failed:
            return replace(state, condition=SourceCondition.ERROR, detail=self._failed)
        return state

    def _fail(self, message: str) -> None:
        """A poll has raised; the guard calls ``_run`` again."""
        self._failed = message
        self._notify()

    def stop(self) -> None:
        """Stop within a second, also while a read is blocked."""
        self._stopping.set()
        self._wake.set()
        with self._starting:
            thread = self._thread
        if thread is None:
            self._tail.close()
        else:
            thread.join(STOP_S)

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                self._wake.clear()
                self._poll_started = self._clock()
                has_more = self._poll_once()
                self._failed = ""
                self._poll_started = None
                if not has_more:
                    self._wake.wait(self._pause_s())
        finally:
            self._poll_started = None
            if self._stopping.is_set():
                self._tail.close()

    def _pause_s(self) -> float:
        """Until the next poll, in seconds. A file whose changes are reported is asked less often."""
        idle_s, busy_s = self._limits.poll_ms / 1000, self._limits.poll_busy_ms / 1000
        if self._proven:
            idle_s, busy_s = max(idle_s, PROVEN_S), idle_s
        return busy_s if self._busy else idle_s

    def _poll_once(self) -> bool:
        """One poll and one slice of the backlog. True when there is more to read now."""
        full = len(self._queue) >= QUEUE
        if full and not self._queue_full:
            self.blocked += 1
        self._queue_full = full
        if full:
            self._tail.look()
        else:
            reported, self._reported = self._reported, False
            batches = self._tail.poll()
            if batches:
                self._proven = reported
                self._queue.append(batches)
                self._notify()
        filled = self._backlog is not None and self._backlog.fill()
        if self._backlog is not None and self._backlog.closed:
            self._backlog.release()
            self._backlog = None
        self._state = self._tail.state
        more = not full and self._tail.more
        if self._tail.caught_up and not (self.opened or full):
            self.opened = True
            self._notify()
        return filled or more
