"""Which stored places fit the order of a reading, and the places of those that are given new ones."""

import random
from itertools import combinations, pairwise

import pytest

from timmy_tui.storage.places import kept_places, places_between

N = None
Places = list[float | None]


@pytest.mark.parametrize(
    ("stored", "fixed", "kept"),
    [
        ([], "", []),
        ([N, N], "..", [N, N]),
        ([1, 2, 3], "...", [1, 2, 3]),
        ([1, N, 3], "...", [1, N, 3]),
        ([3, 1, 2], "...", [N, 1, 2]),
        ([2, 3, 1], "...", [2, 3, N]),
        ([1, 1, 2], "...", [N, 1, 2]),
        # A fixed one stays, whatever stands around it.
        ([5, 3], "F.", [5, N]),
        ([5, 3], ".F", [N, 3]),
        ([1, 9, 2, 3], ".F..", [1, 9, N, N]),
        ([4, 2, 6], "F.F", [4, N, 6]),
        ([4, 6, 6], "F.F", [4, N, 6]),
        ([4, 5, 6], "F.F", [4, 5, 6]),
        ([4, 4, 6], "F.F", [4, N, 6]),
        # Fixed ones that do not ascend: the first counts.
        ([5, 3, 7], "FFF", [5, N, 7]),
    ],
)
def test_what_stays(stored: Places, fixed: str, kept: Places) -> None:
    assert kept_places(stored, [char == "F" for char in fixed]) == kept


def test_as_many_stay_as_possible() -> None:
    chance = random.Random(7)
    for _ in range(200):
        stored: Places = [float(chance.randrange(8)) for _ in range(chance.randrange(8))]
        kept = [place for place in kept_places(stored, [False] * len(stored)) if place is not None]
        assert all(a < b for a, b in pairwise(kept))
        longer = combinations([place for place in stored if place is not None], len(kept) + 1)
        assert not any(all(a < b for a, b in pairwise(run)) for run in longer), stored


@pytest.mark.parametrize(
    ("low", "high", "number", "wanted"),
    [
        (None, None, 3, [1, 2, 3]),
        (7.0, None, 2, [8, 9]),
        (None, 7.0, 2, [5, 6]),
        (1.0, 2.0, 1, [1.5]),
        (1.0, 2.0, 3, [1.25, 1.5, 1.75]),
        (1.0, 2.0, 0, []),
    ],
)
def test_new_places(low: float | None, high: float | None, number: int, wanted: list[float]) -> None:
    assert places_between(low, high, number) == wanted
