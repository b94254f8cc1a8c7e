"""Reads the bytes of one file from an offset on, and checks that the bytes already read are still there."""

import os
import stat
from pathlib import Path

from timmy_tui.core.errors import NotFound, SourceError
from timmy_tui.core.foreign.decode import UTF16_MARKS
from timmy_tui.sources.files.lines import LineSplitter, TailBatch

CHUNK = 1 << 18
"""Most bytes of one read, so that a line of 100 MB does not need 100 MB of memory."""
HEAD = 512
"""Bytes of a file's beginning that are compared before each read; the first line alone is the same in all v34 logs."""
RECENT = 4096
"""Bytes before the read position that are compared before each read, and show how much of a changed end is the same.

About 20 lines of the latency log: a short end can be the same in two turns, the last 20 lines hold ids and stamps.
"""
MIN_UNCHANGED = 64
"""Fewer unchanged bytes than this in the end of a file are chance: it is read from its beginning."""
START_BYTES = 1 << 20
"""Read to see what kind of log a file is: enough to get past torn lines and NULs at its beginning."""

ABSENT = "does not exist"
_KINDS = (
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISFIFO, "a FIFO"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


Identity = tuple[int, int]
"""Device and inode."""


def identity_of(info: os.stat_result) -> Identity:
    """Which file this is, whatever its name."""
    return info.st_dev, info.st_ino


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
    require_readable(path)
    try:
        descriptor, _ = open_regular(path)
        with open(descriptor, "rb") as file:
            return file.read(START_BYTES)
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}.") from None


def require_readable(path: Path) -> None:
    """Raises NotFound or SourceError, with the reason, unless the path leads to a regular file that may be read."""
    reason = problem_of(path)
    if reason == ABSENT:
        raise NotFound(f"{path} {reason}.")
    if reason:
        raise SourceError(f"{path} {reason}.")


def problem_of(path: Path) -> str:
    """Why a file cannot be read, as the end of a sentence that begins with its path; empty if it can."""
    try:
        descriptor, _ = open_regular(path)
    except NotAFile as error:
        return f"is {error.strerror}, not a log"
    except (FileNotFoundError, NotADirectoryError):
        return ABSENT
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no file can have this name"
        return f"cannot be read: {reason}"
    os.close(descriptor)
    return ""


def _require_regular(info: os.stat_result) -> None:
    if not stat.S_ISREG(info.st_mode):
        kind = next((name for is_kind, name in _KINDS if is_kind(info.st_mode)), "not a regular file")
        raise NotAFile(0, kind)


def read_head(descriptor: int) -> bytes:
    """The first bytes of an open file, at most HEAD. Raises OSError."""
    return _read_at(descriptor, HEAD, 0)


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
        self._head = b"" if not offset else _read_at(descriptor, min(HEAD, offset), 0)
        self.identity = identity_of(info)
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

    def duplicate(self, from_start: bool = False) -> "Content":
        """The same file with its own descriptor, from its first byte on or from its next line on. Raises OSError."""
        assert self._descriptor is not None
        descriptor = os.dup(self._descriptor)
        offset = 0 if from_start else self.position if self.lines.skipping else self.lines.start
        try:
            skip = self.lines.skipping and not from_start
            return Content(descriptor, os.fstat(descriptor), self._line_limit, offset, skip)
        except OSError:
            os.close(descriptor)
            raise

    def begins_with(self, start: bytes) -> bool:
        """The file begins as ``start`` does, as far as both go. Raises OSError."""
        assert self._descriptor is not None
        head = _read_at(self._descriptor, len(start), 0)
        common = min(len(head), len(start))
        return common > 0 and head[:common] == start[:common]

    def modified_ns(self) -> int:
        """When the file was last written, by the clock of its file system. Raises OSError."""
        assert self._descriptor is not None
        return os.fstat(self._descriptor).st_mtime_ns

    def current_size(self) -> int:
        """The size of the file now, bytes. Raises OSError."""
        assert self._descriptor is not None
        self.size = os.fstat(self._descriptor).st_size
        return self.size

    @property
    def is_utf16(self) -> bool:
        """It begins with the byte order mark of UTF-16, as what PowerShell writes."""
        return self._head.startswith(UTF16_MARKS)

    def is_intact(self) -> bool:
        """The file still contains what was read: it is long enough, and its first and last bytes are the same."""
        assert self._descriptor is not None
        if self.current_size() < self.position:
            return False
        if not self._is_head_unchanged():
            return False
        recent = self._recent
        return not recent or _read_at(self._descriptor, len(recent), self.position - len(recent)) == recent

    def _is_head_unchanged(self) -> bool:
        # A file of no more than 4 KiB is compared as a whole by its recent bytes.
        if self.position <= len(self._recent):
            return True
        assert self._descriptor is not None
        return _read_at(self._descriptor, len(self._head), 0) == self._head

    def rewind(self) -> bool:
        """When not intact: go back to the last unchanged line and return False, or to the beginning and return True.

        Two programs that append with seek and write can overwrite each other's last lines. Only those are read again.
        """
        assert self._descriptor is not None
        base = self.position - len(self._recent)
        current = _read_at(self._descriptor, len(self._recent), base)
        unchanged = len(os.path.commonprefix([current, self._recent]))
        whole_lines = current.rfind(b"\n", 0, unchanged) + 1
        # Of a short file the beginning is compared: a new content has the first line of the old one, if that is v34's.
        same_line = self.size < self.position or current.count(b"\n", 0, unchanged) < 2
        by_chance = unchanged < MIN_UNCHANGED if base > 0 else same_line
        from_start = whole_lines == 0 or by_chance or not self._is_head_unchanged()
        self._recent = b"" if from_start else current[:whole_lines]
        self.position = 0 if from_start else base + whole_lines
        self._head = self._head[: self.position]
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
            if self.position < HEAD and self.position == len(self._head):
                self._head += data[: HEAD - self.position]
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
