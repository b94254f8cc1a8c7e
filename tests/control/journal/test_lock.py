"""The lock of the machine: how often it is tried, what is said of its owner, and what is closed again."""

import errno
import fcntl
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from timmy_tui.control.journal.lock import (
    ChangeLock,
    Locked,
    Owner,
    dashboard_lock,
    other_dashboard,
    own_terminal,
)


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], list[int]]:
    """The lock is somebody else's at the first so many tries; the list fills with the tries."""

    def take(times: int) -> list[int]:
        tries: list[int] = []

        def flock(fd: int, operation: int) -> None:
            tries.append(operation)
            if len(tries) <= times:
                raise BlockingIOError(errno.EAGAIN, "taken")

        monkeypatch.setattr(fcntl, "flock", flock)
        monkeypatch.setattr(time, "sleep", lambda seconds: None)
        return tries

    return take


@pytest.mark.parametrize(("times", "held"), [(0, True), (1, True), (2, True), (3, False)])
def test_it_is_tried_three_times_because_a_look_at_the_owner_takes_it_for_an_instant(
    tmp_path: Path, taken: Callable[[int], list[int]], times: int, held: bool
) -> None:
    tries, lock = taken(times), ChangeLock(tmp_path)
    if held:
        lock.acquire()
        assert (lock.held, len(tries)) == (True, times + 1)
        lock.acquire()
        assert len(tries) == times + 1
    else:
        with pytest.raises(Locked):
            lock.acquire()
        assert (lock.held, len(tries)) == (False, 3)
    assert set(tries) == {fcntl.LOCK_EX | fcntl.LOCK_NB}


def open_files(path: Path) -> int:
    return sum(os.path.realpath(one) == str(path) for one in Path("/proc/self/fd").iterdir())


def test_nothing_is_open_after_a_refusal_a_look_or_a_release(tmp_path: Path) -> None:
    lock, other = ChangeLock(tmp_path.resolve()), ChangeLock(tmp_path.resolve())
    assert lock.owner() is None
    assert open_files(lock.path) == 0
    lock.acquire()
    with pytest.raises(Locked) as locked:
        other.acquire()
    assert locked.value.owner == other.owner()
    assert (locked.value.owner.pid, open_files(lock.path)) == (os.getpid(), 1)
    lock.release()
    lock.release()
    assert (lock.held, open_files(lock.path)) == (False, 0)


@pytest.mark.parametrize(
    ("text", "owner"),
    [
        ("", Owner()),
        ("soon", Owner()),
        ("12\n", Owner(12)),
        ("7", Owner(7)),
        ("7 1764150000\n", Owner(7, 1764150000.0)),
        ("7 then pts/3", Owner(7, None, "pts/3")),
        ("7 1764150000 pts/3, tmux pane %4\n", Owner(7, 1764150000.0, "pts/3, tmux pane %4")),
        ("7 1764150000 \x1b]0;title\x07", Owner(7, 1764150000.0, "␛]0;title␇")),
        ("7 1764150000 \xff", Owner(7, 1764150000.0, "ÿ")),
    ],
)
def test_an_owner_that_has_not_said_its_pid_is_another_timmy_tui(
    tmp_path: Path, taken: Callable[[int], list[int]], text: str, owner: Owner
) -> None:
    lock = ChangeLock(tmp_path)
    lock.path.write_text(text, "utf-8")
    taken(9)
    assert lock.owner() == owner
    with pytest.raises(Locked, match=f"with pid {owner.pid}" if owner.pid else "another timmy-tui makes") as locked:
        lock.acquire()
    assert locked.value.owner == owner


def test_the_pid_in_the_file_is_that_of_the_owner_alone(tmp_path: Path) -> None:
    lock = ChangeLock(tmp_path)
    lock.path.write_text("1234567890123\nof long ago\n", "utf-8")
    with lock:
        pid, since, *_ = lock.path.read_text("utf-8").split()
        assert (int(pid), lock.path.read_text("utf-8").count("\n")) == (os.getpid(), 1)
        assert abs(int(since) - lock.path.stat().st_mtime) <= 2
    assert lock.path.read_text("utf-8") == ""


def test_a_new_lock_is_private_and_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    with ChangeLock(tmp_path) as lock:
        assert lock.path.stat().st_mode & 0o777 == 0o600
    (tmp_path / "elsewhere").write_text("kept", "utf-8")
    (tmp_path / "dashboard.lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Exception, match=r"dashboard\.lock cannot be opened"):
        dashboard_lock(tmp_path).acquire()
    assert (tmp_path / "elsewhere").read_text("utf-8") == "kept"


def test_a_dashboard_and_a_change_have_a_lock_each(tmp_path: Path) -> None:
    with ChangeLock(tmp_path), dashboard_lock(tmp_path) as dashboard:
        assert {one.name for one in tmp_path.iterdir()} == {"change.lock", "dashboard.lock"}
        assert dashboard.held
    assert other_dashboard(Owner(7)) == "another dashboard (pid 7) makes the changes"
    assert other_dashboard(Owner()) == "another dashboard (another process) makes the changes"
    now = time.time()
    today = f"pid 7, since {time.strftime('%H:%M', time.localtime(now))}, on pts/3, tmux pane %4"
    assert Owner(7, now, "pts/3, tmux pane %4").words == today
    assert Owner(7, 86_400.0).words == f"pid 7, since {time.strftime('%Y-%m-%d %H:%M', time.localtime(86_400))}"
    assert Owner(7, 1e300).words == "pid 7, since —"


@pytest.mark.parametrize(
    ("pane", "name", "words"),
    [
        (None, "/dev/pts/3", "pts/3"), ("", "/dev/pts/3", "pts/3"), ("%4", "/dev/pts/3", "pts/3, tmux pane %4"),
        (None, "/dev/tty1", "tty1"), ("%4", None, ""), (None, None, ""),
    ],
)  # fmt: skip
def test_the_terminal_of_an_owner_is_named_with_its_pane_if_it_has_one(
    monkeypatch: pytest.MonkeyPatch, pane: str | None, name: str | None, words: str
) -> None:
    def ttyname(fd: int) -> str:
        if name is None:
            raise OSError(errno.ENOTTY, "not a terminal")
        return name

    monkeypatch.setattr(os, "ttyname", ttyname)
    monkeypatch.delenv("TMUX_PANE", raising=False)
    if pane is not None:
        monkeypatch.setenv("TMUX_PANE", pane)
    assert own_terminal() == words


def test_an_owner_says_since_when_and_on_which_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "ttyname", lambda fd: "/dev/pts/3")
    monkeypatch.setenv("TMUX_PANE", "%4")
    monkeypatch.setattr(time, "time", lambda: 1700000000.4)
    with ChangeLock(tmp_path) as lock:
        assert lock.path.read_text("utf-8") == f"{os.getpid()} 1700000000 pts/3, tmux pane %4\n"
        assert ChangeLock(tmp_path).owner() == Owner(os.getpid(), 1700000000.0, "pts/3, tmux pane %4")
