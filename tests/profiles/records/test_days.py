"""Dates of a log that says the time of day alone: read whole, at its end, live, again, after a silence of days."""

import os
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from tests.profiles.worlds import profile
from tests.zones import local_zone
from timmy_tui.core.running.interruptions import elapsed
from timmy_tui.model.turn import Turn
from timmy_tui.profiles.reading import ProfileReading
from timmy_tui.profiles.records.days import AHEAD_S, START_BYTES, KnownDays, newest_day, scan
from timmy_tui.profiles.spec import Profile

LIMIT = 1 << 16
HOUR = 3600.0
DAY = 24 * HOUR


@pytest.fixture(autouse=True)
def utc() -> Iterator[None]:
    """Where every day has 24 hours."""
    with local_zone("UTC"):
        yield


@pytest.fixture
def new_york() -> Iterator[None]:
    """Four or five hours behind."""
    with local_zone("America/New_York"):
        yield


def clock(zone: str = "local") -> Profile:
    """A system that prints a line when it hears and one when it answers."""
    return profile(
        source={"kind": "lines", "event": "", "line": r"^(?P<t>\d\d:\d\d:\d\d) (?P<text>.*)$"},
        time={"field": "t", "format": "%H:%M:%S", "resolution_ms": 1000, "zone": zone},
        turn={"by": "order", "key": "", "opens": ["heard"], "complete": ["sound"], "failed": [], "reason": ""},
        event=[{"name": "heard", "match": "heard"}, {"name": "sound", "match": r"sound (?P<took>\d+)"}],
        headline=[{"span": "V2V", "lasts": ["sound.took"]}],
        stage=[{"key": "all", "label": "ALL", "meaning": "all", "owner": "service", "lasts": ["sound.took"],
                "critical": True}],
    )  # fmt: skip


def of_turn(at: float) -> list[bytes]:
    """The lines of a turn that began then, seconds since 1970."""
    text = time.strftime("%H:%M:%S", time.localtime(at))
    return [f"{text} heard".encode(), f"{text} sound 700".encode()]


def write(path: Path, times: Sequence[float], written: float | None = None) -> None:
    """A log of turns, last written with its last line or then; long enough to be known again."""
    lines = [b"-" * START_BYTES, *(line for at in times for line in of_turn(at))]
    path.write_bytes(b"\n".join(lines) + b"\n")
    end = times[-1] if written is None else written
    os.utime(path, (end, end))


def whole(path: Path, book: KnownDays | None = None, read_by: Profile | None = None) -> list[Turn]:
    """The turns of a reading from the first byte to the last."""
    reading = ProfileReading(read_by or clock(), 60.0)
    for days in scan(path, reading.profile, LIMIT, book):
        if days is not None:
            reading.begin_log(days)
    return [*reading.read_once([("", path.read_bytes().splitlines())])]


def starts(turns: Sequence[Turn]) -> list[float | None]:
    return [turn.started for turn in turns]


def at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


@pytest.mark.parametrize(
    ("time_of_day", "written", "day"),
    [
        ("18:00:00", "2026-11-26 18:00:00", "2026-11-26"),
        ("18:10:00", "2026-11-26 18:00:00", "2026-11-26"),
        ("18:10:01", "2026-11-26 18:00:00", "2026-11-25"),
        ("23:59:59", "2026-11-26 00:00:00.2", "2026-11-25"),
        ("23:59:59", "2026-11-26 00:05:00", "2026-11-25"),
        ("00:00:30", "2026-11-25 23:59:00", "2026-11-26"),
        ("00:00:00", "2026-11-26 00:00:00", "2026-11-26"),
        ("12:00:00", "2026-03-01 11:00:00", "2026-02-28"),
    ],
)
def test_the_newest_day_is_the_last_on_which_the_stamp_was_not_ahead(time_of_day: str, written: str, day: str) -> None:
    moment = datetime.fromisoformat(f"2000-01-01 {time_of_day}")
    second = moment.hour * 3600 + moment.minute * 60 + moment.second
    assert AHEAD_S == 600
    assert newest_day(second, at(written), None) == date.fromisoformat(day)


@pytest.mark.usefixtures("new_york")
def test_the_day_is_that_of_the_zone_in_which_the_stamps_are(tmp_path: Path) -> None:
    """At eight in the evening in New York it is the next day in UTC."""
    moment = datetime(2026, 11, 27, 1, 0, 0, tzinfo=UTC)
    log = tmp_path / "box.log"
    log.write_bytes(b"01:00:00 heard\n01:00:00 sound 700\n")
    os.utime(log, (moment.timestamp(), moment.timestamp()))
    assert starts(whole(log, read_by=clock("utc"))) == [moment.timestamp()]
    local = whole(log)[0].started
    assert local is not None and datetime.fromtimestamp(local) == datetime(2026, 11, 26, 1, 0, 0)


@pytest.mark.parametrize(
    "later_s", [0.0, 0.2, 300.0, HOUR, 23 * HOUR],
    ids=["at once", "past midnight", "a traceback", "lines without a stamp", "a day"],
)  # fmt: skip
def test_the_last_write_may_be_past_midnight_and_the_last_stamp_not(tmp_path: Path, later_s: float) -> None:
    times = [at("2026-11-24 22:00:00"), at("2026-11-25 08:00:00"), at("2026-11-25 23:59:59")]
    log = tmp_path / "box.log"
    write(log, times, times[-1] + later_s)
    assert starts(whole(log)) == times


def test_the_end_alone_has_the_same_dates_as_the_whole(tmp_path: Path) -> None:
    times = [at("2026-11-20 10:00:00") + 9 * HOUR * number for number in range(20)]
    log = tmp_path / "box.log"
    write(log, times)
    reading = ProfileReading(clock(), 60.0)
    lines = log.read_bytes().splitlines()[-9:]
    reading.date_lines(lines, log.stat().st_mtime)
    assert starts([*reading.read_once([("", lines)])])[-4:] == starts(whole(log))[-4:] == times[-4:]


SILENCES = [15 * HOUR, 23.9 * HOUR, 24.1 * HOUR, 33 * HOUR, 63 * HOUR, 81 * HOUR, 240 * HOUR]


@pytest.mark.parametrize("silence_s", SILENCES)
def test_a_silence_of_days_is_seen_live_and_known_at_the_next_start(tmp_path: Path, silence_s: float) -> None:
    now = float(int(time.time()))
    times = [now - silence_s - 2 * HOUR, now - silence_s, now, now]
    log, book = tmp_path / "box.log", KnownDays(tmp_path)
    write(log, times[:2])
    reading = ProfileReading(clock(), 60.0)
    for days in scan(log, reading.profile, LIMIT, book):
        if days is not None:
            reading.begin_log(days)
    first = reading.feed("", log.read_bytes().splitlines(), elapsed() - silence_s)
    live = [turn for moment in times[2:] for turn in reading.feed("", of_turn(moment), elapsed())]
    assert starts([*first, *live]) == times
    write(log, times)
    for _ in range(2):
        assert starts(whole(log, book)) == times


@pytest.mark.parametrize("silence_s", SILENCES)
def test_a_silence_that_nobody_watched_is_found_behind_what_is_known(tmp_path: Path, silence_s: float) -> None:
    """The longest one of the day's clock is taken for it."""
    friday = at("2026-11-20 18:00:00")
    behind = [friday + silence_s + minutes * 60 for minutes in (0, 20, 50)]
    log, book = tmp_path / "box.log", KnownDays(tmp_path)
    write(log, [friday - HOUR, friday])
    assert starts(whole(log, book)) == [friday - HOUR, friday]
    write(log, [friday - HOUR, friday, *behind])
    for _ in range(2):
        assert starts(whole(log, book))[:2] == [friday - HOUR, friday]
        assert starts(whole(log, book))[-1] == behind[-1]


def test_a_last_write_that_is_another_copys_changes_no_date_that_is_known(tmp_path: Path) -> None:
    times = [at("2026-11-20 18:00:00"), at("2026-11-21 09:00:00")]
    log, book = tmp_path / "box.log", KnownDays(tmp_path)
    write(log, times)
    assert starts(whole(log, book)) == times
    for moved in (DAY, 5 * DAY, -3 * DAY):
        write(log, times, times[-1] + moved)
        assert starts(whole(log, book)) == times
        assert starts(whole(log)) == [one + moved for one in times], "without what is known"


def test_a_log_with_the_same_name_and_another_beginning_is_another_one(tmp_path: Path) -> None:
    log, book = tmp_path / "box.log", KnownDays(tmp_path)
    write(log, [at("2026-11-20 18:00:00")])
    whole(log, book)
    times = [at("2026-11-23 09:00:00")]
    write(log, times)
    log.write_bytes(b"+" + log.read_bytes())
    os.utime(log, (times[0], times[0]))
    assert starts(whole(log, book)) == times


def test_a_log_that_was_cut_is_dated_by_its_last_write(tmp_path: Path) -> None:
    log, book = tmp_path / "box.log", KnownDays(tmp_path)
    write(log, [at("2026-11-20 18:00:00") + HOUR * number for number in range(9)])
    whole(log, book)
    times = [at("2026-11-23 09:00:00"), at("2026-11-23 10:00:00")]
    write(log, times)
    assert starts(whole(log, book)) == times


def test_who_leaves_no_file_uses_what_is_known(tmp_path: Path) -> None:
    log, times = tmp_path / "box.log", [at("2026-11-20 18:00:00")]
    write(log, times)
    assert starts(whole(log, KnownDays(tmp_path, read_only=True))) == times
    assert not (tmp_path / "log-days.json").exists()
    whole(log, KnownDays(tmp_path))
    write(log, times, times[0] + 2 * DAY)
    assert starts(whole(log, KnownDays(tmp_path, read_only=True))) == times


@pytest.mark.parametrize("content", [b"", b"{", b'{"a": 5}', b"[]", b'{"a": {"first": "soon", "stamps": 1}}', b"\xff"])
def test_a_damaged_file_of_known_days_is_as_none(tmp_path: Path, content: bytes) -> None:
    log, book = tmp_path / "box.log", KnownDays(tmp_path)
    times = [at("2026-11-20 18:00:00")]
    write(log, times)
    (tmp_path / "log-days.json").write_bytes(content)
    assert starts(whole(log, book)) == times
    write(log, times, times[0] + 2 * DAY)
    assert starts(whole(log, book)) == times


def test_the_known_days_of_many_logs_stay_few(tmp_path: Path) -> None:
    book = KnownDays(tmp_path)
    for number in range(80):
        log = tmp_path / f"{number}.log"
        write(log, [at("2026-11-20 18:00:00")])
        whole(log, book)
    assert (tmp_path / "log-days.json").stat().st_size < 8000


def test_the_hour_that_comes_twice_is_no_day(tmp_path: Path) -> None:
    """Live: a clock that goes back by an hour is not the next day."""
    now = float(int(time.time()))
    reading = ProfileReading(clock(), 60.0)
    turns = reading.feed("", of_turn(now), elapsed())
    turns += reading.feed("", of_turn(now - HOUR), elapsed())
    assert starts(turns) == [now, now - HOUR]


def test_a_line_of_another_thread_moves_no_day() -> None:
    """It stands a second behind midnight, and was written a second before."""
    midnight = datetime.combine(date.today(), datetime.min.time()).timestamp()
    reading = ProfileReading(clock(), 60.0)
    age = time.time() - midnight
    turns = reading.feed("", of_turn(midnight - 5), elapsed() - age - 5)
    turns += reading.feed("", of_turn(midnight), elapsed() - age)
    turns += reading.feed("", of_turn(midnight - 1), elapsed() - age)
    turns += reading.feed("", of_turn(midnight + 1), elapsed() - age + 1)
    assert starts(turns) == [midnight - 5, midnight, midnight - 1, midnight + 1]


def test_what_is_no_log_has_no_days(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path / "fifo", tmp_path, tmp_path / "none.log", Path("/dev/zero")):
        assert [*scan(path, clock(), LIMIT)] == []


def test_lines_that_no_reading_takes_are_not_counted(tmp_path: Path) -> None:
    """A line without an end, and one that is longer than the limit."""
    log = tmp_path / "box.log"
    times = [at("2026-11-25 23:00:00"), at("2026-11-26 01:00:00")]
    first, second = (b"\n".join(of_turn(one)) for one in times)
    long_one = b"12:00:00 " + b"x" * (2 * LIMIT)
    log.write_bytes(first + b"\n" + long_one + b"\n" + second + b"\n")
    os.utime(log, (times[-1], times[-1]))
    reading = ProfileReading(clock(), 60.0)
    for days in scan(log, reading.profile, LIMIT):
        if days is not None:
            reading.begin_log(days)
    assert starts([*reading.read_once([("", [*first.split(b"\n"), *second.split(b"\n")])])]) == times


def test_a_log_that_says_its_dates_needs_none() -> None:
    dated = profile(time={"field": "t", "format": "%Y-%m-%d %H:%M:%S"}, source={"event": "event"})
    assert not ProfileReading(dated, 60.0).needs_days
    assert ProfileReading(clock(), 60.0).needs_days
