"""Turns that were given up before they asked the LLM: what is behind them is judged as if they had not been."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.analysis.detect.test_alarm_rules import turn
from timmy_tui.analysis.detect.detector import RegressionDetector
from timmy_tui.analysis.detect.diagnosis import Diagnoser
from timmy_tui.analysis.stats.ordering import NewestOfSessions
from timmy_tui.model.turn import Turn, TurnState

GIVEN_UP: dict[str, Any] = {
    "state": TurnState.ABORTED, "stages": {}, "prompt_tokens": None, "output_tokens": None, "cached_tokens": None,
    "headline_ms": None, "prefill_ms": None, "decode_ms": None,
}  # fmt: skip


def uncounted(n: int, times: Callable[[str, int], float] = lambda stage, n: 1.0, **more: Any) -> Turn:
    """The tokens to evaluate have to be told from the prompt's growth."""
    return turn(n, times, **{"cached_tokens": None, **more})


def judged(*turns: Turn) -> set[str]:
    """Of the newest one."""
    detector = RegressionDetector()
    for one in turns:
        detector.add(one)
    return {one.series for one in detector.judged}


@pytest.mark.parametrize("between", [0, 1, 3])
def test_work_of_the_prompt_is_known_behind_turns_that_were_given_up(between: int) -> None:
    usual = [uncounted(n) for n in range(60)]
    given_up = [uncounted(60 + n, **GIVEN_UP) for n in range(between)]
    assert "prefill" in judged(*usual, *given_up, uncounted(70))


def test_behind_one_that_failed_it_is_not_known() -> None:
    """It may have asked, and the cache then holds its prompt."""
    failed = uncounted(60, **{**GIVEN_UP, "state": TurnState.FAILED})
    assert "prefill" not in judged(*[uncounted(n) for n in range(60)], failed, uncounted(70))


@pytest.mark.parametrize("ahead", [0, 1, 3])
def test_the_first_turn_of_a_session_is_cold_whatever_was_given_up_ahead_of_it(ahead: int) -> None:
    usual = [uncounted(n) for n in range(60)]
    given_up = [uncounted(60 + n, session=2, **GIVEN_UP) for n in range(ahead)]
    detector = RegressionDetector()
    for one in [*usual, *given_up]:
        detector.add(one)
    before = detector.judged
    detector.add(uncounted(70, session=2))
    assert detector.judged == before
    detector.add(uncounted(71, session=2))
    assert {one.series for one in detector.judged} >= {"prefill", "decode"}


@pytest.mark.parametrize("ahead", [0, 2])
def test_a_slow_first_turn_is_explained_by_the_restart(ahead: int) -> None:
    diagnoser = Diagnoser()
    for n in range(30):
        diagnoser.add(uncounted(n))
    for n in range(ahead):
        diagnoser.add(uncounted(30 + n, session=2, **GIVEN_UP))
    slow = uncounted(40, lambda stage, n: 8.0 if stage == "prefill" else 1.0, session=2)
    assert "first turn after a restart" in {one.why for one in diagnoser.add(slow).contributions}


@pytest.mark.parametrize(
    ("one", "counts"),
    [
        (GIVEN_UP, False),
        ({**GIVEN_UP, "prompt_tokens": 900}, True),
        ({**GIVEN_UP, "stages": {"llm": 400.0}}, True),
        ({**GIVEN_UP, "state": TurnState.TIMED_OUT}, True),
        ({}, True),
    ],
)
def test_a_turn_is_ahead_of_another_once_it_has_asked(one: dict[str, Any], counts: bool) -> None:
    sessions, every = NewestOfSessions(asked=True), NewestOfSessions()
    first, second, third = uncounted(0), uncounted(1, **one), uncounted(2)
    assert [sessions.take(first), every.take(first)] == [None, None]
    assert [sessions.take(second), every.take(second)] == [first, first]
    assert [sessions.take(third), every.take(third)] == [second if counts else first, second]
