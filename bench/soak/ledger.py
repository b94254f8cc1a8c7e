"""What was written, file by file, and how it compares with what was read: lines written = lines read + lines counted.

A file has a name for some time, until it is renamed, deleted or truncated; then another content begins. Of each content
the reader must have every line, in order, or a beginning and a count of what it missed.
"""

import zlib
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from struct import Struct

RECORD = Struct("<Id")
"""A line that was read: its checksum, and time.time()."""

FIGURES, SHOWN = "figures.jsonl", "shown.jsonl"
"""Files in which the dashboard notes its figures, and when each turn was first shown."""


def checksum(line: bytes) -> int:
    """Of a line without its end."""
    return zlib.crc32(line)


@dataclass
class Content:
    """The lines of one content of a log."""

    lines: "array[int]" = field(default_factory=lambda: array("L"))
    """Checksums."""
    written: "array[float]" = field(default_factory=lambda: array("d"))
    """time.time() at which each was written."""
    bad: int = 0
    """Lines among them that are no event."""
    too_long: int = 0
    """Lines over the reader's limit, which it counts as dropped; they are not among ``lines``."""
    ended_by: str = ""
    """``rename``, ``delete`` or ``truncate``; empty while it has the name."""

    def add(self, line: bytes, at: float) -> None:
        """A whole line was written."""
        self.lines.append(checksum(line))
        self.written.append(at)


class WrittenLog:
    """One log, as its writer knows it."""

    def __init__(self) -> None:
        self.contents = [Content()]

    @property
    def current(self) -> Content:
        """The content that has the name now."""
        return self.contents[-1]

    def end(self, how: str) -> None:
        """The current content is over."""
        self.current.ended_by = how
        self.contents.append(Content())

    @property
    def count(self) -> int:
        """Lines written so far, those that are too long included."""
        return sum(len(one.lines) + one.too_long for one in self.contents)


@dataclass
class Account:
    """How what was read compares with what was written."""

    written: int = 0
    read: int = 0
    lost: int = 0
    """Lines of contents that were not read to their end."""
    cut: list[str] = field(default_factory=list)
    """How each of these contents ended, and how much of it was read."""
    whole: set[int] = field(default_factory=set)
    """Numbers of the contents that were read to their end."""
    bad: tuple[int, int] = (0, 0)
    """Least and most bad lines that the reader must have counted: those of whole contents, and those of all."""
    too_long: tuple[int, int] = (0, 0)
    """The same for lines that are too long."""
    strange: int = 0
    """Lines read that were not to come there: out of order, twice, or never written."""
    waits_s: list[tuple[float, float]] = field(default_factory=list)
    """(time of writing, seconds until it was read) of each line."""


def compare(log: WrittenLog, read: Sequence[tuple[int, float]]) -> Account:
    """Each content in its turn: all its lines, or a beginning of them."""
    account = Account(written=log.count, read=len(read))
    at = 0
    for number, content in enumerate(log.contents):
        matched = 0
        while matched < len(content.lines) and at < len(read) and read[at][0] == content.lines[matched]:
            account.waits_s.append((content.written[matched], read[at][1] - content.written[matched]))
            matched, at = matched + 1, at + 1
        if matched < len(content.lines):
            account.lost += len(content.lines) - matched
            how = content.ended_by or "still there"
            account.cut.append(f"{how} ({matched} of {len(content.lines)} lines read)")
        else:
            account.whole.add(number)
    account.strange = len(read) - at
    whole = [log.contents[number] for number in account.whole]
    account.bad = sum(one.bad for one in whole), sum(one.bad for one in log.contents)
    account.too_long = sum(one.too_long for one in whole), sum(one.too_long for one in log.contents)
    return account


def read_records(data: bytes) -> Iterator[tuple[int, float]]:
    """The lines that a dashboard has read, in order."""
    whole = len(data) - len(data) % RECORD.size
    yield from RECORD.iter_unpack(data[:whole])
