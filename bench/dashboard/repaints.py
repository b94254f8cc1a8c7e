"""Memory over 10,000 repaints of each screen: the clocks tick, and with every hundredth tick a snapshot arrives.

The dashboard runs without a terminal, on a conversation of the demo. No turn is added: nothing may grow.
"""

import asyncio
import gc
import tempfile
from pathlib import Path

from msgspec.structs import replace

from timmy_tui.commands.screenshot import Conversation, snapshot_of_demo
from timmy_tui.core.running.interruptions import elapsed
from timmy_tui.core.settings import Settings
from timmy_tui.model.snapshot import Snapshot
from timmy_tui.ui.application.app import TimmyApp
from timmy_tui.ui.application.screenshot import StillSource
from timmy_tui.ui.messages import Backend

REPAINTS, WARM_UP = 10_000, 1_000
SIZE = (120, 30)
TICK_S = 0.25
EVERY = 100
"""Ticks between two snapshots."""


def measure() -> list[str]:
    """A row a screen."""
    with tempfile.TemporaryDirectory() as folder:
        snapshot = snapshot_of_demo(Path(folder), Settings(), Conversation(turns=200, scenario="regression", seed=3))
    return asyncio.run(_rows(snapshot))


async def _rows(snapshot: Snapshot) -> list[str]:
    lines = ["| screen | MiB before | after | grown |", "|---|---|---|---|"]
    now = [snapshot.taken, elapsed()]
    app = TimmyApp(Settings(), Backend(StillSource(snapshot)), clock=lambda: (now[0], now[1]))
    async with app.run_test(size=SIZE) as pilot:
        while app.snapshot is not snapshot:
            await pilot.pause()

        async def repaint(times: int) -> None:
            for at in range(times):
                now[0], now[1] = now[0] + TICK_S, now[1] + TICK_S
                if at % EVERY == 0:
                    app.snapshot = replace(snapshot, taken=now[0])
                app.refresh_view()
                await asyncio.sleep(0)
                if at % 20 == 0:
                    await pilot.pause()

        for key, name in zip("123456", ("Live", "Turns", "Trends", "LLM", "Changes", "Log"), strict=True):
            await pilot.press(key)
            await repaint(WARM_UP)
            before = _rss_mib()
            await repaint(REPAINTS)
            after = _rss_mib()
            lines.append(f"| {name} | {before:.1f} | {after:.1f} | {after - before:+.1f} |")
    return lines


def _rss_mib() -> float:
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / (1 << 20)
