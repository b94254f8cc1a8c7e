"""Bytes of a turn on the live screen, in 256 colours: from one turn's first event to the next one's, at three sizes.

The demo speaks at its true speed: a turn takes 8–13 s, in which the clocks tick four times a second.
"""

import tempfile
from pathlib import Path

from bench.dashboard.idle import read_for
from bench.dashboard.peers import TIMMY
from bench.dashboard.room import WITHOUT_TRUECOLOUR
from bench.dashboard.screen import Screen
from timmy_tui.demo.run import Demo, DemoOptions

SECONDS = 90.0
SIZES = ((80, 24), (120, 30), (200, 50))


def measure() -> list[str]:
    """A row a size; the three dashboards look at the same turns, one after another."""
    lines = ["| size | turns | kB a turn | B/s |", "|---|---|---|---|"]
    with tempfile.TemporaryDirectory() as folder, Demo(DemoOptions()) as demo:
        assert demo.root is not None
        log = demo.root / "shared/latency.log"
        environ = {"XDG_STATE_HOME": f"{folder}/state", "XDG_CONFIG_HOME": f"{folder}/config", **WITHOUT_TRUECOLOUR}
        for columns, rows in SIZES:
            with Screen([*TIMMY, "--root", str(demo.root), "--fresh"], columns, rows, environ) as screen:
                screen.wait_for(b"V2V", 20)
                screen.settle(0.6, 6)
                turns_before, bytes_before = _turns(log), screen.bytes
                read_for(screen, SECONDS)
                turns, sent = _turns(log) - turns_before, screen.bytes - bytes_before
            each = sent / turns / 1000 if turns else float("nan")
            lines.append(f"| {columns}×{rows} | {turns} | {each:.1f} | {sent / SECONDS:.0f} |")
    return lines


def _turns(log: Path) -> int:
    return log.read_bytes().count(b'"tts_resume_sent"')
