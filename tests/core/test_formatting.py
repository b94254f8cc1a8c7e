"""Figures and counts in words."""

import time

import pytest

from timmy_tui.core.formatting import moment, plural


@pytest.mark.parametrize(("number", "words"), [(0, "0 turns"), (1, "1 turn"), (2, "2 turns"), (21, "21 turns")])
def test_one_is_not_many(number: int, words: str) -> None:
    assert plural(number, "turn") == words


def test_a_moment_of_another_day_has_its_date() -> None:
    now = time.mktime((2026, 11, 20, 9, 30, 0, 0, 0, -1))
    assert moment(now - 600, now) == "09:20"
    assert moment(now - 86_400, now) == "2026-11-19 09:30"
    assert moment(now - 86_400, now, names_yesterday=True) == "09:30 yesterday"
    assert moment(now - 2 * 86_400, now, names_yesterday=True) == "2026-11-18 09:30"
    assert moment(None, now) == moment(1e300, now) == "—"
