"""Worlds: laws of noise put together, and logs drawn from them, with and without a change.

The seeds of tuning and of reporting are apart by construction: a log is drawn from (purpose, round, world, size, kind,
number), and the round of reports stands in ``rounds.txt``, which goes up by one when a table is made for the page.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from bench.judgement import laws
from bench.judgement.changes import AFTER, Change
from bench.judgement.draft import Array, Draft, residuals_of, turns_of
from bench.judgement.laws import Law
from bench.judgement.scenarios import Labelled
from timmy_tui.model.turn import TurnState

ROUNDS = Path(__file__).with_name("rounds.txt")
PAIR_ROUNDS = Path(__file__).with_name("pair_rounds.txt")
"""The same for pairs: their logs are no others' either."""
SIZES = {"small": (30, 45), "middle": (100, 130), "large": (280, 340)}
"""Turns ahead of a change, or of where it would be in a clean log; ``AFTER`` follow."""

WORLDS: dict[str, tuple[Law, ...]] = {
    "light tails": (laws.light,),
    "heavy tails": (laws.heavy,),
    "bursts of 2–4 turns": (laws.light, laws.bursts),
    "GPU shared for 2–4 turns": (laws.light, laws.shared_gpu),
    "neighbours alike, φ .15–.4": (laws.correlated,),
    "daily drift of 3–6 %": (laws.light, laws.daily),
    "restarts differ by 3–5 %": (laws.light, laws.restarts),
    "rare stages": (laws.rare, laws.light),
    "two levels, cached or not": (laws.light, laws.bimodal),
    "stamps of 15.6 ms": (laws.light, laws.coarse),
    "token counts missing": (laws.light, laws.without_tokens),
    "sessions interleaved": (laws.interleaved, laws.light),
    "pauses and typed turns": (laws.light, laws.between),
    "layouts of the prompt": (laws.layouts, laws.light),
    "several at once": (laws.layouts, laws.somewhat_correlated, laws.bursts, laws.shared_gpu),
}

Purpose = Literal["tune", "report"]


class Seeds(NamedTuple):
    """Where logs come from."""

    purpose: Purpose
    round: int

    def of(self, *path: int) -> np.random.Generator:
        """Of one log; no other path gives the same."""
        return np.random.default_rng([("tune", "report").index(self.purpose), self.round, *path])


def report_seeds(rounds: Path = ROUNDS) -> Seeds:
    """Of a report: no table was ever made with them, and none will be. ``rounds``: holds the number of the next."""
    number = int(rounds.read_text())
    rounds.write_text(f"{number + 1}\n")
    return Seeds("report", number)


@dataclass(frozen=True)
class Request:
    """Which logs."""

    world: str
    size: str
    change: Change | None
    count: int
    kind: int
    """Tells the seeds of different changes apart."""


def draw(request: Request, seeds: Seeds) -> Iterator[Labelled]:
    """Fresh logs."""
    place = list(WORLDS).index(request.world), list(SIZES).index(request.size), request.kind
    for number in range(request.count):
        yield _draw(request, seeds.of(*place, number))


def draft_of(request: Request, chance: np.random.Generator) -> tuple[Draft, int, str, dict[str, Array]]:
    """The log as arrays, where the change began, the stage it was, and the usual times for the work."""
    change = request.change
    at = int(chance.integers(*SIZES[request.size]))
    count = at + (change.turns if change else AFTER)
    log = Draft(chance, count, np.ones(count), np.full(count, chance.uniform(2, 6)))
    work = change is not None and change.factor == 1
    if change is not None and work:
        change.apply(log, at)
    for law in WORLDS[request.world]:
        law(log)
    usual = {key: log.usual(key) for key in log.noise}
    return log, at, "" if change is None or work else change.apply(log, at), usual


def _draw(request: Request, chance: np.random.Generator) -> Labelled:
    log, at, stage, usual = draft_of(request, chance)
    turns = turns_of(log)
    complete = [turn.ordinal for turn in turns if turn.state is TurnState.COMPLETE]
    factor = request.change.factor if request.change else 1.0
    return Labelled(request.world, turns, stage, factor, complete[at] if stage else None, residuals_of(log, usual), at)


def null_logs(request: Request, seeds: Seeds) -> Iterator[Labelled]:
    """Clean logs without their turns, for what chance does to a test that knows the place of a change."""
    place = list(WORLDS).index(request.world), list(SIZES).index(request.size), request.kind
    for number in range(request.count):
        log, at, _, usual = draft_of(request, seeds.of(*place, number))
        yield Labelled(request.world, [], residuals=residuals_of(log, usual), place=at)
