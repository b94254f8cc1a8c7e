"""A method on every world: counts, their intervals, and what a clairvoyant finds in the same logs."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.judgement.changes import AFTER, OTHERS, STEPS, WORK
from bench.judgement.clairvoyant import Clairvoyant
from bench.judgement.scenarios import Labelled
from bench.judgement.score import SOON, Detections, Method, count_false, count_found
from bench.judgement.worlds import SIZES, WORLDS, Request, Seeds, draw, null_logs

NULL_LOGS = 200
"""Clean logs behind the threshold of the clairvoyant, per world and size."""


@dataclass(frozen=True)
class Effort:
    """Per world and size."""

    clean_turns: int
    steps: int
    """Logs of each step."""
    others: int
    """Logs of each other change."""
    work: int
    """Logs of each change of work alone."""


@dataclass
class Found(Detections):
    """Logs with one kind of change, and how many of the changes a clairvoyant finds."""

    possible: int = 0
    possible_soon: int = 0
    """Within 20 turns."""

    def __add__(self, other: "Found") -> "Found":
        return Found(**{name: mine + getattr(other, name) for name, mine in vars(self).items()})


@dataclass
class Grade:
    """Of a method in one world."""

    clean: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Size → alarms, turns."""
    work: tuple[int, int] = (0, 0)
    changes: dict[str, Found] = field(default_factory=dict)
    stages: dict[str, int] = field(default_factory=dict)
    """Stage → false alarms on clean logs."""
    mistaken: dict[str, int] = field(default_factory=dict)

    @property
    def false(self) -> tuple[int, int]:
        """Alarms and turns of all sizes."""
        return sum(alarms for alarms, _ in self.clean.values()), sum(turns for _, turns in self.clean.values())


def grade(method: Method, world: str, effort: Effort, seeds: Seeds) -> Grade:
    """All sizes of one world."""
    result = Grade()
    for size in SIZES:
        logs = effort.clean_turns // (sum(SIZES[size]) // 2 + AFTER) + 1
        tally = count_false(method, draw(Request(world, size, None, logs, 0), seeds))
        result.clean[size] = tally.alarms, tally.turns
        _add(result.stages, tally.stages)
        for place, change in enumerate(WORK):
            work = count_false(method, draw(Request(world, size, change, effort.work, 100 + place), seeds))
            result.work = result.work[0] + work.alarms, result.work[1] + work.turns
        nulls = list(null_logs(Request(world, size, None, NULL_LOGS, 1), seeds))
        tests = [Clairvoyant(nulls, turns, tally.alarmed / tally.logs) for turns in (AFTER, SOON)]
        for place, change in enumerate((*STEPS, *OTHERS)):
            count = effort.steps if change in STEPS else effort.others
            changed = list(draw(Request(world, size, change, count, 200 + place), seeds))
            one = _found(method, changed, tests if change in STEPS else [], result.mistaken)
            result.changes[change.name] = result.changes.get(change.name, Found()) + one
    return result


def _found(method: Method, logs: Sequence[Labelled], tests: Sequence[Clairvoyant], mistaken: dict[str, int]) -> Found:
    tally = count_found(method, logs)
    _add(mistaken, tally.mistaken)
    possible = [sum(test.finds(log) for log in logs) for test in tests]
    return Found(**vars(tally), **dict(zip(("possible", "possible_soon"), possible, strict=False)))


def _add(counts: dict[str, int], more: dict[str, int]) -> None:
    for key, count in more.items():
        counts[key] = counts.get(key, 0) + count


def run(method: Method, effort: Effort, seeds: Seeds, worlds: Sequence[str] = tuple(WORLDS)) -> dict[str, Grade]:
    """World by world; where the false alarms were is told on stderr when each is done."""
    grades = {}
    for world in worlds:
        one = grades[world] = grade(method, world, effort, seeds)
        alarms, turns = one.false
        print(f"{world}: {alarms} in {turns}; {one.stages}; wrong {one.mistaken}", file=sys.stderr, flush=True)
    return grades
