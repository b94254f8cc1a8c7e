"""The old part of a file whose end was read first: from its first byte to where the consumer stands."""

import sys
import threading
import time
from collections import deque
from collections.abc import Callable

from timmy_tui.sources.files.content import Content
from timmy_tui.sources.files.lines import TailBatch

AHEAD = 4
"""Slices read ahead of the consumer: 1 MiB at its usual 256 KiB."""
PATIENCE_S = 0.05
"""Longest wait for a slice that another thread reads: a disk's worst seek, and no stall for the consumer."""
TRIES = 20
"""Read errors in a row before the rest of a content is given up."""

SLICE = 1 << 18
"""Bytes of a slice until the consumer says what it wants."""
LONGEST = 1 << 23
"""Bytes after which a slice is given up for now, when no line ends in them: live lines come first."""

_FAR = sys.maxsize


class Backlog:
    """Reads again, in order and with descriptors of its own, everything up to the newest batch that was handed out.

    ``fill`` may run in another thread than the rest; ``read`` calls it itself unless ``ask`` is replaced.
    """

    def __init__(self, first: Content) -> None:
        """``first`` is the content whose end has been read; it belongs to the backlog."""
        self._parts = [first]
        self._void: set[int] = set()
        self._ends = [0]
        """Per content: where the consumer stands in it. Written by the consumer only."""
        self._slices: deque[list[bytes]] = deque()
        self._at = 0
        self._filled = (0, 0)
        """Content and offset up to which slices are ready; set after the slice, so that no end is seen too early."""
        self._failures = 0
        self._limit = SLICE
        self._lock = threading.Lock()
        self.ready = threading.Event()
        self.ask: Callable[[], object] = self.fill
        """Called when the consumer wants a slice and none is ready."""
        self.head = _FAR
        """Where the end that was read first begins; lines from there on are known to the consumer."""
        self.lines = 0
        """Lines before ``head`` that were read."""
        self.dropped = 0
        """Lines before ``head`` that were over the limit."""
        self.gaps = 0
        """Contents that were destroyed, or could not be read, before they were read whole."""
        self.closed = False

    def begin(self, content: Content) -> None:
        """The followed file began anew: what is handed out from now on stands in ``content``."""
        self._parts.append(content)

    def destroy(self, identity: tuple[int, int]) -> None:
        """The bytes of this file are not what they were: nothing more of it belongs here."""
        self._void.update(index for index, part in enumerate(self._parts) if part.identity == identity)

    def deliver(self, batch: TailBatch) -> None:
        """The consumer was given ``batch``: the backlog now ends after it."""
        if batch.restarted:
            self._ends.append(batch.end)
        else:
            self._ends[-1] = batch.end

    def read(self, limit_bytes: int) -> list[bytes]:
        """The next slice of about ``limit_bytes``; empty when ``finished``, or when the file keeps us waiting."""
        self._limit = max(limit_bytes, 1)
        patience = time.monotonic() + PATIENCE_S
        while not self._slices and not self.finished:
            self.ready.clear()
            self.ask()
            if self.ask != self.fill:
                self.ready.wait(PATIENCE_S)
            if time.monotonic() > patience:
                break
        return self._slices.popleft() if self._slices else []

    @property
    def is_new(self) -> bool:
        """It is not known yet where the head begins."""
        return self.head == _FAR

    @property
    def finished(self) -> bool:
        """Everything that the consumer was given so far has been read here too, and taken."""
        filled = self._filled
        return not self._slices and filled >= (len(self._ends) - 1, self._ends[-1])

    @property
    def wanted(self) -> bool:
        """There is something to read and room for it."""
        return not self.closed and len(self._slices) < AHEAD and self._filled < (len(self._ends) - 1, self._ends[-1])

    @property
    def behind(self) -> int:
        """Bytes before ``head`` that have not been read."""
        at, position = self._filled
        return max(0, self.head - position) if at == 0 and not self.closed and not self.is_new else 0

    def fill(self) -> bool:
        """Read one slice ahead; False when there was nothing to do. Never raises."""
        with self._lock:
            if not self.wanted:
                return False
            try:
                lines = self._slice()
                self._failures = 0
            except OSError:
                self._failures += 1
                if self._failures < TRIES:
                    return False
                self._give_up()
                lines = []
            if lines:
                self._slices.append(lines)
            self._filled = (self._at, _FAR if self._at in self._void else self._parts[self._at].position)
            self.ready.set()
            return True

    def _slice(self) -> list[bytes]:
        """Lines up to the limit, the head, or the consumer's place, whichever comes first."""
        part, end = self._parts[self._at], self._ends[self._at]
        begin = part.position
        while self._at not in self._void and part.position < end:
            if part.position - begin > LONGEST:
                return []
            if not part.is_intact() and part.rewind():
                self._give_up()
                break
            stop = self.head if self._at == 0 and part.position < self.head else end
            before = part.position
            batch = part.read(min(self._limit, stop - before))
            if part.position == before:
                self._give_up()
                break
            lines = batch.lines if batch else []
            if part.position == end:
                # A last line without an end was handed out because its file was finished.
                last = part.finish()
                lines += last.lines if last else []
            self._count(before, lines)
            if lines:
                return lines
        if self._at + 1 < len(self._ends):
            part.close()
            self._at += 1
        return []

    def _count(self, before: int, lines: list[bytes]) -> None:
        if self._at == 0 and before < self.head:
            self.lines += len(lines)
            self.dropped = self._parts[0].lines.dropped

    def _give_up(self) -> None:
        self._void.add(self._at)
        self.gaps += 1
        self._failures = 0

    def close(self) -> None:
        """No more is wanted. The descriptors go when no read is under way: here, or at the next ``release``."""
        self.closed = True
        if self._lock.acquire(blocking=False):
            self._lock.release()
            self.release()

    def release(self) -> None:
        """Give the descriptors back, if the backlog is closed."""
        with self._lock:
            if self.closed:
                self._slices.clear()
                for part in self._parts:
                    part.close()
