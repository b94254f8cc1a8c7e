"""Run a dashboard whose bell is on, in which a turn fails as soon as the named file is there."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from pathlib import Path

from msgspec.structs import replace

from tests.ui.fakes import FakeSource
from tests.ui.snapshots import open_turn, snapshot, turn
from timmy_tui.core.settings import Settings, View
from timmy_tui.model.snapshot import Snapshot
from timmy_tui.model.turn import TurnState
from timmy_tui.report import backlog
from timmy_tui.ui.application.app import TimmyApp
from timmy_tui.ui.messages import Backend


class NewsSource(FakeSource):
    """Publishes a quiet snapshot four times a second, and one with a failed turn from the file on."""

    def __init__(self, news: Path) -> None:
        super().__init__()
        self._news, self._end = news, threading.Event()

    def start(self, publish: Callable[[Snapshot], None]) -> None:
        threading.Thread(target=self._run, args=(publish,), daemon=True).start()

    def stop(self) -> None:
        self._end.set()

    def _run(self, publish: Callable[[Snapshot], None]) -> None:
        quiet = replace(snapshot(), open_turn=open_turn(40, "llm"))
        failed = replace(quiet, turns=(*quiet.turns, turn(31, state=TurnState.FAILED)))
        while not self._end.wait(0.25):
            publish(failed if self._news.exists() else quiet)


if __name__ == "__main__":
    backlog.SETTLED_S = 0.0
    TimmyApp(Settings(view=View(bell="fail")), Backend(NewsSource(Path(sys.argv[1])))).run(mouse=False)
