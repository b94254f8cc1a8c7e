"""What detector, diagnosis and judge cost a turn together; also beside another checkout, alternately on the same logs.

A machine shared with others is twice as fast at one moment as at the next: only what is timed alternately compares.
"""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

OWN = Path(__file__).parents[2]
WORKER = Path(__file__).with_name("pace_worker.py")
TURNS, RUNS = 600, 8


class NoTree(ValueError):
    """A folder that holds no checkout with a judge and logs for it."""


class Run(NamedTuple):
    """Of one log."""

    ms: float
    """CPU time a turn."""
    whole: str
    """Sum of the headlines: tells whether two checkouts drew the same log."""


class Pace(NamedTuple):
    """Of one checkout."""

    ms: float
    """CPU time a turn: the least of the runs of a log, and the mean of that over the logs."""
    wholes: tuple[str, ...]


def paces(trees: Sequence[Path], seeds: Sequence[int], runs: int = RUNS, turns: int = TURNS) -> list[Pace]:
    """Of each checkout, in a process of its own; they take turns, run by run."""
    for tree in trees:
        for needed in ("bench/judgement/turns.py", "timmy_tui/analysis/judge.py"):
            if not (tree / needed).is_file():
                raise NoTree(f"{tree} is no checkout: it has no {needed}")
    with ExitStack() as stack:
        workers = [stack.enter_context(_worker(tree)) for tree in trees]
        found = [[[_run(worker, turns, seed) for worker in workers] for _ in range(runs)] for seed in seeds]
    return [
        Pace(
            sum(min(run[place].ms for run in log) for log in found) / len(seeds),
            tuple(log[0][place].whole for log in found),
        )
        for place in range(len(trees))
    ]


def _worker(tree: Path) -> subprocess.Popen[str]:
    # Python has the folder that it is started in ahead of what is installed: the checkout's own packages are used.
    command = [sys.executable, "-c", WORKER.read_text()]
    return subprocess.Popen(command, cwd=tree, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def _run(worker: subprocess.Popen[str], turns: int, seed: int) -> Run:
    assert worker.stdin is not None and worker.stdout is not None
    worker.stdin.write(f"{turns} {seed}\n")
    worker.stdin.flush()
    ms, whole = worker.stdout.readline().split()
    return Run(float(ms), whole)


def told(seeds: Sequence[int], beside: Path | None) -> Iterator[str]:
    """What this checkout costs, and the other one where there is one."""
    own, *others = paces([OWN, *([beside] if beside else [])], seeds)
    how = f"CPU, {TURNS} turns, {len(seeds)} logs, the least of {RUNS} runs each"
    yield f"- detector, diagnosis and judge with its state: {own.ms:.2f} ms a turn ({how})"
    for other in others:
        yield f"- {beside}, alternately: {other.ms:.2f} ms a turn; this one takes {own.ms / other.ms:.2f} of that"
        if other.wholes != own.wholes:
            yield "- the two draw different logs from one seed: they do not compare"
