"""What is looked at before a file is touched, with real processes: then nothing was done, and it says why."""

import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.control.harness import QUICK, ControlHarness, controller_on_demo
from tests.control.services import Service
from timmy_tui.control.change.context import ChangeContext
from timmy_tui.control.change.plan import ChangePlan
from timmy_tui.control.service.listeners import starting
from timmy_tui.demo.start import start_v34
from timmy_tui.model.change import ChangeState
from timmy_tui.model.snapshot import OpenTurn, Snapshot
from timmy_tui.model.turn import Turn
from timmy_tui.model.user_requests import Flip, Undo


def test_two_services_on_the_port_are_left_alone(demo_harness: ControlHarness) -> None:
    second = start_v34(demo_harness.root, {"TIMMY_DEMO_IMPORT_S": "0"})
    try:
        demo_harness.until(lambda: len(demo_harness.serving().listeners) == 2)
        plan = demo_harness.plan(Flip((("tail-mode", "on"),)))
        pids = [str(one.pid) for one in demo_harness.serving().listeners]
        assert all(pid in plan.refusal for pid in pids)
    finally:
        os.killpg(second.pid, 9)
        second.wait()


def test_a_service_of_another_copy_is_left_alone(demo_harness: ControlHarness, tmp_path: Path) -> None:
    other = tmp_path / "other"
    (other / "v34").mkdir(parents=True)
    for name in ("config.py", "app.py", "llm.py"):
        (other / "v34" / name).write_bytes((demo_harness.root / "v34" / name).read_bytes())
    beside = ControlHarness(Service(other), tmp_path / "elsewhere", QUICK)
    plan = beside.plan(Flip((("tail-mode", "on"),)))
    assert "another copy" in plan.refusal and str(demo_harness.root) in plan.refusal


def test_without_a_service_only_the_file_changes(demo_harness: ControlHarness) -> None:
    demo_harness.service.kill()
    demo_harness.until(lambda: not demo_harness.serving().listeners)
    plan = demo_harness.start(Flip((("tail-mode", "on"),)))
    assert any("not running" in line for line in plan.preview)
    demo_harness.until_state(ChangeState.VERIFYING)
    assert "USE_FULL_MEGA_PROMPT = False" in demo_harness.config.read_text()
    assert "not running" in demo_harness.progress.message


def test_a_turn_in_flight_is_waited_for(demo_harness: ControlHarness) -> None:
    before = demo_harness.contents()
    demo_harness.see(in_phase="llm")
    plan = demo_harness.start(Flip((("tail-mode", "on"),)))
    assert "waits until it is over" in plan.preview[-1]
    demo_harness.until_choice("go now")
    assert demo_harness.contents() == before
    demo_harness.see(in_phase="playback")
    demo_harness.until_state(ChangeState.VERIFYING)
    assert "resume listening" not in demo_harness.progress.choices


def test_a_dead_v34_delays_nothing_whatever_stt_goes_on_to_write(demo_harness: ControlHarness) -> None:
    """STT sends its texts to nobody; each is a turn in flight until it times out."""
    before = demo_harness.contents()
    demo_harness.service.kill()
    demo_harness.until(lambda: not demo_harness.serving().listeners)
    demo_harness.see(in_phase="hop_in")
    demo_harness.flip("tail-mode", "on")
    assert "not running" in demo_harness.progress.message
    assert "turn" not in demo_harness.progress.message, "no turn was cut: there was nobody to cut it"
    assert demo_harness.answer("keep") is ChangeState.KEPT
    plan = demo_harness.start(Undo())
    assert "in flight" not in " ".join(plan.preview)
    assert demo_harness.until_over() is ChangeState.ROLLED_BACK
    assert demo_harness.contents() == before


def test_a_v34_that_dies_while_a_turn_is_waited_for_is_not_waited_for_any_longer(demo_harness: ControlHarness) -> None:
    demo_harness.see(in_phase="llm")
    demo_harness.start(Flip((("tail-mode", "on"),)))
    demo_harness.until_choice("go now")
    demo_harness.service.kill()
    demo_harness.until_state(ChangeState.VERIFYING)
    assert "not running" in demo_harness.progress.message


def test_a_sound_is_no_turn_in_flight(demo_harness: ControlHarness) -> None:
    """A pause without a text may never become a turn."""
    nothing, text = Turn(ordinal=0), Turn(ordinal=0, text_length=12)
    for turn, phase, in_flight in (
        (nothing, "stt_final", False), (text, "stt_final", True), (nothing, "hop_in", True), (nothing, "", True),
        (nothing, "classify", True), (nothing, "reply", True), (text, "hop_out", False), (text, "playback", False),
    ):  # fmt: skip
        demo_harness.controller.observe(Snapshot(open_turn=OpenTurn(turn, phase, 0.0, 0.0)))
        preview = " ".join(demo_harness.plan(Flip((("tail-mode", "on"),))).preview)
        assert ("in flight" in preview) is in_flight, (phase, turn.text_length)


def test_a_turn_that_began_while_the_restore_point_was_made_is_waited_for(
    demo_harness: ControlHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The look for a turn in flight is the last step before the write."""
    before = demo_harness.contents()
    make = ChangeContext.ensure_restore_point

    def make_slowly(context: ChangeContext, plan: ChangePlan) -> None:
        make(context, plan)
        demo_harness.see(in_phase="llm")

    monkeypatch.setattr(ChangeContext, "ensure_restore_point", make_slowly)
    demo_harness.start(Flip((("tail-mode", "on"),)))
    demo_harness.until_choice("go now")
    assert demo_harness.contents() == before
    demo_harness.see()
    demo_harness.until_state(ChangeState.VERIFYING)


def test_a_turn_that_began_between_the_edit_and_the_reload_is_said_to_be_cut(demo_harness: ControlHarness) -> None:
    """The reloader looks once a second: no wait for quiet covers that time."""
    before = demo_harness.contents()
    demo_harness.start(Flip((("tail-mode", "on"),)))
    demo_harness.until(lambda: demo_harness.contents() != before)
    demo_harness.see(in_phase="retrieve")
    demo_harness.until_state(ChangeState.VERIFYING)
    assert "the restart cut a turn" in demo_harness.progress.message
    assert "resume listening" in demo_harness.progress.choices
    demo_harness.see()
    assert demo_harness.answer("keep") is ChangeState.KEPT
    assert "the restart cut a turn: STT may still be paused" in demo_harness.messages[-1]


def test_a_turn_of_the_new_v34_is_not_called_cut(demo_harness: ControlHarness) -> None:
    demo_harness.flip("tail-mode", "on")
    demo_harness.see(in_phase="llm")
    demo_harness.controller.poll()
    assert "cut" not in demo_harness.progress.message
    assert "resume listening" not in demo_harness.progress.choices


def test_waiting_for_a_turn_can_be_left_with_nothing_done(demo_harness: ControlHarness) -> None:
    before = demo_harness.contents()
    demo_harness.see(in_phase="llm")
    demo_harness.start(Flip((("tail-mode", "on"),)))
    demo_harness.until_choice("go now")
    assert demo_harness.answer("stop waiting") is ChangeState.IDLE
    assert demo_harness.contents() == before
    assert not demo_harness.journal.path.exists()


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
        with controller_on_demo(tmp_path, replace(QUICK, services=services), talk=False) as harness:
            harness.see(in_phase="llm")
            harness.start(Flip((("tail-mode", "on"),)))
            harness.until_choice("go now")
            harness.controller.answer("go now")
            harness.until_state(ChangeState.VERIFYING)
            assert "resume listening" in harness.progress.choices
            assert harness.controller.answer("resume listening") == "STT listens again"
            assert Stt.asked == ["/resume-listening"]
            assert "resume listening" not in harness.progress.choices
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_file_that_was_edited_after_the_preview_is_left_alone(demo_harness: ControlHarness) -> None:
    plan = demo_harness.plan(Flip((("tail-mode", "on"),)))
    edited = demo_harness.config.read_bytes() + b"# mine\n"
    demo_harness.config.write_bytes(edited)
    app = demo_harness.app.read_bytes()
    demo_harness.controller.start(plan)
    assert demo_harness.until_over() is ChangeState.IDLE
    assert demo_harness.config.read_bytes() == edited and demo_harness.app.read_bytes() == app
    assert demo_harness.stages()[-1][1] == "refused"
    assert any("no longer what was shown" in word or "changed" in word for word in demo_harness.messages)


def test_a_v34_that_does_not_come_up_is_not_waited_for_for_ever(
    demo_harness: ControlHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limit of a guard is 5 s; the file is not touched, for it would be missed."""
    monkeypatch.setattr("timmy_tui.control.service.v34_service.STARTUP_S", 0.3)
    before = demo_harness.contents()
    demo_harness.service.kill()
    demo_harness.until(lambda: not demo_harness.serving().listeners)
    (demo_harness.root / "stuck").mkdir()
    stuck = demo_harness.root / "stuck/app.py"
    stuck.write_text("input()\n")
    hangs = subprocess.Popen([sys.executable, str(stuck)], cwd=demo_harness.config.parent, stdin=subprocess.PIPE)
    try:
        demo_harness.until(lambda: starting(demo_harness.config.parent))
        demo_harness.start(Flip((("tail-mode", "on"),)))
        assert demo_harness.until_over() is ChangeState.IDLE
        assert f"pid {hangs.pid}" in demo_harness.messages[-1] and "would miss the edit" in demo_harness.messages[-1]
        assert demo_harness.contents() == before
    finally:
        hangs.communicate(b"\n")
