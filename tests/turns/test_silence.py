"""When a turn is over: by our own clock while its lines arrive, by its own writer's stamps in a backlog."""

import pytest

from tests.turns.events import event
from timmy_tui.model.turn import TurnState
from timmy_tui.turns.assembler import TurnAssembler

HOUR_US = 3_600_000_000
TEXT = event("stt_transcript_finalized", 0)
SENT = event("v34_ollama_sent", 900_000)


@pytest.mark.parametrize("timeout_s", [60.0, 7.5])
def test_live_it_is_the_time_since_its_last_line_arrived(timeout_s: float) -> None:
    assembler = TurnAssembler(timeout_s=timeout_s)
    assembler.add_events([TEXT], 100.0)
    assembler.add_events([SENT], 161.0)
    assert assembler.tick(161.0 + timeout_s) == []
    (turn,) = assembler.tick(161.001 + timeout_s)
    assert (turn.state, turn.reason) == (TurnState.TIMED_OUT, "no further event")
    assert not assembler.busy


@pytest.mark.parametrize("shift_us", [-HOUR_US, HOUR_US, 90_000_000])
def test_live_no_stamp_counts(shift_us: int) -> None:
    """Clocks minutes apart, a writer behind, a step: only when the lines arrive matters."""
    assembler = TurnAssembler()
    assembler.add_events([TEXT], 100.0)
    assembler.add_events([event("v34_ollama_sent", shift_us)], 101.0)
    assembler.add_events([event("stt_pause_detected", shift_us + 99, None, "bbbbbbbb")], 102.0)
    assert assembler.tick(160.0) == []
    assert assembler.busy


def test_a_late_line_of_another_turn_is_none_of_this_one() -> None:
    assembler = TurnAssembler()
    assembler.add_events([TEXT], 100.0)
    assembler.add_events([event("v34_ollama_sent", 5, None, "bbbbbbbb")], 155.0)
    assert [turn.request_id for turn in assembler.tick(161.0)] == ["aaaaaaaa"]


def test_a_turn_of_the_backlog_has_the_whole_time_out_from_the_first_tick_on() -> None:
    assembler = TurnAssembler()
    assembler.add_events([TEXT])
    assert assembler.tick(5000.0) == assembler.tick(5060.0) == []
    assert [turn.state for turn in assembler.tick(5060.001)] == [TurnState.TIMED_OUT]


def test_a_backlog_that_was_written_long_ago_is_over_at_once() -> None:
    assembler = TurnAssembler()
    assembler.add_events([TEXT])
    assembler.begin_live(5000.0 - 60.001)
    assert [turn.state for turn in assembler.tick(5000.0)] == [TurnState.TIMED_OUT]


@pytest.mark.parametrize(("seconds", "over"), [(60.0, False), (60.001, True)])
@pytest.mark.parametrize("writer", ["stt_pause_detected", "tts_request_received"])
def test_in_a_backlog_the_same_clock_tells(seconds: float, over: bool, writer: str) -> None:
    """STT and TTS share one."""
    assembler = TurnAssembler()
    turns = assembler.add_events([TEXT, event(writer, round(seconds * 1e6), None, "bbbbbbbb")])
    assert [turn.state for turn in turns if turn.request_id == "aaaaaaaa"] == [TurnState.TIMED_OUT] * over


@pytest.mark.parametrize(("seconds", "over"), [(60.0, False), (60.001, True)])
def test_in_a_backlog_a_late_line_of_another_turn_tells_as_well(seconds: float, over: bool) -> None:
    """No id begins with it: the end of the portion is when it is looked at."""
    assembler = TurnAssembler()
    earlier = [event("v34_ollama_sent", 0, None, "bbbbbbbb"), TEXT]
    turns = assembler.add_events([*earlier, event("tts_pause_sent", round(seconds * 1e6), None, "bbbbbbbb")])
    assert [turn.state for turn in turns if turn.request_id == "aaaaaaaa"] == [TurnState.TIMED_OUT] * over


@pytest.mark.parametrize("seconds", [61.0, 7200.0, -7200.0])
def test_in_a_backlog_another_writers_clock_tells_nothing(seconds: float) -> None:
    assembler = TurnAssembler()
    events = [TEXT, SENT, event("stt_pause_detected", round(seconds * 1e6), None, "bbbbbbbb")]
    assert assembler.add_events(events) == []
    assert assembler.busy


@pytest.mark.parametrize(("later", "over"), [(63, False), (64, True)])
def test_in_a_backlog_sixty_four_later_ids_end_a_turn(later: int, over: bool) -> None:
    """Pauses without text count: the microphone is open again."""
    assembler = TurnAssembler()
    events = [TEXT, SENT, *(event("stt_pause_detected", 1, None, f"p{n:07d}") for n in range(later))]
    turns = assembler.add_events(events)
    assert [turn.state for turn in turns] == [TurnState.TIMED_OUT] * over


def test_live_later_ids_end_no_turn() -> None:
    assembler = TurnAssembler()
    assembler.add_events([TEXT, SENT], 1.0)
    assembler.add_events([event("stt_pause_detected", 1, None, f"p{n:07d}") for n in range(200)], 2.0)
    assert assembler.busy


def test_a_sent_reply_without_a_voice_is_complete_when_it_is_over() -> None:
    replied = [TEXT, SENT, event("v34_sending_to_tts", 1_000_000)]
    assembler = TurnAssembler()
    assembler.add_events(replied, 1.0)
    (turn,) = assembler.tick(62.0)
    assert (turn.state, turn.reason) == (TurnState.COMPLETE, "")


@pytest.mark.parametrize("seconds", [30, 90])
@pytest.mark.parametrize("arrived", [None, 0.0])
def test_a_turn_that_failed_says_why_however_it_was_closed(seconds: int, arrived: float | None) -> None:
    """The next turn after 30 s aborts it, after 90 s it had timed out."""
    failed = [TEXT, event("stt_http_response_received", 1_000_000, {"status_code": 500})]
    assembler = TurnAssembler()
    assembler.add_events(failed, arrived)
    later = None if arrived is None else arrived + seconds
    turns = assembler.add_events([event("stt_transcript_finalized", seconds * 1_000_000, None, "bbbbbbbb")], later)
    assert [(turn.state, turn.reason) for turn in turns] == [(TurnState.FAILED, "v34 answered with status 500")]


def test_the_end_of_a_saved_log_closes_nothing_that_it_does_not_show_to_be_over() -> None:
    assembler = TurnAssembler()
    assert assembler.add_events([TEXT, SENT]) == []
    assert [turn.state for turn in assembler.finish()] == [TurnState.OPEN]
