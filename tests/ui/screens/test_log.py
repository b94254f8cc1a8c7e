"""The log screen: it follows, it is scrolled, it is filtered."""

from __future__ import annotations

from typing import Any

from tests.ui.running import running_dashboard
from tests.ui.snapshots import snapshot
from timmy_tui.ui.screens.log import LogScreen


async def test_the_log_follows_until_it_is_scrolled() -> None:
    def log(count: int) -> Any:
        return snapshot(3, log_tail=tuple(("v34.log", f"line {number}") for number in range(count)))

    async with running_dashboard(log(90)) as dashboard:
        await dashboard.press("6")
        assert "line 89" in dashboard.text() and "following" in dashboard.text()
        await dashboard.press("up")
        await dashboard.publish(log(97))
        assert "line 88" in dashboard.text() and "line 96" not in dashboard.text() and "+7 new" in dashboard.text()
        await dashboard.press("pageup", "home")
        assert "line 0" in dashboard.text()
        await dashboard.press("f")
        assert "line 96" in dashboard.text() and "following" in dashboard.text()


async def test_the_log_can_be_filtered() -> None:
    async with running_dashboard(snapshot()) as dashboard:
        await dashboard.press("6", "slash", "4", "7")
        assert (
            "1 lines with that text" in dashboard.text()
            and "line 47" in dashboard.text()
            and "line 46" not in dashboard.text()
        )
        screen = dashboard.app.screen
        assert isinstance(screen, LogScreen) and screen.filter_text == "47"
        await dashboard.press("escape")
        assert "60 newest lines" in dashboard.text()
