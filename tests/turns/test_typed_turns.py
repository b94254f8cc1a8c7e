"""Statistics of exchanges against turns of the logs: which are the same, on both sides of each limit."""

from typing import Any

import pytest

from timmy_tui.model.turn import Turn
from timmy_tui.turns.typed_turns import TypedTurns

START = 1_764_350_000.0


def logged(ordinal: int = 3, **more: Any) -> Turn:
    """A spoken turn as the latency log tells it."""
    fields: dict[str, Any] = {
        "ordinal": ordinal, "request_id": "aaaaaaaa", "session_id": "one", "session": 2, "started": START,
        "prompt_tokens": 900, "output_tokens": 40, "prefill_ms": 100.0, "decode_ms": 400.0,
    }  # fmt: skip
    return Turn(**{**fields, **more})


def statistic(**more: Any) -> Turn:
    """The same exchange as the statistics tell it."""
    told = {"request_id": "", "session": 0, "load_ms": 90.0, "ollama_total_ms": 600.0, "cached_tokens": 700}
    return logged(-1, **{"logs": "kv_stats", **told, **more})


def is_same_exchange(turn: Turn, stat: Turn) -> bool:
    """The statistic added nothing new to the list of turns."""
    typed = TypedTurns()
    typed.add_statistics([stat], 0.0)
    return all(one.ordinal != -1 for one in typed.take_ready([turn], 2.0, busy=False))


def test_a_statistic_waits_two_seconds_for_its_log() -> None:
    typed = TypedTurns()
    typed.add_statistics([statistic()], 10.0)
    assert typed.take_ready([], 11.999, busy=False) == []
    assert typed.take_ready([], 12.0, busy=True) == []
    assert [turn.ordinal for turn in typed.take_ready([], 12.0, busy=False)] == [-1]
    assert typed.take_ready([], 99.0, busy=False) == []


def test_each_statistic_waits_from_its_own_arrival() -> None:
    typed = TypedTurns()
    typed.add_statistics([statistic(prompt_tokens=1)], 10.0)
    typed.add_statistics([statistic(prompt_tokens=2)], 11.0)
    assert [turn.prompt_tokens for turn in typed.take_ready([], 12.5, busy=False)] == [1]
    assert typed.take_ready([], 12.9, busy=False) == []
    assert [turn.prompt_tokens for turn in typed.take_ready([], 13.0, busy=False)] == [2]


def test_a_statistic_that_two_sources_tell_of_waits_once() -> None:
    """The history has what v34, still running, tells again."""
    typed = TypedTurns()
    typed.add_statistics([statistic(answered=START)], 0.0)
    typed.add_statistics([statistic(answered=START, session=9), statistic(answered=START + 1)], 1.0)
    assert [turn.answered for turn in typed.take_ready([], 9.0, busy=False)] == [START, START + 1]


@pytest.mark.parametrize(
    ("difference", "same"),
    [
        ({}, True),
        ({"prompt_tokens": 901}, False),
        ({"output_tokens": 41}, False),
        ({"prefill_ms": 100.0599}, True),
        ({"prefill_ms": 99.9401}, True),
        ({"prefill_ms": 100.061}, False),
        ({"prefill_ms": 99.939}, False),
        ({"decode_ms": 400.059}, True),
        ({"decode_ms": 400.061}, False),
        ({"prefill_ms": None}, True),
        ({"decode_ms": None}, True),
        ({"prefill_ms": None, "decode_ms": None}, False),
        ({"prefill_ms": None, "decode_ms": 401.0}, False),
        ({"session_id": "two"}, False),
        ({"session_id": None}, True),
        ({"session_id": "two", "request_id": ""}, True),
        ({"started": START + 600.0}, True),
        ({"started": START - 600.0}, True),
        ({"started": START + 600.001}, False),
        ({"started": START - 600.001}, False),
        ({"started": None}, True),
    ],
)
def test_what_is_the_same_exchange(difference: dict[str, Any], same: bool) -> None:
    assert is_same_exchange(logged(**difference), statistic()) is same


@pytest.mark.parametrize(("apart_ms", "same"), [(0.06, True), (0.0601, False)])
def test_a_log_may_round_to_a_tenth_of_a_millisecond(apart_ms: float, same: bool) -> None:
    assert is_same_exchange(logged(prefill_ms=apart_ms), statistic(prefill_ms=0.0)) is same
    assert is_same_exchange(logged(decode_ms=0.0), statistic(decode_ms=apart_ms)) is same


@pytest.mark.parametrize(("unknown", "same"), [("session_id", True), ("started", True), ("prefill_ms", True)])
def test_what_a_statistic_does_not_tell_is_no_difference(unknown: str, same: bool) -> None:
    assert is_same_exchange(logged(), statistic(**{unknown: None})) is same


def test_a_logged_turn_is_enriched_by_what_it_lacks() -> None:
    typed = TypedTurns()
    typed.add_statistics([statistic()], 0.0)
    (turn,) = typed.take_ready([logged()], 2.0, busy=False)
    assert turn == logged(load_ms=90.0, ollama_total_ms=600.0, cached_tokens=700)
    # Also its later revisions, and only with what they still lack.
    assert typed.merge(logged(load_ms=1.0)) == logged(load_ms=1.0, ollama_total_ms=600.0, cached_tokens=700)
    assert typed.merge(logged(ollama_total_ms=2.0)).ollama_total_ms == 2.0
    assert typed.merge(logged(cached_tokens=3)).cached_tokens == 3
    assert typed.merge(logged(session_id=None)).session_id == "one"
    assert typed.merge(logged(session_id="x")).session_id == "x"
    assert typed.merge(logged(4)) == logged(4)


def test_nothing_new_is_no_revision() -> None:
    whole = logged(load_ms=90.0, ollama_total_ms=600.0, cached_tokens=700)
    typed = TypedTurns()
    typed.add_statistics([statistic()], 0.0)
    assert typed.take_ready([whole], 2.0, busy=False) == []


def test_of_two_turns_that_fit_the_newest_is_meant() -> None:
    typed = TypedTurns()
    typed.add_statistics([statistic()], 0.0)
    (turn,) = typed.take_ready([logged(3), logged(5)], 2.0, busy=False)
    assert turn.ordinal == 5


def test_a_typed_turn_gets_the_number_of_its_session() -> None:
    typed = TypedTurns()
    typed.add_statistics([statistic(prompt_tokens=1), statistic(prompt_tokens=1, session_id="two")], 0.0)
    known = [logged(session_id="zero", session=1), logged(session=2), logged(session=7)]
    assert [turn.session for turn in typed.take_ready(known, 2.0, busy=False)] == [2, 0]


def given(typed: TypedTurns, ordinal: int, **more: Any) -> Turn:
    """A typed turn that has got this ordinal."""
    typed.add_statistics([statistic(**more)], 0.0)
    (turn,) = typed.take_ready([], 2.0, busy=False)
    turn = Turn(**{**{name: getattr(turn, name) for name in Turn.__struct_fields__}, "ordinal": ordinal})
    typed.add_numbered(turn)
    return turn


def told(ordinal: int, **more: Any) -> Turn:
    """The typed turn as the debug log tells it, later."""
    return logged(ordinal, **{"request_id": "", "session_id": "last heard of", "session": 9, "logs": "v34", **more})


def test_the_debug_log_tells_of_a_typed_turn_under_its_ordinal_and_session() -> None:
    typed = TypedTurns()
    given(typed, 8, session=2)
    turn = typed.merge(told(11, text="hello"))
    assert (turn.ordinal, turn.session, turn.session_id, turn.text) == (8, 2, "one", "hello")
    assert (turn.load_ms, turn.ollama_total_ms, turn.cached_tokens) == (90.0, 600.0, 700)
    assert typed.merge(told(11)).ordinal == 8


def test_a_typed_turn_is_taken_over_once() -> None:
    typed = TypedTurns()
    given(typed, 8)
    given(typed, 9)
    assert [typed.merge(told(number)).ordinal for number in (11, 12, 13, 11)] == [8, 9, 13, 8]


def test_a_turn_without_a_count_is_no_typed_one() -> None:
    typed = TypedTurns()
    given(typed, 8, prompt_tokens=None)
    assert typed.merge(told(11, prompt_tokens=None)).ordinal == 11


def test_a_typed_turn_itself_stays_as_it_is() -> None:
    typed = TypedTurns()
    turn = given(typed, 8)
    assert typed.merge(turn) is turn
    assert typed.merge(logged(8)) == logged(8)


def test_a_statistic_that_comes_twice_is_no_second_turn() -> None:
    typed = TypedTurns()
    turn = given(typed, 8)
    typed.add_statistics([statistic()], 0.0)
    assert typed.take_ready([turn], 2.0, busy=False) == []


def test_old_ones_are_forgotten() -> None:
    """A thousand are kept, with what was joined to them."""
    typed = TypedTurns()
    for number in range(1001):
        given(typed, number, prompt_tokens=number)
    assert typed.merge(told(5000, prompt_tokens=0)).ordinal == 0
    given(typed, 1001, prompt_tokens=1001)
    # Forgotten when the next statistics are due, which was before the last one got its ordinal.
    assert typed.merge(told(5001, prompt_tokens=1)).ordinal == 1
    assert typed.merge(told(5000, prompt_tokens=0)).ordinal == 5000
