"""A turn that comes again, because a late line adds to it, shows no step of its own and hides none."""

import pytest

from tests.turns.account.test_offset_steps import EVERY_MS, World
from tests.turns.events import event


def add_late(world: World, number: int) -> None:
    """The answer to STT's request, a second behind the turn's last event."""
    late = event("stt_http_response_received", 1000 * (number * EVERY_MS + 7155), None, f"{number:08x}")
    for turn in world.assembler.add_events([late]):
        world.turns[turn.ordinal] = turn


@pytest.mark.parametrize("late", [None, 0, 1, 2])
@pytest.mark.parametrize("step_ms", [300.0, -3000.0])
def test_a_step_on_the_way_is_seen_when_a_turn_around_it_comes_again(late: int | None, step_ms: float) -> None:
    world = World()
    world.talk()
    world.talk()
    world.talk(step_ms, "tts_request_received")
    if late is not None:
        add_late(world, late)
    world.talk()
    assert [turn.v2v_ms is None for turn in world.turns.values()] == [False, False, True, False]


def test_a_turn_that_comes_again_stays_without_what_was_spoiled() -> None:
    world = World()
    for step_ms, before in ((0.0, ""), (0.0, ""), (3000.0, "tts_audio_playback_start"), (0.0, "")):
        world.talk(step_ms, before)
    add_late(world, 2)
    assert len(world.turns[2].events) == 16
    assert (world.turns[2].v2v_ms, world.turns[2].stages["tts"]) == (None, None)
