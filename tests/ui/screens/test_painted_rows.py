"""Screens that are hidden or closed keep no painted rows: a pane that is open for weeks opens help many times."""

from __future__ import annotations

import gc

import pytest
from textual.strip import Strip

from tests.ui.fakes import FakeControl
from tests.ui.running import RunningDashboard, running_dashboard
from tests.ui.snapshots import control_state, snapshot

ENOUGH = 20
"""Rows more than before, of one visit."""


def strips() -> int:
    """Rows of the screen in memory, and cuts of them."""
    gc.collect()
    return sum(isinstance(one, Strip) for one in gc.get_objects())


async def visit(dashboard: RunningDashboard, keys: tuple[str, ...]) -> None:
    await dashboard.press(*keys, "1")
    assert dashboard.app.current_mode == "live" and len(dashboard.app.screen_stack) == 1


@pytest.mark.parametrize(
    "keys",
    [
        ("question_mark", "escape"),
        ("question_mark", "slash", "a", "escape", "escape"),
        ("e", "escape"),
        ("i", "escape"),
        ("x", "escape"),
        ("t", "escape"),
        ("colon", "a", "escape", "escape"),
        *((digit,) for digit in "23456"),
    ],
    ids=lambda keys: "-".join(keys),
)
async def test_closed_and_hidden_screens_keep_no_rows(keys: tuple[str, ...]) -> None:
    async with running_dashboard(snapshot(), size=(120, 30), control=FakeControl(control_state())) as dashboard:
        for _ in range(2):  # what is made once and kept is there by then
            await visit(dashboard, keys)
        counted = [strips()]
        left: list[int] = []
        # A visit without care leaves 60 and more, each time. One that met the screen in another state than those
        # before it may leave what is kept once (39 rows of the palette's results were seen): the next says it then.
        while len(left) < 3 and min(left, default=ENOUGH) >= ENOUGH:
            await visit(dashboard, keys)
            counted.append(strips())
            left.append(counted[-1] - counted[-2])
        assert min(left) < ENOUGH, left
