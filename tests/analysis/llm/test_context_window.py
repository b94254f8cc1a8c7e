"""The window: how full, how fast, and what is cut."""

from typing import Any

from tests.turn_makers import generated_turn
from timmy_tui.analysis.llm.context_window import ContextTracker
from timmy_tui.model.llm import ContextState, OllamaFacts
from timmy_tui.model.turn import Turn


def facts(version: str = "0.12.11", window: int | None = None) -> OllamaFacts:
    return OllamaFacts(url="", reachable=True, since=None, version=version, context_length=window)


def turn(ordinal: int, prompt_tokens: int | None, **fields: Any) -> Turn:
    """One whose log does not name the window."""
    return generated_turn(ordinal, prompt_tokens, 100.0, **{"num_ctx": None, "context_sent": None, **fields})


def state_after(tracker: ContextTracker, *turns: Turn, facts_then: OllamaFacts | None = None) -> ContextState:
    for one in turns:
        tracker.add(one, facts_then or facts())
    state = tracker.state
    assert state is not None
    return state


def test_nothing_before_the_first_figures() -> None:
    tracker = ContextTracker()
    tracker.add(Turn(ordinal=0), facts())
    assert tracker.state is None


def test_fill_growth_and_forecast_follow_from_the_turns() -> None:
    turns = [turn(n, 600 + 100 * n, num_ctx=8000) for n in range(11)]
    state = state_after(ContextTracker(), *turns)
    assert (state.window, state.window_source) == (8000, "v34 log")
    assert (state.used, state.fill) == (1650, 1650 / 8000)
    assert (state.growth, state.turns_left) == (100, 63)
    assert not state.truncated


def test_the_loaded_window_counts_before_the_log_and_the_config() -> None:
    one = turn(0, 600, num_ctx=8000)
    assert state_after(ContextTracker(4000), one, facts_then=facts(window=4096)).window_source == "loaded"
    assert state_after(ContextTracker(4000), one).window == 8000
    config = state_after(ContextTracker(4000), turn(0, 600))
    assert (config.window, config.window_source) == (4000, "config")
    unknown = state_after(ContextTracker(), turn(0, 600))
    assert (unknown.window, unknown.window_source, unknown.fill, unknown.turns_left) == (None, "", None, None)


def test_growth_starts_anew_with_a_session_and_a_trimmed_prompt_is_no_growth() -> None:
    turns = [turn(n, 1000 + 500 * n, num_ctx=8000) for n in range(5)]
    again = [turn(5 + n, 600 + 90 * n, session_id="two", num_ctx=8000) for n in range(4)]
    assert state_after(ContextTracker(), *turns, *again).growth == 90
    assert (
        state_after(ContextTracker(), *turns, turn(9, 1200, num_ctx=8000), turn(10, 1700, num_ctx=8000)).growth == 500
    )


def test_no_forecast_where_nothing_grows() -> None:
    state = state_after(ContextTracker(), *[turn(n, 600, num_ctx=8000) for n in range(5)])
    assert (state.growth, state.turns_left) == (0, None)


def test_a_window_that_is_exactly_full_was_cut() -> None:
    state = state_after(ContextTracker(), turn(0, 7900, num_ctx=8000), turn(1, 8000, num_ctx=8000, context_sent=8398))
    assert state.truncated
    assert state.used == 8448
    assert (state.fill or 0) > 1
    assert state.turns_left in (0, None)


def test_half_a_window_needs_a_second_sign() -> None:
    served_by = facts("0.30.11")
    honest = [turn(0, 3950, num_ctx=8000), turn(1, 4002, num_ctx=8000)]
    assert not state_after(ContextTracker(), *honest, facts_then=served_by).truncated
    full = [turn(0, 7950, num_ctx=8000), turn(1, 4002, num_ctx=8000)]
    assert state_after(ContextTracker(), *full, facts_then=served_by).truncated
    array = turn(0, 4003, num_ctx=8000, context_sent=8100)
    assert state_after(ContextTracker(), array, facts_then=served_by).truncated
    estimate = turn(0, 4002, num_ctx=8000, prompt_tokens_est=8200)
    assert state_after(ContextTracker(), estimate, facts_then=served_by).truncated
    assert not state_after(ContextTracker(), array, facts_then=facts("0.12.11")).truncated


def test_one_less_than_the_window_is_a_cut_in_0_30_alone() -> None:
    one = turn(0, 7999, num_ctx=8000)
    assert state_after(ContextTracker(), one, facts_then=facts("0.30.5")).truncated
    assert not state_after(ContextTracker(), one, facts_then=facts("0.12.11")).truncated


def test_dropped_blocks_are_told_by_what_was_sent() -> None:
    one = turn(0, 6100, num_ctx=8000, context_sent=8100)
    assert state_after(ContextTracker(), one, facts_then=facts("0.3.14")).truncated


def test_a_count_of_misses_is_no_fill() -> None:
    state = state_after(ContextTracker(), turn(0, 40, num_ctx=8000), facts_then=facts("0.30.0"))
    assert (state.used, state.fill) == (None, None)


def test_the_note_tells_the_array_or_the_history_limit() -> None:
    one = turn(0, 600, num_ctx=8000, context_sent=2988, context_returned=3432)
    assert state_after(ContextTracker(), one).note == "context array: 2988 ids sent, 3432 returned"
    limited = state_after(ContextTracker(8000, 7000), turn(0, 600, num_ctx=8000))
    assert "7000" in limited.note


def test_a_revision_is_no_second_step() -> None:
    tracker = ContextTracker()
    for n in range(4):
        for _ in range(3):
            tracker.add(turn(n, 600 + 100 * n, num_ctx=8000), facts())
    assert tracker.state is not None
    assert tracker.state.growth == 100
