"""Append → screen: the time from appending one event to the output on the terminal that shows it.

timmy_tui shows an event as the phase of the turn in flight, the other programs show the line. The pauses between
samples are random, so that they do not fall into step with the timer of a program.
"""

import random
import tempfile
import time
from pathlib import Path

from bench.dashboard.peers import PYTHON, TIMMY, lnav, make_root
from bench.dashboard.screen import Screen
from bench.reading.logs import TURN, event_line, write_log

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
"""(row of bench.reading.logs.TURN, label of the phase that the screen shows after this event)."""


def measure() -> list[str]:
    """p50, p95 and maximum of 100 samples per program, all with the same kind of log."""
    with tempfile.TemporaryDirectory() as folder:
        rows: dict[str, list[float]] = {}
        root = make_root(Path(folder) / "timmy")
        log = root / "shared/latency.log"
        write_log(log, 5000, time.time() - 60)
        environ = {"XDG_STATE_HOME": f"{folder}/state", "XDG_CONFIG_HOME": f"{folder}/config"}
        with Screen([*TIMMY, "--root", str(root), "--no-services"], environ=environ) as screen:
            rows["timmy_tui, live screen"] = time_phases(screen, log)
        plain = Path(folder) / "plain.log"
        peers = {"tail -F": ["tail", "-F", str(plain)]}
        if (command := lnav()) is not None:
            peers["lnav"] = [*command, str(plain)]
        for name, argv in peers.items():
            write_log(plain, 5000, time.time() - 60)
            with Screen(argv) as screen:
                rows[name] = _time_lines(screen, plain)
    lines = [
        f"{PYTHON.rpartition('/')[2]}, {SAMPLES} samples",
        "",
        "| program | p50 ms | p95 ms | max ms | missed |",
        "|---|---|---|---|---|",
    ]
    for name, values in rows.items():
        ordered = sorted(values)
        missed = SAMPLES - len(ordered)
        p50, p95 = ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.95)]
        lines.append(f"| {name} | {p50:.1f} | {p95:.1f} | {ordered[-1]:.1f} | {missed} |")
    return lines


def time_phases(screen: Screen, log: Path) -> list[float]:
    """Milliseconds from each event to the label of its phase."""
    screen.wait_for(b"V2V", 20)
    screen.settle(0.6, 5)
    rng = random.Random(1)
    times: list[float] = []
    number = 0
    while len(times) < SAMPLES and number < SAMPLES:
        number += 1
        request_id = f"{number:08x}"
        labels = dict(PHASES)
        for row, (service, event, _, metadata) in enumerate(TURN):
            label = labels.get(row)
            if label is not None:
                screen.settle(0.02 + rng.uniform(0, 0.05), 0.2)
            appended = _append(log, event_line(request_id, time.time(), service, event, metadata))
            if label is not None and len(times) < SAMPLES:
                shown = screen.wait_for(label, 3)
                if shown is not None:
                    times.append(1000 * (shown - appended))
        screen.settle(0.05, 0.5)
    return times


def _time_lines(screen: Screen, log: Path) -> list[float]:
    """Milliseconds from each line to its request id on the terminal."""
    screen.settle(1.0, 10)
    rng = random.Random(1)
    times: list[float] = []
    for number in range(SAMPLES):
        request_id = f"{number + 0xABC00000:08x}"
        screen.settle(0.02 + rng.uniform(0, 0.05), 0.2)
        appended = _append(log, event_line(request_id, time.time(), "v34", "v34_ollama_sent", "{}"))
        shown = screen.wait_for(request_id.encode(), 3)
        if shown is not None:
            times.append(1000 * (shown - appended))
    return times


def _append(log: Path, line: str) -> float:
    """Append a line; returns perf_counter() just before."""
    with log.open("a") as file:
        started = time.perf_counter()
        file.write(line)
    return started
