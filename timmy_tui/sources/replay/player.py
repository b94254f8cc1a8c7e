"""A saved log, line by line at the pace at which it was written, or faster."""

import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from heapq import merge
from itertools import chain, islice
from operator import attrgetter, itemgetter
from pathlib import Path
from typing import NamedTuple

from timmy_tui.core.foreign.sanitize import clean
from timmy_tui.core.running.failures import describe
from timmy_tui.core.running.threads import guarded_thread
from timmy_tui.model.log_format import EventLog, FactLog, LogFormat, LogKind
from timmy_tui.model.snapshot import SourceCondition, SourceState
from timmy_tui.sources.files.backlog import Backlog
from timmy_tui.sources.files.lines import TailBatch
from timmy_tui.sources.replay.pace import LogClock, StampedLine, TurnLines, read_lines, stamped_lines, unstamped_turns

LINE_LIMIT = 1 << 20
"""A longer line is dropped."""
POLL_BYTES = 1 << 20
"""Most bytes that one poll returns at full speed."""
QUEUE = 8
"""Batches that may wait for the consumer of one file."""
TURNS_AHEAD = 1000
"""Turns of a log without stamps among which the one is searched that a stamped log has just passed."""
LONGEST_WAIT_S = 0.25
REPLY_SENT = "v34_sending_to_tts"
"""Event after which v34 has written everything about the turn into its debug log."""


class Release(NamedTuple):
    """A line and when it is due."""

    due: float
    """Seconds of log time since the first line of all files."""
    file: int
    """Index of its file among the logs."""
    line: bytes


class Replay:
    """Saved logs as if they were being written now. Files of one kind are played one after the other.

    When a log without stamps (v34's debug log) is played beside a stamped log, each of its turns is released at the
    turn's ``REPLY_SENT`` in the stamped log. Alone, it is paced by its access lines and by the durations in it.
    """

    def __init__(
        self,
        logs: Sequence[tuple[Path, LogFormat]],
        speed: float | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``speed``: log seconds per second; None is as fast as possible. ``clock``: seconds, not wall time."""
        self._logs = list(logs)
        self.speed = speed
        self._clock = clock
        self._started: float | None = None
        self._releases = self._merge()
        self._next: Release | None = None
        self._offsets = [0] * len(self._logs)
        self._starting = threading.Lock()
        """The dashboard can end while it begins."""
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        self._drained = threading.Event()
        self.finished = False
        """Every line has been released, or the replay ended with an error."""
        self.ended = False
        """It is finished, and all that it released is with the feeds."""
        self.error = ""
        """Why the replay stopped before the end of the files; empty when it did not."""
        self.feeds = tuple(ReplayFeed(self, path, row.kind) for path, row in self._logs)
        """One for each log, in their order."""

    def poll(self) -> list[tuple[int, TailBatch]]:
        """Lines that are due now, in order, as batches of one file each with its index. Never raises."""
        now = self._clock()
        if self._started is None:
            self._started = now
            self._advance()
        log_now = float("inf") if self.speed is None else (now - self._started) * self.speed
        runs: list[tuple[int, list[bytes]]] = []
        budget = POLL_BYTES
        while self._next is not None and self._next.due <= log_now and budget > 0:
            if not runs or runs[-1][0] != self._next.file:
                runs.append((self._next.file, []))
            runs[-1][1].append(self._next.line)
            budget -= len(self._next.line) + 1
            self._advance()
        return [(file, self._batch(file, lines)) for file, lines in runs]

    def wait_s(self) -> float:
        """Seconds until the next line is due, at most ``LONGEST_WAIT_S``."""
        if self._next is None or self.speed is None or self._started is None:
            return 0.0
        due = self._started + self._next.due / self.speed
        return min(max(0.0, due - self._clock()), LONGEST_WAIT_S)

    def _advance(self) -> None:
        try:
            self._next = next(self._releases, None)
        except Exception as error:  # noqa: BLE001  A generator that raised is dead: nothing more comes, and says why.
            self._next = None
            self.error = (error.strerror if isinstance(error, OSError) else None) or describe(error)
        self.finished = self._next is None

    def _batch(self, file: int, lines: list[bytes]) -> TailBatch:
        offset = self._offsets[file]
        self._offsets[file] += sum(len(line) + 1 for line in lines)
        return TailBatch(lines, False, offset, self._offsets[file])

    def _merge(self) -> Generator[Release, None, None]:
        """All lines, in the order of release."""
        rows = {row.kind: row for _, row in self._logs}.values()
        unstamped = [_PendingTurns(self._turns(row)) for row in rows if isinstance(row, FactLog)]
        stamped = [self._stamped_lines(row) for row in rows if isinstance(row, EventLog)]
        if not stamped:
            yield from merge(*(log.at_own_pace() for log in unstamped), key=attrgetter("due"))
            return
        clock = LogClock()
        current_id, due = "", 0.0
        for _, file, item in merge(*stamped, key=itemgetter(0)):
            due = clock.now if item.stamp is None else clock.advance(item.stamp)
            if item.event.startswith("v34_") and item.request_id != current_id:
                # The turn before may have failed and sent no reply: it is over when v34 begins the next one.
                for log in unstamped:
                    yield from log.through(current_id, due)
                current_id = item.request_id
            yield Release(due, file, item.line)
            if item.event == REPLY_SENT:
                for log in unstamped:
                    yield from log.through(item.request_id, due)
        for log in unstamped:
            yield from log.remaining(due)

    def _stamped_lines(self, row: EventLog) -> Iterator[tuple[float, int, StampedLine]]:
        """(sort key, file, line) for all files of one kind. The key, the newest stamp so far, merges several kinds."""
        parser = row.parser()
        newest = float("-inf")
        for file, path in self._of_kind(row.kind):
            for item in stamped_lines(read_lines(path, LINE_LIMIT), parser):
                newest = newest if item.stamp is None else item.stamp
                yield newest, file, item

    def _turns(self, row: FactLog) -> Iterator[tuple[int, TurnLines]]:
        """(file, turn) for all files of one kind."""
        clock = LogClock()
        parser = row.parser()
        for file, path in self._of_kind(row.kind):
            for turn in unstamped_turns(read_lines(path, LINE_LIMIT), parser, clock):
                yield file, turn

    def _of_kind(self, kind: LogKind) -> list[tuple[int, Path]]:
        return [(index, path) for index, (path, row) in enumerate(self._logs) if row.kind == kind]

    def start(self) -> None:
        """Play into the queues of ``feeds``, in a thread; a second call does nothing."""
        with self._starting:
            if self._thread is None and not self._stopping.is_set():
                thread = guarded_thread("replay", self._run, self._stopping)
                thread.start()
                self._thread = thread

    def stop(self) -> None:
        """End within a second."""
        self._stopping.set()
        self._drained.set()
        with self._starting:
            thread = self._thread
        if thread is not None:
            thread.join(0.8)
        if thread is None or not thread.is_alive():
            self._releases.close()

    def resume(self) -> None:
        """Go on at once when the replay waits for a consumer: one has emptied its queue."""
        self._drained.set()

    def _run(self) -> None:
        while not self._stopping.is_set() and not self.finished:
            self._drained.clear()
            if any(feed.is_full for feed in self.feeds):
                self._drained.wait(LONGEST_WAIT_S)
                continue
            released = self.poll()
            for file, batch in released:
                self.feeds[file].put(batch)
            # Before anybody is told: with the last lines comes the word that they are the last.
            self.ended = self.finished
            for file, _ in released:
                self.feeds[file].notify()
            self._stopping.wait(self.wait_s())
        for feed in self.feeds:
            feed.notify()


class _PendingTurns:
    """The turns of a log without stamps that have not been released yet."""

    def __init__(self, turns: Iterator[tuple[int, TurnLines]]) -> None:
        self._unread = turns
        self._ahead: deque[tuple[int, TurnLines]] = deque()

    def at_own_pace(self) -> Iterator[Release]:
        """All turns, each line at the time that the log itself gives it."""
        for file, turn in self._unread:
            yield from (Release(due, file, line) for due, line in turn.lines)

    def through(self, request_id: str, due: float) -> Iterator[Release]:
        """The turn with this id and every turn before it; nothing when it is not among the next ``TURNS_AHEAD``."""
        self._ahead.extend(islice(self._unread, TURNS_AHEAD - len(self._ahead)))
        if not request_id or not any(turn.request_id == request_id for _, turn in self._ahead):
            return
        released_id = ""
        while released_id != request_id:
            file, turn = self._ahead.popleft()
            yield from (Release(due, file, line) for _, line in turn.lines)
            released_id = turn.request_id

    def remaining(self, due: float) -> Iterator[Release]:
        """All turns that are left at the end of the stamped logs."""
        for file, turn in chain(self._ahead, self._unread):
            yield from (Release(due, file, line) for _, line in turn.lines)


class ReplayFeed:
    """One file of a replay, as the pipeline follows it."""

    def __init__(self, replay: Replay, path: Path, kind: LogKind) -> None:
        self.name = clean(path.name, 60)
        self.path = path
        self.kind = kind
        self.notify: Callable[[], None] = lambda: None
        self._replay = replay
        self._queue: deque[TailBatch] = deque()
        self._since = time.time()
        self._newest: float | None = None
        self._lines = 0

    @property
    def is_full(self) -> bool:
        """Whether the replay must wait for this file's consumer."""
        return len(self._queue) >= QUEUE

    def put(self, batch: TailBatch) -> None:
        """Add lines that are due."""
        self._queue.append(batch)
        self._lines += len(batch.lines)
        self._newest = time.time()

    def start(self, notify: Callable[[], None]) -> None:
        """Begin; the first feed that is started begins the replay of all files."""
        self.notify = notify
        self._replay.start()

    def drain(self) -> list[TailBatch]:
        """Batches since the last call, oldest first; never blocks."""
        batches = []
        while self._queue:
            batches.append(self._queue.popleft())
        self._replay.resume()
        return batches

    def take_backlog(self) -> Backlog | None:
        """None: a replay reads its files from their beginning."""
        return None

    @property
    def opened(self) -> bool:
        """A replay at once is read when it has ended; one that takes its time begins empty."""
        return self._replay.speed is not None or self._replay.ended

    @property
    def state(self) -> SourceState:
        """The lines released so far, and whether the replay goes on, or has ended and why: once all was drained."""
        replay = self._replay
        over = replay.ended and not self._queue
        detail = f"replay ended: {replay.error}" if replay.error else "replay ended" if over else "replay"
        return SourceState(
            name=self.name,
            condition=SourceCondition.ERROR if replay.error else SourceCondition.OK,
            detail=detail,
            since=self._since,
            lines=self._lines,
            newest=self._newest,
        )

    def set_busy(self, busy: bool) -> None:
        """Does nothing: a replay has its own pace."""

    def stop(self) -> None:
        """End the replay of all files."""
        self._replay.stop()
