"""The app with a made source: what arrives is shown, and keys do what the table says."""

from __future__ import annotations

import gc
import threading
import time
from pathlib import Path

import pytest
from msgspec.structs import replace
from textual import events

from tests.ui.fakes import FakeControl, FakeLlm
from tests.ui.running import RunningDashboard, running_dashboard
from tests.ui.snapshots import control_state, finding, judgement, open_turn, snapshot, troubled
from timmy_tui.model.snapshot import Snapshot
from timmy_tui.model.user_requests import AnswerFinding, MarkTurn
from timmy_tui.ui.application import app as app_module
from timmy_tui.ui.application.app import TimmyApp
from timmy_tui.ui.application.session_record import SessionRecord
from timmy_tui.ui.panels.live import said
from timmy_tui.ui.terminal.bell import Bell
from timmy_tui.ui.view import View


@pytest.mark.parametrize("size", [(40, 10), (60, 15), (80, 24), (120, 30), (200, 50)])
async def test_the_live_screen_at_every_designed_size(size: tuple[int, int]) -> None:
    async with running_dashboard(snapshot(), size=size) as dashboard:
        assert "V2V ≥3.14s" in dashboard.rows()[0]
        # At 60×15 the one line under the stages is a verdict.
        assert ("+640ms over your usual" in dashboard.text()) == (size != (60, 15))
        assert all(len(row) == size[0] for row in dashboard.rows())


@pytest.mark.parametrize("size", [(10, 2), (2, 1), (3, 40)])
async def test_tiny_panes_are_lived_with_on_every_screen(size: tuple[int, int]) -> None:
    async with running_dashboard(troubled(), size=size, control=FakeControl(control_state())) as dashboard:
        for key in ("2", "3", "4", "5", "6", "question_mark", "escape", "1", "t"):
            await dashboard.press(key)
        assert dashboard.app.is_running


async def test_resizing_keeps_the_screen_right() -> None:
    async with running_dashboard(snapshot(), size=(120, 30)) as dashboard:
        before = dashboard.text()
        # Two sizes within a tenth of a second: the second one waits.
        await dashboard.pilot.resize_terminal(41, 9)
        await dashboard.until(lambda: all(len(row) == 41 for row in dashboard.rows()))
        await dashboard.pilot.resize_terminal(120, 30)
        await dashboard.until(lambda: dashboard.text() == before)


async def test_a_new_snapshot_is_shown_and_the_same_one_changes_nothing() -> None:
    snap = snapshot(30)
    async with running_dashboard(snap) as dashboard:
        before = dashboard.text()
        await dashboard.publish(snap)
        assert dashboard.text() == before
        await dashboard.publish(snapshot(31))
        assert dashboard.text() != before


async def test_painting_changes_nothing() -> None:
    snap = troubled()
    async with running_dashboard(snap) as dashboard:
        text = dashboard.text()
        for _ in range(3):
            dashboard.app.screen.refresh(layout=True)
            await dashboard.pilot.pause()
        assert dashboard.app.view.snapshot is snap and dashboard.text() == text


async def test_of_many_snapshots_the_newest_alone_waits() -> None:
    async with running_dashboard(snapshot(3)) as dashboard:
        before = snapshots_in_memory()
        # In one step of the app's loop, as when the terminal takes nothing for a while.
        for _ in range(100):
            newest = publish_from_a_thread(dashboard)
        assert snapshots_in_memory() == before + 1
        assert dashboard.app.snapshot is not newest
        await dashboard.pilot.pause()
        assert dashboard.app.snapshot is newest
        await dashboard.publish(last := snapshot(31))
        assert dashboard.app.snapshot is last


def publish_from_a_thread(dashboard: RunningDashboard) -> Snapshot:
    newest = replace(dashboard.app.snapshot)
    thread = threading.Thread(target=dashboard.source.publish, args=(newest,))
    thread.start()
    thread.join()
    return newest


def snapshots_in_memory() -> int:
    gc.collect()
    return sum(isinstance(one, Snapshot) for one in gc.get_objects())


async def test_freezing_holds_the_picture_while_turns_go_on_being_read() -> None:
    async with running_dashboard(snapshot(27), size=(120, 30)) as dashboard:
        await dashboard.press("space")
        assert "FROZEN +0 turns" in dashboard.rows()[0]
        rows = dashboard.rows()[3:]
        await dashboard.publish(snapshot(31))
        assert "FROZEN +4 turns" in dashboard.rows()[0] and dashboard.rows()[3:] == rows
        await dashboard.press("space")
        assert "FROZEN" not in dashboard.text() and dashboard.rows()[3:] != rows
        assert dashboard.app.view.turns[-1].ordinal == 30


class Key(events.Key):
    """The screen of the moment had no use for it."""

    is_forwarded = True


async def test_keys_typed_behind_the_one_that_quits_do_nothing() -> None:
    async with running_dashboard(snapshot()) as dashboard:
        for key in ("q", "e", "down", "question_mark"):
            dashboard.app.post_message(Key(key, None))
        await dashboard.until(lambda: not dashboard.app.is_running or len(dashboard.app.screen_stack) != 1)
        assert dashboard.app.fault is None
        assert dashboard.app.return_code == 0


async def test_digits_go_to_screens_and_q_comes_back_before_it_quits() -> None:
    async with running_dashboard(snapshot()) as dashboard:
        for key, mode in zip("23456", ("turns", "trends", "llm", "changes", "log"), strict=True):
            await dashboard.press(key)
            assert dashboard.app.current_mode == mode
        await dashboard.press("q")
        assert dashboard.app.current_mode == "live" and dashboard.app.is_running
        await dashboard.press("q")
        assert dashboard.app.return_code == 0


async def test_escape_never_quits_and_control_c_does_at_the_second_time() -> None:
    async with running_dashboard(snapshot()) as dashboard:
        await dashboard.press("escape", "escape")
        assert dashboard.app.return_code is None
        await dashboard.press("ctrl+c")
        assert "press ctrl+c again" in dashboard.text() and dashboard.app.return_code is None
        await dashboard.press("ctrl+c")
        assert dashboard.app.return_code == 0


async def test_help_names_every_command_with_its_keys() -> None:
    async with running_dashboard(snapshot(), size=(120, 120)) as dashboard:
        await dashboard.press("question_mark")
        text = dashboard.text()
        for command in dashboard.app.commands:
            assert command.help in text
        assert "not here: not connected to a running Timmy" in text
        assert "request to last token; never time to first token" in text
        await dashboard.press("q")
        assert "stages, in the order" not in dashboard.text()


async def test_long_help_scrolls() -> None:
    async with running_dashboard(snapshot()) as dashboard:
        await dashboard.press("question_mark")
        assert "How long did I wait" in dashboard.text()
        await dashboard.press("end", "pagedown")
        assert (
            "a narrow pane drops of the stage rows" in dashboard.text()
            and "How long did I wait" not in dashboard.text()
        )
        await dashboard.press("home")
        assert "How long did I wait" in dashboard.text()


async def test_the_palette_runs_a_command() -> None:
    async with running_dashboard(snapshot()) as dashboard:
        await dashboard.press("colon")
        for letter in "trends":
            await dashboard.pilot.press(letter)
        await dashboard.until(lambda: "Stages over time" in dashboard.text())
        await dashboard.press("enter")
        await dashboard.until(lambda: dashboard.app.current_mode == "trends")


async def test_a_panel_that_cannot_be_drawn_is_a_health_line_and_the_rest_lives(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(view: View, width: int) -> tuple[()]:
        raise KeyError("a panel with a mistake")

    async with running_dashboard(snapshot()) as dashboard:
        with monkeypatch.context() as patch:
            patch.setattr(said, "verdict_line", broken)
            await dashboard.publish(snapshot())
            assert "KeyError while drawing live" in dashboard.text()
        await dashboard.publish(snapshot())
        assert "✗ screen: KeyError while drawing live" in dashboard.text() and "V2V ≥3.14s" in dashboard.text()


async def test_work_that_fails_says_so() -> None:
    async def fail() -> None:
        raise RuntimeError("the disk is on fire")

    async with running_dashboard(snapshot()) as dashboard:
        dashboard.app.run_worker(fail(), name="export", exit_on_error=False)
        await dashboard.until(lambda: "export: RuntimeError: the disk is on fire" in dashboard.text())


async def test_the_fast_clock_renews_the_view_only_while_a_turn_is_in_flight(monkeypatch: pytest.MonkeyPatch) -> None:
    renewed = 0
    refresh_view = TimmyApp.refresh_view

    def count(app: TimmyApp) -> None:
        nonlocal renewed
        renewed += 1
        refresh_view(app)

    async def renewals_at_rest() -> int:
        await dashboard.pilot.pause(0.02)  # a tick that was on its way is over
        before = renewed
        await dashboard.pilot.pause(0.1)  # a hundred ticks
        return renewed - before

    monkeypatch.setattr(TimmyApp, "refresh_view", count)
    monkeypatch.setattr(app_module, "IDLE_S", 3600.0)
    monkeypatch.setattr(app_module, "BUSY_S", 0.001)
    async with running_dashboard(snapshot()) as dashboard:
        assert await renewals_at_rest() == 0
        await dashboard.publish(snapshot(open_turn=open_turn()))
        published = renewed
        await dashboard.until(lambda: renewed >= published + 3)
        await dashboard.publish(snapshot())
        assert await renewals_at_rest() == 0


async def test_the_source_is_stopped_at_the_end() -> None:
    async with running_dashboard(snapshot()) as dashboard:
        source = dashboard.source
    assert source.stopped


async def test_marks_and_findings_are_handed_to_the_source_and_taken_back_by_the_same_key() -> None:
    async with running_dashboard(snapshot(judgement=judgement(30, finding()))) as dashboard:
        await dashboard.press("g")
        await dashboard.until(lambda: MarkTurn(30, None) in dashboard.source.requests)
        await dashboard.press("x")
        await dashboard.until(lambda: MarkTurn(30, "bad") in dashboard.source.requests)
        await dashboard.press("a")
        await dashboard.until(lambda: AnswerFinding("llm:20", "accept") in dashboard.source.requests)
        await dashboard.press("i", "s")
        await dashboard.until(lambda: AnswerFinding("llm:20", "mute") in dashboard.source.requests)


async def test_without_turns_or_findings_the_keys_say_so() -> None:
    async with running_dashboard(snapshot(0)) as dashboard:
        await dashboard.press("g")
        assert "there is no turn to mark yet" in dashboard.text()
        await dashboard.press("a")
        assert "there is no finding" in dashboard.text() and dashboard.source.requests == []


async def test_what_the_dashboard_said_is_kept() -> None:
    async with running_dashboard(snapshot()) as dashboard:
        dashboard.app.say("first word")
        dashboard.app.say("second word")
        await dashboard.press("e")
        rows = "\n".join(dashboard.rows())
        assert rows.index("second word") < rows.index("first word")


async def test_the_model_is_loaded_only_after_a_second_key() -> None:
    async with running_dashboard(snapshot(), llm=FakeLlm()) as dashboard:
        await dashboard.press("w")
        await dashboard.until(lambda: "go ahead" in dashboard.text())
        assert "Nothing is generated" in dashboard.text()
        await dashboard.press("w", "escape")
        assert "loaded in" not in dashboard.text()
        await dashboard.press("w", "y")
        await dashboard.until(lambda: "loaded in 2.1s" in dashboard.text())


async def test_the_probe_says_what_it_costs_and_its_answers_are_kept() -> None:
    async with running_dashboard(snapshot(), llm=FakeLlm()) as dashboard:
        await dashboard.press("p")
        assert "go ahead" not in dashboard.text()
        await dashboard.press("4", "p")
        await dashboard.until(lambda: "cold one" in dashboard.text())
        await dashboard.press("y")
        await dashboard.until(lambda: any("the cache works" in notice.text for notice in dashboard.app.events))


async def test_figures_are_written_without_what_was_said(tmp_path: Path) -> None:
    async with running_dashboard(snapshot()) as dashboard:
        await dashboard.press("F")
        await dashboard.until(lambda: "written:" in dashboard.text())
    files = list((tmp_path / "state" / "timmy_tui" / "screens").iterdir())
    assert len(files) == 1 and files[0].stat().st_mode & 0o777 == 0o600
    text = files[0].read_text()
    assert "V2V ≥3.14s" in text and "weather" not in text


async def test_absent_backends_are_named_instead_of_failing() -> None:
    async with running_dashboard(snapshot()) as dashboard:
        for key in ("t", "r", "asterisk", "u"):
            await dashboard.press(key)
            assert "not connected to a running Timmy" in dashboard.text()
        await dashboard.press("w")
        assert "not connected to Ollama" in dashboard.text()


async def test_a_snapshot_with_a_troubled_everything_is_shown_on_every_screen() -> None:
    state = replace(control_state(), read_only="another dashboard holds the lock (pid 7)")
    async with running_dashboard(troubled(), size=(120, 30), control=FakeControl(state)) as dashboard:
        for key, word in zip("23456", ("31 turns", "LLM", "Ollama 0.12.11", "another dashboard", "log ·"), strict=True):
            await dashboard.press(key)
            assert word in dashboard.text()


async def test_bell_and_summary_go_by_the_clock_of_what_has_arrived(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks: list[float] = []
    monkeypatch.setattr(Bell, "should_ring", lambda _bell, _snapshot, tick: ticks.append(tick))
    monkeypatch.setattr(SessionRecord, "see", lambda _record, _snapshot, tick: ticks.append(tick))
    # A machine that has slept for eleven days: the clock without sleep is so far behind.
    monkeypatch.setattr(app_module, "elapsed", lambda: time.monotonic() + 1e6)
    async with running_dashboard(snapshot()) as dashboard:
        await dashboard.publish(snapshot(31))
    assert ticks and all(tick >= 1e6 for tick in ticks)
