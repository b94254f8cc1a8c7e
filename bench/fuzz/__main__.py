"""``python -m bench.fuzz [--minutes M] [--only NAME]…``: every fuzzer, sharded over the cores; prints its figures.

Exits with 1 when something was found. A finding prints its smallest input, which is kept, and tried first next time.
"""

import argparse
import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Sequence

from bench.fuzz.run import CORPUS, Budget, Outcome, run
from bench.fuzz.table import FUZZERS

FIGURES = "| fuzzer | inputs | CPU min | inputs/s | slowest ms | memory MiB | grew MiB | found |"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; the exit code."""
    options = _parsed(arguments)
    if options.shard is not None:
        name = options.only[0]
        outcome = run(name, FUZZERS[name], Budget(60 * options.minutes, _seed(options)))
        print(json.dumps(outcome.as_dict()))
        return bool(outcome.finding)
    names = options.only or list(FUZZERS)
    outcomes = {name: merged(name, found) for name, found in _all_shards(names, options).items()}
    seed = "" if options.seed is None else f", seed {options.seed}"
    print(f"{len(names)} fuzzers, {options.minutes:g} CPU minutes each, {options.jobs} processes{seed}\n")
    print("\n".join(table(outcomes)))
    findings = [outcome for outcome in outcomes.values() if outcome.finding]
    for outcome in findings:
        print(f"\n## {outcome.name}\n\n{outcome.finding}")
    return bool(findings)


def _parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.fuzz", description=f"What it keeps is in {CORPUS}.")
    parser.add_argument("--minutes", type=float, default=2.0, help="CPU minutes of each fuzzer (default 2)")
    parser.add_argument("--only", action="append", choices=list(FUZZERS), help="one fuzzer; may be repeated")
    parser.add_argument("--seed", type=int, help="a run that can be repeated; it keeps nothing")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes at a time")
    parser.add_argument("--shard", type=int, help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def _seed(options: argparse.Namespace) -> int | None:
    """Of one shard."""
    return None if options.seed is None else options.seed + 1_000_000 * options.shard


def _all_shards(names: Sequence[str], options: argparse.Namespace) -> dict[str, list[Outcome]]:
    """Each fuzzer in as many shards as there are cores, each with its part of the time and its own seed."""
    waiting: queue.SimpleQueue[tuple[str, int]] = queue.SimpleQueue()
    for name in names:
        for shard in range(options.jobs):
            waiting.put((name, shard))
    found: dict[str, list[Outcome]] = {name: [] for name in names}

    def work() -> None:
        while True:
            try:
                name, shard = waiting.get_nowait()
            except queue.Empty:
                return
            outcome = _shard(name, shard, options)
            found[name].append(outcome)
            if (
                len(found[name]) == options.jobs
            ):  # A run takes an hour: what one fuzzer found must not wait for the last.
                print(_row(merged(name, found[name])), file=sys.stderr, flush=True)

    threads = [threading.Thread(target=work) for _ in range(options.jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def _shard(name: str, shard: int, options: argparse.Namespace) -> Outcome:
    """One shard in a process of its own."""
    minutes = options.minutes / options.jobs
    command = [sys.executable, "-m", "bench.fuzz", "--only", name, "--shard", str(shard)]
    command += ["--minutes", str(minutes), *([] if options.seed is None else ["--seed", str(options.seed)])]
    done = subprocess.run(command, capture_output=True, text=True)
    lines = done.stdout.splitlines()
    try:
        return Outcome(**json.loads(lines[-1]))
    except (IndexError, ValueError, TypeError):
        return Outcome(name, finding=f"the process ended with {done.returncode}\n{done.stderr[-4000:]}")


def merged(name: str, shards: Sequence[Outcome]) -> Outcome:
    """The shards of one fuzzer as one."""
    return Outcome(
        name,
        inputs=sum(one.inputs for one in shards),
        cpu_s=sum(one.cpu_s for one in shards),
        slowest_ms=max((one.slowest_ms for one in shards), default=0.0),
        rss_mib=max((one.rss_mib for one in shards), default=0.0),
        growth_mib=max((one.growth_mib for one in shards), default=0.0),
        finding=next((one.finding for one in shards if one.finding), ""),
    )


def table(outcomes: dict[str, Outcome]) -> list[str]:
    """The figures, as a table in Markdown."""
    rows = [FIGURES, "|" + "---|" * FIGURES.count(" | ") + "---|"]
    return rows + [_row(one) for one in outcomes.values()]


def _row(one: Outcome) -> str:
    rate = one.inputs / one.cpu_s if one.cpu_s else 0.0
    found = "yes" if one.finding else "nothing"
    return (
        f"| {one.name} | {one.inputs:,} | {one.cpu_s / 60:.1f} | {rate:.0f} | {one.slowest_ms:.0f} | "
        f"{one.rss_mib:.0f} | {one.growth_mib:.1f} | {found} |"
    )


if __name__ == "__main__":
    sys.exit(main())
