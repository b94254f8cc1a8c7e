"""Writing a change: in one step, only while the file is what was shown, all files or none."""

import errno
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.control.timmy_files import CHUNKS, FULL, RAW, aged, temps
from timmy_tui.control.edit import atomic_replace, transaction
from timmy_tui.control.edit.atomic_replace import LIMIT, open_in_editor, read_file, replace_file, temp_name
from timmy_tui.control.edit.literal import Constant, find_literal
from timmy_tui.control.edit.transaction import Edit, HalfDone, apply, plan, plan_bytes, write
from timmy_tui.control.errors import Conflict, Refused, Unsafe

NOBODY = 65534


def test_an_edit_changes_the_bytes_of_the_literal_and_keeps_a_private_copy(config: Path, backups: Path) -> None:
    old = config.read_bytes()
    applied = apply([Edit(config, FULL, False)], backups)
    assert config.read_bytes() == old.replace(b"USE_FULL_MEGA_PROMPT = True", b"USE_FULL_MEGA_PROMPT = False")
    (file,) = applied.files
    assert file.backup.read_bytes() == old
    assert file.backup.stat().st_mode & 0o777 == 0o600
    assert backups.stat().st_mode & 0o777 == 0o700
    assert file.literals[0].old_line == "USE_FULL_MEGA_PROMPT = True"
    assert file.literals[0].new_line == "USE_FULL_MEGA_PROMPT = False"
    assert not temps(config.parent) and not temps(backups)


def test_the_write_is_timed_on_the_boot_clock(config: Path, backups: Path) -> None:
    before = time.clock_gettime(time.CLOCK_BOOTTIME)
    applied = apply([Edit(config, FULL, False)], backups)
    assert before < applied.boottime <= time.clock_gettime(time.CLOCK_BOOTTIME)
    assert applied.mtimes_ns == (config.stat().st_mtime_ns,)


def test_several_literals_in_two_files_are_one_change(root: Path, backups: Path) -> None:
    config, app = root / "v34/config.py", root / "v34/app.py"
    applied = apply([Edit(config, FULL, False), Edit(app, RAW, False), Edit(config, CHUNKS, 12)], backups)
    assert [file.image.path for file in applied.files] == [config, app]
    assert [literal.new for literal in applied.files[0].literals] == ["False", "12"]
    assert find_literal(config.read_bytes(), CHUNKS).value == 12
    assert find_literal(app.read_bytes(), RAW).value is False


def test_nothing_is_written_when_one_of_the_edits_is_refused(root: Path, backups: Path) -> None:
    config, app = root / "v34/config.py", root / "v34/app.py"
    old = config.read_bytes()
    with pytest.raises(Refused, match="DB_CONFIG"):
        apply([Edit(app, RAW, False), Edit(config, FULL, False), Edit(config, Constant("DB_CONFIG"), "a")], backups)
    assert config.read_bytes() == old
    assert find_literal(app.read_bytes(), RAW).value is True
    assert not backups.exists()


def test_a_value_that_is_there_already_is_nothing_to_change(root: Path, backups: Path) -> None:
    config, app = root / "v34/config.py", root / "v34/app.py"
    with pytest.raises(Refused, match="Nothing to change"):
        plan([Edit(config, FULL, True)], backups)
    (only,) = plan([Edit(config, FULL, True), Edit(app, RAW, False)], backups)
    assert only.image.path == app


def test_of_several_files_none_is_touched_when_one_was_saved_since(root: Path, backups: Path) -> None:
    """Replaced and put back, the first one would be two edits to a reloader."""
    config, app = root / "v34/config.py", root / "v34/app.py"
    old, before = config.read_bytes(), config.stat()
    planned = plan([Edit(config, FULL, False), Edit(app, RAW, False)], backups)
    app.write_bytes(app.read_bytes() + b"# saved meanwhile\n")
    with pytest.raises(Conflict, match="app.py"):
        write(planned)
    assert config.read_bytes() == old
    assert (config.stat().st_mtime_ns, config.stat().st_ino) == (before.st_mtime_ns, before.st_ino)
    assert app.read_bytes().endswith(b"# saved meanwhile\n")
    assert not temps(config.parent)


def test_the_first_file_is_put_back_when_the_second_fails(
    root: Path, backups: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, app = root / "v34/config.py", root / "v34/app.py"
    old = config.read_bytes()
    planned = plan([Edit(config, FULL, False), Edit(app, RAW, False)], backups)
    swap = atomic_replace.Staged.swap

    def after_a_save(staged: atomic_replace.Staged) -> atomic_replace.FileImage:
        if staged.image.path == app:
            app.write_bytes(app.read_bytes() + b"# saved meanwhile\n")
        return swap(staged)

    monkeypatch.setattr(atomic_replace.Staged, "swap", after_a_save)
    with pytest.raises(Conflict, match="app.py"):
        write(planned)
    assert config.read_bytes() == old
    assert app.read_bytes().endswith(b"# saved meanwhile\n")
    assert not temps(config.parent)


def test_a_file_that_cannot_be_put_back_is_said_with_its_backup(
    root: Path, backups: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, app = root / "v34/config.py", root / "v34/app.py"
    planned = plan([Edit(config, FULL, False), Edit(app, RAW, False)], backups)
    swap = atomic_replace.Staged.swap

    def after_a_save_of_the_other(staged: atomic_replace.Staged) -> atomic_replace.FileImage:
        if staged.image.path == app:
            app.write_bytes(app.read_bytes() + b"# saved meanwhile\n")
        return swap(staged)

    def after_another_save(image: atomic_replace.FileImage, new: bytes) -> atomic_replace.FileImage:
        config.write_bytes(config.read_bytes() + b"# saved too\n")
        return replace_file(image, new)

    monkeypatch.setattr(atomic_replace.Staged, "swap", after_a_save_of_the_other)
    monkeypatch.setattr(transaction, "replace_file", after_another_save)
    with pytest.raises(HalfDone) as half:
        write(planned)
    assert str(planned[0].backup) in half.value.hint
    assert config.read_bytes().endswith(b"# saved too\n")


def test_c5_mode_owner_and_attributes_are_kept(config: Path, backups: Path) -> None:
    config.chmod(0o640)
    os.setxattr(config, "user.note", b"mine")
    if os.geteuid() == 0:
        os.chown(config, NOBODY, NOBODY)
    before = config.stat()
    apply([Edit(config, FULL, False)], backups)
    after = config.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
    assert os.getxattr(config, "user.note") == b"mine"


def test_c5_a_symbolic_link_stays_one_and_its_target_is_edited(config: Path, backups: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.py"
    link.symlink_to(config)
    apply([Edit(link, FULL, False)], backups)
    assert link.is_symlink()
    assert find_literal(config.read_bytes(), FULL).value is False


def test_c5_a_file_marked_read_only_is_refused(config: Path, backups: Path) -> None:
    config.chmod(0o444)
    with pytest.raises(Unsafe, match="read-only"):
        apply([Edit(config, FULL, False)], backups)


def test_c5_a_hard_link_is_refused(config: Path, backups: Path, tmp_path: Path) -> None:
    os.link(config, tmp_path / "other.py")
    with pytest.raises(Unsafe, match="2 names"):
        apply([Edit(config, FULL, False)], backups)


def test_c5_what_is_not_a_small_regular_file_is_refused(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo.py"
    os.mkfifo(fifo)
    loop = tmp_path / "loop.py"
    loop.symlink_to(loop)
    large = tmp_path / "large.py"
    large.write_bytes(b"#" * (LIMIT + 1))
    for path in (fifo, tmp_path, Path("/dev/null"), loop, large, tmp_path / "absent.py"):
        with pytest.raises(Unsafe):
            read_file(path)


AS_NOBODY = """
import sys
from pathlib import Path
from timmy_tui.control.edit.transaction import Edit, apply
from timmy_tui.control.edit.literal import Constant
from timmy_tui.control.errors import Unsafe
try:
    apply([Edit(Path(sys.argv[1]), Constant("X"), 2)], Path(sys.argv[2]))
except Unsafe as unsafe:
    print(unsafe.message)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="needs a second user")
@pytest.mark.parametrize(("owner", "mode"), [(0, 0o777), (NOBODY, 0o555)])
def test_c5_another_owner_and_a_read_only_folder_are_refused(owner: int, mode: int) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as open_to_all:
        folder = Path(open_to_all)
        folder.chmod(0o777)
        place = folder / "v34"
        place.mkdir()
        config = aged(place / "config.py", b"X = 1\n")
        config.chmod(0o666)
        os.chown(config, owner, owner)
        place.chmod(mode)
        argv = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
        source = str(Path(__file__).parents[3])
        done = subprocess.run(
            [*argv, sys.executable, "-c", AS_NOBODY, str(config), str(folder / "backups")],
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": source, "PYTHONDONTWRITEBYTECODE": "1"},
            timeout=30,
        )
        assert "cannot be replaced" in done.stdout, done.stderr
        assert config.read_bytes() == b"X = 1\n"
        assert temps(place) == []


def test_c5_a_full_disk_leaves_the_old_bytes_and_no_temp(
    config: Path, backups: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned = plan([Edit(config, FULL, False)], backups)
    old = config.read_bytes()
    written = 0
    really = os.write

    def full(fd: int, data: bytes) -> int:
        nonlocal written
        if written:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written += really(fd, data[:16])
        return written

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(Unsafe, match="No space left"):
        write(planned)
    assert written == 16
    assert config.read_bytes() == old
    assert temps(config.parent) == []


def test_nothing_is_touched_when_the_backup_cannot_be_written(config: Path, backups: Path) -> None:
    backups.write_bytes(b"a file where the folder should be")
    info = config.stat()
    with pytest.raises(Unsafe, match="backup"):
        apply([Edit(config, FULL, False)], backups)
    assert (config.stat().st_ino, config.stat().st_mtime_ns) == (info.st_ino, info.st_mtime_ns)


def test_c8_the_time_is_in_a_later_whole_second(config: Path, backups: Path) -> None:
    apply([Edit(config, CHUNKS, 6)], backups)
    first = config.stat().st_mtime_ns
    apply([Edit(config, CHUNKS, 7)], backups)
    assert config.stat().st_mtime_ns // 10**9 > first // 10**9
    assert config.stat().st_mtime <= time.time()


def test_c8_a_file_from_the_future_gets_a_later_time_without_a_wait(config: Path, backups: Path) -> None:
    ahead = int(time.time()) + 1000
    os.utime(config, (ahead, ahead))
    apply([Edit(config, CHUNKS, 6)], backups)
    assert config.stat().st_mtime == ahead + 1


def test_c8_a_new_process_reads_the_new_value_although_bytecode_was_kept(tmp_path: Path) -> None:
    """Bytecode is keyed by whole second and size: 5 → 8 in one second would run the old value."""
    config = tmp_path / "config.py"
    config.write_bytes(b"N = 5\n")
    argv = [sys.executable, "-c", "import config; print(config.N)"]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}

    def run() -> str:
        return subprocess.run(argv, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=30).stdout

    assert run() == "5\n"
    assert list((tmp_path / "__pycache__").iterdir())
    apply([Edit(config, Constant("N"), 8)], tmp_path / "backups")
    assert run() == "8\n"


def test_the_temp_name_is_one_that_a_reloader_does_not_watch(config: Path) -> None:
    name = temp_name(config)
    assert name.parent == config.parent
    assert name.name.startswith(".config.py.") and name.suffix == ".tmp"


def test_a_rollback_of_bytes_refuses_a_file_that_was_changed(config: Path, backups: Path) -> None:
    image = read_file(config)
    config.write_bytes(b"X = 1\n")
    with pytest.raises(Conflict, match="changed since"):
        plan_bytes(config, image.sha256, image.data, backups)


def test_replacing_gives_an_image_that_can_be_replaced_again(config: Path) -> None:
    first = replace_file(read_file(config), b"X = 1\n")
    assert first.same(read_file(config))
    assert first.mtime_ns == config.stat().st_mtime_ns
    replace_file(aged_image(config), b"X = 2\n")
    assert config.read_bytes() == b"X = 2\n"


def aged_image(path: Path) -> atomic_replace.FileImage:
    return read_file(aged(path))


@pytest.mark.parametrize("swap", [".config.py.swp", ".#config.py", ".config.py.kate-swp"])
def test_an_open_editor_is_told_from_its_swap_file(config: Path, swap: str) -> None:
    assert open_in_editor(config) is None
    (config.parent / swap).symlink_to("user@host.123:1")
    sentence = open_in_editor(config)
    assert sentence is not None and swap in sentence


def test_messages_and_representations_hold_no_bytes_of_the_file(config: Path, backups: Path) -> None:
    planned = plan([Edit(config, FULL, False)], backups)
    assert "canary" not in repr(planned) and "canary" not in repr(planned[0].image)
