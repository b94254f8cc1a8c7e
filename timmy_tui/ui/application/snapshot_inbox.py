"""The newest snapshot waits for the screen; any thread may bring it."""

from collections.abc import Callable

from timmy_tui.model.snapshot import Snapshot
from timmy_tui.ui.messages import SnapshotArrived


class SnapshotInbox:
    """Holds one: the screen needs no older one, however long it is held up."""

    def __init__(self, post: Callable[[SnapshotArrived], bool]) -> None:
        """``post`` announces a snapshot, from any thread; False where nobody listens any more."""
        self._post = post
        self._newest = Snapshot()
        self._announced = False
        self.waiting = False
        """There is one that was not taken."""

    def put(self, snapshot: Snapshot) -> None:
        """Hand over a new snapshot, from any thread. A quiet one waits for the clock, which draws anyway."""
        self._newest = snapshot
        self.waiting = True
        if not snapshot.quiet and not self._announced:
            self._announced = True
            if not self._post(SnapshotArrived()):
                self._announced = False

    def take(self) -> Snapshot:
        """The newest. What is put in meanwhile is either this one, or announced again."""
        self._announced = self.waiting = False  # First.
        return self._newest
