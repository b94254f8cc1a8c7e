"""``python -m bench.judgement [--scale N] [SECTION…]``: the tables of bench/judgement/README.md, on fresh logs."""

import argparse
import time
from collections.abc import Iterator

from bench.judgement.baselines import BASELINES, method_of
from bench.judgement.noise import called, judge_noise
from bench.judgement.pairs import RECIPES, dashboard, judge_pairs
from bench.judgement.scenarios import (
    STEPS,
    Labelled,
    clean_logs,
    one_step,
    step_logs,
    trick_logs,
    work_logs,
    young_logs,
)
from bench.judgement.score import Detections, FalseAlarms, Method, count_false, count_found, detect, looks_ahead
from bench.judgement.turns import make_turns

OWN = "**timmy-tui**"
_KINDS = ("clean", "workload", "tricks", "first turns")


def methods(own: bool) -> Iterator[tuple[str, Method, int]]:
    """Name, method, and how many times fewer logs it is given; ``own``: without what others would do."""
    yield OWN, detect, 1
    for name, (make, logs) in () if own else BASELINES.items():
        yield name, method_of(make, logs), 5


def false_alarms(scale: int, seed: int, own: bool) -> Iterator[str]:
    """Alarms where nothing became slower or faster, per 1000 turns."""
    yield (
        "| method | clean (turns) | workload changes (turns) | single slow turns, variance up (turns) "
        "| first 70 turns of a log (turns) |"
    )
    yield "|---|---|---|---|---|"
    for name, method, fewer in methods(own):
        logs = max(scale // fewer, 1)
        tallies = [
            count_false(method, clean_logs(4 * logs, seed)),
            count_false(method, work_logs(3 * logs, seed + 10_000)),
            count_false(method, trick_logs(2 * logs, seed + 20_000)),
            count_false(method, young_logs(20 * logs, seed + 80_000)),
        ]
        yield f"| {name} | {' | '.join(f'{tally.rate:.2f} ({tally.turns})' for tally in tallies)} |"
        if name == OWN:
            notes = [_where(word, tally) for word, tally in zip(_KINDS, tallies, strict=True)]
    yield ""
    yield from notes


def _where(word: str, tally: FalseAlarms) -> str:
    kinds = ", ".join(f"{kind} {count}" for kind, count in tally.kinds.most_common())
    stages = ", ".join(f"{stage} {count}" for stage, count in tally.stages.most_common())
    return f"- {word}: {tally.alarms} alarms; {kinds}; by stage: {stages or 'none'}"


def detections(scale: int, seed: int, own: bool) -> Iterator[str]:
    """One stage changes for 80 turns: found with the right name and direction, within 20 turns, median delay."""
    yield "| method | change | logs | found | in ≤ 20 turns | median delay | wrong stage first | wrong direction |"
    yield "|---|---|---|---|---|---|---|---|"
    notes = []
    for name, method, fewer in methods(own):
        count = max(scale // (2 * fewer), 1)
        for place, factor in enumerate(STEPS):
            tally = count_found(method, step_logs(factor, count, seed + 30_000 + 17 * place))
            yield _found(name, f"×{factor:g}", tally)
            if name == OWN:
                notes.append(_missed(factor, tally))
        if name != OWN:
            continue
        for word, factor, drift in (("improved ×0.65", 0.65, 0), ("drift to ×1.6 in 80", 1.6, 80)):
            yield _found(name, word, count_found(method, step_logs(factor, max(count // 2, 1), seed + 40_000, drift)))
        for word, logs in _others(count, seed + 50_000).items():
            yield _found(name, word, count_found(method, logs))
    yield ""
    yield from notes


def _others(count: int, seed: int) -> dict[str, list[Labelled]]:
    return {
        "GPU ×1.5 (LLM and TTS)": [one_step("gpu", 1.5, seed + n) for n in range(4 * count)],
        "gap +640 ms": [one_step("unattributed", 640.0, seed + n) for n in range(4 * count)],
        "hop in ×20": [one_step("hop_in", 20.0, seed + n) for n in range(4 * count)],
    }


def _found(name: str, word: str, tally: Detections) -> str:
    delay = "—" if tally.delay is None else f"{tally.delay:g}"
    wrong = f"{tally.wrong / tally.named:.1%}" if tally.named else "—"
    shares = f"{tally.found / tally.logs:.0%} | {tally.soon / tally.logs:.0%}"
    return f"| {name} | {word} | {tally.logs} | {shares} | {delay} | {wrong} | {tally.backwards} |"


def _missed(factor: float, tally: Detections) -> str:
    missed = ", ".join(f"{stage} {count}" for stage, count in tally.missed.most_common() if count)
    mistaken = ", ".join(f"{word} {count}" for word, count in tally.mistaken.most_common())
    return f"- ×{factor:g} not found: {missed or 'none'}; wrong name: {mistaken or 'none'}"


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
    """What a turn costs, early and late in a long log, and alarms on logs cut short."""
    turns = make_turns(3000, seed)
    for part in (turns[:1000], turns):
        began = time.perf_counter()
        detect(part)
        spent = 1000 * (time.perf_counter() - began) / len(part)
        yield f"- {len(part)} turns: {spent:.2f} ms a turn for all stages together"
    logs = list(step_logs(1.5, 1, seed + 70_000))
    cut = sum(looks_ahead(detect, log.turns, range(40, len(log.turns), 37)) for log in logs)
    yield f"- {cut} of {sum(len(range(40, len(log.turns), 37)) for log in logs)} cut logs gave other alarms"


SECTIONS = {"false": false_alarms, "found": detections, "pairs": comparisons, "noise": session_noise, "pace": pace}


def main() -> None:
    """Print the named sections, or all of them."""
    parser = argparse.ArgumentParser(prog="python -m bench.judgement")
    parser.add_argument("sections", nargs="*", choices=[[], *SECTIONS], default=[])
    parser.add_argument("--scale", type=int, default=10, help="10: 40 000 clean turns, 5 logs a stage and step")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--own", action="store_true", help="leave out what others would do: most of the time is theirs")
    given = parser.parse_args()
    for name in given.sections or SECTIONS:
        section = SECTIONS[name]
        print(f"\n### {name}\n\n{(section.__doc__ or '').strip()}\n", flush=True)
        for line in section(given.scale, 100_000 * given.seed, given.own):
            print(line, flush=True)


if __name__ == "__main__":
    main()
