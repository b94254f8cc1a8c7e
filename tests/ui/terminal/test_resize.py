"""A storm of new sizes: at most one layout per 100 ms, the last size wins, and the user's place survives."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from textual import events
from textual.geometry import Size

from tests.ui.running import RunningDashboard, running_dashboard
from tests.ui.snapshots import snapshot
from timmy_tui.ui.terminal.resize import EVERY_S, ResizeGate


class Storm:
    """A gate on a clock that the test moves; what it lets through, with the time."""

    def __init__(self) -> None:
        self.now = 100.0
        self.passed: list[tuple[float, int]] = []
        self._due: list[tuple[float, Callable[[], None]]] = []
        self._gate = ResizeGate(lambda: self.now, self._later, self.resize_by)

    def _later(self, seconds: float, act: Callable[[], None]) -> None:
        self._due.append((self.now + seconds, act))

    def resize_by(self, event: events.Resize) -> None:
        if self._gate.passes(event):
            self.passed.append((round(self.now - 100.0, 3), event.size.width))

    def resize(self, width: int) -> None:
        self.resize_by(events.Resize(Size(width, 24), Size(width, 24)))

    def wait(self, seconds: float) -> None:
        self.now += seconds
        due, self._due = (
            [one for one in self._due if one[0] <= self.now + 1e-9],
            [one for one in self._due if one[0] > self.now + 1e-9],
        )
        for _, act in due:
            act()


def test_one_resize_passes_at_once() -> None:
    storm = Storm()
    storm.resize(90)
    assert storm.passed == [(0.0, 90)]


def test_of_a_storm_of_a_second_one_each_tenth_passes_and_the_last_is_the_newest() -> None:
    storm = Storm()
    for width in range(100, 200):
        storm.resize(width)
        storm.wait(0.01)
    storm.wait(EVERY_S)
    times = [at for at, _ in storm.passed]
    assert len(times) == 11 and all(b - a >= EVERY_S - 1e-6 for a, b in zip(times, times[1:], strict=False))
    assert storm.passed[-1][1] == 199
    # And then it is as before.
    storm.wait(EVERY_S)
    storm.resize(80)
    assert storm.passed[-1][1] == 80


@pytest.mark.parametrize(("after", "at_once"), [(EVERY_S - 0.01, False), (EVERY_S, True)])
def test_the_next_one_waits_for_the_rest_of_the_tenth(after: float, at_once: bool) -> None:
    storm = Storm()
    storm.resize(90)
    storm.wait(after)
    storm.resize(91)
    assert (storm.passed[-1][1] == 91) is at_once
    storm.wait(EVERY_S)
    assert [width for _, width in storm.passed] == [90, 91]


async def shake(dashboard: RunningDashboard, back_to: tuple[int, int]) -> int:
    """Twenty sizes, each handled before the next, and then the first; how many layouts are too many for the time."""
    sizes: list[Size] = []
    screen = dashboard.app.screen
    screen.screen_layout_refresh_signal.subscribe(dashboard.app, lambda _: sizes.append(screen.size))
    began = time.monotonic()
    for step in range(20):
        size = Size(60 + step % 50, 15 + step % 20)
        dashboard.app.post_message(events.Resize(size, size))
        await dashboard.pilot.pause()
    last = Size(*back_to)
    dashboard.app.post_message(events.Resize(last, last))
    await dashboard.until(lambda: dashboard.app.screen.size == last)
    await dashboard.pilot.pause()
    screen.screen_layout_refresh_signal.unsubscribe(dashboard.app)
    laid_out = sum(1 for size, next_one in zip(sizes, [*sizes[1:], None], strict=True) if size != next_one)
    return laid_out - 2 - int((time.monotonic() - began) / EVERY_S)


@pytest.mark.parametrize(
    "keys",
    [("down", "down", "down"), ("left", "left"), ("space",), ("2", "up", "up", "up"), ("2", "space", "up"), ("6",),
        ("?", "down", "down")],
    ids=["row", "turn", "frozen", "turn list", "frozen list", "log", "help"],
)  # fmt: skip
async def test_a_storm_leaves_every_screen_as_it_was(keys: tuple[str, ...]) -> None:
    """Row, cursor, scroll, freeze and focus."""
    async with running_dashboard(snapshot(), (100, 30)) as dashboard:
        await dashboard.press(*keys)
        before, focused = dashboard.text(), dashboard.app.focused
        too_many = await shake(dashboard, (100, 30))
        # On a busy machine the last rows of a table may still be to be painted.
        await dashboard.until(lambda: dashboard.text() == before)
        assert dashboard.app.focused is focused
        assert too_many <= 0


@pytest.mark.parametrize("keys", [(), ("space",)], ids=["live", "frozen"])
async def test_columns_that_come_and_go_leave_the_cursor_on_its_turn(keys: tuple[str, ...]) -> None:
    async with running_dashboard(snapshot(), (120, 30)) as dashboard:
        await dashboard.press("2", "up", "up", *keys)
        assert "turn 428 " in dashboard.text()
        for width, height in ((60, 15), (200, 50), (120, 30)):
            await dashboard.pilot.resize_terminal(width, height)
            size = Size(width, height)
            await dashboard.until(lambda size=size: dashboard.app.screen.size == size)  # type: ignore[misc]
            await dashboard.until(lambda: "turn 428 " in dashboard.text())
