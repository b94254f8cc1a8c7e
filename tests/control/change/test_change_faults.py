"""What may go wrong once the file is written, with real processes: nothing is lost, and what is shown is true."""

import json
import os
import time
from pathlib import Path

import psutil

from tests.control.dashboard import start_dashboard
from tests.control.harness import QUICK, ControlHarness, controller_on_demo, with_control
from tests.control.timmy_files import edit_unnoticed
from tests.turn_makers import logged_turn
from timmy_tui.control.progress import LiveState, Progress
from timmy_tui.control.service.listeners import starting
from timmy_tui.control.service.restart_strategies import Reload
from timmy_tui.control.service.setup import ServiceSetup
from timmy_tui.control.service.v34_service import V34Service
from timmy_tui.control.service.watch import V34Watch
from timmy_tui.model.change import ChangeState
from timmy_tui.model.user_requests import Flip, Undo

# -- evidence


def test_no_turn_one_turn_and_a_contradiction_are_shown_and_never_undone_unasked(demo_harness: ControlHarness) -> None:
    demo_harness.flip("tail-mode", "on")
    assert demo_harness.progress.evidence == (0, 2)
    first = logged_turn(5, 3, tail_mode=False)
    demo_harness.see(first)
    demo_harness.until_message("the first turn of a session proves nothing for tail mode")
    assert demo_harness.progress.evidence == (0, 2) and not demo_harness.progress.asks
    demo_harness.see(first, logged_turn(6, 3))
    demo_harness.until(lambda: demo_harness.progress.evidence == (1, 2))
    contradicting = logged_turn(6, 3, tail_mode=False)
    demo_harness.see(first, contradicting)
    demo_harness.until_message("another value of tail mode")
    assert demo_harness.progress.asks
    assert demo_harness.state is ChangeState.VERIFYING
    assert demo_harness.progress.choices == ("keep", "undo")
    assert "USE_FULL_MEGA_PROMPT = False" in demo_harness.config.read_text()
    demo_harness.see(first)
    demo_harness.until(lambda: "another value" not in demo_harness.progress.message)
    assert demo_harness.answer("keep") is ChangeState.KEPT
    assert demo_harness.stages()[-1][1] == "kept"
    assert "kept, not verified" in demo_harness.messages[-1]


def test_turns_of_the_old_session_prove_nothing(demo_harness: ControlHarness) -> None:
    old = (logged_turn(1, 0), logged_turn(2, 0))
    demo_harness.see(*old)
    demo_harness.flip("tail-mode", "on")
    demo_harness.see(*old, logged_turn(3, 0), logged_turn(4, 0))
    assert demo_harness.progress.evidence == (0, 2)
    demo_harness.see(*old, logged_turn(5, 1, tail_mode=False), logged_turn(6, 1))
    demo_harness.until(lambda: demo_harness.progress.evidence == (1, 2))
    demo_harness.see(*old, logged_turn(5, 1, tail_mode=False), logged_turn(6, 1), logged_turn(7, 1))
    assert demo_harness.until_over() is ChangeState.KEPT


# -- the service


def test_an_undo_during_the_start_up_waits_until_it_is_noticed(tmp_path: Path) -> None:
    with controller_on_demo(tmp_path, talk=False, import_s=1.5) as harness:
        before = harness.contents()
        harness.flip("tail-mode", "on", until=ChangeState.WAITING)
        assert "undo" in harness.progress.choices
        assert harness.answer("undo") is ChangeState.ROLLED_BACK
        assert harness.contents() == before
        written = harness.config.stat().st_mtime
        assert psutil.Process(harness.listener.pid).create_time() >= written - 1.0
        stages = [stage for _, stage in harness.stages()]
        assert stages.count("rolled back") == 2


def test_a_service_that_was_starting_when_the_files_were_written_is_started_once_more(tmp_path: Path) -> None:
    """It began to import before the edit and looks at the file only afterwards: it would never see it."""
    with controller_on_demo(tmp_path, talk=False, import_s=1.5) as harness:
        gone = harness.serving()
        harness.config.touch()
        harness.until(lambda: not harness.serving().listeners)
        harness.until(lambda: len(starting(harness.config.parent)) == 2)
        service = service_of(harness)
        since = time.clock_gettime(time.CLOCK_BOOTTIME)
        assert all(began < since for _, began in starting(harness.config.parent))
        one = service.restart(gone, (harness.config,), since)
        assert one is not None and one.started > since


def service_of(harness: ControlHarness) -> V34Service:
    """The service as a change sees it, with nobody talking."""
    reload = Reload(harness.config, 3.0)
    folder = harness.config.parent
    watch = V34Watch(harness.url, folder, harness.folder)
    setup = ServiceSetup(reload, harness.url, folder, harness.config, QUICK.control, LiveState, watch)
    return V34Service(setup, Progress("op", "a change"))


def test_a_change_asked_for_while_v34_starts_waits_for_it(tmp_path: Path) -> None:
    with controller_on_demo(tmp_path, talk=False, import_s=1.0) as harness:
        harness.config.touch()
        harness.until(lambda: not harness.serving().listeners)
        harness.start(Flip((("tail-mode", "on"),)))
        harness.until_state(ChangeState.VERIFYING)
        assert "USE_FULL_MEGA_PROMPT = False" in harness.config.read_text()
        assert harness.listener.pid == harness.progress.pid


def test_a_change_that_ends_the_service_is_rolled_back_after_a_countdown(demo_harness: ControlHarness) -> None:
    """The user's own slip, a name that v34 needs, becomes deadly with the restart; the flip is taken back even so."""
    broken = edit_unnoticed(demo_harness.config, b"MAX_TOKENS", b"MAX_TOKEN")
    demo_harness.start(Flip((("tail-mode", "on"),)))
    demo_harness.until(lambda: demo_harness.controller.idle or demo_harness.progress.countdown is not None)
    assert not demo_harness.controller.idle
    assert "exited" in demo_harness.progress.message
    assert demo_harness.until_over() is ChangeState.NEEDS_ATTENTION
    assert demo_harness.config.read_bytes() == broken
    assert "raw=True" in demo_harness.app.read_text()
    assert "python app.py --debug" in demo_harness.progress.message
    ended = dict(demo_harness.stages())
    assert sorted(ended.values()) == ["needs attention", "rolled back"]


def test_a_v34_that_dies_while_turns_are_waited_for_is_said_and_nothing_is_undone_unasked(
    demo_harness: ControlHarness,
) -> None:
    before = demo_harness.contents()
    demo_harness.flip("tail-mode", "on")
    demo_harness.service.kill()
    demo_harness.until_message("v34 has exited since: keep or undo?")
    assert (
        demo_harness.state is ChangeState.VERIFYING
        and "USE_FULL_MEGA_PROMPT = False" in demo_harness.config.read_text()
    )
    assert demo_harness.answer("undo") is ChangeState.NEEDS_ATTENTION
    assert demo_harness.contents() == before and "start it again: cd" in demo_harness.progress.message


def test_the_countdown_is_stopped_by_the_user(tmp_path: Path) -> None:
    settings = with_control(rollback_countdown_s=600.0)
    with controller_on_demo(tmp_path, settings, talk=False) as harness:
        edit_unnoticed(harness.config, b"MAX_TOKENS", b"MAX_TOKEN")
        harness.start(Flip((("tail-mode", "on"),)))
        harness.until(lambda: harness.progress.countdown is not None)
        harness.controller.answer("stop waiting")
        harness.until_state(ChangeState.NEEDS_ATTENTION)
        assert harness.progress.choices == ("keep", "undo")
        assert "USE_FULL_MEGA_PROMPT = False" in harness.config.read_text()
        assert harness.answer("keep") is ChangeState.KEPT


# -- undo


def test_an_undo_after_a_later_edit_puts_back_the_one_literal(demo_harness: ControlHarness) -> None:
    demo_harness.flip("tail-mode", "on")
    demo_harness.answer("keep")
    demo_harness.config.write_bytes(demo_harness.config.read_bytes() + b"# mine\n")
    plan = demo_harness.start(Undo())
    assert any("Only this is put back" in line for line in plan.preview)
    assert demo_harness.until_over() is ChangeState.ROLLED_BACK
    text = demo_harness.config.read_text()
    assert "USE_FULL_MEGA_PROMPT = True" in text and text.endswith("# mine\n")


def test_a_rollback_of_a_file_that_was_changed_since_overwrites_nothing(demo_harness: ControlHarness) -> None:
    demo_harness.flip("tail-mode", "on")
    mine = demo_harness.config.read_bytes() + b"# mine\n"
    demo_harness.config.write_bytes(mine)
    app = demo_harness.app.read_bytes()
    assert demo_harness.answer("undo") is ChangeState.NEEDS_ATTENTION
    assert demo_harness.config.read_bytes() == mine and demo_harness.app.read_bytes() == app
    message = demo_harness.progress.message
    assert "was changed since" in message and "diff " in message
    backup = message.split("diff ")[1].split(" ")[0]
    assert b"USE_FULL_MEGA_PROMPT = True" in Path(backup).read_bytes()


# -- two dashboards


def test_a_second_dashboard_only_looks_and_names_the_first(demo_harness: ControlHarness) -> None:
    second = start_dashboard("look", demo_harness.root, demo_harness.state_folder)
    printed, _ = second.communicate(timeout=50)
    answers = json.loads(printed)
    assert f"pid {os.getpid()}" in answers["read_only"] and f"pid {os.getpid()}" in answers["refusal"]
