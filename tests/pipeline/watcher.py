"""The screen's place at the end of a pipeline."""

import threading
from collections.abc import Callable

from timmy_tui.model.snapshot import Snapshot


class Watcher:
    """Keeps the newest snapshot and waits for one that fits."""

    def __init__(self) -> None:
        self.all: list[Snapshot] = []
        self._changed = threading.Condition()

    def publish(self, snapshot: Snapshot) -> None:
        with self._changed:
            self.all.append(snapshot)
            self._changed.notify_all()

    def wait(self, fits: Callable[[Snapshot], bool], timeout: float = 15.0) -> Snapshot:
        with self._changed:
            found = self._changed.wait_for(
                lambda: next((one for one in reversed(self.all) if fits(one)), None), timeout
            )
        assert found, self.all[-1:] and self.all[-1].sources
        return found
