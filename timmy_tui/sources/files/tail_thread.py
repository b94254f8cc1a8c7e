"""A followed file in a thread of its own, because a read from a network mount can hang for ever."""

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Literal

from msgspec.structs import replace

from timmy_tui.core.settings import TailSettings
from timmy_tui.model.snapshot import SourceCondition, SourceState
from timmy_tui.sources.files.tail import Backlog, Tail, TailBatch

QUEUE = 4
"""Polls that wait for the consumer; then the thread waits instead, for the file keeps the lines."""
STALL_S = 3.0
"""A poll that has not returned for this long is stalled."""
STOP_S = 0.8
"""Longest wait for the thread at the end; it is a daemon, so a hanging read cannot keep the program."""


class TailThread:
    """Polls one ``Tail`` and hands its batches to one consumer. A stalled file stops nothing but itself."""

    def __init__(
        self,
        tail: Tail,
        kind: Literal["latency", "v34"],
        limits: TailSettings,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = tail.name
        self.kind: Literal["latency", "v34"] = kind
        self.blocked = 0
        """Times that the consumer was so late that reading had to wait."""
        self._tail = tail
        self._limits = limits
        self._clock = clock
        self._queue: deque[list[TailBatch]] = deque()
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._notify: Callable[[], None] = lambda: None
        self._busy = False
        self._held_up = False
        self._entered: float | None = None
        self._backlog: Backlog | None = None
        # Kept after each poll: in the middle of one the numbers do not belong together.
        self._state = tail.state

    def start(self, notify: Callable[[], None]) -> None:
        """Begin polling; ``notify`` is called from this thread when there is something to drain."""
        self._notify = notify
        self._thread = threading.Thread(target=self._run, name=f"tail {self.name}", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Poll now: the file system says that something changed."""
        self._wake.set()

    @property
    def busy(self) -> bool:
        """A turn is in flight: polls come at ``poll_busy_ms`` instead of ``poll_ms``."""
        return self._busy

    def set_busy(self, busy: bool) -> None:
        """Look more often, or less."""
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
                backlog.deliver(batch)
        if self._held_up:
            self._wake.set()
        return batches

    def backlog(self) -> Backlog | None:
        """What stands before the end that was read first; asked for after the first batch, given once.

        Its reads are done by this thread, so that they cannot hang the consumer.
        """
        backlog = self._tail.backlog()
        if backlog is not None and self._thread is not None:
            backlog.ask = self._wake.set
            self._backlog = backlog
            self._wake.set()
        return backlog

    @property
    def state(self) -> SourceState:
        """As it is now, ``stalled`` included; asks nothing of the file system."""
        state = self._state
        entered = self._entered
        waiting = self._clock() - entered if entered is not None else 0.0
        if waiting > STALL_S:
            return replace(
                state,
                condition=SourceCondition.STALLED,
                detail=f"stalled {int(waiting)}s",
                since=time.time() - waiting,
            )
        if self._thread is not None and not self._thread.is_alive() and not self._stopping.is_set():
            return replace(state, condition=SourceCondition.ERROR, detail="no longer followed")
        return state

    def stop(self) -> None:
        """End within a second, whatever the file does."""
        self._stopping.set()
        self._wake.set()
        if self._thread is None:
            self._tail.close()
        else:
            self._thread.join(STOP_S)

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                self._wake.clear()
                self._entered = self._clock()
                more = self._step()
                self._entered = None
                if not more:
                    self._wake.wait((self._limits.poll_busy_ms if self._busy else self._limits.poll_ms) / 1000)
        finally:
            self._entered = None
            self._tail.close()

    def _step(self) -> bool:
        """One poll and one slice of the backlog; True when there is more to do at once."""
        full = len(self._queue) >= QUEUE
        if full and not self._held_up:
            self.blocked += 1
        self._held_up = full
        if not full:
            batches = self._tail.poll()
            if batches:
                self._queue.append(batches)
                self._notify()
        filled = self._backlog is not None and self._backlog.fill()
        if self._backlog is not None and self._backlog.closed:
            self._backlog.release()
            self._backlog = None
        self._state = self._tail.state
        return filled or (not full and self._tail.more)
