"""Open and idle for 30 s: CPU time, bytes to the terminal and resident memory of each program."""

import tempfile
import time
from pathlib import Path

from bench.dashboard.peers import MINIMAL_APP, PYTHON, TIMMY, lnav, make_root
from bench.dashboard.screen import Screen
from bench.reading.logs import write_log

SECONDS = 30.0


def measure() -> list[str]:
    """CPU in per cent of one core."""
    with tempfile.TemporaryDirectory() as folder:
        root = make_root(Path(folder) / "timmy")
        log = root / "shared/latency.log"
        write_log(log, 270_000, time.time() - 120)
        rows = {
            "Textual, minimal with a clock": [PYTHON, "-c", MINIMAL_APP],
            "timmy_tui, 10 k turns": [*TIMMY, "--root", str(root), "--no-services"],
        }
        if (command := lnav()) is not None:
            rows["lnav, the same log"] = [*command, str(log)]
        environ = {"XDG_STATE_HOME": f"{folder}/state", "XDG_CONFIG_HOME": f"{folder}/config"}
        lines = ["| program | CPU % | B/s | RSS MiB |", "|---|---|---|---|"]
        for name, argv in rows.items():
            with Screen(argv, environ=environ) as screen:
                screen.settle(1.5, 20)
                read_for(screen, 8)
                cpu_before, bytes_before = screen.cpu_seconds(), screen.bytes
                read_for(screen, SECONDS)
                cpu = screen.cpu_seconds() - cpu_before
                rate = (screen.bytes - bytes_before) / SECONDS
                lines.append(f"| {name} | {100 * cpu / SECONDS:.2f} | {rate:.0f} | {screen.rss_mib():.0f} |")
    return lines


def read_for(screen: Screen, seconds: float) -> None:
    """Read the program's output for this long."""
    end = time.perf_counter() + seconds
    while (remaining := end - time.perf_counter()) > 0:
        screen.read(remaining)
