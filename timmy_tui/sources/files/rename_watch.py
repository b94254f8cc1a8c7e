"""Whether a followed file still has its name, and when one that lost it is finished."""

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from timmy_tui.model.snapshot import SourceCondition

ROTATE_WAIT_S = 2.0
"""A file that lost its name is read until it has been quiet for this long: its writer may not know yet."""
LONGEST_S = 20.0
"""A nameless file that still grows gives way after this to a successor that has content."""


class Naming(NamedTuple):
    """What stands under the path now."""

    condition: SourceCondition
    detail: str = ""
    over: bool = False
    """Another file has the name and should be read from here on."""
    unfinished: bool = False
    """The old one was still growing."""


class RenameWatch:
    """Compares the path with the file that is being read."""

    def __init__(self, path: Path, clock: Callable[[], float]) -> None:
        self._path = path
        self._clock = clock
        self._lost: float | None = None
        self._quiet: float | None = None

    def look(self, identity: tuple[int, int], grew: bool) -> Naming:
        """``identity``: device and inode of the file being read; ``grew``: something new was just read from it."""
        try:
            info = os.stat(self._path)
        except (FileNotFoundError, NotADirectoryError):
            self._since(grew)
            return Naming(SourceCondition.WAITING, "deleted, not there yet")
        except OSError:
            # The way to the name is barred; the descriptor still reads.
            return Naming(SourceCondition.OK)
        if (info.st_dev, info.st_ino) == identity:
            self.reset()
            return Naming(SourceCondition.OK)
        quiet, lost = self._since(grew)
        if not stat.S_ISREG(info.st_mode):
            return Naming(SourceCondition.NOT_A_FILE, "replaced by something else")
        if info.st_size == 0:
            # Nothing to read there yet, and the writer may go on with the old file for hours.
            return Naming(SourceCondition.OK)
        finished = quiet >= ROTATE_WAIT_S
        return Naming(SourceCondition.OK, over=finished or lost >= LONGEST_S, unfinished=not finished)

    def reset(self) -> None:
        """A file under its own name is being read."""
        self._lost = self._quiet = None

    def _since(self, grew: bool) -> tuple[float, float]:
        """Seconds since the file grew, and since it lost its name."""
        now = self._clock()
        if self._lost is None:
            self._lost = now
        if grew or self._quiet is None:
            self._quiet = now
        return now - self._quiet, now - self._lost
