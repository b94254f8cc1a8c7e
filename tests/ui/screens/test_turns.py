"""The table of turns, and a turn on a page of its own."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from textual import events
from textual.geometry import Region
from textual.strip import Strip
from textual.widgets import DataTable

from tests.ui.fakes import FakeControl
from tests.ui.running import RunningDashboard, running_dashboard
from tests.ui.snapshots import control_state, conversation, judgement, snapshot, turn
from timmy_tui.model.llm import Certainty, LlmState, Reuse
from timmy_tui.model.turn import Event, TurnState
from timmy_tui.model.user_requests import MarkTurn, NoteTurn
from timmy_tui.ui.exports.turns import turns_csv
from timmy_tui.ui.paint.lines import plain
from timmy_tui.ui.panels.turns.cells import COLUMNS, USUAL, chosen_columns, sorted_turns, turn_cells
from timmy_tui.ui.panels.turns.detail import detail_lines, turn_events
from timmy_tui.ui.panels.turns.order import MOST, TurnOrder
from timmy_tui.ui.panels.turns.postcard import postcard
from timmy_tui.ui.screens.turn_pages import postcard_rows
from timmy_tui.ui.screens.turn_table import TurnTable
from timmy_tui.ui.screens.turns import TurnsScreen
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


@pytest.mark.parametrize("size", [(120, 30), (100, 30), (200, 50)])
async def test_the_columns_fit_the_table_and_not_the_screen(size: tuple[int, int]) -> None:
    """Beside the turn in full it has half of it: the last headings were cut, and not counted."""
    async with running_dashboard(snapshot(31), size=size) as dashboard:
        await dashboard.press("2")
        table = turns_screen(dashboard).table
        await dashboard.until(lambda: sum(column.width for column in table.shape) <= table.size.width)
        assert sum(column.width for column in table.columns.values()) <= table.size.width
        await dashboard.until(lambda: table.scroll_y >= table.max_scroll_y)
        await dashboard.until(lambda: sum("430 " in row for row in dashboard.rows()) >= 2)
        missing = {"mark", "why"} - {column.key for column in table.shape}
        await dashboard.until(lambda: (f"+{len(missing)} column" in dashboard.text()) == bool(missing))


async def test_a_broad_pane_has_the_turn_beside_the_list_not_under_it() -> None:
    async with running_dashboard(snapshot(31), size=(200, 50)) as dashboard:
        await dashboard.press("2")
        screen = turns_screen(dashboard)
        detail = screen.query_one("#detail")
        await dashboard.until(lambda: detail.region.x >= screen.table.region.right)
        assert detail.region.y == screen.table.region.y and screen.table.region.height == detail.region.height > 40


async def test_a_reason_that_is_cut_says_so() -> None:
    failed = replace(turn(3), state=TurnState.FAILED, reason="Could not connect to the service at all " * 4)
    async with running_dashboard(snapshot(31, turns=(failed,)), size=(80, 24)) as dashboard:
        await dashboard.press("2")
        row = next(row for row in dashboard.rows() if "Could not…" in row and "turn " not in row)
        assert row.startswith("✗") and "failed" not in row, "the sign says it, and the reason has the room"


def test_the_diagnosis_of_a_turn_is_said_once_and_whole() -> None:
    state = judgement(30)
    view = View(snapshot(31, judgement=state))
    known = ((one, view.diagnosis_of(one.ordinal)) for one in view.turns)
    diagnosed, sentence = next((one, found.sentence) for one, found in known if found is not None)
    for width in (50, 120):
        text = " ".join(" ".join(part for part, _ in row).strip() for row in detail_lines(view, diagnosed, width, 40))
        assert " ".join(sentence.split()) in " ".join(text.split())
        assert text.count("STORE +180") == 1


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
        marked = replace(judgement(30), quality=((newest - 1, "bad"), (30, "good"), (28, "bad")))
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
        assert "1 of 31 turns · answered" in dashboard.text() and "turn 405 " in dashboard.text()
        await dashboard.press("enter", "q")
        await dashboard.press("2", "escape")
        assert "31 turns" in dashboard.text()


async def test_the_selected_turn_is_shown_in_full() -> None:
    async with running_dashboard(snapshot(), size=(140, 50)) as dashboard:
        await dashboard.press("2")
        for words in ("turn 430 0000001e", "+640ms over your usual", "stt  pause_detected  pause_threshold=0.5"):
            assert words in dashboard.text()
        await dashboard.press("x")
        await dashboard.until(lambda: MarkTurn(30, "bad") in dashboard.source.requests)


@pytest.mark.parametrize("width", range(54, 90))
def test_of_what_an_event_tells_none_is_half_told(width: int) -> None:
    """``text_length=59…`` read as if the number went on."""
    told = {"text_length": 59, "session_id": "cb3413e0-6498", "prompt_eval_count": 1639}
    event = Event(timestamp=1.0, request_id="cb3413e0", event="v34_webhook_received", service="v34", metadata=told)
    heard = replace(turn(1), events=(event,))
    row = plain(turn_events(heard, width)[0])
    assert row.startswith("   0.0ms  v34  webhook_received  text_length=59")
    shown = row.split("webhook_received  ")[1].removesuffix(" …").split("  ")
    whole = [f"{key}={value}" for key, value in told.items()]
    assert shown == whole[: len(shown)] and (row.endswith(" …") or shown == whole) and len(row) <= width


async def test_a_turn_has_a_page_of_its_own() -> None:
    async with running_dashboard(snapshot()) as dashboard:
        await dashboard.press("2", "enter")
        assert "Esc back" in dashboard.text() and "turn 430 0000001e" in dashboard.text()
        await dashboard.press("end", "pagedown")
        assert "pause_threshold=0.5" in dashboard.text()
        await dashboard.press("escape")
        assert "following" in dashboard.text()


async def test_where_no_turn_passes_it_says_so_and_which_key_shows_all() -> None:
    """It said ``no turn``, under an empty table."""
    async with running_dashboard(snapshot()) as dashboard:
        await dashboard.press("2", "slash", *"turn:1", "enter")
        assert "0 of 31 turns · turn:1" in dashboard.text()
        assert "no turn passes the filter; Esc shows all" in dashboard.text()
        await dashboard.press("escape")
        assert "no turn passes" not in dashboard.text() and "31 turns" in dashboard.rows()[1]


def test_the_heading_counts_turns_once() -> None:
    """``31 of 31 turns`` says one thing twice."""
    order = TurnOrder()
    assert order.heading(31, 31) == "31 turns" and order.heading(1, 1) == "1 turn"
    assert order.heading(200, 1045) == "newest 200 of 1045 turns"
    order.filter_by("complete")
    assert order.heading(31, 31) == "31 of 31 turns · complete"
    order.filter_by("")
    order.sort_by("headline", True)
    assert order.heading(200, 1045) == "200 of 1045 turns · by V2V"


@pytest.mark.parametrize(("share", "role"), [(0.0, "text"), (0.3, "text"), (0.7, "good")])
def test_a_prompt_of_which_little_was_reused_is_not_green(share: float, role: str) -> None:
    """The second turn of a session reuses nothing, as it should: ``0%`` stood in green."""
    known = Reuse(ordinal=3, prompt_tokens=900, reused=0, share=share, certainty=Certainty.MEASURED, reason="")
    view = View(snapshot=snapshot(llm=LlmState(facts=None, reuse=(known,), context=None, criteria=())))
    assert [found for text, found in turn_cells(turn(3), view) if text.strip() == f"{share:.0%}"] == [role]


def test_where_rows_are_few_a_wait_of_which_nothing_is_known_takes_none_of_them() -> None:
    view = View(snapshot=snapshot())
    low, high = (" ".join(map(plain, detail_lines(view, turn(30), 80, height))) for height in (11, 30))
    assert "by how much is not known" in high and "by how much is not known" not in low
    assert "ENDPT" in low


@pytest.mark.parametrize("width", [36, 40, 46, 58])
async def test_hidden_columns_are_counted_whole_or_not_at_all(width: int) -> None:
    async with running_dashboard(snapshot(), size=(width, 10)) as dashboard:
        await dashboard.press("2", "slash", *"v2v<9s", "enter")
        await dashboard.until(lambda: "v2v<9s" in dashboard.rows()[1])
        heading = dashboard.rows()[1]
        assert "+" not in heading or re.search(r"\+\d columns? ", heading)


async def test_the_key_that_follows_is_the_users() -> None:
    async with running_dashboard(snapshot()) as dashboard:
        await dashboard.press("2", "up")
        assert "f follows" in dashboard.rows()[1]
        dashboard.app.use_keymap({"follow": "f5"})
        await dashboard.until(lambda: "f5 follows" in dashboard.rows()[1])


async def test_an_empty_table_is_no_error() -> None:
    async with running_dashboard(snapshot(0)) as dashboard:
        await dashboard.press("2", "enter", "g", "k", "f")
        assert "0 turns" in dashboard.text() and "no turn" in dashboard.text()


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


def ordinals(dashboard: RunningDashboard) -> list[int]:
    """Of the turns in the table, from its top."""
    return [one.ordinal for one in turns_screen(dashboard).shown_turns()]


async def test_a_filter_that_is_not_understood_says_why_and_changes_nothing() -> None:
    async with running_dashboard(snapshot()) as dashboard:
        await dashboard.press("2", "slash")
        assert "llm>1s" in dashboard.text()
        await dashboard.press(*"llm>1")
        await dashboard.until(lambda: "wants a time with its unit" in dashboard.text())
        assert "1 of 31 turns · llm " in dashboard.text()  # as far as it was understood
        await dashboard.press("enter")
        assert dashboard.app.focused is not turns_screen(dashboard).table
        await dashboard.press("s", "enter")
        await dashboard.until(lambda: "of 31 turns · llm>1s" in dashboard.text())
        expected = [one.ordinal for one in conversation() if (one.stages.get("llm") or 0) > 1000]
        assert ordinals(dashboard) == expected and dashboard.app.focused is turns_screen(dashboard).table


async def test_marks_and_epochs_are_filtered() -> None:
    marked = replace(judgement(30), quality=((3, "bad"), (5, "good")))
    async with running_dashboard(snapshot(judgement=marked)) as dashboard:
        await dashboard.press("2", "slash", *"mark:bad", "enter")
        await dashboard.until(lambda: ordinals(dashboard) == [3])
        await dashboard.press("escape", "slash", *"epoch:1", "enter")
        await dashboard.until(lambda: "epoch:1" in dashboard.text())
        begins = next(epoch.first for epoch in snapshot().epochs if epoch.number == 1)
        assert ordinals(dashboard) == [one.ordinal for one in conversation() if one.ordinal >= begins]


async def test_any_column_sorts_and_the_unknown_is_last() -> None:
    async with running_dashboard(snapshot(), size=(180, 40)) as dashboard:
        await dashboard.press("2", "s")
        assert "by time" in dashboard.text() or "by V2V" in dashboard.text()
        for _ in range(12):
            if "by V2V" in dashboard.text():
                break
            await dashboard.press("s")
        shown = turns_screen(dashboard).shown_turns()
        known = [one.headline_ms or 0.0 for one in shown]
        assert known == sorted(known, reverse=True)
        await dashboard.press("S")
        assert [one.headline_ms or 0.0 for one in turns_screen(dashboard).shown_turns()] == sorted(known)
        assert "smallest first" in dashboard.text() and "following" not in dashboard.text()
        await dashboard.press("f")
        assert ordinals(dashboard) == [one.ordinal for one in conversation()] and "following" in dashboard.text()


@pytest.mark.parametrize("downwards", [True, False])
def test_what_has_no_value_is_last_in_both_directions(downwards: bool) -> None:
    stores = (("a", 5.0), ("b", None), ("c", 9.0), ("d", 5.0))
    turns = [turn(at, request_id=name, stages={"store": ms}) for at, (name, ms) in enumerate(stores)]
    ordered = sorted_turns(turns, View(), "store", downwards)
    assert "".join(one.request_id for one in ordered) == ("cadb" if downwards else "adcb")


async def test_the_newest_row_is_in_view_after_a_resize_and_on_coming_back() -> None:
    async with running_dashboard(snapshot(), size=(80, 40)) as dashboard:
        await dashboard.press("2")
        newest = "430"

        def newest_is_shown() -> bool:
            table = turns_screen(dashboard).table
            return table.scroll_offset.y + table.scrollable_content_region.height >= table.row_count

        for size in ((80, 16), (120, 20), (60, 12), (80, 24)):
            await dashboard.pilot.resize_terminal(*size)
            await dashboard.until(newest_is_shown)
        await dashboard.press("1")
        await dashboard.publish(snapshot(31))
        await dashboard.press("2")
        await dashboard.until(newest_is_shown)
        assert newest in dashboard.text()


async def scrolled(
    dashboard: RunningDashboard, direction: type[events.MouseScrollDown | events.MouseScrollUp]
) -> float:
    """First row in view after some notches of the wheel over the table."""
    table = turns_screen(dashboard).table
    before = table.scroll_y
    for _ in range(3):
        table.post_message(direction(None, 5, 5, 0, 0, 0, False, False, False, 5, 5))
    await dashboard.until(lambda: table.scroll_y != before and table.scroll_y == table.scroll_target_y)
    return table.scroll_y


@pytest.mark.parametrize("sizes", [((80, 20), (80, 24)), ((100, 20), (80, 24)), ((80, 24), (130, 29), (80, 24))])
async def test_where_the_wheel_went_outlives_a_size_and_the_place_of_before_does_not(
    sizes: tuple[tuple[int, int], ...],
) -> None:
    async with running_dashboard(snapshot(), size=(80, 24)) as dashboard:
        await dashboard.press("2", "home")
        for size in ((80, 20), (80, 24)):  # The first row is remembered.
            await dashboard.pilot.resize_terminal(*size)
            await dashboard.pilot.pause()
        top = await scrolled(dashboard, events.MouseScrollDown)
        assert top > 0
        for size in sizes:
            await dashboard.pilot.resize_terminal(*size)
            await dashboard.pilot.pause()
        await dashboard.until(lambda: turns_screen(dashboard).table.scroll_y == top)
        await dashboard.press("down")
        await dashboard.until(lambda: turns_screen(dashboard).table.scroll_y < 2)


async def test_the_wheel_away_from_the_newest_row_stops_following() -> None:
    async with running_dashboard(snapshot(), size=(80, 24)) as dashboard:
        await dashboard.press("2")
        await scrolled(dashboard, events.MouseScrollUp)
        await dashboard.until(lambda: "following" not in dashboard.text())
        top = turns_screen(dashboard).table.scroll_y
        await dashboard.publish(snapshot(32))
        await dashboard.until(lambda: "+1 new" in dashboard.text())
        assert turns_screen(dashboard).table.scroll_y == top
        await dashboard.press("f")
        await dashboard.until(lambda: "following" in dashboard.text() and "431" in dashboard.text())


async def test_columns_are_chosen_and_remembered() -> None:
    async with running_dashboard(snapshot(), size=(180, 40)) as dashboard:
        await dashboard.press("2", "v")
        rows = [row.strip("> ") for row in dashboard.rows()]
        at = next(index for index, row in enumerate(rows) if row.split()[1:2] == ["LLM"])
        await dashboard.press(*["down"] * (at - 1), "enter", "escape")
        await dashboard.until(lambda: "LLM" in dashboard.rows()[2])
    async with running_dashboard(snapshot(), size=(180, 40)) as dashboard:
        await dashboard.press("2")
        await dashboard.until(lambda: "LLM" in dashboard.rows()[2])


async def test_reasons_are_in_full_where_there_is_room() -> None:
    reason = "TTS refused the text at the second try"
    turns = (*conversation(29), turn(29, state=TurnState.FAILED, reason=reason))
    async with running_dashboard(snapshot(turns=turns), size=(118, 40)) as dashboard:
        await dashboard.press("2")
        assert any(row.startswith("✗") and reason in row for row in dashboard.rows()[2:])


async def test_what_is_shown_is_written_as_csv(tmp_path: Path) -> None:
    async with running_dashboard(snapshot()) as dashboard:
        await dashboard.press("2", "slash", *"llm>1s", "enter")
        await dashboard.until(lambda: "llm>1s" in dashboard.text())
        expected = [str(one.number) for one in turns_screen(dashboard).shown_turns()]
        await dashboard.press("X")
        await dashboard.until(lambda: "turns written" in dashboard.text())
    (path,) = (tmp_path / "state" / "timmy_tui" / "screens").glob("*.csv")
    rows = list(csv.DictReader(path.read_text().splitlines()))
    assert [row["turn"] for row in rows] == expected and float(rows[0]["llm_ms"]) > 1000
    assert path.stat().st_mode & 0o777 == 0o600 and "weather" not in path.read_text()


def test_a_formula_of_a_spreadsheet_is_text() -> None:
    evil = turn(3, state=TurnState.FAILED, reason="x", request_id="=1+1")
    assert "'=1+1" in turns_csv([evil], View(snapshot=snapshot(turns=(evil,))))


async def test_a_postcard_is_twelve_lines_of_the_turn_under_the_cursor() -> None:
    async with running_dashboard(snapshot()) as dashboard:
        await dashboard.press("2", "up", "up", "c")
        assert dashboard.app.place == "postcard" and "turn 428" in dashboard.text()
        await dashboard.until(lambda: "postcard copied" in "".join(one.text for one in dashboard.app.events))
    for one in conversation():
        lines = postcard(one, View(snapshot=snapshot()))
        assert len(lines) == 12 and all(len(row) <= 78 for row in lines) and "weather" not in " ".join(lines)
        assert not any(row.startswith("?") for row in lines) and any(row.startswith("gap ") for row in lines)


async def test_no_picture_of_a_new_size_has_columns_of_the_old_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a slow machine they stood there for seconds, cut without a sign."""
    painted: list[tuple[int, int]] = []
    render = DataTable.render_lines

    def noted(table: TurnTable, crop: Region) -> list[Strip]:
        painted.append((table.app.size.width, sum(column.width for column in table.columns.values())))
        return render(table, crop)

    monkeypatch.setattr(TurnTable, "render_lines", noted)
    async with running_dashboard(snapshot(31), size=(80, 24)) as dashboard:
        await dashboard.press("2")
        for size in ((60, 15), (200, 50), (130, 30), (40, 10)):
            await dashboard.pilot.resize_terminal(*size)
            await dashboard.pilot.pause()
        await dashboard.press("1")
        await dashboard.pilot.resize_terminal(120, 30)
        await dashboard.press("2", "1")
        await dashboard.pilot.resize_terminal(30, 10)
        await dashboard.press("2")
        table = turns_screen(dashboard).table
        await dashboard.until(lambda: sum(column.width for column in table.columns.values()) < 30)
    assert {width for width, _ in painted} == {80, 60, 200, 130, 40, 120, 30}
    assert not [(width, columns) for width, columns in painted if columns >= width]


async def test_a_notice_is_seen_beside_a_running_change() -> None:
    async with running_dashboard(snapshot(), size=(120, 30), control=FakeControl(control_state())) as dashboard:
        await dashboard.press("2", "X")
        assert dashboard.rows()[-3].startswith("tail mode off→on") and "31 turns written" in dashboard.rows()[-2]
        assert "[2 Turns]" in dashboard.rows()[-1]


@pytest.mark.parametrize(("size", "width"), [((120, 30), 60), ((200, 50), 92)])
async def test_the_columns_fit_where_the_size_changed_behind_another_screen(size: tuple[int, int], width: int) -> None:
    """The reasons were cut in mid-word without a sign: the columns were those of a table as wide as the pane."""
    async with running_dashboard(snapshot(31), size=(60, 15)) as dashboard:
        await dashboard.press("2", "6")
        await dashboard.pilot.resize_terminal(40, 10)
        await dashboard.press("1")
        await dashboard.pilot.resize_terminal(*size)
        await dashboard.press("2")
        table = turns_screen(dashboard).table
        await dashboard.until(lambda: table.size.width == width)
        await dashboard.until(lambda: table.shape == chosen_columns(USUAL, width - 1))
        assert sum(column.width for column in table.columns.values()) <= width


async def test_every_column_says_what_it_is() -> None:
    async with running_dashboard(snapshot(), size=(120, 60)) as dashboard:
        await dashboard.press("2", "v")
        await dashboard.until(lambda: dashboard.app.place == "columns")
        rows = [row for row in dashboard.rows() if row[2:3] in ("●", "○")]
        assert len(rows) == len(COLUMNS) and all(len(row[13:].split()) >= 2 for row in rows)
        assert "prefill" in dashboard.text(), "it was prefil"


@pytest.mark.parametrize("width", [40, 60, 78])
def test_a_postcard_in_a_narrow_pane_goes_on_below_and_no_figure_leaves_its_name(width: int) -> None:
    one, view = conversation()[28], View(snapshot=snapshot())
    rows = [plain(row) for row, _ in postcard_rows(one, view, width)]
    assert all(len(row) <= width for row in rows)
    assert " ".join(" ".join(rows).split()) == " ".join(" ".join(postcard(one, view)).split()), "all of it"
    figures = [row for row in rows if "ENDPT" in row or "TTS" in row or "CLASS" in row]
    assert all(row.rstrip().endswith(("s", "skipped")) for row in figures)
    assert width < 60 or len(figures) < 4, "they flow on, not three and one"


def test_a_postcard_is_cut_between_words() -> None:
    """``memory store +14…`` was another figure than +144ms."""
    state = judgement(28)
    sentence = "+39ms over your usual (with a memory store, 12 tokens): memory store +144ms, rest normal"
    compared = "with a memory store, 12 tokens"
    diagnosis = replace(state.diagnoses[0], sentence=sentence, compared_with=compared, excess_ms=39.0)
    view = View(snapshot=snapshot(judgement=replace(state, diagnoses=(diagnosis,))))
    (row,) = [row for row in postcard(conversation()[28], view) if row.startswith("why:")]
    assert row == "why: +39ms over your usual: memory store +144ms, rest normal"
    longer = replace(diagnosis, sentence=sentence.replace("rest normal", "retrieval +38ms, prefill +22ms, rest −39ms"))
    view = View(snapshot=snapshot(judgement=replace(state, diagnoses=(longer,))))
    (row,) = [row for row in postcard(conversation()[28], view) if row.startswith("why:")]
    assert row.endswith("memory store +144ms, retrieval +38ms…") and len(row) <= 78


def test_a_turn_in_full_has_its_whole_heading_and_says_an_error_once() -> None:
    reason = "Empty streamed response received"
    one = turn(28, state=TurnState.FAILED, reason=reason, errors=(reason, "boom"))
    rows = [plain(row) for row in detail_lines(View(snapshot=snapshot()), one, 40, 60)]
    text = " ".join(" ".join(rows).split())
    assert text.count(reason) == 1 and "boom" in text and "failed: Empty" in text and "V2V ≥" in text
