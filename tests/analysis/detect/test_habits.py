"""What all series have shown of their machine: slow turns in runs, and stages on the GPU that are slow together."""

import math
import random
from collections.abc import Sequence

import pytest

from tests.turn_makers import complete_turn
from timmy_tui.analysis.detect.detector import RegressionDetector
from timmy_tui.analysis.detect.habits import Bursts, Habits
from timmy_tui.model.turn import Turn


def odds(chance: float) -> float:
    return math.log(chance / (1 - chance))


@pytest.mark.parametrize(("length", "told"), [(1, -0.144), (2, 0.499), (3, 2.650), (4, 4.0), (8, 4.0), (9, 0.0)])
def test_a_run_tells_of_bursts_by_its_length(length: int, told: float) -> None:
    """A lone slow turn speaks against them, four in a row for them; nine are a level."""
    bursts = Bursts(0.06)
    assert odds(bursts.chance) == pytest.approx(-1.0)
    bursts.add_run(length)
    assert odds(bursts.chance) == pytest.approx(-1.0 + told, abs=0.001)


def test_a_machine_may_change_its_habits() -> None:
    """A thousand lone slow turns are unlearned by two runs of four, and these by as much quiet again."""
    bursts = Bursts(0.06)
    for _ in range(1000):
        bursts.add_run(1)
    assert odds(bursts.chance) == pytest.approx(-4.0)
    bursts.add_run(4)
    bursts.add_run(4)
    assert bursts.chance > 0.95
    for _ in range(60):
        bursts.add_run(1)
    assert bursts.chance < 0.05


def test_stages_on_the_gpu_have_a_share_of_their_own() -> None:
    """Runs of turns in which two of them are slow: one alone is none, and what was a level does not count."""
    habits = Habits()
    habits.add_likeness("classify", 1000, 0.0)
    before = habits.unrest
    for slow in [0, 1, 0, 1, 1, 1, 0] * 5:
        habits.add_gpu_turn(slow)
    assert habits.gpu_unrest == habits.unrest == before
    for _ in range(2):
        for slow in (2, 3, 2):
            habits.add_gpu_turn(slow)
        habits.forget_gpu_run()
        habits.add_gpu_turn(0)
    assert habits.gpu_unrest == before
    for _ in range(2):
        for slow in (2, 3, 2, 0):
            habits.add_gpu_turn(slow)
    assert habits.gpu_unrest > 0.95
    assert habits.unrest == before


def gpu_turns(joint: bool, seed: int) -> list[Turn]:
    """170 usual turns in which decode and TTS take half as long again for three turns every 25, together or not."""
    chance = random.Random(seed)
    turns = []
    for n in range(190):
        decode, tts = (n % 25 in (20, 21, 22) and n < 170), (n % 25 in ((20, 21, 22) if joint else (8,)) and n < 170)
        slow = {"decode": decode and joint or (n % 25 == 15 and n < 170), "tts": tts}
        stages = {name: 400.0 * (1.5 if slow[name] else 1.0) * math.exp(chance.gauss(0, 0.1)) for name in slow}
        if n >= 170:
            stages["tts"] *= 1.8
        turns.append(complete_turn(n, session=1, stages=stages, request_id=f"{n:08x}"))
    return turns


def raised_at(turns: Sequence[Turn]) -> list[int]:
    detector = RegressionDetector()
    return [one.raised for turn in turns for one in detector.add(turn) if one.raised == turn.ordinal]


@pytest.mark.parametrize("seed", range(4))
def test_where_the_card_is_shared_a_slower_stage_on_it_needs_more_turns(seed: int) -> None:
    """TTS ×1.8 from turn 170 on: five or six turns tell it, and more where the card was slow for three turns before."""
    (alone,) = raised_at(gpu_turns(joint=False, seed=seed))
    (shared,) = raised_at(gpu_turns(joint=True, seed=seed))
    assert 174 <= alone <= 176
    assert alone < shared < 190
