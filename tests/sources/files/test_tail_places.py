"""Paths that lead nowhere, are barred or name no file; the names carry the row of the fault table."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sources.files.conftest import Follow
from tests.sources.files.follower import append
from timmy_tui.model.snapshot import SourceCondition
from timmy_tui.sources.files.file_chain import ROTATE_WAIT_S

pytestmark = pytest.mark.skipif(os.name == "nt", reason="POSIX files")


def test_t10_absent_then_there_then_its_folder_goes_and_comes(tmp_path: Path, follow: Follow) -> None:
    folder = tmp_path / "shared"
    log = folder / "latency.log"
    follower = follow(log)
    assert follower.poll() == []
    assert follower.condition() is SourceCondition.WAITING
    folder.mkdir()
    assert follower.poll() == []
    append(log, b"one\n")
    assert follower.poll() == [b"one"]
    log.unlink()
    folder.rmdir()
    assert follower.poll() == []
    assert follower.condition() is SourceCondition.WAITING
    folder.mkdir()
    append(log, b"two\n")
    follower.poll()
    assert follower.poll(ROTATE_WAIT_S + 0.1) == [b"two"]


DENIED = """
import os, sys
from pathlib import Path
from timmy_tui.core.settings import TailSettings
from timmy_tui.sources.files.tail import Tail
def become(user):
    os.seteuid(0)
    os.setegid(user)
    os.seteuid(user)
root = os.geteuid() == 0
if root:
    os.setgroups([])
path = Path("latency.log")
path.write_bytes(b"one\\n")
path.chmod(0)
if root:
    become(65534)
tail = Tail(path, "latency.log", TailSettings())
print(tail.poll(), tail.state.condition, tail.state.detail)
if root:
    become(0)
path.chmod(0o644)
if root:
    become(65534)
print([batch.lines for batch in tail.poll()], tail.state.condition)
tail.close()
"""


def test_t10_a_file_that_was_denied_is_read_once_it_may_be_read(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run(
        [sys.executable, "-c", DENIED],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.stdout.splitlines() == ["[] denied permission denied", "[[b'one']] ok"], done.stderr


def test_t11_a_fifo_is_named_and_its_writer_is_left_alone(log: Path, follow: Follow) -> None:
    os.mkfifo(log)
    follower = follow(log)
    assert follower.poll() == []
    assert (follower.condition(), follower.tail.state.detail) == (SourceCondition.NOT_A_FILE, "a FIFO")
    log.unlink()
    append(log, b"one\n")
    assert follower.poll() == [b"one"]


def test_t11_a_directory_a_device_and_a_socket(tmp_path: Path, follow: Follow) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
        for path, kind in (
            (tmp_path, "a directory"),
            (Path("/dev/zero"), "a device"),
            (tmp_path / "s", "a socket"),
        ):
            follower = follow(path)
            assert follower.poll() == []
            assert follower.condition() is SourceCondition.NOT_A_FILE
            assert follower.tail.state.detail == kind


def test_t11_a_followed_file_that_becomes_a_directory(log: Path, follow: Follow) -> None:
    append(log, b"one\n")
    follower = follow(log)
    follower.poll()
    log.unlink()
    log.mkdir()
    assert follower.poll(60) == []
    assert follower.condition() is SourceCondition.NOT_A_FILE
    log.rmdir()
    append(log, b"two\n")
    follower.poll()
    assert follower.poll(60) == [b"two"]


def test_t11_a_link_that_points_at_itself_is_an_error_and_no_more(log: Path, follow: Follow) -> None:
    log.symlink_to(log)
    follower = follow(log)
    assert follower.poll() == []
    assert follower.condition() is SourceCondition.ERROR


def test_a_path_that_no_file_can_have(tmp_path: Path, follow: Follow) -> None:
    follower = follow(tmp_path / "a\0b")
    assert follower.poll() == []
    assert follower.condition() is SourceCondition.ERROR


@pytest.mark.parametrize("links", [1, 2, 50])
def test_a_loop_of_links_is_a_state_and_what_is_open_is_read_on(log: Path, follow: Follow, links: int) -> None:
    append(log, b"one\n")
    follower = follow(log)
    follower.poll()
    moved = log.with_name("moved")
    log.rename(moved)
    names = [log, *(log.with_name(f"link{number}") for number in range(1, links))]
    for name, target in zip(names, [*names[1:], names[0]], strict=True):
        name.symlink_to(target)
    append(moved, b"two\n")
    assert follower.poll() == [b"two"]
    assert follower.condition() is SourceCondition.ERROR
    assert follower.tail.state.detail == "Too many levels of symbolic links"
    log.unlink()
    append(log, b"three\n")
    follower.poll()
    assert follower.poll(ROTATE_WAIT_S) == [b"three"]
    assert follower.condition() is SourceCondition.OK
