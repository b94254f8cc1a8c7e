"""What every change of Little Timmy works with: the journal, restore points, the restart strategy."""

from collections.abc import Callable

from msgspec.structs import replace

from timmy_tui.control.change.plan import ChangePlan
from timmy_tui.control.change.surroundings import AddMarker, Notify, Surroundings
from timmy_tui.control.progress import LiveState, Progress
from timmy_tui.control.restore.points import RestorePoints
from timmy_tui.control.restore.wording import made_words
from timmy_tui.control.service.restart_strategies import make_strategy
from timmy_tui.control.service.setup import ServiceSetup
from timmy_tui.control.service.v34_service import V34Service
from timmy_tui.control.service.watch import V34Watch
from timmy_tui.core.errors import ControlError, TimmyError
from timmy_tui.model.user_requests import Restore, RestoreLatest
from timmy_tui.sources.timmy import Timmy


class ChangeContext(Surroundings):
    """The surroundings of changes to Little Timmy."""

    def __init__(
        self, timmy: Timmy, live_state: Callable[[], LiveState], notify: Notify, add_marker: AddMarker
    ) -> None:
        """Raises OSError when the control folder cannot be made."""
        folder = timmy.control_folder
        super().__init__(folder, notify, add_marker)
        self.timmy = timmy
        self.points = RestorePoints(timmy.root, timmy.state)
        self.setup = ServiceSetup(
            strategy=make_strategy(timmy),
            url=timmy.services.urls.v34,
            folder=timmy.v34_folder,
            config=timmy.installation.config.resolve(),
            limits=timmy.settings.control,
            live_state=live_state,
            watch=V34Watch(timmy.services.urls.v34, timmy.v34_folder, folder),
        )
        self._point_missing = True
        """This run of the program has made no restore point yet; the first change makes one."""

    def service(self, progress: Progress) -> V34Service:
        """The v34 service for one change."""
        return V34Service(self.setup, progress)

    def ensure_restore_point(self, plan: ChangePlan) -> None:
        """Make a restore point before every restore, and before the first change of a run of the program.

        Raises ControlError when it cannot be made: then nothing is changed. Notifies, with what git says where it
        could not keep it too: a warning where git worked before.
        """
        try:
            if isinstance(plan.request, Restore | RestoreLatest):
                made = self.points.create_before_restore(plan.planned, plan.point)
            elif plan.planned and plan.point and self._point_missing:
                made = self.points.create_before(plan.point)
                self._point_missing = False
            else:
                return
        except (TimmyError, OSError) as error:
            reason = error.message if isinstance(error, TimmyError) else f"{error.strerror}."
            raise ControlError(f"No restore point can be made, and nothing was changed: {reason}") from None
        failed = made.not_in_git and not self.points.git_off
        self.notify(made_words(replace(made, note="")), "warn" if failed else "muted")
