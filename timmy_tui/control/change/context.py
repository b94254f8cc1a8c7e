"""What every change works with: the journal, the restore points, the way to restart, and who hears of it."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from timmy_tui.control.change.planner import ChangePlan
from timmy_tui.control.journal.write_ahead import Journal
from timmy_tui.control.progress import LiveState, Progress
from timmy_tui.control.restore.points import RestorePoints
from timmy_tui.control.service.strategies import Strategy
from timmy_tui.control.service.v34_service import V34Service
from timmy_tui.core.errors import ControlError, TimmyError
from timmy_tui.core.settings import Control

Tell = Callable[[str, str], None]
"""(word, role) for the status line."""
Marked = Callable[[str, str], None]
"""(kind, label) for the charts."""


@dataclass(frozen=True)
class ChangeContext:
    """One set per room."""

    limits: Control
    journal: Journal
    points: RestorePoints
    strategy: Strategy
    url: str
    folder: Path
    """Where v34 runs."""
    config: Path
    live_state: Callable[[], LiveState]
    tell: Tell
    mark: Marked
    unkept: threading.Event
    """Set until this session has a restore point; one is made before anything is changed."""

    def service(self, progress: Progress) -> V34Service:
        """v34 as one change sees it."""
        return V34Service(self.strategy, self.url, self.folder, self.limits, self.live_state, progress)

    def keep_point(self, plan: ChangePlan) -> None:
        """A restore point before a restore, and before the first change of a session.

        Raises ControlError: without one nothing is changed. A word says where git could not keep it as well.
        """
        try:
            if plan.kind in ("restore", "latest"):
                self.points.keep_before(plan.planned, plan.point if plan.kind == "restore" else "")
            elif plan.planned and plan.point and self.unkept.is_set():
                made = self.points.create_before(plan.point)
                self.unkept.clear()
                told = f"restore point {made.name} made"
                failed = made.note and not self.points.git_off
                self.tell(f"{told}; {made.note}" if failed else told, "warn" if failed else "muted")
        except (TimmyError, OSError) as error:
            reason = error.message if isinstance(error, TimmyError) else f"{error.strerror}."
            raise ControlError(f"No restore point can be made, and nothing was changed: {reason}") from None
