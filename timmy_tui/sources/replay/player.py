"""A saved log, line by line at the pace at which it was written, or faster."""

import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from heapq import merge
from itertools import islice
from operator import attrgetter, itemgetter
from pathlib import Path
from typing import NamedTuple

from timmy_tui.core.sanitize import clean
from timmy_tui.model.log_format import EventLog, FactLog, LogFormat, LogKind
from timmy_tui.model.snapshot import SourceCondition, SourceState
from timmy_tui.sources.files.backlog import Backlog
from timmy_tui.sources.files.lines import TailBatch
from timmy_tui.sources.replay.pace import Block, LogClock, StampedLine, blocks, read_lines, stamped_lines

LINE_LIMIT = 1 << 20
POLL_BYTES = 1 << 20
"""Most that one poll gives at full speed."""
QUEUE = 8
"""Batches that wait for the consumer of one file."""
BLOCKS_AHEAD = 1000
"""Turns of a log without stamps that are searched for the one that a stamped log has just finished."""
LONGEST_WAIT_S = 0.25


class Release(NamedTuple):
    """A line and when it is due."""

    due: float
    """Seconds of log time since the first line of all."""
    file: int
    """Which of the paths it comes from."""
    line: bytes


class Replay:
    """Saved logs as if they were being written now. Files of one kind are played one after the other.

    A log without stamps, v34's: beside a stamped one each of its turns comes when that has passed the turn's
    ``v34_sending_to_tts``; alone it is paced by its access lines and by the durations that it prints.
    """

    def __init__(
        self,
        logs: Sequence[tuple[Path, LogFormat]],
        speed: float | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``speed``: log seconds per second, None for as fast as it goes."""
        self._logs = list(logs)
        self._speed = speed
        self._clock = clock
        self._started: float | None = None
        self._releases = self._merge()
        self._next: Release | None = None
        self._offsets = [0] * len(self._logs)
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        self._drained = threading.Event()
        self.finished = False
        """Every line has been released."""
        self.error = ""
        """Why the replay ended before the end, if it did."""
        self.feeds = tuple(ReplayFeed(self, path, row.kind) for path, row in self._logs)
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
        kinds = {row.kind: row for _, row in self._logs}.values()
        turns = [_Turns(self._blocks(row)) for row in kinds if isinstance(row, FactLog)]
        stamped = [self._stamped(row) for row in kinds if isinstance(row, EventLog)]
        if not stamped:
            yield from merge(*(log.alone() for log in turns), key=attrgetter("due"))
            return
        clock = LogClock()
        current, due = "", 0.0
        for _, file, item in merge(*stamped, key=itemgetter(0)):
            due = clock.now if item.stamp is None else clock.advance(item.stamp)
            if item.event.startswith("v34_") and item.request_id != current:
                # A turn that never reached its end, a failed one, is over when the next begins.
                for log in turns:
                    yield from log.up_to(current, due)
                current = item.request_id
            yield Release(due, file, item.line)
            if item.event == "v34_sending_to_tts":
                for log in turns:
                    yield from log.up_to(item.request_id, due)
        for log in turns:
            yield from log.rest(due)

    def _stamped(self, row: EventLog) -> Iterator[tuple[float, int, StampedLine]]:
        """Each line with the newest stamp so far, by which logs of several kinds are merged, and its file."""
        parser = row.parser()
        newest = float("-inf")
        for file, path in self._of_kind(row.kind):
            for item in stamped_lines(read_lines(path, LINE_LIMIT), parser):
                newest = newest if item.stamp is None else item.stamp
                yield newest, file, item

    def _blocks(self, row: FactLog) -> Iterator[tuple[int, Block]]:
        clock = LogClock()
        parser = row.parser()
        for file, path in self._of_kind(row.kind):
            for block in blocks(read_lines(path, LINE_LIMIT), parser, clock):
                yield file, block

    def _of_kind(self, kind: LogKind) -> list[tuple[int, Path]]:
        return [(index, path) for index, (path, row) in enumerate(self._logs) if row.kind == kind]

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


class _Turns:
    """The turns of a log without stamps that are still to come."""

    def __init__(self, blocks: Iterator[tuple[int, Block]]) -> None:
        self._blocks = blocks
        self._waiting: deque[tuple[int, Block]] = deque()

    def alone(self) -> Iterator[Release]:
        """All of them, at their own pace."""
        for file, block in self._blocks:
            yield from (Release(due, file, line) for due, line in block.lines)

    def up_to(self, request_id: str, due: float) -> Iterator[Release]:
        """The turn of ``request_id`` and whatever stands before it; nothing when it is not near."""
        self._waiting.extend(islice(self._blocks, BLOCKS_AHEAD - len(self._waiting)))
        if not request_id or not any(block.request_id == request_id for _, block in self._waiting):
            return
        released = ""
        while released != request_id:
            file, block = self._waiting.popleft()
            yield from (Release(due, file, line) for _, line in block.lines)
            released = block.request_id

    def rest(self, due: float) -> Iterator[Release]:
        """What no stamped log has passed."""
        while self._waiting:
            file, block = self._waiting.popleft()
            yield from (Release(due, file, line) for _, line in block.lines)
        for file, block in self._blocks:
            yield from (Release(due, file, line) for _, line in block.lines)


class ReplayFeed:
    """One file of a replay, as the pipeline follows it."""

    def __init__(self, replay: Replay, path: Path, kind: LogKind) -> None:
        self.name = clean(path.name, 60)
        self.kind = kind
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

    def backlog(self) -> Backlog | None:
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
