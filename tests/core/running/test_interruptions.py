"""Sleep, stop and a clock that was set are three things, told apart by three clocks."""

import pytest

from timmy_tui.core.running.interruptions import (
    LEAST_S,
    LONGEST_LOOK_S,
    SETTLED_S,
    Clocks,
    Interruption,
    InterruptionWatch,
    Kind,
    span_words,
)

NIGHT = 7 * 3600 + 12 * 60.0


class Time:
    """Clocks that a test moves."""

    def __init__(self) -> None:
        self.now = Clocks(1_764_000_000.0, 500.0, 900.0)

    def move(self, wall: float = 0.0, awake: float = 0.0, elapsed: float = 0.0) -> None:
        self.now = Clocks(self.now.wall + wall, self.now.awake + awake, self.now.elapsed + elapsed)


def watch_of(time: Time) -> InterruptionWatch:
    return InterruptionWatch(lambda: time.now)


@pytest.mark.parametrize(
    ("moved", "found"),
    [
        ((1.0, 1.0, 1.0), None),
        ((NIGHT + 1, 1.0, NIGHT + 1), Interruption(Kind.ASLEEP, NIGHT)),
        ((NIGHT, NIGHT, NIGHT), Interruption(Kind.STOPPED, NIGHT)),
        ((NIGHT + 1, 1.0, 1.0), Interruption(Kind.CLOCK, NIGHT)),
        ((1.0 - NIGHT, 1.0, 1.0), Interruption(Kind.CLOCK, -NIGHT)),
        # The clock was set back while the machine slept: it slept.
        ((-3600.0, 1.0, NIGHT + 1), Interruption(Kind.ASLEEP, NIGHT)),
        ((LEAST_S + 1, 1.0, LEAST_S + 1), Interruption(Kind.ASLEEP, LEAST_S)),
        ((LEAST_S + 0.5, 1.0, LEAST_S + 0.5), None),
        ((LONGEST_LOOK_S,) * 3, Interruption(Kind.STOPPED, LONGEST_LOOK_S)),
        ((LONGEST_LOOK_S - 0.5,) * 3, None),
        ((1.0 + LEAST_S, 1.0, 1.0), Interruption(Kind.CLOCK, LEAST_S)),
        ((0.5 + LEAST_S, 1.0, 1.0), None),
        ((1.0 - LEAST_S, 1.0, 1.0), Interruption(Kind.CLOCK, -LEAST_S)),
    ],
)  # fmt: skip
def test_three_clocks_tell_what_happened(moved: tuple[float, float, float], found: Interruption | None) -> None:
    time = Time()
    watch = watch_of(time)
    time.move(*moved)
    assert watch.look() == found
    # Said once.
    time.move(1.0, 1.0, 1.0)
    assert watch.look() is None


def test_a_watch_whose_looks_wait_for_answers_takes_no_long_answer_for_a_stop() -> None:
    time = Time()
    watch = InterruptionWatch(lambda: time.now, longest_look_s=30.0)
    time.move(*(29.0,) * 3)
    assert watch.look() is None
    time.move(*(30.0,) * 3)
    assert watch.look() == Interruption(Kind.STOPPED, 30.0)


def test_services_get_a_while_after_a_sleep_and_none_after_a_set_clock() -> None:
    time = Time()
    watch = watch_of(time)
    assert not watch.is_settling()
    time.move(NIGHT, 0.5, 0.5)
    assert not watch.is_settling()
    time.move(NIGHT, 0.5, NIGHT)
    assert watch.is_settling()
    for _ in range(4):
        time.move(*((SETTLED_S - 1) / 4,) * 3)
        assert watch.is_settling()
    time.move(1.0, 1.0, 1.0)
    assert not watch.is_settling()


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.4, "0s"), (42.4, "42s"), (59.6, "1m"), (60, "1m"), (61, "1m 1s"), (3600, "1h"), (3659, "1h"),
        (NIGHT + 29, "7h 12m"),        (NIGHT - 0.001, "7h 12m"),
        (86_400, "1d"), (3 * 86_400 + 4 * 3600 + 59, "3d 4h"),
    ],
)  # fmt: skip
def test_a_span_has_its_two_largest_units(seconds: float, words: str) -> None:
    assert span_words(seconds) == words


def test_the_words_of_each() -> None:
    assert Interruption(Kind.ASLEEP, NIGHT).words == "asleep 7h 12m"
    assert Interruption(Kind.STOPPED, 65.0).words == "stopped 1m 5s"
    assert Interruption(Kind.CLOCK, NIGHT).words == "clock set forward 7h 12m"
    assert Interruption(Kind.CLOCK, -61.0).words == "clock set back 1m 1s"
