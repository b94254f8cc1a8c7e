"""Figures and counts in words."""

import pytest

from timmy_tui.core.formatting import plural


@pytest.mark.parametrize(("number", "words"), [(0, "0 turns"), (1, "1 turn"), (2, "2 turns"), (21, "21 turns")])
def test_one_is_not_many(number: int, words: str) -> None:
    assert plural(number, "turn") == words
