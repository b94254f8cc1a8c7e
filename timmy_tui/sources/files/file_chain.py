"""The files that have had the name of a log, from the one that is read to the newest; each is open until it is read."""

import errno
import os
import stat
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from timmy_tui.model.snapshot import SourceCondition
from timmy_tui.sources.files.content import Content, Identity, identity_of, open_regular
from timmy_tui.sources.files.siblings import Siblings

ROTATE_WAIT_S = 2.0
"""A renamed or deleted file is read until it has not grown for this long, because its writer may not know yet."""
LONGEST_S = 20.0
"""A renamed file that still grows is given up after this, if its successor has content."""
MAX_HELD = 64
"""Most files that are held open for one name. A storm of one rotation in 50 ms needs 40 of them in ROTATE_WAIT_S."""
SETTLED_S = 5.0
"""A file system event that has not come after this long will not come: its folder was not watched then."""


@dataclass(eq=False)
class _File:
    """One file that has, or had, the name."""

    content: Content
    lost_at: float | None = None
    """When it was first seen without the name; None while it has it."""
    grown_at: float = 0.0
    """When it was last seen to have grown, since it lost the name."""
    size: int = 0


@dataclass(eq=False)
class _Births:
    """How many files got the name, as the file system reports it, and as it was seen."""

    reported: int = 0
    seen: int = 0
    seen_at: float = 0.0
    missed: int = 0

    def compare(self, reported: int, seen: int, now: float) -> None:
        """``reported``: since the start, asked for before the look; ``seen``: files that the look found."""
        if self.seen > self.reported and now - self.seen_at > SETTLED_S:
            self.seen = self.reported
        if seen:
            self.seen += seen
            self.seen_at = now
        self.reported = reported
        for _ in range(self.reported - self.seen):
            self.miss()

    def miss(self) -> None:
        """One that was seen or reported could not be opened."""
        self.missed += 1
        self.seen += 1

    def find(self) -> None:
        """One that counts as missed can be opened after all."""
        self.missed -= 1
        self.seen -= 1


@dataclass
class FileChain:
    """One path. ``look`` opens what has the name now; the first of the chain is the one that is read.

    A file that is open stays readable when it is renamed or deleted, and its number is given to no other file.
    """

    path: Path
    clock: Callable[[], float]
    make: Callable[[int, os.stat_result], Content]
    """Makes the content of a file that was just opened."""
    hold: bool = True
    """Files may stay open. Else there is one at a time, and whoever reads it opens and closes it."""
    count_births: Callable[[], int] = int
    """Files that got the name since the start, as the file system has reported. 0: it reports nothing, and what had the
    name between two looks is not known."""
    condition: SourceCondition = SourceCondition.WAITING
    detail: str = ""
    written_at: float = float("-inf")
    """When the newest file was last seen to have grown, or to have come with content; the first look does not count."""
    gaps: int = 0
    """How often a file was truncated before it was its turn to be read."""
    _files: deque[_File] = field(default_factory=deque)
    _births: _Births | None = None
    _siblings: Siblings = field(init=False)
    _refused: Identity | None = None

    def __post_init__(self) -> None:
        self._siblings = Siblings(self.path)

    @property
    def missed(self) -> int:
        """Number of files that had the name and were gone before they could be opened, as far as it is known."""
        return self._births.missed if self._births is not None else 0

    @property
    def current(self) -> Content | None:
        """The file that is read."""
        return self._files[0].content if self._files else None

    def look(self) -> None:
        """Open what has the name now, if it is not open yet. Raises OSError or ValueError while there is no file."""
        # Asked before the look: a file that is counted here is found by the look, or is gone.
        reported = self.count_births()
        now = self.clock()
        before = len(self._files)
        first = self._births is None
        if self._births is None:
            self._births = _Births(reported, reported)
        try:
            self._look(now, first)
        finally:
            self._births.compare(reported, 0 if first else len(self._files) - before, now)

    def _look(self, now: float, first: bool) -> None:
        if not self._files:
            self._append(*open_regular(self.path), None if first else now)
            self.condition, self.detail = SourceCondition.OK, ""
            return
        if not self.hold:
            return
        for file in list(self._files)[:-1]:
            self._note_growth(file, now)
        newest = self._files[-1]
        try:
            info = os.stat(self.path)
        except (FileNotFoundError, NotADirectoryError):
            self._set_lost(newest, now)
            self.condition, self.detail = SourceCondition.WAITING, "deleted, does not exist yet"
        except OSError as error:
            # The path cannot be searched; what is open can still be read.
            loop = error.errno == errno.ELOOP
            self.condition = SourceCondition.ERROR if loop else SourceCondition.OK
            self.detail = (error.strerror or "") if loop else ""
        else:
            self._compare(newest, info, now)

    def _compare(self, newest: _File, info: os.stat_result, now: float) -> None:
        """What has the name now against the newest file that had it."""
        self.condition, self.detail = SourceCondition.OK, ""
        identity = identity_of(info)
        if identity == newest.content.identity:
            newest.lost_at = None
            if info.st_size and info.st_size != newest.size:
                self.written_at = now
            self._set_size(newest, info.st_size)
            return
        self._set_lost(newest, now)
        if not stat.S_ISREG(info.st_mode):
            self.condition = SourceCondition.NOT_A_FILE
            self.detail = "replaced by something that is not a file"
            return
        if any(identity == file.content.identity for file in self._files):
            return
        found: list[tuple[int, os.stat_result]] = []
        with suppress(OSError):
            # It may be gone again, or may not be read: the next look says which.
            found.append(open_regular(self.path))
        own = {file.content.identity for file in self._files} | {identity_of(info) for _, info in found}
        found += self._siblings.appeared(newest.content, own)
        # Sorted by the last write, which is in the order in which they had the name; it is a stable sort.
        for descriptor, one in sorted([*found[1:], *found[:1]], key=lambda file: file[1].st_mtime_ns):
            self._append(descriptor, one, now)
        for file in list(self._files)[:-1]:
            self._set_lost(file, now)

    def _append(self, descriptor: int, info: os.stat_result, now: float | None) -> None:
        """``now``: None for a file that was there when the program began."""
        identity = identity_of(info)
        if len(self._files) >= MAX_HELD and self._births is not None:
            os.close(descriptor)
            if identity != self._refused:
                self._births.miss()
            self._refused = identity
            return
        if identity == self._refused and self._births is not None:
            self._births.find()
            self._refused = None
        self._files.append(_File(self.make(descriptor, info), size=info.st_size))
        if now is not None and info.st_size:
            self.written_at = now
        if now is None:
            self._siblings.remember()

    def _set_lost(self, file: _File, now: float) -> None:
        if file.lost_at is None:
            file.lost_at = file.grown_at = now
        self._note_growth(file, now)

    def _note_growth(self, file: _File, now: float) -> None:
        # A stale handle of a network mount is found out when it is read; it must not hide what has the name now.
        with suppress(OSError):
            size = file.content.current_size() if file.content.is_open else file.size
            if size != file.size:
                self._set_size(file, size)
                file.grown_at = now

    def _set_size(self, file: _File, size: int) -> None:
        if size < file.size and file is not self._files[0]:
            self.gaps += 1
        file.size = size

    @property
    def has_successor(self) -> bool:
        """A newer file has content: the first one may be finished."""
        return any(file.size for file in list(self._files)[1:])

    @property
    def is_first_quiet(self) -> bool:
        """The first file has lost the name and has not grown for 2 s."""
        first = self._files[0]
        return first.lost_at is not None and self.clock() - first.grown_at >= ROTATE_WAIT_S

    @property
    def is_first_over(self) -> bool:
        """The next file is to be read: the first is quiet, or has not become so for 20 s.

        While its successors are empty there is nothing to read in them, and the writer may not know of them for hours.
        """
        if not self._files or self._files[0].lost_at is None or not self.has_successor:
            return False
        return self.is_first_quiet or self.clock() - self._files[0].lost_at >= LONGEST_S

    def drop_first(self) -> None:
        """Close the first file; the next one is read from now on."""
        self._files.popleft().content.close()

    def close(self) -> None:
        """Close all files."""
        while self._files:
            self.drop_first()
