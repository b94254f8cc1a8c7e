"""A JSON document in a file that is written anew as a whole: read again when it has changed."""

import hashlib
import os
import time
from collections.abc import Callable
from pathlib import Path

from timmy_tui.core.decode import decode_json
from timmy_tui.core.errors import SourceError
from timmy_tui.model.snapshot import SourceCondition
from timmy_tui.sources.files.content import open_regular, require_readable
from timmy_tui.sources.files.lines import TailBatch
from timmy_tui.sources.streams.stream import Stream

MOST_BYTES = 64 << 20
"""A larger file is not a document of turns."""
BEGINS = b"\x1e"
"""Put before what is read, so that a document that never ended is given up (RFC 7464)."""
SETTLED_S = 0.2
"""A text that is not one document is being written while it has not stood for so long."""
UNFINISHED_S = 5.0

Stamp = tuple[int, int, int, int]


class Document(Stream):
    """Follows it: each new content comes as one batch of all its lines."""

    def __init__(self, path: Path, name: str, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(name, path)
        self._path = path
        self._clock = clock
        self._looked_at: Stamp | None = None
        self._settled = self._read = False
        self._changed = 0.0
        self._content = b""
        """Digest of what was delivered last."""
        self._is_first = True

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
            if stamp != self._looked_at:
                self._looked_at, self._read, self._changed = stamp, False, self._clock()
            if self._read:
                return []
            if info.st_size > MOST_BYTES:
                self.condition.set(SourceCondition.ERROR, f"more than {MOST_BYTES >> 20} MiB")
                return []
            data = file.read(MOST_BYTES)
        waited = self._clock() - self._changed
        is_whole = is_document(data)
        self.partial = not is_whole and waited >= UNFINISHED_S and not ends_well(data)
        if not is_whole and not (ends_well(data) and waited >= SETTLED_S):
            self.condition.set(SourceCondition.OK if self._content else SourceCondition.WAITING, "unfinished")
            return []
        self._read = True
        self.condition.set(SourceCondition.OK)
        return self._deliver(data, max(time.time() - info.st_mtime, 0.0) if self._is_first else 0.0)

    def _deliver(self, data: bytes, age_s: float) -> list[TailBatch]:
        self._is_first = False
        content = hashlib.blake2b(data).digest()
        if content == self._content:
            return []
        self._content = content
        lines = document_lines(data)
        self._lines += len(lines)
        self._newest = time.time() - age_s
        return [TailBatch(lines, False, 0, len(data), age_s)]


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


def read_document(path: Path) -> list[bytes]:
    """The same, once. Raises NotFound or SourceError."""
    require_readable(path)
    try:
        descriptor, info = open_regular(path)
        with open(descriptor, "rb") as file:
            if info.st_size > MOST_BYTES:
                raise SourceError(f"{path} cannot be read: it has more than {MOST_BYTES >> 20} MiB.")
            return document_lines(file.read(MOST_BYTES))
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror or os.strerror(error.errno or 0)}.") from None
