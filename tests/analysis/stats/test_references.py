"""The arrays of a reference are those that its values make, whatever was done to it since the last fit."""

import random
from collections import deque

import pytest
from msgspec.structs import replace

from timmy_tui.analysis.stats.references import Columns, Entry
from timmy_tui.analysis.stats.tuning import TUNING
from timmy_tui.analysis.stats.workload import FEATURES, log_works

MOST = TUNING.reference.most_values
WIDTHS = {"classify": 0, "tts": 1, "decode": 2, "prefill": 3}
"""Stage → numbers that its work is of a turn."""


def entry(stage: str, chance: random.Random) -> Entry:
    work = tuple(float(chance.randint(1, 900)) for _ in range(WIDTHS[stage]))
    return Entry(chance.gauss(0, 1), work, (chance.randrange(10**9), ""))


def assert_same(stage: str, columns: Columns, reference: deque[Entry], added: int) -> None:
    times, logs = columns.follow(reference, added)
    assert times.tolist() == [one.log_ms for one in reference]
    assert logs.tolist() == log_works(stage, [one.work for one in reference]).tolist()


@pytest.mark.parametrize("stage", WIDTHS)
def test_they_follow_a_reference_for_longer_than_they_are_long(stage: str) -> None:
    chance, columns = random.Random(1), Columns(stage)
    reference: deque[Entry] = deque(maxlen=MOST)
    for _ in range(80):
        added = chance.randint(1, 30)
        reference.extend(entry(stage, chance) for _ in range(added))
        assert_same(stage, columns, reference, added)


@pytest.mark.parametrize("stage", WIDTHS)
@pytest.mark.parametrize("length", [3, 40, MOST])
def test_a_reference_that_was_replaced_is_read_anew(stage: str, length: int) -> None:
    chance, columns = random.Random(length), Columns(stage)
    reference: deque[Entry] = deque((entry(stage, chance) for _ in range(60)), MOST)
    assert_same(stage, columns, reference, 60)
    reference.clear()
    reference.extend(entry(stage, chance) for _ in range(length))
    assert_same(stage, columns, reference, 2)
    # As many as before, and other ones: a clock's step was added to each.
    softened = [replace(one, log_ms=one.log_ms + 1) for one in reference]
    reference.clear()
    reference.extend(softened)
    assert_same(stage, columns, reference, 0)


@pytest.mark.parametrize("added", [MOST - 1, MOST, MOST + 1, 3 * MOST])
def test_as_many_new_ones_as_there_is_room_for(added: int) -> None:
    chance, columns = random.Random(added), Columns("decode")
    reference: deque[Entry] = deque(maxlen=MOST)
    for _ in range(4):
        reference.extend(entry("decode", chance) for _ in range(added))
        assert_same("decode", columns, reference, added)


def test_the_widths_are_those_of_the_table() -> None:
    mixed = {stage for stage, features in FEATURES.items() if features[0].is_mixed}
    assert {stage: 3 if stage in mixed else len(FEATURES.get(stage, ())) for stage in WIDTHS} == WIDTHS
