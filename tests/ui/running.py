"""The dashboard under a pilot, and what its user sees."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from msgspec import Struct
from rich.segment import Segment
from textual import events
from textual.app import App
from textual.pilot import Pilot
from textual.strip import Strip

from tests.ui.fakes import FakeSource
from tests.ui.snapshots import NOW, TICK
from timmy_tui.core.settings import Settings
from timmy_tui.core.settings import View as ViewSettings
from timmy_tui.model.snapshot import Snapshot
from timmy_tui.ui.application.app import TimmyApp
from timmy_tui.ui.last_view import LastViewFile
from timmy_tui.ui.messages import Backend, Control, LlmActions, LogReader, TurnHistory


def strips_of(app: App[None]) -> list[Strip]:
    """The rows of the whole terminal, as the compositor has them."""
    return list(app.screen._compositor.render_strips())


class RunningDashboard:
    """An app, its pilot and its source."""

    def __init__(self, app: TimmyApp, pilot: Pilot[None], source: FakeSource) -> None:
        self.app, self.pilot, self.source = app, pilot, source

    async def press(self, *keys: str) -> None:
        """Keys, each settled."""
        for key in keys:
            await self.pilot.press(key)
            await self.pilot.pause()

    async def wheel(self, direction: type[events.MouseScrollDown] | type[events.MouseScrollUp]) -> None:
        """One notch of the wheel over the middle of the screen, settled."""
        x, y = (size // 2 for size in self.app.size)
        self.app.post_message(direction(None, x, y, 0, 0, 0, False, False, False, x, y))
        await self.pilot.pause()

    async def publish(self, snapshot: Snapshot) -> None:
        """One snapshot, painted."""
        self.source.publish(snapshot)
        await self.pilot.pause()

    def strips(self) -> list[Strip]:
        """The rows of the whole terminal, as the compositor has them."""
        return strips_of(self.app)

    def segments(self) -> list[Segment]:
        """All segments on the screen."""
        return [segment for strip in self.strips() for segment in strip]

    def rows(self) -> list[str]:
        """The text on the screen."""
        return [strip.text for strip in self.strips()]

    def text(self) -> str:
        """The same as one text."""
        return "\n".join(self.rows())

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until it holds; the time-out of the test is the deadline."""
        while not condition():
            await self.pilot.pause(0.01)


class Start(Struct, frozen=True, kw_only=True):
    """What the command line and the settings say of the screen."""

    read_only: str = ""
    view: ViewSettings = ViewSettings()
    log: LogReader | None = None
    history: TurnHistory | None = None
    looks_only: bool = False
    last_view: LastViewFile | None = None
    second: bool = False
    app: type[TimmyApp] = TimmyApp
    clock: Callable[[], tuple[float, float]] = lambda: (NOW, TICK)


@asynccontextmanager
async def running_dashboard(
    snapshot: Snapshot,
    size: tuple[int, int] = (80, 24),
    control: Control | None = None,
    llm: LlmActions | None = None,
    start: Start | None = None,
) -> AsyncIterator[RunningDashboard]:
    """The dashboard on this snapshot, its clocks standing still where nothing else is said."""
    start = start or Start()
    source = FakeSource(snapshot)
    backend = Backend(
        source, control, llm, start.read_only, second=start.second, log=start.log, history=start.history,
        looks_only=start.looks_only, last_view=start.last_view,
    )  # fmt: skip
    app = start.app(Settings(view=start.view), backend, clock=start.clock)
    async with app.run_test(size=size) as pilot:
        dashboard = RunningDashboard(app, pilot, source)
        # A pause alone ends after a second, on a busy machine before the source has been started.
        await dashboard.until(lambda: app.snapshot is snapshot)
        await pilot.pause()
        yield dashboard
