"""The screens behind the first: tables, charts, logs, changes."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from tests.ui.fakes import FakeControl
from tests.ui.running import RunningDashboard, running_dashboard
from tests.ui.snapshots import control_state, conversation, judgement, snapshot, turn
from timmy_tui.model.change import ControlState
from timmy_tui.model.llm import Certainty, LlmState
from timmy_tui.model.requests import ActOnTrial, BeginTrial, Flip, MarkTurn, NoteTurn, Restore, RestoreLatest, Undo
from timmy_tui.ui.panels.trends import epoch_stretches
from timmy_tui.ui.screens.changes import next_value
from timmy_tui.ui.screens.log import LogScreen
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
        assert "following" in dashboard.text() and "turn 27 " in dashboard.text()
        await dashboard.publish(snapshot(29))
        assert "turn 28 " in dashboard.text()
        await dashboard.press("k", "up")
        assert "turn 26 " in dashboard.text()
        await dashboard.publish(snapshot(31))
        assert "turn 26 " in dashboard.text() and "+2 new" in dashboard.text() and not screen.following
        await dashboard.press("f")
        assert "following" in dashboard.text() and "turn 30 " in dashboard.text()


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
        assert "turn 27 " in dashboard.text()
        await dashboard.press("k", "k")
        later = turn(41, started=turns[12].started)
        await dashboard.publish(snapshot(28, turns=(*turns[:10], late, *turns[10:12], later, *turns[12:])))
        assert "turn 25 " in dashboard.text()


async def test_a_filter_keeps_what_contains_the_text_and_escape_clears_it() -> None:
    async with running_dashboard(snapshot()) as dashboard:
        await dashboard.press("2", "slash")
        for letter in "answered":
            await dashboard.pilot.press(letter)
        await dashboard.pilot.pause()
        assert "1 of 30 turns contain that text" in dashboard.text() and "turn 5 " in dashboard.text()
        await dashboard.press("enter", "q")
        await dashboard.press("2", "escape")
        assert "30 of 30 turns" in dashboard.text()


async def test_the_selected_turn_is_shown_in_full() -> None:
    async with running_dashboard(snapshot(), size=(140, 50)) as dashboard:
        await dashboard.press("2")
        for words in ("turn 30 0000001e", "+640ms over your usual", "stt_pause_detected", "pause_threshold=0.5"):
            assert words in dashboard.text()
        await dashboard.press("x")
        await dashboard.until(lambda: MarkTurn(30, "bad") in dashboard.source.requests)


async def test_a_turn_has_a_page_of_its_own() -> None:
    async with running_dashboard(snapshot()) as dashboard:
        await dashboard.press("2", "enter")
        assert "Esc back" in dashboard.text() and "turn 30 0000001e" in dashboard.text()
        await dashboard.press("end", "pagedown")
        assert "pause_threshold=0.5" in dashboard.text()
        await dashboard.press("escape")
        assert "following" in dashboard.text()


async def test_an_empty_table_is_no_error() -> None:
    async with running_dashboard(snapshot(0)) as dashboard:
        await dashboard.press("2", "enter", "g", "k", "f")
        assert "0 of 0 turns" in dashboard.text() and "no turn" in dashboard.text()


async def test_trends_have_axes_epochs_and_levels() -> None:
    async with running_dashboard(snapshot(), size=(120, 40)) as dashboard:
        await dashboard.press("3")
        text = dashboard.text()
        assert "V2V · 28 turns" in text and "┊0 2.39s·17t" in text and "0ms┤" in text and "│" in text
        assert "tail_mode off→on" in text and "LLM · 28 turns" in text
        await dashboard.press("right")
        assert "V2V · 28 turns" not in dashboard.text()
        await dashboard.press("left", "plus")
        assert "V2V · 28 turns" in dashboard.text() and "newest 30 turns" in dashboard.text()


async def test_charts_are_drawn_when_a_turn_ends_and_not_when_the_clock_ticks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from timmy_tui.ui.panels.trends import trend_lines as original

    drawn = 0

    def count(*args: Any) -> Any:
        nonlocal drawn
        drawn += 1
        return original(*args)

    monkeypatch.setattr("timmy_tui.ui.screens.trends.trend_lines", count)
    async with running_dashboard(snapshot(30)) as dashboard:
        await dashboard.press("3")
        before = drawn
        for _ in range(5):
            dashboard.app.renew()
            await dashboard.pilot.pause()
        assert drawn == before
        await dashboard.publish(snapshot(31))
        assert drawn == before + 1


async def test_without_turns_the_charts_say_so() -> None:
    async with running_dashboard(snapshot(0)) as dashboard:
        await dashboard.press("3")
        assert "not measured in these turns" in dashboard.text()


def test_stretches_cover_every_turn_once() -> None:
    stretches = epoch_stretches(View(snapshot()), conversation(31))
    assert stretches == [(0, 0, 20), (1, 20, 31)]
    assert epoch_stretches(View(snapshot(0, epochs=())), ()) == []


async def test_the_llm_screen_says_where_its_figures_come_from() -> None:
    async with running_dashboard(snapshot(), size=(120, 40)) as dashboard:
        await dashboard.press("4")
        text = dashboard.text()
        for words in ("Ollama 0.12.11", "3.4 GB, 100% GPU", "unloads in 4m", "2 720 of 8 000 (loaded)",
                      "≈86 turns left", "~74%", "estimated: prefill time", "reused", "evaluated", "108/s", "cold",
                      "✗ fail", "● pass", "○ not yet", "counts all tokens"):  # fmt: skip
            assert words in text, words


async def test_unknown_reuse_is_a_dash_with_its_reason() -> None:
    snap = snapshot()
    assert snap.llm is not None and snap.llm.facts is not None
    from timmy_tui.model.llm import Reuse

    unknown = Reuse(ordinal=30, prompt_tokens=None, reused=None, share=None, certainty=Certainty.UNKNOWN,
                    reason="no cold turn seen yet")  # fmt: skip
    down = replace(snap.llm.facts, reachable=False, since=snap.taken - 14, problem="connection refused")
    state = LlmState(down, (unknown,), None, ())
    async with running_dashboard(replace(snap, llm=state), size=(120, 30)) as dashboard:
        assert "cache — (no cold turn seen yet)" in dashboard.text() and "ollama unreachable 14s" in dashboard.text()
        await dashboard.press("4")
        assert (
            "unreachable for 14s connection refused" in dashboard.text() and "no cold turn seen yet" in dashboard.text()
        )
        assert "0%" not in dashboard.text()
    async with running_dashboard(replace(snap, llm=None)) as dashboard:
        await dashboard.press("4")
        assert "nothing known of the model yet" in dashboard.text()


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
        assert isinstance(screen, LogScreen) and screen.wanted == "47"
        await dashboard.press("escape")
        assert "60 newest lines" in dashboard.text()


async def test_tail_mode_is_shown_before_it_is_flipped_on_a_second_key() -> None:
    control = FakeControl(control_state())
    async with running_dashboard(snapshot(), control=control) as dashboard:
        await dashboard.press("t")
        await dashboard.until(lambda: "go ahead" in dashboard.text())
        assert control.calls == [("plan", Flip((("tail-mode", "off"),)))]
        assert "- USE_FULL_MEGA_PROMPT = True" in dashboard.text() and "V2V 3.14s" in dashboard.text()
        await dashboard.press("t")
        assert len(control.calls) == 1
        await dashboard.press("y")
        await dashboard.until(lambda: "started" in dashboard.text())
        assert control.calls[-1][0] == "start"


async def test_leaving_the_question_does_nothing() -> None:
    control = FakeControl(control_state())
    async with running_dashboard(snapshot(), control=control) as dashboard:
        await dashboard.press("r")
        await dashboard.until(lambda: "go ahead" in dashboard.text())
        await dashboard.press("escape")
        assert [call[0] for call in control.calls] == ["plan"] and "go ahead" not in dashboard.text()


async def test_a_plan_that_is_refused_says_why() -> None:
    control = FakeControl(control_state(), refusal="config.py binds it twice: lines 4 and 9")
    async with running_dashboard(snapshot(), control=control) as dashboard:
        await dashboard.press("t")
        await dashboard.until(lambda: "config.py binds it twice" in dashboard.text())
        assert "go ahead" not in dashboard.text()


async def test_an_error_is_a_sentence_with_a_way_out() -> None:
    control = FakeControl(control_state(), error="the lock is held")
    async with running_dashboard(snapshot(), control=control) as dashboard:
        await dashboard.press("b")
        await dashboard.until(lambda: "Change: the lock is held look at the log" in dashboard.text())


async def test_enter_acts_on_the_row_under_the_cursor() -> None:
    control = FakeControl(control_state())
    async with running_dashboard(snapshot(), size=(100, 40), control=control) as dashboard:
        await dashboard.press("5", "j", "enter")
        await dashboard.until(lambda: "go ahead" in dashboard.text())
        await dashboard.press("escape", "end", "enter")
        await dashboard.until(lambda: "go ahead" in dashboard.text())
        await dashboard.press("escape", "k", "enter")
        await dashboard.until(lambda: "go ahead" in dashboard.text())
    assert control.calls == [
        ("plan", Flip((("raw", "on"),))),
        ("plan", Undo("op1")),
        ("plan", Restore("before-tail-mode-20251128")),
    ]


async def test_the_row_below_the_restore_points_returns_to_latest() -> None:
    state = control_state()
    restored = tuple(replace(point, restored=True) for point in state.restore_points)
    control = FakeControl(replace(state, restore_points=restored))
    async with running_dashboard(snapshot(), size=(100, 40), control=control) as dashboard:
        await dashboard.press("5", "end", "k", "enter")
        await dashboard.until(lambda: "go ahead" in dashboard.text())
    assert control.calls == [("plan", RestoreLatest())]


async def test_the_running_change_is_answered_only_with_what_it_offers() -> None:
    control = FakeControl(control_state())
    async with running_dashboard(snapshot(), control=control) as dashboard:
        await dashboard.press("5", "S")
        assert "no running change asks for that" in dashboard.text()
        await dashboard.press("K")
        await dashboard.until(lambda: "keep: done" in dashboard.text())
    assert control.calls == [("answer", "keep")]


async def test_changes_show_file_and_running_values_verdict_and_journal() -> None:
    async with running_dashboard(snapshot(), size=(110, 40), control=FakeControl(control_state())) as dashboard:
        await dashboard.press("5")
        for words in ("--debug wins", "pid 4242, 3m, reloader", "evidence 1/2", "×0.41 (0.36–0.47)", "too few turns",
                      "marked bad: 3 of 11", "before-tail-mode-20251128", "undo with enter"):  # fmt: skip
            assert words in dashboard.text(), words
    async with running_dashboard(snapshot(0), control=FakeControl(ControlState(read_only="no lock"))) as dashboard:
        await dashboard.press("5", "enter")
        assert "read-only: no lock" in dashboard.text() and "nothing was changed yet" in dashboard.text()


def test_flags_go_round_their_choices() -> None:
    flags = {flag.key: flag for flag in control_state().flags}
    assert next_value(flags["tail-mode"]) == "off" and next_value(flags["num-ctx"]) == "4096"
    assert next_value(replace(flags["num-ctx"], file_value="6000")) == "4096"
    assert next_value(flags["debug"]) == ""


async def test_what_was_asked_to_the_letter_has_a_key_of_its_own() -> None:
    control = FakeControl(control_state(), other="only tail mode")
    async with running_dashboard(snapshot(), control=control) as dashboard:
        await dashboard.press("t")
        await dashboard.until(lambda: "o only tail mode" in dashboard.text())
        await dashboard.press("o")
        await dashboard.until(lambda: "started" in dashboard.text())
        assert control.calls[-1] == ("start", "flip only tail mode")


async def test_the_other_way_is_no_way_where_there_is_none() -> None:
    control = FakeControl(control_state())
    async with running_dashboard(snapshot(), control=control) as dashboard:
        await dashboard.press("t")
        await dashboard.until(lambda: "go ahead" in dashboard.text())
        await dashboard.press("o")
        assert "go ahead" in dashboard.text() and [call[0] for call in control.calls] == ["plan"]


@pytest.mark.parametrize("key", ["space", "down", "j", "1", "y"])
async def test_any_key_stops_the_countdown_to_a_rollback_and_does_nothing_else(key: str) -> None:
    state = control_state()
    assert state.change is not None
    counting = replace(state, change=replace(state.change, countdown=7.0, choices=("stop waiting",)))
    control = FakeControl(counting)
    async with running_dashboard(snapshot(), control=control) as dashboard:
        await dashboard.press("5")
        assert control.calls == [("answer", "stop waiting")]
        control.calls.clear()
        await dashboard.press(key)
        await dashboard.until(lambda: control.calls == [("answer", "stop waiting")])
        assert "rolling back in 7s" in dashboard.text() and dashboard.app.current_mode == "live"
        assert dashboard.app.view.newest is None


async def test_the_running_change_is_answered_from_the_live_screen() -> None:
    control = FakeControl(control_state())
    async with running_dashboard(snapshot(), control=control) as dashboard:
        assert "K keep  u undo" in dashboard.text()
        await dashboard.press("K")
        await dashboard.until(lambda: ("answer", "keep") in control.calls)
        await dashboard.press("N")
        await dashboard.until(lambda: "go now: no running change asks for that" in dashboard.text())


def guided(phase: str, **facts: Any) -> Any:
    """A snapshot with a guided test in it."""
    from timmy_tui.model.judgement import TrialState

    trial = TrialState(label="Test 1: raw off", step=2, steps=4, phase=phase, **facts)
    return replace(snapshot(), judgement=replace(judgement(20), trial=trial))


async def test_a_guided_test_is_begun_by_its_key() -> None:
    async with running_dashboard(snapshot(), control=FakeControl(ControlState())) as dashboard:
        await dashboard.press("G")
        await dashboard.until(
            lambda: "begin with Test 1" in dashboard.text() and "o begin with Test 2" in dashboard.text()
        )
        await dashboard.press("y")
        await dashboard.until(lambda: BeginTrial("guide") in dashboard.source.requests)


async def test_a_guided_test_says_what_it_wants_and_its_key_does_it() -> None:
    control = FakeControl(ControlState())
    wish = (("raw", "off"),)
    async with running_dashboard(
        guided("change", sentence="now change raw to off", wish=wish), control=control
    ) as dashboard:
        assert "step 2 of 4  now change raw to off  G next" in dashboard.text()
        await dashboard.press("G")
        await dashboard.until(lambda: "go ahead" in dashboard.text())
        assert control.calls == [("plan", Flip(wish, only=True))]


async def test_the_verdict_of_a_guided_test_is_kept_or_undone() -> None:
    control = FakeControl(ControlState())
    async with running_dashboard(
        guided("verdict", sentence="LLM ×0.4. Keep it, or undo?"), control=control
    ) as dashboard:
        await dashboard.press("5")
        await dashboard.until(lambda: "guided test" in dashboard.text())
        await dashboard.press("G")
        await dashboard.until(lambda: "y keep it" in dashboard.text() and "o undo it" in dashboard.text())
        await dashboard.press("o")
        await dashboard.until(lambda: ("plan", Undo()) in control.calls)
        assert dashboard.source.requests == [ActOnTrial("undo")]


async def test_a_guided_test_is_left_and_resumed() -> None:
    async with running_dashboard(
        guided("measure", sentence="3 more turns as it is"), control=FakeControl(ControlState())
    ) as dashboard:
        await dashboard.press("G")
        await dashboard.until(lambda: "y leave it for now" in dashboard.text())
        await dashboard.press("y")
        await dashboard.until(lambda: ActOnTrial("leave") in dashboard.source.requests)
        await dashboard.publish(guided("measure", sentence="left", left=True))
        await dashboard.press("G")
        await dashboard.until(lambda: "y resume it" in dashboard.text())
        await dashboard.press("y")
        await dashboard.until(lambda: ActOnTrial("resume") in dashboard.source.requests)


async def test_a_note_goes_on_a_mark_and_is_shown_with_the_turn() -> None:
    marked = replace(snapshot(), judgement=replace(judgement(20), quality=((29, "bad"),), notes=((29, "too curt"),)))
    unmarked = replace(snapshot(), judgement=replace(judgement(20), quality=()))
    async with running_dashboard(unmarked) as dashboard:
        await dashboard.press("n")
        await dashboard.until(lambda: "a note goes on a mark" in dashboard.text())
        await dashboard.publish(marked)
        await dashboard.press("n")
        await dashboard.until(lambda: "too curt" in dashboard.text())
        await dashboard.press("t", "x", "enter")  # letters are letters here, not commands
        await dashboard.until(lambda: NoteTurn(29, "too curttx") in dashboard.source.requests)
        await dashboard.press("n", "escape")
        assert dashboard.source.requests == [NoteTurn(29, "too curttx")]


def test_the_note_stands_with_the_turn() -> None:
    from timmy_tui.ui.panels.detail import detail_lines

    told = replace(snapshot(), judgement=replace(judgement(20), quality=((29, "bad"),), notes=((29, "too\x1b[2J"),)))
    view = View(snapshot=told)
    found = next(one for one in view.turns if one.ordinal == 29)
    text = "\n".join("".join(part for part, _ in row) for row in detail_lines(view, found, 80, 20))
    assert "note  too␛[2J" in text


async def test_a_flag_without_choices_asks_for_its_value() -> None:
    state = control_state()
    size = replace(state.flags[2], choices=())
    control = FakeControl(replace(state, flags=(size,)))
    async with running_dashboard(snapshot(), control=control) as dashboard:
        await dashboard.press("5", "enter")
        await dashboard.until(lambda: dashboard.app.focused is not None)
        await dashboard.press("backspace", "9", "enter")
        await dashboard.until(lambda: control.calls == [("plan", Flip((("num-ctx", "8009"),)))])
        await dashboard.until(lambda: "go ahead" in dashboard.text())
