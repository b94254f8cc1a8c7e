"""Rollback by each way of restarting when v34 is dead, and what may be said to a change that only goes back."""

import os
import signal
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.control.change.test_change_real import flip, room_of, running_value, state_of
from tests.control.services import FakePanel, RealV34, until
from timmy_tui.control.service.listeners import who_serves
from timmy_tui.control.service.strategies import ByPanel, Command
from timmy_tui.core.settings import Control, Services, Settings
from timmy_tui.model.change import ChangeState

QUICK = Settings(control=Control(rollback_countdown_s=0.2, healthy_limit_s=25.0))


def deadly(v34: RealV34) -> RealV34:
    """It does not survive tail mode, and has no reloader that would be quicker than the way under test."""
    text = v34.app.read_text().replace("debug=True", "debug=True, use_reloader=False")
    text = text.replace(
        "limit = config", "if not config.USE_FULL_MEGA_PROMPT:\n    raise SystemExit(3)\nlimit = config"
    )
    v34.app.write_text(text)
    return v34


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for strategy in (ByPanel, Command):
        monkeypatch.setattr(strategy, "gone_s", 0.5)


def restarting(v34: RealV34, folder: Path) -> tuple[str, ...]:
    """The user's own restart command: end what listens, start another one."""
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


def test_a_dead_v34_is_started_again_by_the_users_command(tmp_path: Path) -> None:
    v34 = deadly(RealV34(tmp_path / "timmy"))
    argv = restarting(v34, tmp_path)
    settings = replace(QUICK, control=replace(QUICK.control, strategy="command", command=argv))
    before = v34.config.read_bytes()
    with v34, room_of(v34, tmp_path / "state", settings) as (room, said):
        (tmp_path / "v34.pid").write_text(str(v34._started[0].pid))
        flip(room)
        until(lambda: room.idle)
        assert state_of(room) is ChangeState.ROLLED_BACK, said
        assert any("v34 has exited" in word for word in said)
        assert v34.config.read_bytes() == before and running_value(v34) is True
        os.killpg(int((tmp_path / "v34.pid").read_text()), signal.SIGKILL)


def test_a_dead_v34_is_started_again_by_the_panel(tmp_path: Path) -> None:
    v34 = deadly(RealV34(tmp_path / "timmy"))
    before = v34.config.read_bytes()
    with v34:
        panel = FakePanel(v34)
        settings = replace(QUICK, control=replace(QUICK.control, strategy="panel"), services=Services(panel=panel.url))
        try:
            with room_of(v34, tmp_path / "state", settings) as (room, said):
                flip(room)
                until(lambda: room.idle)
                assert state_of(room) is ChangeState.ROLLED_BACK, said
                assert v34.config.read_bytes() == before and running_value(v34) is True
        finally:
            panel.close()


def test_by_hand_a_dead_v34_is_left_to_the_user_with_the_command(tmp_path: Path) -> None:
    settings = replace(QUICK, control=replace(QUICK.control, strategy="manual"))
    v34 = deadly(RealV34(tmp_path / "timmy"))
    before = v34.config.read_bytes()
    with v34, room_of(v34, tmp_path / "state", settings) as (room, _):
        flip(room)
        until(lambda: state_of(room) is ChangeState.RESTARTING)
        v34.kill()
        until(lambda: state_of(room) is ChangeState.WAITING)
        room.answer("undo")
        until(lambda: room.idle)
        shown = room.progress
        assert shown is not None and shown.state is ChangeState.NEEDS_ATTENTION
        assert f"start it: cd {v34.folder} && python app.py --debug" in shown.message
        assert v34.config.read_bytes() == before


def test_a_panel_whose_start_fails_leaves_a_dead_v34_that_is_called_dead(tmp_path: Path) -> None:
    """Stopped, and not started: nothing "runs with what it read before"."""
    v34 = deadly(RealV34(tmp_path / "timmy"))
    with v34:
        panel = FakePanel(v34)
        panel.answers["/api/start/v34"] = (200, b'{"success": false, "error": "no wsl here"}', 0.0)
        settings = replace(QUICK, control=replace(QUICK.control, strategy="panel"), services=Services(panel=panel.url))
        try:
            with room_of(v34, tmp_path / "state", settings) as (room, _):
                flip(room)
                until(lambda: state_of(room) is ChangeState.NEEDS_ATTENTION)
                shown = room.progress
                assert shown is not None and "no wsl here" in shown.message and "v34 is not running" in shown.message
                assert "read before" not in shown.message and "python app.py --debug" in shown.message
                panel.answers.clear()
                room.answer("undo")
                until(lambda: room.idle)
                assert state_of(room) is ChangeState.ROLLED_BACK and running_value(v34) is True
        finally:
            panel.close()


def test_an_undo_and_a_restart_cannot_be_undone_on_their_way(tmp_path: Path) -> None:
    """Taking an undo back would put the change into the file again, with the journal saying that it is undone."""
    with RealV34(tmp_path / "timmy", import_s=0.7) as v34, room_of(v34, tmp_path / "state") as (room, _):
        before = v34.config.read_bytes()
        flip(room)
        until(lambda: state_of(room) is ChangeState.VERIFYING)
        room.answer("keep")
        until(lambda: room.idle)
        room.start(room.plan("undo", {}))
        until(lambda: state_of(room) is ChangeState.WAITING)
        assert room.progress is not None and room.progress.choices == ("stop waiting",)
        assert "cannot be taken back" in room.plan("undo", {}).refusal
        until(lambda: room.idle)
        assert state_of(room) is ChangeState.ROLLED_BACK and v34.config.read_bytes() == before
        room.start(room.plan("restart", {}))
        until(lambda: state_of(room) is ChangeState.WAITING)
        assert room.progress.choices == ("stop waiting",)
        room.answer("stop waiting")
        until(lambda: room.idle)
        assert state_of(room) is ChangeState.NEEDS_ATTENTION


def test_a_rollback_does_not_restart_what_another_copy_serves(tmp_path: Path) -> None:
    """The panel's stop would end it, and everything else that is called app.py."""
    v34 = deadly(RealV34(tmp_path / "timmy"))
    other = RealV34(tmp_path / "other", port=v34.port)
    before = v34.config.read_bytes()
    with v34:
        panel = FakePanel(v34)
        settings = replace(
            QUICK,
            control=replace(QUICK.control, strategy="panel", rollback_countdown_s=600.0),
            services=Services(panel=panel.url),
        )
        try:
            with room_of(v34, tmp_path / "state", settings) as (room, _):
                flip(room)
                until(lambda: room.progress is not None and room.progress.countdown is not None)
                other.start()
                until(lambda: who_serves(v34.port).listeners)
                asked = len(panel.asked)
                room.answer("stop waiting")
                until(lambda: state_of(room) is ChangeState.NEEDS_ATTENTION)
                room.answer("undo")
                until(lambda: room.idle)
                shown = room.progress
                assert shown is not None and "uses another copy" in shown.message
                assert v34.config.read_bytes() == before and len(panel.asked) == asked
        finally:
            other.kill()
            panel.close()


def test_a_restart_command_goes_on_when_the_dashboard_is_closed(tmp_path: Path) -> None:
    """Ended in its middle it would leave v34 dead."""
    v34 = RealV34(tmp_path / "timmy")
    done = tmp_path / "done"
    go = tmp_path / "go"
    script = tmp_path / "slow.py"
    script.write_text(
        "import pathlib, time\n"
        f"pathlib.Path({str(done)!r} + '.begun').write_text('')\n"
        f"while not pathlib.Path({str(go)!r}).exists():\n    time.sleep(0.02)\n"
        f"pathlib.Path({str(done)!r}).write_text('')\n"
    )
    settings = replace(QUICK, control=replace(QUICK.control, strategy="command", command=(sys.executable, str(script))))
    with v34, room_of(v34, tmp_path / "state", settings) as (room, _):
        flip(room)
        until(lambda: Path(f"{done}.begun").exists())
        room.close()
        go.write_text("")
        until(done.exists)
        until(lambda: room.idle)
        assert state_of(room) is not ChangeState.KEPT and room.left_open(room.progress.op if room.progress else "")
