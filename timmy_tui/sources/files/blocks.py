"""Reads a log backwards, block by block, and keeps nothing: for a reader that wants the newest lines first."""

import os
from bisect import bisect_left
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from timmy_tui.sources.files.content import open_regular

SEARCH_BYTES = 1 << 20
"""Bytes that a search looks through at once."""
LONGEST_LINE = 1 << 23
"""A block grows up to here to find the beginning of a line; a longer one is cut there."""


class Part(NamedTuple):
    """One file of a log, as far as it was read by all others."""

    path: Path
    end: int
    """Bytes of it that count."""


class Line(NamedTuple):
    """One line and the byte of the log at which it begins."""

    offset: int
    data: bytes
    """Without its line end."""


class LogText:
    """Files of one kind, one behind the other, as one text that is read from its end. Offsets are of the whole text."""

    def __init__(self, parts: Sequence[Part]) -> None:
        """``parts``: oldest file first."""
        self._parts = tuple(parts)
        self._starts = [sum(part.end for part in self._parts[:at]) for at in range(len(self._parts))]
        self.end = sum(part.end for part in self._parts)

    def lines_before(self, end: int, size: int) -> list[Line]:
        """Whole lines of about the ``size`` bytes before ``end``, oldest first; empty at the start. Raises OSError.

        At least one line, if there is any. They are of one file: where another one begins, they begin too.
        """
        while end > 0:
            part, start = self._part_before(end)
            lines = _lines(part.path, start, min(end - start, part.end), size)
            if lines:
                return lines
            end = start
        return []

    def whole_line(self, offset: int) -> bytes:
        """The line that begins at ``offset``, at most ``LONGEST_LINE`` bytes; empty behind the end. Raises OSError."""
        part, start = self._part_before(offset + 1)
        with _Reader(part.path) as reader:
            data, at = b"", offset - start
            while b"\n" not in data and at < part.end and len(data) < LONGEST_LINE:
                piece = reader.read(at, min(SEARCH_BYTES, part.end - at))
                data, at = data + piece, at + len(piece)
                if not piece:
                    break
        return _stripped(data.partition(b"\n")[0])

    def find_before(self, needle: bytes, end: int) -> int | None:
        """Offset of the last ``needle`` that ends at or before ``end``; None: there is none. Raises OSError."""
        while end > 0:
            part, start = self._part_before(end)
            found = _find(part.path, needle, min(end - start, part.end))
            if found is not None:
                return start + found
            end = start
        return None

    def _part_before(self, end: int) -> tuple[Part, int]:
        """The file that holds the byte before ``end``, and where it begins."""
        index = max(bisect_left(self._starts, end) - 1, 0)
        return self._parts[index], self._starts[index]


class _Reader:
    """A file that is opened for one look."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = -1

    def __enter__(self) -> "_Reader":
        self._descriptor, _ = open_regular(self._path)
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)

    def read(self, offset: int, size: int) -> bytes:
        return os.pread(self._descriptor, size, offset)


def _lines(path: Path, start: int, end: int, size: int) -> list[Line]:
    with _Reader(path) as reader:
        begin, data, first = _block(reader, end, size)
        while begin and first == 0 and size < LONGEST_LINE:
            size *= 4
            begin, data, first = _block(reader, end, size)
    lines: list[Line] = []
    offset = start + begin + first
    odd = b"\r" in data or b"\0" in data
    for raw in data[first:].split(b"\n"):
        lines.append(Line(offset, _stripped(raw) if odd else raw))
        offset += len(raw) + 1
    if lines and not lines[-1].data:
        # Behind the last line end.
        lines.pop()
    return lines


def _block(reader: _Reader, end: int, size: int) -> tuple[int, bytes, int]:
    """Where it begins, its bytes, and at which of them its first whole line begins; 0 where no line begins in it."""
    begin = max(end - size, 0)
    data = reader.read(begin, end - begin)
    first = data.find(b"\n") + 1 if begin else 0
    return begin, data, first if first < len(data) else 0


def _stripped(raw: bytes) -> bytes:
    if b"\0" in raw:
        raw = raw.replace(b"\0", b"")
    return raw.rstrip(b"\r") if raw.endswith(b"\r") else raw


def _find(path: Path, needle: bytes, end: int) -> int | None:
    with _Reader(path) as reader:
        while end > 0:
            begin = max(end - SEARCH_BYTES, 0)
            found = reader.read(begin, end - begin).rfind(needle)
            if found >= 0:
                return begin + found
            # The next block overlaps, so that a needle across the border is found.
            end = begin + len(needle) - 1 if begin else 0
    return None
