"""Charts of the trends: axes, epochs, levels, and when they are drawn."""

from __future__ import annotations

from typing import Any

import pytest

from tests.ui.running import running_dashboard
from tests.ui.snapshots import conversation, snapshot
from timmy_tui.ui.panels.trends import epoch_spans, trend_lines
from timmy_tui.ui.view import View


async def test_trends_have_axes_epochs_and_levels() -> None:
    async with running_dashboard(snapshot(), size=(120, 40)) as dashboard:
        await dashboard.press("3")
        text = dashboard.text()
        assert "V2V · 28 turns" in text and "┊0 2.39s·17t" in text and "0ms┤" in text and "│" in text
        assert "tail mode off→on" in text and "LLM · 28 turns" in text
        await dashboard.press("right")
        assert "V2V · 28 turns" not in dashboard.text()
        await dashboard.press("left", "plus")
        assert "V2V · 28 turns" in dashboard.text() and "newest 30 turns" in dashboard.text()


async def test_charts_are_drawn_when_a_turn_ends_and_not_when_the_clock_ticks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawn = 0

    def count(*args: Any) -> Any:
        nonlocal drawn
        drawn += 1
        return trend_lines(*args)

    monkeypatch.setattr("timmy_tui.ui.screens.trends.trend_lines", count)
    async with running_dashboard(snapshot(30)) as dashboard:
        await dashboard.press("3")
        before = drawn
        for _ in range(5):
            dashboard.app.refresh_view()
            await dashboard.pilot.pause()
        assert drawn == before
        await dashboard.publish(snapshot(31))
        assert drawn == before + 1


async def test_without_turns_the_charts_say_so() -> None:
    async with running_dashboard(snapshot(0)) as dashboard:
        await dashboard.press("3")
        assert "not measured in these turns" in dashboard.text()


def test_stretches_cover_every_turn_once() -> None:
    stretches = epoch_spans(View(snapshot()), conversation(31))
    assert stretches == [(0, 0, 20), (1, 20, 31)]
    assert epoch_spans(View(snapshot(0, epochs=())), ()) == []
