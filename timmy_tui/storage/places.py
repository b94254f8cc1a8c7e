"""Places of stored turns: numbers whose order is the order in which the turns happened, with gaps for later ones."""

from bisect import bisect_left
from collections.abc import Sequence


def kept_places(places: Sequence[float | None], fixed: Sequence[bool]) -> list[float | None]:
    """The places that may stay, in the order of a reading; None: to be given anew.

    ``places``: as stored, None for a new turn. The ``fixed`` ones stay, as long as they ascend; of the others between
    two fixed ones, the longest ascending run.
    """
    kept: list[float | None] = [None] * len(places)
    low = float("-inf")
    for at, place in enumerate(places):
        if fixed[at] and place is not None and place > low:
            kept[at] = low = place
    bounds = [at for at, place in enumerate(kept) if place is not None]
    for before, after in zip([-1, *bounds], [*bounds, len(places)], strict=True):
        low = _place(kept, before, float("-inf"))
        high = _place(kept, after, float("inf"))
        inside = [
            (at, place)
            for at in range(before + 1, after)
            if (place := places[at]) is not None and not fixed[at] and low < place < high
        ]
        for at, place in _longest_ascending(inside):
            kept[at] = place
    return kept


def _place(kept: Sequence[float | None], at: int, outside: float) -> float:
    place = kept[at] if 0 <= at < len(kept) else None
    return outside if place is None else place


def _longest_ascending(items: Sequence[tuple[int, float]]) -> list[tuple[int, float]]:
    """The longest run of items, not necessarily neighbours, whose places ascend strictly."""
    lowest: list[float] = []
    """The lowest last place of a run of each length."""
    last: list[int] = []
    previous: list[int] = []
    for index, (_, place) in enumerate(items):
        length = bisect_left(lowest, place)
        previous.append(last[length - 1] if length else -1)
        if length == len(lowest):
            lowest.append(place)
            last.append(index)
        else:
            lowest[length], last[length] = place, index
    run = []
    index = last[-1] if last else -1
    while index >= 0:
        run.append(items[index])
        index = previous[index]
    return run[::-1]


def places_between(low: float | None, high: float | None, number: int) -> list[float]:
    """That many places, ascending, behind ``low`` and before ``high``; None: nothing is stored on that side."""
    if high is None:
        return [(low or 0.0) + step for step in range(1, number + 1)]
    if low is None:
        return [high - step for step in range(number, 0, -1)]
    return [low + (high - low) * step / (number + 1) for step in range(1, number + 1)]
