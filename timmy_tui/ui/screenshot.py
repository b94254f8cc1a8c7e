"""The dashboard as an SVG picture, drawn without a terminal."""

import asyncio
import time
from collections.abc import Sequence

from timmy_tui.core.settings import Settings
from timmy_tui.model.change import ControlState
from timmy_tui.model.requests import PipelineRequest
from timmy_tui.model.snapshot import Snapshot
from timmy_tui.ui.messages import Publish


class StillSource:
    """One snapshot, for ever."""

    def __init__(self, snapshot: Snapshot) -> None:
        """``snapshot`` is published once."""
        self._snapshot = snapshot

    def start(self, publish: Publish) -> None:
        """Publish it."""
        publish(self._snapshot)

    def stop(self) -> None:
        """Nothing runs."""

    def request(self, request: PipelineRequest) -> None:
        """A picture does nothing."""


def screenshot(
    snapshot: Snapshot,
    size: tuple[int, int] = (120, 30),
    settings: Settings | None = None,
    keys: Sequence[str] = (),
    control: ControlState | None = None,
    tick: float | None = None,
    title: str = "timmy-tui",
) -> str:
    """SVG text of the dashboard at ``size`` cells, after ``keys`` were pressed.

    The clocks stand at the snapshot's own time; ``tick`` is the monotonic time that belongs to it.
    Must not be called from a running event loop.
    """
    return asyncio.run(_draw(snapshot, size, settings or Settings(), keys, control, tick, title))


async def _draw(
    snapshot: Snapshot,
    size: tuple[int, int],
    settings: Settings,
    keys: Sequence[str],
    control: ControlState | None,
    tick: float | None,
    title: str,
) -> str:
    from timmy_tui.ui.app import TimmyApp

    still = tick if tick is not None else time.monotonic()
    app = TimmyApp(
        settings,
        StillSource(snapshot),
        clock=lambda: (snapshot.taken, still),
        control_state=control,
    )
    async with app.run_test(size=size) as pilot:
        while app.snapshot is not snapshot:
            await pilot.pause()
        await pilot.pause()
        for key in keys:
            await pilot.press(key)
            await pilot.pause()
        return app.export_screenshot(title=title)
