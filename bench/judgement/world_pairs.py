"""Before and after in every world: two sessions with a restart between, and the second one changed or not."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from bench.judgement.changes import Change
from bench.judgement.draft import Draft, turns_of
from bench.judgement.worlds import WORLDS, Seeds
from timmy_tui.model.turn import Turn, TurnState

SPARE = 6
"""Turns of a side beyond those that are compared: first ones of up to three sessions, and a few more."""
LONGEST = 10_000
"""Turns. No session ends by itself within a side."""
LOOKS = range(5, 41)
"""Turns of the second side at which somebody looks; the first side has the last of them."""
COMPARED = (10, 30)
"""Turns a side at which power and coverage are counted."""
MOVED = ("faster", "slower")
WHOLES = ("V2V", "llm")
"""Sums of several stages: their ratio is no number that was put in."""


class WorldPair(NamedTuple):
    """Turns before and after, and what was done to the second side."""

    a: list[Turn]
    b: list[Turn]
    stage: str
    """Empty: no stage became slower or faster."""
    factor: float


def draw_pairs(place: tuple[str, int, Change | None], n: int, count: int, seeds: Seeds) -> Iterator[WorldPair]:
    """``count`` fresh pairs of ``n`` usable turns a side; ``place``: world, a number for this kind of pair, change."""
    world, kind, change = place
    for number in range(count):
        yield _pair(world, change, n, seeds.of(list(WORLDS).index(world), 100 + kind, n, number))


def _pair(world: str, change: Change | None, n: int, chance: np.random.Generator) -> WorldPair:
    each = n + SPARE
    longer, chunks = np.ones(2 * each), np.full(2 * each, chance.uniform(2, 6))
    log = Draft(chance, 2 * each, longer, chunks, session_turns=(LONGEST, LONGEST), restart_at=each)
    work = change is not None and change.factor == 1
    if change is not None and work:
        change.apply(log, each)
    for law in WORLDS[world]:
        law(log)
    stage = "" if change is None or work else change.apply(log, each)
    # What the dashboard is given has no lone pauses.
    turns = [turn for turn in turns_of(log) if turn.state is TurnState.COMPLETE]
    before = {int(session) for session in log.session[:each]}
    a = [turn for turn in turns if turn.session in before]
    b = [turn for turn in turns if turn.session not in before]
    return WorldPair(_usable(a, n), _usable(b, n), stage, change.factor if change else 1.0)


def _usable(turns: Sequence[Turn], n: int) -> list[Turn]:
    """As many from the first on as give ``n`` that are not the first of their session."""
    seen: set[int] = set()
    for place, turn in enumerate(turns):
        n -= turn.session in seen
        seen.add(turn.session)
        if not n:
            return list(turns[: place + 1])
    return list(turns)
