"""What Timmy does in one word: every word has its sign in the logs or the services, and no sign is no word."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.ui.snapshots import NOW, TICK, open_turn, snapshot, turn
from timmy_tui.model.snapshot import Listening, Snapshot, SourceCondition, SourceState
from timmy_tui.model.stages.watched import STAGES
from timmy_tui.model.turn import Event, Turn, TurnState
from timmy_tui.ui.activity import LISTENING_S, activity, microphone_is_open

CLOSED = ("stt_pause_detected", "stt_transcript_finalized")
QUIET = replace(snapshot(), listening=Listening())


def with_events(one: Turn, *names: str) -> Turn:
    return replace(one, events=tuple(Event(NOW + at, "id", name) for at, name in enumerate(names)))


def flying(phase: str, *names: str) -> Snapshot:
    flight = open_turn(31, phase)
    return replace(QUIET, open_turn=replace(flight, turn=with_events(flight.turn, *(names or CLOSED))))


def heard(age_s: float, base: Snapshot = QUIET) -> Snapshot:
    """The newest pause without text came so long ago."""
    return replace(base, listening=Listening(pauses=9, per_minute=84.0, arrived=TICK - age_s))


def source(name: str, condition: SourceCondition, newest: float = NOW) -> Snapshot:
    return heard(1.0, replace(QUIET, sources=(SourceState(name, condition, since=NOW - 14, newest=newest),)))


def word(snap: Snapshot) -> str:
    return activity(snap, TICK, NOW).word


@pytest.mark.parametrize("phase", ["", *(stage.key for stage in STAGES if stage.critical and not stage.parent)])
def test_until_the_first_sound_it_thinks(phase: str) -> None:
    assert word(flying(phase)) == "THINKING"


def test_it_speaks_from_the_first_sound_to_the_last_and_is_deaf_until_the_resume() -> None:
    assert word(flying("playback")) == "SPEAKING"
    assert word(flying("rearm")) == "DEAF"
    assert word(flying("rearm", *CLOSED, "tts_resume_sent")) == "IDLE"


@pytest.mark.parametrize(("age_s", "expected"), [(0.0, "LISTENING"), (LISTENING_S, "LISTENING"), (5.1, "IDLE")])
def test_it_listens_while_pauses_come(age_s: float, expected: str) -> None:
    assert word(heard(age_s)) == expected


def test_a_turn_in_flight_is_ahead_of_what_was_heard_before_it() -> None:
    assert word(heard(1.0, flying("llm"))) == "THINKING"


@pytest.mark.parametrize("name", ["v34", "stt", "tts", "ollama"])
@pytest.mark.parametrize("condition", list(SourceCondition))
def test_a_service_that_is_down_is_named(name: str, condition: SourceCondition) -> None:
    expected = f"NO {name.upper()}" if condition is SourceCondition.DOWN else "LISTENING"
    assert word(source(name, condition)) == expected


def test_of_two_that_are_down_the_first_that_is_needed_is_named() -> None:
    both = (SourceState("ollama", SourceCondition.DOWN), SourceState("v34", SourceCondition.DOWN))
    assert word(replace(QUIET, sources=both)) == "NO V34"


def test_without_the_log_nothing_is_known() -> None:
    for condition in SourceCondition:
        known = condition in (SourceCondition.OK, SourceCondition.READING)
        assert (word(source("latency.log", condition)) != "UNKNOWN") is known, condition


def test_of_a_log_that_is_quiet_for_long_nothing_is_known_of_now() -> None:
    for age_s, expected in ((QUIET.stale_s, "IDLE"), (QUIET.stale_s + 1, "UNKNOWN")):
        snap = replace(QUIET, sources=(SourceState("latency.log", SourceCondition.OK, newest=NOW - age_s),))
        assert word(snap) == expected
    assert word(Snapshot()) == "UNKNOWN"


@pytest.mark.parametrize("state", list(TurnState))
def test_a_turn_that_failed_and_left_the_microphone_closed_leaves_it_deaf(state: TurnState) -> None:
    failed = state in (TurnState.FAILED, TurnState.TIMED_OUT)
    left = replace(QUIET, turns=(*QUIET.turns, with_events(turn(31, state=state), *CLOSED)))
    assert word(left) == ("DEAF" if failed else "IDLE")
    assert word(heard(1.0, left)) == "LISTENING"
    opened = replace(QUIET, turns=(*QUIET.turns, with_events(turn(31, state=state), *CLOSED, "tts_resume_sent")))
    assert word(opened) == "IDLE"


def test_what_nothing_shows_of_the_microphone_is_not_known() -> None:
    assert microphone_is_open(Snapshot(), TICK) is None
    nothing = replace(QUIET, turns=(turn(31, state=TurnState.FAILED, events=()),))
    assert microphone_is_open(nothing, TICK) is None
    assert microphone_is_open(flying("llm", "stt_pause_detected"), TICK) is True
    assert microphone_is_open(flying("llm"), TICK) is False
