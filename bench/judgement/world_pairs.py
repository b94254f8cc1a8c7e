"""Before and after in every world: two sessions with a restart between, and the second one changed or not."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from bench.judgement.changes import WORK, Change, step
from bench.judgement.draft import Draft, turns_of
from bench.judgement.worlds import WORLDS, Seeds
from timmy_tui.analysis.compare.comparison import compare, with_verdict_for_every_look
from timmy_tui.model.judgement import Comparison
from timmy_tui.model.stages.watched import V2V
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
WHOLES = (V2V, "llm")
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


@dataclass
class Share:
    """Hits of so many."""

    hits: int = 0
    of: int = 0

    def add(self, hit: bool) -> None:
        """One more."""
        self.hits += hit
        self.of += 1

    def __add__(self, other: "Share") -> "Share":
        return Share(self.hits + other.hits, self.of + other.of)

    @property
    def value(self) -> float:
        """0 of none is 0."""
        return self.hits / self.of if self.of else 0.0


@dataclass
class Tally:
    """Of one kind of pairs in one world."""

    false_tests: Share = field(default_factory=Share)
    false_pairs: Share = field(default_factory=Share)
    covered: Share = field(default_factory=Share)
    called: dict[int, Share] = field(default_factory=lambda: {n: Share() for n in COMPARED})
    """Turns a side → the changed stage was called the right way."""
    backwards: int = 0

    def take(self, pair: WorldPair, n: int, told: Comparison) -> None:
        """One comparison. What was not changed must not be called, and its interval hold 1."""
        wrong = len(told.shares)
        for row in told.stages:
            if row.low is None or row.high is None:
                continue
            touched = pair.stage != "" and row.stage in (pair.stage, *WHOLES)
            if not touched:
                self.false_tests.add(row.verdict in MOVED)
                wrong += row.verdict in MOVED
            if row.stage not in WHOLES:
                self.covered.add(row.low <= (pair.factor if row.stage == pair.stage else 1.0) <= row.high)
        self.false_pairs.add(wrong > 0)
        if pair.stage:
            truth = "slower" if pair.factor > 1 else "faster"
            verdict = next((row.verdict for row in told.stages if row.stage == pair.stage), "")
            self.called[n].add(verdict == truth)
            self.backwards += verdict in MOVED and verdict != truth


@dataclass
class PairGrade:
    """Of one world, with the verdict that is looked at after every turn."""

    ever: Share = field(default_factory=Share)
    """Pairs without a change of which anything was called at any look."""
    same: Tally = field(default_factory=Tally)
    work: Tally = field(default_factory=Tally)
    """Answers or memories alone changed."""
    slower: Tally = field(default_factory=Tally)
    faster: Tally = field(default_factory=Tally)
    once_same: Tally = field(default_factory=Tally)
    """The same with the verdict of ``compare`` and of a guided test, which is looked at once."""
    once_work: Tally = field(default_factory=Tally)
    told_by_then: Share = field(default_factory=Share)
    """The estimate at the fewer turns of how many would tell ±10 % of V2V: with so many turns it was told."""


class PairEffort(NamedTuple):
    """Pairs of each kind in each world."""

    looked: int
    others: int


def grade_pairs(world: str, effort: PairEffort, seeds: Seeds) -> PairGrade:
    """All kinds of pairs of one world."""
    grade = PairGrade()
    for pair in draw_pairs((world, 0, None), LOOKS[-1], effort.looked, seeds):
        looks = (with_verdict_for_every_look(compare(pair.a, _usable(pair.b, n))) for n in LOOKS)
        grade.ever.add(any(_calls(told) for told in looks))
        _take(pair, (grade.same, grade.once_same))
        _estimate(pair, grade.told_by_then)
    for kind, change in enumerate((*WORK, step(1.2), step(0.8)), start=1):
        tallies = [(grade.work, grade.once_work), (grade.work, grade.once_work), (grade.slower,), (grade.faster,)]
        count = effort.others // len(WORK) if change in WORK else effort.others
        for pair in draw_pairs((world, kind, change), COMPARED[-1], count, seeds):
            _take(pair, tallies[kind - 1])
    return grade


def _take(pair: WorldPair, tallies: Sequence[Tally]) -> None:
    for n in COMPARED:
        once = compare(_usable(pair.a, n), _usable(pair.b, n))
        for tally, told in zip(tallies, (with_verdict_for_every_look(once), once), strict=False):
            tally.take(pair, n, told)


def _calls(told: Comparison) -> bool:
    return bool(told.shares) or any(row.verdict in MOVED for row in told.stages)


def _estimate(pair: WorldPair, told_by_then: Share) -> None:
    few, most = COMPARED[0], LOOKS[-1]
    whole = next(row for row in compare(_usable(pair.a, few), _usable(pair.b, few)).stages if row.stage == V2V)
    if whole.to_tell and few < whole.to_tell <= most:
        n = whole.to_tell
        then = next(row for row in compare(_usable(pair.a, n), _usable(pair.b, n)).stages if row.stage == V2V)
        told_by_then.add(then.to_tell == 0)
