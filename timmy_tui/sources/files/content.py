"""Reads the bytes of one file from an offset on, and checks that the bytes already read are still there."""

import os
import stat
from pathlib import Path

from timmy_tui.core.errors import NotFound, SourceError
from timmy_tui.sources.files.lines import LineSplitter, TailBatch

CHUNK = 1 << 18
"""Most bytes of one read, so that a line of 100 MB does not need 100 MB of memory."""
SENTINEL = 64
"""Number of bytes before the read position that are compared before each read."""
START_BYTES = 1 << 20
"""Read to see what kind of log a file is: enough to get past torn lines and NULs at its beginning."""
RECENT = 4096
"""Number of read bytes kept in memory, to see how much of a rewritten end is unchanged: about 20 lines of the log."""

_KINDS = (
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISFIFO, "a FIFO"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


class NotAFile(OSError):
    """The path does not lead to a regular file; ``strerror`` says what it is."""


def open_regular(path: Path) -> tuple[int, os.stat_result]:
    """Open a regular file for reading; never blocks on anything else. Raises OSError, or NotAFile.

    Returns the file descriptor and its status.
    """
    # Checked before opening, because opening a FIFO would wake a writer that waits for a reader.
    _require_regular(os.stat(path))
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOCTTY", 0)
    descriptor = os.open(path, flags | getattr(os, "O_BINARY", 0))
    try:
        info = os.fstat(descriptor)
        _require_regular(info)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor, info


def read_start(path: Path) -> bytes:
    """The beginning of a regular file. Raises NotFound or SourceError."""
    try:
        descriptor, _ = open_regular(path)
        with open(descriptor, "rb") as file:
            return file.read(START_BYTES)
    except FileNotFoundError:
        raise NotFound(f"{path} does not exist.") from None
    except NotAFile as error:
        raise SourceError(f"{path} is {error.strerror}, not a log.") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no file can have this name"
        raise SourceError(f"{path} cannot be read: {reason}.") from None


def _require_regular(info: os.stat_result) -> None:
    if not stat.S_ISREG(info.st_mode):
        kind = next((name for is_kind, name in _KINDS if is_kind(info.st_mode)), "not a regular file")
        raise NotAFile(0, kind)


def _read_at(descriptor: int, size: int, offset: int) -> bytes:
    if hasattr(os, "pread"):
        return os.pread(descriptor, size, offset)
    os.lseek(descriptor, offset, os.SEEK_SET)
    return os.read(descriptor, size)


class Content:
    """The content of one file, and how far it has been read."""

    def __init__(self, descriptor: int, info: os.stat_result, line_limit: int, offset: int = 0, skip: bool = False):
        """Read from ``offset`` on; ``skip``: drop everything up to the first line end."""
        self._descriptor: int | None = descriptor
        self._line_limit = line_limit
        self._recent = b""
        self.identity = (info.st_dev, info.st_ino)
        self.position = offset
        """Offset of the next byte to read."""
        self.size = info.st_size
        """Size of the file at the last check, bytes."""
        self.lines = LineSplitter(line_limit, offset, skip)

    @property
    def is_open(self) -> bool:
        """It has an open file descriptor."""
        return self._descriptor is not None

    def attach(self, descriptor: int) -> None:
        """Continue with another descriptor of the file; ``is_intact`` then checks that it is the same content."""
        self.close()
        self._descriptor = descriptor

    def duplicate(self) -> "Content":
        """The same file from its first byte on, with its own descriptor. Raises OSError."""
        assert self._descriptor is not None
        descriptor = os.dup(self._descriptor)
        return Content(descriptor, os.fstat(descriptor), self._line_limit)

    def is_intact(self) -> bool:
        """The file still contains what was read: it is long enough, and the last bytes that were read are the same."""
        assert self._descriptor is not None
        self.size = os.fstat(self._descriptor).st_size
        if self.size < self.position:
            return False
        sentinel = self._recent[-SENTINEL:]
        return not sentinel or _read_at(self._descriptor, len(sentinel), self.position - len(sentinel)) == sentinel

    def rewind(self) -> bool:
        """When not intact: go back to the last unchanged line and return False, or to the beginning and return True.

        Two programs that append with seek and write can overwrite each other's last lines. Only those are read again.
        """
        assert self._descriptor is not None
        base = self.position - len(self._recent)
        current = _read_at(self._descriptor, len(self._recent), base)
        unchanged = len(os.path.commonprefix([current, self._recent]))
        whole_lines = current.rfind(b"\n", 0, unchanged) + 1
        from_start = whole_lines == 0 or (unchanged < SENTINEL and base > 0)
        self._recent = b"" if from_start else current[:whole_lines]
        self.position = 0 if from_start else base + whole_lines
        splitter = LineSplitter(self._line_limit, self.position)
        splitter.dropped, splitter.nuls = self.lines.dropped, self.lines.nuls
        self.lines = splitter
        return from_start

    def read(self, limit: int) -> TailBatch | None:
        """Read at most about ``limit`` bytes; None if they complete no line. Raises OSError."""
        assert self._descriptor is not None
        lines: list[bytes] = []
        offset = None
        while limit > 0:
            try:
                data = _read_at(self._descriptor, min(CHUNK, limit), self.position)
            except OSError:
                # Lines before the error are returned; the next read raises it.
                if lines:
                    break
                raise
            if not data:
                # A network mount may report a larger size than can be read.
                self.size = self.position
                break
            self.position += len(data)
            self._recent = (self._recent + data)[-RECENT:] if len(data) < RECENT else data[-RECENT:]
            new_lines = self.lines.feed(data)
            if new_lines and offset is None:
                offset = self.lines.first
            lines += new_lines
            limit -= len(data)
        self.size = max(self.size, self.position)
        return TailBatch(lines, False, offset, self.lines.start) if offset is not None else None

    def finish(self) -> TailBatch | None:
        """The last line of a file that will not grow any more, if it has no line end."""
        lines = self.lines.flush()
        return TailBatch(lines, False, self.lines.first, self.lines.start) if lines else None

    def close(self) -> None:
        """Close the descriptor; the position and the bytes in memory are kept."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
