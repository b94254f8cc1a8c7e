"""What is seen of v34 after a restart, and what is made of it: looks are scripted, processes and limits are not."""

import os
import threading
import time
from collections.abc import Callable, Sequence
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from timmy_tui.control.errors import Refused
from timmy_tui.control.progress import STOP, LiveState, Progress
from timmy_tui.control.service import health_wait, v34_service
from timmy_tui.control.service.health_wait import HealthWait, Unhealthy, Unnoticed
from timmy_tui.control.service.listeners import Answer, Listener, Serving, start_of
from timmy_tui.control.service.strategies import Command, Manual, Reload, Strategy
from timmy_tui.control.service.v34_service import V34Service
from timmy_tui.model.change import ChangeState

PORT = 5000
BEFORE, SINCE, AFTER = 50.0, 100.0, 150.0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "config.py").write_text("A = 1\n")
    os.utime(tmp_path / "config.py", (1000, 1000))
    return tmp_path


class Restarts(Command):
    """Counts how often it is asked to restart v34."""

    asked: list[Serving] = []

    def restart(self, serving: Serving, edited: tuple[Path, ...], cancelled: threading.Event) -> str:
        self.asked.append(serving)
        return "restarted"


def command(folder: Path) -> Restarts:
    Restarts.asked = []
    return Restarts(("true",), folder, 5.0, folder / "log")


def one(folder: Path, started: float = AFTER, pid: int = 7) -> Serving:
    return Serving(PORT, (Listener(pid, started, folder, True),))


class Watched:
    """A comeback whose looks are told; the last one repeats."""

    def __init__(
        self,
        monkeypatch: pytest.MonkeyPatch,
        folder: Path,
        looks: Sequence[Serving],
        strategy: Strategy | None = None,
        answers: Callable[[], Answer] = lambda: Answer.ANSWERS,
        live_state: Callable[[], LiveState] = LiveState,
        limit_s: float = 0.15,
    ) -> None:
        left = list(looks)
        monkeypatch.setattr(health_wait, "serving_at", lambda url: left.pop(0) if len(left) > 1 else left[0])
        monkeypatch.setattr(health_wait, "ask", lambda url, limit_s: answers())
        monkeypatch.setattr(health_wait, "LOOK_S", 0.01)
        monkeypatch.setattr(health_wait, "ASK_S", 0.02)
        self.progress = Progress("op", "a change")
        strategy = strategy or Reload(folder / "config.py", 0.1)
        self.back = HealthWait(
            strategy, "http://127.0.0.1:9", folder, folder / "config.py", limit_s, live_state, self.progress, SINCE
        )

    def wait(self) -> Listener:
        return self.back.await_healthy((STOP,))


def test_one_new_one_that_answers_is_it_whoever_started_it(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Somebody may have restarted v34 by hand while the panel was asked."""
    watched = Watched(monkeypatch, folder, [Serving(PORT), one(folder)], command(folder))
    assert watched.wait().pid == 7
    assert watched.progress.shown(()).message == ""


@pytest.mark.parametrize(
    ("serving", "why"),
    [
        (Serving(PORT, (Listener(7, AFTER, Path("/elsewhere/v34"), True),)), "uses another copy: /elsewhere/v34"),
        (Serving(PORT, (Listener(7, AFTER, None, True), Listener(8, AFTER, None, True))), "pid 7 and 8"),
        (Serving(PORT, (), hidden=True), "cannot be seen"),
        (Serving(PORT, (), elsewhere="gpu-box"), "another machine"),
    ],
)
def test_what_came_up_instead_is_named_and_the_change_is_not_blamed(
    monkeypatch: pytest.MonkeyPatch, folder: Path, serving: Serving, why: str
) -> None:
    watched = Watched(monkeypatch, folder, [serving])
    with pytest.raises(Unnoticed, match=why):
        watched.wait()


def test_a_service_that_answers_with_what_it_read_before_is_not_called_dead(
    monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    watched = Watched(monkeypatch, folder, [one(folder, BEFORE)])
    with pytest.raises(Unnoticed, match="what it read before the edit"):
        watched.wait()
    assert (folder / "config.py").stat().st_mtime > 1000


def test_one_that_missed_the_edit_is_started_once_more_and_not_twice(
    monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    watched = Watched(monkeypatch, folder, [one(folder, BEFORE)], command(folder), limit_s=5.0)
    with pytest.raises(Unnoticed):
        watched.wait()
    assert len(Restarts.asked) == 1


def test_a_user_who_has_not_started_v34_yet_is_not_answered_with_a_rollback(
    monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    watched = Watched(monkeypatch, folder, [Serving(PORT)], Manual(folder))
    with pytest.raises(Unnoticed, match="was not started"):
        watched.wait()


def test_nothing_there_is_an_exit_with_the_last_words(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setitem(health_wait.GONE_S, "reload", 0.02)
    log = ("Traceback (most recent call last):", "NameError: name 'x' is not defined")
    watched = Watched(monkeypatch, folder, [Serving(PORT)], live_state=lambda: LiveState(log=log), limit_s=20.0)
    with pytest.raises(Unhealthy, match="v34 has exited: NameError"):
        watched.wait()


def test_three_of_them_within_a_minute_are_a_crash_loop(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    looks = [one(folder, AFTER + pid, pid) for pid in (1, 1, 2, 2, 3)]
    watched = Watched(monkeypatch, folder, looks, answers=lambda: Answer.REFUSED, limit_s=20.0)
    with pytest.raises(Unhealthy, match="started 3 times in 60 s"):
        watched.wait()
    again = Watched(monkeypatch, folder, looks[:4], answers=lambda: Answer.REFUSED)
    with pytest.raises(Unhealthy, match="refuses connections"):
        again.wait()


def test_one_that_is_blocked_in_a_turn_has_its_time(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """The first turn after the restart loads the model again."""
    asked: list[float] = []

    def answers() -> Answer:
        asked.append(time.monotonic())
        return Answer.SILENT if asked[-1] - asked[0] < 0.6 else Answer.ANSWERS

    watched = Watched(
        monkeypatch, folder, [one(folder)], answers=answers, live_state=lambda: LiveState(busy=True), limit_s=0.1
    )
    assert watched.wait().pid == 7


def test_the_same_silence_without_a_turn_is_not_health(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    watched = Watched(monkeypatch, folder, [one(folder)], answers=lambda: Answer.SILENT)
    with pytest.raises(Unhealthy, match="listens, does not answer yet"):
        watched.wait()


def test_a_reloader_that_cannot_be_seen_is_given_its_limit_twice(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """5 s after the edit the file is touched once; then the user is asked."""
    started = start_of(os.getpid())
    assert started is not None
    old = Serving(PORT, (Listener(os.getpid(), started, folder, None),))
    watched = Watched(monkeypatch, folder, [old])
    watched.progress.enter(ChangeState.RESTARTING, 0.1, (STOP,))
    with pytest.raises(Unnoticed, match=f"pid {os.getpid()} still serves: it has not noticed the edit"):
        watched.back.await_gone(old)
    assert (folder / "config.py").stat().st_mtime > 1000


def test_an_old_one_that_survives_the_command_is_not_waited_for_for_ever(
    monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    started = start_of(os.getpid())
    assert started is not None
    old = Serving(PORT, (Listener(os.getpid(), started, folder, None),))
    watched = Watched(monkeypatch, folder, [old], command(folder))
    watched.progress.enter(ChangeState.RESTARTING, 0.05, (STOP,))
    with pytest.raises(Unnoticed):
        watched.back.await_gone(old)
    assert (folder / "config.py").stat().st_mtime == 1000


def service(monkeypatch: pytest.MonkeyPatch, folder: Path, look: Serving) -> V34Service:
    from timmy_tui.core.settings import Control

    for module in (health_wait, v34_service):
        monkeypatch.setattr(module, "serving_at", lambda url: look)
    progress = Progress("op", "a change")
    way = Reload(folder / "config.py", 1.0)
    return V34Service(way, "http://127.0.0.1:9", folder, Control(), LiveState, progress)


@pytest.mark.parametrize(
    ("age_s", "why"), [(5.0, "is just starting"), (4000.0, "does not listen on port 5000. Set services.v34")]
)
def test_a_v34_on_another_port_is_not_called_starting(
    monkeypatch: pytest.MonkeyPatch, folder: Path, age_s: float, why: str
) -> None:
    """Its port may come from an environment that only it knows."""
    monkeypatch.setattr(v34_service, "STARTUP_S", 0.05)
    began = time.clock_gettime(time.CLOCK_BOOTTIME) - age_s
    monkeypatch.setattr(v34_service, "starting", lambda folder: ((77, began),))
    with pytest.raises(Refused) as refused:
        service(monkeypatch, folder, Serving(PORT)).guard()
    assert why in f"{refused.value.message} {refused.value.hint}" and "pid 77" in refused.value.message


def test_what_became_of_the_one_that_served(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    started = start_of(os.getpid())
    assert started is not None
    here, dead = Listener(os.getpid(), started, folder, None), Listener(2**22 + 1, 5.0, folder, None)
    assert service(monkeypatch, folder, Serving(PORT)).fate(here) == (here, "")
    assert service(monkeypatch, folder, Serving(PORT, (here,))).fate(dead) == (here, "")
    assert service(monkeypatch, folder, Serving(PORT)).fate(dead) == (dead, "v34 has exited since")


# -- where v34 is


class Says(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


def test_a_service_on_ipv6_is_found_and_asked() -> None:
    import socket

    from timmy_tui.control.service.listeners import ask, serving_at

    class Six(HTTPServer):
        address_family = socket.AF_INET6

    try:
        server = Six(("::1", 0), Says)
    except OSError:
        pytest.skip("no IPv6 here")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        url = f"http://[::1]:{server.server_address[1]}"
        (found,) = serving_at(url).listeners
        assert found.pid == os.getpid() and ask(url, 5.0) is Answer.ANSWERS
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_what_listens_here_is_not_taken_for_a_v34_on_another_machine() -> None:
    from timmy_tui.control.service.listeners import ask, describe, is_here, port_of, refusal, serving_at

    server = HTTPServer(("127.0.0.1", 0), Says)
    try:
        port = server.server_address[1]
        there = serving_at(f"http://192.0.2.7:{port}")
        assert there.listeners == () and "another machine (192.0.2.7)" in refusal(there, Path("/x"))
        assert "another machine" in describe(there, 0.0)
        assert serving_at(f"http://localhost:{port}").listeners[0].pid == os.getpid()
        assert is_here("0.0.0.0") and is_here("::1") and not is_here("no-such-host.invalid") and not is_here("a..b")
        assert (port_of("http://x"), port_of("https://x"), port_of("http://x:5000")) == (80, 443, 5000)
        assert ask("http://a..b:5000", 0.2) is Answer.REFUSED
    finally:
        server.server_close()


def test_a_v34_on_another_machine_is_not_changed_from_here(tmp_path: Path) -> None:
    from tests.control.places import lay_out
    from timmy_tui.control.controller import Controller
    from timmy_tui.core.settings import Control, Services, Settings

    root = lay_out(tmp_path / "timmy")
    for strategy in ("reload", "panel", "command", "manual"):
        settings = Settings(
            services=Services(v34="http://192.0.2.7:5000", panel="http://127.0.0.1:9"),
            control=Control(strategy=strategy, command=("true",)),
        )
        room = Controller(settings, root, tmp_path / strategy)
        plan = room.plan("flip", {"key": "tail-mode", "value": "on"})
        assert "another machine (192.0.2.7)" in plan.refusal
        room.look()
        assert "another machine" in room.state().service and "pid" not in room.state().service


def test_the_limits_are_those_of_the_specification() -> None:
    assert health_wait.HUNG_S == 30.0
    assert (health_wait.CRASHES, health_wait.CRASH_WINDOW_S, health_wait.STARTS) == (3, 60.0, 2)
