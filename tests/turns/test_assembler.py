"""Faults in the order, number and stamps of events: every event ends up in one turn, and every ledger sums."""

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.turns.golden import LATENCY, by_id, headline_by_events, read
from timmy_tui.model.turn import Event, Span, Turn, TurnState
from timmy_tui.parse.latency_log import LatencyParser
from timmy_tui.turns.assembler import TurnAssembler

EVENTS = LatencyParser().feed(LATENCY)
ONE = [event for event in EVENTS if event.request_id == "ac0ae4e2"]


def assemble(events: list[Event], silent_s: float | None = None) -> list[Turn]:
    """All turns; with ``silent_s`` as they are when nothing more has arrived for so long."""
    assembler = TurnAssembler()
    turns = {turn.ordinal: turn for turn in assembler.add_events(events)}
    if silent_s is not None:
        assembler.begin_live(0.0)
        turns.update((turn.ordinal, turn) for turn in assembler.tick(silent_s))
    turns.update((turn.ordinal, turn) for turn in assembler.finish())
    return [turns[ordinal] for ordinal in sorted(turns)]


def moved(event: Event, seconds: float) -> Event:
    return Event(event.timestamp + seconds, event.request_id, event.event, event.service, event.metadata)


def renamed(events: list[Event], request_id: str, seconds: float = 0.0) -> list[Event]:
    return [Event(one.timestamp + seconds, request_id, one.event, one.service, one.metadata) for one in events]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.floats(0, 0.5), st.floats(0, 0.5))
def test_shuffled_dropped_and_doubled_events(seed: int, drop: float, double: float) -> None:
    """T16, T17."""
    chance = random.Random(seed)
    events = [event for event in EVENTS if chance.random() >= drop]
    events += [event for event in events if chance.random() < double]
    chance.shuffle(events)
    turns = assemble(events, silent_s=61.0)
    told = Counter(id(event) for turn in turns for event in turn.events)
    assert told <= Counter(map(id, events))
    # A pause alone is no turn, and one that comes twice before its text is one.
    assert told >= Counter(id(event) for event in events if event.event != "stt_pause_detected")
    assert len({turn.ordinal for turn in turns}) == len(turns)
    for turn in turns:
        assert turn.state is not TurnState.OPEN
        if turn.headline_ms is not None:
            assert turn.headline_ms >= 0
            assert turn.headline_ms == pytest.approx(headline_by_events(turn), abs=0.002)
        for key, value in turn.stages.items():
            assert value is None or value >= 0, key


def test_a_doubled_event_counts_once() -> None:
    """T16."""
    doubled = [copy for event in ONE for copy in (event, event)]
    (turn,) = assemble(doubled)
    (clean,) = assemble(ONE)
    assert turn.stages == clean.stages
    # A pause that comes twice before its text is one.
    assert len(turn.events) == 2 * len(ONE) - 1


def test_an_id_that_comes_back_is_another_turn() -> None:
    """T16: about 16 pairs in 370 000 turns."""
    again = assemble([*ONE, *renamed(ONE, "ac0ae4e2", 86_400)])
    assert [turn.state for turn in again] == [TurnState.COMPLETE, TurnState.COMPLETE]
    assert again[0].v2v_ms == again[1].v2v_ms


@pytest.mark.parametrize("gone", range(len(ONE)), ids=[event.event for event in ONE])
def test_each_event_missing_in_turn(gone: int) -> None:
    """T17: what the event bounded is not measured, the rest is, and the ledger still sums."""
    events = [event for number, event in enumerate(ONE) if number != gone]
    (turn,) = assemble(events, silent_s=61.0)
    (whole,) = assemble(ONE)
    if ONE[gone].event == "tts_resume_sent":
        assert (turn.state, turn.reason) == (TurnState.TIMED_OUT, "no further event")
    else:
        assert turn.state is TurnState.COMPLETE
    assert turn.headline_ms is not None
    assert turn.headline_ms == pytest.approx(headline_by_events(turn), abs=0.002)
    if turn.span is Span.V2V:
        assert turn.v2v_ms == whole.v2v_ms


def test_a_new_turn_aborts_the_one_in_flight() -> None:
    other = renamed(ONE, "bbbbbbbb", 3.0)
    turns = by_id(assemble([*ONE[:17], *other]))
    assert turns["ac0ae4e2"].state is TurnState.ABORTED
    assert turns["ac0ae4e2"].reason == "turn bbbbbbbb began before it ended"
    assert turns["bbbbbbbb"].state is TurnState.COMPLETE


def test_a_pause_in_mid_turn_aborts_nothing() -> None:
    pause = renamed(ONE[:1], "cccccccc", 2.0)
    turns = by_id(assemble([*ONE[:17], *pause, *ONE[17:]], silent_s=10.0))
    assert turns["ac0ae4e2"].state is TurnState.COMPLETE
    assert set(turns) == {"ac0ae4e2"}


def test_late_events_tell_more_of_a_closed_turn_and_open_none() -> None:
    late = next(event for event in ONE if event.event == "stt_http_response_received")
    assembler = TurnAssembler()
    (closed,) = assembler.add_events([event for event in ONE if event is not late])
    (revised,) = assembler.add_events([late])
    assert (revised.ordinal, revised.state) == (closed.ordinal, TurnState.COMPLETE)
    assert len(revised.events) == len(ONE)
    assert assembler.open_turn is None


def test_without_any_voice_events_a_sent_reply_is_complete() -> None:
    silent = [event for event in ONE if event.service != "tts"]
    turns = assemble([*silent, *renamed(silent, "dddddddd", 20.0)], silent_s=61.0)
    assert [turn.state for turn in turns] == [TurnState.COMPLETE, TurnState.COMPLETE]
    assert {turn.span for turn in turns} == {Span.SPEECH_TO_REPLY}
    assert all(turn.headline_ms == pytest.approx(headline_by_events(turn), abs=0.002) for turn in turns)


def test_older_logs_without_stt_times_or_handler_entry() -> None:
    lacking = {"stt_pause_detected", "stt_http_request_start", "stt_http_response_received", "v34_flask_handler_entry"}
    older = [
        event
        for event in ONE
        if event.event not in lacking and "embedding" not in event.event and "query" not in event.event
    ]
    (turn,) = assemble(older)
    assert turn.span is Span.PAUSE_TO_SOUND
    assert turn.v2v_ms is None
    assert turn.stages["endpointing"] is None
    assert turn.stages["hop_in"] is not None
    assert turn.headline_ms == pytest.approx(headline_by_events(turn), abs=0.002)
    only_v34 = [event for event in ONE if event.service == "v34"]
    (alone,) = assemble(only_v34, silent_s=61.0)
    assert (alone.span, alone.state) == (Span.V34, TurnState.COMPLETE)


@pytest.mark.parametrize("shift", [-5.0, 5.0])
def test_two_clocks_apart(shift: float) -> None:
    """T15: the hops are unknown, their sum and all else is as it was, and the bounds say how far."""
    skewed = [moved(event, shift) if event.service == "v34" else event for event in ONE]
    (turn,) = assemble(skewed)
    (clean,) = assemble(ONE)
    assert turn.v2v_ms == clean.v2v_ms
    hops = {"hop_in": None, "hop_out": None}
    assert turn.stages == {**clean.stages, **hops}
    assert dict(turn.unmeasured) == dict.fromkeys(hops, "clocks differ")
    assert turn.gaps == clean.gaps
    low, high = turn.offset_bounds
    assert low is not None
    assert high is not None
    assert low <= 1000 * shift <= high
    assert turn.headline_ms == pytest.approx(headline_by_events(turn), abs=0.002)


def test_a_clock_that_steps_back_in_mid_turn() -> None:
    """T15: what spans the step is not measured; nothing is negative but a hop."""
    at = next(number for number, event in enumerate(ONE) if event.event == "v34_ollama_received")
    stepped = [
        moved(event, -1.0) if event.service == "v34" and number >= at else event for number, event in enumerate(ONE)
    ]
    (turn,) = assemble(stepped)
    (clean,) = assemble(ONE)
    gone = {"llm", "wait", "hop_in", "hop_out", "network"}
    assert dict(turn.unmeasured) == dict.fromkeys((*gone, "V2V"), "a clock stepped")
    assert turn.stages == {key: None if key in gone else ms for key, ms in clean.stages.items()}
    assert (turn.headline_ms, turn.v2v_ms, turn.unattributed_ms, turn.gaps) == (None, None, None, ())
    assert (turn.state, turn.span) == (TurnState.COMPLETE, Span.V2V)


def test_the_phase_in_flight() -> None:
    assembler = TurnAssembler()
    seen = []
    for event in ONE:
        assembler.add_events([event])
        seen.append((event.event, assembler.phase))
    phases = dict(seen)
    assert phases["stt_pause_detected"] == ""
    assert phases["stt_transcript_finalized"] == "stt_final"
    assert phases["v34_webhook_received"] == "classify"
    assert phases["v34_classification_complete"] == ""
    assert phases["v34_retrieval_query_complete"] == "retrieve"
    assert phases["v34_ollama_sent"] == "llm"
    assert phases["stt_http_response_received"] == "mute"
    assert phases["tts_audio_playback_start"] == "playback"
    assert phases["tts_resume_sent"] == ""


def test_several_query_pairs_are_summed() -> None:
    at = next(number for number, event in enumerate(ONE) if event.event == "v34_retrieval_query_complete")
    start, complete = ONE[at - 1], ONE[at]
    spent = complete.timestamp - start.timestamp
    later = [moved(one, spent) for one in ONE[at + 1 :]]
    more = [*ONE[: at + 1], moved(start, spent), moved(complete, spent), complete, *later]
    (turn,) = assemble(more)
    (clean,) = assemble(ONE)
    assert turn.stages["query"] == pytest.approx(2 * clean.stages["query"], abs=0.002)  # type: ignore[operator]


def test_unknown_events_are_kept() -> None:
    strange = Event(ONE[3].timestamp, "ac0ae4e2", "v35_new_thing", "v35", {"x": [1]})
    (turn,) = assemble([*ONE[:4], strange, *ONE[4:]])
    assert strange in turn.events
    assert turn.state is TurnState.COMPLETE


@pytest.mark.parametrize("value", ["5", None, [], {}, float("nan"), -3, 1e300, True])
def test_metadata_of_the_wrong_type_is_unknown_not_zero(value: object) -> None:
    bent = [
        Event(one.timestamp, one.request_id, one.event, one.service, dict.fromkeys(one.metadata, value)) for one in ONE
    ]
    (turn,) = assemble(bent)
    assert turn.prompt_tokens is None
    assert turn.text_length is None
    assert turn.session_id is None or isinstance(turn.session_id, str)


def test_typed_turns_come_from_the_debug_log_between_the_others() -> None:
    debug = (
        "{star}BEGIN{star}\n*** Debug: Processing user message: hello [request_id=aaaaaaaa]\n"
        "--- Step 5 (Megaprompt LLM Call) took: 0.70s\n--- Total process_user_message took: 0.80s\n"
        "{star}BEGIN{star}\n*** Debug: Processing user message: typed\n"
        "--- Step 5 (Megaprompt LLM Call) took: 0.50s\n--- Total process_user_message took: 0.60s\n"
    ).format(star="*" * 45)
    turns = read(("v34", debug.encode().splitlines()))
    assert [(turn.request_id, turn.text, turn.headline_ms) for turn in turns] == [
        ("aaaaaaaa", "hello", 800.0),
        ("", "typed", 600.0),
    ]


def test_two_sessions_interleaved() -> None:
    def session(name: str, at: float) -> list[Event]:
        return [
            Event(
                event.timestamp + at, f"{name}{at:07.0f}", event.event, event.service,
                {**event.metadata, "session_id": name} if event.event == "v34_webhook_received" else event.metadata,
            )
            for event in ONE
        ]  # fmt: skip

    events = [event for number in range(6) for event in session("ab"[number % 2], 20.0 * number)]
    assert [turn.session_id for turn in assemble(events)] == ["a", "b"] * 3
    assert [turn.session for turn in assemble(events)] == [1, 2] * 3


def test_a_log_read_again_doubles_no_turn() -> None:
    """T3: rewritten in place, with more turns than the assembler remembers whole."""
    events = [event for number in range(700) for event in renamed(ONE, f"{number:08x}", 20.0 * number)]
    assembler = TurnAssembler()
    first = {turn.ordinal for turn in assembler.add_events(events)}
    again = {turn.ordinal for turn in assembler.add_events(events)}
    assert len(first) == 700
    assert again <= first
    assert assembler.open_turn is None
