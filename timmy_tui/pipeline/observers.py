"""Who else gets every snapshot, beside the screen and the history: exporters, the file of the status line."""

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from timmy_tui.core.running.failures import describe, raised_at
from timmy_tui.core.running.threads import set_failure
from timmy_tui.model.snapshot import Snapshot, SourceState
from timmy_tui.report.status_line.file import save_line
from timmy_tui.report.status_line.line import line_values, status_line

STATUS_LINE_INTERVAL_S = 1.0
"""Shortest time between two writes of the status line."""
STATUS_LINE_AGAIN_S = 5.0
"""The same line is written again after this, to say that it still holds: readers ignore one that is older than 15 s."""
SHOWN_S = 60.0
"""So long it is shown that an observer failed."""


class SnapshotObserver(Protocol):
    """Gets every snapshot, in the pipeline's thread: what takes time belongs in a thread of its own."""

    @property
    def state(self) -> SourceState | None:
        """For the line of sources on the screen; None: nothing is shown."""

    def start(self) -> None:
        """Begin, before the first snapshot."""

    def observe(self, snapshot: Snapshot) -> None:
        """Take the newest snapshot. Never waits."""

    def stop(self, until: float) -> None:
        """Send what is known so far, and end by ``until`` (time.monotonic()). Called twice.

        The first time ``until`` is over: end, without being waited for.
        """


class StatusLineFile:
    """Writes the line that ``timmy-tui status`` and tmux show."""

    state = None

    def __init__(self, root: str) -> None:
        """``root``: key of the system whose line it is (``Timmy.key``)."""
        self._root = root
        self._written = float("-inf")
        self._line = ""

    def start(self) -> None:
        """Nothing to begin."""

    def observe(self, snapshot: Snapshot) -> None:
        """Write the line, at most once a second, and seldom where it says the same."""
        line = status_line(line_values(snapshot))
        now = time.monotonic()
        if now - self._written >= (STATUS_LINE_AGAIN_S if line == self._line else STATUS_LINE_INTERVAL_S):
            save_line(line, self._root)
            self._written, self._line = now, line

    def stop(self, until: float) -> None:
        """Nothing to end."""


class LateObserver:
    """One that is made with the first snapshot, behind the screen: what it imports costs the first frame nothing."""

    def __init__(self, make: Callable[[], SnapshotObserver]) -> None:
        self._make = make
        self._made: SnapshotObserver | None = None

    @property
    def state(self) -> SourceState | None:
        """Of the one that was made."""
        return self._made.state if self._made is not None else None

    def start(self) -> None:
        """Nothing yet."""

    def observe(self, snapshot: Snapshot) -> None:
        """Make it, or hand the snapshot on."""
        if self._made is None:
            made = self._make()
            made.start()
            self._made = made
        self._made.observe(snapshot)

    def stop(self, until: float) -> None:
        """End it, if there is one."""
        if self._made is not None:
            self._made.stop(until)


def show_to(observers: Sequence[SnapshotObserver], snapshot: Snapshot) -> None:
    """Hand a snapshot to each. One that raises costs no other its snapshot, and is shown."""
    for observer in observers:
        try:
            observer.observe(snapshot)
        except Exception as error:  # noqa: BLE001  Shown, and the next one gets its snapshot.
            set_failure(type(observer).__name__, f"{describe(error)} ({raised_at(error)})", SHOWN_S)


def states_of(observers: Iterable[SnapshotObserver]) -> tuple[SourceState, ...]:
    """The states that are shown."""
    return tuple(state for observer in observers if (state := observer.state) is not None)
