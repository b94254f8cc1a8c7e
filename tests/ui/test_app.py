"""The app with a made source: what arrives is shown, and keys do what the table says."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.ui.fakes import FakeControl, FakeLlm
from tests.ui.running import running
from tests.ui.snapshots import control_state, finding, judgement, open_turn, snapshot, troubled
from timmy_tui.model.requests import AnswerFinding, MarkTurn
from timmy_tui.ui import app as app_module
from timmy_tui.ui.app import TimmyApp
from timmy_tui.ui.messages import SnapshotArrived
from timmy_tui.ui.panels import live
from timmy_tui.ui.view import View


@pytest.mark.parametrize("size", [(40, 10), (60, 15), (80, 24), (120, 30), (200, 50)])
async def test_the_live_screen_at_every_designed_size(size: tuple[int, int]) -> None:
    async with running(snapshot(), size=size) as seen:
        assert "V2V 3.14s" in seen.rows()[0] and "sources ok" in seen.text()
        assert all(len(row) == size[0] for row in seen.rows())


@pytest.mark.parametrize("size", [(10, 2), (2, 1), (3, 40)])
async def test_tiny_panes_are_lived_with_on_every_screen(size: tuple[int, int]) -> None:
    async with running(troubled(), size=size, control=FakeControl(control_state())) as seen:
        for key in ("2", "3", "4", "5", "6", "question_mark", "escape", "1", "t"):
            await seen.press(key)
        assert seen.app.is_running


async def test_resizing_keeps_the_screen_right() -> None:
    async with running(snapshot(), size=(120, 30)) as seen:
        before = seen.text()
        await seen.pilot.resize_terminal(41, 9)
        await seen.pilot.pause()
        assert all(len(row) == 41 for row in seen.rows())
        await seen.pilot.resize_terminal(120, 30)
        await seen.pilot.pause()
        assert seen.text() == before


async def test_a_new_snapshot_is_shown_and_the_same_one_changes_nothing() -> None:
    snap = snapshot(30)
    async with running(snap) as seen:
        before = seen.text()
        await seen.publish(snap)
        assert seen.text() == before
        await seen.publish(snapshot(31))
        assert seen.text() != before


async def test_painting_changes_nothing() -> None:
    snap = troubled()
    async with running(snap) as seen:
        text = seen.text()
        for _ in range(3):
            seen.app.screen.refresh(layout=True)
            await seen.pilot.pause()
        assert seen.app.view.snapshot is snap and seen.text() == text


async def test_of_many_snapshots_only_the_newest_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    handled = 0
    original = TimmyApp.on_snapshot_arrived

    def count(app: TimmyApp, message: SnapshotArrived) -> None:
        nonlocal handled
        handled += 1
        original(app, message)

    monkeypatch.setattr(TimmyApp, "on_snapshot_arrived", count)
    async with running(snapshot(3)) as seen:
        handled = 0
        final = snapshot(31)
        many = [snapshot(3) for _ in range(499)] + [final]
        thread = threading.Thread(target=lambda: [seen.source.publish(snap) for snap in many])
        thread.start()
        thread.join()
        await seen.until(lambda: seen.app.snapshot is final)
        assert handled < 50


async def test_freezing_holds_the_picture_while_turns_go_on_being_read() -> None:
    async with running(snapshot(27), size=(120, 30)) as seen:
        await seen.press("space")
        assert "FROZEN +0 turns" in seen.rows()[0]
        rows = seen.rows()[3:]
        await seen.publish(snapshot(31))
        assert "FROZEN +4 turns" in seen.rows()[0] and seen.rows()[3:] == rows
        await seen.press("space")
        assert "FROZEN" not in seen.text() and seen.rows()[3:] != rows
        assert seen.app.view.turns[-1].ordinal == 30


async def test_digits_go_to_screens_and_q_comes_back_before_it_quits() -> None:
    async with running(snapshot()) as seen:
        for key, mode in zip("23456", ("turns", "trends", "llm", "changes", "log"), strict=True):
            await seen.press(key)
            assert seen.app.current_mode == mode
        await seen.press("q")
        assert seen.app.current_mode == "live" and seen.app.is_running
        await seen.press("q")
        assert seen.app.return_code == 0


async def test_escape_never_quits_and_control_c_does_at_the_second_time() -> None:
    async with running(snapshot()) as seen:
        await seen.press("escape", "escape")
        assert seen.app.return_code is None
        await seen.press("ctrl+c")
        assert "press ctrl+c again" in seen.text() and seen.app.return_code is None
        await seen.press("ctrl+c")
        assert seen.app.return_code == 0


async def test_help_names_every_command_with_its_keys() -> None:
    async with running(snapshot(), size=(120, 80)) as seen:
        await seen.press("question_mark")
        text = seen.text()
        for command in seen.app.commands:
            assert command.help in text
        assert "not here: there is no running Timmy to change here" in text
        assert "request to last token; never time to first token" in text
        await seen.press("q")
        assert "stages, in the order" not in seen.text()


async def test_long_help_scrolls() -> None:
    async with running(snapshot()) as seen:
        await seen.press("question_mark")
        assert "How long did I wait" in seen.text()
        await seen.press("end", "pagedown")
        assert "a narrow pane drops columns" in seen.text() and "How long did I wait" not in seen.text()
        await seen.press("home")
        assert "How long did I wait" in seen.text()


async def test_the_palette_runs_a_command() -> None:
    async with running(snapshot()) as seen:
        await seen.press("colon")
        for letter in "trends":
            await seen.pilot.press(letter)
        await seen.until(lambda: "Stages over time" in seen.text())
        await seen.press("enter")
        await seen.until(lambda: seen.app.current_mode == "trends")


async def test_a_panel_that_cannot_be_drawn_is_a_health_line_and_the_rest_lives(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(view: View, width: int) -> tuple[()]:
        raise KeyError("a panel with a mistake")

    async with running(snapshot()) as seen:
        with monkeypatch.context() as patch:
            patch.setattr(live, "verdict_line", broken)
            await seen.publish(snapshot())
            assert "KeyError while drawing live" in seen.text()
        await seen.publish(snapshot())
        assert "✗ screen: KeyError while drawing live" in seen.text() and "V2V 3.14s" in seen.text()


async def test_work_that_fails_says_so() -> None:
    async def fail() -> None:
        raise RuntimeError("the disk is on fire")

    async with running(snapshot()) as seen:
        seen.app.run_worker(fail(), name="export", exit_on_error=False)
        await seen.until(lambda: "export: RuntimeError: the disk is on fire" in seen.text())


async def test_the_fast_clock_renews_the_view_only_while_a_turn_is_in_flight(monkeypatch: pytest.MonkeyPatch) -> None:
    renewed = 0
    renew = TimmyApp.renew

    def count(app: TimmyApp) -> None:
        nonlocal renewed
        renewed += 1
        renew(app)

    async def renewals_at_rest() -> int:
        await seen.pilot.pause(0.02)  # a tick that was on its way is over
        before = renewed
        await seen.pilot.pause(0.1)  # a hundred ticks
        return renewed - before

    monkeypatch.setattr(TimmyApp, "renew", count)
    monkeypatch.setattr(app_module, "IDLE_S", 3600.0)
    monkeypatch.setattr(app_module, "BUSY_S", 0.001)
    async with running(snapshot()) as seen:
        assert await renewals_at_rest() == 0
        await seen.publish(snapshot(open_turn=open_turn()))
        published = renewed
        await seen.until(lambda: renewed >= published + 3)
        await seen.publish(snapshot())
        assert await renewals_at_rest() == 0


async def test_the_source_is_stopped_at_the_end() -> None:
    async with running(snapshot()) as seen:
        source = seen.source
    assert source.stopped


async def test_marks_and_findings_are_handed_to_the_source_and_taken_back_by_the_same_key() -> None:
    async with running(snapshot(judgement=judgement(30, finding()))) as seen:
        await seen.press("g")
        await seen.until(lambda: MarkTurn(30, None) in seen.source.asked)
        await seen.press("x")
        await seen.until(lambda: MarkTurn(30, "bad") in seen.source.asked)
        await seen.press("a")
        await seen.until(lambda: AnswerFinding("llm:20", "accept") in seen.source.asked)
        await seen.press("i", "s")
        await seen.until(lambda: AnswerFinding("llm:20", "mute") in seen.source.asked)


async def test_without_turns_or_findings_the_keys_say_so() -> None:
    async with running(snapshot(0)) as seen:
        await seen.press("g")
        assert "there is no turn to mark yet" in seen.text()
        await seen.press("a")
        assert "there is no finding" in seen.text() and seen.source.asked == []


async def test_what_the_dashboard_said_is_kept() -> None:
    async with running(snapshot()) as seen:
        seen.app.say("first word")
        seen.app.say("second word")
        await seen.press("e")
        rows = "\n".join(seen.rows())
        assert rows.index("second word") < rows.index("first word")


async def test_the_model_is_loaded_only_after_a_second_key() -> None:
    async with running(snapshot(), llm=FakeLlm()) as seen:
        await seen.press("w")
        assert "go ahead" in seen.text() and "Nothing is generated" in seen.text()
        await seen.press("w", "escape")
        assert "loaded in" not in seen.text()
        await seen.press("w", "y")
        await seen.until(lambda: "loaded in 2.1s" in seen.text())


async def test_the_probe_says_what_it_costs_and_its_answers_are_kept() -> None:
    async with running(snapshot(), llm=FakeLlm()) as seen:
        await seen.press("p")
        assert "go ahead" not in seen.text()
        await seen.press("4", "p")
        assert "cold one" in seen.text()
        await seen.press("y")
        await seen.until(lambda: any("the cache works" in notice.text for notice in seen.app.events))


async def test_figures_are_written_without_what_was_said(tmp_path: Path) -> None:
    async with running(snapshot()) as seen:
        await seen.press("Y")
        await seen.until(lambda: "written:" in seen.text())
    files = list((tmp_path / "state" / "timmy_tui" / "screens").iterdir())
    assert len(files) == 1 and files[0].stat().st_mode & 0o777 == 0o600
    text = files[0].read_text()
    assert "V2V 3.14s" in text and "weather" not in text


async def test_absent_backends_are_named_instead_of_failing() -> None:
    async with running(snapshot()) as seen:
        for key in ("t", "r", "b", "u"):
            await seen.press(key)
            assert "there is no running Timmy to change here" in seen.text()
        await seen.press("w")
        assert "there is no Ollama to ask here" in seen.text()


async def test_a_snapshot_with_a_troubled_everything_is_shown_on_every_screen() -> None:
    state = replace(control_state(), read_only="another dashboard holds the lock (pid 7)")
    async with running(troubled(), size=(120, 30), control=FakeControl(state)) as seen:
        for key, word in zip(
            "23456", ("of 30 turns", "LLM", "Ollama 0.12.11", "another dashboard", "log ·"), strict=True
        ):
            await seen.press(key)
            assert word in seen.text()
