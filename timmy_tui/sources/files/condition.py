"""The condition of a followed file, its detail, and since when."""

import time
from collections.abc import Callable

from timmy_tui.model.snapshot import SourceCondition
from timmy_tui.sources.files.content import NotAFile
from timmy_tui.sources.files.lines import LineSplitter

PARTIAL_S = 5.0
"""A last line without an end for this long is shown as unfinished."""


class ConditionTracker:
    """The condition of a file at its last poll."""

    def __init__(self) -> None:
        self.condition = SourceCondition.WAITING
        self.detail = "does not exist yet"
        self.since = time.time()
        """time.time() at which the condition last changed."""

    def set(self, condition: SourceCondition, detail: str = "") -> None:
        """Set condition and detail; ``since`` changes only with the condition."""
        if condition is not self.condition:
            self.since = time.time()
        self.condition, self.detail = condition, detail

    def set_error(self, error: OSError | ValueError) -> None:
        """Set the condition for an error of the file system. ValueError: the path is not valid."""
        if isinstance(error, NotAFile):
            self.set(SourceCondition.NOT_A_FILE, error.strerror or "")
        elif isinstance(error, FileNotFoundError | NotADirectoryError):
            self.set(SourceCondition.WAITING, "does not exist yet")
        elif isinstance(error, PermissionError):
            self.set(SourceCondition.DENIED, "permission denied")
        else:
            reason = error.strerror if isinstance(error, OSError) else None
            self.set(SourceCondition.ERROR, reason or "cannot be read")


class PartialLineTimer:
    """Measures how long the last line of a file has had no end."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._since: tuple[int, float] | None = None

    def observe(self, lines: LineSplitter | None) -> None:
        """Call it after each poll. ``lines``: the splitter of the file, None while there is no file."""
        if lines is None or not lines.partial:
            self._since = None
        elif self._since is None or self._since[0] != lines.start:
            self._since = (lines.start, self._clock())

    @property
    def is_overdue(self) -> bool:
        """The line has had no end for 5 s."""
        since = self._since
        return since is not None and self._clock() - since[1] >= PARTIAL_S
