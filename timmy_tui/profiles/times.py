"""When a record was written, in µs since 1970: every form of stamp that a profile can name.

A stamp without a date gets its day by midnights: time runs forwards, and what seems to go back by less than a minute is
another thread's line, also across midnight.
"""

from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

from timmy_tui.core.decode import number
from timmy_tui.profiles.records import Record, getter
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
        self._zone: tzinfo | None = UTC if rule.zone == "utc" else None
        self.needs_day = rule.format not in ("iso", *_PER_UNIT) and not any(
            code in rule.format for code in ("%d", "%j", "%x", "%c")
        )
        """Its stamps are times of day."""
        self.midnights = 0
        """Passed so far."""
        self.time_of_day_s = 0.0
        """Of the newest stamp without a date."""
        self._first_day = date(1970, 1, 2)
        self._last_s: float | None = None

    def begin_on(self, day: date) -> None:
        """The day of the first record, for stamps that do not say it."""
        self._first_day = day

    def __call__(self, record: Record) -> int | None:
        """The time of a record in µs since 1970; None where it has none."""
        if record.carrier_us is not None:
            return record.carrier_us
        value: Any = self._field(record.fields) if self._field is not None else None
        if value is None:
            return None
        if self._scale:
            figure = _number_of(value) if value.__class__ is str else number(value)
            return int(figure * self._scale + 0.5) if figure is not None and 0 < figure * self._scale < 1e17 else None
        return self._read(str(value))

    def _read(self, text: str) -> int | None:
        try:
            if self._format == "iso":
                return self._micros(datetime.fromisoformat(text))
            if not self.needs_day:
                return self._micros(datetime.strptime(text, self._format))
            time = datetime.strptime(text, self._format).time()
        except (ValueError, OverflowError, OSError):
            return None
        second = time.hour * 3600 + time.minute * 60 + time.second + time.microsecond / 1e6
        self.time_of_day_s = second
        return self._micros(datetime.combine(self._day(second), time))

    def _micros(self, moment: datetime) -> int:
        if moment.tzinfo is None and self._zone is not None:
            moment = moment.replace(tzinfo=self._zone)
        whole = moment.replace(microsecond=0).timestamp()
        return int(whole) * 1_000_000 + moment.microsecond

    def _day(self, second: float) -> date:
        """The day of a time of day behind the last one."""
        if self._last_s is not None:
            ahead = (second - self._last_s) % DAY_S
            if ahead >= DAY_S - BACK_S:
                ahead -= DAY_S
            reached = self._last_s + ahead
            if reached < 0:
                return self._first_day + timedelta(days=self.midnights - 1)
            if reached >= DAY_S:
                self.midnights += 1
        self._last_s = second
        return self._first_day + timedelta(days=self.midnights)


def _number_of(text: str) -> float | None:
    """The figure in a text, as the groups of a pattern are."""
    try:
        return float(text)
    except ValueError:
        return None
