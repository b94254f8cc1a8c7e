"""A clock that stepped in mid-turn and left no trace there: the turns around it have other offsets."""

from dataclasses import dataclass, field

import pytest

from tests.turns.events import event
from timmy_tui.model.turn import Event, Turn
from timmy_tui.turns.assembler import TurnAssembler

PATH = (
    ("stt_pause_detected", 0), ("stt_transcript_finalized", 40), ("stt_http_request_start", 41),
    ("v34_flask_handler_entry", 46), ("v34_classification_complete", 76), ("v34_retrieval_start", 77),
    ("v34_retrieval_complete", 130), ("v34_ollama_sent", 135), ("v34_ollama_received", 935),
    ("v34_sending_to_tts", 938), ("tts_request_received", 945), ("tts_synthesis_start", 1155),
    ("tts_audio_playback_start", 1855), ("tts_audio_playback_complete", 5855), ("tts_resume_sent", 6155),
)  # fmt: skip
"""Event, ms on a true clock."""
EVERY_MS = 10_000


@dataclass
class World:
    """Turns one after the other, and what was added to each clock by then."""

    voice_ms: float = 0.0
    v34_ms: float = 2.0
    count: int = 0
    turns: dict[int, Turn] = field(default_factory=dict)
    assembler: TurnAssembler = field(default_factory=TurnAssembler)

    def talk(self, step_ms: float = 0.0, before: str = "") -> None:
        """A turn; the voice services' clock is moved by ``step_ms`` before that event."""
        number, self.count = self.count, self.count + 1
        events: list[Event] = []
        for name, at in PATH:
            self.voice_ms += step_ms if name == before else 0.0
            offset = self.v34_ms if name.startswith("v34") else self.voice_ms
            metadata = {"pause_threshold": 0.5} if name == "stt_pause_detected" else None
            events.append(event(name, round(1000 * (number * EVERY_MS + at + offset)), metadata, f"{number:08x}"))
        for one in events:
            for turn in self.assembler.add_events([one]):
                self.turns[turn.ordinal] = turn


def talked(step_ms: float, before: str) -> dict[int, Turn]:
    """Five turns; the clock steps in the third."""
    world = World()
    world.talk()
    world.talk()
    world.talk(step_ms, before)
    world.talk()
    world.talk()
    return world.turns


def all_but(turns: dict[int, Turn], spoiled: int) -> bool:
    return all(turn.v2v_ms == pytest.approx(2355.0) for ordinal, turn in turns.items() if ordinal != spoiled)


@pytest.mark.parametrize("step_ms", [300.0, 3000.0, -300.0, -3000.0])
def test_a_step_while_v34_works_is_not_taken_for_a_network(step_ms: float) -> None:
    turns = talked(step_ms, "tts_request_received")
    assert turns[2].v2v_ms is None
    assert (turns[2].stages["network"], turns[2].stages["hop_out"]) == (None, None)
    assert turns[2].unmeasured["V2V"] == "a clock stepped"
    assert turns[2].gaps == () and turns[2].unattributed_ms is None
    assert all_but(turns, 2), "after a step turns are as usual at once"


@pytest.mark.parametrize("step_ms", [300.0, 3000.0])
def test_a_step_in_the_synthesis_is_not_taken_for_a_slow_voice(step_ms: float) -> None:
    turns = talked(step_ms, "tts_audio_playback_start")
    assert (turns[2].v2v_ms, turns[2].stages["tts"]) == (None, None)
    assert turns[2].stages["llm"] == pytest.approx(800.0)
    assert all_but(turns, 2)


def test_a_step_in_the_very_first_turn_is_shown_by_the_second() -> None:
    world = World()
    world.talk(3000.0, "tts_audio_playback_start")
    world.talk()
    assert (world.turns[0].v2v_ms, world.turns[0].stages["tts"]) == (None, None)
    assert world.turns[1].v2v_ms == pytest.approx(2355.0)


def test_a_step_behind_the_first_sound_spoils_no_headline() -> None:
    turns = talked(4500.0, "tts_audio_playback_complete")
    assert turns[2].stages["playback"] is None and turns[2].stages["deaf"] is None
    assert turns[2].v2v_ms == pytest.approx(2355.0)


def test_a_step_between_two_turns_spoils_nothing_that_cannot_hold_it() -> None:
    world = World()
    world.talk()
    world.talk()
    world.voice_ms += 60_000.0
    world.talk()
    world.talk()
    assert all(turn.v2v_ms == pytest.approx(2355.0) for turn in world.turns.values())
    # Where the clocks differ no hop is known, and their sum is.
    assert all(turn.stages["network"] == pytest.approx(12.0) for turn in world.turns.values())


@pytest.mark.parametrize(("step_ms", "seen"), [(31.9, False), (32.1, True)])
def test_offsets_that_the_network_explains_are_no_step(step_ms: float, seen: bool) -> None:
    """The bounds of a turn are 12 ms wide, and 20 ms more are ticks of a clock."""
    turns = talked(step_ms, "tts_request_received")
    assert (turns[2].v2v_ms is None) is seen


@pytest.mark.parametrize("step_ms", [300.0, 650.0, 2000.0])
def test_a_step_between_two_turns_is_none_of_a_voice_that_takes_as_long_as_ever(step_ms: float) -> None:
    world = World()
    world.talk()
    world.talk()
    world.voice_ms += step_ms
    world.talk()
    assert all(turn.v2v_ms == pytest.approx(2355.0) for turn in world.turns.values())


def test_a_slow_network_without_a_step_is_a_slow_network() -> None:
    world = World()
    for _ in range(2):
        world.talk()
    world.talk(3000.0, "tts_request_received")
    world.voice_ms -= 3000.0
    world.talk()
    assert world.turns[2].stages["network"] == pytest.approx(3012.0)
    assert world.turns[2].v2v_ms == pytest.approx(5355.0)


def test_a_saved_log_and_a_live_one_say_the_same() -> None:
    live = talked(3000.0, "tts_request_received")
    events = [one for turn in live.values() for one in turn.events]
    saved = {turn.ordinal: turn for turn in TurnAssembler().add_events(events)}
    assert saved == live
