"""Where the dashboard's snapshots come from: a pipeline, and beside it the recorder and whoever else observes them."""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from msgspec.structs import replace

from timmy_tui.core.installation import Installation
from timmy_tui.core.running.interruptions import elapsed
from timmy_tui.core.settings import Settings
from timmy_tui.model.snapshot import Snapshot
from timmy_tui.model.turn import Marker, Turn
from timmy_tui.model.user_requests import MarkTurn, NoteTurn, PipelineRequest
from timmy_tui.parse.table import log_files
from timmy_tui.pipeline.inputs import Feed
from timmy_tui.pipeline.log_history import LogHistory
from timmy_tui.pipeline.observers import SnapshotObserver, show_to, states_of
from timmy_tui.pipeline.read_logs import detect_format
from timmy_tui.pipeline.snapshot_builder import SnapshotBuilder
from timmy_tui.pipeline.thread import Pipeline, Publish
from timmy_tui.profiles.streams import followed, is_stream
from timmy_tui.report.backlog import Backlog
from timmy_tui.sources.files.tail import OpenMode, Tail
from timmy_tui.sources.files.tail_thread import Polled, TailThread
from timmy_tui.sources.files.wake import Waker
from timmy_tui.sources.replay.player import Replay
from timmy_tui.storage.recorder import Recorder

STOP_S = 0.6
"""All observers together have so long to send what they hold when the dashboard ends."""


class LiveSource:
    """Starts and stops everything that produces snapshots; passes the user's requests on."""

    def __init__(
        self,
        pipeline: Pipeline,
        waker: Waker | None = None,
        recorder: Recorder | None = None,
        on_snapshot: Callable[[Snapshot], None] | None = None,
        observers: Sequence[SnapshotObserver] = (),
    ) -> None:
        """``on_snapshot`` also gets every snapshot: control learns from it which values run.

        ``observers`` get every snapshot after it, and their states are shown among those of the sources.
        """
        self.pipeline = pipeline
        self.log = LogHistory(pipeline.log_files)
        """Both logs, page by page."""
        self._waker = waker
        self._recorder = recorder
        self._on_snapshot = on_snapshot
        self._observers = tuple(observers)
        self._turns: tuple[Turn, ...] = ()
        """Of the newest snapshot, once the recorder has them."""
        self._backlog = Backlog()
        self._is_recorded = self._are_marked = False
        """What was in the logs at the start is read, so the recorder gets the turns; it has them."""
        self._unrecorded: deque[MarkTurn | NoteTurn] = deque()
        """In the order in which the user asked for them."""
        self._recording = threading.Lock()
        if recorder is not None:
            pipeline.number_by_history()
            recorder.on_stored = lambda known: pipeline.submit(lambda builder: builder.remember(known))
            recorder.on_lost = lambda turns: pipeline.submit(lambda builder: builder.expect_lost(turns))
            recorder.on_usable = lambda usable: pipeline.submit(partial(SnapshotBuilder.set_history, usable=usable))

    def start(self, publish: Publish) -> None:
        """Begin; ``publish`` is called from the pipeline's thread."""
        if self._waker is not None:
            self._waker.start()
        if self._recorder is not None:
            self._recorder.start()
        for observer in self._observers:
            observer.start()
        self.pipeline.start(lambda snapshot: self._distribute(snapshot, publish))

    def _distribute(self, snapshot: Snapshot, publish: Publish) -> None:
        states = states_of(self._observers)
        if states:
            snapshot = replace(snapshot, sources=(*snapshot.sources, *states))
        publish(snapshot)
        if self._on_snapshot is not None:
            self._on_snapshot(snapshot)
        if self._recorder is not None:
            # Numbers are given in the order of the turns: one that was stored before another log told of those around
            # it would have a lower one than they.
            self._is_recorded = self._is_recorded or self._backlog.is_over(snapshot, elapsed())
            if self._is_recorded:
                self._recorder.observe(snapshot)
        # A preview's turns have other ordinals later: what is asked of them is recorded now, by their ids.
        self._turns, self._are_marked = snapshot.turns, self._is_recorded or snapshot.preview
        self._record_requests()
        show_to(self._observers, snapshot)

    def stop(self) -> None:
        """End within a second, of which a part is for each: pipeline, observers, recorder."""
        with ExitStack() as last:  # Whatever one of them raises, the others end, and what they hold is written.
            if self._recorder is not None:
                last.callback(self._recorder.stop)
            last.callback(self._stop_observers)
            last.callback(self.pipeline.stop)
            if self._waker is not None:
                last.callback(self._waker.stop)

    def _stop_observers(self) -> None:
        until = time.monotonic() + STOP_S
        with ExitStack() as all_of_them:
            for moment in (until, 0.0):  # The last in is the first out: all are asked before one is waited for.
                for observer in reversed(self._observers):
                    all_of_them.callback(observer.stop, moment)

    def request(self, request: PipelineRequest) -> None:
        """Do what the user asks for. Marks and notes are also recorded, because they outlive the logs."""
        if self._recorder is not None and isinstance(request, MarkTurn | NoteTurn):
            self._unrecorded.append(request)
            self._record_requests()
        self.pipeline.submit(lambda builder: builder.request(request))

    def _record_requests(self) -> None:
        """Marks and notes of a turn that was just shown wait until the recorder has it, or the turn is gone."""
        if not self._are_marked:
            return
        with self._recording:
            turns = {turn.ordinal: turn for turn in self._turns} if self._unrecorded else {}
            while self._unrecorded and self._recorder is not None:
                request = self._unrecorded[0]
                turn = turns.get(request.ordinal)
                if turn is None and request.ordinal > max(turns, default=-1):
                    return
                self._unrecorded.popleft()
                if turn is not None and isinstance(request, MarkTurn):
                    self._recorder.mark(turn, request.quality)
                elif turn is not None and isinstance(request, NoteTurn):
                    self._recorder.note(turn, request.text)

    def store_reading(self, turns: Sequence[Turn], done: Callable[[int], None]) -> None:
        """As Recorder.store_reading; only where turns are recorded."""
        if self._recorder is not None:
            self._recorder.store_reading(turns, done)

    def add_change_marker(self, kind: str, label: str) -> None:
        """Put a change, restart or outside edit on the charts, before the next turn. ``kind`` as in Marker."""
        newest = self._turns[-1].ordinal if self._turns else -1
        self.pipeline.add_marker(Marker(at=time.time(), ordinal=newest + 1, kind=kind, label=label))
        if self._recorder is not None:
            self._recorder.record_change(kind, label)


def follow_logs(settings: Settings, installation: Installation) -> tuple[list[Feed], Waker | None]:
    """The logs of an installation as feeds, and the waker that polls them early; None where the settings forbid it.

    Raises SourceError where a profile cannot read its source.
    """
    wakes: dict[Path, Callable[[], None]] = {}
    tails: list[Tail] = []
    threads: list[TailThread] = []
    for path, log_format in log_files(installation):
        places = log_format.places(installation) or (path,)
        polled: Polled | None = followed(path.name, settings.tail)
        if polled is None:
            mode = OpenMode(document=log_format.is_document)
            polled = Tail(places, log_format.file_name, settings.tail, mode)
            tails.append(polled)
        thread = TailThread(polled, log_format.kind, settings.tail)
        wakes |= {} if is_stream(path) else dict.fromkeys(places, thread.wake)
        threads.append(thread)
    waker = Waker(wakes) if settings.tail.notify and wakes else None
    if waker is not None:
        for tail in tails:
            tail.count_births = waker.births
    return list(threads), waker


def play_logs(paths: Sequence[Path], speed: float | None) -> list[Feed]:
    """Saved logs as feeds that share one clock. ``speed``: times real time; None: at once.

    Raises NotFound or SourceError.
    """
    return list(Replay([(path, detect_format(path)) for path in paths], speed).feeds)
