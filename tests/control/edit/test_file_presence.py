"""A file that appears or goes away: in one step, with all others or not at all, never over somebody else's work."""

import ctypes
import errno
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.control.timmy_files import aged, temps
from timmy_tui.control.edit import file_presence
from timmy_tui.control.edit.atomic_replace import FileImage, Staged, read_file, temp_name
from timmy_tui.control.edit.file_presence import Folders, StagedNew, StagedRemoval, absent
from timmy_tui.control.edit.renameat2 import rename_new
from timmy_tui.control.edit.transaction import HalfDone, plan_bytes, plan_new, plan_removal, write
from timmy_tui.control.errors import Conflict, Refused, Unsafe

SAVED = b"SAVED = 1\n"


@pytest.fixture
def new(root: Path) -> Path:
    """A name in v34/ that nothing has."""
    return root / "v34/new.py"


def removal(path: Path) -> StagedRemoval:
    return StagedRemoval(read_file(path), temp_name(path))


# -- rename_new


@pytest.fixture(params=["one step", "a hard link"])
def both_ways(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a system with the rename that spares a taken name, and on one without."""
    if request.param == "a hard link":
        monkeypatch.setattr(ctypes, "get_errno", lambda: errno.EINVAL)


@pytest.mark.usefixtures("both_ways")
def test_a_name_is_taken_only_while_it_is_free(config: Path, new: Path) -> None:
    old = config.read_bytes()
    beside = aged(config.with_name("beside"), SAVED)
    with pytest.raises(FileExistsError):
        rename_new(beside, config)
    assert config.read_bytes() == old and beside.read_bytes() == SAVED
    rename_new(beside, new)
    assert new.read_bytes() == SAVED and not beside.exists() and new.stat().st_nlink == 1
    with pytest.raises(FileNotFoundError):
        rename_new(beside, new.with_name("newer.py"))


# -- appearing


def test_a_new_file_is_like_any_that_this_process_makes(new: Path) -> None:
    umask = os.umask(0)
    try:
        for mask, executable, mode in (
            (0o027, False, 0o640),
            (0o027, True, 0o750),
            (0, False, 0o666),
            (0, True, 0o777),
        ):
            os.umask(mask)
            with StagedNew(absent(new, executable), SAVED) as staged:
                assert not new.exists()
                made = staged.swap()
            info = new.stat()
            assert (info.st_mode & 0o777, info.st_uid, info.st_gid) == (mode, os.geteuid(), os.getegid())
            assert made == read_file(new) and made.data == SAVED
            new.unlink()
    finally:
        os.umask(umask)


def test_a_new_file_that_is_not_let_appear_leaves_nothing(new: Path) -> None:
    with StagedNew(absent(new), SAVED):
        assert temps(new.parent)
    assert not temps(new.parent) and not new.exists()


def test_what_took_the_name_stays(new: Path) -> None:
    with StagedNew(absent(new), SAVED) as staged:
        new.symlink_to("nowhere")
        with pytest.raises(Conflict, match="new.py has appeared since it was shown; it stays"):
            staged.swap()
    assert os.readlink(new) == "nowhere" and not temps(new.parent)


def test_a_plan_for_a_name_that_is_taken_is_refused(config: Path, backups: Path, new: Path) -> None:
    with pytest.raises(Conflict, match="config.py exists; it stays"):
        plan_new(absent(config), SAVED, backups=backups)
    planned = plan_new(absent(new), SAVED, backups=backups)
    assert (planned.before, planned.literals, planned.removes) == ("", (), False) and len(planned.after) == 64
    write((planned,))
    assert new.read_bytes() == SAVED and planned.backup.read_bytes() == b""


# -- going away


def test_a_file_goes_away(config: Path, backups: Path) -> None:
    old = read_file(config)
    planned = plan_removal(config, old.sha256, backups=backups)
    assert (planned.before, planned.after) == (old.sha256, "")
    write((planned,))
    assert not config.exists() and planned.backup.read_bytes() == old.data and not temps(config.parent)
    with pytest.raises(Unsafe):
        plan_removal(config, old.sha256, backups=backups)


def test_a_file_that_is_not_what_is_known_does_not_go_away(config: Path, backups: Path) -> None:
    with pytest.raises(Conflict, match="was changed since; its bytes stay"):
        plan_removal(config, "0" * 64, backups=backups)
    staged = removal(config)
    config.write_bytes(SAVED)
    with pytest.raises(Conflict, match="no longer what was shown"):
        staged.swap()
    assert config.read_bytes() == SAVED
    with config.open("r+b"), pytest.raises(Conflict, match="is being written by another program"):
        removal(config).swap()
    assert config.read_bytes() == SAVED and not temps(config.parent)


def test_a_save_in_the_last_moment_comes_back(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def after_a_save(old: Path, new: Path) -> None:
        beside = aged(config.with_name("beside"), SAVED)
        os.replace(beside, config)
        rename(old, new)

    rename = os.rename
    staged = removal(config)
    monkeypatch.setattr(os, "rename", after_a_save)
    with pytest.raises(Conflict, match="no longer what was shown"):
        staged.swap()
    assert config.read_bytes() == SAVED and not temps(config.parent)


def test_two_saves_in_the_last_moment_are_both_there(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def between_two_saves(old: Path, new: Path) -> None:
        # As editors save. To open it for writing waits for the lease on it: in one process, for 45 s.
        os.replace(beside, config)
        rename(old, new)
        config.write_bytes(b"SAVED = 2\n")

    rename, beside = os.rename, aged(config.with_name("beside"), SAVED)
    staged = removal(config)
    monkeypatch.setattr(os, "rename", between_two_saves)
    with pytest.raises(Conflict, match="An earlier state of it is kept in") as conflict:
        staged.swap()
    assert config.read_bytes() == b"SAVED = 2\n"
    assert staged.temp.read_bytes() == SAVED and str(staged.temp) in conflict.value.reason


def test_a_folder_that_takes_the_name_of_the_file_comes_back(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def after_a_folder(old: Path, new: Path) -> None:
        config.unlink()
        config.mkdir()
        rename(old, new)

    rename = os.rename
    staged = removal(config)
    monkeypatch.setattr(os, "rename", after_a_folder)
    with pytest.raises(Conflict, match="no longer what was shown"):
        staged.swap()
    assert config.is_dir() and not temps(config.parent)


# -- with others


@pytest.fixture
def several(root: Path, backups: Path, new: Path) -> Callable[[], object]:
    """Replace config.py, make new.py, remove llm.py, then replace app.py, which was saved at the last moment."""
    config, llm, app = (root / "v34" / name for name in ("config.py", "llm.py", "app.py"))
    llm.chmod(0o640)
    planned = (
        plan_bytes(config, read_file(config).sha256, b"A = 1\n", backups),
        plan_new(absent(new), SAVED, backups=backups),
        plan_removal(llm, read_file(llm).sha256, backups=backups),
        plan_bytes(app, read_file(app).sha256, b"A = 1\n", backups),
    )
    return partial(write, planned)


def saving_app(monkeypatch: pytest.MonkeyPatch, root: Path, also: Callable[[], object] = lambda: None) -> None:
    swap = Staged.swap

    def after_a_save(staged: Staged) -> FileImage:
        if staged.image.path.name == "app.py":
            staged.image.path.write_bytes(SAVED)
            also()
        return swap(staged)

    monkeypatch.setattr(Staged, "swap", after_a_save)


def test_all_are_put_back_when_the_last_one_fails(
    root: Path, several: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {path: read_file(path) for path in (root / "v34").iterdir()}
    saving_app(monkeypatch, root)
    with pytest.raises(Conflict, match="app.py is no longer what was shown"):
        several()
    after = {path: read_file(path) for path in (root / "v34").iterdir()}
    assert after.keys() == before.keys()
    assert [path.name for path in before if not after[path].same(before[path])] == ["app.py"]


def test_what_cannot_be_removed_again_is_said(
    root: Path, new: Path, several: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    saving_app(monkeypatch, root, also=lambda: new.write_bytes(b"SAVED = 'too'\n"))
    with pytest.raises(HalfDone, match="new.py is changed and could not be put back"):
        several()
    assert new.read_bytes() == b"SAVED = 'too'\n"


# -- folders


def test_folders_are_made_and_the_empty_ones_removed(root: Path) -> None:
    folders = (root / "v34/a", root / "v34/a/b")
    with Folders(folders, make=True):
        assert folders[1].is_dir()
    assert not folders[0].exists()
    with Folders(folders, make=True):
        (folders[0] / "x").touch()
    assert folders[0].is_dir() and not folders[1].exists()
    with Folders(folders, make=False):
        assert not folders[1].exists()
        (folders[0] / "x").unlink()
    assert not folders[0].exists()


def test_a_folder_that_cannot_be_removed_keeps_no_other_one(root: Path) -> None:
    folders = (root / "v34/a", root / "v34/b", root / "v34/c")
    with Folders(folders, make=True):
        (folders[2] / "x").touch()
        folders[1].rmdir()
        folders[1].touch()
    assert [folder.exists() for folder in folders] == [False, True, True]


def test_a_folder_that_is_a_link_or_a_file_by_now_is_not_written_into(
    root: Path, tmp_path: Path, backups: Path
) -> None:
    folder = root / "v34/tools"
    planned = plan_new(absent(folder / "x.py"), SAVED, (folder,), backups)
    (tmp_path / "elsewhere").mkdir()
    folder.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Conflict, match="has appeared since it was shown, and is a symbolic link"):
        write((planned,))
    assert not list((tmp_path / "elsewhere").iterdir())
    folder.unlink()
    folder.write_text("a file")
    with pytest.raises(Unsafe, match="tools cannot be made: File exists"):
        write((planned,))


@pytest.mark.parametrize("made", [1, 2])
def test_a_folder_that_cannot_be_made_leaves_none_of_those_around_it(
    root: Path, monkeypatch: pytest.MonkeyPatch, made: int
) -> None:
    folders = (root / "v34/a", root / "v34/a/b", root / "v34/a/b/c")
    mkdir = Path.mkdir

    def until_the_disk_is_full(folder: Path, exist_ok: bool) -> None:
        if folder == folders[made]:
            raise OSError(errno.ENOSPC, "No space left on device")
        mkdir(folder, exist_ok=exist_ok)

    monkeypatch.setattr(Path, "mkdir", until_the_disk_is_full)
    with pytest.raises(Unsafe, match=f"{folders[made].name} cannot be made: No space left on device"):
        Folders(folders, make=True).__enter__()
    assert not folders[0].exists() and (root / "v34").is_dir()


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EACCES, errno.EROFS])
def test_a_system_that_refuses_is_said_in_its_words(
    new: Path, config: Path, monkeypatch: pytest.MonkeyPatch, error: int
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(error, os.strerror(error))

    old = config.read_bytes()
    monkeypatch.setattr(file_presence, "rename_new", refuse)
    with StagedNew(absent(new), SAVED) as staged, pytest.raises(Refused, match=os.strerror(error)):
        staged.swap()
    monkeypatch.setattr(os, "rename", refuse)
    with pytest.raises(Refused, match=f"config.py cannot be removed: {os.strerror(error)}"):
        removal(config).swap()
    assert config.read_bytes() == old and not new.exists() and not temps(new.parent)
