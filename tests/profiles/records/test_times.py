"""When a record was written: each form of stamp, and days that no stamp says."""

from collections.abc import Iterator
from datetime import date, datetime

import pytest

from tests.zones import local_zone
from timmy_tui.profiles.records.reader import Record
from timmy_tui.profiles.records.times import StampReader
from timmy_tui.profiles.spec import TimeRule


@pytest.fixture(autouse=True)
def new_york() -> Iterator[None]:
    """A zone with an offset, and with summer time."""
    with local_zone("America/New_York"):
        yield


def micros(rule: TimeRule, value: object, carrier: int | None = None) -> int | None:
    return StampReader(rule)(Record({"at": value}, "", carrier, ""))


@pytest.mark.parametrize(
    ("form", "value", "expected"),
    [
        ("unix_s", 1764350004.297935, 1764350004297935),
        ("unix_s", 1764350004, 1764350004000000),
        ("unix_ms", 1764350004297, 1764350004297000),
        ("unix_us", 1764350004297935, 1764350004297935),
        ("unix_s", "1764350004.297935", 1764350004297935),
        ("unix_ms", "1764350004297", 1764350004297000),
        ("unix_us", "1764350004297935", 1764350004297935),
        ("iso", "2025-11-28T17:13:24.297935+00:00", 1764350004297935),
        ("iso", "2025-11-28T17:13:24Z", 1764350004000000),
        ("iso", "2025-11-28 12:13:24.5", 1764350004500000),
        ("%Y-%m-%d %H:%M:%S.%f", "2025-11-28 12:13:24.297", 1764350004297000),
    ],
)
def test_each_form(form: str, value: object, expected: int) -> None:
    assert micros(TimeRule(field="at", format=form), value) == expected


def test_a_stamp_without_a_zone_is_local_or_as_the_profile_says() -> None:
    text = "2025-07-01T12:00:00"
    assert micros(TimeRule(field="at"), text) == 1751385600_000000  # UTC-4 in summer
    assert micros(TimeRule(field="at", zone="utc"), text) == 1751371200_000000


@pytest.mark.parametrize(
    "value", [None, "", "soon", True, [], {}, -1.0, 0, 1e30, "25:00:00", float("nan"), "-5", "nan", "inf", "1e30"]
)
def test_what_is_no_time_is_none(value: object) -> None:
    for form in ("unix_s", "iso", "%H:%M:%S"):
        assert micros(TimeRule(field="at", format=form), value) is None


def test_the_carrier_knows_better() -> None:
    assert micros(TimeRule(field="at", format="%H:%M:%S"), "15:04:05", 1764350004297935) == 1764350004297935


def days(*times: str) -> list[str]:
    """The day and time that each stamp of a source without dates gets, the first day being 23 November."""
    reader = StampReader(TimeRule(field="at", format="%H:%M:%S"))
    reader.begin_on(date(2026, 11, 23))
    stamps = [reader(Record({"at": text}, "", None, "")) for text in times]
    return [datetime.fromtimestamp(stamp / 1e6).strftime("%d %H:%M:%S") for stamp in stamps if stamp is not None]


def test_three_midnights() -> None:
    told = days("23:59:59", "00:00:00", "12:00:00", "23:59:00", "00:01:00", "00:00:30", "23:58:00", "00:00:01")
    assert told == [
        "23 23:59:59", "24 00:00:00", "24 12:00:00", "24 23:59:00", "25 00:01:00", "25 00:00:30", "25 23:58:00",
        "26 00:00:01",
    ]  # fmt: skip


def test_a_line_of_another_thread_steps_back_over_midnight() -> None:
    assert days("23:59:59", "00:00:00", "23:59:59", "00:00:01") == [
        "23 23:59:59", "24 00:00:00", "23 23:59:59", "24 00:00:01",
    ]  # fmt: skip


@pytest.mark.parametrize(("back", "day"), [("12:59:00", "23"), ("12:58:59", "24")])
def test_a_minute_back_is_another_thread_and_more_is_the_next_day(back: str, day: str) -> None:
    assert days("13:00:00", back)[-1] == f"{day} {back}"
