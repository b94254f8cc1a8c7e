"""Runs of v34: which process served a turn, and how many turns it served."""

from tests.turns.debug_lines import BEGIN, SERVING, Reading, total
from tests.turns.events import at, event
from timmy_tui.model.turn import Event, Session
from timmy_tui.turns.assembler import TurnAssembler


def turn(number: int, session: str | None = None, at_us: int | None = None) -> list[Event]:
    """A whole turn of ten seconds' distance, served by this process."""
    name, start = f"{number:08x}", 10_000_000 * number if at_us is None else at_us
    told = {} if session is None else {"session_id": session}
    return [
        event("stt_transcript_finalized", start, None, name),
        event("v34_webhook_received", start + 1000, told, name),
        event("tts_resume_sent", start + 2000, None, name),
    ]


def sessions(*turns: list[Event]) -> tuple[Session, ...]:
    assembler = TurnAssembler()
    for events in turns:
        assembler.add_events(events)
    assembler.finish()
    return assembler.sessions


def test_turns_are_counted_where_they_were_served() -> None:
    assert sessions(turn(0, "one"), turn(1, "one"), turn(2, "two"), turn(3, "two"), turn(4, "one")) == (
        Session(number=1, session_id="one", started=at(0.0), turns=3, first=0, last=4),
        Session(number=2, session_id="two", started=at(20.0), turns=2, first=2, last=3),
    )


def test_a_turn_before_any_id_is_of_no_session() -> None:
    assert sessions(turn(0), turn(1)) == ()
    (only,) = sessions(turn(0), turn(1, "one"))
    assert (only.number, only.turns, only.first) == (1, 1, 1)


def test_a_turn_without_an_id_is_of_the_run_that_is_heard_of() -> None:
    (only,) = sessions(turn(0, "one"), turn(1))
    assert (only.turns, only.last) == (2, 1)


def test_a_lone_pause_is_no_turn_of_a_session() -> None:
    pause = [event("stt_pause_detected", 15_000_000, None, "cccccccc")]
    (only,) = sessions(turn(0, "one"), pause, turn(3, "one", 40_000_000))
    assert (only.turns, only.last) == (2, 1)


def test_a_revision_is_not_counted_again() -> None:
    late = [event("stt_http_response_received", 3000, None, "00000000")]
    (only,) = sessions(turn(0, "one"), turn(1, "one"), late)
    assert (only.turns, only.first, only.last) == (2, 0, 1)


def test_a_session_whose_turns_are_open_is_not_there_yet() -> None:
    assembler = TurnAssembler()
    assembler.add_events(turn(0, "one")[:2])
    assert assembler.sessions == ()


def test_a_session_is_named_by_its_first_turn_with_an_id() -> None:
    """v34's debug log saw a restart without an id; the next turn with one is of that run."""
    reading = Reading()
    reading.feed(SERVING, BEGIN, total(1.0))
    reading.assembler.add_events(turn(0, "one"))
    (only,) = reading.assembler.sessions
    assert (only.number, only.session_id, only.turns, only.first, only.last) == (1, "one", 2, 0, 1)
    reading.assembler.add_events(turn(1, "two"))
    assert [session.number for session in reading.assembler.sessions] == [1, 2]
