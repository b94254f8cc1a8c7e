"""Where the dashboard's snapshots come from: a pipeline, and beside it the status line's state file."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from timmy_tui.core.installation import Installation
from timmy_tui.core.settings import Settings
from timmy_tui.model.requests import MarkTurn, NoteTurn, PipelineRequest
from timmy_tui.model.snapshot import Snapshot
from timmy_tui.model.turn import Marker, Turn
from timmy_tui.parse.log_formats import log_files
from timmy_tui.pipeline.read_logs import detect_format
from timmy_tui.pipeline.thread import Feed, Pipeline, Publish
from timmy_tui.report.line import line_values, status_line
from timmy_tui.report.status import for_tmux, leave_line
from timmy_tui.sources.files.tail import Tail
from timmy_tui.sources.files.tail_thread import TailThread
from timmy_tui.sources.files.wake import Waker
from timmy_tui.sources.replay.player import Replay
from timmy_tui.storage.recorder import Recorder

LINE_S = 1.0
"""Least time between two writes of the state file; a reader takes it for gone after 15 s."""


class LiveSource:
    """Starts and stops everything that produces snapshots; passes the user's requests on."""

    def __init__(
        self,
        pipeline: Pipeline,
        waker: Waker | None = None,
        recorder: Recorder | None = None,
        watch: Callable[[Snapshot], None] | None = None,
        line_root: Path | None = None,
    ) -> None:
        """``line_root``: whose status line is left for tmux; None leaves none (replay, demo).

        ``watch`` hears every snapshot beside the screen: control learns from it what runs.
        """
        self.pipeline = pipeline
        self._waker = waker
        self._recorder = recorder
        self._watch = watch
        self._line_root = line_root
        self._turns: tuple[Turn, ...] = ()
        self._left_at = 0.0

    def start(self, publish: Publish) -> None:
        """Begin; ``publish`` is called from the pipeline's thread."""
        if self._waker is not None:
            self._waker.start()
        if self._recorder is not None:
            self._recorder.start()
        self.pipeline.start(lambda snapshot: self._pass_on(snapshot, publish))

    def _pass_on(self, snapshot: Snapshot, publish: Publish) -> None:
        publish(snapshot)
        self._turns = snapshot.turns
        if self._watch is not None:
            self._watch(snapshot)
        if self._recorder is not None:
            self._recorder.see(snapshot)
        if self._line_root is None:
            return
        line = status_line(line_values(snapshot))
        now = time.monotonic()
        if now - self._left_at >= LINE_S:
            leave_line(line, for_tmux(line), str(self._line_root))
            self._left_at = now

    def stop(self) -> None:
        """End within a second."""
        if self._waker is not None:
            self._waker.stop()
        self.pipeline.stop()
        if self._recorder is not None:
            self._recorder.stop()

    def request(self, request: PipelineRequest) -> None:
        """Do what the user asks for, and remember the words that outlive the logs."""
        if self._recorder is not None and isinstance(request, MarkTurn | NoteTurn):
            self._remember(self._recorder, request)
        self.pipeline.order(lambda builder: builder.request(request))

    def _remember(self, recorder: Recorder, request: MarkTurn | NoteTurn) -> None:
        turn = next((turn for turn in self._turns if turn.ordinal == request.ordinal), None)
        if turn is None:
            return
        if isinstance(request, MarkTurn):
            recorder.mark(turn, request.quality)
        else:
            recorder.note(turn, request.text)

    def mark_change(self, kind: str, label: str) -> None:
        """A change, restart or foreign edit, on the charts before the next turn. ``kind`` as in Marker."""
        newest = self._turns[-1].ordinal if self._turns else -1
        self.pipeline.mark(Marker(at=time.time(), ordinal=newest + 1, kind=kind, label=label))
        if self._recorder is not None:
            self._recorder.change(kind, label)


def follow(settings: Settings, installation: Installation) -> tuple[list[Feed], Waker | None]:
    """The logs of an installation, followed, and the hints that wake the polls early."""
    logs = log_files(installation)
    tails = [TailThread(Tail(path, row.file_name, settings.tail), row.kind, settings.tail) for path, row in logs]

    def wake_all() -> None:
        for tail in tails:
            tail.wake()

    waker = Waker([path for path, _ in logs], wake_all) if settings.tail.notify else None
    return list(tails), waker


def play(paths: Sequence[Path], speed: float | None) -> list[Feed]:
    """Saved logs as feeds that share one clock. Raises NotFound or SourceError."""
    return list(Replay([(path, detect_format(path)) for path in paths], speed).feeds)
