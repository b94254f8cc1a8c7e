"""What every change works with: the journal, the restore points, the way to restart, and who hears of it."""

from collections.abc import Callable

from timmy_tui.control.change.plan import ChangePlan
from timmy_tui.control.journal.write_ahead import Journal
from timmy_tui.control.progress import LiveState, Progress
from timmy_tui.control.restore.points import RestorePoints
from timmy_tui.control.service.setup import ServiceSetup
from timmy_tui.control.service.strategies import make_strategy
from timmy_tui.control.service.v34_service import V34Service
from timmy_tui.core.errors import ControlError, TimmyError
from timmy_tui.model.requests import Restore, RestoreLatest
from timmy_tui.sources.timmy import Timmy

Tell = Callable[[str, str], None]
"""(word, role) for the status line."""
Marked = Callable[[str, str], None]
"""(kind, label) for the charts."""


class ChangeContext:
    """One for each controller: its changes, its planner and its status work with it."""

    def __init__(self, timmy: Timmy, live_state: Callable[[], LiveState], tell: Tell, mark: Marked) -> None:
        """Raises OSError when the control folder cannot be made."""
        folder = timmy.control_folder
        self.timmy, self.tell, self.mark = timmy, tell, mark
        self.journal = Journal(folder / "journal.jsonl")
        self.backups = folder / "backups"
        self.points = RestorePoints(timmy.root, timmy.state)
        self.setup = ServiceSetup(
            strategy=make_strategy(timmy),
            url=timmy.services.urls.v34,
            folder=timmy.v34_folder,
            config=timmy.installation.config.resolve(),
            limits=timmy.settings.control,
            live_state=live_state,
        )
        self._point_missing = True
        """This session has no restore point yet; one is made before anything is changed."""

    def service(self, progress: Progress) -> V34Service:
        """v34 as one change sees it."""
        return V34Service(self.setup, progress)

    def keep_point(self, plan: ChangePlan) -> None:
        """A restore point before a restore, and before the first change of a session.

        Raises ControlError: without one nothing is changed. A word says where git could not keep it as well.
        """
        try:
            if isinstance(plan.request, Restore | RestoreLatest):
                self.points.keep_before(plan.planned, plan.point)
            elif plan.planned and plan.point and self._point_missing:
                made = self.points.create_before(plan.point)
                self._point_missing = False
                told = f"restore point {made.name} made"
                failed = made.note and not self.points.git_off
                self.tell(f"{told}; {made.note}" if failed else told, "warn" if failed else "muted")
        except (TimmyError, OSError) as error:
            reason = error.message if isinstance(error, TimmyError) else f"{error.strerror}."
            raise ControlError(f"No restore point can be made, and nothing was changed: {reason}") from None
