"""The only place where the stages meet: one thread that turns lines into snapshots."""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

from timmy_tui.core.sanitize import clean
from timmy_tui.core.settings import Settings
from timmy_tui.model.llm import OllamaFacts
from timmy_tui.model.snapshot import Health, Snapshot, SourceState
from timmy_tui.model.turn import Marker, Turn
from timmy_tui.pipeline.snapshot_builder import Analyst, SnapshotBuilder
from timmy_tui.sources.files.tail import Backlog, TailBatch
from timmy_tui.turns.ingest import LogKind

Publish = Callable[[Snapshot], None]

IDLE_S = 1.0
"""Longest wait of the thread with no turn in flight: time-outs and source states are looked at this often."""
BUSY_S = 0.25
PACE_S = 0.01
"""Least time between two snapshots while lines pour in; a single line is shown at once."""
STATES_S = 5.0
"""A snapshot at least this often, so that a source that went silent is seen to be."""
SLICE_BYTES = 1 << 18
"""Backlog read between two looks at the live lines: about 4 ms of work."""
REST_S = 0.004
"""Rest after each slice, so that the screen's thread gets the interpreter."""
LOG_LINES = 400


class Feed(Protocol):
    """A followed or replayed log."""

    name: str
    kind: LogKind

    def start(self, notify: Callable[[], None]) -> None:
        """Begin; ``notify`` is called from any thread when there is something to drain."""

    def drain(self) -> list[TailBatch]:
        """Batches since the last call, oldest first; never blocks."""

    def take_backlog(self) -> Backlog | None:
        """The file from its first byte on, when its end was read first; asked for after the first batch."""

    @property
    def state(self) -> SourceState:
        """As it is now."""

    def set_busy(self, busy: bool) -> None:
        """A turn is in flight: look more often."""

    def stop(self) -> None:
        """End within a second, whatever the file does."""


class Services(Protocol):
    """What the HTTP side knows; its own threads do the waiting."""

    def start(self, notify: Callable[[], None]) -> None:
        """Begin polling."""

    def stop(self) -> None:
        """End within a second."""

    def on_turn_closed(self) -> None:
        """Ask the model server again in a second."""

    def set_busy(self, busy: bool) -> None:
        """A turn is in flight: v34 answers late."""

    @property
    def facts(self) -> OllamaFacts | None:
        """What Ollama says."""

    @property
    def states(self) -> tuple[SourceState, ...]:
        """One per service."""

    def take_typed_turns(self) -> Sequence[Turn]:
        """Turns that only v34's own statistics told of, since the last call."""


class Pipeline:
    """Feeds in, snapshots out. ``start`` returns at once; ``stop`` within a second."""

    def __init__(
        self,
        settings: Settings,
        feeds: Sequence[Feed],
        services: Services | None = None,
        analyst: Analyst | None = None,
        replayed: bool = False,
    ) -> None:
        """``replayed``: the stamps are of another day, so that only the log itself says what is over."""
        self._settings = settings
        self._replayed = replayed
        self._feeds = feeds
        self._services = services
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._publish: Publish = lambda snapshot: None
        self._track = SnapshotBuilder(settings, analyst)
        self._preview: SnapshotBuilder | None = None
        self._backlogs: deque[tuple[Feed, Backlog]] = deque()
        self._asked: set[str] = set()
        self._log: deque[tuple[str, str]] = deque(maxlen=LOG_LINES)
        self._marks: deque[Marker] = deque(maxlen=200)
        self._orders: deque[Callable[[SnapshotBuilder], None]] = deque()
        self._health: dict[str, Health] = {}
        self._restarted = 0
        self._published = float("-inf")
        self._busy = False
        self._errors = 0

    def start(self, publish: Publish) -> None:
        """Begin; ``publish`` is called from the pipeline's thread with each newer snapshot."""
        self._publish = publish
        self._thread = threading.Thread(target=self._run, name="pipeline", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread, the feeds and the services."""
        self._stopping.set()
        self._wake.set()
        for feed in self._feeds:
            feed.stop()
        if self._services is not None:
            self._services.stop()
        if self._thread is not None:
            self._thread.join(timeout=1.0)

    def order(self, action: Callable[[SnapshotBuilder], None]) -> None:
        """Run ``action`` in the pipeline's thread and show what came of it (marks, accepted findings)."""
        self._orders.append(action)
        self._wake.set()

    def mark(self, mark: Marker) -> None:
        """Put something that happened outside the logs on the charts."""
        self._marks.append(mark)
        self._wake.set()

    def _run(self) -> None:
        for feed in self._feeds:
            feed.start(self._wake.set)
        if self._services is not None:
            self._services.start(self._wake.set)
        while not self._stopping.is_set():
            try:
                self._step()
            except Exception as error:  # noqa: BLE001  A live screen over a dead thread would lie: show it and go on.
                self._fail(error)

    def _step(self) -> None:
        """Wait, take what came, and publish when something changed."""
        if not self._backlogs:
            self._wake.wait(BUSY_S if self._busy else IDLE_S)
        self._wake.clear()
        changed = self._drain()
        changed |= self._read_backlog()
        if not self._replayed:
            changed |= self._shown.tick(time.time(), self._facts)
        changed |= self._obey()
        if changed or time.monotonic() - self._published > STATES_S:
            self._show()
        if self._backlogs:
            time.sleep(REST_S)

    @property
    def _shown(self) -> SnapshotBuilder:
        return self._preview or self._track

    @property
    def _facts(self) -> OllamaFacts | None:
        return self._services.facts if self._services is not None else None

    def _drain(self) -> bool:
        """Take live lines into the reading that is shown; while a backlog comes in, that is the preview."""
        changed = False
        closed = self._shown.closed
        for feed in self._feeds:
            batches = feed.drain()
            if batches and feed.name not in self._asked:
                self._asked.add(feed.name)
                self._begin_backlog(feed)
            for batch in batches:
                self._take(feed, batch)
                changed = True
        if self._services is not None:
            # Only into the full reading: what a preview takes in is forgotten with it.
            typed = self._services.take_typed_turns() if self._preview is None else ()
            changed |= self._track.add_typed(typed, self._facts) if typed else False
            if self._shown.closed != closed:
                self._services.on_turn_closed()
        if self._shown.busy != self._busy:
            self._busy = self._shown.busy
            self._tell_busy()
        return changed

    def _take(self, feed: Feed, batch: TailBatch) -> None:
        if batch.restarted:
            self._restarted += 1
        for line in batch.lines[-LOG_LINES:]:
            self._log.append((feed.name, clean(line.decode("utf-8", "replace"))))
        self._shown.feed(feed.kind, batch.lines, self._facts)
        if self._preview is not None and not any(feed is reading for reading, _ in self._backlogs):
            self._track.feed(feed.kind, batch.lines, self._facts)

    def _begin_backlog(self, feed: Feed) -> None:
        backlog = feed.take_backlog()
        if backlog is None:
            return
        if self._preview is None:
            self._preview = SnapshotBuilder(self._settings)
            self._track.begin_backlog()
        self._backlogs.append((feed, backlog))

    def _read_backlog(self) -> bool:
        """One slice of the oldest unread part; the full reading takes the preview's place when it has caught up."""
        if not self._backlogs:
            return False
        feed, backlog = self._backlogs[0]
        self._track.feed(feed.kind, backlog.read(SLICE_BYTES), self._facts)
        if not backlog.finished:
            return False
        backlog.close()
        self._backlogs.popleft()
        if self._backlogs:
            return False
        self._track.end_backlog(self._facts)
        self._preview = None
        return True

    def _tell_busy(self) -> None:
        for feed in self._feeds:
            feed.set_busy(self._busy)
        if self._services is not None:
            self._services.set_busy(self._busy)

    def _obey(self) -> bool:
        obeyed = bool(self._orders)
        while self._orders:
            self._orders.popleft()(self._track)
        return obeyed

    def _show(self) -> None:
        """Publish, at most every PACE_S while lines pour in; what is held back is shown at the next step."""
        wait = self._published + PACE_S - time.monotonic()
        if wait > 0:
            self._stopping.wait(wait)
            self._drain()
        self._published = time.monotonic()
        services = self._services.states if self._services is not None else ()
        blank = Snapshot(
            taken=time.time(),
            sources=(*(feed.state for feed in self._feeds), *services),
            health=tuple(self._health.values()),
            marks=tuple(self._marks),
            log_tail=tuple(self._log),
            restarted=self._restarted,
        )
        self._publish(self._shown.snapshot(blank, self._facts))

    def _fail(self, error: Exception) -> None:
        """Keep the failure as a health line; the first of its kind keeps its time."""
        kind = type(error).__name__
        where = _origin(error)
        self._errors += 1
        first = self._health.get(where)
        self._health[where] = Health(
            where=where,
            message=clean(f"{kind}: {error}", 200),
            since=first.since if first else time.time(),
        )
        # A fault that returns at once must not spin: at most ten tries a second.
        self._stopping.wait(0.1)


def _origin(error: BaseException) -> str:
    """Module and line where it was raised."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return "pipeline"
    name = trace.tb_frame.f_globals.get("__name__", "pipeline")
    return f"{str(name).removeprefix('timmy_tui.')}:{trace.tb_lineno}"
