"""A pause without text is no turn, whatever their number; one that text follows is the first event of its turn."""

import gc
import tracemalloc
from collections.abc import Iterator

import pytest

from tests.turns.events import at, event, read_all
from timmy_tui.model.turn import Event, TurnState
from timmy_tui.turns.assembler import TurnAssembler


def pauses(count: int, every_us: int = 700_000, first: int = 0, threshold: float = 0.5) -> Iterator[Event]:
    for number in range(first, first + count):
        yield event("stt_pause_detected", number * every_us, {"pause_threshold": threshold}, f"p{number:07d}")


def test_a_quiet_room_is_a_count_and_nothing_else() -> None:
    assembler = TurnAssembler()
    assert assembler.add_events([*pauses(500)]) == []
    assert (assembler.busy, assembler.open_turn, assembler.phase) == (False, None, "")
    assert assembler.finish() == []
    assert assembler.take_ordinal() == 0
    assert assembler.listening.pauses == assembler.lone_pauses == 500


def test_ten_thousand_of_them_before_the_first_turn_change_nothing_of_it() -> None:
    turn = [
        event(name, 10_000 * 700_000 + at) for name, at in (("stt_transcript_finalized", 0), ("tts_resume_sent", 9))
    ]
    (alone,), (behind,) = read_all(turn), read_all([*pauses(10_000), *turn])
    assert alone == behind


def test_the_pause_that_a_turn_began_with_is_its_first_event_and_not_counted() -> None:
    assembler = TurnAssembler()
    assembler.add_events([*pauses(3)])
    assembler.add_events([event("stt_transcript_finalized", 1_440_000, None, "p0000002")])
    assert assembler.lone_pauses == 2
    (turn,) = assembler.add_events([event("tts_resume_sent", 2_000_000, None, "p0000002")])
    assert [one.event for one in turn.events] == ["stt_pause_detected", "stt_transcript_finalized", "tts_resume_sent"]
    assert (turn.started, turn.pause_threshold, turn.ordinal) == (at(1.4), 0.5, 0)
    assert turn.stages["endpointing"] == 500.0


def test_the_pauses_around_a_turn_are_no_round_of_silence() -> None:
    """Its own pause was lost, or came on another way."""
    assembler = TurnAssembler()
    assembler.add_events([*pauses(2)])
    assembler.add_events([event("stt_transcript_finalized", 1_000_000, None, "aaaaaaaa")])
    assembler.add_events([*pauses(2, first=3)])
    assert [*assembler.listening.spacings_s] == pytest.approx([0.7, 0.7])


@pytest.mark.parametrize(("later", "kept"), [(63, True), (64, False)])
def test_the_last_sixty_four_can_still_become_turns(later: int, kept: bool) -> None:
    assembler = TurnAssembler()
    assembler.add_events([*pauses(1 + later)])
    assembler.add_events([event("stt_transcript_finalized", 0, None, "p0000000")])
    assert assembler.open_turn is not None
    assert (assembler.open_turn.pause_threshold is not None) is kept
    assert assembler.lone_pauses == later + (not kept)


def test_the_same_pause_twice_is_one() -> None:
    assembler = TurnAssembler()
    assembler.add_events([*pauses(2), *pauses(2)])
    assert assembler.lone_pauses == 2
    assert [*assembler.listening.spacings_s] == pytest.approx([0.7])


def test_a_pause_in_mid_turn_touches_no_turn() -> None:
    events = [event("stt_transcript_finalized", 0), *pauses(1), event("v34_ollama_sent", 1000)]
    assembler = TurnAssembler()
    assembler.add_events(events)
    assert assembler.open_turn is not None and assembler.open_turn.request_id == "aaaaaaaa"
    assert assembler.phase == "llm"


def test_a_log_that_is_read_again_makes_no_turn_of_an_old_pause() -> None:
    whole = [*pauses(1), event("stt_transcript_finalized", 0, None, "p0000000"),
             event("tts_resume_sent", 1, None, "p0000000")]  # fmt: skip
    assembler = TurnAssembler()
    assembler.add_events(whole)
    turns = assembler.add_events(whole)
    assert [(turn.ordinal, turn.state) for turn in turns] == [(0, TurnState.COMPLETE)]
    assert assembler.lone_pauses == 0


def test_the_rate_is_that_of_the_time_in_which_it_listened() -> None:
    """Two stretches of silence with ten minutes between them, in which the microphone was closed."""
    assembler = TurnAssembler()
    assembler.add_events([*pauses(40, 600_000), *pauses(41, 800_000, first=1000)])
    assert assembler.listening.per_minute == pytest.approx(60 * 79 / (39 * 0.6 + 40 * 0.8))


@pytest.mark.parametrize(("apart_s", "known"), [(5.0, 1), (5.001, 0)])
def test_a_long_time_between_two_pauses_is_no_rhythm(apart_s: float, known: int) -> None:
    assembler = TurnAssembler()
    assembler.add_events([*pauses(2, round(apart_s * 1e6))])
    assert len(assembler.listening.spacings_s) == known
    assert (assembler.listening.per_minute is not None) is bool(known)


def test_a_clock_that_is_set_back_is_no_rhythm() -> None:
    assembler = TurnAssembler()
    assembler.add_events([*pauses(1, first=9), *pauses(1, first=7)])
    assert assembler.listening.spacings_s == ()


def test_speech_is_no_part_of_the_rhythm() -> None:
    """Its pass takes longer than one over silence; and nothing is known of the time until the next pause."""
    assembler = TurnAssembler()
    text = event("stt_transcript_finalized", 1_400_001, None, "p0000002")
    assembler.add_events([*pauses(3), text, *pauses(2, first=3)])
    assert [*assembler.listening.spacings_s] == pytest.approx([0.7, 0.7])


def test_another_threshold_is_another_rhythm() -> None:
    assembler = TurnAssembler()
    assembler.add_events([*pauses(5), *pauses(2, first=5, threshold=0.3)])
    assert (assembler.listening.threshold_s, len(assembler.listening.spacings_s)) == (0.3, 1)


def kept_by_turns() -> int:
    """Bytes, without what other threads of the tests hold, or what waits to be collected."""
    gc.collect()
    own = tracemalloc.Filter(True, "*/timmy_tui/turns/*")
    return sum(one.size for one in tracemalloc.take_snapshot().filter_traces((own,)).statistics("filename"))


def test_a_day_of_quiet_leaves_nothing_behind() -> None:
    """110 000 lone pauses, 24 hours at 0.785 s."""
    assembler = TurnAssembler()
    assembler.add_events([*pauses(2000, 785_000)], 0.0)
    tracemalloc.start()
    try:
        for first in range(2000, 110_000, 2000):
            assert assembler.add_events([*pauses(2000, 785_000, first=first)], float(first)) == []
            if first == 10_000:
                before = kept_by_turns()
        grown = kept_by_turns() - before
    finally:
        tracemalloc.stop()
    assert grown < 20_000
    assert assembler.lone_pauses == 110_000
