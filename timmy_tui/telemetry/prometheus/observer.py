"""Serves the figures of new turns to a Prometheus on this machine, at ``http://127.0.0.1:PORT/metrics`` alone.

Counters begin at 0 with each process, which Prometheus knows how to read; a turn is counted once over all processes.
Turns that were over before the start are not counted: Prometheus gives every value the time of its scrape.
"""

import threading
import time
from collections import deque
from typing import TYPE_CHECKING

from timmy_tui.core.running.threads import guarded_thread
from timmy_tui.model.snapshot import Snapshot, SourceCondition, SourceState
from timmy_tui.telemetry import published_names as names
from timmy_tui.telemetry.new_turns import NewTurn, NewTurns
from timmy_tui.telemetry.prometheus.exposition import Series, gauge_lines
from timmy_tui.telemetry.samples import empty_histograms, samples_of_now, samples_of_turn, zero_counts
from timmy_tui.telemetry.told_turns import ToldTurns

if TYPE_CHECKING:
    from timmy_tui.telemetry.prometheus.page import MetricsPage

NAME = "prometheus"
HOST = "127.0.0.1"
AGAIN_S = 3.0
"""After so long a port, or a Timmy, that another process has is tried again."""
TICK_S = 0.3


class PrometheusServer:
    """An observer of snapshots, with a thread of its own that counts turns and answers scrapes."""

    def __init__(self, port: int, told: ToldTurns, root: str, turns: NewTurns | None = None) -> None:
        """``port`` 0: any free one. ``told``: who of several processes counts, and what was counted. ``root``: of the
        Timmy.
        """
        self.port = port
        """Once it serves, the port on which it does."""
        self._told, self._root = told, root
        self._turns = turns or NewTurns()
        self._snapshot = Snapshot()
        self._series = Series(names.OF_TURNS)
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._state = SourceState(NAME, SourceCondition.WAITING, "starts", time.time())

    @property
    def state(self) -> SourceState:
        """``ok`` while it serves."""
        return self._state

    def start(self) -> None:
        """Begin; the port is taken in the thread."""
        self._thread = guarded_thread(NAME, self._run, self._stopping)
        self._thread.start()

    def observe(self, snapshot: Snapshot) -> None:
        """Take a snapshot."""
        self._snapshot = snapshot
        self._turns.observe(snapshot)

    def stop(self, until: float) -> None:
        """Close the port."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(max(until - time.monotonic(), 0.0))

    def _run(self) -> None:
        from timmy_tui.telemetry.prometheus.page import MetricsPage  # http.server, not before it is wanted

        while not self._stopping.is_set():
            if not self._told.hold():
                self._show(SourceCondition.WAITING, "another timmy-tui counts the turns of this Timmy")
            else:
                try:
                    page = MetricsPage(HOST, self.port, self._page)
                except OSError as error:
                    self._show(SourceCondition.ERROR, f"port {self.port} of {HOST}: {error.strerror}")
                else:
                    self._serve(page)
            self._stopping.wait(AGAIN_S)
        self._told.release()

    def _serve(self, page: "MetricsPage") -> None:
        self.port = page.server_port
        self._begin()
        with page:
            while not self._stopping.is_set():
                self._show(SourceCondition.OK, self._told.problem)
                page.answer(TICK_S)
                self._count()

    def _show(self, condition: SourceCondition, detail: str) -> None:
        if (condition, detail) != (self._state.condition, self._state.detail):
            self._state = SourceState(NAME, condition, detail, time.time(), notable=bool(detail))

    def _begin(self) -> None:
        self._series.add(zero_counts())
        for metric, labels in empty_histograms():
            self._series.begin(metric, labels)

    def _count(self) -> None:
        untold = deque(self._turns.take())
        try:
            while untold:
                self._count_one(untold.popleft())
        finally:
            self._turns.put_back(untold)  # One that raises costs no other.

    def _count_one(self, one: NewTurn) -> None:
        key = self._told.key(one.turn, self._root)
        if not (one.is_old or one.is_revision or self._told.has("c", key)):
            # Written down first: a process that is killed in between has not counted it, the next one neither.
            self._told.add("c", [key])
            self._series.add(samples_of_turn(one.turn, one.reuse))

    def _page(self) -> str:
        """The text of a scrape, made in the server's thread."""
        self._count()
        lines = [*self._series.lines(), *gauge_lines(names.OF_NOW, samples_of_now(self._snapshot))]
        return "\n".join(lines) + "\n"
