"""Upstream's listening loop, as the demo runs it: how often a quiet room writes, and how late a pause is seen."""

import itertools
import random
import statistics

import pytest

from tests.demo.listening import ANSWER_S, SPEECH_S, LoopAlone
from timmy_tui.demo.clock import LLM_CALL
from timmy_tui.demo.voice.microphone import CHUNK_S, SPEECH_S_PER_CHARACTER, Utterance

TURN = (
    "stt_pause_detected",
    "stt_transcript_finalized",
    "stt_sending_to_v34",
    "stt_http_request_start",
    "stt_http_response_received",
)
LOOP_SLEEP_S = 0.2


def quiet(pass_ms: float, threshold_s: float = 0.5, seconds: float = 300.0) -> list[float]:
    """Moments of the pauses of a quiet room."""
    loop = LoopAlone(pass_ms, threshold_s)
    loop.listener.wait(seconds)
    assert {event.name for event in loop.events} == {"stt_pause_detected"}
    assert len({event.request_id for event in loop.events}) == len(loop.events), "each has an id of its own"
    return [event.at for event in loop.events]


@pytest.mark.parametrize(
    ("pass_ms", "passes"),
    [(40, 3), (51, 2), (100, 2), (200, 2), (299, 2), (301, 1), (400, 1)],
)
def test_a_quiet_room_writes_a_pause_each_time_the_passes_exceed_the_threshold(pass_ms: float, passes: int) -> None:
    moments = quiet(pass_ms)
    spacings = [after - before for before, after in itertools.pairwise(moments)]
    assert spacings == pytest.approx([passes * (pass_ms / 1000 + LOOP_SLEEP_S)] * len(spacings))


@pytest.mark.parametrize("pass_ms", [40, 100, 200, 400])
def test_a_quiet_room_writes_75_to_100_pauses_a_minute(pass_ms: float) -> None:
    assert 74 <= len(quiet(pass_ms)) / 5 <= 101


def test_the_setting_is_what_the_loop_waits_for_and_what_it_logs() -> None:
    assert len(quiet(200, 0.3)) == pytest.approx(750, abs=3)
    assert len(quiet(200, 1.0)) == pytest.approx(250, abs=3)
    loop = LoopAlone(200, 0.3)
    loop.listener.wait(2.0)
    assert {event.metadata["pause_threshold"] for event in loop.events} == {0.3}


@pytest.mark.parametrize(
    ("pass_ms", "threshold_s", "median", "deviation"),
    [
        (50, 0.5, 0.90, 0.15),
        (100, 0.5, 0.98, 0.12),
        (200, 0.5, 1.32, 0.15),
        (400, 0.5, 1.42, 0.19),
        (200, 0.3, 0.92, 0.14),
    ],
)
def test_the_event_comes_long_after_the_last_sound(
    pass_ms: float, threshold_s: float, median: float, deviation: float
) -> None:
    """As measured with upstream's own function."""
    draw = random.Random("sentences")
    loop = LoopAlone(pass_ms, threshold_s, jitter=0.02)
    last_sounds = []
    for number in range(200):
        text = "".join(draw.choices("abcdefghijklmnopqrstuvwxyz", k=draw.randint(15, 45))) + str(number)
        after_s = draw.uniform(0.3, 3.0)
        last_sounds.append(loop.hardware.now() + after_s + SPEECH_S_PER_CHARACTER * len(text))
        loop.take_turn(text, after_s)
    sent = {event.request_id for event in loop.named("stt_transcript_finalized")}
    pauses = [event.at for event in loop.named("stt_pause_detected") if event.request_id in sent]
    waits = [at - sound for at, sound in zip(pauses, last_sounds, strict=True)]
    assert statistics.median(waits) == pytest.approx(median, abs=0.05)
    assert statistics.stdev(waits) == pytest.approx(deviation, abs=0.03)
    assert min(waits) > threshold_s + 0.98 * pass_ms / 1000


def test_a_turn_is_written_in_upstream_s_order_and_closes_the_microphone() -> None:
    loop = LoopAlone(100)
    loop.take_turn("What's the time?", 2.0)
    turn = [event for event in loop.events if event.request_id == loop.named("stt_sending_to_v34")[0].request_id]
    assert tuple(event.name for event in turn) == TURN
    assert (turn[1].metadata, turn[2].metadata) == ({"text_length": 16}, {"text_length": 16})
    assert turn[3].metadata == {"endpoint": "http://localhost:5000/api/webhook"}
    assert turn[4].metadata == {"status_code": 200}
    assert turn[4].at - turn[3].at == pytest.approx(ANSWER_S)
    opened = turn[4].at + SPEECH_S
    assert not [event for event in loop.events if turn[4].at < event.at < opened]
    loop.listener.wait(2.0)
    after = [event.at - opened for event in loop.events if event.at > opened]
    # The timer is still that of before the reply, so the first pass over a chunk writes a pause.
    assert 0.1 <= after[0] < CHUNK_S + 2 * LOOP_SLEEP_S


@pytest.mark.parametrize(
    ("status", "is_written"), [(200, True), (302, True), (399, True), (400, False), (500, False), (None, False)]
)
def test_only_a_good_answer_is_written(status: int | None, is_written: bool) -> None:
    loop = LoopAlone(100, status=status)
    loop.take_turn("What's the time?", 1.0)
    assert bool(loop.named("stt_http_response_received")) == is_written
    assert loop.sent == ["What's the time?"]


def test_speech_puts_the_timer_back_in_every_pass() -> None:
    loop = LoopAlone(100)
    loop.take_turn("x" * 60, 5.0)
    start = 5.0 + CHUNK_S + 0.4
    assert not [event for event in loop.named("stt_pause_detected") if start < event.at < 5.0 + 60 * 0.065 + 0.6]


def test_a_noise_in_parentheses_hides_all_pauses_until_the_buffer_has_forgotten_it() -> None:
    loop = LoopAlone(100)
    loop.listener.wait(5.0)
    loop.microphone.say(Utterance(5.0, 5.1, "(a door closes)"))
    loop.listener.wait(60.0)
    moments = [event.at for event in loop.events]
    gap, begin = max((after - before, before) for before, after in itertools.pairwise(moments))
    assert begin < 5.5
    assert 156 * CHUNK_S - 1.0 < gap < 156 * CHUNK_S + 1.0


@pytest.mark.parametrize(("pass_ms", "is_set_aside"), [(290, False), (310, True)])
def test_a_long_text_is_set_aside_only_when_no_chunk_came_for_300_ms(pass_ms: float, is_set_aside: bool) -> None:
    loop = LoopAlone(pass_ms)
    text = "one two three " * 20
    loop.take_turn(text, 1.0)
    assert (loop.latencies.most_spoken < len(text) * SPEECH_S_PER_CHARACTER / CHUNK_S / 2) == is_set_aside


@pytest.mark.parametrize(("characters", "passes"), [(80, 2), (81, 1)])
def test_a_text_of_80_characters_is_never_set_aside(characters: int, passes: int) -> None:
    loop = LoopAlone(400)
    loop.listener.wait(1.0)
    started = 5 * CHUNK_S + 0.05
    loop.microphone.say(Utterance(started, started + 0.1, "x" * characters))
    loop.listener.wait(5.0)
    assert loop.sent == ["x" * characters]
    assert loop.latencies.spoken_passes == passes, "what is set aside is not heard again"


def test_the_buffer_holds_156_chunks() -> None:
    loop = LoopAlone(100)
    loop.listener.wait(1.0)
    loop.microphone.say(Utterance(1.0, 61.0, "a word or two " * 70))
    loop.listener.wait(65.0)
    assert loop.latencies.most_spoken == 156


def test_a_clock_that_steps_back_makes_the_loop_wait_longer() -> None:
    loop = LoopAlone(100)
    loop.listener.wait(10.0)
    before = len(loop.events)
    loop.clock.offset_s = -3.0
    loop.listener.wait(3.0)
    assert len(loop.events) == before, "upstream's timer is the wall clock"
    loop.listener.wait(2.0)
    assert len(loop.events) > before


def test_a_planned_step_happens_once_and_only_at_its_place() -> None:
    loop = LoopAlone(100)
    loop.clock.plan_step(LLM_CALL, 4.0)
    loop.clock.reach("synthesis")
    assert loop.clock.now() == 0.0
    loop.clock.reach(LLM_CALL)
    loop.clock.reach(LLM_CALL)
    assert loop.clock.now() == 4.0
