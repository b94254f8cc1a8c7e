"""A quiet room with all services: CPU time and bytes of every screen, beside a minimal Textual app, btop and lnav.

The demo's services answer, its STT listens and writes a pause without text 75–100 times a minute, and the ages on the
screen grow. Nobody speaks.
"""

import shutil
import tempfile
import time
from collections.abc import Mapping, Sequence

from bench.dashboard.idle import read_for
from bench.dashboard.peers import MINIMAL_APP, PYTHON, TIMMY, lnav
from bench.dashboard.screen import Screen
from timmy_tui.demo.run import Demo, DemoOptions

SECONDS = 30.0
SETTLE_S = 45.0
"""Services that answer are asked less often from the thirtieth quiet second on."""
SCREENS = {"1": "Live", "2": "Turns", "3": "Trends", "4": "LLM", "5": "Changes", "6": "Log"}
"""By key."""
WITHOUT_TRUECOLOUR = {"COLORTERM": ""}


def measure() -> list[str]:
    """CPU in per cent of one core; ratios to the minimal app, which runs first."""
    lines = ["| program | CPU % | / minimal | B/s | / minimal | RSS MiB |", "|---|---|---|---|---|---|"]
    with tempfile.TemporaryDirectory() as folder, Demo(DemoOptions(quiet_after=1, speed=20)) as demo:
        assert demo.root is not None
        time.sleep(20)  # The one turn is over.
        environ = {"XDG_STATE_HOME": f"{folder}/state", "XDG_CONFIG_HOME": f"{folder}/config", **WITHOUT_TRUECOLOUR}
        timmy = [*TIMMY, "--root", str(demo.root), "--fresh"]
        rows: dict[str, tuple[Sequence[str], bytes]] = {
            "Textual, minimal with a clock": ([PYTHON, "-c", MINIMAL_APP], b"")
        }
        rows |= {f"timmy_tui, {name}": (timmy, key.encode()) for key, name in SCREENS.items()}
        if (btop := shutil.which("btop")) is not None:
            rows["btop, every 2 s"] = ([btop, "--utf-force"], b"")
        if (command := lnav()) is not None:
            rows["lnav, the same log"] = ([*command, str(demo.root / "shared/latency.log")], b"")
        least: tuple[float, float] | None = None
        for name, (argv, key) in rows.items():
            cpu, rate, rss = _of(argv, key, environ)
            least = least or (cpu, rate)
            lines.append(
                f"| {name} | {cpu:.2f} | {cpu / least[0]:.2f} | {rate:.0f} | {rate / least[1]:.2f} | {rss:.0f} |"
            )
    return lines


def _of(argv: Sequence[str], key: bytes, environ: Mapping[str, str]) -> tuple[float, float, float]:
    """(CPU %, bytes a second, MiB) of a program after this key."""
    with Screen(argv, environ=environ) as screen:
        screen.settle(1.5, 10)
        if key:
            screen.send(key)
        read_for(screen, SETTLE_S)
        cpu_before, bytes_before = screen.cpu_seconds(), screen.bytes
        read_for(screen, SECONDS)
        cpu = 100 * (screen.cpu_seconds() - cpu_before) / SECONDS
        return cpu, (screen.bytes - bytes_before) / SECONDS, screen.rss_mib()
