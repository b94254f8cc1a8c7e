"""A saved log, line by line at the pace at which it was written, or faster."""

import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Literal, NamedTuple

from timmy_tui.core.errors import NotFound, SourceError
from timmy_tui.core.sanitize import clean
from timmy_tui.model.snapshot import SourceCondition, SourceState
from timmy_tui.sources.files.backlog import Backlog
from timmy_tui.sources.files.content import NotAFile, open_regular
from timmy_tui.sources.files.lines import TailBatch
from timmy_tui.sources.replay.pace import Block, DueLine, LogClock, blocks, latency_lines, read_lines

Kind = Literal["latency", "v34"]

LINE_LIMIT = 1 << 20
LOOK_BYTES = 1 << 20
"""Read to tell what kind of log a file is: enough to get past torn lines and NULs at its beginning."""
POLL_BYTES = 1 << 20
"""Most that one poll gives at full speed."""
QUEUE = 8
"""Batches that wait for the consumer of one file."""
BLOCKS_AHEAD = 1000
"""Turns of the debug log that are searched for the one that the latency log has just finished."""
LONGEST_WAIT_S = 0.25


def detect_kind(path: Path) -> Kind:
    """What a log is, by its content; its name decides where that says nothing. Raises NotFound or SourceError."""
    try:
        descriptor, _ = open_regular(path)
        with open(descriptor, "rb") as file:
            start = file.read(LOOK_BYTES)
    except FileNotFoundError:
        raise NotFound(f"{path} does not exist.") from None
    except NotAFile as error:
        raise SourceError(f"{path} is {error.strerror}, not a log.") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no file can have this name"
        raise SourceError(f"{path} cannot be read: {reason}.") from None
    for line in start.replace(b"\0", b"").split(b"\n"):
        if b'{"timestamp"' in line or (line.lstrip().startswith(b"{") and b'"event"' in line):
            return "latency"
    return "latency" if "latency" in path.name and b"*** Debug:" not in start else "v34"


class Release(NamedTuple):
    """A line and when it is due."""

    due: float
    """Seconds of log time since the first line of all."""
    file: int
    """Which of the paths it comes from."""
    line: bytes


class Replay:
    """Saved logs as if they were being written now. Files of one kind are played one after the other.

    The debug log has no stamps: beside a latency log each of its turns comes when that log has passed the turn's
    ``v34_sending_to_tts``; alone it is paced by its access lines and by the durations that it prints.
    """

    def __init__(self, paths: Sequence[Path], speed: float | None, clock: Callable[[], float] = time.monotonic) -> None:
        """``speed``: log seconds per second, None for as fast as it goes. Raises NotFound or SourceError."""
        self._paths = list(paths)
        self._kinds: list[Kind] = [detect_kind(path) for path in self._paths]
        self._speed = speed
        self._clock = clock
        self._started: float | None = None
        self._releases = self._merge()
        self._next: Release | None = None
        self._offsets = [0] * len(self._paths)
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        self._drained = threading.Event()
        self.finished = False
        """Every line has been released."""
        self.error = ""
        """Why the replay ended before the end, if it did."""
        self.feeds = tuple(ReplayFeed(self, path, kind) for path, kind in zip(self._paths, self._kinds, strict=True))
        """One per path, as the pipeline wants them."""

    def poll(self) -> list[tuple[int, TailBatch]]:
        """Lines that are due now, as runs of one file each, in order. Never raises."""
        now = self._clock()
        if self._started is None:
            self._started = now
            self._advance()
        log_now = float("inf") if self._speed is None else (now - self._started) * self._speed
        runs: list[tuple[int, list[bytes]]] = []
        room = POLL_BYTES
        while self._next is not None and self._next.due <= log_now and room > 0:
            if not runs or runs[-1][0] != self._next.file:
                runs.append((self._next.file, []))
            runs[-1][1].append(self._next.line)
            room -= len(self._next.line) + 1
            self._advance()
        return [(file, self._batch(file, lines)) for file, lines in runs]

    def wait_s(self) -> float:
        """Seconds until the next line is due, at most a quarter of one."""
        if self._next is None or self._speed is None or self._started is None:
            return 0.0
        due = self._started + self._next.due / self._speed
        return min(max(0.0, due - self._clock()), LONGEST_WAIT_S)

    def _advance(self) -> None:
        try:
            self._next = next(self._releases, None)
        except OSError as error:
            self._next = None
            self.error = error.strerror or "cannot be read"
        self.finished = self._next is None

    def _batch(self, file: int, lines: list[bytes]) -> TailBatch:
        offset = self._offsets[file]
        self._offsets[file] += sum(len(line) + 1 for line in lines)
        return TailBatch(lines, False, offset, self._offsets[file])

    def _merge(self) -> Generator[Release, None, None]:
        """Everything, in the order of release."""
        turns = self._blocks()
        if "latency" not in self._kinds:
            for file, block in turns:
                yield from (Release(due, file, line) for due, line in block.lines)
            return
        waiting: deque[tuple[int, Block]] = deque(islice(turns, BLOCKS_AHEAD))
        current, due = b"", 0.0
        for file, item in self._latency():
            due = item.due
            if item.event.startswith(b"v34_") and item.request_id != current:
                # A turn that never reached its end, a failed one, is over when the next begins.
                yield from _let_go(waiting, turns, current, due)
                current = item.request_id
            yield Release(due, file, item.line)
            if item.event == b"v34_sending_to_tts":
                yield from _let_go(waiting, turns, item.request_id, due)
        for file, block in [*waiting, *turns]:
            yield from (Release(due, file, line) for _, line in block.lines)

    def _latency(self) -> Iterator[tuple[int, DueLine]]:
        clock = LogClock()
        for file in self._of_kind("latency"):
            for item in latency_lines(read_lines(self._paths[file], LINE_LIMIT), clock):
                yield file, item

    def _blocks(self) -> Iterator[tuple[int, Block]]:
        clock = LogClock()
        for file in self._of_kind("v34"):
            for block in blocks(read_lines(self._paths[file], LINE_LIMIT), clock):
                yield file, block

    def _of_kind(self, kind: Kind) -> list[int]:
        return [index for index, found in enumerate(self._kinds) if found == kind]

    def start(self) -> None:
        """Play in a thread into the queues of ``feeds``; the second call does nothing."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="replay", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End within a second."""
        self._stopping.set()
        self._drained.set()
        if self._thread is not None:
            self._thread.join(0.8)
        if self._thread is None or not self._thread.is_alive():
            self._releases.close()

    def note_drained(self) -> None:
        """A consumer made room."""
        self._drained.set()

    def _run(self) -> None:
        while not self._stopping.is_set() and not self.finished:
            self._drained.clear()
            if any(feed.is_full for feed in self.feeds):
                self._drained.wait(LONGEST_WAIT_S)
                continue
            for file, batch in self.poll():
                self.feeds[file].put(batch)
            self._stopping.wait(self.wait_s())
        for feed in self.feeds:
            feed.notify()


def _let_go(
    waiting: deque[tuple[int, Block]], turns: Iterator[tuple[int, Block]], request_id: bytes, due: float
) -> Iterator[Release]:
    """The turn of ``request_id`` and whatever stands before it in the debug log; nothing if it is not there."""
    if not request_id or not any(block.request_id == request_id for _, block in waiting):
        return
    found = False
    while waiting and not found:
        file, block = waiting.popleft()
        waiting.extend(islice(turns, 1))
        yield from (Release(due, file, line) for _, line in block.lines)
        found = block.request_id == request_id


class ReplayFeed:
    """One file of a replay, as the pipeline follows it."""

    def __init__(self, replay: Replay, path: Path, kind: Kind) -> None:
        self.name = clean(path.name, 60)
        self.kind: Kind = kind
        self.notify: Callable[[], None] = lambda: None
        self._replay = replay
        self._queue: deque[TailBatch] = deque()
        self._since = time.time()
        self._newest: float | None = None
        self._lines = 0

    @property
    def is_full(self) -> bool:
        """The consumer is late: the replay waits."""
        return len(self._queue) >= QUEUE

    def put(self, batch: TailBatch) -> None:
        """Lines that are due."""
        self._queue.append(batch)
        self._lines += len(batch.lines)
        self._newest = time.time()
        self.notify()

    def start(self, notify: Callable[[], None]) -> None:
        """Begin; the first feed that starts begins the replay of all."""
        self.notify = notify
        self._replay.start()

    def drain(self) -> list[TailBatch]:
        """Batches since the last call, oldest first; never blocks."""
        batches = []
        while self._queue:
            batches.append(self._queue.popleft())
        self._replay.note_drained()
        return batches

    def take_backlog(self) -> Backlog | None:
        """A replay begins at the beginning."""
        return None

    @property
    def state(self) -> SourceState:
        """How far it has come."""
        replay = self._replay
        detail = f"replay ended: {replay.error}" if replay.error else "replay ended" if replay.finished else "replay"
        return SourceState(
            name=self.name,
            condition=SourceCondition.ERROR if replay.error else SourceCondition.OK,
            detail=detail,
            since=self._since,
            lines=self._lines,
            newest=self._newest,
        )

    def set_busy(self, busy: bool) -> None:
        """A replay keeps its own time."""

    def stop(self) -> None:
        """End the replay of all files."""
        self._replay.stop()
