"""The state of a source in one word and one detail, and since when."""

import time
from collections.abc import Callable

from timmy_tui.model.snapshot import SourceCondition
from timmy_tui.sources.files.content import NotAFile
from timmy_tui.sources.files.lines import LineSplitter

PARTIAL_S = 5.0
"""A line without an end for this long is shown as such."""


class Condition:
    """What the last look at a file showed."""

    def __init__(self) -> None:
        self.word = SourceCondition.WAITING
        self.detail = "not there yet"
        self.since = time.time()
        """When the word became what it is."""

    def set(self, word: SourceCondition, detail: str = "") -> None:
        """Take note; the time changes only with the word."""
        if word is not self.word:
            self.since = time.time()
        self.word, self.detail = word, detail

    def set_error(self, error: OSError | ValueError) -> None:
        """The word for an error of the file system; ValueError is a path that no file can have."""
        if isinstance(error, NotAFile):
            self.set(SourceCondition.NOT_A_FILE, error.strerror or "")
        elif isinstance(error, FileNotFoundError | NotADirectoryError):
            self.set(SourceCondition.WAITING, "not there yet")
        elif isinstance(error, PermissionError):
            self.set(SourceCondition.DENIED, "permission denied")
        else:
            reason = error.strerror if isinstance(error, OSError) else None
            self.set(SourceCondition.ERROR, reason or "cannot be read")


class PartialWatch:
    """How long the last line of a file has been without an end."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._since: tuple[int, float] | None = None

    def look(self, lines: LineSplitter | None) -> None:
        """Take note of the line that is being written now, if any."""
        if lines is None or not lines.partial:
            self._since = None
        elif self._since is None or self._since[0] != lines.start:
            self._since = (lines.start, self._clock())

    @property
    def is_long(self) -> bool:
        """It has been for 5 s."""
        since = self._since
        return since is not None and self._clock() - since[1] >= PARTIAL_S
