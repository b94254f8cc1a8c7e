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


async def test_another_notice_does_not_hide_a_sleep_and_escape_takes_both_away(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(monkeypatch)
    async with running_dashboard(snapshot(), (80, 24)) as dashboard:
        machine.sleep(NIGHT)
        await dashboard.until(lambda: "asleep 7h 12m" in dashboard.text())
        await dashboard.press("v")
        assert "asleep 7h 12m  rows: ms from zero" in dashboard.text()
        for screen in ("2", "3", "4", "5", "6", "?"):
            await dashboard.press(screen)
            assert "asleep 7h 12m" in dashboard.text(), screen
        await dashboard.press("escape", "1", "escape")
        assert "asleep" not in dashboard.text() and "ms from zero," not in dashboard.text()
