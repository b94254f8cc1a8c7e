"""``python -m bench.judgement [--scale N] [SECTION…]``: the tables of bench/judgement/README.md, on fresh logs."""

import argparse
import time
from collections.abc import Iterator
from itertools import chain
from math import inf
from pathlib import Path

from bench.judgement.baselines import BASELINES, method_of
from bench.judgement.grade import Effort, run
from bench.judgement.guard import table as guard_table
from bench.judgement.noise import called, judge_noise
from bench.judgement.otava import otava_or_reason
from bench.judgement.pace import NoTree, told
from bench.judgement.pair_tables import false_calls, found
from bench.judgement.pairs import RECIPES, dashboard, judge_pairs
from bench.judgement.publication import OtherCode, Part, Publication
from bench.judgement.scenarios import step_logs
from bench.judgement.score import Method, detect, looks_ahead
from bench.judgement.tables import matrix, others, peers_by_world, silence, steps
from bench.judgement.tables import peers as peer_table
from bench.judgement.turns import make_turns
from bench.judgement.world_pairs import PairEffort, grade_pairs
from bench.judgement.worlds import PAIR_ROUNDS, WORLDS, Seeds, report_seeds

OWN = "**timmy-tui**"
PEERS = ("mean ± 3σ on ms", "Page–Hinkley on ms, river", "ADWIN on log, river", "KSWIN on log, river")
OTAVA = "E-divisive, Otava (looks back)"
QUICK, FULL = Effort(400, 1, 1, 1), Effort(20_000, 34, 5, 5)
PEER_SHARE = 0.1
"""Of the effort, for each of the others: Otava and KSWIN take ten times as long as the detector."""


def worlds(scale: int, seed: int, own: bool) -> Iterator[str]:
    """Every world: silence, steps, other changes; on logs for tuning."""
    yield from _worlds(_effort(scale / 10), Seeds("tune", seed))


def _effort(share: float) -> Effort:
    """A ``share`` of 1 is what is asked of a table for the page."""
    steps, others, work = (max(round(count * share), 1) for count in (FULL.steps, FULL.others, FULL.work))
    return Effort(max(int(FULL.clean_turns * share), QUICK.clean_turns), steps, others, work)


def _worlds(effort: Effort, seeds: Seeds) -> Iterator[str]:
    yield f"Logs: {seeds.purpose}, round {seeds.round}; a world and size: {effort}."
    grades = run(detect, effort, seeds)
    for table in (silence, steps, matrix, others):
        yield ""
        yield from table(grades)


def peers(scale: int, seed: int, own: bool) -> Iterator[str]:
    """What others do on some logs of every world, beside the detector on the same ones; on logs for tuning."""
    yield from _peers(_effort(PEER_SHARE * scale / 10), Seeds("tune", seed))


def _peers(effort: Effort, seeds: Seeds) -> Iterator[str]:
    yield f"Logs: {seeds.purpose}, round {seeds.round}; a world and size: {effort}."
    methods: dict[str, Method] = {OWN: detect, **{name: method_of(*BASELINES[name]) for name in PEERS}}
    otava = otava_or_reason()
    if isinstance(otava, str):
        yield f"Otava: {otava}"
    else:
        methods[OTAVA] = otava
    grades = {name: run(method, effort, seeds) for name, method in methods.items()}
    for table in (peer_table, peers_by_world):
        yield ""
        yield from table(grades)
    if not isinstance(otava, str):
        otava.close()


def _publish(share: float, minutes: float) -> Iterator[str]:
    """All of the page's tables of worlds, where they are whole; else how much is still to be done."""
    report = Publication(share)
    own, other = _effort(report.share), _effort(PEER_SHARE * report.share)
    otava = otava_or_reason()
    methods: dict[str, Method] = {OWN: detect, **{name: method_of(*BASELINES[name]) for name in PEERS}}
    if not isinstance(otava, str):
        methods[OTAVA] = otava
    # The detector on the logs of the others is a part of its own: their share of its logs.
    parts = [Part("worlds", detect, own), *(Part(name, method, other) for name, method in methods.items())]
    whole = report.go_on(parts, time.monotonic() + 60 * minutes)
    if not isinstance(otava, str):
        otava.close()
    if not whole:
        there = sum(len(report.grades(part.name)) for part in parts)
        yield f"{there} of {len(parts) * len(WORLDS)} parts are there ({report.minutes:.0f} minutes): run it again."
        return
    report.finish()
    yield f"Logs: report, round {report.seeds.round}; a world and size: {own}; {report.minutes:.0f} minutes of a core."
    for table in (silence, steps, matrix, others):
        yield ""
        yield from table(report.grades("worlds"))
    yield f"\nThe others; a world and size: {other}."
    if isinstance(otava, str):
        yield f"Otava: {otava}"
    for peer in (peer_table, peers_by_world):
        yield ""
        yield from peer({name: report.grades(name) for name in methods})


def comparisons(scale: int, seed: int, own: bool) -> Iterator[str]:
    """Two sessions of n warm turns, the second with one stage changed (or none)."""
    yield "| recipe | n | false, a stage test | pairs with any | coverage | +20 % called | +50 % | ×0.65 | wrong way |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for name, recipe in RECIPES.items():
        for n in (10, 30) if recipe is dashboard or not own else ():
            count = 13 * max(scale * 2, 2)
            same, *changed = (judge_pairs(recipe, n, count, factor, seed + 60_000) for factor in (1.0, 1.2, 1.5, 0.65))
            called = " | ".join(f"{tally.called / tally.pairs:.0%}" for tally in changed)
            yield (
                f"| {name} | {n} | {same.false / same.tests:.2%} ({same.tests}) | {same.pairs_false / same.pairs:.1%} "
                f"| {same.covered / same.intervals:.1%} | {called} | {sum(tally.backwards for tally in changed)} |"
            )


def world_pairs(scale: int, seed: int, own: bool) -> Iterator[str]:
    """Two sessions in every world, changed or not, also by work alone; a verdict is looked at after every turn."""
    yield from _world_pairs(scale, Seeds("tune", seed))


def _world_pairs(scale: int, seeds: Seeds) -> Iterator[str]:
    effort = PairEffort(max(scale * 4, 1), max(scale * 6, 2))
    yield f"Pairs: {seeds.purpose}, round {seeds.round}; {effort}."
    grades = {world: grade_pairs(world, effort, seeds) for world in WORLDS}
    for rows in (false_calls, found):
        yield ""
        yield from rows(grades)


def guard(scale: int, seed: int, own: bool) -> Iterator[str]:
    """Guided tests that stop by themselves; eight turns a side, looked at after every turn with the change."""
    yield from guard_table(1000 * scale, seed + 1)


def session_noise(scale: int, seed: int, own: bool) -> Iterator[str]:
    """Sessions differ by more than is assumed: 30 warm turns a side, as assumed and as twenty restarts taught."""
    yield "| sessions differ by | known | false, a stage test | pairs with any | coverage | +20 % | alarms /1000 |"
    yield "|---|---|---|---|---|---|---|"
    for noise in (0.02, 0.04, 0.06):
        assumed, learned, share = judge_noise(noise, 10 * scale, seed + 90_000, scale)
        for name, tally in (("2 % assumed", assumed), (f"learned, median {share:.1%}", learned)):
            same = tally.same
            yield (
                f"| {noise:.0%} | {name} | {same.false / same.tests:.2%} ({same.tests}) "
                f"| {same.pairs_false / same.pairs:.1%} | {same.covered / same.intervals:.1%} | {called(tally.slower)} "
                f"| {1000 * tally.alarms / max(tally.turns, 1):.1f} ({tally.turns}) |"
            )


def pace(scale: int, seed: int, own: bool) -> Iterator[str]:
    """What a turn costs; the detector's part early and late in a long log, by the clock; alarms on logs cut short."""
    yield from _pace(scale, seed, None)


def _pace(scale: int, seed: int, beside: Path | None) -> Iterator[str]:
    yield from told(range(seed, seed + max(scale * 2 // 5, 1)), beside)
    turns = make_turns(3000, seed)
    for part in (turns[:1000], turns):
        began = time.perf_counter()
        detect(part)
        spent = 1000 * (time.perf_counter() - began) / len(part)
        yield f"- {len(part)} turns: {spent:.2f} ms a turn for all stages together, the detector alone"
    logs = list(step_logs(1.5, 1, seed + 70_000))
    cut = sum(looks_ahead(detect, log.turns, range(40, len(log.turns), 37)) for log in logs)
    yield f"- {cut} of {sum(len(range(40, len(log.turns), 37)) for log in logs)} cut logs gave other alarms"


SECTIONS = {
    "worlds": worlds, "peers": peers, "pairs": comparisons, "world-pairs": world_pairs, "guard": guard,
    "noise": session_noise, "pace": pace,
}  # fmt: skip


def main() -> None:
    """Print the named sections, or all of them."""
    parser = argparse.ArgumentParser(prog="python -m bench.judgement")
    parser.add_argument("sections", nargs="*", choices=[[], *SECTIONS], default=[])
    parser.add_argument("--scale", type=int, default=10, help="10: 20 000 clean turns a world and size")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="worlds and peers, every cell, on few logs for tuning")
    parser.add_argument("--publish", action="store_true", help="the same on logs that no run before was given")
    parser.add_argument("--minutes", type=float, default=inf, help="--publish begins no further world after that")
    parser.add_argument("--publish-pairs", action="store_true", help="before and after in every world, on such logs")
    parser.add_argument("--own", action="store_true", help="leave out what others would do: most of the time is theirs")
    parser.add_argument("--beside", type=Path, metavar="TREE", help="only pace, alternately with another checkout")
    given = parser.parse_args()
    if given.beside is not None:
        try:
            for line in _pace(given.scale, 100_000 * given.seed, given.beside.resolve()):
                print(line, flush=True)
        except NoTree as error:
            parser.error(str(error))
        return
    if given.publish_pairs:
        for line in _world_pairs(given.scale, report_seeds(PAIR_ROUNDS)):
            print(line, flush=True)
        return
    if given.quick or given.publish:
        seeds = Seeds("tune", given.seed)
        quick = chain(_worlds(QUICK, seeds), _peers(QUICK, seeds))
        try:
            for line in _publish(given.scale / 10, given.minutes) if given.publish else quick:
                print(line, flush=True)
        except OtherCode as error:
            parser.error(str(error))
        return
    for name in given.sections or SECTIONS:
        section = SECTIONS[name]
        print(f"\n### {name}\n\n{(section.__doc__ or '').strip()}\n", flush=True)
        for line in section(given.scale, 100_000 * given.seed, given.own):
            print(line, flush=True)


if __name__ == "__main__":
    main()
