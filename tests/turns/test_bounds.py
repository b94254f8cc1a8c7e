"""What one log can make the program store, and how much work a line costs: bounded, counted, linear."""

import sys
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any

import pytest

from bench.reading.shapes import DEBUG, LATENCY
from tests.turns.events import event
from timmy_tui.model.turn import TurnState
from timmy_tui.turns.assembler import TurnAssembler
from timmy_tui.turns.drafts import MAX_EVENTS, MAX_UNKNOWN_NAMES, TOO_MANY_EVENTS, TOO_MANY_NAMES
from timmy_tui.turns.ingest import Ingest
from timmy_tui.turns.silence import LATER_IDS, MAX_OPEN

LINES = 400
SHAPES = [*(("latency", name) for name in LATENCY), *(("v34", name) for name in DEBUG)]


def steps_of(work: Callable[[], object]) -> int:
    """Lines of Python that ``work`` executes."""
    count = 0

    def trace(frame: FrameType, what: str, _: Any) -> Any:
        nonlocal count
        count += what == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


def reading(kind: str, lines: Sequence[bytes], one_by_one: bool) -> Callable[[], object]:
    def read() -> None:
        ingest = Ingest(60.0, keep_events=False)
        if one_by_one:
            for number, line in enumerate(lines):
                ingest.feed(kind, [line], 5.0)
                if number % 10 == 0:
                    ingest.assembler.tick(5.0)
        else:
            ingest.feed(kind, lines)

    return read


@pytest.mark.parametrize("one_by_one", [False, True], ids=["backlog", "live"])
@pytest.mark.parametrize(
    ("kind", "shape"), [*(("latency", name) for name in LATENCY), *(("v34", name) for name in DEBUG)]
)
def test_twice_the_lines_are_twice_the_work(kind: str, shape: str, one_by_one: bool) -> None:
    write = (LATENCY if kind == "latency" else DEBUG)[shape]
    lines = [line.rstrip("\n").encode() for line in write(3 * LINES)]
    third = len(lines) // 3
    steps = [steps_of(reading(kind, lines[: third * part], one_by_one)) for part in (1, 2, 3)]
    assert steps[2] - steps[1] < 1.3 * (steps[1] - steps[0]) + 500


@pytest.mark.parametrize("arrived", [None, 5.0])
def test_only_so_many_turns_are_in_flight(arrived: float | None) -> None:
    assembler = TurnAssembler()
    ids = [f"{number:08x}" for number in range(MAX_OPEN + 3)]
    closed = [
        turn for at, name in enumerate(ids) for turn in assembler.add_events([event("new", at, None, name)], arrived)
    ]
    assert [turn.request_id for turn in closed] == ids[:3]
    assert {turn.state for turn in closed} == {TurnState.TIMED_OUT}


def test_live_the_turn_that_still_has_events_is_not_the_one_that_ends() -> None:
    assembler = TurnAssembler()
    ended: list[str] = []
    for number in range(2 * MAX_OPEN):
        ended += [turn.request_id for turn in assembler.add_events([event("new", number, None, f"{number:08x}")], 5.0)]
        ended += [turn.request_id for turn in assembler.add_events([event("v34_ollama_sent", number, {})], 5.0)]
    assert "aaaaaaaa" not in ended and len(ended) == MAX_OPEN + 1


@pytest.mark.parametrize(("silent_for", "over"), [(LATER_IDS - 1, False), (LATER_IDS, True)])
def test_in_a_backlog_a_turn_is_over_by_what_arrived_since_its_last_event(silent_for: int, over: bool) -> None:
    """Not since its first: an id that is written to all the time is not over."""
    assembler = TurnAssembler()
    pauses = [event("stt_pause_detected", 0, None, f"{number:08x}") for number in range(40 + silent_for)]
    assembler.add_events([event("v34_webhook_received", 0)])
    assembler.add_events(pauses[:40])
    assembler.add_events([event("v34_ollama_sent", 0)])
    closed = assembler.add_events(pauses[40:])
    assert [turn.request_id for turn in closed] == (["aaaaaaaa"] if over else [])


@pytest.mark.parametrize("more", [0, 1, 7])
def test_raw_events_of_one_turn_are_bounded_and_the_rest_is_counted(more: int) -> None:
    assembler = TurnAssembler()
    assembler.add_events([event("v34_webhook_received", at) for at in range(MAX_EVENTS - 1 + more)])
    (turn,) = assembler.add_events([event("tts_resume_sent", 5_000_000)])
    assert (turn.state, turn.ended) == (TurnState.COMPLETE, event("x", 5_000_000).timestamp)
    assert len(turn.events) == MAX_EVENTS
    assert assembler.unparsed == ({TOO_MANY_EVENTS: more} if more else {})


@pytest.mark.parametrize("more", [0, 1, 7])
def test_names_of_unknown_events_are_bounded_and_the_rest_is_counted(more: int) -> None:
    assembler = TurnAssembler()
    assembler.add_events([event(f"v35_{at}", at) for at in range(MAX_UNKNOWN_NAMES + more)])
    assembler.add_events([event("v35_0", 9)])
    assert assembler.unparsed == ({TOO_MANY_NAMES: more} if more else {})
