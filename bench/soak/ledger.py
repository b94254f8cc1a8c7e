"""What was written, file by file, and how it compares with what was read: lines written = lines read + lines counted.

A file has a name for some time, until it is renamed, deleted or truncated; then another content begins. Of each content
the reader must have every line, in order, or a beginning and a count of what it missed.
"""

import time
import zlib
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from struct import Struct

RECORD = Struct("<Id")
"""A line that was read: its checksum, and time.time()."""

AT_WORK_S = 10.0
"""What was written so long before a dashboard was ended is read, and is in the history: that tries again every 5 s."""
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
    begun: float = field(default_factory=time.time)
    """time.time()."""
    ended: float = float("inf")
    """time.time() at which it lost the name."""

    def add(self, line: bytes, at: float) -> None:
        """A whole line was written."""
        self.lines.append(checksum(line))
        self.written.append(at)

    def upto(self, until: float) -> "Content":
        """What of it was there at a time.time()."""
        there = bisect_right(self.written, until)
        return replace(self, lines=self.lines[:there], written=self.written[:there])


class WrittenLog:
    """One log, as its writer knows it."""

    def __init__(self, contents: Sequence[Content] = ()) -> None:
        self.contents = list(contents) or [Content()]

    @property
    def current(self) -> Content:
        """The content that has the name now."""
        return self.contents[-1]

    def end(self, how: str) -> None:
        """The current content is over."""
        self.current.ended_by, self.current.ended = how, time.time()
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
    unread: list[int] = field(default_factory=list)
    """Their numbers, among those that were compared."""
    whole: set[int] = field(default_factory=set)
    """Numbers of the contents that were read to their end; of a run: in the whole log, and in time to be stored."""
    read_by: dict[int, float] = field(default_factory=dict)
    """When the last line of each of these was read, time.time()."""
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
            account.unread.append(number)
            account.cut.append(f"{how} ({matched} of {len(content.lines)} lines read)")
        else:
            account.whole.add(number)
            account.read_by[number] = read[at - 1][1] if matched else 0.0
    account.strange = len(read) - at
    whole = [log.contents[number] for number in account.whole]
    account.bad = sum(one.bad for one in whole), sum(one.bad for one in log.contents)
    account.too_long = sum(one.too_long for one in whole), sum(one.too_long for one in log.contents)
    return account


def compare_run(log: WrittenLog, read: Sequence[tuple[int, float]], first: int, until: float) -> Account:
    """As ``compare``, of a dashboard that was started at content ``first``, and may have found a later one.

    ``until``: time.time() at which it was ended, or infinity. What was written by then it can have read, and what ended
    ``AT_WORK_S`` before that it must have.
    """
    begins = (
        at for at in range(first, len(log.contents)) if read and log.contents[at].lines[:1] == array("L", read[0][:1])
    )
    first = next(begins, first)
    account = compare(WrittenLog([one.upto(until) for one in log.contents[first:] if one.begun <= until]), read)
    in_time = {at for at, read_by in account.read_by.items() if read_by <= until - AT_WORK_S}
    account.whole = {first + at for at in in_time if log.contents[first + at].ended <= until}
    due = [log.contents[first + at].ended <= until - AT_WORK_S for at in account.unread]
    account.cut = [how for how, is_due in zip(account.cut, due, strict=True) if is_due]
    return account


def read_records(data: bytes) -> Iterator[tuple[int, float]]:
    """The lines that a dashboard has read, in order."""
    whole = len(data) - len(data) % RECORD.size
    yield from RECORD.iter_unpack(data[:whole])
