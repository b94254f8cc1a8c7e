"""Reads the older part of a file whose end was read first, from its first byte to the consumer's position."""

import sys
import threading
import time
from collections import deque
from collections.abc import Callable

from timmy_tui.sources.files.content import Content
from timmy_tui.sources.files.lines import TailBatch

READ_AHEAD = 4
"""Slices read before the consumer asks for them: 1 MiB at its usual 256 KiB."""
WAIT_S = 0.05
"""Longest wait for a slice that another thread reads: enough for a slow seek of a disk, no stall for the consumer."""
MAX_ERRORS = 20
"""Read errors in a row after which the rest of a content is given up."""

SLICE_BYTES = 1 << 18
"""Size of a slice until the consumer has asked for another size."""
MAX_SLICE_BYTES = 1 << 23
"""A slice ends here also when no line ends in it, so that live lines are not delayed."""

_UNKNOWN = sys.maxsize


class Backlog:
    """Reads, in order and with its own descriptors, everything up to the newest batch that the consumer was given.

    ``fill`` may run in another thread than the rest; ``read`` calls it itself unless ``request_fill`` is replaced.
    """

    def __init__(self, first: Content) -> None:
        """``first``: the content whose end was read first; the backlog closes it."""
        self._contents = [first]
        self._invalid: set[int] = set()
        """Indexes of contents that cannot be read any more."""
        self._ends = [0]
        """The consumer's position in each content. Written by the consumer only."""
        self._slices: deque[list[bytes]] = deque()
        self._index = 0
        """The content that is being read."""
        self._filled = (0, 0)
        """Content and offset up to which slices are ready. Set after the slice, so that ``finished`` is not true too
        early in the other thread."""
        self._errors = 0
        self._limit = SLICE_BYTES
        self._lock = threading.Lock()
        self.ready = threading.Event()
        self.request_fill: Callable[[], object] = self.fill
        """Called when the consumer needs a slice and none is ready."""
        self.head = _UNKNOWN
        """Offset at which the part begins that was read first; the consumer has had the lines from there on."""
        self.lines = 0
        """Number of lines before ``head`` that have been read."""
        self.dropped = 0
        """Number of lines before ``head`` that were over the limit."""
        self.gaps = 0
        """Number of contents that were lost before they had been read completely."""
        self.closed = False

    def add_content(self, content: Content) -> None:
        """The followed file has a new content, from which the consumer gets its batches from now on."""
        self._contents.append(content)

    def invalidate(self, identity: tuple[int, int]) -> None:
        """The file with this device and inode was truncated or rewritten: read no more of its earlier content."""
        self._invalid.update(index for index, content in enumerate(self._contents) if content.identity == identity)

    def record_delivery(self, batch: TailBatch) -> None:
        """The consumer was given ``batch``: the backlog now ends after it."""
        if batch.restarted:
            self._ends.append(batch.end)
        else:
            self._ends[-1] = batch.end

    def read(self, limit_bytes: int) -> list[bytes]:
        """The next slice of about ``limit_bytes``; empty when ``finished``, or when none is ready within 50 ms."""
        self._limit = max(limit_bytes, 1)
        deadline = time.monotonic() + WAIT_S
        while not self._slices and not self.finished:
            self.ready.clear()
            self.request_fill()
            if self.request_fill != self.fill:
                self.ready.wait(WAIT_S)
            if time.monotonic() > deadline:
                break
        return self._slices.popleft() if self._slices else []

    @property
    def is_head_unknown(self) -> bool:
        """No line of the part that is read first has been read yet."""
        return self.head == _UNKNOWN

    @property
    def finished(self) -> bool:
        """The consumer has taken everything up to its own position."""
        filled = self._filled
        return not self._slices and filled >= (len(self._ends) - 1, self._ends[-1])

    @property
    def needs_fill(self) -> bool:
        """There is something to read, and room for another slice."""
        return (
            not self.closed and len(self._slices) < READ_AHEAD and self._filled < (len(self._ends) - 1, self._ends[-1])
        )

    @property
    def unread(self) -> int:
        """Bytes before ``head`` that have not been read."""
        index, position = self._filled
        return max(0, self.head - position) if index == 0 and not self.closed and not self.is_head_unknown else 0

    def fill(self) -> bool:
        """Read one more slice; False when there was nothing to do. Never raises."""
        with self._lock:
            if not self.needs_fill:
                return False
            try:
                lines = self._read_slice()
                self._errors = 0
            except OSError:
                self._errors += 1
                if self._errors < MAX_ERRORS:
                    return False
                self._give_up()
                lines = []
            if lines:
                self._slices.append(lines)
            is_invalid = self._index in self._invalid
            self._filled = (self._index, _UNKNOWN if is_invalid else self._contents[self._index].position)
            self.ready.set()
            return True

    def _read_slice(self) -> list[bytes]:
        """Lines up to the limit, the head, or the consumer's position, whichever comes first."""
        content, end = self._contents[self._index], self._ends[self._index]
        begin = content.position
        while self._index not in self._invalid and content.position < end:
            if content.position - begin > MAX_SLICE_BYTES:
                return []
            if not content.is_intact() and content.rewind():
                self._give_up()
                break
            stop = self.head if self._index == 0 and content.position < self.head else end
            before = content.position
            batch = content.read(min(self._limit, stop - before))
            if content.position == before:
                self._give_up()
                break
            lines = batch.lines if batch else []
            if content.position == end:
                # The consumer also got a last line without an end, because its file was finished.
                last = content.finish()
                lines += last.lines if last else []
            self._count(before, lines)
            if lines:
                return lines
        if self._index + 1 < len(self._ends):
            content.close()
            self._index += 1
        return []

    def _count(self, before: int, lines: list[bytes]) -> None:
        if self._index == 0 and before < self.head:
            self.lines += len(lines)
            self.dropped = self._contents[0].lines.dropped

    def _give_up(self) -> None:
        self._invalid.add(self._index)
        self.gaps += 1
        self._errors = 0

    def close(self) -> None:
        """Stop reading. The descriptors are closed here, or at the next ``release`` if a read is running now."""
        self.closed = True
        if self._lock.acquire(blocking=False):
            self._lock.release()
            self.release()

    def release(self) -> None:
        """Close the descriptors, if the backlog is closed."""
        with self._lock:
            if self.closed:
                self._slices.clear()
                for content in self._contents:
                    content.close()
