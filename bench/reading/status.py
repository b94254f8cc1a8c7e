"""`timmy-tui status`, with a running dashboard and from the log alone, compared with `python -c pass`."""

import os
import subprocess
import tempfile
import time
from operator import truediv
from pathlib import Path
from statistics import median

from bench.dashboard.peers import PYTHON, TIMMY, make_root
from bench.reading.logs import write_log

ROUNDS = 15


def measure() -> list[str]:
    """Median wall time of whole processes. In each round all run in turn; ratios are taken within a round."""
    with tempfile.TemporaryDirectory() as folder:
        root = make_root(Path(folder) / "timmy")
        write_log(root / "shared/latency.log", 100_000, time.time())
        with_dashboard = {**os.environ, "XDG_STATE_HOME": f"{folder}/running"}
        without_dashboard = {**os.environ, "XDG_STATE_HOME": f"{folder}/alone"}
        state = Path(folder) / "running/timmy_tui/status.json"
        state.parent.mkdir(parents=True)
        rows = {
            "python -c pass": ([PYTHON, "-c", "pass"], without_dashboard),
            "status, dashboard running": ([*TIMMY, "status"], with_dashboard),
            "status, from a 100 k event log": ([*TIMMY, "status", "--root", str(root)], without_dashboard),
        }
        times: dict[str, list[float]] = {name: [] for name in rows}
        for _ in range(ROUNDS):
            state.write_text(f'{{"at": {time.time()}, "line": "x", "tmux": "x"}}')
            for name, (argv, environ) in rows.items():
                started = time.perf_counter()
                subprocess.run(argv, env=environ, check=True, stdout=subprocess.DEVNULL)
                times[name].append(time.perf_counter() - started)
    base = times["python -c pass"]
    lines = ["| program | ms | / pass |", "|---|---|---|"]
    for name, values in times.items():
        ratio = median(map(truediv, values, base))
        lines.append(f"| {name} | {median(values) * 1000:.0f} | {ratio:.1f} |")
    return lines
