"""Detects that a followed file has lost its name to another file, and when it can be given up."""

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from timmy_tui.model.snapshot import SourceCondition

ROTATE_WAIT_S = 2.0
"""A renamed or deleted file is read until it has not grown for this long, because its writer may not know yet."""
LONGEST_S = 20.0
"""A renamed file that still grows is given up after this, if its successor has content."""


class PathCheck(NamedTuple):
    """What is at the path now."""

    condition: SourceCondition
    detail: str = ""
    replaced: bool = False
    """Another file has the name and should be read from now on."""
    still_growing: bool = False
    """Only with ``replaced``: the old file has grown within the last 2 s."""


class RenameWatch:
    """Compares the file at a path with the file that is being read."""

    def __init__(self, path: Path, clock: Callable[[], float]) -> None:
        self._path = path
        self._clock = clock
        self._renamed_at: float | None = None
        self._last_growth: float | None = None

    def check(self, identity: tuple[int, int], grew: bool) -> PathCheck:
        """``identity``: device and inode of the file being read; ``grew``: something new was just read from it."""
        try:
            info = os.stat(self._path)
        except (FileNotFoundError, NotADirectoryError):
            self._seconds_since(grew)
            return PathCheck(SourceCondition.WAITING, "deleted, does not exist yet")
        except OSError:
            # The path cannot be searched; the open descriptor can still be read.
            return PathCheck(SourceCondition.OK)
        if (info.st_dev, info.st_ino) == identity:
            self.reset()
            return PathCheck(SourceCondition.OK)
        since_growth, since_rename = self._seconds_since(grew)
        if not stat.S_ISREG(info.st_mode):
            return PathCheck(SourceCondition.NOT_A_FILE, "replaced by something that is not a file")
        if info.st_size == 0:
            # There is nothing to read yet, and the writer may continue with the old file for hours.
            return PathCheck(SourceCondition.OK)
        finished = since_growth >= ROTATE_WAIT_S
        return PathCheck(SourceCondition.OK, replaced=finished or since_rename >= LONGEST_S, still_growing=not finished)

    def reset(self) -> None:
        """The file being read has its name."""
        self._renamed_at = self._last_growth = None

    def _seconds_since(self, grew: bool) -> tuple[float, float]:
        """Seconds since the file last grew, and since it was first seen without its name."""
        now = self._clock()
        if self._renamed_at is None:
            self._renamed_at = now
        if grew or self._last_growth is None:
            self._last_growth = now
        return now - self._last_growth, now - self._renamed_at
