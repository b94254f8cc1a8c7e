"""The trends screen under a pilot: keys, cursor, ranges with and without a history, export."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

from tests.ui.running import RunningDashboard, Start, running_dashboard
from tests.ui.snapshots import conversation, snapshot
from timmy_tui.core.errors import HistoryError
from timmy_tui.core.settings import state_dir
from timmy_tui.model.trend_history import TimeBuckets
from timmy_tui.report.trend_buckets import buckets_of

SIZE = (100, 30)


class FakeHistory:
    """Answers from made turns, when it is let; counts how often it is asked, and in which thread."""

    def __init__(self, error: str = "") -> None:
        self.asked: list[Sequence[float]] = []
        self.threads: set[int] = set()
        self.error = error
        self.may_answer = threading.Event()

    def buckets(self, edges: Sequence[float]) -> TimeBuckets:
        self.asked.append(edges)
        self.threads.add(threading.get_ident())
        self.may_answer.wait(30)
        if self.error:
            raise HistoryError(self.error)
        return buckets_of(conversation(31), edges)


async def test_keys_choose_series_range_kind_and_scale() -> None:
    async with running_dashboard(snapshot(), size=SIZE) as dashboard:
        await dashboard.press("3")
        assert dashboard.rows()[0].startswith("V2V  p50") and "31 turns  from zero" in dashboard.rows()[0]
        await dashboard.press("down")
        assert dashboard.rows()[0].startswith("LLM  p50")
        await dashboard.press("k", "z", "plus")
        assert dashboard.rows()[0].startswith("V2V") and "not from zero" in dashboard.rows()[0]
        await dashboard.press("plus")
        assert "30 turns" in dashboard.rows()[0]
        await dashboard.press("minus", "v")
        assert "tail mode off→on LLM ×0.41" in dashboard.rows()[0] and "before  p50" in dashboard.text()
        await dashboard.press("v")
        assert "LLM against prompt tokens" in dashboard.rows()[0]
        await dashboard.press("v", "z")
        assert "31 turns  from zero" in dashboard.rows()[0] and "p5–p95" in dashboard.rows()[0]


async def test_the_cursor_is_that_of_the_live_screen() -> None:
    async with running_dashboard(snapshot(), size=SIZE) as dashboard:
        await dashboard.press("left", "3")
        assert "turn 430" in dashboard.text() and dashboard.app.view.cursor_index == 30
        await dashboard.press("shift+left", "left")
        assert dashboard.app.view.cursor_index == 24 and "turn 424 " in dashboard.rows()[-4]
        await dashboard.press("1")
        assert "turn 424" in dashboard.text()
        await dashboard.press("3", "end")
        assert dashboard.app.view.cursor is None and "the newest" in dashboard.text()
        await dashboard.press("home")
        assert dashboard.app.view.cursor_index == 0
        await dashboard.press("l")
        assert dashboard.app.current_mode == "log" and "turn 400" in dashboard.text()


async def test_a_click_puts_the_cursor_on_the_turn_of_that_column() -> None:
    async with running_dashboard(snapshot(), size=SIZE) as dashboard:
        await dashboard.press("3")
        assert await dashboard.pilot.click(offset=(97, 5))
        await dashboard.pilot.pause()
        assert dashboard.app.view.cursor_index == 30


async def test_without_a_history_hours_and_days_are_of_the_turns_that_are_there() -> None:
    async with running_dashboard(snapshot(), size=SIZE) as dashboard:
        await dashboard.press("3", "s")
        assert "24 hours  from zero" in dashboard.rows()[0] and "n 28" in dashboard.rows()[0]
        await dashboard.press("minus")
        assert "48 hours" in dashboard.rows()[0]
        await dashboard.press("s")
        assert "28 days" in dashboard.rows()[0]
        await dashboard.press("plus", "plus")
        assert "7 days" in dashboard.rows()[0]
        await dashboard.press("s")
        assert "this week over last week" in dashboard.rows()[0]
        await dashboard.press("s")
        assert "31 turns" in dashboard.rows()[0]


async def test_the_cursor_over_days_stands_on_a_day() -> None:
    async with running_dashboard(snapshot(), size=SIZE) as dashboard:
        await dashboard.press("3", "s", "s")
        newest = dashboard.rows()[-4]
        await dashboard.press("left", "left")
        assert dashboard.rows()[-4] != newest and "0 turns" in dashboard.rows()[-4]
        assert dashboard.app.view.cursor is None
        await dashboard.press("end")
        assert dashboard.rows()[-4] == newest


async def history_dashboard(dashboard: RunningDashboard, history: FakeHistory) -> None:
    await dashboard.press("3", "s", "s")
    await dashboard.until(lambda: bool(history.asked) and "reading the history" in dashboard.text())


async def test_the_history_is_read_in_a_thread_while_keys_go_on() -> None:
    history = FakeHistory()
    async with running_dashboard(snapshot(), size=SIZE, start=Start(history=history)) as dashboard:
        await history_dashboard(dashboard, history)
        assert threading.get_ident() not in history.threads
        await dashboard.press("z")
        assert "not from zero" in dashboard.rows()[0]
        history.may_answer.set()
        await dashboard.until(lambda: "n 28" in dashboard.rows()[0])
        asked = len(history.asked)
        for _ in range(3):
            dashboard.app.refresh_view()
            await dashboard.pilot.pause()
        await dashboard.publish(snapshot(30))
        assert len(history.asked) == asked, "a turn within a minute is not worth another reading"


async def test_a_history_that_cannot_be_read_is_said_and_the_turns_that_are_there_are_shown() -> None:
    history = FakeHistory("the disk is full")
    history.may_answer.set()
    async with running_dashboard(snapshot(), size=SIZE, start=Start(history=history)) as dashboard:
        await dashboard.press("3", "s")
        await dashboard.until(lambda: "the history cannot be read: the disk is full" in dashboard.text())
        assert "n 28" in dashboard.rows()[0]


async def test_the_chart_is_written_as_svg_text_and_csv_and_the_notice_names_the_file() -> None:
    async with running_dashboard(snapshot(), size=SIZE) as dashboard:
        await dashboard.press("3", "X")
        files = {path.suffix: path for path in Path(state_dir() / "screens").iterdir()}
        assert set(files) == {".svg", ".txt", ".csv"}
        assert "written: " in dashboard.text()
        assert files[".svg"].read_text().startswith("<svg") and "V2V  p50" in files[".txt"].read_text()
        assert files[".csv"].read_text().splitlines()[0].startswith("turn,started,state,V2V_ms")
        assert len(files[".csv"].read_text().splitlines()) == 32
        assert "3 Trends" not in files[".txt"].read_text()
        # Without colours the band is dotted and stages have fills: the text had one bar of ``█`` for all of them.
        assert "dots: p5–p95" in files[".txt"].read_text()
        *_, bar, labels = files[".txt"].read_text().rstrip().split("\n")
        assert "LLM" in labels and len(set(bar)) > 3


async def test_without_turns_the_charts_say_so() -> None:
    async with running_dashboard(snapshot(0), size=SIZE) as dashboard:
        await dashboard.press("3")
        assert "not measured in these turns" in dashboard.text() and "no turn is over yet" in dashboard.text()
        await dashboard.press("left", "s", "left", "v", "X")
        assert "written: " in dashboard.text()


async def test_every_key_of_the_screen_is_in_its_footer_on_a_wide_pane() -> None:
    async with running_dashboard(snapshot(), size=(200, 50)) as dashboard:
        await dashboard.press("3")
        footer = dashboard.rows()[-1]
        for word in (
            "↓ next stage",
            "s range",
            "v chart",
            "z zero",
            "X export",
            "- longer",
            "+ shorter",
            "← turn before",
        ):
            assert word in footer, word
