"""The bell: rarely, for a reason, and never into an open microphone."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.programs import needs
from tests.tmux_pane import Pane
from tests.ui.snapshots import finding, judgement, open_turn, snapshot, turn
from tests.waiting import wait_for
from timmy_tui.model.snapshot import Listening, Snapshot, SourceCondition, SourceState
from timmy_tui.model.turn import Event, Marker, Turn, TurnState
from timmy_tui.report.backlog import SETTLED_S
from timmy_tui.ui.terminal.bell import PAUSE_S, Bell

QUIET = replace(snapshot(31), listening=Listening())
"""What was in the logs before, with a failed turn among it."""
FAILED = replace(QUIET, turns=(*QUIET.turns, turn(31, state=TurnState.FAILED)))
SLOWER = replace(QUIET, judgement=judgement(30, finding()))
HEARD = ("stt_pause_detected",)
CLOSED = (*HEARD, "stt_transcript_finalized")
OPENED = (*CLOSED, "tts_pause_sent", "tts_resume_sent")


def with_events(one: Turn, *names: str) -> Turn:
    return replace(one, events=tuple(Event(1_764_350_000.0 + at, "id", name) for at, name in enumerate(names)))


def in_flight(snap: Snapshot, *names: str) -> Snapshot:
    """A turn is in flight that has had these events; the default: the microphone is closed."""
    flight = open_turn(40, "llm")
    return replace(snap, open_turn=replace(flight, turn=with_events(flight.turn, *(names or CLOSED)), since=0.0))


def settled(wanted: str, snap: Snapshot = QUIET) -> Bell:
    """A bell that has seen the logs as they were before, at the ticks 0 and SETTLED_S."""
    bell = Bell("regression" if wanted == "regression" else "fail")
    assert not bell.should_ring(in_flight(snap), 0.0)
    assert not bell.should_ring(in_flight(snap), SETTLED_S)
    return bell


def test_it_is_off_unless_wanted() -> None:
    bell = Bell("off")
    for tick in (0.0, SETTLED_S):
        bell.should_ring(QUIET, tick)
    assert not bell.should_ring(in_flight(FAILED), 10.0)


def test_news_waits_until_the_microphone_is_closed_and_rings_once() -> None:
    bell = settled("fail")
    listening = replace(FAILED, listening=Listening(pauses=9, per_minute=80.0, arrived=9.0))
    assert not bell.should_ring(listening, 10.0)  # A pause without text a second ago.
    assert not bell.should_ring(in_flight(FAILED, *HEARD), 11.0)
    assert not bell.should_ring(in_flight(FAILED, *OPENED), 12.0)
    assert bell.should_ring(in_flight(FAILED), 13.0)
    assert not bell.should_ring(in_flight(FAILED), 14.0 + PAUSE_S)


def test_where_nothing_shows_the_microphone_it_does_not_ring() -> None:
    bell = settled("fail")
    unknown = replace(FAILED, turns=tuple(replace(one, events=()) for one in FAILED.turns))
    assert not bell.should_ring(unknown, 10.0)
    flight = open_turn(40, "llm")  # A typed turn: nobody has closed the microphone.
    typed = replace(flight, turn=replace(flight.turn, typed=True, events=()))
    assert not bell.should_ring(replace(unknown, open_turn=typed), 11.0)


def test_a_failed_turn_that_leaves_the_microphone_closed_rings_without_another_turn() -> None:
    bell = settled("fail")
    left = (*QUIET.turns, with_events(turn(31, state=TurnState.TIMED_OUT), *CLOSED))
    heard = Listening(pauses=9, per_minute=80.0, arrived=8.0)  # Ahead of that turn.
    assert not bell.should_ring(replace(QUIET, turns=left, listening=heard), 13.0)
    assert bell.should_ring(replace(QUIET, turns=left, listening=heard), 13.1)


def test_a_pause_behind_the_beginning_of_a_turn_says_that_the_microphone_is_open() -> None:
    bell = settled("fail")
    for since, rings in ((8.0, False), (9.0, True)):
        flying = in_flight(replace(FAILED, listening=Listening(pauses=1, arrived=9.0)))
        assert flying.open_turn is not None
        assert bell.should_ring(replace(flying, open_turn=replace(flying.open_turn, since=since)), 10.0) is rings


def test_a_regression_rings_only_when_wanted_and_leads_the_headline() -> None:
    for wanted, rings in (("fail", False), ("regression", True)):
        assert settled(wanted).should_ring(in_flight(SLOWER), 10.0) is rings
    faster = replace(QUIET, judgement=judgement(30, finding(direction="faster")))
    assert not settled("regression").should_ring(in_flight(faster), 10.0)
    unfelt = judgement(30, finding(notable=False))
    assert not settled("regression").should_ring(
        in_flight(replace(QUIET, judgement=replace(unfelt, leading=None))), 10.0
    )


def test_a_finding_that_ended_before_it_could_be_rung_for_is_not() -> None:
    bell = settled("regression")
    assert not bell.should_ring(in_flight(SLOWER, *HEARD), 10.0)
    assert not bell.should_ring(in_flight(QUIET), 11.0)


@pytest.mark.parametrize("state", [TurnState.FAILED, TurnState.TIMED_OUT])
def test_a_run_of_failed_turns_is_one_incident(state: TurnState) -> None:
    bell = settled("fail")
    assert bell.should_ring(in_flight(FAILED), 10.0)
    run = replace(FAILED, turns=(*FAILED.turns, turn(32, state=state), turn(33, state=state)))
    assert not bell.should_ring(in_flight(run), 11.0 + PAUSE_S)
    again = replace(run, turns=(*run.turns, turn(34), turn(35, state=state)))
    assert bell.should_ring(in_flight(again), 12.0 + PAUSE_S)


def slept(state: TurnState, before: int, woke_s: float) -> Snapshot:
    """A turn that ended so, and a sleep that was over so many seconds behind its beginning, ``before`` turns ago."""
    last = turn(31, state=state)
    assert last.started is not None
    mark = Marker(at=last.started + woke_s, ordinal=31 - before, kind="gap", label="asleep 7h 12m")
    return replace(QUIET, turns=(*QUIET.turns, last), marks=(mark,))


@pytest.mark.parametrize(
    ("after", "rings"),
    [
        (slept(TurnState.TIMED_OUT, 0, 0.1), False),
        (slept(TurnState.TIMED_OUT, 0, 0.0), True),  # It began behind the sleep.
        (slept(TurnState.TIMED_OUT, -1, 0.1), True),  # It was over before.
        (slept(TurnState.FAILED, 0, 0.1), True),  # v34 says itself that it failed.
        (replace(slept(TurnState.TIMED_OUT, 0, 0.1), marks=()), True),
    ],
)
def test_a_turn_that_a_sleep_cut_is_no_incident(after: Snapshot, rings: bool) -> None:
    assert settled("fail").should_ring(in_flight(after), 10.0) is rings


def test_the_first_that_fails_behind_a_turn_that_a_sleep_cut_is_one() -> None:
    bell = settled("fail")
    after = slept(TurnState.TIMED_OUT, 0, 0.1)
    assert not bell.should_ring(in_flight(after), 10.0)
    failed = replace(after, turns=(*after.turns, turn(32, state=TurnState.FAILED)))
    assert bell.should_ring(in_flight(failed), 11.0)


def test_it_rings_at_most_once_a_minute() -> None:
    bell = settled("fail")
    assert bell.should_ring(in_flight(FAILED), 10.0)
    again = replace(FAILED, turns=(*FAILED.turns, turn(32), turn(33, state=TurnState.TIMED_OUT)))
    assert not bell.should_ring(in_flight(again), 10.0 + PAUSE_S - 0.1)
    assert bell.should_ring(in_flight(again), 10.0 + PAUSE_S)


def test_what_is_read_at_the_start_is_no_news() -> None:
    bell = Bell("fail")
    empty = Snapshot(sources=(SourceState("latency.log", SourceCondition.WAITING),))
    reading = SourceState("latency.log", SourceCondition.READING, lines=100)
    for tick, snap in enumerate((
        empty, empty, empty, empty, empty, empty, empty,
        in_flight(replace(QUIET, sources=(reading,), preview=True)),
        in_flight(replace(FAILED, sources=(reading,))),
        in_flight(FAILED), in_flight(FAILED), in_flight(FAILED), in_flight(FAILED),
    )):  # fmt: skip
        assert not bell.should_ring(snap, float(tick))
    news = replace(FAILED, turns=(*FAILED.turns, turn(32), turn(33, state=TurnState.FAILED)))
    assert bell.should_ring(in_flight(news), 20.0)


@needs("tmux")
def test_a_hidden_window_of_tmux_is_flagged(tmp_path: Path) -> None:
    news = tmp_path / "news"
    with Pane([sys.executable, "-m", "tests.ui.bell_process", str(news)], tmp_path) as pane:
        pane.until("V2V ≥3.14s", "quit")
        pane.tmux("new-window", "-d", "-n", "other", "cat")
        dashboard = pane.tmux("display-message", "-p", "-t", "pane", "#{window_id}").strip()
        pane.tmux("select-window", "-t", "other")

        def flag() -> str:
            return pane.tmux("display-message", "-p", "-t", dashboard, "#{window_bell_flag}").strip()

        assert flag() == "0"
        news.write_text("a turn fails")
        wait_for(lambda: flag() == "1", flag)
