"""The dashboard as an SVG picture, drawn without a terminal."""

import asyncio
from collections.abc import Sequence

from msgspec import Struct

from timmy_tui.core.running.interruptions import elapsed
from timmy_tui.core.settings import Settings
from timmy_tui.model.change import ControlState
from timmy_tui.model.snapshot import Snapshot
from timmy_tui.model.user_requests import PipelineRequest
from timmy_tui.ui.messages import Backend, Publish


class StillSource:
    """A source of one snapshot."""

    def __init__(self, snapshot: Snapshot) -> None:
        """``snapshot`` is published once."""
        self._snapshot = snapshot

    def start(self, publish: Publish) -> None:
        """Publish it."""
        publish(self._snapshot)

    def stop(self) -> None:
        """Nothing runs."""

    def request(self, request: PipelineRequest) -> None:
        """Ignored: a screenshot changes nothing."""


class Picture(Struct, frozen=True, kw_only=True):
    """Options of a screenshot."""

    size: tuple[int, int] = (120, 30)
    """Columns and rows."""
    settings: Settings = Settings()
    keys: Sequence[str] = ()
    """Pressed before the screenshot is taken."""
    control: ControlState | None = None
    tick: float | None = None
    """``elapsed()`` of the snapshot; None: now."""
    title: str = "timmy-tui"


def screenshot(snapshot: Snapshot, picture: Picture) -> str:
    """SVG text of the dashboard. The clocks show the snapshot's time.

    Must not be called from a running event loop.
    """
    return asyncio.run(_draw(snapshot, picture))


async def _draw(snapshot: Snapshot, picture: Picture) -> str:
    from timmy_tui.ui.application.app import TimmyApp

    tick = picture.tick if picture.tick is not None else elapsed()
    backend = Backend(StillSource(snapshot), control_state=picture.control)
    app = TimmyApp(picture.settings, backend, clock=lambda: (snapshot.taken, tick))
    async with app.run_test(size=picture.size) as pilot:
        while app.snapshot is not snapshot:
            if app.fault is not None:  # It would never come.
                raise app.fault
            await pilot.pause()
        await pilot.pause()
        for key in picture.keys:
            await pilot.press(key)
            await pilot.pause()
        return app.export_screenshot(title=picture.title)
