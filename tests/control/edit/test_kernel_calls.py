"""Swapping two names and holding up a writer: what the kernel does, and what is made of a system that cannot."""

import ctypes
import errno
import fcntl
import os
from pathlib import Path

import pytest

from timmy_tui.control.edit.renameat2 import WriteLease, exchange, rename_new
from timmy_tui.control.edit.transaction import save_backup
from timmy_tui.control.errors import Unsafe


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_text("1")
    other.write_text("2")
    return one, other


def test_two_names_are_swapped(pair: tuple[Path, Path]) -> None:
    assert exchange(*pair) is True
    assert [path.read_text() for path in pair] == ["2", "1"]


@pytest.mark.usefixtures("pair")
def test_a_relative_name_is_one_of_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert exchange(Path("one"), Path("other")) is True
    rename_new(Path("one"), Path("third"))
    assert Path("third").read_text() == "2" and Path("other").read_text() == "1"


def test_a_name_that_is_gone_is_an_error_and_not_a_system_that_cannot(pair: tuple[Path, Path]) -> None:
    one, other = pair
    other.unlink()
    with pytest.raises(FileNotFoundError) as error:
        exchange(one, other)
    assert error.value.filename == str(other)
    assert one.read_text() == "1"


@pytest.mark.parametrize(
    ("number", "absent"),
    [
        (errno.EINVAL, True), (errno.ENOSYS, True), (errno.ENOTSUP, True), (errno.EOPNOTSUPP, True),
        (errno.EXDEV, False), (errno.EPERM, False), (errno.EACCES, False), (errno.ENOSPC, False),
    ],
)  # fmt: skip
def test_only_some_errors_say_that_the_system_cannot(
    pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, number: int, absent: bool
) -> None:
    one, other = pair
    other.unlink()
    monkeypatch.setattr(ctypes, "get_errno", lambda: number)
    if absent:
        assert exchange(one, other) is False
    else:
        with pytest.raises(OSError, match=os.strerror(number)) as error:
            exchange(one, other)
        assert error.value.errno == number


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_a_lease_is_wanted_by_nobody_at_first_and_ends_with_its_block(pair: tuple[Path, Path]) -> None:
    before = open_files()
    with WriteLease(pair[0]) as lease:
        assert lease.held is True and lease.wanted is False
        assert fcntl.fcntl(lease.fd, fcntl.F_GETLEASE) == fcntl.F_RDLCK
        # Readers are not held up.
        assert pair[0].read_text() == "1"
    assert open_files() == before


def test_a_file_that_is_open_for_writing_gives_no_lease_and_is_closed_again(pair: tuple[Path, Path]) -> None:
    with pair[0].open("r+b"):
        before = open_files()
        with pytest.raises(BlockingIOError):
            WriteLease(pair[0])
        assert open_files() == before


def test_where_there_are_no_leases_none_is_held_and_none_is_wanted(
    pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent(fd: int, command: int, argument: int = 0) -> int:
        raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(fcntl, "fcntl", absent)
    with WriteLease(pair[0]) as lease:
        assert lease.held is False and lease.wanted is False


def test_a_link_is_not_followed_to_what_it_names(pair: tuple[Path, Path], tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(pair[0])
    with pytest.raises(OSError, match=os.strerror(errno.ELOOP)):
        WriteLease(tmp_path / "link")


def test_the_folder_of_backups_is_private_from_the_moment_it_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where its mode cannot be set afterwards: then nothing is kept in it."""
    folder = tmp_path / "backups"

    def refuse(path: Path, mode: int) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    with monkeypatch.context() as broken:
        broken.setattr(Path, "chmod", refuse)
        with pytest.raises(Unsafe, match="Operation not permitted"):
            save_backup(folder / "config.py.1", b"x")
    assert folder.stat().st_mode & 0o777 == 0o700 and not list(folder.iterdir())


def test_a_folder_of_backups_that_others_may_read_is_made_private(tmp_path: Path) -> None:
    folder = tmp_path / "deep/backups"
    folder.mkdir(parents=True, mode=0o755)
    save_backup(folder / "config.py.1", b"x")
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "config.py.1").stat().st_mode & 0o777 == 0o600


def test_a_backup_is_written_once_and_repaired_when_its_bytes_are_others(tmp_path: Path) -> None:
    path = tmp_path / "backups/config.py.1"
    save_backup(path, b"x")
    first = path.stat().st_ino
    save_backup(path, b"x")
    assert path.stat().st_ino == first
    path.write_bytes(b"torn")
    save_backup(path, b"x")
    assert path.read_bytes() == b"x" and [one.name for one in path.parent.iterdir()] == ["config.py.1"]


def test_a_backup_that_cannot_be_written_leaves_no_part_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "backups/config.py.1"

    def full(fd: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", full)
        with pytest.raises(Unsafe, match="cannot be written: No space left on device"):
            save_backup(path, b"x")
    assert list(path.parent.iterdir()) == []
