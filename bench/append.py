"""Append → screen: one event is appended, and the time is taken until the terminal has been sent what shows it.

timmy_tui shows an event as the phase of the turn in flight, the others as the line itself. Samples are spread so that
no program's clock falls in with them.
"""

import random
import tempfile
import time
from pathlib import Path

from bench.logs import TURN, event_line, write_log
from bench.peers import PYTHON, TIMMY, lnav, make_root
from bench.screen import Screen

SAMPLES = 100

PHASES: tuple[tuple[int, bytes], ...] = (
    (7, b"CLASS"),
    (10, b"RAG"),
    (15, b"PROMPT"),
    (17, b"LLM"),
    (18, b"REPLY"),
    (23, b"TTS"),
    (24, b"PLAY"),
)
"""Row of the turn table → label that the screen shows in flight once it is there."""


def measure() -> list[str]:
    """p50, p95 and the worst of at least 100 samples a program, all on the same kind of log."""
    with tempfile.TemporaryDirectory() as folder:
        rows: dict[str, list[float]] = {}
        root = make_root(Path(folder) / "timmy")
        log = root / "shared/latency.log"
        write_log(log, 5000, time.time() - 60)
        environ = {"XDG_STATE_HOME": f"{folder}/state", "XDG_CONFIG_HOME": f"{folder}/config"}
        with Screen([*TIMMY, "--root", str(root), "--no-services"], environ=environ) as screen:
            rows["timmy_tui, live screen"] = _dashboard(screen, log)
        plain = Path(folder) / "plain.log"
        peers = {"tail -F": ["tail", "-F", str(plain)]}
        if (found := lnav()) is not None:
            peers["lnav"] = [*found, str(plain)]
        for name, argv in peers.items():
            write_log(plain, 5000, time.time() - 60)
            with Screen(argv) as screen:
                rows[name] = _lines(screen, plain)
    lines = [
        f"{PYTHON.rpartition('/')[2]}, {SAMPLES} samples",
        "",
        "| program | p50 ms | p95 ms | max ms | missed |",
        "|---|---|---|---|---|",
    ]
    for name, values in rows.items():
        known = sorted(values)
        missed = SAMPLES - len(known)
        p50, p95 = known[len(known) // 2], known[int(len(known) * 0.95)]
        lines.append(f"| {name} | {p50:.1f} | {p95:.1f} | {known[-1]:.1f} | {missed} |")
    return lines


def _dashboard(screen: Screen, log: Path) -> list[float]:
    screen.wait_for(b"V2V", 20)
    screen.settle(0.6, 5)
    chance = random.Random(1)
    times: list[float] = []
    number = 0
    while len(times) < SAMPLES and number < SAMPLES:
        number += 1
        name = f"{number:08x}"
        wanted = dict(PHASES)
        for row, (service, event, _, metadata) in enumerate(TURN):
            shown = wanted.get(row)
            if shown is not None:
                screen.settle(0.02 + chance.uniform(0, 0.05), 0.2)
            began = _append(log, event_line(name, time.time(), service, event, metadata))
            if shown is not None and len(times) < SAMPLES:
                seen = screen.wait_for(shown, 3)
                if seen is not None:
                    times.append(1000 * (seen - began))
        screen.settle(0.05, 0.5)
    return times


def _lines(screen: Screen, log: Path) -> list[float]:
    screen.settle(1.0, 10)
    chance = random.Random(1)
    times: list[float] = []
    for number in range(SAMPLES):
        name = f"{number + 0xABC00000:08x}"
        screen.settle(0.02 + chance.uniform(0, 0.05), 0.2)
        began = _append(log, event_line(name, time.time(), "v34", "v34_ollama_sent", "{}"))
        seen = screen.wait_for(name.encode(), 3)
        if seen is not None:
            times.append(1000 * (seen - began))
    return times


def _append(log: Path, line: str) -> float:
    with log.open("a") as file:
        began = time.perf_counter()
        file.write(line)
    return began
