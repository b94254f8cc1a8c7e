"""Run the dashboard on a made conversation, as a process of its own (for tests of how it ends)."""

from __future__ import annotations

from tests.ui.fakes import FakeSource
from tests.ui.snapshots import snapshot
from timmy_tui.bootstrap.dashboard import run_app
from timmy_tui.core.settings import Settings
from timmy_tui.ui.app import TimmyApp
from timmy_tui.ui.messages import Backend

if __name__ == "__main__":
    run_app(TimmyApp(Settings(), Backend(FakeSource(snapshot()))))
