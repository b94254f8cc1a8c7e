"""Labelled logs: what was done, to which stage, from which turn on."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bench.judgement.shapes import without
from bench.judgement.turns import BASES, Truth, make_turns
from timmy_tui.model.turn import Turn

Array = np.ndarray[Any, np.dtype[np.float64]]

SHAPES = ("plain", "heavy", "no stt", "no tts")
"""Log-normal noise, Laplace tails, and logs in which a service is silent."""
STEPS = (1.1, 1.2, 1.5, 2.0)
AFTER = 80
"""Turns that follow a change."""
CLEAN = 1000
"""Turns of a log without one."""
YOUNG = 70
"""Turns of a log that has only begun."""


@dataclass(frozen=True, eq=False)
class Labelled:
    """A log and the truth about it."""

    kind: str
    turns: list[Turn]
    stage: str = ""
    factor: float = 1.0
    at: int | None = None
    """First turn of the change; None where nothing became slower or faster."""
    residuals: Mapping[str, Array] = field(default_factory=dict)
    """Stage → log units off its usual time for the work of each turn, NaN where it did not take place: the truth."""
    place: int = 0
    """Index in ``residuals`` of the turn at which the change began, or would have begun."""


def clean_logs(count: int, seed: int) -> Iterator[Labelled]:
    """Long logs in which nothing happens but sessions, outliers and varying work; the shapes take turns."""
    for number in range(count):
        shape = SHAPES[number % len(SHAPES)]
        yield Labelled(shape, _shaped(make_turns(CLEAN, seed + number, heavy=shape == "heavy"), shape))


def young_logs(count: int, seed: int) -> Iterator[Labelled]:
    """The first turns of a new log, when every reference is made of few values."""
    for number in range(count):
        yield Labelled("first turns", make_turns(YOUNG, seed + number, heavy=number % 3 == 2))


def _shaped(turns: list[Turn], shape: str) -> list[Turn]:
    return [without(turn, shape[3:]) for turn in turns] if shape.startswith("no ") else turns


def step_logs(factor: float, count: int, seed: int, drift: int = 0) -> Iterator[Labelled]:
    """One stage at a time becomes slower (or faster), each stage ``count`` times."""
    for place, stage in enumerate(BASES):
        for number in range(count):
            own = seed + 1000 * place + number
            yield one_step(stage, factor, own, drift, heavy=number % 3 == 2)


def one_step(stage: str, factor: float, seed: int, drift: int = 0, heavy: bool = False) -> Labelled:
    """A log with 70 to 110 turns ahead of the change. For ``unattributed`` the factor is milliseconds."""
    at = random.Random(seed).randint(70, 110)
    truth = Truth(stage=stage, factor=factor, at=at, drift=drift)
    turns = make_turns(at + AFTER + drift, seed, truth, heavy=heavy)
    return Labelled(f"×{factor:g}", turns, stage, factor, at)
