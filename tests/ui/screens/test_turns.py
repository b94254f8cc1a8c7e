"""The table of turns, and a turn on a page of its own."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from tests.ui.running import RunningDashboard, running_dashboard
from tests.ui.snapshots import conversation, judgement, snapshot, turn
from timmy_tui.model.user_requests import MarkTurn, NoteTurn
from timmy_tui.ui.panels.detail import detail_lines
from timmy_tui.ui.screens.turns import MOST, TurnsScreen
from timmy_tui.ui.view import View


def turns_screen(dashboard: RunningDashboard) -> TurnsScreen:
    screen = dashboard.app.screen
    assert isinstance(screen, TurnsScreen)
    return screen


async def test_the_table_follows_the_newest_turn_until_the_cursor_moves() -> None:
    async with running_dashboard(snapshot(28)) as dashboard:
        await dashboard.press("2")
        screen = turns_screen(dashboard)
        assert "following" in dashboard.text() and "turn 427 " in dashboard.text()
        await dashboard.publish(snapshot(29))
        assert "turn 428 " in dashboard.text()
        await dashboard.press("k", "up")
        assert "turn 426 " in dashboard.text()
        await dashboard.publish(snapshot(31))
        assert "turn 426 " in dashboard.text() and "+2 new" in dashboard.text() and not screen.following
        await dashboard.press("f")
        assert "following" in dashboard.text() and "turn 430 " in dashboard.text()


async def test_cells_change_in_place_and_rows_are_capped(monkeypatch: pytest.MonkeyPatch) -> None:
    turns = tuple(turn(number) for number in range(MOST + 30))
    async with running_dashboard(snapshot(31, turns=turns)) as dashboard:
        await dashboard.press("2")
        table = turns_screen(dashboard).table
        assert table.row_count == MOST
        original, updates = table.update_cell, list[tuple[str, str]]()

        def update(row: str, column: str, text: Any) -> None:
            updates.append((row, column))
            original(row, column, text)

        monkeypatch.setattr(table, "update_cell", update)
        monkeypatch.setattr(table, "clear", lambda *_: pytest.fail("the table was rebuilt"))
        newest = turns[-1].ordinal
        marked = replace(judgement(newest), quality=((newest - 1, "bad"), (30, "good"), (28, "bad")))
        await dashboard.publish(snapshot(31, turns=turns, judgement=marked))
        assert updates == [(str(newest - 1), "mark")]
        await dashboard.publish(snapshot(31, turns=(*turns, turn(MOST + 30)), judgement=marked))
        assert table.row_count == MOST


async def test_a_turn_that_is_known_late_stands_where_its_time_says() -> None:
    turns = conversation(28)
    async with running_dashboard(snapshot(28)) as dashboard:
        await dashboard.press("2")
        late = turn(40, started=turns[10].started, text="typed")
        await dashboard.publish(snapshot(28, turns=(*turns[:10], late, *turns[10:])))
        table = turns_screen(dashboard).table
        assert [row.key.value for row in table.ordered_rows][9:12] == ["9", "40", "10"]
        assert "turn 427 " in dashboard.text()
        await dashboard.press("k", "k")
        later = turn(41, started=turns[12].started)
        await dashboard.publish(snapshot(28, turns=(*turns[:10], late, *turns[10:12], later, *turns[12:])))
        assert "turn 425 " in dashboard.text()


async def test_a_filter_keeps_what_contains_the_text_and_escape_clears_it() -> None:
    async with running_dashboard(snapshot()) as dashboard:
        await dashboard.press("2", "slash")
        for letter in "answered":
            await dashboard.pilot.press(letter)
        await dashboard.pilot.pause()
        assert "1 of 31 turns contain that text" in dashboard.text() and "turn 405 " in dashboard.text()
        await dashboard.press("enter", "q")
        await dashboard.press("2", "escape")
        assert "31 of 31 turns" in dashboard.text()


async def test_the_selected_turn_is_shown_in_full() -> None:
    async with running_dashboard(snapshot(), size=(140, 50)) as dashboard:
        await dashboard.press("2")
        for words in ("turn 430 0000001e", "+640ms over your usual", "stt_pause_detected", "pause_threshold=0.5"):
            assert words in dashboard.text()
        await dashboard.press("x")
        await dashboard.until(lambda: MarkTurn(30, "bad") in dashboard.source.requests)


async def test_a_turn_has_a_page_of_its_own() -> None:
    async with running_dashboard(snapshot()) as dashboard:
        await dashboard.press("2", "enter")
        assert "Esc back" in dashboard.text() and "turn 430 0000001e" in dashboard.text()
        await dashboard.press("end", "pagedown")
        assert "pause_threshold=0.5" in dashboard.text()
        await dashboard.press("escape")
        assert "following" in dashboard.text()


async def test_an_empty_table_is_no_error() -> None:
    async with running_dashboard(snapshot(0)) as dashboard:
        await dashboard.press("2", "enter", "g", "k", "f")
        assert "0 of 0 turns" in dashboard.text() and "no turn" in dashboard.text()


async def test_a_note_goes_on_a_mark_and_is_shown_with_the_turn() -> None:
    marked = replace(snapshot(), judgement=replace(judgement(20), quality=((29, "bad"),), notes=((29, "too curt"),)))
    unmarked = replace(snapshot(), judgement=replace(judgement(20), quality=()))
    async with running_dashboard(unmarked) as dashboard:
        await dashboard.press("n")
        await dashboard.until(lambda: "mark a turn first" in dashboard.text())
        await dashboard.publish(marked)
        await dashboard.press("n")
        await dashboard.until(lambda: "too curt" in dashboard.text())
        await dashboard.press("t", "x", "enter")  # letters are letters here, not commands
        await dashboard.until(lambda: NoteTurn(29, "too curttx") in dashboard.source.requests)
        await dashboard.press("n", "escape")
        assert dashboard.source.requests == [NoteTurn(29, "too curttx")]


def test_the_note_stands_with_the_turn() -> None:
    noted = replace(snapshot(), judgement=replace(judgement(20), quality=((29, "bad"),), notes=((29, "too\x1b[2J"),)))
    view = View(snapshot=noted)
    found = next(one for one in view.turns if one.ordinal == 29)
    text = "\n".join("".join(part for part, _ in row) for row in detail_lines(view, found, 80, 20))
    assert "note  too␛[2J" in text
