"""What all sources that are not growing files have in common: their state, their lines for the log screen."""

import os
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from timmy_tui.model.snapshot import SourceState
from timmy_tui.sources.files.condition import ConditionTracker
from timmy_tui.sources.files.tail import Backlog, TailBatch

SHOWN_BYTES = 16 << 20
"""Lines of a stream that the log screen can page through; with more it begins with the newer half."""
FIRST_PAUSE_S = 0.5
"""Wait before a new try where the last one failed; each further one doubles it."""
LONGEST_PAUSE_S = 30.0
DESCRIPTORS = Path("/proc/self/fd")


class Pause:
    """Waits longer after each failure in a row."""

    def __init__(self, clock: Callable[[], float], first_s: float = FIRST_PAUSE_S, longest_s: float = LONGEST_PAUSE_S):
        self._clock = clock
        self._first_s, self._longest_s = first_s, longest_s
        self._next_s = first_s
        self._until = float("-inf")

    @property
    def over(self) -> bool:
        """It may be tried again."""
        return self._clock() >= self._until

    def fail(self) -> None:
        """The last try failed."""
        self._until = self._clock() + self._next_s
        self._next_s = min(2 * self._next_s, self._longest_s)

    def succeed(self) -> None:
        """It works again."""
        self._next_s = self._first_s


class ShownLines:
    """The lines that were delivered, in a file without a name that is gone with the process."""

    def __init__(self, name: Path) -> None:
        """``name``: what stands for the source where there is no such file."""
        self._name = name
        self._descriptors: list[int] = []
        self._size = 0

    @property
    def path(self) -> Path:
        """Where they can be read."""
        return DESCRIPTORS / str(self._descriptors[-1]) if self._descriptors else self._name

    def add(self, lines: Sequence[bytes]) -> tuple[int, int]:
        """Keep these; where they begin and end in the file. A disk that is full keeps none."""
        data = b"".join(line + b"\n" for line in lines)
        try:
            if not self._descriptors or self._size > SHOWN_BYTES:
                self._begin()
            begin = self._size
            while data:
                written = os.write(self._descriptors[-1], data)
                data, self._size = data[written:], self._size + written
            return begin, self._size
        except OSError:
            return self._size, self._size

    def _begin(self) -> None:
        """A new file that begins with the newer half of the last one."""
        begin = os.memfd_create("timmy-tui") if hasattr(os, "memfd_create") else _unnamed()
        if self._descriptors:
            half = os.pread(self._descriptors[-1], SHOWN_BYTES // 2, self._size - SHOWN_BYTES // 2)
            os.write(begin, half.partition(b"\n")[2])
        self._descriptors.append(begin)
        self._size = os.lseek(begin, 0, os.SEEK_CUR)
        while len(self._descriptors) > 2:  # A page of the log screen may be reading the last one.
            os.close(self._descriptors.pop(0))

    def close(self) -> None:
        """Forget them."""
        while self._descriptors:
            os.close(self._descriptors.pop())


def _unnamed() -> int:
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


class Stream:
    """The part of a ``Polled`` that is the same for all streams."""

    def __init__(self, name: str, place: Path) -> None:
        self.name = name
        self.more = False
        self.condition = ConditionTracker()
        self.partial = False
        self.dropped = 0
        self.closed = False
        self.unread = 0
        """Bytes that could not be taken."""
        self._shown = ShownLines(place)
        self._lines = 0
        self._newest: float | None = None

    @property
    def caught_up(self) -> bool:
        """What was there at the first poll has been returned."""
        return not self.more

    @property
    def path(self) -> Path:
        """Where the log screen finds its lines."""
        return self._shown.path

    def batch(self, lines: list[bytes], age_s: float) -> TailBatch:
        """These lines, counted. ``age_s``: how long ago the newest was written."""
        self._lines += len(lines)
        self._newest = time.time() - age_s
        begin, end = self._shown.add(lines)
        return TailBatch(lines, False, begin, end, age_s)

    @property
    def state(self) -> SourceState:
        """The state after the last poll."""
        return SourceState(
            name=self.name, condition=self.condition.condition, detail=self.condition.detail,
            since=self.condition.since, lines=self._lines, newest=self._newest, partial=self.partial,
            dropped=self.dropped,
        )  # fmt: skip

    @property
    def opened_backlog(self) -> Backlog | None:
        """There is none: all lines come in one order."""
        return None

    def take_backlog(self) -> Backlog | None:
        """There is none."""
        return None

    def look(self) -> None:
        """Nothing is lost while nobody reads."""

    def close(self) -> None:
        """Later polls return nothing."""
        self.closed = True
        self._shown.close()
