"""The state of a source in one word and one detail, and since when."""

import time

from timmy_tui.model.snapshot import SourceCondition
from timmy_tui.sources.content import NotAFile


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
