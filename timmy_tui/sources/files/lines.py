"""Splits bytes into whole lines, whatever the pieces in which the bytes arrive."""

from typing import NamedTuple


class TailBatch(NamedTuple):
    """Lines that were read from one file together."""

    lines: list[bytes]
    """Whole lines, not decoded, without line ends and NUL bytes."""
    restarted: bool
    """These lines begin a new content: the file was rotated, truncated, rewritten or replaced."""
    offset: int
    """Offset of the first line in the file, bytes."""
    end: int
    """Offset of the next line in the file, bytes."""
    age_s: float = 0.0
    """For lines that were there before the file was followed: time since the last write to it; else 0."""


class LineSplitter:
    """Splits consecutive pieces of one file. It holds at most one piece and one line of ``limit`` bytes."""

    def __init__(self, limit: int, offset: int = 0, skip_first: bool = False) -> None:
        """``offset``: where the first piece begins; ``skip_first``: drop everything up to the first line end."""
        self._limit = limit
        self._skipping = skip_first
        self._partial = b""
        self.position = offset
        """Offset after the last piece."""
        self.start = offset
        """Offset after the last line end so far."""
        self.first = offset
        """Offset of the first line that the last piece completed."""
        self.dropped = 0
        """Number of lines dropped because they were over the limit."""
        self.nuls = 0
        """Number of NUL bytes removed."""

    @property
    def skipping(self) -> bool:
        """Everything up to the next line end is dropped."""
        return self._skipping

    @property
    def partial(self) -> bool:
        """The last line has no end yet."""
        return bool(self._partial) or (self._skipping and self.position > self.start)

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that are complete with ``data``, the next bytes of the file."""
        self._locate(data)
        if b"\0" in data:
            stripped = data.replace(b"\0", b"")
            self.nuls += len(data) - len(stripped)
            data = stripped
        lines = data.split(b"\n")
        if len(lines) == 1:
            self._extend(data)
            return []
        lines[0] = self._partial + lines[0]
        self._partial = b""
        rest = lines.pop()
        if self._skipping:
            self._skipping = False
            del lines[0]
        elif lines[0].endswith(b"\r"):
            lines[0] = lines[0].rstrip(b"\r")
        if b"\r" in data:
            lines = [line.rstrip(b"\r") for line in lines]
        self._extend(rest)
        return self._within_limit(lines, len(data))

    def flush(self) -> list[bytes]:
        """The last line of a finished file, if it has no line end."""
        partial, self._partial = self._partial, b""
        self.first, self.start = self.start, self.position
        skipped, self._skipping = self._skipping, False
        return [partial.rstrip(b"\r")] if partial and not skipped else []

    def _locate(self, data: bytes) -> None:
        """Update the offsets, which count NUL bytes too."""
        first = data.find(b"\n")
        if first >= 0:
            self.first = self.position + first + 1 if self._skipping else self.start
            self.start = self.position + data.rfind(b"\n") + 1
        self.position += len(data)

    def _extend(self, data: bytes) -> None:
        if self._skipping:
            return
        self._partial += data
        if len(self._partial) > self._limit:
            self._partial = b""
            self._skipping = True
            self.dropped += 1

    def _within_limit(self, lines: list[bytes], piece: int) -> list[bytes]:
        # Only the first line can be longer than the piece that it ends in, so usually only that one is checked.
        to_check = lines if piece > self._limit else lines[:1]
        if all(len(line) <= self._limit for line in to_check):
            return lines
        within_limit = [line for line in lines if len(line) <= self._limit]
        self.dropped += len(lines) - len(within_limit)
        return within_limit
