"""1 M events into the pandas frame: wall time and peak memory of the whole process."""

import subprocess
import tempfile
from pathlib import Path

from bench.dashboard.peers import DECODE_LOOP, FRAME, JSON_LOOP, PYTHON
from bench.reading.logs import write_log

EVENTS = 1_000_000
ROUNDS = 3


def measure() -> list[str]:
    """The best of three rounds of each program; in each round all programs run in turn."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "latency.log"
        turns = write_log(log, EVENTS, 1.764e9)
        programs = {"json loop (upstream's way)": JSON_LOOP, "bare decode loop": DECODE_LOOP, "timmy_tui frame": FRAME}
        best: dict[str, tuple[float, float]] = {}
        for _ in range(ROUNDS):
            for name, code in programs.items():
                wall, peak = _run(code, log)
                best_wall, best_peak = best.get(name, (float("inf"), float("inf")))
                best[name] = (min(wall, best_wall), min(peak, best_peak))
    base = best["json loop (upstream's way)"]
    lines = [
        f"{EVENTS:,} events, {turns:,} turns",
        "",
        "| program | s | peak MiB | wall / json | peak / json |",
        "|---|---|---|---|---|",
    ]
    for name, (wall, peak) in best.items():
        lines.append(f"| {name} | {wall:.2f} | {peak:.0f} | {wall / base[0]:.3f} | {peak / base[1]:.3f} |")
    return lines


def _run(code: str, log: Path) -> tuple[float, float]:
    """Wall seconds and peak MiB of one process."""
    wrapper = (
        "import resource, subprocess, sys, time\n"
        "started = time.perf_counter()\n"
        "subprocess.run([sys.argv[1], '-c', sys.argv[2], sys.argv[3]], check=True, stdout=subprocess.DEVNULL)\n"
        "print(time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)\n"
    )
    result = subprocess.run([PYTHON, "-c", wrapper, PYTHON, code, str(log)], check=True, capture_output=True, text=True)
    wall, peak = result.stdout.split()
    return float(wall), float(peak)
