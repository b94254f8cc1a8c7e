"""Rollback by each way of restarting when v34 is dead, and what may be said to a change that only goes back."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.control.harness import QUICK, controller_on, with_control
from tests.control.services import FakePanel, RealV34
from tests.waiting import wait_for
from timmy_tui.control.service.listeners import who_serves
from timmy_tui.control.service.restart_strategies import ByPanel, Command
from timmy_tui.core.settings import Services
from timmy_tui.model.change import ChangeState
from timmy_tui.model.user_requests import Flip, Restart, Undo


@pytest.fixture
def deadly(tmp_path: Path) -> Iterator[RealV34]:
    """It does not survive tail mode, and has no reloader that would be quicker than the way under test; started."""
    v34 = RealV34(tmp_path / "timmy")
    v34.drop_reloader()
    v34.edit_app("limit = config", "if not config.USE_FULL_MEGA_PROMPT:\n    raise SystemExit(3)\nlimit = config")
    with v34:
        yield v34


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for strategy in (ByPanel, Command):
        monkeypatch.setattr(strategy, "gone_s", 0.5)


def restart_command(v34: RealV34, folder: Path) -> tuple[str, ...]:
    """The user's own: end what listens, start another one."""
    path = folder / "restart.py"
    path.write_text(
        "import os, pathlib, signal, subprocess, sys\n"
        f"pid = pathlib.Path({str(folder / 'v34.pid')!r})\n"
        "try:\n    os.killpg(int(pid.read_text()), signal.SIGKILL)\nexcept (OSError, ValueError):\n    pass\n"
        f"log = open({str(v34.log)!r}, 'ab')\n"
        f"new = subprocess.Popen([{sys.executable!r}, 'app.py', '--debug'], cwd={str(v34.folder)!r}, stdout=log,\n"
        "    stderr=log, stdin=subprocess.DEVNULL, start_new_session=True,\n"
        "    env={**os.environ, 'PYTHONWARNINGS': 'ignore'})\n"
        "pid.write_text(str(new.pid))\n"
    )
    return (sys.executable, str(path))


def test_a_dead_v34_is_started_again_by_the_users_command(deadly: RealV34, state: Path, tmp_path: Path) -> None:
    before = deadly.config.read_bytes()
    pid = tmp_path / "v34.pid"
    pid.write_text(str(deadly.started_pid))
    settings = with_control(strategy="command", command=restart_command(deadly, tmp_path))
    with controller_on(deadly, state, settings) as harness:
        harness.start(Flip((("tail-mode", "on"),)))
        assert harness.until_over() is ChangeState.ROLLED_BACK, harness.messages
        assert any("v34 has exited" in message for message in harness.messages)
        assert deadly.config.read_bytes() == before and deadly.served_value() is True
    os.killpg(int(pid.read_text()), signal.SIGKILL)


def test_a_dead_v34_is_started_again_by_the_panel(deadly: RealV34, state: Path) -> None:
    before = deadly.config.read_bytes()
    with FakePanel(deadly) as panel:
        settings = replace(with_control(strategy="panel"), services=Services(panel=panel.url))
        with controller_on(deadly, state, settings) as harness:
            harness.start(Flip((("tail-mode", "on"),)))
            assert harness.until_over() is ChangeState.ROLLED_BACK, harness.messages
            assert deadly.config.read_bytes() == before and deadly.served_value() is True


def test_by_hand_a_dead_v34_is_left_to_the_user_with_the_command(deadly: RealV34, state: Path) -> None:
    before = deadly.config.read_bytes()
    with controller_on(deadly, state, with_control(strategy="manual")) as harness:
        harness.flip("tail-mode", "on", until=ChangeState.RESTARTING)
        deadly.kill()
        harness.until_state(ChangeState.WAITING)
        assert harness.answer("undo") is ChangeState.NEEDS_ATTENTION
        ran = f"{sys.executable} app.py --debug >> {deadly.log} 2>&1"
        assert f"start it again: cd {deadly.folder} && {ran}" in harness.progress.message
        assert deadly.config.read_bytes() == before


def test_a_panel_whose_start_fails_leaves_a_dead_v34_that_is_called_dead(deadly: RealV34, state: Path) -> None:
    """Stopped, and not started: nothing "runs with what it read before"."""
    with FakePanel(deadly) as panel:
        panel.answers["/api/start/v34"] = (200, b'{"success": false, "error": "no wsl here"}', 0.0)
        settings = replace(with_control(strategy="panel"), services=Services(panel=panel.url))
        with controller_on(deadly, state, settings) as harness:
            harness.flip("tail-mode", "on", until=ChangeState.NEEDS_ATTENTION)
            message = harness.progress.message
            assert "no wsl here" in message and "v34 is not running" in message
            assert "read before" not in message and "python app.py --debug" in message
            panel.answers.clear()
            assert harness.answer("undo") is ChangeState.ROLLED_BACK and deadly.served_value() is True


def test_an_undo_and_a_restart_cannot_be_undone_on_their_way(tmp_path: Path, state: Path) -> None:
    """Taking an undo back would put the change into the file again, with the journal saying that it is undone."""
    with RealV34(tmp_path / "timmy", import_s=0.7) as v34, controller_on(v34, state, QUICK) as harness:
        before = v34.config.read_bytes()
        harness.flip("tail-mode", "on")
        harness.answer("keep")
        harness.start(Undo())
        harness.until_state(ChangeState.WAITING)
        assert harness.progress.choices == ("stop waiting",)
        assert "cannot be taken back" in harness.plan(Undo()).refusal
        assert harness.until_over() is ChangeState.ROLLED_BACK and v34.config.read_bytes() == before
        harness.start(Restart())
        harness.until_state(ChangeState.WAITING)
        assert harness.progress.choices == ("stop waiting",)
        assert harness.answer("stop waiting") is ChangeState.NEEDS_ATTENTION


def test_a_rollback_does_not_restart_what_another_copy_serves(deadly: RealV34, state: Path, tmp_path: Path) -> None:
    """The panel's stop would end it, and everything else that is called app.py."""
    other = RealV34(tmp_path / "other", port=deadly.port)
    before = deadly.config.read_bytes()
    with FakePanel(deadly) as panel:
        settings = with_control(strategy="panel", rollback_countdown_s=600.0)
        settings = replace(settings, services=Services(panel=panel.url))
        try:
            with controller_on(deadly, state, settings) as harness:
                harness.start(Flip((("tail-mode", "on"),)))
                harness.until(lambda: harness.progress.countdown is not None)
                other.start()
                wait_for(lambda: who_serves(deadly.port).listeners)
                requests = len(panel.requests)
                harness.controller.answer("stop waiting")
                harness.until_state(ChangeState.NEEDS_ATTENTION)
                harness.answer("undo")
                assert "uses another copy" in harness.progress.message
                assert deadly.config.read_bytes() == before and len(panel.requests) == requests
        finally:
            other.kill()


def test_a_restart_command_goes_on_when_the_dashboard_is_closed(tmp_path: Path, state: Path) -> None:
    """Ended in its middle it would leave v34 dead."""
    begun, go_on, done = tmp_path / "begun", tmp_path / "go-on", tmp_path / "done"
    script = tmp_path / "slow.py"
    script.write_text(
        "import pathlib, time\n"
        f"pathlib.Path({str(begun)!r}).write_text('')\n"
        f"while not pathlib.Path({str(go_on)!r}).exists():\n    time.sleep(0.02)\n"
        f"pathlib.Path({str(done)!r}).write_text('')\n"
    )
    settings = with_control(strategy="command", command=(sys.executable, str(script)))
    with RealV34(tmp_path / "timmy") as v34, controller_on(v34, state, settings) as harness:
        harness.start(Flip((("tail-mode", "on"),)))
        wait_for(begun.exists)
        harness.controller.close()
        go_on.write_text("")
        wait_for(done.exists)
        assert harness.until_over() is not ChangeState.KEPT
        assert harness.controller.is_open(harness.progress.op)
