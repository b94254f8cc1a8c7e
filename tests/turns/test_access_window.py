"""What leaves the window of turns and lines that can still be paired otherwise, and what stays in it."""

import pytest

from tests.turns.debug_lines import read
from tests.turns.test_access_pairs import line, minutes, turn


def test_a_turn_behind_one_without_a_line_stays_when_that_one_leaves() -> None:
    """Seven turns: the first leaves alone. The second has the first line until one comes that fits it better."""
    others = [one for number in range(2, 7) for one in turn(3.0 + number, number)]
    assert minutes(read(*turn(9.0), *turn(1.0, 1), line(1, 1.2), *others, line(2, 1.0))) == [None, 2, *[None] * 5]


def test_a_line_behind_one_without_a_turn_stays_when_that_one_leaves() -> None:
    """The same from the other side: seven lines, and a turn that has the second one until a better one comes."""
    others = [line(number, 9.0 + number) for number in range(3, 7)]
    turns = read(line(0, 30.0), *turn(1.0), line(1, 1.2), *others, line(7, 40.0), *turn(1.199, 1))
    assert minutes(turns) == [None, 1]


@pytest.mark.parametrize("seventh", [False, True])
def test_a_pair_that_leaves_is_kept_whatever_fits_it_better_later(seventh: bool) -> None:
    """With the seventh turn the first pair leaves; until then its line can be another one's."""
    others = [one for number in range(1, 6 + seventh) for one in turn(3.0 + number, number)]
    turns = read(*turn(1.0), line(1, 1.4), *others, line(2, 1.0))
    assert minutes(turns)[0] == (1 if seventh else 2)


def test_the_line_of_a_turn_that_leaves_is_no_other_turns() -> None:
    """They are all of the same length, and the others' lines are lost."""
    turns = read(*turn(1.0), line(1, 1.0), *(one for number in range(1, 8) for one in turn(1.0, number)))
    assert minutes(turns) == [1, *[None] * 7]


def test_the_turn_of_a_line_that_leaves_is_no_other_lines() -> None:
    turns = read(line(1, 1.0), *turn(1.0), *(line(number, 1.0) for number in range(2, 9)))
    assert minutes(turns) == [1]
