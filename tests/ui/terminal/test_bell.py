"""The bell: rarely, for a reason, and never into an open microphone."""

from __future__ import annotations

from msgspec.structs import replace

from tests.ui.snapshots import finding, judgement, open_turn, snapshot, turn
from timmy_tui.model.snapshot import Snapshot
from timmy_tui.model.turn import TurnState
from timmy_tui.ui.terminal.bell import PAUSE_S, Bell

QUIET = snapshot(31)
FAILED = replace(QUIET, turns=(*QUIET.turns, turn(31, state=TurnState.FAILED)))
SLOWER = replace(QUIET, judgement=judgement(30, finding()))


def in_phase(snap: Snapshot, phase: str) -> Snapshot:
    return replace(snap, open_turn=open_turn(32, phase))


def test_it_is_off_unless_wanted_and_silent_about_what_was_there_at_the_start() -> None:
    assert not Bell("off").should_ring(in_phase(FAILED, "llm"), 0.0)
    bell = Bell("fail")
    assert not bell.should_ring(in_phase(FAILED, "llm"), 0.0)
    assert not bell.should_ring(in_phase(FAILED, "tts"), 1.0)


def test_news_waits_until_the_microphone_is_closed_and_rings_once() -> None:
    bell = Bell("fail")
    assert not bell.should_ring(QUIET, 0.0)
    assert not bell.should_ring(FAILED, 1.0)
    assert not bell.should_ring(in_phase(FAILED, "endpointing"), 2.0)
    assert bell.should_ring(in_phase(FAILED, "llm"), 3.0)
    assert not bell.should_ring(in_phase(FAILED, "tts"), 4.0)


def test_a_regression_rings_only_when_wanted_and_not_for_what_got_faster() -> None:
    for wanted, rings in (("fail", False), ("regression", True)):
        bell = Bell("regression" if wanted == "regression" else "fail")
        bell.should_ring(QUIET, 0.0)
        assert bell.should_ring(in_phase(SLOWER, "llm"), 1.0) is rings
    bell = Bell("regression")
    bell.should_ring(QUIET, 0.0)
    faster = replace(QUIET, judgement=judgement(30, finding(direction="faster")))
    assert not bell.should_ring(in_phase(faster, "llm"), 1.0)


def test_it_rings_at_most_once_a_minute() -> None:
    bell = Bell("fail")
    bell.should_ring(QUIET, 0.0)
    assert bell.should_ring(in_phase(FAILED, "llm"), 1.0)
    again = replace(FAILED, turns=(*FAILED.turns, turn(33, state=TurnState.TIMED_OUT)))
    assert not bell.should_ring(in_phase(again, "llm"), 30.0)
    assert bell.should_ring(in_phase(again, "llm"), 1.0 + PAUSE_S)
