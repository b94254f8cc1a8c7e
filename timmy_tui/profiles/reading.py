"""One reading of a source by a profile: lines in, turns out, as turns/ingest.py reads v34's logs."""

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import timedelta

from timmy_tui.core.running.failures import Failures
from timmy_tui.core.running.interruptions import elapsed
from timmy_tui.model.turn import Session, Turn
from timmy_tui.profiles.assembly import ProfileAssembler
from timmy_tui.profiles.records.days import LogDays, days_off
from timmy_tui.profiles.records.matching import EventMatcher, Hit
from timmy_tui.profiles.records.reader import JOURNAL_STAMP, Record, RecordReader
from timmy_tui.profiles.records.shapes import shape_of
from timmy_tui.profiles.spec import Profile

CHUNK_LINES = 400
"""Lines matched before they are put into turns: what they say fits in the core's cache, as in turns/ingest.py."""
MOST_SHAPES = 200
"""Shapes of unknown records that are counted; a log of another program has more."""


class ProfileReading:
    """Closed turns are returned; a known ordinal is a revision."""

    def __init__(self, profile: Profile, timeout_s: float, keep_events: bool = True) -> None:
        """``timeout_s``: silence that ends a turn."""
        self.profile = profile
        self.assembler = ProfileAssembler(profile, timeout_s, keep_events)
        self.newest_stamp: float | None = None
        """Stamp of the newest event, in seconds since 1970."""
        self.matched = 0
        """Records that were an event."""
        self.other = 0
        """Records that were none."""
        self.captured: set[str] = set()
        """Captures that some record had."""
        self.formless = 0
        """Of these, lines that ``source.line`` does not match: words of the talk may stand in them."""
        self.shapes: Counter[str] = Counter()
        """The rest of them by their shape."""
        self._reader = RecordReader(profile.source)
        self._matcher = EventMatcher(profile)
        self._failures = Failures()
        self._days: LogDays | None = None

    def begin_log(self, days: LogDays) -> None:
        """A log without dates begins with the next line, and these are its days."""
        self._days = days
        self._matcher.stamps.begin_on(days.days.first, dict(days.days.jumps))

    @property
    def needs_days(self) -> bool:
        """Its stamps are times of day."""
        return self._matcher.stamps.needs_day

    def date_lines(self, lines: Sequence[bytes], written: float) -> None:
        """The next lines, of which the last was written at ``written`` (seconds since 1970), say when by that.

        Of a log that was read from its beginning only a silence of days is news.
        """
        stamps = self._matcher.stamps
        if not (stamps.needs_day and self.profile.source.kind in ("lines", "jsonl") and lines):
            return
        if JOURNAL_STAMP in lines[0]:  # It knows the time of each entry.
            return
        days = days_off(stamps, self.profile, lines, written, self._days.days.stamps if self._days is not None else 0)
        if days and stamps.stamped:
            if self._days is not None:
                self._days.jumped(stamps.stamped + 1, days)
            stamps.jump(days)
        elif days:
            stamps.begin_on(stamps.day + timedelta(days=days))

    def feed(self, kind: str, lines: Sequence[bytes], arrived: float | None = None) -> list[Turn]:
        """Whole lines in file order. ``kind``: of the log, there is one. ``arrived``: ``elapsed()`` when written."""
        self.assembler.arrived = arrived
        if arrived is not None:
            self.date_lines(lines, time.time() - max(elapsed() - arrived, 0.0))
        turns: list[Turn] = []
        for start in range(0, len(lines), CHUNK_LINES):
            hits = self._hits(lines[start : start + CHUNK_LINES])
            if hits:
                turns += self.assembler.add(hits)
        return turns

    def _hits(self, lines: Sequence[bytes]) -> list[Hit]:
        return self._hits_of(self._reader.feed(lines))

    def _hits_of(self, records: Iterable[Record]) -> list[Hit]:
        hits: list[Hit] = []
        for record in records:
            try:
                hit = self._matcher.match(record)
            except Exception as error:  # noqa: BLE001  One record is lost, and it is said which.
                self._failures.note(error, f"a record of {self.profile.profile.name}")
                continue
            if hit is None:
                self._note_other(record)
                continue
            hits.append(hit)
            if hit.captures and not self.captured.issuperset(hit.captures):
                self.captured.update(hit.captures)
        self.matched += len(hits)
        if hits and (stamp := hits[-1].stamp_us) is not None:
            self.newest_stamp = stamp / 1e6
        return hits

    def _note_other(self, record: Record) -> None:
        self.other += 1
        if self.profile.source.line and not record.fields:
            self.formless += 1
            return
        shape = shape_of(record)
        if shape in self.shapes or len(self.shapes) < MOST_SHAPES:
            self.shapes[shape] += 1

    def read_once(self, logs: Iterable[tuple[str, Sequence[bytes]]]) -> tuple[Turn, ...]:
        """All turns of these lines in the order in which they happened, those that they leave open included."""
        turns = {turn.ordinal: turn for kind, lines in logs for turn in self.feed(kind, lines)}
        turns.update((turn.ordinal, turn) for turn in self.finish())
        return tuple(sorted(turns.values(), key=lambda turn: turn.position))

    def finish(self) -> list[Turn]:
        """At the end of the source: the turns that it leaves open."""
        turns = self.assembler.add(hits) if (hits := self._hits_of(self._reader.finish())) else []
        return [*turns, *self.assembler.finish()]

    @property
    def lines(self) -> int:
        """Lines read so far."""
        return self._reader.lines

    @property
    def lone_pauses(self) -> int:
        """No profile has them."""
        return 0

    @property
    def unparsed(self) -> Counter[str]:
        """What was not read, by reason."""
        return self._reader.unparsed + self._matcher.unparsed + self.assembler.unparsed + self._failures.counts

    @property
    def sessions(self) -> tuple[Session, ...]:
        """Runs of the system's process so far."""
        return self.assembler.sessions
