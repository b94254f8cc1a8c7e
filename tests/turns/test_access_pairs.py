"""Which turn an access line is given where several would do: each cost and each score on both sides of its edge."""

import pytest

from tests.turns.debug_lines import BEGIN, SERVING, Reading, access, message, read, stamp, step, total
from timmy_tui.model.turn import Turn


def turn(seconds: float, number: int = 0) -> list[str]:
    return [BEGIN, message("hello", f"{number:08x}"), total(seconds)]


def failed(*steps: tuple[int, float], number: int = 0) -> list[str]:
    """One without a total, as v34 leaves it that answers with 500."""
    return [BEGIN, message("hello", f"{number:08x}"), *(step(*one) for one in steps)]


def minutes(turns: list[Turn]) -> list[int | None]:
    """The minute of the line that each has; :func:`line` says it."""
    clocks = {stamp(f"01:{minute:02}:00"): minute for minute in range(60)}
    return [None if one.ended is None else clocks[one.ended] for one in turns]


def line(minute: int, seconds: float, code: int = 200) -> str:
    return access(f"01:{minute:02}:00", seconds, code)


def unread_line(minute: int, code: int = 200) -> str:
    """Werkzeug's, without a duration."""
    return f'127.0.0.1 - - [19/Nov/2025 01:{minute:02}:00] "POST /api/webhook HTTP/1.1" {code} -'


@pytest.mark.parametrize(("rest", "first"), [(0.0995, True), (0.1005, False)])
def test_up_to_a_tenth_of_a_second_behind_its_total_the_next_line_is_the_next_turns(rest: float, first: bool) -> None:
    """Above, all turns are looked at; the second one fits far better."""
    turns = read(*turn(1.0), *turn(1.09, 1), line(1, 1.0 + rest))
    assert minutes(turns) == ([1, None] if first else [None, 1])


@pytest.mark.parametrize(("more", "first"), [(0.005, True), (-0.005, False)])
@pytest.mark.parametrize("by_lines", [False, True])
def test_at_the_beginning_of_the_capture_a_turn_or_a_line_is_left_out_for_a_tenth(
    more: float, first: bool, by_lines: bool
) -> None:
    """A rest of 0.15 s counts 0.4, one of 0.10 s counts 0.5; so much more on both brings them closer together."""
    if by_lines:
        turns = read(line(1, 1.15 + more), line(2, 1.10 + more), *turn(1.0))
        assert minutes(turns) == [1 if first else 2]
    else:
        turns = read(*turn(1.0), *turn(1.05, 1), line(1, 1.15 + more))
        assert minutes(turns) == ([1, None] if first else [None, 1])


@pytest.mark.parametrize("by_lines", [False, True])
def test_behind_a_restart_nothing_is_left_out_so_cheaply(by_lines: bool) -> None:
    """Neither a turn nor a line can be from before the capture there."""
    if by_lines:
        assert minutes(read(SERVING, line(1, 1.9), line(2, 1.0), *turn(1.0))) == [1]
    else:
        assert minutes(read(SERVING, *turn(1.0), *turn(1.9, 1), line(1, 1.9))) == [1, None]


@pytest.mark.parametrize(("third", "moved"), [(1.20, False), (1.22, True)])
def test_elsewhere_a_turn_is_left_out_only_for_more_than_a_whole_pair(third: float, moved: bool) -> None:
    """Both lines fit the turn behind to the millisecond. A rest of 0.09 s counts 0.526, of 0.11 0.476, of 0.13 0.435:

    by leaving one turn out both pairs together gain 0.998 or 1.039.
    """
    turns = read(
        *turn(5.0), *turn(1.0, 1), *turn(1.09, 2), *turn(third, 3), line(1, 5.0), line(2, 1.09), line(3, third)
    )
    assert minutes(turns) == ([1, None, 2, 3] if moved else [1, 2, 3, None])


@pytest.mark.parametrize(("second", "moved"), [(1.09, False), (1.11, True)])
def test_elsewhere_a_line_is_left_out_only_for_more_than_a_whole_pair(second: float, moved: bool) -> None:
    """The same from the other side: rests of 0.11 and 0.09 s, or of 0.11 and 0.11, and the line behind has none."""
    turns = read(
        line(1, 5.0), line(2, second + 0.11), line(3, second), line(4, 1.0), *turn(5.0), *turn(second, 1), *turn(1.0, 2)
    )
    assert minutes(turns) == ([1, 3, 4] if moved else [1, 2, 3])


@pytest.mark.parametrize(("rest", "first"), [(0.14, True), (0.16, False)])
def test_a_turn_without_a_total_fits_any_line_of_an_error_half(rest: float, first: bool) -> None:
    """With the next pair's 0.417 or 0.385 that is more, or less, than a whole pair less the tenth of what it leaves."""
    turns = read(*failed(), *turn(1.0, 1), line(1, 1.0, 500), line(2, 1.0 + rest))
    assert minutes(turns) == ([1, 2] if first else [None, 1])


def test_a_turn_without_a_total_takes_the_line_of_an_error_that_would_fit_the_next_one_better() -> None:
    """Half is close enough to look no further."""
    assert minutes(read(*failed(), *turn(1.0, 1), line(1, 1.0, 500))) == [1, None]
    assert minutes(read(*turn(1.0), unread_line(1), *turn(1.0, 1))) == [1, None]


@pytest.mark.parametrize(("seconds", "fits"), [(0.516, True), (0.514, False), (0.6, True), (60.0, True)])
def test_a_request_is_never_shorter_than_the_steps_of_its_turn(seconds: float, fits: bool) -> None:
    """Two steps of 0.53 s, rounded by half of a hundredth each, and half of one for the total that is not there."""
    turns = read(*failed((1, 0.03), (5, 0.50)), line(1, seconds, 500))
    assert minutes(turns) == [1 if fits else None]


@pytest.mark.parametrize(("code", "answers"), [(200, False), (399, False), (499, False), (500, True), (503, True)])
def test_only_an_error_of_v34_answers_a_turn_without_a_total(code: int, answers: bool) -> None:
    assert minutes(read(*failed((1, 0.03)), line(1, 1.0, code))) == [1 if answers else None]


@pytest.mark.parametrize(("code", "refused"), [(399, False), (400, True), (499, True), (500, False)])
def test_what_v34_refuses_is_of_no_turn(code: int, refused: bool) -> None:
    assert minutes(read(line(1, 1.0, code), *turn(1.0))) == [None if refused else 1]


def test_turns_of_the_same_length_have_each_their_own_line_however_many_there_are() -> None:
    reading = Reading()
    for number in range(30):
        reading.feed(line(number, 1.004), *turn(1.0, number))
    assert minutes(reading.end()) == [*range(30)]


def test_what_leaves_the_window_leaves_nothing_at_its_head_that_is_cheap_to_leave_out() -> None:
    """Seven turns, each 10 ms longer than the one before, then a line that is none of theirs, then another turn.

    With the lines shifted by one, each rest would be 14 ms in place of 4, but no line would be left over.
    """
    totals = [1.00 + number / 100 for number in range(7)]
    reading = Reading()
    for number, seconds in enumerate(totals):
        reading.feed(*turn(seconds, number), line(number, seconds + 0.004))
    reading.feed(line(30, 1.074), *turn(1.3, 7), line(40, 1.304))
    assert minutes(reading.end()) == [*range(7), 40]


def test_a_line_that_is_taken_back_takes_its_status_and_times_with_it() -> None:
    """Each of them alone is news: the same clock and status with another duration, the same clock with another status.

    The first turn has the first line until the second line, which fits it better, and the second turn are there.
    """
    reading = Reading()
    reading.feed(*turn(1.0), line(1, 1.15))
    (first,) = reading.turns.values()
    assert (first.started, first.ended) == (stamp("01:01:00") - 1.15, stamp("01:01:00"))
    changed = reading.feed(access("01:01:00", 1.003))
    assert [(one.ordinal, one.started, one.ended) for one in changed] == [
        (0, stamp("01:01:00") - 1.003, stamp("01:01:00"))
    ]
    assert reading.feed(line(2, 60.0)) == []


@pytest.mark.parametrize(("turns", "found"), [(6, True), (7, False)])
def test_the_last_six_turns_can_still_be_given_a_line(turns: int, found: bool) -> None:
    lines = [one for number in range(1, turns) for one in turn(3.0 + number, number)]
    assert minutes(read(*turn(1.0), *lines, line(1, 1.0)))[0] == (1 if found else None)


@pytest.mark.parametrize(("lines", "found"), [(6, True), (7, False)])
def test_the_last_six_lines_can_still_be_given_a_turn(lines: int, found: bool) -> None:
    others = [line(number, 9.0 + number) for number in range(1, lines)]
    assert minutes(read(line(0, 1.0), *others, *turn(1.0))) == [0 if found else None]
