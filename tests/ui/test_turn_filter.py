"""The filter language of the turns: what it finds, on both sides of every bound, and what it says of what it is not."""

from __future__ import annotations

import time
from typing import Any

import pytest
from msgspec.structs import replace

from tests.ui.snapshots import turn
from timmy_tui.model.turn import Turn, TurnState
from timmy_tui.ui.turn_filter import FilterProblem, TurnFacts, filter_problem, parse_filter


def one(**changes: Any) -> Turn:
    base = turn(5)
    stages = {**base.stages, "llm": 1000.0, "store": None, "network": 10.0}
    return replace(base, number=405, stages=stages, v2v_ms=2000.0, prompt_tokens=2000, tail_mode=True, raw=False,
                   text="the Cat sat", request_id="0000abcd", model="llama3.2:3b", session=2, **changes)  # fmt: skip


MARKED = TurnFacts(3, "bad")


def passes(text: str, changed: Turn | None = None, facts: TurnFacts = MARKED) -> bool:
    return parse_filter(text).passes(changed or one(), facts)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", True), ("   ", True),
        ("llm>999ms", True), ("llm>1s", False), ("llm>=1s", True), ("llm>=1.001s", False), ("llm<1s", False),
        ("llm<=1s", True), ("LLM<1001ms", True), ("llm=1s", True), ("store>0ms", False), ("store<9s", False),
        ("-store>0ms", True), ("v2v>=2s", True), ("v2v>2s", False), ("net>9ms", True), ("rag>1ms", True),
        ("tok>1999", True), ("tok>2000", False), ("turn=405", True), ("turn>405", False),
        ("tail:on", True), ("tail:off", False), ("raw:off", True), ("raw:on", False), ("-tail:on", False),
        ("epoch:3", True), ("epoch:2", False), ("epoch:1-3", True), ("epoch:4-9", False), ("session:2", True),
        ("turn:405", True), ("turn:400-404", False), ("turn:400-405", True),
        ("mark:bad", True), ("mark:good", False), ("mark:none", False), ("marked", True), ("!marked", False),
        ("complete", True), ("failed", False), ("state:complete", True), ("spoken", True), ("typed", False),
        ("cat", True), ("CAT", True), ("dog", False), ("abcd", True), ("id:abcd", True), ("id:cat", False),
        ("text:cat", True), ("model:llama", True), ("cat llm>=1s", True), ("cat llm>1s", False),
    ],
)  # fmt: skip
def test_what_passes(text: str, expected: bool) -> None:
    assert passes(text) is expected


@pytest.mark.parametrize("state", [TurnState.FAILED, TurnState.TIMED_OUT])
def test_a_turn_that_timed_out_has_failed(state: TurnState) -> None:
    assert passes("failed", one(state=state, reason="TTS refused")) and passes("reason:tts", one(reason="TTS refused"))


@pytest.mark.parametrize(
    ("text", "at", "expected"),
    [
        ("time:14:30", "14:29:59", False), ("time:14:30", "14:30:00", True), ("time:14:30", "23:59:59", True),
        ("time:14:30-15:00", "15:00:00", True), ("time:14:30-15:00", "15:00:01", False),
        ("time:23:00-01:00", "00:30:00", True), ("time:23:00-01:00", "22:59:59", False),
        ("time:23:00-01:00", "23:00:00", True), ("time:14:30:30-14:30:40", "14:30:29", False),
    ],
)  # fmt: skip
def test_times_of_day(text: str, at: str, expected: bool) -> None:
    started = time.mktime(time.strptime(f"2025-11-28 {at}", "%Y-%m-%d %H:%M:%S"))
    assert passes(text, one(started=started)) is expected
    assert not passes(text, one(started=None)) and not passes(text, one(started=1e300))


def test_what_is_unknown_passes_no_test_of_it() -> None:
    unknown = replace(one(), tail_mode=None, prompt_tokens=None, number=None)
    for text in ("tail:on", "tail:off", "tok>0", "tok<9", "turn:1", "epoch:3"):
        assert not passes(text, unknown, TurnFacts())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("mrak:bad", "there is no field mrak, did you mean mark:"),
        ("llmm>1s", "there is no stage llmm, did you mean llm"),
        ("llm>1", "llm> wants a time with its unit, as in llm>1s"),
        ("llm>fast", "llm> wants a time with its unit"),
        ("tok>1s", "tok> wants a number"),
        ("tail:maybe", "tail: is one of on, off, not maybe"),
        ("mark:", "mark: is one of good, bad, none, not empty"),
        ("epoch:x", "epoch: wants a number or a range"),
        ("epoch:3-", "epoch: wants a number or a range"),
        ("time:25:00", "time: wants a time of day"),
        ("time:14:30-", "time: wants a time of day"),
        ("cat zzzz:1", "there is no field zzzz; there are tail, raw"),
    ],
)
def test_what_is_wrong_is_said_with_what_may_be_meant(text: str, said: str) -> None:
    assert filter_problem(text).startswith(said)
    with pytest.raises(FilterProblem):
        parse_filter(text)


@pytest.mark.parametrize("text", ["http://x:1", "a:b:c".replace("a", "1"), "ä", "-", "!", "=", ">1s"])
def test_what_is_no_field_is_text(text: str) -> None:
    assert filter_problem(text) == "" or text.startswith("http")
