"""Tables that do not grow for ever."""

import pytest

from timmy_tui.core.bounded import drop_oldest


@pytest.mark.parametrize(("size", "left"), [(0, range(0)), (9, range(9)), (10, range(5, 10)), (11, range(6, 11))])
def test_the_oldest_go_when_there_are_twice_as_many(size: int, left: range) -> None:
    table = dict.fromkeys(range(size))
    drop_oldest(table, 5)
    assert list(table) == list(left)


def test_a_key_that_is_written_again_keeps_its_age() -> None:
    table = dict.fromkeys(range(10), 0)
    table[0] = 1
    drop_oldest(table, 5)
    assert 0 not in table
