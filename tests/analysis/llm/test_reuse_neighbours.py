"""What the turns around a request say of it: which ones show a head that never changes, and a miss after a miss."""

from typing import Any

import pytest

from tests.analysis.llm.test_reuse_edges import NEW, judge, turn
from timmy_tui.analysis.llm.prompt_reuse import ReuseTracker
from timmy_tui.model.llm import Certainty
from timmy_tui.model.turn import Turn

# --- misses in a row ---

MISS = {"cached_tokens": 0}
WARM = {"cached_tokens": 2000}


def why(*since: dict[str, Any]) -> str:
    """Why nothing was reused in the last of these turns, which follow a first one and a warm one of 2000 tokens."""
    turns = [turn(0, 1000, 10, **MISS), turn(1, 2000, 10, cached_tokens=1000)]
    turns += [turn(2 + n, 2100 + 100 * n, 10, **fields) for n, fields in enumerate(since)]
    return judge(*turns)[-1].broken


@pytest.mark.parametrize(
    ("since", "within"),
    [
        ([MISS, MISS, MISS], 10), ([{"cached_tokens": 41}, MISS, MISS], 50), ([MISS, MISS, MISS, MISS], 10),
        ([MISS, MISS], None), ([MISS], None),
        # One that reused most of its prompt, or that could not reuse any, is no turn whose head had changed.
        ([MISS, MISS, WARM, MISS, MISS], None), ([MISS, MISS, WARM, MISS], None), ([MISS, WARM, MISS, MISS], None),
        ([MISS, {**MISS, "load_ms": 2000.0}, MISS], None), ([MISS, MISS, {**MISS, "load_ms": 2000.0}, MISS], None),
    ],
)  # fmt: skip
def test_three_misses_in_a_row_show_a_head_that_changes_every_turn(
    since: list[dict[str, Any]], within: int | None
) -> None:
    told = why(*since)
    if within is None:
        assert told == "cause not known"
    else:
        assert told.startswith(f"the head of the prompt changes every turn: within its first ~{within} tokens")


def test_misses_of_another_session_do_not_count() -> None:
    turns = [turn(n, 2000, 10, **MISS) for n in range(4)]
    turns += [turn(4, 1000, 10, session_id="two", **MISS), turn(5, 2000, 10, session_id="two", cached_tokens=1000)]
    turns += [turn(6 + n, 2100, 10, session_id="two", **MISS) for n in range(2)]
    assert judge(*turns)[-1].broken == "cause not known"


# --- which turns show the head that all of them share ---


def head(number: int, tokens: int, **more: Any) -> Turn:
    """Behind a head of 500 tokens each token costs 1.3 ms."""
    return turn(number, tokens, 1.3 * (tokens - 500), **more)


def cost(*turns: Turn) -> float:
    """ms a token, as it is known at the end."""
    tracker = ReuseTracker()
    for one in turns:
        tracker.add(one, NEW)
    assert tracker.rate is not None
    return tracker.rate.ms_per_token


PLAIN = [1000 + 150 * number for number in range(9)]
"""Tokens of the prompts of turns that are like any other."""
ODD: dict[str, dict[str, Any]] = {
    "loaded": {"tokens": 2000, "load_ms": 2000.0},
    "first of its session": {"tokens": 2000, "session_id": "two"},
    "cut to the window": {"tokens": 8000},
}


def conversation(plain: int, *odd: dict[str, Any]) -> list[Turn]:
    """A first turn and one behind a load, then so many plain turns, and behind them these: all of the same head."""
    turns = [turn(0, 1000, 1000), turn(1, 1000, 1080, load_ms=2000.0)]
    turns += [head(2 + n, tokens) for n, tokens in enumerate(PLAIN[:plain])]
    return turns + [head(2 + plain + n, **fields) for n, fields in enumerate(odd)]


def test_eight_turns_show_what_a_token_costs_behind_a_head_that_is_always_reused() -> None:
    assert cost(*conversation(7)) == pytest.approx(1.0)
    assert cost(*conversation(8)) > 1.05


@pytest.mark.parametrize("kind", ODD)
def test_a_turn_that_reuses_for_another_reason_is_none_of_them(kind: str) -> None:
    """Nothing was there to be reused; its time may be that of a head all the same."""
    assert cost(*conversation(7, {"tokens": 2000})) > 1.05
    assert cost(*conversation(7, ODD[kind])) < 1.02, "there would be eight with it"


def test_a_turn_that_is_revised_is_counted_once() -> None:
    tracker = ReuseTracker()
    for one in [*conversation(7), head(8, PLAIN[6]), head(8, PLAIN[6], reply_length=80)]:
        found = tracker.add(one, NEW)
    assert tracker.rate is not None and tracker.rate.ms_per_token == pytest.approx(1.0)
    assert found.certainty is Certainty.ESTIMATED
