"""Run the dashboard on a made conversation, as a process of its own (for tests of how it ends)."""

from __future__ import annotations

import os
import threading

from tests.ui.fakes import FakeSource
from tests.ui.snapshots import snapshot
from timmy_tui.bootstrap.dashboard import run_app
from timmy_tui.core.settings import Settings
from timmy_tui.ui.application.app import TimmyApp
from timmy_tui.ui.messages import Backend


class StuckApp(TimmyApp):
    """Its loop stands still with the first look at the clock."""

    def _tick(self) -> None:
        threading.Event().wait()


if __name__ == "__main__":
    made = StuckApp if os.environ.get("STUCK") else TimmyApp
    run_app(made(Settings(), Backend(FakeSource(snapshot()))))
