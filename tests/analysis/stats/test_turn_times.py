"""Means of whole turns, of steps and of a session: what is in them, and what never is."""

from typing import Any

import pytest

from tests.turn_makers import complete_turn
from tests.turns.events import event, read_one
from timmy_tui.analysis.stats.turn_times import (
    Spread,
    llm_trend,
    mean_steps,
    prompt_trend,
    spread,
    steps_of,
    trend,
    turn_times,
)
from timmy_tui.model.turn import Event, Turn, TurnState

MS = 1000


def turn(ordinal: int, whole: float | None, speech: float | None = None, **fields: Any) -> Turn:
    """Of so many ms, of which ``speech`` were played."""
    known: dict[str, Any] = {
        "end_to_end_ms": whole,
        "processing_ms": None if whole is None else whole - (speech or 0.0),
        "stages": {"playback": speech, "llm": whole},
    }
    return complete_turn(ordinal, **{**known, **fields})


def test_mean_shortest_and_longest_of_the_known_values() -> None:
    assert spread([3.0, None, 1.0, 8.0]) == Spread(4.0, 1.0, 8.0, 3)
    assert spread([0.0]) == Spread(0.0, 0.0, 0.0, 1)
    assert spread([None]) is None


def test_each_time_has_its_own_n() -> None:
    times = turn_times([turn(0, 5000.0, 3000.0), turn(1, 900.0), turn(2, None, 1000.0)])
    assert times["processing"] == Spread(1450.0, 900.0, 2000.0, 2)
    assert times["playback"] == Spread(2000.0, 1000.0, 3000.0, 2)
    assert times["end_to_end"] == Spread(2950.0, 900.0, 5000.0, 2)


def test_a_turn_without_speech_is_in_no_mean_of_the_speech() -> None:
    """Not as a speech of 0 s."""
    assert turn_times([turn(0, 900.0)])["playback"] is None


@pytest.mark.parametrize("state", [TurnState.COMPLETE, TurnState.FAILED, TurnState.ABORTED, TurnState.TIMED_OUT])
def test_a_turn_counts_however_it_ended(state: TurnState) -> None:
    end_to_end = turn_times([turn(0, 1000.0), turn(1, 3000.0, state=state)])["end_to_end"]
    assert end_to_end is not None and end_to_end.n == 2


@pytest.mark.parametrize("fields", [{"state": TurnState.OPEN}, {"typed": True}, {"logs": "kv_stats"}])
def test_what_is_in_flight_or_was_not_spoken_is_in_no_mean(fields: dict[str, Any]) -> None:
    turns = [turn(0, 1000.0, 400.0), turn(1, 9000.0, 4000.0, prompt_tokens_est=9, **fields)]
    assert turn_times(turns) == turn_times(turns[:1])
    assert llm_trend(turns) == llm_trend(turns[:1])
    assert prompt_trend(turns) is None
    rows = [event("v34_ollama_sent", 0), event("v34_ollama_received", 1)]
    assert mean_steps([turn(1, 1.0, events=tuple(rows), **fields)]) == {}


def test_no_turn_has_no_times() -> None:
    assert turn_times([]) == {"processing": None, "playback": None, "end_to_end": None}
    assert mean_steps([]) == {}


def one(*rows: tuple[str, float]) -> Turn:
    return read_one([event(name, round(at * MS)) for name, at in rows], timeout_s=60.0)


def closed(*rows: tuple[str, float]) -> Turn:
    found = one(*rows, ("tts_resume_sent", 9000))
    assert found.state is TurnState.COMPLETE
    return found


def names(turns: list[Turn]) -> list[str]:
    return list(mean_steps(turns))


def test_steps_are_between_neighbours_by_stamp_in_the_order_of_a_turn_without_the_speech() -> None:
    first = closed(("tts_audio_playback_start", 100), ("tts_audio_playback_complete", 900), ("v34_sending_to_tts", 50))
    second = closed(("v34_ollama_sent", 10), ("v34_ollama_received", 30), ("v34_sending_to_tts", 34))
    assert names([first, second]) == [
        "v34_ollama_sent → v34_ollama_received",
        "v34_ollama_received → v34_sending_to_tts",
        "v34_sending_to_tts → tts_audio_playback_start",
        "v34_sending_to_tts → tts_resume_sent",
        "tts_audio_playback_complete → tts_resume_sent",
    ]
    assert mean_steps([first, second])["v34_ollama_sent → v34_ollama_received"].mean == pytest.approx(20.0)


def test_an_event_of_a_stranger_comes_last() -> None:
    found = closed(("v34_ollama_sent", 0), ("v34_dreaming", 5), ("v34_ollama_received", 9))
    assert names([found])[-1] == "v34_dreaming → v34_ollama_received"


def test_a_step_that_comes_twice_in_a_turn_counts_twice() -> None:
    rows = [
        ("v34_retrieval_query_start", 0), ("v34_retrieval_query_complete", 10), ("v34_retrieval_query_start", 11),
        ("v34_retrieval_query_complete", 41),
    ]  # fmt: skip
    step = mean_steps([closed(*rows)])["v34_retrieval_query_start → v34_retrieval_query_complete"]
    assert step.mean == pytest.approx(20.0)
    assert step.n == 2


SPOKEN = (
    ("stt_transcript_finalized", 0), ("stt_http_request_start", 1), ("v34_flask_handler_entry", 4),
    ("v34_ollama_sent", 10), ("v34_ollama_received", 810), ("v34_sending_to_tts", 813), ("tts_request_received", 820),
    ("stt_http_response_received", 822), ("tts_synthesis_start", 1030),
)  # fmt: skip


def test_where_the_clocks_differ_only_steps_of_one_service_are_durations() -> None:
    apart = [(name, at - 5000 * name.startswith("v34")) for name, at in SPOKEN]
    found = closed(*apart)
    assert found.unmeasured["hop_in"] == "clocks differ"
    assert {(before, after): round(ms) for before, after, ms in steps_of(found)} == {
        ("stt_transcript_finalized", "stt_http_request_start"): 1,
        ("stt_http_request_start", "stt_http_response_received"): 821,
        ("v34_flask_handler_entry", "v34_ollama_sent"): 6,
        ("v34_ollama_sent", "v34_ollama_received"): 800,
        ("v34_ollama_received", "v34_sending_to_tts"): 3,
        ("tts_request_received", "tts_synthesis_start"): 210,
        ("tts_synthesis_start", "tts_resume_sent"): 7970,
    }
    assert ("stt_http_request_start", "v34_flask_handler_entry") in {step[:2] for step in steps_of(closed(*SPOKEN))}


@pytest.mark.parametrize("step_ms", [-4000, 7_200_000])
def test_a_turn_with_a_step_or_a_sleep_has_no_steps(step_ms: int) -> None:
    rows = [(name, at + step_ms * (at > 10)) for name, at in SPOKEN]
    found = one(*rows)
    assert {"a clock stepped", "asleep, or a clock stepped: a gap above the time-out"} & set(found.unmeasured.values())
    assert list(steps_of(found)) == []


def test_a_turn_without_its_events_has_no_steps() -> None:
    assert mean_steps([turn(0, 5.0)]) == {}
    assert mean_steps([turn(0, 5.0, events=(Event(1.0, "a", "v34_ollama_sent", "v34"),))]) == {}


def test_a_trend_is_first_last_and_the_first_over_the_mean_of_the_others() -> None:
    found = trend([600.0, None, 200.0, 100.0])
    assert found is not None
    assert (found.first, found.last, found.spread) == (600.0, 100.0, Spread(300.0, 100.0, 600.0, 3))
    assert found.first_to_others == pytest.approx(4.0)
    alone = trend([5.0])
    assert alone is not None and alone.first_to_others is None
    nothing_after = trend([5.0, 0.0])
    assert nothing_after is not None and nothing_after.first_to_others is None
    assert trend([None]) is None
