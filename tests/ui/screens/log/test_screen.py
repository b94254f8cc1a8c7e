"""The log screen: both logs as one, followed, paged back, narrowed and searched."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.pipeline.test_log_history import event, history, printed, reading, turn
from tests.ui.running import RunningDashboard, Start, running_dashboard
from tests.ui.snapshots import conversation, open_turn, snapshot
from timmy_tui.model.log_entry import ALL_LINES, LogCursor, LogFilter, LogPage
from timmy_tui.model.snapshot import Snapshot, SourceCondition, SourceState
from timmy_tui.pipeline.log_history import LogHistory
from timmy_tui.ui.messages import LogOfSpan
from timmy_tui.ui.screens.log import tasks as log_tasks
from timmy_tui.ui.screens.log.screen import LogScreen

SIZE = (120, 30)


def events_of(count: int) -> list[str]:
    """Turns with an id of their number."""
    return [line for number in range(count) for line in turn(10 * number, f"{number:08x}")]


def facts_of(count: int) -> list[str]:
    return [line for number in range(count) for line in printed(f"{number:08x}", f"words {number}")]


@asynccontextmanager
async def log_of(
    folder: Path, events: list[str], facts: list[str], size: tuple[int, int] = SIZE
) -> AsyncIterator[RunningDashboard]:
    """The log screen on these lines, shown."""
    history(folder, events, facts)
    async with running_dashboard(snapshot(), size=size, start=Start(log=GrowingLog(folder))) as dashboard:
        await dashboard.press("6")
        await dashboard.until(lambda: "no lines yet" not in dashboard.text() and "log ·" in dashboard.text())
        yield dashboard


class GrowingLog(LogHistory):
    """Both logs of a folder as far as they are written now."""

    def __init__(self, folder: Path) -> None:
        super().__init__(lambda: reading(folder).files())


def log_screen(dashboard: RunningDashboard) -> LogScreen:
    screen = dashboard.app.screen
    assert isinstance(screen, LogScreen)
    return screen


def add(folder: Path, name: str, *lines: str) -> None:
    with (folder / name).open("a") as file:
        file.write("".join(line + "\n" for line in lines))


def read_lines(count: int) -> Snapshot:
    """A snapshot after so many lines of the log."""
    return snapshot(sources=(SourceState(name="latency.log", condition=SourceCondition.OK, lines=count),))


async def test_columns_of_both_logs(tmp_path: Path) -> None:
    async with log_of(tmp_path, turn(0), printed()) as dashboard:
        rows = [row for row in dashboard.rows() if " v34 " in row or " stt " in row or " tts " in row]
        assert [row.split()[1:3] for row in rows[:2]] == [["stt", "pause_detected"], ["v34", "webhook_received"]]
        assert "+100ms" in rows[1] and "threshold 0.5s" in rows[0] and "~+100ms" in rows[1]
        assert rows[2].startswith("—") and "BEGIN" in rows[2]
        assert rows[5].startswith("—") and "Calling generate API" in rows[5] and "*** Debug" not in dashboard.text()
        at = {row.index(" v34 ") for row in rows if " v34 " in row}
        assert len(at) == 1


async def test_new_lines_are_followed_until_the_cursor_moves(tmp_path: Path) -> None:
    async with log_of(tmp_path, events_of(30), []) as dashboard:
        await dashboard.publish(read_lines(150))
        assert "following" in dashboard.rows()[0]
        add(tmp_path, "latency.log", event(999, "tts_resume_sent", "ffffffff"))
        await dashboard.publish(read_lines(151))
        await dashboard.until(lambda: "resume_sent" in dashboard.text())
        await dashboard.press("up")
        add(tmp_path, "latency.log", event(1000, "tts_later", "ffffffff"), event(1001, "tts_later", "ffffffff"))
        await dashboard.publish(read_lines(153))
        assert "+2 new ↓ f" in dashboard.rows()[0] and "later" not in dashboard.text()
        await dashboard.press("f")
        await dashboard.until(lambda: "later" in dashboard.text() and "following" in dashboard.rows()[0])


class CountingLog(GrowingLog):
    """Knows how many pages were read."""

    pages = 0

    def before(self, cursor: LogCursor, wanted: LogFilter = ALL_LINES, least: int = 1) -> LogPage:
        self.pages += 1
        return super().before(cursor, wanted, least)


async def test_in_a_quiet_room_the_last_rows_count_on_and_no_page_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_tasks, "QUIET_PAUSE_S", 0.0)
    history(tmp_path, [*events_of(3), event(900, "stt_pause_detected", "aaaaaaaa")], [])
    log = CountingLog(tmp_path)
    async with running_dashboard(snapshot(), size=(120, 30), start=Start(log=log)) as dashboard:
        await dashboard.press("6")
        await dashboard.until(lambda: "1 pause without text" in dashboard.text())
        read = log.pages
        for number in range(2, 6):
            add(tmp_path, "latency.log", event(900 + number, "stt_pause_detected", f"p000000{number}"))
            await dashboard.publish(read_lines(15 + number))
            words = f"{number} pauses without text"
            await dashboard.until(lambda words=words: words in dashboard.text())  # type: ignore[misc]
        assert log.pages == read
        add(tmp_path, "latency.log", event(910, "stt_final_text_sent", "cccccccc"))
        await dashboard.publish(read_lines(30))
        await dashboard.until(lambda: "final_text_sent" in dashboard.text())
        assert log.pages == read and "5 pauses without text" in dashboard.text(), "the newest page grew"


async def test_hours_of_pauses_are_one_row_and_what_was_before_them_stands_above(tmp_path: Path) -> None:
    """The fold was cut at each border of a page, with a pause of its own between the parts."""
    pauses = [event(300 + at, "stt_pause_detected", f"p{at:07}") for at in range(2500)]
    history(tmp_path, [*events_of(20), *pauses], facts_of(20))
    log = CountingLog(tmp_path)
    async with running_dashboard(snapshot(), size=(120, 30), start=Start(log=log)) as dashboard:
        await dashboard.press("6")
        await dashboard.until(lambda: "2500 pauses without text" in dashboard.text())
        await dashboard.until(lambda: "words 19" in dashboard.text())
        assert dashboard.text().count("pause") < 20 and dashboard.text().count("without text") == 1
        read = log.pages
        for at in range(3):
            add(tmp_path, "latency.log", event(9000 + at, "stt_final_text_sent", f"q{at:07}"))
            await dashboard.publish(read_lines(4000 + at))
            await dashboard.until(lambda at=at: dashboard.text().count("final_text_sent") == at + 1)  # type: ignore[misc]
        assert "2500 pauses without text" in dashboard.text() and "words 19" in dashboard.text()
        assert log.pages == read, "a turn after hours of quiet reads none of them again"


async def test_a_quiet_room_is_read_again_less_often_and_a_turn_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_tasks, "QUIET_PAUSE_S", 3600.0)
    async with log_of(tmp_path, [*events_of(3), event(900, "stt_pause_detected", "aaaaaaaa")], []) as dashboard:
        await dashboard.until(lambda: "1 pause without text" in dashboard.text())
        add(tmp_path, "latency.log", event(903, "stt_pause_detected", "bbbbbbbb"))
        await dashboard.publish(read_lines(17))
        assert "2 pauses" not in dashboard.text()
        add(tmp_path, "latency.log", event(904, "stt_final_text_sent", "cccccccc"))
        await dashboard.publish(replace(read_lines(18), open_turn=open_turn()))
        await dashboard.until(lambda: "final_text_sent" in dashboard.text())
        add(tmp_path, "latency.log", event(905, "tts_resume_sent", "cccccccc"))
        await dashboard.publish(read_lines(19))
        await dashboard.until(lambda: "resume_sent" in dashboard.text())


async def test_home_is_the_first_line_of_the_file_and_pages_join(tmp_path: Path) -> None:
    async with log_of(tmp_path, events_of(3000), []) as dashboard:
        screen = log_screen(dashboard)
        for _ in range(40):
            await dashboard.press("pageup")
        await dashboard.until(lambda: screen.reading.window.oldest_page > 1)
        stamps = [entry.at or 0 for entry in screen.rows]
        assert stamps == sorted(stamps) and len({entry.offset for entry in screen.rows}) == len(screen.rows)
        await dashboard.press("home")
        await dashboard.until(lambda: screen.rows[0].offset == 0 and screen.index() == 0)
        assert len(screen.rows) <= 4000 and "00000000" in screen.rows[0].request_id
        for _ in range(30):
            await dashboard.press("pagedown")
        stamps = [entry.at or 0 for entry in screen.rows]
        assert stamps == sorted(stamps)


async def test_enter_shows_the_whole_line(tmp_path: Path) -> None:
    long = event(0, "v34_odd", text="x" * 9000, last="the end")
    async with log_of(tmp_path, [long], []) as dashboard:
        await dashboard.press("up", "enter")
        await dashboard.until(lambda: dashboard.app.place == "line")
        assert "the line at byte 0" in dashboard.text()
        await dashboard.press("end")
        assert "the end" in dashboard.text()
        await dashboard.press("escape")
        assert dashboard.app.place == "log"


async def test_sideways_and_wrapped(tmp_path: Path) -> None:
    line = "*** Debug: " + " ".join(f"word{number:02}" for number in range(60))
    async with log_of(tmp_path, [], [line], (80, 24)) as dashboard:
        assert "word00" in dashboard.text() and "word59" not in dashboard.text()
        await dashboard.press(*["right"] * 20)
        assert "word59" in dashboard.text() and "word00" not in dashboard.text()
        assert "further right" in dashboard.rows()[0] and "no line here goes on" in dashboard.text()
        await dashboard.press("w")
        assert "word00" in dashboard.text() and "word59" in dashboard.text()
        await dashboard.press("right")
        assert "further right" not in dashboard.rows()[0] and "wrapped lines are whole" in dashboard.text()


async def test_the_names_of_the_columns_go_to_the_side_with_them_and_not_without_end(tmp_path: Path) -> None:
    """They stayed, over other columns; and each key went on, until the screen was empty."""
    told = event(999, "v34_memory_storage_start", "ffffffff", words="x" * 60)
    async with log_of(tmp_path, [*events_of(2), told], [], (80, 24)) as dashboard:
        await dashboard.press("right")
        rows = dashboard.rows()
        threshold = next(row for row in rows if "threshold 0.5s" in row)
        assert rows[1].index("figures") == threshold.index("threshold") and "20 cells further right" in rows[0]
        await dashboard.press(*["right"] * 30)
        assert "xxx" in dashboard.text()
        await dashboard.press(*["left"] * 30)
        assert "further right" not in dashboard.text() and "event" in dashboard.rows()[1]


async def test_other_lines_begin_at_the_newest_and_none_of_them_is_new(tmp_path: Path) -> None:
    """``+591 new`` was over the newest line of all."""
    async with log_of(tmp_path, events_of(30), []) as dashboard:
        await dashboard.publish(read_lines(150))
        await dashboard.press("up")
        await dashboard.publish(read_lines(190))
        assert "+40 new" in dashboard.rows()[0]
        await dashboard.press("s")
        await dashboard.until(lambda: "events only" in dashboard.rows()[0])
        assert "new" not in dashboard.rows()[0]
        await dashboard.publish(read_lines(195))
        assert "new lines ↓ f" in dashboard.rows()[0]
        await dashboard.press("escape")
        await dashboard.until(lambda: "events only" not in dashboard.rows()[0])
        await dashboard.publish(read_lines(199))
        assert "+4 new ↓ f" in dashboard.rows()[0]


async def test_a_pattern_is_searched_in_all_pages_and_n_goes_through(tmp_path: Path) -> None:
    async with log_of(tmp_path, events_of(900), facts_of(900)) as dashboard:
        screen = log_screen(dashboard)
        await dashboard.press("slash", *"words [13]00]")
        assert "not a valid" not in dashboard.text()
        await dashboard.press("backspace", "enter")
        await dashboard.until(lambda: "2 of 8 100 lines match  n next  N one before" in dashboard.rows()[1])
        await dashboard.until(lambda: "words 300" in screen.rows[screen.index()].text)
        await dashboard.press("N")
        await dashboard.until(lambda: "words 100" in screen.rows[screen.index()].text)
        assert "words 100" in dashboard.text()
        await dashboard.press("N")
        assert "no match above" in dashboard.text()
        await dashboard.press("n")
        await dashboard.until(lambda: "words 300" in screen.rows[screen.index()].text)
        await dashboard.press("n")
        assert "no match below" in dashboard.text()
        await dashboard.press("ampersand")
        await dashboard.until(lambda: len(screen.rows) == 2)
        await dashboard.press("escape")
        await dashboard.until(lambda: len(screen.rows) > 100 and "match" not in dashboard.rows()[1])


async def test_where_no_line_matches_no_key_goes_to_one(tmp_path: Path) -> None:
    async with log_of(tmp_path, events_of(3), []) as dashboard:
        await dashboard.press("slash", *"nowhere", "enter")
        await dashboard.until(lambda: "/nowhere  0 of" in dashboard.rows()[1] and "match" in dashboard.rows()[1])
        assert "next" not in dashboard.rows()[1]


async def test_a_pattern_that_is_not_valid_stays_and_says_why(tmp_path: Path) -> None:
    async with log_of(tmp_path, turn(0), []) as dashboard:
        await dashboard.press("slash", "(", "enter")
        assert "not a valid pattern" in dashboard.text() and dashboard.app.focused is not None
        await dashboard.press("escape", "N")
        assert "no pattern yet" in dashboard.text()


async def test_a_pattern_that_explodes_says_what_it_has_not_searched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("timmy_tui.core.foreign.pattern_search.LIMIT_S", 0.2)
    lines = [*facts_of(400), "a" * 60 + "b"]
    async with log_of(tmp_path, [], lines) as dashboard:
        await dashboard.press("slash", *"(a+)+$", "enter")
        await dashboard.until(lambda: "not searched" in dashboard.text())
        await dashboard.press("up")
        assert log_screen(dashboard).index() >= 0


def narrowed_to(dashboard: RunningDashboard, service: str) -> bool:
    return service in dashboard.rows()[0] and "…" not in dashboard.rows()[0] and log_screen(dashboard).rows != []


async def test_by_service_and_failures_only(tmp_path: Path) -> None:
    events = [*turn(0), event(5, "stt_http_response_received", status_code=500)]
    async with log_of(tmp_path, events, printed()) as dashboard:
        screen = log_screen(dashboard)
        for service in ("events", "stt", "v34", "tts"):
            await dashboard.press("s")
            await dashboard.until(partial(narrowed_to, dashboard, service))
            shown = {entry.service for entry in screen.rows}
            assert shown == ({service} if service != "events" else {"stt", "v34", "tts"})
        await dashboard.press("s", "E")
        await dashboard.until(lambda: "failures only" in dashboard.rows()[0] and len(screen.rows) == 1)
        assert "HTTP 500" in dashboard.text() and "following" in dashboard.rows()[0]
        await dashboard.press("escape")
        await dashboard.until(lambda: len(screen.rows) > 5)


async def test_l_on_a_turn_and_enter_on_a_stage_show_only_their_lines(tmp_path: Path) -> None:
    turns = tuple(replace(one, request_id=f"{at:08x}", text=f"words {at}") for at, one in enumerate(conversation(30)))
    history(tmp_path, events_of(30), facts_of(30))
    async with running_dashboard(snapshot(turns=turns), size=SIZE, start=Start(log=GrowingLog(tmp_path))) as dashboard:
        await dashboard.press("2", "up", "up", "l")
        await dashboard.until(lambda: dashboard.app.place == "log" and len(log_screen(dashboard).rows) == 9)
        screen = log_screen(dashboard)
        chosen = turns[-3]
        assert {entry.request_id for entry in screen.rows} == {chosen.request_id}
        assert f"log · turn {chosen.number}" in dashboard.rows()[0]
        await dashboard.press("1")
        dashboard.app.post_message(LogOfSpan(turns[5], "llm"))
        await dashboard.until(lambda: "LLM of turn" in dashboard.rows()[0] and len(screen.rows) == 3)
        assert [entry.event for entry in screen.rows if entry.event] == ["v34_ollama_sent", "v34_ollama_received"]
        await dashboard.press("escape")
        await dashboard.until(lambda: "both logs" in dashboard.rows()[0] and len(screen.rows) > 100)
        await dashboard.press("home", "l")
        await dashboard.until(lambda: len({entry.request_id for entry in screen.rows}) == 1)


async def test_a_line_that_would_command_the_terminal_is_shown_as_text(tmp_path: Path) -> None:
    evil = "\x1b]0;title\x07 [bold]not markup[/]"
    async with log_of(tmp_path, [event(0, "v34_x", odd=evil)], [evil]) as dashboard:
        assert "[bold]not markup[/]" in dashboard.text()
        assert all("\x1b" not in segment.text and "\x07" not in segment.text for segment in dashboard.segments())


async def test_a_log_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    async with log_of(tmp_path, events_of(400), []) as dashboard:
        await dashboard.press("up")
        (tmp_path / "latency.log").rename(tmp_path / "gone")
        (tmp_path / "latency.log").mkdir()
        await dashboard.press("E")
        await dashboard.until(lambda: "the log cannot be read" in dashboard.text())


async def test_without_a_reader_the_newest_lines_of_the_snapshot_are_shown() -> None:
    async with running_dashboard(snapshot()) as dashboard:
        await dashboard.press("6")
        await dashboard.until(lambda: "v34 flask_handler_entry" in dashboard.text())
        await dashboard.press("s", "s")
        await dashboard.until(lambda: "v34 " not in dashboard.text() and "stt pause_detected" in dashboard.text())


@pytest.mark.parametrize("size", [(40, 10), (80, 24), (120, 30), (200, 50)])
async def test_every_size_is_filled_to_the_cell(tmp_path: Path, size: tuple[int, int]) -> None:
    async with log_of(tmp_path, events_of(30), facts_of(30), size) as dashboard:
        assert all(len(row) == size[0] for row in dashboard.rows())
        assert "ollama_sent" in dashboard.text()
        await dashboard.press("w", "up", "pageup")
        assert all(len(row) == size[0] for row in dashboard.rows())


async def test_the_wheel_and_a_click(tmp_path: Path) -> None:
    from textual import events as textual_events

    async with log_of(tmp_path, events_of(100), []) as dashboard:
        screen = log_screen(dashboard)
        await dashboard.wheel(textual_events.MouseScrollUp)
        assert screen.index() == len(screen.rows) - 4 and "follows" in dashboard.rows()[0]
        wanted = dashboard.rows()[6]
        await dashboard.pilot.click(offset=(30, 6))
        await dashboard.pilot.pause()
        assert dashboard.rows()[6] == wanted
        entry = screen.rows[screen.index()]
        assert entry.event.partition("_")[2] in wanted
