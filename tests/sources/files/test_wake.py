"""Notifications from the file system, by inotify itself and through watchfiles."""

import ctypes
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.descriptors import open_descriptors
from tests.waiting import wait_for
from timmy_tui.sources.files.wake import Waker

METHODS = pytest.param(True, id="inotify"), pytest.param(False, id="watchfiles")
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="inotify")


class Listener:
    """Does something and waits for the notification."""

    def __init__(self) -> None:
        self.notified = threading.Event()

    def await_notification(self, action: Callable[[], object]) -> None:
        self.notified.clear()
        action()
        assert self.notified.wait(20)


Start = Callable[[Path], Waker]


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture(params=METHODS)
def start(request: pytest.FixtureRequest, listener: Listener) -> Iterator[Start]:
    wakers: list[Waker] = []

    def begin(path: Path) -> Waker:
        waker = Waker({path: listener.notified.set}, direct=request.param)
        wakers.append(waker)
        waker.start()
        return waker

    yield begin
    for waker in wakers:
        waker.stop()


def append(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"x\n")


def test_appends_renames_and_new_files_wake(tmp_path: Path, start: Start, listener: Listener) -> None:
    log = tmp_path / "latency.log"
    waker = start(log)
    assert waker.watching.wait(20)
    listener.await_notification(lambda: append(log))
    listener.await_notification(lambda: append(log))
    listener.await_notification(lambda: log.rename(tmp_path / "latency.log.1"))
    listener.await_notification(lambda: append(log))
    listener.await_notification(log.unlink)
    assert waker.reason == ""


def test_a_folder_that_appears_later_is_watched(tmp_path: Path, start: Start, listener: Listener) -> None:
    folder = tmp_path / "shared"
    waker = start(folder / "latency.log")
    folder.mkdir()
    assert waker.watching.wait(20)
    listener.await_notification(lambda: append(folder / "latency.log"))


def test_a_folder_that_is_made_anew_is_watched_again(tmp_path: Path, start: Start, listener: Listener) -> None:
    folder = tmp_path / "shared"
    folder.mkdir()
    waker = start(folder / "latency.log")
    assert waker.watching.wait(20)
    # A new watch calls on_change once, because the log may have grown before.
    folder.rename(tmp_path / "old")
    listener.await_notification(folder.mkdir)
    listener.await_notification(lambda: append(folder / "latency.log"))


def test_a_log_that_is_a_link_wakes_too(tmp_path: Path, start: Start, listener: Listener) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "shared").mkdir()
    real = tmp_path / "real" / "log"
    append(real)
    (tmp_path / "shared" / "latency.log").symlink_to(real)
    waker = start(tmp_path / "shared" / "latency.log")
    assert waker.watching.wait(20)
    listener.await_notification(lambda: append(real))


def test_other_files_of_the_folder_and_what_lies_below_do_not_wake(tmp_path: Path, listener: Listener) -> None:
    """Each notification costs a poll, and v34 writes its payloads beside its log."""
    log, other, below = tmp_path / "v34.log", tmp_path / "payloads.txt", tmp_path / "below"
    below.mkdir()
    calls: list[str] = []

    def on_change() -> None:
        calls.append("call")
        listener.notified.set()

    waker = Waker({log: on_change})
    waker.start()
    assert waker.watching.wait(20)
    calls.clear()
    for _ in range(20):
        append(other)
        append(below / "v34.log")
    listener.await_notification(lambda: append(log))
    waker.stop()
    # There may be two events: creation and write.
    assert 1 <= len(calls) <= 2


@pytest.mark.parametrize("direct", METHODS)
def test_each_file_wakes_only_what_belongs_to_it(tmp_path: Path, direct: bool) -> None:
    """A line of STT needs no poll of v34's two logs."""
    names = ["latency.log", "v34.log", "link.log"]
    for name in names[:2]:
        append(tmp_path / name)  # One more is then one event.
    (tmp_path / "link.log").symlink_to(tmp_path / "v34.log")
    woken = {name: threading.Event() for name in names}
    waker = Waker({tmp_path / name: woken[name].set for name in names}, direct=direct)
    waker.start()
    try:
        # A new watch wakes all, because each may have grown before.
        assert all(one.wait(20) for one in woken.values())
        assert waker.watching.wait(20)
        for name, others in (("latency.log", ["v34.log", "link.log"]), ("v34.log", ["latency.log"])):
            for one in woken.values():
                one.clear()
            append(tmp_path / name)
            assert woken[name].wait(20)
            assert not any(woken[other].is_set() for other in others)
        assert woken["link.log"].wait(20)
    finally:
        waker.stop()


def test_stopping_gives_every_descriptor_back(tmp_path: Path) -> None:
    before = open_descriptors()
    waker = Waker({tmp_path / "log": lambda: None})
    waker.start()
    assert waker.watching.wait(20)
    waker.stop()
    assert open_descriptors() - before == set()
    assert not waker.watching.is_set()


def test_what_was_never_started_can_be_stopped(tmp_path: Path) -> None:
    Waker({tmp_path / "log": lambda: None}).stop()


LIMITED = """
import sys, threading, time
from pathlib import Path
from timmy_tui.core.settings import TailSettings
from timmy_tui.sources.files.tail_thread import TailThread
from timmy_tui.sources.files.tail import Tail
from timmy_tui.sources.files.wake import Waker
log = Path(sys.argv[1])
limits = TailSettings(poll_ms=20)
news = threading.Event()
feed = TailThread(Tail(log, "log", limits), "latency", limits)
waker = Waker({log: feed.wake}, direct=sys.argv[2] == "inotify")
feed.start(news.set)
waker.start()
deadline = time.monotonic() + 20
while not waker.reason and time.monotonic() < deadline:
    time.sleep(0.01)
print(waker.reason)
with log.open("ab") as file:
    file.write(b"one\\n")
batches = []
while not batches and time.monotonic() < deadline + 20:
    news.wait(1)
    news.clear()  # An opened file is news too.
    batches = feed.drain()
print([batch.lines for batch in batches])
waker.stop()
feed.stop()
"""


@pytest.mark.parametrize("method", ["inotify", "watchfiles"])
def test_t13_without_watches_the_poll_goes_on(tmp_path: Path, method: str) -> None:
    limit = "echo 0 > /proc/sys/user/max_inotify_watches"
    allowed = subprocess.run(["unshare", "-Ur", "sh", "-c", limit], capture_output=True, check=False)
    if allowed.returncode != 0:
        pytest.skip("user namespaces are not available here")
    done = subprocess.run(
        ["unshare", "-Ur", "sh", "-c", f'{limit}; exec "$@"', "sh"]
        + [sys.executable, "-c", LIMITED, str(tmp_path / "log"), method],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[3])},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    reason, lines = done.stdout.splitlines() if done.returncode == 0 else (done.stderr, "")
    assert reason.startswith("no file system events: "), reason
    assert lines == "[[b'one']]"


def test_every_file_that_gets_the_name_is_counted(tmp_path: Path) -> None:
    log, link = tmp_path / "latency.log", tmp_path / "elsewhere" / "link.log"
    link.parent.mkdir()
    link.symlink_to(log)
    waker = Waker(dict.fromkeys([link, log], lambda: None))
    waker.start()
    try:
        assert waker.watching.wait(20)
        assert (waker.births(log), waker.births(link)) == (0, 0)
        append(log)
        append(log)
        wait_for(lambda: waker.births(log) == 1)
        log.unlink()
        append(log)
        wait_for(lambda: waker.births(log) == 2)
        (tmp_path / "new").touch()
        (tmp_path / "new").replace(log)
        wait_for(lambda: waker.births(log) == 3)
        log.rename(tmp_path / "latency.log.1")
        append(tmp_path / "other.log")
        append(log)
        wait_for(lambda: waker.births(log) == 4)
        assert waker.births(link) == 4
        assert waker.births(tmp_path / "other.log") == 0
    finally:
        waker.stop()


def test_watching_is_tried_again_after_an_error_of_the_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("timmy_tui.sources.files.wake.RETRY_S", 0.01)
    load, failed, reasons = ctypes.CDLL, list[str](), list[str]()

    def full_at_first(name: str | None, use_errno: bool = False) -> ctypes.CDLL:
        if len(failed) < 2:
            failed.append("x")
            reasons.append(waker.reason)
            raise OSError(24, "Too many open files")
        reasons.append(waker.reason)
        return load(name, use_errno=use_errno)

    waker = Waker({tmp_path / "latency.log": lambda: None})
    monkeypatch.setattr(ctypes, "CDLL", full_at_first)
    waker.start()
    assert waker.watching.wait(20)
    assert reasons == ["", *["no file system events: Too many open files"] * 2]
    assert waker.reason == ""
    waker.stop()
