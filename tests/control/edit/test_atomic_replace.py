"""Reading a file that others write, and the second of the clock in which the new one is put in its place."""

import os
import time
from pathlib import Path

import pytest

from timmy_tui.control.edit import atomic_replace
from timmy_tui.control.edit.atomic_replace import (
    LIMIT,
    FileImage,
    Staged,
    open_in_editor,
    read_file,
    replace_file,
    temp_name,
    wait_for_later_second,
)
from timmy_tui.control.errors import Conflict, Unsafe

SECOND_NS = 10**9


@pytest.mark.parametrize(
    ("mtime_s", "now_s", "slept"),
    [
        (1000.75, 1000.25, [0.75]),
        (1000.0, 1000.25, [0.75]),
        (1000.5, 1000.0, [1.0]),
        (1000.5, 1001.0, []),
        (1000.5, 1001.5, []),
        (1001.0, 1000.75, []),
        (5000.0, 1000.0, []),
    ],
)
def test_a_file_of_this_second_is_waited_for_until_the_next_one_begins(
    monkeypatch: pytest.MonkeyPatch, mtime_s: float, now_s: float, slept: list[float]
) -> None:
    """For a second at most: a file from the future gets a later time without a wait."""
    waits: list[float] = []
    monkeypatch.setattr(time, "time", lambda: now_s)
    monkeypatch.setattr(time, "sleep", waits.append)
    wait_for_later_second(int(mtime_s * SECOND_NS))
    assert waits == slept


@pytest.mark.parametrize("ahead_s", [100, 100.25, 100.999])
def test_a_file_from_the_future_is_replaced_by_one_of_the_second_after(tmp_path: Path, ahead_s: float) -> None:
    path = tmp_path / "config.py"
    path.write_bytes(b"A = 1\n")
    future_ns = (int(time.time()) + 1000) * SECOND_NS
    old_ns = future_ns + int(ahead_s * 1000) * 10**6
    os.utime(path, ns=(old_ns, old_ns))
    replaced = replace_file(read_file(path), b"A = 2\n")
    assert path.stat().st_mtime_ns == replaced.mtime_ns == future_ns + 101 * SECOND_NS


def changing(monkeypatch: pytest.MonkeyPatch, path: Path, times: int) -> list[int]:
    """Another program writes to the file while it is read, so many times; the sizes that were read."""
    pread = os.pread
    sizes: list[int] = []

    def after_a_write(fd: int, size: int, offset: int) -> bytes:
        data = pread(fd, size, offset)
        if len(sizes) < times:
            with path.open("ab") as file:
                file.write(b"#")
        sizes.append(len(data))
        return data

    monkeypatch.setattr(os, "pread", after_a_write)
    return sizes


@pytest.mark.parametrize(("times", "read"), [(0, True), (1, True), (4, True), (5, False)])
def test_a_file_that_changes_while_it_is_read_is_read_again_five_times_in_all(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, times: int, read: bool
) -> None:
    path = tmp_path / "config.py"
    path.write_bytes(b"A = 1")
    sizes = changing(monkeypatch, path, times)
    if read:
        assert read_file(path).data == b"A = 1" + b"#" * times
        assert len(sizes) == times + 1
    else:
        with pytest.raises(Conflict, match="is being written by another program"):
            read_file(path)
        assert len(sizes) == 5


@pytest.mark.parametrize(("size", "read"), [(LIMIT, True), (LIMIT + 1, False)])
def test_a_file_of_one_mebibyte_is_read_and_a_larger_one_is_not(tmp_path: Path, size: int, read: bool) -> None:
    path = tmp_path / "config.py"
    path.write_bytes(b"#" * size)
    assert size in (1048576, 1048577)
    if read:
        assert len(read_file(path).data) == size
    else:
        with pytest.raises(Unsafe, match="is larger than 1 MiB"):
            read_file(path)


def test_the_new_file_is_private_from_the_moment_it_is_made_and_ends_with_the_mode_of_the_old(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It may hold a password, and its mode is set once it belongs to the right user."""
    path = tmp_path / "config.py"
    path.write_bytes(b"A = 1\n")
    path.chmod(0o644)
    os.utime(path, (1000, 1000))
    first: list[int] = []
    fchmod = os.fchmod

    def looked_at(fd: int, mode: int) -> None:
        first.append(os.fstat(fd).st_mode & 0o777)
        fchmod(fd, mode)

    monkeypatch.setattr(os, "fchmod", looked_at)
    mask = os.umask(0)
    try:
        replace_file(read_file(path), b"A = 2\n")
    finally:
        os.umask(mask)
    assert first == [0o600] and path.stat().st_mode & 0o777 == 0o644


def old_config(folder: Path) -> Path:
    """Written long ago, so that nothing is waited for."""
    path = folder / "config.py"
    path.write_bytes(b"A = 1\n")
    path.chmod(0o640)
    os.utime(path, (1000, 1000))
    return path


def test_a_file_whose_mode_cannot_be_kept_is_not_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system without modes takes them without a word."""
    path = old_config(tmp_path)
    monkeypatch.setattr(os, "fchmod", lambda fd, mode: None)
    with pytest.raises(Unsafe, match="Owner, mode or attributes of .*config.py cannot be kept"):
        replace_file(read_file(path), b"A = 2\n")
    assert path.read_bytes() == b"A = 1\n" and [one.name for one in tmp_path.iterdir()] == ["config.py"]


def test_the_folder_is_put_on_disk_once_the_new_file_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = old_config(tmp_path)
    synced: list[tuple[Path, bytes]] = []
    monkeypatch.setattr(atomic_replace, "sync_folder", lambda folder: synced.append((folder, path.read_bytes())))
    replace_file(read_file(path), b"A = 2\n")
    assert synced == [(tmp_path, b"A = 2\n")]


def image(**other: object) -> FileImage:
    fields: dict[str, object] = {"path": Path("/t"), "data": b"A", "mode": 0o644, "uid": 1, "gid": 2, "mtime_ns": 3}
    return FileImage(**{**fields, **other})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ({}, True), ({"mtime_ns": 4}, True), ({"data": b"B"}, False), ({"mode": 0o600}, False), ({"uid": 9}, False),
        ({"gid": 9}, False), ({"xattrs": (("user.a", b""),)}, False), ({"path": Path("/u")}, False),
    ],
)  # fmt: skip
def test_two_readings_are_the_same_but_for_the_time(other: dict[str, object], same: bool) -> None:
    assert image().same(image(**other)) is same and image(**other).same(image()) is same


def test_a_temporary_name_is_hidden_beside_the_file_and_new_each_time(tmp_path: Path) -> None:
    one, other = temp_name(tmp_path / "config.py"), temp_name(tmp_path / "config.py")
    assert one.parent == tmp_path and one != other
    assert (
        one.name.startswith(".config.py.") and one.suffix == ".tmp" and len(one.name) == len(".config.py.12345678.tmp")
    )


@pytest.mark.parametrize(
    ("swap", "editor"),
    [
        (".config.py.swp", "vim"), (".config.py.swo", "vim"), (".#config.py", "Emacs"), ("#config.py#", "Emacs"),
        (".config.py.kate-swp", "Kate"), (".config.py.swn", None), ("config.py~", None),
    ],
)  # fmt: skip
def test_an_editor_is_named_by_the_file_that_it_leaves(tmp_path: Path, swap: str, editor: str | None) -> None:
    """Emacs leaves a link that leads nowhere."""
    path = tmp_path / "config.py"
    path.touch()
    (tmp_path / swap).symlink_to("user@host.1234")
    said = f"{editor} seems to have config.py open ({swap})." if editor else None
    assert open_in_editor(path) == said


@pytest.mark.parametrize("mtime_s", [1000, 1000.25])
def test_the_later_time_is_on_disk_with_the_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mtime_s: float
) -> None:
    """After a power cut behind the swap, Python must not take the bytecode of the old file for that of the new one.

    The old file is of the future, so that the new one does not get a later time by itself.
    """
    path = tmp_path / "config.py"
    path.write_bytes(b"A = 1\n")
    base_ns = (int(time.time()) + 1000) * SECOND_NS
    os.utime(path, ns=(base_ns, base_ns + int(mtime_s * SECOND_NS)))
    on_disk: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda fd: on_disk.append(os.fstat(fd).st_mtime_ns))
    with Staged(read_file(path), b"A = 2\n") as staged:
        assert on_disk == [base_ns + 1001 * SECOND_NS]
        assert staged.written.mtime_ns == staged.temp.stat().st_mtime_ns == base_ns + 1001 * SECOND_NS


def test_a_file_that_is_touched_behind_the_staging_is_replaced_by_a_later_one_all_the_same(tmp_path: Path) -> None:
    path = old_config(tmp_path)
    future_ns = (int(time.time()) + 1000) * SECOND_NS
    with Staged(read_file(path), b"A = 2\n") as staged:
        os.utime(path, ns=(future_ns, future_ns))
        assert staged.swap().mtime_ns == path.stat().st_mtime_ns == future_ns + SECOND_NS
