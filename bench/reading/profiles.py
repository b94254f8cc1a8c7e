"""The latency log by its profile beside the built-in parser: both in turn in one process, the ratio of each round."""

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench.reading.logs import write_log
from timmy_tui.profiles.load import load
from timmy_tui.profiles.reading import ProfileReading
from timmy_tui.turns.ingest import Ingest

EVENTS = 100_000
ROUNDS = 7
MOST = 3.0
"""A profile may take so many times as long."""


def measure() -> list[str]:
    """Median of the rounds, and the worst."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "latency.log"
        write_log(log, EVENTS, 1.764e9)
        lines = log.read_bytes().splitlines()
    profile = load("v34")
    built_in: list[float] = []
    by_profile: list[float] = []
    for _ in range(ROUNDS):
        built_in.append(_timed(lambda: Ingest(60.0, False).read_once([("latency", lines)])))
        by_profile.append(_timed(lambda: ProfileReading(profile, 60.0, False).read_once([("v34", lines)])))
    ratios = [slow / fast for slow, fast in zip(by_profile, built_in, strict=True)]
    per_line = 1e6 / len(lines)
    return [
        f"{len(lines):,} lines, {ROUNDS} rounds",
        f"built-in parser {statistics.median(built_in) * per_line:.1f} µs a line, by profile "
        f"{statistics.median(by_profile) * per_line:.1f} µs a line",
        f"ratio {statistics.median(ratios):.2f}, worst round {max(ratios):.2f} (at most {MOST})",
    ]


def _timed(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started
