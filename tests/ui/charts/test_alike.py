"""Whether two stretches have one level: what chance does is none, what everybody sees is one."""

import math
import random

import pytest

from timmy_tui.ui.charts.alike import alike


def stretch(chance: random.Random, count: int, level: float, spread: float = 0.15) -> list[float]:
    return [level * math.exp(chance.gauss(0, spread)) for _ in range(count)]


@pytest.mark.parametrize("count", [5, 15, 60])
def test_a_restart_that_changed_nothing_is_rarely_another_level(count: int) -> None:
    """Each session is 2.5 % off by chance."""
    chance = random.Random(1)
    levels = [(700 * math.exp(chance.gauss(0, 0.025)), 700 * math.exp(chance.gauss(0, 0.025))) for _ in range(300)]
    other = [not alike(stretch(chance, 40, a), stretch(chance, count, b)) for a, b in levels]
    assert sum(other) <= 24


@pytest.mark.parametrize(("factor", "least"), [(1.25, 0.9), (1.5, 0.99), (0.67, 0.99)])
def test_what_is_plainly_slower_or_faster_is_one(factor: float, least: float) -> None:
    chance = random.Random(2)
    other = [not alike(stretch(chance, 40, 700), stretch(chance, 20, 700 * factor)) for _ in range(200)]
    assert sum(other) >= least * 200


def test_equal_values_are_alike_however_many() -> None:
    assert alike([700.0] * 50, [700.0] * 50) and alike([0.0] * 20, [0.0] * 20)
    assert not alike([700.0] * 50, [1200.0] * 50) and not alike([0.0] * 20, [5.0] * 20)


def test_too_few_turns_tell_nothing() -> None:
    assert alike([700.0, 710.0], [900.0, 905.0])
