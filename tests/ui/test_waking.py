"""The first screen after a night: one line that says so, and nothing in flight that is not."""

import pytest

from tests.sleeping import Machine
from tests.ui.running import running_dashboard
from tests.ui.snapshots import open_turn, snapshot

NIGHT = 7 * 3600 + 12 * 60.0


async def test_a_night_is_one_line_and_takes_the_turn_in_flight_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(monkeypatch)
    async with running_dashboard(snapshot(open_turn=open_turn()), (120, 30)) as dashboard:
        assert "usual" in dashboard.text() and dashboard.app.snapshot.open_turn is not None
        machine.sleep(NIGHT)
        await dashboard.until(lambda: "asleep 7h 12m" in dashboard.text())
        assert dashboard.app.snapshot.open_turn is None
        assert [notice.text for notice in dashboard.app.events] == ["asleep 7h 12m"]
        # What the pipeline says next is believed again.
        await dashboard.publish(snapshot(open_turn=open_turn()))
        assert dashboard.app.snapshot.open_turn is not None


async def test_a_set_clock_is_said_and_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(monkeypatch)
    async with running_dashboard(snapshot(open_turn=open_turn()), (120, 30)) as dashboard:
        machine.set_clock(-NIGHT)
        await dashboard.until(lambda: "clock set back 7h 12m" in dashboard.text())
        assert dashboard.app.snapshot.open_turn is not None
