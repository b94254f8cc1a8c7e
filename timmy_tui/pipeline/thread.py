"""The pipeline: one thread that makes snapshots from the lines of all sources."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence

from msgspec.structs import replace

from timmy_tui.core.foreign.sanitize import clean
from timmy_tui.core.formatting import plural
from timmy_tui.core.running.failures import Failures
from timmy_tui.core.running.interruptions import elapsed
from timmy_tui.core.running.threads import guarded_thread, thread_failures
from timmy_tui.core.settings import Settings
from timmy_tui.model.llm import OllamaFacts
from timmy_tui.model.snapshot import Health, Snapshot, SourceState
from timmy_tui.model.turn import Marker
from timmy_tui.pipeline.catching_up import CatchingUp
from timmy_tui.pipeline.inputs import Feed, Services
from timmy_tui.pipeline.log_history import LogFile
from timmy_tui.pipeline.reading_order import HeldLines, is_opened, to_be_drained
from timmy_tui.pipeline.snapshot_builder import Analyzer, LogSource, SnapshotBuilder
from timmy_tui.sources.files.blocks import Part
from timmy_tui.sources.files.tail import Backlog, TailBatch

Publish = Callable[[Snapshot], None]

IDLE_S = 1.0
"""Longest wait of the thread with no turn in flight: time-outs and source states are checked this often."""
BUSY_S = 0.25
MIN_SNAPSHOT_INTERVAL_S = 0.01
"""Shortest time between two snapshots while many lines arrive; a single line is shown at once."""
MAX_SNAPSHOT_INTERVAL_S = 5.0
"""Longest time between two snapshots, so that the screen shows a source that went silent."""
SLICE_BYTES = 1 << 18
"""Backlog read before live lines are taken again: about 4 ms of work."""
SLICE_PAUSE_S = 0.004
"""Pause after each slice, so that the screen's thread gets the interpreter."""
LONGEST_OPENING_S = 10.0
"""So long at most a log that does not come delays the judgement of what the others held at the start."""
LOG_LINES = 400
QUIET_INTERVAL_S = 2.0
"""Shortest time between two snapshots while nothing but lone pauses arrives: up to 100 a minute in a quiet room. The
screen says LISTENING for 5 s behind one of them, and they come at most 3 s apart."""
LISTENS_AGAIN_S = 4.0
"""A pause that none came ahead of for so long is news: the microphone is open again."""
CLOCKS_APART_S = 600.0
"""The clock that stamped a file may be minutes from ours (WSL, network mounts): only a file that was written longer ago
than this is known to be silent."""


class Pipeline:
    """Takes feeds and publishes snapshots. ``start`` returns at once; ``stop`` within a second."""

    def __init__(
        self,
        settings: Settings,
        feeds: Sequence[Feed],
        services: Services | None = None,
        analyzer: Analyzer | None = None,
        replayed: bool = False,
    ) -> None:
        """``replayed``: the stamps are from the past, so only the log itself shows which turns are over."""
        self._catching_up = CatchingUp()
        self._settings = settings
        self._replayed = replayed
        self._opening = True
        """What the logs hold at the start is still being read. It is judged when all of it is there."""
        self._opened = False
        """Of each log the end, at least, has been taken."""
        self._feeds = feeds
        self._services = services
        self._service_states: tuple[SourceState, ...] = ()
        self._had_statistics = False
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._publish: Publish = lambda snapshot: None
        self._full_reading = SnapshotBuilder(settings, analyzer)
        self._preview: SnapshotBuilder | None = None
        self._backlogs: deque[tuple[Feed, Backlog]] = deque()
        self._held = HeldLines(feeds)
        self._backlog_asked: set[str] = set()
        self._learning: Iterator[None] = iter(())
        """What must be known of a log before its backlog is read, piece by piece."""
        self._log: deque[tuple[str, str]] = deque(maxlen=LOG_LINES)
        self._read_to: dict[int, Part] = {}
        """Index of a feed → its file, as far as its lines were taken."""
        self._markers: deque[Marker] = deque(maxlen=200)
        self._unstarted: deque[Callable[[Callable[[], None]], None]] = deque(feed.start for feed in feeds)
        if services is not None:
            self._unstarted.append(services.start)
        self._waiting: deque[tuple[Feed, TailBatch]] = deque()
        """Batches that were taken from their feed, and not added yet."""
        self._actions: deque[Callable[[SnapshotBuilder], None]] = deque()
        self._failures = Failures()
        self._last_snapshot: Snapshot | None = None
        self._file_restarts = [0] * len(feeds)
        self._last_published = float("-inf")
        self._newest_arrival = float("-inf")
        """``elapsed()`` at which the newest line of all logs was written."""
        self._quiet_lines = False
        """Lines have arrived since the last snapshot."""
        self._paused_at = float("-inf")
        """``elapsed()`` when the newest lone pause came."""
        self._told: tuple[object, ...] = ()
        """What the sources were last shown to be."""
        self._busy = False

    def start(self, publish: Publish) -> None:
        """Begin; ``publish`` is called from the pipeline's thread with each newer snapshot."""
        self._publish = publish
        self._thread = guarded_thread("pipeline", self._run, self._stopping)
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

    def submit(self, action: Callable[[SnapshotBuilder], None]) -> None:
        """Run ``action`` in the pipeline's thread, then publish a snapshot that shows its effect."""
        self._actions.append(action)
        self._wake.set()

    def number_by_history(self) -> None:
        """Turns get their numbers from a history. Call it before ``start``."""
        self._full_reading.numbered_by_history = True

    def log_files(self) -> list[LogFile]:
        """The logs as far as their lines were taken, in reading order; from any thread."""
        read_to = dict(self._read_to)
        return [LogFile(self._feeds[at].name, self._feeds[at].kind, read_to[at]) for at in sorted(read_to)]

    def add_marker(self, marker: Marker) -> None:
        """Put a marker on the charts for something that happened outside the logs."""
        self._markers.append(marker)
        self._wake.set()

    def _run(self) -> None:
        while self._unstarted and not self._stopping.is_set():
            # Taken out first: one that cannot be started is not tried for ever, and the others are.
            start = self._unstarted.popleft()
            start(self._wake.set)
        self._catching_up = CatchingUp()  # Again: a slow start is no stop.
        self._full_reading.begin_backlog()
        judged_at = time.monotonic() + LONGEST_OPENING_S
        while not self._stopping.is_set():
            try:
                self._step(time.monotonic() > judged_at)
            except Exception as error:  # noqa: BLE001  Show it and go on: a screen over a dead thread misleads.
                self._add_health_line(error)

    def _step(self, late: bool) -> None:
        """Wait, take new lines, and publish a snapshot if something changed. ``late``: no source is waited for."""
        if not self._backlogs:
            self._wake.wait(self._pause_s())
        self._wake.clear()
        # Asked first: what it tells of is drained next.
        opened, self._opened = self._opened, self._opened or late or all(map(is_opened, self._feeds))
        changed = self._drain() or opened != self._opened
        changed |= self._read_backlog()
        changed |= self._end_opening()
        changed |= self._note_interruption()
        if not self._replayed and not self._catching_up.active:
            changed |= self._visible.tick(elapsed(), self._facts)
        changed |= self._run_actions()
        changed |= self._sources_changed()
        longest = QUIET_INTERVAL_S if self._quiet_lines else MAX_SNAPSHOT_INTERVAL_S
        if changed or time.monotonic() - self._last_published >= longest:
            self._publish_snapshot(quiet=not changed)
        if self._backlogs:
            time.sleep(SLICE_PAUSE_S)

    def _pause_s(self) -> float:
        """Longest wait for lines: until pauses are to be shown, or what is in flight or silent is to be looked at."""
        longest = BUSY_S if self._busy else IDLE_S
        if not self._quiet_lines:
            return longest
        return min(longest, max(self._last_published + QUIET_INTERVAL_S - time.monotonic(), 0.0))

    def _note_interruption(self) -> bool:
        """A sleep of the machine, or a stop, becomes one mark on the charts. True when there is something to show."""
        found, shown = self._catching_up.look()
        if self._replayed:
            return False
        if found is not None:
            turns = self._visible.turns()
            newest = turns[-1].ordinal if turns else -1
            self._markers.append(Marker(at=time.time(), ordinal=newest + 1, kind="gap", label=found.words))
        return shown

    def _sources_changed(self) -> bool:
        """A file or a service is in another state than was shown, or Ollama reports something else."""
        conditions = (source.condition for source in (*(feed.state for feed in self._feeds), *self._service_states))
        told = (*conditions, self._facts)
        changed = told != self._told
        self._told = told
        return changed

    @property
    def _visible(self) -> SnapshotBuilder:
        return self._preview or self._full_reading

    @property
    def _facts(self) -> OllamaFacts | None:
        return self._services.facts if self._services is not None else None

    def _drain(self) -> bool:
        """Add live lines to the visible reading: the preview, while a backlog is read. True if something changed."""
        changed = False
        closed = self._visible.closed
        # A replay has its lines in order already, and is not over before all of them are taken.
        for feed in to_be_drained(self._feeds, self._opened or self._replayed):
            batches = feed.drain()
            self._waiting.extend((feed, batch) for batch in batches)
            if batches and feed.name not in self._backlog_asked:
                self._backlog_asked.add(feed.name)
                self._begin_backlog(feed)
            changed |= self._add_waiting()
        if self._services is not None:
            changed |= self._take_statistics(self._services)
            if self._visible.closed != closed:
                self._services.on_turn_closed()
        if self._visible.busy != self._busy:
            self._busy = self._visible.busy
            self._pass_busy_on()
        return changed

    def _take_statistics(self, services: Services) -> bool:
        """Only into the full reading: the preview and everything in it is dropped later."""
        # Asked first: of a service that has answered, what it told is taken next.
        self._service_states = services.states
        typed = services.take_typed_turns() if self._opened and self._preview is None else ()
        if not typed:
            return False
        # What comes first is of before the start, and so are the logs, which have been read.
        first, self._had_statistics = not self._had_statistics, True
        return self._full_reading.add_statistics(typed, self._facts, at_once=first)

    def _add_waiting(self) -> bool:
        """One batch after the other: what was taken from a feed comes only once, and one that raises costs no other."""
        shown = False
        while self._waiting:
            feed, batch = self._waiting.popleft()
            try:
                shown |= self._add_batch(feed, batch)
            except Exception as error:  # noqa: BLE001  Shown, with what was lost.
                self._failures.note(error, f"{plural(len(batch.lines), 'line')} of {feed.name}")
        return shown

    def _add_batch(self, feed: Feed, batch: TailBatch) -> bool:
        """Add live lines. True if they hold more than lone pauses, or one of a microphone that is open again."""
        at = self._feeds.index(feed)
        self._file_restarts[at] += batch.restarted
        self._read_to[at] = Part(feed.path, batch.end)
        for line in batch.lines[-LOG_LINES:]:
            self._log.append((feed.name, clean(line.decode("utf-8", "replace"))))
        source = LogSource(feed.kind, self._arrival(batch))
        pauses = self._visible.lone_pauses
        shown = self._visible.feed(source, batch.lines, self._facts)
        if self._visible.lone_pauses > pauses:
            shown |= elapsed() - self._paused_at > LISTENS_AGAIN_S
            self._paused_at = elapsed()
        if self._preview is not None and not any(feed is reading for reading, _ in self._backlogs):
            self._held.put((feed, source, batch.lines))
            self._read_held()
        self._quiet_lines = True
        return shown or batch.restarted

    def _arrival(self, batch: TailBatch) -> float | None:
        """When the newest of these lines was written, by a clock that counts sleep; None in a replay."""
        if self._replayed:
            return None
        age_s = batch.age_s if batch.age_s > CLOCKS_APART_S else 0.0
        self._newest_arrival = max(self._newest_arrival, elapsed() - age_s)
        return elapsed() - age_s

    def _begin_backlog(self, feed: Feed) -> None:
        backlog = feed.take_backlog()
        self._learning = self._full_reading.learn_days(feed.path)
        if backlog is None:
            for _ in self._learning:
                pass
            return
        if self._preview is None:
            self._preview = SnapshotBuilder(self._settings)
            self._preview.numbered_by_history = True  # Places in the end of a log are no numbers.
            self._full_reading.begin_backlog()
        self._backlogs.append((feed, backlog))

    def _read_backlog(self) -> bool:
        """Read one slice of the first backlog. When all are read, the full reading replaces the preview; True then."""
        if not self._backlogs:
            return False
        feed, backlog = self._backlogs[0]
        for _ in self._learning:
            return False
        self._full_reading.feed(LogSource(feed.kind), backlog.read(SLICE_BYTES), self._facts)
        if not backlog.finished:
            return False
        backlog.close()
        self._backlogs.popleft()
        self._read_held()
        if self._backlogs:
            return False
        if not self._opening:
            self._full_reading.end_backlog(self._facts, self._newest_arrival)
        self._preview = None
        return True

    def _read_held(self) -> None:
        for _, source, lines in self._held.take(feed for feed, _ in self._backlogs):
            self._full_reading.feed(source, lines, self._facts)

    def _end_opening(self) -> bool:
        """Judge what the logs held at the start, once the backlogs are read too. True when it was done."""
        if self._backlogs or not (self._opening and self._opened):
            return False
        self._opening = False
        self._full_reading.end_backlog(self._facts, self._newest_arrival)
        return True

    def _pass_busy_on(self) -> None:
        for feed in self._feeds:
            feed.set_busy(self._busy)
        if self._services is not None:
            self._services.set_busy(self._busy)

    def _run_actions(self) -> bool:
        ran = bool(self._actions)
        while self._actions:
            self._actions.popleft()(self._full_reading)
        return ran

    def _publish_snapshot(self, quiet: bool) -> None:
        """Publish a snapshot, at most one per MIN_SNAPSHOT_INTERVAL_S; lines that arrive meanwhile are part of it.

        ``quiet``: as in Snapshot.
        """
        wait = self._last_published + MIN_SNAPSHOT_INTERVAL_S - time.monotonic()
        if wait > 0:
            self._stopping.wait(wait)
            quiet = not self._drain() and quiet
        self._last_published = time.monotonic()
        self._quiet_lines = False
        base = Snapshot(
            taken=time.time(),
            preview=self._preview is not None,
            sources=(*(feed.state for feed in self._feeds), *self._service_states),
            marks=tuple(self._markers),
            log_tail=tuple(self._log),
            restarted=sum(self._file_restarts),
            log_restarts=tuple(self._file_restarts),
            opened=self._opened,
            quiet=quiet,
        )
        try:
            base = self._visible.snapshot(base, self._facts)
        except Exception as error:  # noqa: BLE001  The screen says so, over what it last showed.
            self._add_health_line(error)
            last = self._last_snapshot or base
            base = replace(last, taken=base.taken, sources=base.sources, log_tail=base.log_tail, quiet=quiet)
        if self._catching_up.active and not self._replayed:
            base = replace(base, open_turn=None)
        if self._services is not None:
            self._services.set_running_model(self._visible.running_model)
        self._last_snapshot = base
        self._publish(replace(base, health=self._health()))

    def _health(self) -> tuple[Health, ...]:
        """One line for each place where exceptions were raised, and for each thread that fails, since the first one."""
        return tuple(
            Health(one.where, one.message if one.count == 1 else f"{one.message} (× {one.count})", one.since, one.kind)
            for one in (*self._failures.all, *self._full_reading.failures, *thread_failures())
        )

    def _add_health_line(self, error: Exception) -> None:
        self._failures.note(error)
        # An error that occurs again at once must not use the whole core: at most ten tries per second.
        self._stopping.wait(0.1)
