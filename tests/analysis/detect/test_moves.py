"""How far a series has moved, worked out by hand: levels in milliseconds, and what a finding says of a stage."""

import math
from collections.abc import Mapping

import pytest

from timmy_tui.analysis.detect.judged_level import JudgedLevel
from timmy_tui.analysis.detect.moves import Figures, Move, bounds, figures_of, move_of, ratio_of, works_taken_out

SOFT = 0.5
"""ms. Added to a stage's time before its logarithm; 5 ms to that of a gap."""
REQUEST = {"prefill": 100.0, "decode": 400.0, "wait": 90.0, "load": 80.0}


def level(stage: str, ms: float, count: int = 20) -> JudgedLevel:
    made = JudgedLevel(stage, least=5)
    work = {
        "llm": (math.log(50), math.log(1000)),
        "decode": (math.log(50), math.log(1000)),
        "tts": (math.log(80),),
        "wait": (math.log(50),),
    }.get(stage, ())
    for number in range(count):
        # One in three is a hundredth above, and one below.
        value = math.log(ms + SOFT) + 0.01 * (number % 3 - 1)
        made.add(value, work if stage != "prefill" else (100.0, 0.0, 1000.0), (number, ""))
    return made


def levels(times: Mapping[str, float]) -> dict[str, JudgedLevel]:
    return {stage: level(stage, ms) for stage, ms in times.items()}


def move(before: float, after: float, error: float = 0.1, soft: float = SOFT) -> Move:
    """In plain ms."""
    return Move(before + soft, after + soft, (), error, 5)


def figures(stage: str, moves: Mapping[str, Move], times: Mapping[str, float]) -> tuple[float, float, float]:
    return tuple(figures_of(stage, moves, levels(times)))  # type: ignore[return-value]


def approximately(before: float, after: float, error: float) -> object:
    return pytest.approx((before, after, error), rel=1e-6)


def test_a_stage_that_moved_alone() -> None:
    found = figures("classify", {"classify": move(30.0, 60.0)}, {"classify": 30.0})
    assert found == approximately(30.0, 60.0, 0.1 * 60.5 / 60.0)
    # One that is judged without its work is the same stage.
    assert figures("tts", {"raw tts": move(700.0, 900.0)}, {}) == approximately(700.0, 900.0, 0.1 * 900.5 / 900.0)


def test_the_request_is_the_sum_of_its_parts_moved_or_not() -> None:
    """400 → 800 ms of 590."""
    found = figures("llm", {"decode": move(400.0, 800.0)}, REQUEST)
    assert found == approximately(590.0, 990.0, 0.1 * 800.5 / 990.0)
    two = figures("llm", {"decode": move(400.0, 800.0), "prefill": move(100.0, 50.0, 0.2)}, REQUEST)
    assert two == approximately(590.0, 940.0, math.hypot(0.1 * 800.5, 0.2 * 50.5) / 940.0)


def test_a_part_that_holds_another_one_moved_with_it() -> None:
    """The load is in the wait: 100 ms more there are 100 ms more of the request."""
    found = figures("llm", {"load": move(80.0, 180.0)}, REQUEST)
    assert found == approximately(590.0, 690.0, 0.1 * 180.5 / 690.0)
    # Where the wait itself has moved, its own figures hold the load's.
    both = figures("llm", {"load": move(80.0, 180.0), "wait": move(90.0, 200.0)}, REQUEST)
    assert both == approximately(590.0, 700.0, 0.1 * 200.5 / 700.0)


@pytest.mark.parametrize("known", [{"prefill": 100.0, "decode": 400.0}, {"llm": 600.0}])
def test_a_request_whose_parts_are_not_all_known_is_judged_as_a_whole(known: dict[str, float]) -> None:
    found = figures("llm", {"llm": move(600.0, 900.0)}, known)
    assert found == approximately(600.0, 900.0, 0.1 * 900.5 / 900.0)


def test_the_card_is_the_request_and_the_voice() -> None:
    moves = {"decode": move(400.0, 800.0), "tts": move(700.0, 1400.0)}
    found = figures("gpu", moves, {**REQUEST, "tts": 700.0})
    assert found == approximately(1290.0, 2390.0, math.hypot(0.1 * 800.5, 0.1 * 1400.5) / 2390.0)
    # A stage that has no level yet is nothing on both sides.
    assert figures("gpu", {"tts": move(700.0, 1400.0)}, {"tts": 700.0})[:2] == pytest.approx((700.0, 1400.0))


@pytest.mark.parametrize("after", [0.0, -0.3])
def test_what_is_gone_takes_no_time_and_not_less(after: float) -> None:
    before, now, error = figures("classify", {"classify": move(30.0, after)}, {"classify": 30.0})
    assert (before, now, error) == pytest.approx((30.0, 0.0, 0.0))
    before, now, _ = figures("classify", {"classify": move(after, 30.0)}, {"classify": 30.0})
    assert (before, now) == pytest.approx((0.0, 30.0))


def test_of_gaps_that_are_one_the_one_that_moved_most_counts() -> None:
    small, large = move(20.0, 25.0, 0.3, 5.0), move(20.0, 8.0, 0.2, 5.0)
    moves = {"gap:classify→store": small, "gap:classify→retrieve": large}
    assert figures("unattributed", moves, {}) == approximately(20.0, 8.0, 0.2)
    gone = {"gap:classify→store": move(20.0, -2.0, 0.2, 5.0)}
    assert figures("unattributed", gone, {})[:2] == pytest.approx((20.0, 0.0))


def test_the_whole_is_a_share_of_what_was_usual() -> None:
    """Half as much again, where 2000 ms are usual; nothing is added before its logarithm."""
    whole = move(1.0, 1.5, 0.05, 0.0)
    whole.unit_ms = 2000.0
    assert figures("V2V", {"V2V": whole}, {}) == approximately(2000.0, 3000.0, 0.05)


def test_a_ratio_and_its_bounds() -> None:
    assert ratio_of(30.0, 60.0) == 2.0
    # A tenth of a millisecond stands for less than that.
    assert (ratio_of(0.05, 1.0), ratio_of(1.0, 0.0)) == pytest.approx((10.0, 0.1))
    low, high = bounds(Figures(30.0, 60.0, 0.1))
    assert (low, high) == pytest.approx((2.0 / math.exp(0.196), 2.0 * math.exp(0.196)), rel=1e-4)


@pytest.mark.parametrize(
    ("series", "works"),
    [
        (("decode",), ("output tokens", "prompt tokens")),
        (("decode", "tts"), ("output tokens", "prompt tokens", "reply length")),
        (("wait", "decode"), ("output tokens", "prompt tokens")),
        (("raw tts",), ()), (("classify",), ()), (("V2V",), ()), (("gap:classify→store",), ()),
    ],
)  # fmt: skip
def test_what_is_taken_out_of_the_times(series: tuple[str, ...], works: tuple[str, ...]) -> None:
    assert works_taken_out(dict.fromkeys(series, move(1.0, 2.0))) == works


# --- a level that has just moved ---


def moved(count: int, factor: float) -> tuple[JudgedLevel, Move]:
    """Thirty values of 30 ms, so many that take longer, and the move that they make."""
    one = level("classify", 30.0, 30)
    for number in range(count):
        one.add(math.log(30.0 * factor + SOFT) + 0.01 * (number % 3 - 1), (), (30 + number, ""))
    return one, move_of(one, count)


def test_a_move_begins_at_the_level_and_ends_at_the_median_of_its_values() -> None:
    one, found = moved(6, 2.0)
    assert (found.before, found.after) == pytest.approx((30.5, 60.5))
    assert (found.seen, found.alarmed, found.work, found.unit_ms) == (6, found.after, (), 1.0)
    assert found.shift == pytest.approx(math.log(60.5 / 30.5))
    # Two medians, and the chance of two sessions.
    scatter = 1.57 * one.scale**2 * (1 / one.values + 1 / 6)
    assert found.error == pytest.approx(math.sqrt(scatter + 2 * 0.02**2))


def test_a_second_step_is_told_from_where_the_first_one_began() -> None:
    one, first = moved(8, 2.0)
    one.move(8)
    for number in range(8):
        one.add(math.log(90.5) + 0.01 * (number % 3 - 1), (), (40 + number, ""))
    second = move_of(one, 8, first)
    assert (second.before, second.after) == pytest.approx((30.5, 90.5), rel=0.01)
    assert second.error >= first.error and second.seen == first.seen


def test_it_follows_the_newest_fifteen_values_once_there_are_as_many() -> None:
    """The level that they make is 60 ms; then values of 66."""
    one, found = moved(8, 2.0)
    one.move(8)
    for number in range(20):
        one.add(math.log(66.0 + SOFT), (), (50 + number, ""))
        found.follow(one)
        late = number >= 15
        assert (found.after > 62.0) is late or 13 <= number <= 16
    assert (found.seen, len(found.newest)) == (28, 15)
    assert found.after == pytest.approx(66.5, rel=0.01)


def test_it_settles_where_it_stood_ahead_of_an_excursion_and_without_one_where_the_alarm_found_it() -> None:
    """A level that crept from 60 to 66 ms by itself; then 90."""
    one, found = moved(8, 2.0)
    one.move(8)
    alarmed = found.after
    for number in range(20):
        one.add(math.log(66.0 + SOFT), (), (50 + number, ""))
        found.follow(one)
    found.settle(one)
    assert found.after == alarmed
    for number in range(2):
        one.add(math.log(90.0 + SOFT), (), (70 + number, ""))
    found.settle(one)
    assert found.after == pytest.approx(one.expected_ms(()) or 0.0)
    assert found.after == pytest.approx(66.5, rel=0.03)


@pytest.mark.parametrize(("factor", "slower", "faster"), [(1.0, False, False), (1.2, True, False), (0.8, False, True)])
def test_a_level_whose_newest_values_are_beyond_it_goes_on(factor: float, slower: bool, faster: bool) -> None:
    one, found = moved(8, 2.0)
    one.move(8)
    for _ in range(15):
        assert not found.goes_on(one, 1), "fifteen values tell"
        found.newest.append(math.log(factor))
    assert (found.goes_on(one, 1), found.goes_on(one, -1)) == (slower, faster)


@pytest.mark.parametrize(("errors", "on"), [(1.49, False), (1.51, True)])
def test_beyond_is_one_and_a_half_standard_errors(errors: float, on: bool) -> None:
    one, found = moved(8, 2.0)
    found.newest.extend([errors * one.scale * math.sqrt(1.57 / 15)] * 15)
    assert found.goes_on(one, 1) is on
    assert not found.goes_on(one, -1)
