"""The screens behind the first: tables, charts, logs, changes."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from tests.ui.fakes import FakeControl
from tests.ui.running import Running, running
from tests.ui.snapshots import control_state, conversation, judgement, snapshot, turn
from timmy_tui.model.change import ControlState
from timmy_tui.model.llm import Certainty, LlmState
from timmy_tui.ui.panels.trends import epoch_stretches
from timmy_tui.ui.screens.changes import next_value
from timmy_tui.ui.screens.log import LogScreen
from timmy_tui.ui.screens.turns import MOST, TurnsScreen
from timmy_tui.ui.view import View


def turns_screen(seen: Running) -> TurnsScreen:
    screen = seen.app.screen
    assert isinstance(screen, TurnsScreen)
    return screen


async def test_the_table_follows_the_newest_turn_until_the_cursor_moves() -> None:
    async with running(snapshot(28)) as seen:
        await seen.press("2")
        screen = turns_screen(seen)
        assert "following" in seen.text() and "turn 27 " in seen.text()
        await seen.publish(snapshot(29))
        assert "turn 28 " in seen.text()
        await seen.press("k", "up")
        assert "turn 26 " in seen.text()
        await seen.publish(snapshot(31))
        assert "turn 26 " in seen.text() and "+2 new" in seen.text() and not screen.following
        await seen.press("f")
        assert "following" in seen.text() and "turn 30 " in seen.text()


async def test_cells_change_in_place_and_rows_are_capped(monkeypatch: pytest.MonkeyPatch) -> None:
    turns = tuple(turn(number) for number in range(MOST + 30))
    async with running(snapshot(31, turns=turns)) as seen:
        await seen.press("2")
        table = turns_screen(seen).table
        assert table.row_count == MOST
        original, updates = table.update_cell, list[tuple[str, str]]()

        def update(row: str, column: str, text: Any) -> None:
            updates.append((row, column))
            original(row, column, text)

        monkeypatch.setattr(table, "update_cell", update)
        monkeypatch.setattr(table, "clear", lambda *_: pytest.fail("the table was rebuilt"))
        newest = turns[-1].ordinal
        marked = replace(judgement(newest), quality=((newest - 1, "bad"), (30, "good"), (28, "bad")))
        await seen.publish(snapshot(31, turns=turns, judgement=marked))
        assert updates == [(str(newest - 1), "mark")]
        await seen.publish(snapshot(31, turns=(*turns, turn(MOST + 30)), judgement=marked))
        assert table.row_count == MOST


async def test_a_turn_that_is_known_late_stands_where_its_time_says() -> None:
    turns = conversation(28)
    async with running(snapshot(28)) as seen:
        await seen.press("2")
        late = turn(40, started=turns[10].started, text="typed")
        await seen.publish(snapshot(28, turns=(*turns[:10], late, *turns[10:])))
        table = turns_screen(seen).table
        assert [row.key.value for row in table.ordered_rows][9:12] == ["9", "40", "10"]
        assert "turn 27 " in seen.text()
        await seen.press("k", "k")
        later = turn(41, started=turns[12].started)
        await seen.publish(snapshot(28, turns=(*turns[:10], late, *turns[10:12], later, *turns[12:])))
        assert "turn 25 " in seen.text()


async def test_a_filter_keeps_what_contains_the_text_and_escape_clears_it() -> None:
    async with running(snapshot()) as seen:
        await seen.press("2", "slash")
        for letter in "answered":
            await seen.pilot.press(letter)
        await seen.pilot.pause()
        assert "1 of 30 turns contain that text" in seen.text() and "turn 5 " in seen.text()
        await seen.press("enter", "q")
        await seen.press("2", "escape")
        assert "30 of 30 turns" in seen.text()


async def test_the_selected_turn_is_shown_in_full() -> None:
    async with running(snapshot(), size=(140, 50)) as seen:
        await seen.press("2")
        for words in ("turn 30 0000001e", "+640ms over your usual", "stt_pause_detected", "pause_threshold=0.5"):
            assert words in seen.text()
        await seen.press("x")
        await seen.until(lambda: ("mark", 30, "bad") in seen.source.asked)


async def test_a_turn_has_a_page_of_its_own() -> None:
    async with running(snapshot()) as seen:
        await seen.press("2", "enter")
        assert "Esc back" in seen.text() and "turn 30 0000001e" in seen.text()
        await seen.press("end", "pagedown")
        assert "pause_threshold=0.5" in seen.text()
        await seen.press("escape")
        assert "following" in seen.text()


async def test_an_empty_table_is_no_error() -> None:
    async with running(snapshot(0)) as seen:
        await seen.press("2", "enter", "g", "k", "f")
        assert "0 of 0 turns" in seen.text() and "no turn" in seen.text()


async def test_trends_have_axes_epochs_and_levels() -> None:
    async with running(snapshot(), size=(120, 40)) as seen:
        await seen.press("3")
        text = seen.text()
        assert "V2V · 28 turns" in text and "┊0 2.39s·17t" in text and "0ms┤" in text and "│" in text
        assert "tail mode off→on" in text and "LLM · 28 turns" in text
        await seen.press("right")
        assert "V2V · 28 turns" not in seen.text()
        await seen.press("left", "plus")
        assert "V2V · 28 turns" in seen.text() and "newest 30 turns" in seen.text()


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
    async with running(snapshot(30)) as seen:
        await seen.press("3")
        before = drawn
        for _ in range(5):
            seen.app.renew()
            await seen.pilot.pause()
        assert drawn == before
        await seen.publish(snapshot(31))
        assert drawn == before + 1


async def test_without_turns_the_charts_say_so() -> None:
    async with running(snapshot(0)) as seen:
        await seen.press("3")
        assert "not measured in these turns" in seen.text()


def test_stretches_cover_every_turn_once() -> None:
    stretches = epoch_stretches(View(snapshot()), conversation(31))
    assert stretches == [(0, 0, 20), (1, 20, 31)]
    assert epoch_stretches(View(snapshot(0, epochs=())), ()) == []


async def test_the_llm_screen_says_where_its_figures_come_from() -> None:
    async with running(snapshot(), size=(120, 40)) as seen:
        await seen.press("4")
        text = seen.text()
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
    async with running(replace(snap, llm=state), size=(120, 30)) as seen:
        assert "cache — (no cold turn seen yet)" in seen.text() and "ollama unreachable 14s" in seen.text()
        await seen.press("4")
        assert "unreachable for 14s connection refused" in seen.text() and "no cold turn seen yet" in seen.text()
        assert "0%" not in seen.text()
    async with running(replace(snap, llm=None)) as seen:
        await seen.press("4")
        assert "nothing known of the model yet" in seen.text()


async def test_the_log_follows_until_it_is_scrolled() -> None:
    def log(count: int) -> Any:
        return snapshot(3, log_tail=tuple(("v34.log", f"line {number}") for number in range(count)))

    async with running(log(90)) as seen:
        await seen.press("6")
        assert "line 89" in seen.text() and "following" in seen.text()
        await seen.press("up")
        await seen.publish(log(97))
        assert "line 88" in seen.text() and "line 96" not in seen.text() and "+7 new" in seen.text()
        await seen.press("pageup", "home")
        assert "line 0" in seen.text()
        await seen.press("f")
        assert "line 96" in seen.text() and "following" in seen.text()


async def test_the_log_can_be_filtered() -> None:
    async with running(snapshot()) as seen:
        await seen.press("6", "slash", "4", "7")
        assert "1 lines with that text" in seen.text() and "line 47" in seen.text() and "line 46" not in seen.text()
        screen = seen.app.screen
        assert isinstance(screen, LogScreen) and screen.wanted == "47"
        await seen.press("escape")
        assert "60 newest lines" in seen.text()


async def test_tail_mode_is_shown_before_it_is_flipped_on_a_second_key() -> None:
    control = FakeControl(control_state())
    async with running(snapshot(), control=control) as seen:
        await seen.press("t")
        await seen.until(lambda: "go ahead" in seen.text())
        assert control.asked == [("plan", "flip", {"key": "tail-mode", "value": "off"})]
        assert "- USE_FULL_MEGA_PROMPT = True" in seen.text() and "V2V 3.14s" in seen.text()
        await seen.press("t")
        assert len(control.asked) == 1
        await seen.press("y")
        await seen.until(lambda: "started" in seen.text())
        assert control.asked[-1][0] == "start"


async def test_leaving_the_question_does_nothing() -> None:
    control = FakeControl(control_state())
    async with running(snapshot(), control=control) as seen:
        await seen.press("r")
        await seen.until(lambda: "go ahead" in seen.text())
        await seen.press("escape")
        assert [call[0] for call in control.asked] == ["plan"] and "go ahead" not in seen.text()


async def test_a_plan_that_is_refused_says_why() -> None:
    control = FakeControl(control_state(), refusal="config.py binds it twice: lines 4 and 9")
    async with running(snapshot(), control=control) as seen:
        await seen.press("t")
        await seen.until(lambda: "config.py binds it twice" in seen.text())
        assert "go ahead" not in seen.text()


async def test_an_error_is_a_sentence_with_a_way_out() -> None:
    control = FakeControl(control_state(), error="the lock is held")
    async with running(snapshot(), control=control) as seen:
        await seen.press("b")
        await seen.until(lambda: "Change: the lock is held look at the log" in seen.text())


async def test_enter_acts_on_the_row_under_the_cursor() -> None:
    control = FakeControl(control_state())
    async with running(snapshot(), size=(100, 40), control=control) as seen:
        await seen.press("5", "j", "enter")
        await seen.until(lambda: "go ahead" in seen.text())
        await seen.press("escape", "end", "enter")
        await seen.until(lambda: "go ahead" in seen.text())
        await seen.press("escape", "k", "enter")
        await seen.until(lambda: "go ahead" in seen.text())
    assert control.asked == [
        ("plan", "flip", {"key": "raw", "value": "on"}),
        ("plan", "undo", {"op": "op1"}),
        ("plan", "restore", {"name": "before-tail-mode-20251128"}),
    ]


async def test_the_running_change_is_answered_only_with_what_it_offers() -> None:
    control = FakeControl(control_state())
    async with running(snapshot(), control=control) as seen:
        await seen.press("5", "S")
        assert "no running change asks for that" in seen.text()
        await seen.press("K")
        await seen.until(lambda: "keep: done" in seen.text())
    assert control.asked == [("answer", "keep")]


async def test_changes_show_file_and_running_values_verdict_and_journal() -> None:
    async with running(snapshot(), size=(110, 40), control=FakeControl(control_state())) as seen:
        await seen.press("5")
        for words in ("--debug wins", "pid 4242, 3m, reloader", "evidence 1/2", "×0.41 (0.36–0.47)", "too few turns",
                      "marked bad: 3 of 11", "before-tail-mode-20251128", "undo with enter"):  # fmt: skip
            assert words in seen.text(), words
    async with running(snapshot(0), control=FakeControl(ControlState(read_only="no lock"))) as seen:
        await seen.press("5", "enter")
        assert "read-only: no lock" in seen.text() and "nothing was changed yet" in seen.text()


def test_flags_go_round_their_choices() -> None:
    flags = {flag.key: flag for flag in control_state().flags}
    assert next_value(flags["tail-mode"]) == "off" and next_value(flags["num-ctx"]) == "4096"
    assert next_value(replace(flags["num-ctx"], file_value="6000")) == "4096"
    assert next_value(flags["debug"]) == ""


async def test_what_was_asked_to_the_letter_has_a_key_of_its_own() -> None:
    control = FakeControl(control_state(), other="only tail mode")
    async with running(snapshot(), control=control) as seen:
        await seen.press("t")
        await seen.until(lambda: "o only tail mode" in seen.text())
        await seen.press("o")
        await seen.until(lambda: "started" in seen.text())
        assert control.asked[-1] == ("start", "flip only tail mode")


async def test_the_other_way_is_no_way_where_there_is_none() -> None:
    control = FakeControl(control_state())
    async with running(snapshot(), control=control) as seen:
        await seen.press("t")
        await seen.until(lambda: "go ahead" in seen.text())
        await seen.press("o")
        assert "go ahead" in seen.text() and [call[0] for call in control.asked] == ["plan"]


@pytest.mark.parametrize("key", ["space", "down", "j", "1", "y"])
async def test_any_key_stops_the_countdown_to_a_rollback_and_does_nothing_else(key: str) -> None:
    state = control_state()
    assert state.change is not None
    counting = replace(state, change=replace(state.change, countdown=7.0, choices=("stop waiting",)))
    control = FakeControl(counting)
    async with running(snapshot(), control=control) as seen:
        await seen.press("5")
        assert control.asked == [("answer", "stop waiting")]
        control.asked.clear()
        await seen.press(key)
        await seen.until(lambda: control.asked == [("answer", "stop waiting")])
        assert "rolling back in 7s" in seen.text() and seen.app.current_mode == "live"
        assert seen.app.view.newest is None


async def test_the_running_change_is_answered_from_the_live_screen() -> None:
    control = FakeControl(control_state())
    async with running(snapshot(), control=control) as seen:
        assert "K keep  u undo" in seen.text()
        await seen.press("K")
        await seen.until(lambda: ("answer", "keep") in control.asked)
        await seen.press("N")
        await seen.until(lambda: "go now: no running change asks for that" in seen.text())


def guided(phase: str, **facts: Any) -> Any:
    """A snapshot with a guided test in it."""
    from timmy_tui.model.judgement import TrialState

    trial = TrialState(label="Test 1: raw off", step=2, steps=4, phase=phase, **facts)
    return replace(snapshot(), judgement=replace(judgement(20), trial=trial))


async def test_a_guided_test_is_begun_by_its_key() -> None:
    async with running(snapshot(), control=FakeControl(ControlState())) as seen:
        await seen.press("G")
        await seen.until(lambda: "begin with Test 1" in seen.text() and "o begin with Test 2" in seen.text())
        await seen.press("y")
        await seen.until(lambda: ("guide", "start guide") in seen.source.asked)


async def test_a_guided_test_says_what_it_wants_and_its_key_does_it() -> None:
    control = FakeControl(ControlState())
    wish = (("raw", "off"),)
    async with running(guided("change", sentence="now change raw to off", wish=wish), control=control) as seen:
        assert "step 2 of 4  now change raw to off  G next" in seen.text()
        await seen.press("G")
        await seen.until(lambda: "go ahead" in seen.text())
        assert control.asked == [("plan", "flip", {"values": wish, "only": True})]


async def test_the_verdict_of_a_guided_test_is_kept_or_undone() -> None:
    control = FakeControl(ControlState())
    async with running(guided("verdict", sentence="LLM ×0.4. Keep it, or undo?"), control=control) as seen:
        await seen.press("5")
        await seen.until(lambda: "guided test" in seen.text())
        await seen.press("G")
        await seen.until(lambda: "y keep it" in seen.text() and "o undo it" in seen.text())
        await seen.press("o")
        await seen.until(lambda: ("plan", "undo", {"op": ""}) in control.asked)
        assert seen.source.asked == [("guide", "undo")]


async def test_a_guided_test_is_left_and_resumed() -> None:
    async with running(
        guided("measure", sentence="3 more turns as it is"), control=FakeControl(ControlState())
    ) as seen:
        await seen.press("G")
        await seen.until(lambda: "y leave it for now" in seen.text())
        await seen.press("y")
        await seen.until(lambda: ("guide", "leave") in seen.source.asked)
        await seen.publish(guided("measure", sentence="left", left=True))
        await seen.press("G")
        await seen.until(lambda: "y resume it" in seen.text())
        await seen.press("y")
        await seen.until(lambda: ("guide", "resume") in seen.source.asked)


async def test_a_note_goes_on_a_mark_and_is_shown_with_the_turn() -> None:
    marked = replace(snapshot(), judgement=replace(judgement(20), quality=((29, "bad"),), notes=((29, "too curt"),)))
    unmarked = replace(snapshot(), judgement=replace(judgement(20), quality=()))
    async with running(unmarked) as seen:
        await seen.press("n")
        await seen.until(lambda: "a note goes on a mark" in seen.text())
        await seen.publish(marked)
        await seen.press("n")
        await seen.until(lambda: "too curt" in seen.text())
        await seen.press("t", "x", "enter")  # letters are letters here, not commands
        await seen.until(lambda: ("note", 29, "too curttx") in seen.source.asked)
        await seen.press("n", "escape")
        assert [call[0] for call in seen.source.asked] == ["note"]


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
    async with running(snapshot(), control=control) as seen:
        await seen.press("5", "enter")
        await seen.until(lambda: seen.app.focused is not None)
        await seen.press("backspace", "9", "enter")
        await seen.until(lambda: control.asked == [("plan", "flip", {"key": "num-ctx", "value": "8009"})])
        await seen.until(lambda: "go ahead" in seen.text())
