"""When a record was written, in µs since 1970: every form of stamp that a profile can name.

A stamp without a date gets its day by midnights: time runs forwards, and what seems to go back by less than a minute is
another thread's line, also across midnight.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from typing import Any

from timmy_tui.core.foreign.decode import number
from timmy_tui.profiles.records.reader import Record, getter
from timmy_tui.profiles.spec import TimeRule

DAY_S = 86_400
BACK_S = 60
"""Lines of several threads stand out of order by a second or two. More is the next day: who starts the program again
each evening would else go back in time."""
_PER_UNIT = {"unix_s": 1e6, "unix_ms": 1e3, "unix_us": 1.0}
UNIX_FORMATS = tuple(_PER_UNIT)


class StampReader:
    """Reads the stamps of one source, in its order."""

    def __init__(self, rule: TimeRule) -> None:
        self._field = getter(rule.field) if rule.field else None
        self._format = rule.format
        self._scale = _PER_UNIT.get(rule.format, 0.0)
        self.zone: tzinfo | None = UTC if rule.zone == "utc" else None
        """Of stamps that do not say it; None: local."""
        self.needs_day = rule.format not in ("iso", *_PER_UNIT) and not any(
            code in rule.format for code in ("%d", "%j", "%x", "%c")
        )
        """Its stamps are times of day."""
        self.midnights = 0
        """Passed so far."""
        self.stamped = 0
        """Stamps without a date so far."""
        self.day = date(1970, 1, 2)
        """That of ``second``."""
        self.second: float | None = None
        """Time of day up to which the log has come, in seconds; None at its beginning."""
        self.first_day = self.day
        self._jumps: Mapping[int, int] = {}
        self.time_of_day_s = 0.0
        """Of the newest stamp without a date."""

    def begin_on(self, day: date, jumps: Mapping[int, int] | None = None) -> None:
        """A log of stamps that do not say their day begins, on this one.

        ``jumps``: number of a stamp, from 1 → days that passed before it and that no midnight between two stamps shows.
        """
        self.midnights = self.stamped = 0
        self.second = None
        self.first_day = self.day = day
        self._jumps = jumps or {}

    def jump(self, days: int) -> None:
        """The next stamp is so many days later than midnights tell."""
        self._jumps = {**self._jumps, self.stamped + 1: days}

    def __call__(self, record: Record) -> int | None:
        """The time of a record in µs since 1970; None where it has none."""
        if record.carrier_us is not None:
            return record.carrier_us
        value: Any = self._field(record.fields) if self._field is not None else None
        if value is None:
            return None
        if self._scale:
            # Of a float the limits say all; no comparison is true of NaN.
            figure = value if value.__class__ is float else _figure(value)
            return int(figure * self._scale + 0.5) if figure is not None and 0 < figure * self._scale < 1e17 else None
        return self._read(str(value))

    def _read(self, text: str) -> int | None:
        try:
            if self._format == "iso":
                return self._micros(datetime.fromisoformat(text))
            if not self.needs_day:
                return self._micros(datetime.strptime(text, self._format))
            moment = _time_of_day(text, self._format)
        except (ValueError, OverflowError, OSError):
            return None
        second = moment.hour * 3600 + moment.minute * 60 + moment.second + moment.microsecond / 1e6
        self.time_of_day_s = second
        return self._micros(datetime.combine(self._day(second), moment))

    def _micros(self, moment: datetime) -> int:
        if moment.tzinfo is None and self.zone is not None:
            moment = moment.replace(tzinfo=self.zone)
        whole = moment.replace(microsecond=0).timestamp()
        return int(whole) * 1_000_000 + moment.microsecond

    def _day(self, second: float) -> date:
        """The day of a time of day behind the last one."""
        self.stamped += 1
        if self._jumps:
            self.midnights += self._jumps.get(self.stamped, 0)
        if self.second is not None:
            ahead = (second - self.second) % DAY_S
            if ahead >= DAY_S - BACK_S:
                ahead -= DAY_S
            reached = self.second + ahead
            if reached < 0:
                return self.day - timedelta(days=1)
            if reached >= DAY_S:
                self.midnights += 1
        self.second = second
        self.day = self.first_day + timedelta(days=self.midnights)
        return self.day


@lru_cache(maxsize=64)
def _time_of_day(text: str, form: str) -> time:
    """Lines of one second have the same text, and strptime takes longer than all else of a stamp."""
    return datetime.strptime(text, form).time()


def _figure(value: object) -> float | None:
    """A number, or the one in a text, as the groups of a pattern are."""
    if not isinstance(value, str):
        return number(value)
    try:
        return float(value)
    except ValueError:
        return None
