"""Key → frame on the log screen: from the key that freezes it to the word that says so, also while lines pour in.

It follows a log that grows by 100 000 lines as fast as they can be written: everything else that is done then, reading,
parsing, judging and painting, is in the way of the key.
"""

import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from bench.dashboard.peers import TIMMY, make_root
from bench.dashboard.screen import Screen
from bench.reading.logs import turn_lines, write_log

SAMPLES = 60
BURST_LINES = 100_000
PIECE = 500
"""Lines of one write."""


def measure() -> list[str]:
    """A table: p50 and p95 in ms, quiet and in the burst."""
    with tempfile.TemporaryDirectory() as folder:
        root = make_root(Path(folder) / "timmy")
        log = root / "shared/latency.log"
        write_log(log, 5000, time.time() - 60)
        environ = {"XDG_STATE_HOME": f"{folder}/state", "XDG_CONFIG_HOME": f"{folder}/config"}
        lines = _burst_lines()
        with Screen([*TIMMY, "--root", str(root), "--no-services"], environ=environ) as screen:
            screen.wait_for(b"V2V", 20)
            screen.settle(0.6, 5)
            screen.send(b"6")
            screen.wait_for(b"following", 10)
            screen.settle(0.6, 5)
            quiet = _samples(screen, lambda: False)
            writer = threading.Thread(target=_write, args=(log, lines))
            writer.start()
            busy = _samples(screen, writer.is_alive)
            writer.join()
    return [
        "| log screen, following | keys | p50 ms | p95 ms | max ms | no frame in 3 s |",
        "|---|---|---|---|---|---|",
        _row("quiet", quiet),
        _row(f"{BURST_LINES:,} lines in a burst", busy),
    ]


def _row(name: str, samples: list[float | None]) -> str:
    known = sorted(1000 * sample for sample in samples if sample is not None)
    missed = samples.count(None)
    if not known:
        return f"| {name} | {len(samples)} | — | — | — | {missed} |"
    p95 = known[int(0.95 * (len(known) - 1))]
    return f"| {name} | {len(samples)} | {statistics.median(known):.1f} | {p95:.1f} | {known[-1]:.1f} | {missed} |"


def _samples(screen: Screen, go_on: Callable[[], bool]) -> list[float | None]:
    """Seconds from the key to its word; None where none came. SAMPLES of them, and as many while ``go_on``."""
    samples: list[float | None] = []
    while len(samples) < SAMPLES or (go_on() and len(samples) < 10 * SAMPLES):
        began = time.perf_counter()
        screen.send(b" ")
        at = screen.wait_for(b"FROZEN", 3.0)
        samples.append(None if at is None else at - began)
        screen.send(b" ")
        screen.wait_for(b"following", 3.0)
        screen.settle(0.05, 0.1)
    return samples


def _burst_lines() -> list[str]:
    turns = BURST_LINES // 27 + 1
    began = time.time() - 20.0 * turns
    return [line for number in range(turns) for line in turn_lines(number, began + 20.0 * number)][:BURST_LINES]


def _write(log: Path, lines: list[str]) -> None:
    for at in range(0, len(lines), PIECE):
        with log.open("a") as file:
            file.writelines(lines[at : at + PIECE])
