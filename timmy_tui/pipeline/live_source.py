"""Where the dashboard's snapshots come from: a pipeline, and beside it the status line's state file."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from timmy_tui.core.installation import Installation
from timmy_tui.core.settings import Settings
from timmy_tui.model.snapshot import Snapshot
from timmy_tui.model.turn import Marker, Turn
from timmy_tui.pipeline.snapshot_builder import Analyst
from timmy_tui.pipeline.thread import Feed, Pipeline, Publish, Services
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
    """Starts and stops everything that produces snapshots; passes the user's marks and answers on."""

    def __init__(
        self,
        settings: Settings,
        feeds: Sequence[Feed],
        services: Services | None = None,
        analyst: Analyst | None = None,
        waker: Waker | None = None,
        line_root: Path | None = None,
        replayed: bool = False,
        recorder: Recorder | None = None,
        watch: Callable[[Snapshot], None] | None = None,
    ) -> None:
        """``line_root``: whose status line is left for tmux; None leaves none (replay, demo).

        ``watch`` hears every snapshot beside the screen: control learns from it what runs.
        """
        self.pipeline = Pipeline(settings, feeds, services, analyst, replayed)
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
            self._recorder.observe(snapshot)
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

    def mark(self, ordinal: int, quality: str | None) -> None:
        """Marker a turn ``good`` or ``bad``; None takes the mark back."""
        turn = next((turn for turn in self._turns if turn.ordinal == ordinal), None)
        if turn is not None and self._recorder is not None:
            self._recorder.mark(turn, quality)
        self.pipeline.order(lambda track: track.mark(ordinal, quality))

    def note(self, ordinal: int, text: str) -> None:
        """Why a marked turn is good or bad, in the user's words."""
        turn = next((turn for turn in self._turns if turn.ordinal == ordinal), None)
        if turn is not None and self._recorder is not None:
            self._recorder.note(turn, text)
        self.pipeline.order(lambda track: track.note(ordinal, text))

    def mark_change(self, kind: str, label: str) -> None:
        """A change, restart or foreign edit, on the charts before the next turn. ``kind`` as in Marker."""
        newest = self._turns[-1].ordinal if self._turns else -1
        self.pipeline.mark(Marker(at=time.time(), ordinal=newest + 1, kind=kind, label=label))
        if self._recorder is not None:
            self._recorder.record_change(kind, label)

    def answer_finding(self, key: str, answer: str) -> None:
        """``accept``, ``acknowledge`` or ``mute``."""
        self.pipeline.order(lambda track: track.answer_finding(key, answer))

    def guide(self, word: str) -> None:
        """The guided test: ``start test-1``, ``leave``, ``resume``, ``stop``, ``keep`` or ``undo``."""
        self.pipeline.order(lambda track: track.guide(word))


def follow(settings: Settings, installation: Installation) -> tuple[list[Feed], Waker | None]:
    """The two logs of an installation, followed, and the hints that wake the polls early."""
    tails = [
        TailThread(Tail(installation.latency_log, "latency.log", settings.tail), "latency", settings.tail),
        TailThread(Tail(installation.v34_log, "v34.log", settings.tail), "v34", settings.tail),
    ]

    def wake_all() -> None:
        for tail in tails:
            tail.wake()

    paths = [installation.latency_log, installation.v34_log]
    waker = Waker(paths, wake_all) if settings.tail.notify else None
    return list(tails), waker


def play(paths: Sequence[Path], speed: float | None) -> list[Feed]:
    """Saved logs as feeds that share one clock."""
    return list(Replay(paths, speed).feeds)
