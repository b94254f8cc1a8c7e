"""The whole state: cache, window, criteria, warnings, and the lines of the server log."""

import math

import pytest
from msgspec.structs import replace

from tests.turn_makers import generated_turn
from timmy_tui.analysis.llm.log_join import LogJoin
from timmy_tui.analysis.llm.summary import LlmSummary, reuse_by_turn, warnings
from timmy_tui.model.llm import Certainty, ContextState, OllamaFacts, ServedPrompt
from timmy_tui.model.turn import Event, Turn

UP = OllamaFacts(url="http://ollama", reachable=True, since=0.0, version="0.12.11", loaded=True)


def turn(ordinal: int, prompt_tokens: int = 1000, prefill_ms: float = 90.0) -> Turn:
    """One whose request was sent a second after it began."""
    sent = Event(timestamp=1001.0 + 10 * ordinal, request_id="a", event="v34_ollama_sent")
    return generated_turn(ordinal, prompt_tokens, prefill_ms, events=(sent,))


def served(
    number: int, at: float | None, prompt: int = 1000, reused: int = 700, ms: float | None = None
) -> ServedPrompt:
    return ServedPrompt(number=number, at=at, prompt=prompt, reused=reused, evaluated=prompt - reused, prefill_ms=ms)


def test_the_state_is_composed_and_the_same_while_nothing_changes() -> None:
    summary = LlmSummary(8000, 7000)
    turns = [turn(n, 1000 + n) for n in range(4)]
    for one in turns:
        summary.add(one, UP)
    first = summary.state(UP, turns, (), 0.0)
    assert (len(first.reuse), len(first.criteria), first.facts) == (4, 18, UP)
    assert first.context is not None
    assert first.context.window == 8000
    again = summary.state(UP, turns, (), 5.0)
    assert again.criteria is first.criteria
    assert again.reuse is first.reuse
    assert summary.state(UP, turns[:2], turns[2:], 5.0).criteria is not first.criteria


def test_log_lines_that_come_before_and_after_their_turn() -> None:
    summary = LlmSummary()
    first = replace(UP, served=(served(1, 1001.1),))
    assert summary.add(turn(0), first).certainty is Certainty.MEASURED
    assert summary.add(turn(1), first).certainty is not Certainty.MEASURED
    late = replace(UP, served=(served(1, 1001.1), served(2, 1011.1, reused=650)))
    state = summary.state(late, (), (), 0.0)
    assert [(item.certainty, item.reused) for item in state.reuse] == [
        (Certainty.MEASURED, 700),
        (Certainty.MEASURED, 650),
    ]


def test_a_line_that_came_with_the_next_turn_still_finds_its_own() -> None:
    summary = LlmSummary()
    summary.add(turn(0), UP)
    summary.add(turn(1), replace(UP, served=(served(1, 1001.1),)))
    state = summary.state(replace(UP, served=(served(1, 1001.1),)), (), (), 0.0)
    assert state.reuse[0].certainty is Certainty.MEASURED


def test_two_lines_that_both_fit_are_nobodys() -> None:
    log_join = LogJoin()
    log_join.add_requests([served(1, 1001.1), served(2, 1002.1, reused=600)])
    assert log_join.match(turn(0)) is None


def test_order_decides_where_counts_are_alike() -> None:
    log_join = LogJoin()
    log_join.add_requests([served(1, None)])
    assert log_join.match(turn(0)) is not None
    log_join.add_requests([served(1, None), served(2, None, reused=600)])
    found = log_join.match(turn(1))
    assert found is not None
    assert found.number == 2
    assert log_join.match(turn(0, prefill_ms=1.0)) is log_join.match(turn(0)), "what was given stays"


def test_count_duration_and_time_must_fit() -> None:
    log_join = LogJoin()
    log_join.add_requests([served(1, 1001.0, prompt=999)])
    log_join.add_requests([served(2, 5000.0)])
    log_join.add_requests([served(3, None, ms=91.0)])
    assert log_join.match(turn(0)) is None
    log_join.add_requests([served(4, None, ms=90.004)])
    found = log_join.match(turn(0))
    assert found is not None
    assert found.number == 4


def test_the_worst_warning_stands_first() -> None:
    cut = ContextState(
        window=8000, window_source="loaded", fill=1.0, used=8050, growth=400.0, turns_left=0, truncated=True
    )  # fmt: skip
    down = replace(UP, reachable=False, problem="connection refused")
    assert warnings(down, cut, 0.0)[0] == "Ollama does not answer: connection refused"
    spill = replace(UP, size=100, size_vram=80, expires=1100.0)
    found = warnings(spill, cut, 1000.0)
    assert found[0].startswith("the newest prompt was cut")
    assert found[1].startswith("20% of the model is in main memory")
    assert found[2].startswith("the model unloads in 2 min")
    assert warnings(replace(UP, expires=math.inf, size=100, size_vram=100), None, 0.0) == ()
    assert warnings(replace(UP, expires=5000.0), None, 0.0) == ()
    assert warnings(replace(UP, expires=5000.0), None, 5001.0) == (), "a request runs"
    assert "not loaded" in warnings(replace(UP, loaded=False), None, 0.0)[0]
    soon = ContextState(
        window=8000, window_source="loaded", fill=0.9, used=7200, growth=400.0, turns_left=1, truncated=False
    )  # fmt: skip
    assert warnings(UP, soon, 0.0) == ("the context window is full in about 1 turn",)
    assert warnings(None, None, 0.0) == ()


def test_a_turn_without_a_time_does_not_stand_in_the_way() -> None:
    log_join = LogJoin()
    log_join.add_requests([served(1, None, prompt=500)])
    timeless = Turn(ordinal=0, prompt_tokens=500, output_tokens=5)
    assert log_join.match(timeless) is not None
    log_join.add_requests([served(1, None, prompt=500), served(2, 1011.0)])
    assert log_join.match(turn(1)) is not None


@pytest.mark.parametrize("load", [150, 199])
def test_what_a_later_cold_turn_teaches_reaches_the_turns_before_it(load: int) -> None:
    """Also those that the tracker no longer keeps at the end of a long log."""
    turns = [turn(n, 1000 + n, 260.0) for n in range(450)]
    turns[load] = replace(turns[load], prefill_ms=300.0, load_ms=2000.0)
    alone = reuse_by_turn(turns[:100])
    assert {alone[n].certainty for n in range(100)} == {Certainty.UNKNOWN}
    known = reuse_by_turn(turns)
    assert len(known) == 450
    assert {known[n].certainty for n in range(1, 450) if n != load} == {Certainty.ESTIMATED}
    assert known[load].certainty is Certainty.KNOWN
    assert "compared with 1 cold turn" in known[20].reason


def test_requests_of_the_server_log_and_its_version_are_used() -> None:
    turns = [turn(n, 1000 + n) for n in range(3)]
    facts = OllamaFacts(url="", reachable=None, since=None, served=(served(1, None, prompt=1001, reused=640),))
    known = reuse_by_turn(turns, None, facts)
    assert (known[1].certainty, known[1].reused) == (Certainty.MEASURED, 640)
    assert known[0].certainty is not Certainty.MEASURED
    old = reuse_by_turn(turns, None, replace(facts, version="0.12.5"))
    assert old[0].certainty is Certainty.UNKNOWN and "0.12.5" in old[0].reason
    assert reuse_by_turn([]) == {}
