"""The dashboard with a fault: the key ``c`` raises while the conversation is in a variable (for tests of its end)."""

from __future__ import annotations

import sys

from tests.ui.fakes import FakeSource
from tests.ui.snapshots import snapshot
from timmy_tui.bootstrap.dashboard import run_app
from timmy_tui.commands.shared.guard import guarded
from timmy_tui.core.settings import Settings
from timmy_tui.ui.application.app import TimmyApp
from timmy_tui.ui.messages import Backend

SECRET = "what is the capital of France"


class Crashing(TimmyApp):
    """Has the fault."""

    def action_do(self, command: str) -> None:
        """Never what was asked."""
        said = SECRET[:]
        raise LookupError(f"no panel for {command}, of {len(said)} characters")


def run() -> int:
    """Until the fault."""
    run_app(Crashing(Settings(), Backend(FakeSource(snapshot()))))
    return 0


if __name__ == "__main__":
    sys.exit(guarded(run))
