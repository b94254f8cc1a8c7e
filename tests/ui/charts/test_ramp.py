"""Whether a level came at once or little by little, and the line of one that did."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timmy_tui.ui.charts.ramp import LEAST, is_gradual, ramp


def steps(count: int, ratio: float = 1.5, noise: float = 0.05, seed: int = 1) -> list[float]:
    """Turns at a new level, log units."""
    chance = random.Random(seed)
    return [chance.gauss(math.log(ratio), noise) for _ in range(count)]


def climbs(count: int, ratio: float = 2.0, noise: float = 0.05, seed: int = 1) -> list[float]:
    """Turns on their way to one."""
    chance = random.Random(seed)
    return [chance.gauss(math.log(ratio) * (at + 1) / count, noise) for at in range(count)]


@pytest.mark.parametrize("way", [1, -1])
@pytest.mark.parametrize("seed", range(10))
def test_a_climb_is_told_from_a_step_upwards_and_downwards(seed: int, way: int) -> None:
    assert is_gradual([way * log for log in climbs(30, seed=seed)])
    assert not is_gradual([way * log for log in steps(30, seed=seed)])


def test_a_few_turns_tell_nothing() -> None:
    assert not is_gradual(climbs(LEAST - 1, noise=0.0)) and is_gradual(climbs(LEAST, noise=0.0))
    assert not is_gradual([])


def test_what_comes_back_is_no_drift() -> None:
    up = climbs(15, noise=0.0)
    assert not is_gradual([*up, *reversed(up)])


def test_noise_alone_makes_few_drifts_of_steps() -> None:
    """A stage that is as noisy as retrieval."""
    called = sum(is_gradual(steps(25, 1.8, 0.22, seed)) for seed in range(300))
    assert called <= 300 * 0.06


def test_a_ramp_goes_through_the_thirds_and_no_outlier_bends_it() -> None:
    line = [100.0 + 10 * at for at in range(30)]
    low, high = ramp(line)
    assert low == pytest.approx(100, abs=10) and high == pytest.approx(390, abs=10)
    assert ramp([*line[:-1], 9000.0]) == (low, high)
    assert ramp([3.0, 7.0]) == (3.0, 7.0)


@given(st.lists(st.floats(0, 1e7), min_size=1, max_size=200))
def test_a_ramp_never_goes_below_nothing(values: list[float]) -> None:
    assert min(ramp(values)) >= 0
