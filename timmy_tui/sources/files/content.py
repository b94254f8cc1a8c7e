"""One file's bytes from an offset on, and the proof that it is still the file that was read before."""

import os
import stat
from pathlib import Path

from timmy_tui.core.errors import NotFound, SourceError
from timmy_tui.sources.files.lines import LineSplitter, TailBatch

CHUNK = 1 << 18
"""Bytes of one read: a 100 MB line must not cost 100 MB."""
SENTINEL = 64
"""Consumed bytes that are compared before each read."""
START_BYTES = 1 << 20
"""Read to see what kind of log a file is: enough to get past torn lines and NULs at its beginning."""
RECENT = 4096
"""Consumed bytes kept, to find out how far a rewritten end still agrees: about 20 lines of the latency log."""

_KINDS = (
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISFIFO, "a FIFO"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


class NotAFile(OSError):
    """The path names something that cannot be followed; ``strerror`` says what it is."""


def open_regular(path: Path) -> tuple[int, os.stat_result]:
    """Open a regular file for reading without ever hanging on anything else. Raises OSError, NotAFile."""
    # Asked before the open, because opening a FIFO would release a writer that waits for a reader.
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
        kind = next((word for is_kind, word in _KINDS if is_kind(info.st_mode)), "not a regular file")
        raise NotAFile(0, kind)


def _read_at(descriptor: int, size: int, offset: int) -> bytes:
    if hasattr(os, "pread"):
        return os.pread(descriptor, size, offset)
    os.lseek(descriptor, offset, os.SEEK_SET)
    return os.read(descriptor, size)


class Content:
    """An open file and how far it has been read."""

    def __init__(self, descriptor: int, info: os.stat_result, line_limit: int, offset: int = 0, skip: bool = False):
        """Read from ``offset``; with ``skip`` what stands before the first line end is left out."""
        self._descriptor: int | None = descriptor
        self._line_limit = line_limit
        self._recent = b""
        self.identity = (info.st_dev, info.st_ino)
        self.position = offset
        """Offset of the next byte to read."""
        self.size = info.st_size
        """Bytes in the file when it was last looked at."""
        self.lines = LineSplitter(line_limit, offset, skip)

    @property
    def is_open(self) -> bool:
        """It holds a descriptor now."""
        return self._descriptor is not None

    def attach(self, descriptor: int) -> None:
        """Go on with another descriptor of what seems to be the same file."""
        self.close()
        self._descriptor = descriptor

    def twin(self) -> "Content":
        """The same file from its first byte on, with a descriptor of its own. Raises OSError."""
        assert self._descriptor is not None
        descriptor = os.dup(self._descriptor)
        return Content(descriptor, os.fstat(descriptor), self._line_limit)

    def is_intact(self) -> bool:
        """The file still holds what was read: long enough, and the same bytes before the read position."""
        assert self._descriptor is not None
        self.size = os.fstat(self._descriptor).st_size
        if self.size < self.position:
            return False
        sentinel = self._recent[-SENTINEL:]
        return not sentinel or _read_at(self._descriptor, len(sentinel), self.position - len(sentinel)) == sentinel

    def rewind(self) -> bool:
        """After a broken promise: back to the last line that still agrees (False), or to the beginning (True).

        Two programs that append by seek-then-write overwrite each other's last lines. Only those are read again then.
        """
        assert self._descriptor is not None
        base = self.position - len(self._recent)
        found = _read_at(self._descriptor, len(self._recent), base)
        agreed = len(os.path.commonprefix([found, self._recent]))
        cut = found.rfind(b"\n", 0, agreed) + 1
        anew = cut == 0 or (agreed < SENTINEL and base > 0)
        self._recent = b"" if anew else found[:cut]
        self.position = 0 if anew else base + cut
        splitter = LineSplitter(self._line_limit, self.position)
        splitter.dropped, splitter.nuls = self.lines.dropped, self.lines.nuls
        self.lines = splitter
        return anew

    def read(self, limit: int) -> TailBatch | None:
        """At most ``limit`` further bytes as whole lines; None if they complete no line. Raises OSError."""
        assert self._descriptor is not None
        lines: list[bytes] = []
        offset = None
        while limit > 0:
            try:
                data = _read_at(self._descriptor, min(CHUNK, limit), self.position)
            except OSError:
                # What came before the error is delivered; the next read meets the error again.
                if lines:
                    break
                raise
            if not data:
                # A network mount may promise more than it gives.
                self.size = self.position
                break
            self.position += len(data)
            self._recent = (self._recent + data)[-RECENT:] if len(data) < RECENT else data[-RECENT:]
            whole = self.lines.feed(data)
            if whole and offset is None:
                offset = self.lines.first
            lines += whole
            limit -= len(data)
        self.size = max(self.size, self.position)
        return TailBatch(lines, False, offset, self.lines.start) if offset is not None else None

    def finish(self) -> TailBatch | None:
        """The last line, when it has no line end and the file will not grow any more."""
        lines = self.lines.flush()
        return TailBatch(lines, False, self.lines.first, self.lines.start) if lines else None

    def close(self) -> None:
        """Give the descriptor back; position and memory stay."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
