"""Open and idle for 30 s: processor time, bytes to the terminal, resident memory, all programs in turn."""

import tempfile
import time
from pathlib import Path

from bench.logs import write_log
from bench.peers import MINIMAL_APP, PYTHON, TIMMY, lnav, make_root
from bench.screen import Screen

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
        if (found := lnav()) is not None:
            rows["lnav, the same log"] = [*found, str(log)]
        environ = {"XDG_STATE_HOME": f"{folder}/state", "XDG_CONFIG_HOME": f"{folder}/config"}
        lines = ["| program | CPU % | B/s | RSS MiB |", "|---|---|---|---|"]
        for name, argv in rows.items():
            with Screen(argv, environ=environ) as screen:
                screen.settle(1.5, 20)
                _watch(screen, 8)
                began, sent = screen.cpu_seconds(), screen.bytes
                _watch(screen, SECONDS)
                spent = screen.cpu_seconds() - began
                rate = (screen.bytes - sent) / SECONDS
                lines.append(f"| {name} | {100 * spent / SECONDS:.2f} | {rate:.0f} | {screen.rss_mib():.0f} |")
    return lines


def _watch(screen: Screen, seconds: float) -> None:
    """Read what the program writes for so long."""
    end = time.perf_counter() + seconds
    while (left := end - time.perf_counter()) > 0:
        screen.read(left)
