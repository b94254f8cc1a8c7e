"""First to last event, and the same without the speech: each edge, from whole microseconds."""

from collections.abc import Sequence

import pytest

from tests.turns.events import event, read_all, read_one
from timmy_tui.model.turn import Event, Turn, TurnState

MS = 1000
SPOKEN = (
    ("stt_pause_detected", 0), ("stt_transcript_finalized", 40), ("stt_http_request_start", 41),
    ("v34_flask_handler_entry", 45), ("v34_webhook_received", 46), ("v34_ollama_sent", 100),
    ("v34_ollama_received", 900), ("v34_sending_to_tts", 903), ("tts_request_received", 910),
    ("stt_http_response_received", 912), ("tts_synthesis_start", 1120), ("tts_audio_playback_start", 1800),
    ("tts_audio_playback_complete", 4800), ("tts_resume_sent", 5100),
)  # fmt: skip
"""(event, ms) of one turn: 5.1 s, of which 3 s are speech."""


def events(*rows: tuple[str, float]) -> list[Event]:
    return [event(name, round(at * MS)) for name, at in rows]


def without(*names: str) -> list[tuple[str, int]]:
    return [row for row in SPOKEN if row[0] not in names]


def shifted(service: str, ms: int, rows: Sequence[tuple[str, int]] = SPOKEN) -> list[tuple[str, int]]:
    """The rows with one clock ahead by so much."""
    return [(name, at + ms * name.startswith(service)) for name, at in rows]


def times(turn: Turn) -> tuple[float | None, float | None, float | None]:
    return turn.end_to_end_ms, turn.stages["playback"], turn.processing_ms


def test_first_to_last_event_and_the_speech_taken_out() -> None:
    assert times(read_one(events(*SPOKEN))) == (5100.0, 3000.0, 2100.0)


def test_a_microsecond_is_one() -> None:
    turn = read_one([event("v34_ollama_sent", 0), event("v34_ollama_received", 1)])
    assert times(turn) == (0.001, None, 0.001)


def test_one_event_is_no_span() -> None:
    assert times(read_one(events(("v34_webhook_received", 0)))) == (None, None, None)


def test_two_events_at_one_moment_are_a_span_of_nothing() -> None:
    rows = [event("v34_flask_handler_entry", 5), event("v34_webhook_received", 5)]
    assert read_one(rows).end_to_end_ms == 0.0


def test_a_lone_pause_has_no_times_because_it_is_no_turn() -> None:
    assert read_all(events(("stt_pause_detected", 0))) == []


def test_without_speech_all_of_it_is_processing() -> None:
    """The model or TTS failed: nothing was spoken, which is not a speech of 0 s."""
    rows = without("tts_audio_playback_start", "tts_audio_playback_complete", "tts_resume_sent")
    assert times(read_one(events(*rows))) == (1120.0, None, 1120.0)


def test_a_turn_whose_last_event_is_the_first_sound_holds_no_speech() -> None:
    rows = without("tts_audio_playback_complete", "tts_resume_sent")
    assert times(read_one(events(*rows))) == (1800.0, None, 1800.0)


@pytest.mark.parametrize("missing", ["tts_audio_playback_start", "tts_audio_playback_complete"])
def test_half_of_a_speech_leaves_the_processing_unknown(missing: str) -> None:
    """The end of the turn lies behind a speech of unknown length."""
    assert times(read_one(events(*without(missing)))) == (5100.0, None, None)


def test_of_two_speeches_the_first_counts() -> None:
    again = (("tts_audio_playback_start", 5200), ("tts_audio_playback_complete", 6200), ("tts_resume_sent", 6500))
    rows = [*without("tts_resume_sent"), *again]
    assert times(read_one(events(*rows))) == (6500.0, 3000.0, 3500.0)


def test_an_event_between_the_two_of_the_speech_changes_nothing() -> None:
    rows = [(name, 2000 if name == "stt_http_response_received" else at) for name, at in SPOKEN]
    assert times(read_one(events(*rows))) == (5100.0, 3000.0, 2100.0)


def test_an_event_that_is_not_known_is_first_or_last_too() -> None:
    assert times(read_one(events(*SPOKEN, ("tts_lights_off", 5600)))) == (5600.0, 3000.0, 2600.0)
    rows = (("v34_woken", 0), ("v34_ollama_sent", 50), ("v34_ollama_received", 90), ("v34_asleep", 95))
    assert read_one(events(*rows)).end_to_end_ms == 95.0


@pytest.mark.parametrize("ahead_ms", [2, 5000, -5000, 90_000, -90_000])
def test_v34s_clock_is_no_matter_where_stt_begins_and_tts_ends(ahead_ms: int) -> None:
    assert times(read_one(events(*shifted("v34", ahead_ms)))) == (5100.0, 3000.0, 2100.0)


@pytest.mark.parametrize("ahead_ms", [5000, -5000])
def test_without_tts_the_answer_that_stt_got_ends_it_on_the_same_clock(ahead_ms: int) -> None:
    rows = [row for row in SPOKEN if not row[0].startswith("tts")]
    assert times(read_one(events(*shifted("v34", ahead_ms, rows)))) == (912.0, None, 912.0)


def test_a_span_across_two_clocks_that_differ_is_unknown() -> None:
    rows = [row for row in SPOKEN if not row[0].startswith("tts") and row[0] != "stt_http_response_received"]
    assert read_one(events(*rows)).end_to_end_ms == 903.0
    assert times(read_one(events(*shifted("v34", -5000, rows)))) == (None, None, None)
    no_stt = [row for row in SPOKEN if not row[0].startswith("stt")]
    assert read_one(events(*no_stt)).end_to_end_ms == 5055.0
    assert times(read_one(events(*shifted("v34", 5000, no_stt)))) == (None, 3000.0, None)


def stepped(clock: str, behind: str, step_ms: int) -> Turn:
    """One clock, ``stt`` and ``tts`` are the same, steps directly behind an event."""
    at = next(at for name, at in SPOKEN if name == behind)
    clocks = ("stt", "tts") if clock == "voice" else (clock,)
    return read_one(events(*((name, ms + step_ms * (ms > at and name.startswith(clocks))) for name, ms in SPOKEN)))


def test_a_step_of_v34s_clock_that_its_own_stamps_show_spoils_only_what_v34_stamped() -> None:
    turn = stepped("v34", "v34_ollama_sent", -4000)
    assert "a clock stepped" in turn.unmeasured.values()
    assert times(turn) == (5100.0, 3000.0, 2100.0)


def test_a_step_that_may_be_of_either_clock_spoils_the_whole() -> None:
    """v34's forward or the other one back: only the hops show it, and they show no more."""
    assert times(stepped("v34", "v34_ollama_sent", 4000)) == (None, 3000.0, None)


def test_a_step_of_the_voice_services_clock_spoils_the_whole() -> None:
    turn = stepped("voice", "tts_synthesis_start", -4000)
    assert turn.unmeasured["deaf"] == "a clock stepped"
    assert times(turn) == (None, 3000.0, None)


def test_a_sleep_spoils_the_whole() -> None:
    at = next(at for name, at in SPOKEN if name == "v34_ollama_sent")
    turn = read_one(events(*((name, ms + 7_200_000 * (ms > at)) for name, ms in SPOKEN)))
    assert turn.state is TurnState.COMPLETE
    assert times(turn) == (None, 3000.0, None)
