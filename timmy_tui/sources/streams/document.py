"""A JSON document in a file that is written anew as a whole: read again when it has changed."""

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from timmy_tui.core.errors import SourceError
from timmy_tui.core.foreign.decode import decode_json
from timmy_tui.model.snapshot import SourceCondition
from timmy_tui.sources.files.content import open_regular, require_readable
from timmy_tui.sources.files.lines import TailBatch
from timmy_tui.sources.streams.stream import Stream

MOST_BYTES = 64 << 20
"""A larger document is not one of turns; a file with a document a line may be of any size."""
PIECE_BYTES = 8 << 20
"""Of such a file, at once."""
SAMPLE_BYTES = 4096
"""Of the beginning and of the end of what was read: a file that still has both has grown and is not another one."""
BEGINS = b"\x1e"
"""Put before what is read, so that a document that never ended is given up (RFC 7464)."""
SETTLED_S = 0.2
"""A text that is not one document is being written while it has not stood for so long."""
UNFINISHED_S = 5.0
UNFINISHED = "unfinished"

Stamp = tuple[int, int, int, int]


class Document(Stream):
    """Follows it: each new content comes as one batch of all its lines."""

    def __init__(self, path: Path, name: str, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(name, path)
        self._path = path
        self._clock = clock
        self._looked_at: Stamp | None = None
        self._read = False
        self._may_end = False
        self._changed = 0.0
        self._is_first = True
        """What was there before is being delivered."""
        self._size = 0
        """Bytes of the content that was delivered last, with their digest, their beginning and end."""
        self._digest = hashlib.blake2b()
        self._head = self._tail = b""

    @property
    def path(self) -> Path:
        """The document itself."""
        return self._path

    def poll(self) -> list[TailBatch]:
        """All lines of a content that is new and whole; else none."""
        if self.closed:
            return []
        try:
            return self._poll()
        except (OSError, ValueError) as error:
            self.condition.set_error(error)
            self._looked_at = None
            return []

    def _poll(self) -> list[TailBatch]:
        descriptor, info = open_regular(self._path)
        with open(descriptor, "rb") as file:
            stamp = (info.st_dev, info.st_ino, info.st_size, info.st_mtime_ns)
            is_new = stamp != self._looked_at
            if is_new:
                self._looked_at, self._read, self._changed = stamp, False, self._clock()
            waited = self._clock() - self._changed
            self.partial = not self._read and not self._may_end and waited >= UNFINISHED_S
            self.more = False
            if self._read or not (is_new or (self._may_end and waited >= SETTLED_S)):
                return []
            begin = self._begin_of_new(file, info.st_size)
            data = b"" if begin == info.st_size else _new_documents(file, begin, info.st_size)
        if data is None:
            self._read = True
            self.condition.set(SourceCondition.ERROR, f"more than {MOST_BYTES >> 20} MiB")
            return []
        self._may_end = ends_well(data)
        end = begin + len(data)
        self.more = end < info.st_size and data.endswith(b"\n")
        if is_new and not (self.more or is_document(data) or (begin and not data)):
            self.condition.set(SourceCondition.OK if self._size else SourceCondition.WAITING, UNFINISHED)
            return []
        self._read, self.partial = not self.more, False
        self._looked_at = None if self.more else stamp
        self.condition.set(SourceCondition.OK)
        age_s = max(time.time() - info.st_mtime, 0.0) if self._is_first else 0.0
        self._is_first = self.more
        return self._deliver(data, begin, age_s)

    def _begin_of_new(self, file: BinaryIO, size: int) -> int:
        """Behind what was delivered, if that is still there: all of it, or documents behind which others came."""
        if not 0 < self._size <= size or not (size == self._size or self._tail.endswith(b"\n")):
            return 0
        if size > self._size > PIECE_BYTES:  # Read as a whole for each line that comes, it would take a core.
            is_there = file.read(len(self._head)) == self._head
            file.seek(self._size - len(self._tail))
            return self._size if is_there and file.read(len(self._tail)) == self._tail else 0
        digest, left = hashlib.blake2b(), self._size
        while left and (piece := file.read(min(left, PIECE_BYTES))):
            digest.update(piece)
            left -= len(piece)
        return self._size if digest.digest() == self._digest.digest() else 0

    def _deliver(self, data: bytes, begin: int, age_s: float) -> list[TailBatch]:
        if not data:
            return []
        if not begin:
            self._digest, self._head, self._tail = hashlib.blake2b(), b"", b""
        self._digest.update(data)
        self._head = (self._head + data)[:SAMPLE_BYTES]
        self._tail = (self._tail + data)[-SAMPLE_BYTES:]
        self._size = begin + len(data)
        lines = document_lines(data)
        self._lines += len(lines)
        self._newest = time.time() - age_s
        return [TailBatch(lines, False, begin, self._size, age_s)]


def _new_documents(file: BinaryIO, begin: int, end: int) -> bytes | None:
    """All from ``begin`` on; the first whole lines of it where it is too much and has a document a line, else None."""
    file.seek(begin)
    if end - begin <= MOST_BYTES:
        return file.read(MOST_BYTES)
    data = file.read(PIECE_BYTES)
    lines = data[: data.rfind(b"\n") + 1]
    return lines if is_document(lines.partition(b"\n")[0]) else None


def is_document(data: bytes) -> bool:
    """It is one list or object of JSON, whole."""
    return ends_well(data) and isinstance(decode_json(data), dict | list)


def ends_well(data: bytes) -> bool:
    """Its last character can be that of a document."""
    return data.rstrip().endswith((b"}", b"]"))


def document_lines(data: bytes) -> list[bytes]:
    """The lines of a file of documents; the first one says that a document begins."""
    lines = data.replace(b"\0", b"").split(b"\n")
    return [BEGINS + lines[0], *lines[1:]] if data.strip() else []


def read_documents(path: Path) -> Iterator[list[bytes]]:
    """The same, once; of a large file with a document a line in pieces. Raises NotFound or SourceError."""
    require_readable(path)
    try:
        descriptor, info = open_regular(path)
        with open(descriptor, "rb") as file:
            begin = 0
            while begin < info.st_size:
                data = _new_documents(file, begin, info.st_size)
                if data is None:
                    raise SourceError(f"{path} cannot be read: it has more than {MOST_BYTES >> 20} MiB.")
                yield document_lines(data)
                begin += len(data) or info.st_size
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror or os.strerror(error.errno or 0)}.") from None
