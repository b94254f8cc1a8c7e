"""Who serves: the real Flask-SocketIO application with its reloader, and everything that looks like it."""

import http.client
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.control.services import RealV34, free_port
from tests.waiting import wait_for
from timmy_tui.control.service.listeners import (
    Answer,
    Listener,
    Serving,
    alive,
    ask,
    describe,
    refusal,
    start_of,
    starting,
    who_serves,
)


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealV34]:
    with RealV34(tmp_path_factory.mktemp("real")) as v34:
        yield v34


def boottime() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def test_the_child_of_the_reloader_is_the_one_that_serves(real: RealV34) -> None:
    serving = who_serves(real.port)
    (one,) = serving.listeners
    assert not serving.hidden
    assert one.reloader is True and one.folder == real.folder and one.pid != one.parent
    assert one.parent is not None and one.parent_started is not None and alive(one.parent, one.parent_started)
    assert one.parent_started <= one.started <= boottime()
    assert refusal(serving, real.folder) == ""
    assert {pid for pid, _ in starting(real.folder)} >= {one.parent}
    assert describe(serving, boottime()).startswith(f"pid {one.pid} · up ")


def test_an_edit_brings_another_process_started_after_the_write(real: RealV34) -> None:
    (old,) = who_serves(real.port).listeners
    text = real.config.read_text()
    time.sleep(max(0.0, 1.0 - time.time() % 1))
    real.config.write_text(text + "# edited\n")
    written = boottime()
    wait_for(lambda: not alive(old.pid, old.started))
    (new,) = wait_for(lambda: who_serves(real.port).listeners)
    assert new.identity != old.identity and new.started > written - 0.01
    assert new.parent == old.parent
    wait_for(lambda: ask(real.url, 2.0) is Answer.ANSWERS)


def test_a_service_that_is_blocked_in_a_turn_answers_late(real: RealV34) -> None:
    wait_for(lambda: ask(real.url, 2.0) is Answer.ANSWERS)

    def talk() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", real.port, timeout=20)
        body = json.dumps({"seconds": 2.5})
        connection.request("POST", "/api/webhook", body, {"Content-Type": "application/json"})
        connection.getresponse().read()
        connection.close()

    turn = threading.Thread(target=talk)
    turn.start()
    wait_for(lambda: ask(real.url, 0.3) is Answer.SILENT)
    assert ask(real.url, 15.0) is Answer.ANSWERS
    turn.join()


def test_two_instances_share_the_port_and_both_are_named(tmp_path: Path) -> None:
    with RealV34(tmp_path) as v34:
        v34.start()
        wait_for(lambda: len(who_serves(v34.port).listeners) == 2)
        serving = who_serves(v34.port)
        reason = refusal(serving, v34.folder)
        assert all(str(one.pid) in reason for one in serving.listeners)
        assert all(str(one.pid) in describe(serving, boottime()) for one in serving.listeners)


def test_another_folder_is_another_copy(real: RealV34, tmp_path: Path) -> None:
    wait_for(lambda: who_serves(real.port).listeners)
    reason = refusal(who_serves(real.port), tmp_path)
    assert "another copy" in reason and str(real.folder) in reason


def test_a_symbolic_link_to_the_folder_is_no_other_copy(real: RealV34, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(real.folder)
    wait_for(lambda: who_serves(real.port).listeners)
    assert refusal(who_serves(real.port), link) == ""


def test_the_start_up_is_seen_before_anything_listens(tmp_path: Path) -> None:
    v34 = RealV34(tmp_path, import_s=1.0)
    v34.start()
    try:
        assert wait_for(lambda: starting(v34.folder))
        assert who_serves(v34.port) == Serving(v34.port)
        wait_for(lambda: ask(v34.url, 1.0) is Answer.ANSWERS)
    finally:
        v34.kill()
    assert starting(v34.folder) == ()
    assert describe(who_serves(v34.port), boottime()) == f"port {v34.port}: not running"


def test_a_bad_config_ends_parent_and_child(real: RealV34, tmp_path: Path) -> None:
    v34 = RealV34(tmp_path)
    v34.config.write_text("MAX_TOKENS = \n")
    process = v34.start()
    try:
        wait_for(lambda: process.poll() is not None)
        assert starting(v34.folder) == () and not who_serves(v34.port).listeners
        assert "SyntaxError" in v34.log.read_text()
    finally:
        v34.kill()


def test_a_service_whose_reader_died_takes_connections_and_says_nothing(tmp_path: Path) -> None:
    """The panel holds the pipe; when it is killed, the accept loop dies with the next line that is printed."""
    v34 = RealV34(tmp_path, through_pipe=True)
    process = v34.start()
    try:
        assert process.stdout is not None
        wait_for(lambda: who_serves(v34.port).listeners)
        process.stdout.close()
        wait_for(lambda: ask(v34.url, 0.5) is Answer.SILENT)
        assert len(who_serves(v34.port).listeners) == 1
        assert ask(v34.url, 1.0) is Answer.SILENT
    finally:
        v34.kill()


# -- without Timmy


def serve(answer: bytes, trickle_s: float = 0.0) -> tuple[int, threading.Thread]:
    """One connection that says ``answer``, a byte at a time when it trickles."""
    server = socket.create_server(("127.0.0.1", 0))

    def run() -> None:
        with server:
            taken, _ = server.accept()
            with taken:
                try:
                    taken.recv(4096)
                    for byte in answer if trickle_s else ():
                        taken.sendall(bytes([byte]))
                        time.sleep(trickle_s)
                    if not trickle_s:
                        taken.sendall(answer)
                except OSError:
                    pass

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return int(server.getsockname()[1]), thread


def test_every_status_is_an_answer() -> None:
    port, thread = serve(b"HTTP/1.1 500 no\r\nContent-Length: 0\r\n\r\n")
    assert ask(f"http://127.0.0.1:{port}", 2.0) is Answer.ANSWERS
    thread.join()


def test_what_is_not_http_is_no_answer() -> None:
    port, thread = serve(b"SSH-2.0-hello\r\n")
    assert ask(f"http://127.0.0.1:{port}", 2.0) is Answer.GARBAGE
    thread.join()


def test_a_trickle_does_not_hold_the_question_for_ever() -> None:
    """It would be 200 s; the test's own time-out is 60."""
    port, thread = serve(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b"x" * 1000, trickle_s=0.2)
    assert ask(f"http://127.0.0.1:{port}", 0.5) is Answer.SILENT
    thread.join()


def test_nobody_there_refuses() -> None:
    assert ask(f"http://127.0.0.1:{free_port()}", 1.0) is Answer.REFUSED


def test_a_pid_that_was_given_to_another_process_is_not_alive() -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    started = start_of(process.pid)
    assert started is not None and alive(process.pid, started)
    assert not alive(process.pid, started - 5.0)
    process.kill()
    wait_for(lambda: start_of(process.pid) is None)  # a zombie until it is waited for
    assert not alive(process.pid, started)
    process.communicate()


def test_a_process_that_listens_without_a_reloader_is_told_from_one_with_it(tmp_path: Path) -> None:
    code = (
        "import socket\n"
        "held = socket.create_server(('127.0.0.1', 0))\n"
        "print(held.getsockname()[1], flush=True)\n"
        "input()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    port = int(process.stdout.readline())
    (one,) = who_serves(port).listeners
    assert (one.pid, one.folder, one.reloader, one.parent) == (process.pid, tmp_path, False, None)
    process.communicate("\n")


def test_another_users_process_may_not_be_looked_into() -> None:
    """What may not be looked at is not known; it is neither with nor without a reloader."""
    listener = Listener(4711, 1.0, None, None)
    assert refusal(Serving(5000, (listener,)), Path("/anywhere")) == ""
    assert "whether it restarts itself is not known" in describe(Serving(5000, (listener,)), 2.0)
    assert "cannot be seen" in refusal(Serving(5000, (), True), Path("/anywhere"))


def test_ages_are_read_at_a_glance() -> None:
    one = Listener(1, 0.0, None, True)
    serving = Serving(5000, (one,))
    assert [describe(serving, now).split(" · ")[1] for now in (5.0, 65.0, 119.0, 7260.0)] == [
        "up 5s", "up 1m", "up 1m", "up 2h01m",
    ]  # fmt: skip
