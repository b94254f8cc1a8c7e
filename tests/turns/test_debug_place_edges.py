"""Where the turns of a debug log are put: each only once, in the run that is in force there, and with which place."""

import pytest

from tests.turns.debug.test_places import hear, sessions, spoken, typed, words
from tests.turns.debug_lines import RESTARTING, SERVING, Reading
from timmy_tui.model.turn import Turn


def heard(*named: str) -> Reading:
    """Spoken turns 00000001, 00000002 …, each served by the run of that name."""
    reading = Reading()
    for number, session in enumerate(named, 1):
        hear(reading, f"0000000{number}", 10.0 * number, session)
    return reading


def changed(turns: list[Turn]) -> dict[str | None, int]:
    return {turn.text: turn.session for turn in turns}


def test_a_turn_that_only_its_run_is_news_of_is_a_revision() -> None:
    """It stands behind a spoken one, so that its place is known; its run was taken for the second, and is the third."""
    reading = heard("one")
    reading.feed(*spoken("00000001"), SERVING, *typed("a"), *typed("b"))
    assert sessions(reading) == {"a": (2, None), "b": (2, None)}
    hear(reading, "00000002", 20.0, "two")
    hear(reading, "00000003", 30.0, "three")
    assert changed(reading.feed(*spoken("00000003"))) == {"00000003": 3, "a": 3, "b": 3}
    assert [(one.number, one.turns) for one in reading.assembler.sessions] == [(1, 1), (2, 1), (3, 3)]
    # Once it is known it does not change again.
    assert changed(reading.feed(*typed("c"), *spoken("00000002"))) == {"c": 3, "00000002": 2}
    assert sessions(reading)["a"] == (3, "three")


def test_a_turn_whose_run_was_assumed_rightly_is_none() -> None:
    reading = heard("one", "two")
    reading.feed(*spoken("00000001"), SERVING, *typed("a"))
    assert sessions(reading) == {"a": (2, "two")}
    assert changed(reading.feed(*spoken("00000002"))) == {"00000002": 2}


def test_a_turn_ahead_of_all_others_is_placed_once() -> None:
    reading = heard("one", "one", "one")
    reading.feed(*typed("a"), *typed("b"))
    assert changed(reading.feed(*spoken("00000002"))) == {"00000002": 1, "a": 1, "b": 1}
    assert words(reading.end()) == ["00000001", "a", "b", "00000002", "00000003"]
    assert changed(reading.feed(*spoken("00000003"))) == {"00000003": 1}
    assert words(reading.end()) == ["00000001", "a", "b", "00000002", "00000003"]
    # By its number in the debug log, in front of the turn that it stands before.
    assert [turn.place for turn in reading.end() if not turn.request_id] == [(1, -1, 1), (1, -1, 2)]


def test_a_place_counts_on_from_turn_to_turn() -> None:
    reading = heard("one", "one")
    reading.feed(*spoken("00000001"), *typed("a"), *spoken("00000002"), *typed("b"), *typed("c"))
    assert {turn.text: turn.place for turn in reading.end()} == {
        "00000001": (), "a": (0, 1, 2), "00000002": (), "b": (1, 1, 4), "c": (1, 1, 5),
    }  # fmt: skip


def test_a_place_is_taken_from_a_turn_that_has_one_of_its_own() -> None:
    """The debug log told of 00000002 first, behind 00000001: what follows it stands on the same side."""
    reading = heard("one")
    reading.feed(*spoken("00000001"), *spoken("00000002"))
    hear(reading, "00000002", 20.0)
    reading.feed(*typed("a"))
    hear(reading, "00000003", 30.0)
    assert words(list(reading.turns.values())) == ["00000001", "00000002", "a", "00000003"]
    assert {turn.text: turn.place for turn in reading.end() if turn.place} == {"00000002": (0, 1, 2), "a": (0, 1, 3)}


@pytest.mark.parametrize(
    ("named", "before", "run"),
    [
        # The latency log has later runs already: the next one. It has none: a new one.
        (("one", "two", "three"), "00000001", 2), (("one", "two", "three"), "00000002", 3),
        (("one", "two", "three"), "00000003", 4), (("one",), "00000001", 2),
    ],
)  # fmt: skip
@pytest.mark.parametrize("restart", [SERVING, RESTARTING])
def test_behind_a_restart_a_turn_is_of_the_next_run(
    named: tuple[str, ...], before: str, run: int, restart: str
) -> None:
    reading = heard(*named)
    reading.feed(*spoken(before), restart, *typed("a"), *typed("b"))
    assert [number for number, _ in sessions(reading).values()] == [run, run]


def test_behind_a_restart_at_the_beginning_of_the_log_it_is_a_new_run() -> None:
    """Which of the known ones was in force before nobody knows."""
    reading = heard("one", "two")
    reading.feed(SERVING, *typed("a"))
    assert sessions(reading) == {"a": (3, None)}
    reading = heard("one", "two")
    reading.feed(*typed("a"))
    assert sessions(reading) == {"a": (2, "two")}


def test_two_restarts_behind_each_other_are_one() -> None:
    reading = heard("one")
    reading.feed(*spoken("00000001"), RESTARTING, SERVING, *typed("a"), *typed("b"))
    assert sessions(reading) == {"a": (2, None), "b": (2, None)}


def test_a_spoken_turn_ends_the_doubt_of_a_restart() -> None:
    reading = heard("one", "one")
    reading.feed(*spoken("00000001"), SERVING, *spoken("00000002"), *typed("a"))
    assert sessions(reading) == {"a": (1, "one")}
