"""The whole change on a real Flask-SocketIO service: by its reloader, by the panel, dying, hanging."""

import http.client
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.control.services import FakePanel, RealV34, until
from timmy_tui.control.controller import Controller
from timmy_tui.control.service.listeners import who_serves
from timmy_tui.core.settings import Control, Services, Settings
from timmy_tui.model.change import ChangeState

QUICK = Settings(control=Control(rollback_countdown_s=0.2, healthy_limit_s=25.0))


@contextmanager
def room_of(v34: RealV34, state: Path, settings: Settings = QUICK) -> Iterator[tuple[Controller, list[str]]]:
    said: list[str] = []
    room = Controller(settings, v34.root, state, tell=lambda word, role: said.append(word))
    room.open(watch=False)
    try:
        yield room, said
    finally:
        room.close()


def state_of(room: Controller) -> ChangeState:
    shown = room.progress
    assert shown is not None
    return shown.state


def flip(room: Controller) -> None:
    plan = room.plan("flip", {"key": "tail-mode", "value": "on"})
    assert plan.refusal == ""
    room.start(plan)


def running_value(v34: RealV34) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", v34.port, timeout=10)
    try:
        connection.request("GET", "/api/kv_stats")
        return bool(json.loads(connection.getresponse().read())["value"])
    finally:
        connection.close()


def test_flip_and_undo_by_the_reloader(tmp_path: Path) -> None:
    with RealV34(tmp_path / "timmy") as v34, room_of(v34, tmp_path / "state") as (room, _):
        before = (v34.config.read_bytes(), v34.app.read_bytes())
        assert running_value(v34) is True
        flip(room)
        until(lambda: state_of(room) is ChangeState.VERIFYING)
        assert running_value(v34) is False
        (one,) = who_serves(v34.port).listeners
        assert room.progress is not None and room.progress.pid == one.pid
        room.start(room.plan("undo", {}))
        until(lambda: room.idle)
        assert state_of(room) is ChangeState.ROLLED_BACK
        assert (v34.config.read_bytes(), v34.app.read_bytes()) == before
        assert running_value(v34) is True


def test_by_the_panel(tmp_path: Path) -> None:
    with RealV34(tmp_path / "timmy") as v34:
        panel = FakePanel(v34)
        settings = replace(QUICK, control=replace(QUICK.control, strategy="panel"), services=Services(panel=panel.url))
        # the reloader would be quicker than the panel: this one has none
        v34.kill()
        v34.app.write_text(v34.app.read_text().replace("debug=True", "debug=True, use_reloader=False"))
        v34.start()
        until(lambda: who_serves(v34.port).listeners)
        try:
            with room_of(v34, tmp_path / "state", settings) as (room, _):
                flip(room)
                until(lambda: state_of(room) is ChangeState.VERIFYING)
                assert running_value(v34) is False
                assert ("POST", "/api/stop/v34") in panel.asked and ("POST", "/api/start/v34") in panel.asked
        finally:
            panel.close()


def test_a_panel_that_fails_leaves_the_choice_to_the_user(tmp_path: Path) -> None:
    with RealV34(tmp_path / "timmy") as v34:
        panel = FakePanel(v34)
        panel.answers["/api/stop/v34"] = (200, b'{"success": false, "error": "no pkill here"}', 0.0)
        settings = replace(QUICK, control=replace(QUICK.control, strategy="panel"), services=Services(panel=panel.url))
        v34.kill()
        v34.app.write_text(v34.app.read_text().replace("debug=True", "debug=True, use_reloader=False"))
        v34.start()
        until(lambda: who_serves(v34.port).listeners)
        try:
            with room_of(v34, tmp_path / "state", settings) as (room, _):
                flip(room)
                until(lambda: state_of(room) is ChangeState.NEEDS_ATTENTION)
                assert not room.idle
                shown = room.progress
                assert shown is not None and "no pkill here" in shown.message and shown.choices == ("keep", "undo")
                assert "USE_FULL_MEGA_PROMPT = False" in v34.config.read_text()
                room.answer("keep")
                until(lambda: room.idle)
                assert state_of(room) is ChangeState.KEPT
        finally:
            panel.close()


def test_by_hand(tmp_path: Path) -> None:
    settings = replace(QUICK, control=replace(QUICK.control, strategy="manual"))
    v34 = RealV34(tmp_path / "timmy")
    v34.app.write_text(v34.app.read_text().replace("debug=True", "debug=True, use_reloader=False"))
    with v34, room_of(v34, tmp_path / "state", settings) as (room, _):
        flip(room)
        until(lambda: state_of(room) is ChangeState.RESTARTING)
        assert room.progress is not None and room.progress.limit is None
        until(lambda: "python app.py --debug" in room.progress.message)  # type: ignore[union-attr]
        v34.kill()
        until(lambda: state_of(room) is ChangeState.WAITING)
        v34.start()
        until(lambda: state_of(room) is ChangeState.VERIFYING)
        assert running_value(v34) is False


def test_a_service_that_dies_of_the_restart_is_named_with_its_last_words(tmp_path: Path) -> None:
    with RealV34(tmp_path / "timmy") as v34, room_of(v34, tmp_path / "state") as (room, said):
        info = v34.config.stat()
        v34.config.write_text(v34.config.read_text().replace("MAX_TOKENS", "MAX_TOKEN"))
        os.utime(v34.config, ns=(info.st_atime_ns, info.st_mtime_ns))
        broken = v34.config.read_bytes()

        from timmy_tui.model.snapshot import Snapshot

        def log() -> tuple[tuple[str, str], ...]:
            return tuple(("v34.log", line) for line in v34.log.read_text(errors="replace").splitlines())

        def ended() -> bool:
            room.see(Snapshot(log_tail=log()))
            return room.idle

        flip(room)
        until(ended)
        assert state_of(room) is ChangeState.NEEDS_ATTENTION
        assert any("AttributeError: module 'config' has no attribute 'MAX_TOKENS'" in word for word in said)
        assert v34.config.read_bytes() == broken and "raw=True" in v34.app.read_text()


def test_a_service_that_hangs_is_told_from_one_that_is_healthy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("timmy_tui.control.service.health_wait.HUNG_S", 0.5)
    monkeypatch.setattr("timmy_tui.control.service.health_wait.ASK_LIMIT_S", 0.5)
    settings = replace(QUICK, control=replace(QUICK.control, rollback_countdown_s=600.0, healthy_limit_s=8.0))
    v34 = RealV34(tmp_path / "timmy")
    stuck = "def kv_stats():\n    while not config.USE_FULL_MEGA_PROMPT:\n        time.sleep(1)\n"
    v34.app.write_text(v34.app.read_text().replace("def kv_stats():\n", stuck))
    with v34, room_of(v34, tmp_path / "state", settings) as (room, _):
        flip(room)
        until(lambda: room.progress is not None and "hung" in room.progress.message)
        assert state_of(room) is ChangeState.WAITING
        until(lambda: room.progress is not None and room.progress.countdown is not None)
        assert room.progress is not None and "hung" in room.progress.message
        room.answer("stop waiting")
        until(lambda: state_of(room) is ChangeState.NEEDS_ATTENTION)
        room.answer("undo")
        until(lambda: room.idle)
        assert state_of(room) is ChangeState.ROLLED_BACK and running_value(v34) is True
