"""The days of a log whose lines say the time of day alone.

Its newest line is of the last day on which its time was not ahead of the file's last write; the days before follow from
the midnights in it. A silence of more than a day leaves no trace in such a log, and a last write can be a copy's: what
was once found out about a log is kept, so that each turn has one date, however often it is read.
"""

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from copy import copy
from datetime import date, datetime, timedelta, tzinfo
from pathlib import Path

import msgspec

from timmy_tui.core.foreign.decode import Unreadable, decode_as
from timmy_tui.core.private_file import replace_private
from timmy_tui.profiles.records.reader import RecordReader
from timmy_tui.profiles.records.times import BACK_S, DAY_S, StampReader
from timmy_tui.profiles.spec import Profile
from timmy_tui.sources.files.content import open_regular
from timmy_tui.sources.files.lines import LineSplitter

AHEAD_S = 600.0
"""A stamp may be so far ahead of the clock that says when its file was written: another machine's is by minutes."""
START_BYTES = 1 << 10
"""So much of its beginning tells one log from another with the same name."""
PIECE_BYTES = 1 << 15
"""Looked through at once: some 5 ms of work."""
FILE_NAME = "log-days.json"
MOST_LOGS = 64
MOST_BYTES = 1 << 20


class Days(msgspec.Struct, frozen=True):
    """What is known of the days of one log."""

    first: date
    """Of its first stamp."""
    stamps: int
    """So many from its beginning are known; what follows may hide a silence of days."""
    jumps: tuple[tuple[int, int], ...] = ()
    """Number of a stamp, from 1, and days that passed before it and that no midnight shows."""


class KnownDays:
    """The days of all logs that were read, in one small file of the user's state folder."""

    def __init__(self, folder: Path, read_only: bool = False) -> None:
        self._path = folder / FILE_NAME
        self._read_only = read_only

    def of(self, key: str) -> Days | None:
        """Those of one log; None where it is new, or the file is missing or damaged."""
        return self._all().get(key)

    def keep(self, key: str, days: Days) -> None:
        """Keep them for the next reading. A disk that is full keeps nothing."""
        known = self._all()
        if known.pop(key, None) == days or self._read_only:
            return
        newest = {**known, key: days}
        for name in [*newest][:-MOST_LOGS]:
            del newest[name]
        with suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            replace_private(self._path, msgspec.json.encode(newest))

    def _all(self) -> dict[str, Days]:
        try:
            known = decode_as(self._path.read_bytes()[:MOST_BYTES], dict[str, Days])
        except OSError:
            return {}
        return {} if isinstance(known, Unreadable) else known


def newest_day(second: float, written: float, zone: tzinfo | None) -> date:
    """The last day on which this time of day was not ahead of ``written``, seconds since 1970."""
    latest = datetime.fromtimestamp(written + AHEAD_S, zone)
    reached = latest.hour * 3600 + latest.minute * 60 + latest.second + latest.microsecond / 1e6
    return latest.date() - timedelta(days=int(second > reached))


class DayScan:
    """Finds the days of a whole log, piece by piece, ahead of its reading; takes a third of its time."""

    def __init__(self, profile: Profile, known: Days | None = None) -> None:
        self._profile = profile
        self._known = known
        self._reader = RecordReader(profile.source)
        self._stamps = StampReader(profile.time)
        if known is not None:
            self._stamps.begin_on(known.first, dict(known.jumps))
        self._silence, self._behind = 0.0, 0
        """The longest silence behind what is known, and the number of the stamp that ends it."""

    def feed(self, lines: Sequence[bytes]) -> None:
        """The next whole lines."""
        stamps, known = self._stamps, self._known.stamps if self._known is not None else 0
        for record in self._reader.feed(lines):
            before, count = stamps.second, stamps.stamped
            stamps(record)
            if before is not None and stamps.second is not None and stamps.stamped > max(count, known):
                silence = (stamps.second - before) % DAY_S
                if self._silence < silence < DAY_S - BACK_S:
                    self._silence, self._behind = silence, stamps.stamped

    def days(self, written: float) -> Days:
        """Those of the log, which was last written at ``written``, seconds since 1970.

        What was known stays. Days that midnights behind it do not account for passed in the longest silence there.
        """
        stamps, known = self._stamps, self._known
        if stamps.second is None:
            return known or Days(datetime.fromtimestamp(written, stamps.zone).date(), 0)
        missing = (newest_day(stamps.second, written, stamps.zone) - stamps.day).days
        if known is None:
            return Days(stamps.first_day + timedelta(days=missing), stamps.stamped)
        if stamps.stamped < known.stamps:  # It was cut: another log that begins with the same lines.
            return Days(known.first + timedelta(days=missing), stamps.stamped, known.jumps)
        jumps = (*known.jumps, (self._behind, missing)) if missing and self._behind else known.jumps
        return Days(known.first, stamps.stamped, jumps)


def scan(path: Path, profile: Profile, line_limit: int, book: KnownDays | None = None) -> Iterator["LogDays | None"]:
    """Look through a log ahead of its reading. Yields None after each piece and at last its days, which of no file are
    not known. ``book``: where those of earlier readings are kept."""
    try:
        descriptor, _ = open_regular(path)
    except (OSError, ValueError):
        return
    with open(descriptor, "rb") as file:
        try:
            start = file.read(START_BYTES)
            # A log that is still shorter gets another beginning: nothing can be kept under this one.
            key = _key(path, start) if book is not None and len(start) == START_BYTES else ""
            found = DayScan(profile, book.of(key) if book is not None and key else None)
            splitter = LineSplitter(line_limit)
            found.feed(splitter.feed(start))
            while piece := file.read(PIECE_BYTES):
                found.feed(splitter.feed(piece))
                yield None
            found.feed(splitter.flush())
            days = found.days(os.fstat(file.fileno()).st_mtime)
        except OSError:
            return
    log_days = LogDays(days, book if key else None, key)
    log_days.keep()
    yield log_days


def _key(path: Path, start: bytes) -> str:
    return hashlib.blake2b(os.fsencode(path.absolute()) + b"\0" + start, digest_size=16).hexdigest()


class LogDays:
    """The days of the log that is being read, which are kept when more of them is known."""

    def __init__(self, days: Days, book: KnownDays | None = None, key: str = "") -> None:
        self.days = days
        self._book = book
        self._key = key

    def keep(self) -> None:
        """Keep them for the next reading."""
        if self._book is not None and self.days.stamps:
            self._book.keep(self._key, self.days)

    def jumped(self, stamp: int, days: int) -> None:
        """So many days passed before this stamp without a midnight between two lines."""
        self.days = Days(self.days.first, stamp, (*self.days.jumps, (stamp, days)))
        self.keep()


def days_off(stamps: StampReader, profile: Profile, lines: Sequence[bytes], written: float, known: int) -> int:
    """By how many days the last of the next lines, which was written at ``written``, is later than midnights tell.

    0 where no more than the first ``known`` stamps of the log are among them, and where they have no time of day.
    """
    ahead = copy(stamps)
    for record in RecordReader(profile.source).feed(lines):
        ahead(record)
    if ahead.second is None or ahead.stamped <= max(stamps.stamped, known):
        return 0
    return (newest_day(ahead.second, written, stamps.zone) - ahead.day).days
