"""When a turn is over, how it ended, and whose an event is: on, just over and just under each limit."""

import json

import pytest

from tests.turns.events import at, event, read_all
from timmy_tui.model.turn import Event, Turn, TurnState
from timmy_tui.parse.v34_log import V34Parser
from timmy_tui.turns.assembler import TurnAssembler
from timmy_tui.turns.ingest import Ingest

TEXT_EVENTS = (
    "stt_transcript_finalized",
    "stt_sending_to_v34",
    "stt_http_request_start",
    "v34_flask_handler_entry",
    "v34_webhook_received",
)
"""Only a turn with text has one of these."""


def begun(request_id: str = "aaaaaaaa", at_us: int = 0) -> list[Event]:
    return [
        event("stt_pause_detected", at_us, None, request_id),
        event("stt_transcript_finalized", at_us, None, request_id),
    ]


def replied(request_id: str, at_us: int, session: str | None = None) -> list[Event]:
    """Heard, and a reply sent, by a v34 whose voice writes no events."""
    told = {} if session is None else {"session_id": session}
    return [
        *begun(request_id, at_us),
        event("v34_webhook_received", at_us, told, request_id),
        event("v34_sending_to_tts", at_us + 1_000_000, None, request_id),
    ]


def spoken(request_id: str, at_us: int, session: str | None = None) -> list[Event]:
    return [*replied(request_id, at_us, session), event("tts_resume_sent", at_us + 2_000_000, None, request_id)]


def states(turns: list[Turn]) -> dict[str, str]:
    return {turn.request_id: str(turn.state) for turn in turns}


@pytest.mark.parametrize(("silent_s", "state"), [(0.0, "aborted"), (60.0, "aborted"), (60.001, "timed_out")])
def test_what_was_in_flight_is_aborted_or_had_timed_out_already(silent_s: float, state: str) -> None:
    turns = read_all([*begun(), *begun("bbbbbbbb", round(silent_s * 1e6))])
    assert turns[0].state == state
    assert turns[0].reason == ("turn bbbbbbbb began before it ended" if state == "aborted" else "no further event")


@pytest.mark.parametrize("name", TEXT_EVENTS)
def test_every_event_that_needs_text_ends_what_was_in_flight(name: str) -> None:
    assert states(read_all([*begun(), event(name, 1000, None, "bbbbbbbb")]))["aaaaaaaa"] == "aborted"


@pytest.mark.parametrize("name", ["stt_http_response_received", "v34_ollama_sent", "tts_pause_sent"])
def test_no_other_event_ends_what_was_in_flight(name: str) -> None:
    assert states(read_all([*begun(), event(name, 1000, None, "bbbbbbbb")]))["aaaaaaaa"] == "open"


def test_an_older_turn_ends_no_newer_one() -> None:
    """Its late events may come between those of the next."""
    events = [*begun(), event("v34_ollama_sent", 1000, None, "bbbbbbbb"), event("v34_webhook_received", 2000)]
    assert states(read_all(events)) == {"aaaaaaaa": "open", "bbbbbbbb": "open"}


def test_the_end_of_a_turn_ends_no_other_one() -> None:
    """Only words that begin a turn do. The one before it may still be spoken, and the one behind it has begun."""
    names = ("aaaaaaaa", "bbbbbbbb", "cccccccc")
    events = [event("v34_ollama_sent", 1000 * n, None, name) for n, name in enumerate(names)]
    for ended in names:
        told = states(read_all([*events, event("tts_resume_sent", 9000, None, ended)]))
        assert told == {**dict.fromkeys(names, "open"), ended: "complete"}


def test_every_older_turn_is_ended_in_whatever_order_they_came_and_no_newer_one() -> None:
    """The debug log told of ``aaaaaaaa`` first; its events arrive behind those of three newer turns."""
    assembler = TurnAssembler()
    begin = "*" * 45 + "BEGIN" + "*" * 45
    message = "*** Debug: Processing user message: hi [request_id=aaaaaaaa]"
    total = "--- Total process_user_message took: 1.00s"
    assembler.add_facts(V34Parser().feed([line.encode() for line in (begin, message, total)]))
    newer = ("bbbbbbbb", "cccccccc", "dddddddd")
    assembler.add_events([event("v34_ollama_sent", 1000, None, name) for name in (*newer, "aaaaaaaa")])
    turns = assembler.add_events([event("stt_transcript_finalized", 2000, None, "cccccccc")])
    assert states(turns) == {"aaaaaaaa": "aborted", "bbbbbbbb": "aborted"}
    assert {turn.reason for turn in turns} == {"turn cccccccc began before it ended"}


def test_a_turn_whose_events_come_behind_the_next_ones_is_ended_as_well() -> None:
    """The debug log told of the first turn; its events arrive when the next one is in flight."""
    assembler = TurnAssembler()
    begin = "*" * 45 + "BEGIN" + "*" * 45
    message = "*** Debug: Processing user message: hi [request_id=aaaaaaaa]"
    total = "--- Total process_user_message took: 1.00s"
    assembler.add_facts(V34Parser().feed([line.encode() for line in (begin, message, total)]))
    assembler.add_events([event("stt_pause_detected", 0, None, "bbbbbbbb"), event("v34_ollama_sent", 1000)])
    turns = assembler.add_events([event("stt_transcript_finalized", 2000, None, "bbbbbbbb")])
    assert states(turns) == {"aaaaaaaa": "aborted"}


@pytest.mark.parametrize(
    ("voiced", "with_tts", "state"),
    [(False, False, "complete"), (False, True, "aborted"), (True, False, "aborted"), (True, True, "aborted")],
)
def test_a_reply_is_the_end_only_where_the_voice_writes_no_events(voiced: bool, with_tts: bool, state: str) -> None:
    """A v34 whose voice has spoken once is waited for, and so is a turn that its voice has begun with."""
    first = [*(spoken if voiced else replied)("aaaaaaaa", 0, "one")]
    second = replied("bbbbbbbb", 10_000_000, "one")
    if with_tts:
        second.append(event("tts_request_received", 11_000_000, None, "bbbbbbbb"))
    third = replied("cccccccc", 20_000_000, "one")
    assert states(read_all([*first, *second, *third]))["bbbbbbbb"] == state


def test_a_voice_belongs_to_one_run_of_v34() -> None:
    first, second = spoken("aaaaaaaa", 0, "one"), replied("bbbbbbbb", 10_000_000, "two")
    assert states(read_all([*first, *second, *begun("cccccccc", 20_000_000)]))["bbbbbbbb"] == "complete"


def test_a_turn_without_a_reply_is_never_silently_complete() -> None:
    events = [event for event in replied("aaaaaaaa", 0) if event.event != "v34_sending_to_tts"]
    assert states(read_all([*events, *begun("bbbbbbbb", 1_000_000)]))["aaaaaaaa"] == "aborted"


def test_a_voice_that_comes_late_completes_even_an_aborted_turn() -> None:
    assembler = TurnAssembler()
    assembler.add_events(begun())
    (aborted,) = assembler.add_events(begun("bbbbbbbb", 1000))
    (whole,) = assembler.add_events([event("tts_resume_sent", 2000)])
    assert (aborted.state, whole.state, whole.reason) == (TurnState.ABORTED, TurnState.COMPLETE, "")
    assert aborted.ordinal == whole.ordinal == 0


def test_a_closed_turn_keeps_its_end_when_late_events_come() -> None:
    """Closed twice: the first end stays, whatever is in flight by then."""
    assembler = TurnAssembler()
    assembler.add_events([*begun(), *begun("bbbbbbbb", 1000)], 0.0)
    (late,) = assembler.add_events([event("v34_webhook_received", 3000)], 1.0)
    assert (late.request_id, late.state, late.reason) == (
        "aaaaaaaa",
        TurnState.ABORTED,
        "turn bbbbbbbb began before it ended",
    )
    assert [turn.request_id for turn in assembler.tick(1000.0)] == ["bbbbbbbb"]


@pytest.mark.parametrize(("apart_s", "turns"), [(599.999, 1), (600.0, 1), (600.001, 2), (-600.0, 1), (-600.001, 2)])
def test_an_id_of_a_turn_that_is_over_is_another_turn_ten_minutes_later(apart_s: float, turns: int) -> None:
    """Clocks step by seconds; ids collide in days."""
    first = spoken("aaaaaaaa", 0)
    again = event("stt_transcript_finalized", 2_000_000 + round(apart_s * 1e6))
    assert len(read_all([*first, again])) == turns


@pytest.mark.parametrize(("name", "count"), [("v34_webhook_received", 1), ("stt_transcript_finalized", 2)])
def test_an_id_in_flight_is_another_turn_where_it_begins_anew(name: str, count: int) -> None:
    """Ten minutes later: an event that it lacks is its own, one that it has is another turn's, and it had timed out."""
    turns = read_all([*begun(), event(name, 600_001_000)])
    assert len(turns) == count
    assert turns[0].state is (TurnState.OPEN if count == 1 else TurnState.TIMED_OUT)


def test_an_unknown_event_begins_anew_as_well() -> None:
    strange = [event("v35_new_thing", 0), event("v35_new_thing", 600_001_000)]
    assert len(read_all(strange)) == 2
    assert len(read_all([strange[0], event("v35_other", 600_001_000)])) == 1


@pytest.mark.parametrize(("apart_s", "turns"), [(-599.999, 2), (0.0, 2), (599.999, 2), (600.0, 3), (-600.0, 3)])
def test_a_turn_that_is_out_of_reach_is_not_told_twice(apart_s: float, turns: int) -> None:
    """A log that was rewritten is read again: one closed turn is remembered, the other known by its id and time."""
    events = [
        *spoken("aaaaaaaa", 0),
        *spoken("bbbbbbbb", 2_000_000),
        event("stt_transcript_finalized", 2_000_000 + round(apart_s * 1e6)),
    ]
    assert len(read_all(events, remember=1)) == turns


def test_events_are_given_only_to_those_who_keep_them() -> None:
    events = [*begun(), event("tts_resume_sent", 1000)]
    assert [len(turn.events) for turn in read_all(events)] == [3]
    assert [len(turn.events) for turn in read_all(events, keep_events=False)] == [0]
    assembler = TurnAssembler()
    assembler.add_events(begun())
    assert assembler.open_turn is not None
    assert assembler.open_turn.events == ()


def test_a_turn_out_of_step_with_its_own_stamps_is_built_from_the_earliest_and_the_latest() -> None:
    turn = read_all([event("stt_transcript_finalized", 5000), event("v35_new_thing", 1000), event("v35_other", 9000)])[
        0
    ]
    assert (turn.started, turn.ended) == (at(0.001), at(0.009))


def test_the_turn_in_flight_is_the_newest() -> None:
    assembler = TurnAssembler()
    assert assembler.open_turn is None
    assert assembler.phase == ""
    assembler.add_events([event("stt_pause_detected", 0), event("stt_transcript_finalized", 0)])
    assert assembler.open_turn is not None
    assert assembler.open_turn.state is TurnState.OPEN
    assembler.add_events([event("v34_ollama_sent", 9, None, "bbbbbbbb")])
    assert assembler.open_turn.request_id == "bbbbbbbb"


PHASES = {
    "stt_pause_detected": "stt_final",
    "stt_transcript_finalized": "stt_final",
    "stt_http_request_start": "hop_in",
    "v34_flask_handler_entry": "classify",
    "v34_classification_start": "classify",
    "v34_classification_complete": "",
    "v34_memory_storage_start": "store",
    "v34_memory_storage_complete": "",
    "v34_retrieval_start": "retrieve",
    "v34_retrieval_embedding_start": "retrieve",
    "v34_retrieval_complete": "prompt",
    "v34_prompt_built": "prompt",
    "v34_ollama_sent": "llm",
    "v34_ollama_received": "reply",
    "v34_sending_to_tts": "hop_out",
    "tts_request_received": "mute",
    "tts_pause_sent": "mute",
    "tts_synthesis_start": "tts",
    "tts_audio_playback_start": "playback",
    "tts_audio_playback_complete": "rearm",
    "tts_resume_sent": "",
}
"""Event → the stage that runs from then on, of the table in the design."""


def test_the_phase_after_each_event() -> None:
    assembler = TurnAssembler()
    seen = {}
    assembler.add_events([event("stt_pause_detected", 0), event("v35_new_thing", 1)])
    seen["stt_pause_detected"] = assembler.phase
    for number, name in enumerate(PHASES):
        if name not in seen:
            assembler.add_events([event(name, 1000 * number)])
            seen[name] = assembler.phase
    assert seen == PHASES


@pytest.mark.parametrize(
    ("name", "phase"),
    [("stt_sending_to_v34", "hop_in"), ("v34_webhook_received", "classify"), ("v35_new", "stt_final")],
)
def test_the_phase_after_an_event_of_second_choice(name: str, phase: str) -> None:
    assembler = TurnAssembler()
    assembler.add_events([event("stt_pause_detected", 0), event(name, 1)])
    assert assembler.phase == phase


def test_ordinals_are_handed_out_once() -> None:
    assembler = TurnAssembler()
    assert [assembler.take_ordinal(), assembler.take_ordinal()] == [0, 1]
    assembler.add_events(begun())
    assert assembler.take_ordinal() == 3


def test_several_changed_turns_come_back_by_ordinal() -> None:
    """The later turn changes first: its own late event, then the one that completes the earlier."""
    assembler = TurnAssembler()
    assembler.add_events([*spoken("aaaaaaaa", 0), *spoken("bbbbbbbb", 3_000_000)])
    late = "stt_http_response_received"
    turns = assembler.add_events([event(late, 5_000_000, None, "bbbbbbbb"), event(late, 5_000_000)])
    assert [turn.request_id for turn in turns] == ["aaaaaaaa", "bbbbbbbb"]


def line(name: str, seconds: float, request_id: str = "aaaaaaaa") -> bytes:
    fields = {"timestamp": at(seconds), "request_id": request_id, "event": name, "service": "v34"}
    return json.dumps(fields).encode()


def test_a_reading_knows_its_newest_stamp_and_what_it_could_not_read() -> None:
    ingest = Ingest(60.0)
    assert ingest.newest_stamp is None
    # More lines than are decoded at once; the newest is the last one of the last portion.
    ingest.feed("latency", [line("v35_new", number, f"id{number // 100}") for number in range(900)])
    assert ingest.newest_stamp == at(899)
    ingest.feed("latency", [b"hello"])
    assert ingest.newest_stamp == at(899)
    assert dict(ingest.unparsed) == {"not JSON": 1}


def test_portions_of_lines_change_nothing() -> None:
    """1201 turns of three lines each, so that portions end within a turn; every turn comes back once."""
    lines = [
        line(name, 3.0 * number, f"{number:08x}")
        for number in range(1201)
        for name in ("stt_transcript_finalized", "v34_webhook_received", "tts_resume_sent")
    ]
    turns = Ingest(60.0).feed("latency", lines)
    assert [turn.ordinal for turn in turns] == list(range(1201))
    assert {len(turn.events) for turn in turns} == {3}
