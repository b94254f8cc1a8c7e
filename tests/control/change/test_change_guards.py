"""What is looked at before a file is touched, with real processes: then nothing was done, and it says why."""

import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.control.harness import Harness
from tests.control.silent import QUICK, in_flight, silence
from timmy_tui.control.service.listeners import starting, who_serves
from timmy_tui.demo.start import start_v34
from timmy_tui.model.change import ChangeState


def test_two_services_on_the_port_are_left_alone(silent: Harness) -> None:
    second = start_v34(silent.root, {"TIMMY_DEMO_IMPORT_S": "0"})
    try:
        silent.until(lambda: len(who_serves(silent.port).listeners) == 2)
        plan = silent.room.plan("flip", {"key": "tail-mode", "value": "on"})
        pids = [str(one.pid) for one in who_serves(silent.port).listeners]
        assert all(pid in plan.refusal for pid in pids)
    finally:
        os.killpg(second.pid, 9)
        second.wait()


def test_a_service_of_another_copy_is_left_alone(silent: Harness, tmp_path: Path) -> None:
    other = tmp_path / "other"
    (other / "v34").mkdir(parents=True)
    for name in ("config.py", "app.py", "llm.py"):
        (other / "v34" / name).write_bytes((silent.root / "v34" / name).read_bytes())
    from timmy_tui.control.controller import Controller

    room = Controller(QUICK, other, tmp_path / "elsewhere")
    plan = room.plan("flip", {"key": "tail-mode", "value": "on"})
    assert "another copy" in plan.refusal and str(silent.root) in plan.refusal


def test_without_a_service_only_the_file_changes(tmp_path: Path) -> None:
    with silence(tmp_path, QUICK) as held:
        held.demo.processes[0].kill()
        os.killpg(held.demo.processes[0].pid, 9)
        held.until(lambda: not who_serves(held.port).listeners)
        plan = held.start("flip", key="tail-mode", value="on")
        assert any("not running" in line for line in plan.preview)
        held.until_state(ChangeState.VERIFYING)
        assert "USE_FULL_MEGA_PROMPT = False" in held.config.read_text()
        assert held.room.progress is not None and "not running" in held.room.progress.message


def test_a_turn_in_flight_is_waited_for(silent: Harness) -> None:
    before = silent.config.read_bytes()
    silent.room.see(in_flight("llm"))
    plan = silent.start("flip", key="tail-mode", value="on")
    assert "waits until it is over" in plan.preview[-1]
    silent.until(lambda: "go now" in silent.room.progress.choices)  # type: ignore[union-attr]
    assert silent.config.read_bytes() == before
    silent.room.see(in_flight("playback"))
    silent.until_state(ChangeState.VERIFYING)
    assert silent.room.progress is not None and "resume listening" not in silent.room.progress.choices


def test_waiting_for_a_turn_can_be_left_with_nothing_done(silent: Harness) -> None:
    before = silent.config.read_bytes()
    silent.room.see(in_flight("llm"))
    silent.start("flip", key="tail-mode", value="on")
    silent.until(lambda: "go now" in silent.room.progress.choices)  # type: ignore[union-attr]
    silent.room.answer("stop waiting")
    assert silent.until_over() is ChangeState.IDLE
    assert silent.config.read_bytes() == before
    assert not list((silent.root.parent / "state").glob("control-*/journal.jsonl"))


class Stt(BaseHTTPRequestHandler):
    """Remembers what it was asked."""

    asked: list[str] = []

    def do_POST(self) -> None:
        Stt.asked.append(self.path)
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b'{"status": "ok"}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


def test_a_cut_turn_offers_to_let_stt_listen_again(tmp_path: Path) -> None:
    server = HTTPServer(("127.0.0.1", 0), Stt)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    services = replace(QUICK.services, stt=f"http://127.0.0.1:{server.server_address[1]}")
    try:
        with silence(tmp_path, replace(QUICK, services=services)) as held:
            held.room.see(in_flight("llm"))
            held.start("flip", key="tail-mode", value="on")
            held.until(lambda: "go now" in held.room.progress.choices)  # type: ignore[union-attr]
            held.room.answer("go now")
            held.until_state(ChangeState.VERIFYING)
            assert "resume listening" in held.room.progress.choices  # type: ignore[union-attr]
            assert held.room.answer("resume listening") == "STT listens again"
            assert Stt.asked == ["/resume-listening"]
            assert "resume listening" not in held.room.progress.choices  # type: ignore[union-attr]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_file_that_was_edited_after_the_preview_is_left_alone(silent: Harness) -> None:
    plan = silent.room.plan("flip", {"key": "tail-mode", "value": "on"})
    edited = silent.config.read_bytes() + b"# mine\n"
    silent.config.write_bytes(edited)
    app = silent.app.read_bytes()
    silent.room.start(plan)
    assert silent.until_over() is ChangeState.IDLE
    assert silent.config.read_bytes() == edited and silent.app.read_bytes() == app
    assert silent.stages()[-1][1] == "refused"
    assert any("no longer what was shown" in word or "changed" in word for word in silent.said)


def test_a_v34_that_does_not_come_up_is_not_waited_for_for_ever(
    silent: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limit of a guard is 5 s; the file is not touched, for it would be missed."""
    monkeypatch.setattr("timmy_tui.control.service.v34_service.STARTUP_S", 0.3)
    before = silent.config.read_bytes()
    for process in silent.demo.processes:
        os.killpg(process.pid, 9)
    silent.until(lambda: not who_serves(silent.port).listeners)
    (silent.root / "stuck").mkdir()
    stuck = silent.root / "stuck/app.py"
    stuck.write_text("input()\n")
    hangs = subprocess.Popen([sys.executable, str(stuck)], cwd=silent.config.parent, stdin=subprocess.PIPE)
    try:
        silent.until(lambda: starting(silent.config.parent))
        silent.start("flip", key="tail-mode", value="on")
        assert silent.until_over() is ChangeState.IDLE
        assert f"pid {hangs.pid}" in silent.said[-1] and "would miss the edit" in silent.said[-1]
        assert silent.config.read_bytes() == before
    finally:
        hangs.communicate(b"\n")
