"""A turn that only the statistics have: its place, and what it gives to and takes from the turn of a log."""

from typing import Any

import pytest

from tests.turns.test_typed_turns import START, given, logged, statistic, told
from timmy_tui.model.turn import Turn
from timmy_tui.turns.typed_turns import TypedTurns, place_by_time


def turns(*fields: tuple[int, int, float | None]) -> list[Turn]:
    """Ordinal, session, and seconds at which v34 had the answer."""
    return [Turn(ordinal=one, session=of, answered=at) for one, of, at in fields]


def order(known: list[Turn], session: int, answered: float | None) -> list[int]:
    """The ordinals in the order in which they then stand; the statistic's is 99."""
    stat = Turn(ordinal=99, session=session, answered=answered)
    placed = Turn(ordinal=99, session=session, answered=answered, place=place_by_time(stat, known))
    return [turn.ordinal for turn in sorted([*known, placed], key=lambda turn: turn.position)]


KNOWN = turns((0, 1, 10.0), (1, 1, 20.0), (2, 3, 5.0), (3, 3, None), (4, 3, 15.0))
"""v34's clock was set back at the restart."""


@pytest.mark.parametrize(
    ("session", "answered", "expected"),
    [
        # Among those of its own run, by the time alone; at the same time behind.
        (1, 9.9, [99, 0, 1, 2, 3, 4]), (1, 10.0, [0, 99, 1, 2, 3, 4]), (1, 19.9, [0, 99, 1, 2, 3, 4]),
        (1, 20.0, [0, 1, 99, 2, 3, 4]), (1, 99.0, [0, 1, 99, 2, 3, 4]), (1, None, [0, 1, 99, 2, 3, 4]),
        (3, 4.9, [0, 1, 99, 2, 3, 4]), (3, 5.0, [0, 1, 2, 99, 3, 4]), (3, 14.9, [0, 1, 2, 99, 3, 4]),
        (3, 15.0, [0, 1, 2, 3, 4, 99]), (3, None, [0, 1, 2, 3, 4, 99]),
        # Of a run that has no other turn: behind those before it.
        (0, 99.0, [99, 0, 1, 2, 3, 4]), (2, 1.0, [0, 1, 99, 2, 3, 4]), (4, 1.0, [0, 1, 2, 3, 4, 99]),
    ],
)  # fmt: skip
def test_the_place_is_that_of_the_time_within_the_run(
    session: int, answered: float | None, expected: list[int]
) -> None:
    assert order(KNOWN, session, answered) == expected


def test_two_of_them_stand_by_their_time_and_at_the_same_time_by_their_ordinal() -> None:
    places = [
        place_by_time(Turn(ordinal=number, session=1, answered=at), KNOWN)
        for at, number in ((21.0, 90), (21.000001, 80), (21.000001, 81), (None, 70))
    ]
    assert sorted(places) == [places[3], *places[:3]]
    ahead = [
        place_by_time(Turn(ordinal=number, session=1, answered=at), KNOWN) for at, number in ((1.0, 90), (2.0, 80))
    ]
    assert sorted(ahead) == ahead
    assert max(ahead) < KNOWN[0].position
    # A turn that the debug log has ahead of the first one with events is one of these.
    assert max(ahead) < (0, -1, 7)


def test_without_any_other_turn_the_ordinal_is_its_place() -> None:
    assert place_by_time(Turn(ordinal=7, session=1, answered=1.0), []) == ()
    assert place_by_time(Turn(ordinal=7, session=1, answered=2.0), turns((3, 2, 1.0))) == (3, -2, 2_000_000, 7)
    assert place_by_time(Turn(ordinal=7, session=2, answered=2.0), turns((3, 2, 1.0))) == (3, 0, 1, 2_000_000, 7)


FILLED = ("started", "ended", "answered", "load_ms", "ollama_total_ms", "cached_tokens")


@pytest.mark.parametrize("name", FILLED)
def test_each_figure_is_taken_where_the_log_lacks_it_and_nowhere_else(name: str) -> None:
    whole: dict[str, Any] = {
        "started": START + 1, "ended": START + 2, "answered": START + 3, "load_ms": 4.0, "ollama_total_ms": 5.0,
        "cached_tokens": 6,
    }  # fmt: skip
    typed = TypedTurns()
    given(typed, 8, ended=START + 20, answered=START + 30)
    turn = typed.merge(told(11, **whole))
    assert {field: getattr(turn, field) for field in FILLED} == whole
    lacking = typed.merge(told(11, **{**whole, name: None}))
    there = {"ended": START + 20, "answered": START + 30, "started": START, "load_ms": 90.0, "ollama_total_ms": 600.0}
    assert getattr(lacking, name) == {**there, "cached_tokens": 700}[name]
    assert {field: getattr(lacking, field) for field in FILLED if field != name} == {
        field: value for field, value in whole.items() if field != name
    }


@pytest.mark.parametrize(
    ("logs", "session_id", "expected"),
    [
        ("latency", "one", ("one", 2)), ("latency", None, ("one", 2)), ("both", "one", ("one", 2)),
        ("v34", "one", ("one", 5)), ("v34", None, ("one", 5)),
    ],
)  # fmt: skip
def test_the_statistics_name_the_run_only_where_no_event_does(
    logs: str, session_id: str | None, expected: tuple[str, int]
) -> None:
    typed = TypedTurns()
    typed.add_statistics([statistic(session=5)], 0.0)
    (turn,) = typed.take_ready([logged(logs=logs, session_id=session_id)], 2.0, busy=False)
    assert (turn.session_id, turn.session) == expected


@pytest.mark.parametrize("logs", ["latency", "v34"])
def test_statistics_that_do_not_name_the_run_change_none(logs: str) -> None:
    typed = TypedTurns()
    typed.add_statistics([statistic(session=0, session_id=None)], 0.0)
    (turn,) = typed.take_ready([logged(logs=logs, session=2, session_id="one")], 2.0, busy=False)
    assert (turn.session_id, turn.session) == ("one", 2)


def test_the_run_of_a_typed_turn_is_what_it_says_or_that_of_the_first_turn_with_its_id() -> None:
    typed = TypedTurns()
    typed.add_statistics([statistic(prompt_tokens=1, session=6), statistic(prompt_tokens=2)], 0.0)
    known = [logged(3, session=2), logged(4, session=9)]
    assert [turn.session for turn in typed.take_ready(known, 2.0, busy=False)] == [6, 2]


def test_of_several_turns_that_fit_the_nearest_is_the_same_exchange() -> None:
    typed = TypedTurns()
    typed.add_statistics([statistic()], 0.0)
    known = [logged(3, prefill_ms=100.02), logged(4, prefill_ms=100.01), logged(5, prefill_ms=100.03)]
    assert [turn.ordinal for turn in typed.take_ready(known, 2.0, busy=False)] == [4]
    # The next one, which cannot be told from it, is of one of the others.
    typed.add_statistics([statistic(load_ms=7.0)], 10.0)
    (turn,) = typed.take_ready(known, 12.0, busy=False)
    assert (turn.ordinal, turn.load_ms) == (3, 7.0)
    given(typed, 20, prefill_ms=50.02)
    given(typed, 21, prefill_ms=50.01)
    assert [typed.merge(told(number, prefill_ms=50.0)).ordinal for number in (30, 31)] == [21, 20]


def test_a_turn_takes_the_place_of_the_typed_turn_that_it_is() -> None:
    """Its ordinal is the one that the screen knows, its place that of the log, which is in order."""
    typed = TypedTurns()
    given(typed, 8)
    turn = typed.merge(told(11, place=(5, 1, 2)))
    assert (turn.ordinal, turn.place) == (8, (5, 1, 2))
    assert typed.merge(told(12)).place == ()
    typed = TypedTurns()
    given(typed, 8)
    assert typed.merge(told(11)).place == (11, 0)
