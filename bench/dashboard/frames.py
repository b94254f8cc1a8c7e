"""exec → first painted frame with data: an empty, a small and a 1 GB log, compared with a minimal Textual app.

The CPU time until then (user and system, all threads) is the steadier figure on a machine that does other work.
"""

import tempfile
import time
from operator import truediv
from pathlib import Path
from statistics import median

from bench.dashboard.peers import MINIMAL_APP, PYTHON, TIMMY, lnav, make_root
from bench.dashboard.screen import Screen
from bench.reading.logs import write_log

ROUNDS = 11
SIZES = {"empty": 0, "1 k turns": 27_000, "1 GB": 5_300_000}


def measure() -> list[str]:
    """Medians of all rounds. In each round all programs run in turn; ratios are taken within a round."""
    with tempfile.TemporaryDirectory() as folder:
        rows: dict[str, tuple[list[str], bytes]] = {"Textual, minimal": ([PYTHON, "-c", MINIMAL_APP], b"FIRST FRAME")}
        for name, events in SIZES.items():
            root = make_root(Path(folder) / name.replace(" ", "-"))
            log = root / "shared/latency.log"
            if events:
                write_log(log, events, time.time())
            else:
                log.touch()
            rows[f"timmy_tui, {name}"] = ([*TIMMY, "--root", str(root), "--no-services"], b"V2V")
        if (command := lnav()) is not None:
            rows["lnav, 1 k turns"] = ([*command, str(Path(folder) / "1-k-turns/shared/latency.log")], b"request_id")
        times: dict[str, list[float]] = {name: [] for name in rows}
        cpu: dict[str, list[float]] = {name: [] for name in rows}
        environ = {"XDG_STATE_HOME": f"{folder}/state", "XDG_CONFIG_HOME": f"{folder}/config"}
        for _ in range(ROUNDS):
            for name, (argv, text) in rows.items():
                with Screen(argv, environ=environ) as screen:
                    shown = screen.wait_for(text, 30)
                    cpu[name].append(1000 * screen.cpu_seconds())
                    times[name].append(float("nan") if shown is None else 1000 * (shown - screen.started))
    lines = ["| program | ms | / minimal | / timmy_tui empty | CPU ms | / minimal |", "|---|---|---|---|---|---|"]
    for name in rows:
        wall, to_empty, work = (
            f"{median(map(truediv, of[name], of[base])):.2f}"
            for of, base in ((times, "Textual, minimal"), (times, "timmy_tui, empty"), (cpu, "Textual, minimal"))
        )
        lines.append(f"| {name} | {median(times[name]):.0f} | {wall} | {to_empty} | {median(cpu[name]):.0f} | {work} |")
    return lines
