"""Someone else saves the same file: before, during and in the last microsecond of our write. Their bytes stay."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.control.timmy_files import FULL, aged, temps
from timmy_tui.control.edit import atomic_replace
from timmy_tui.control.edit.literal import Constant, find_literal
from timmy_tui.control.edit.renameat2 import exchange
from timmy_tui.control.edit.transaction import Edit, apply, plan, write
from timmy_tui.control.errors import Conflict


def by_rename(path: Path, data: bytes) -> None:
    saved = path.with_name("saved")
    saved.write_bytes(data)
    os.replace(saved, path)


def in_place(path: Path, data: bytes) -> None:
    with path.open("r+b") as file:
        file.write(data)
        file.truncate()


SAVES = pytest.mark.parametrize("save", [by_rename, in_place])
Save = Callable[[Path, bytes], None]


def save_before_each_exchange(monkeypatch: pytest.MonkeyPatch, config: Path, *contents: bytes) -> None:
    """Somebody saves these contents, one in the last moment before each exchange of the two files."""
    coming = list(contents)

    def after_a_save(one: Path, other: Path) -> bool:
        if coming:
            by_rename(config, coming.pop(0))
        return exchange(one, other)

    monkeypatch.setattr(atomic_replace, "exchange", after_a_save)


@SAVES
def test_c4_a_save_after_the_preview_stays(config: Path, backups: Path, save: Save) -> None:
    planned = plan([Edit(config, FULL, False)], backups)
    theirs = config.read_bytes() + b"# theirs\n"
    save(config, theirs)
    with pytest.raises(Conflict, match="no longer what was shown"):
        write(planned)
    assert config.read_bytes() == theirs
    assert not temps(config.parent)


def test_c4_a_save_by_rename_in_the_last_moment_stays(
    config: Path, backups: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = config.read_bytes() + b"# theirs\n"
    save_before_each_exchange(monkeypatch, config, theirs)
    with pytest.raises(Conflict):
        apply([Edit(config, FULL, False)], backups)
    assert config.read_bytes() == theirs
    assert not temps(config.parent)


def test_c4_of_two_saves_in_the_last_moment_the_newest_stays_and_the_other_is_named(
    config: Path, backups: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = b"# first\n", b"# second\n"
    save_before_each_exchange(monkeypatch, config, first, second)
    with pytest.raises(Conflict) as conflict:
        apply([Edit(config, FULL, False)], backups)
    assert config.read_bytes() == second
    (left,) = temps(config.parent)
    assert (config.parent / left).read_bytes() == first
    assert left in conflict.value.message


def test_c4_a_writer_that_waits_for_the_file_gets_it_back(
    config: Path, backups: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An open for writing that begins before the swap, and that the lease holds up until after it."""
    script = f"import sys; file = open({str(config)!r}, 'ab'); file.write(b'# theirs' + bytes([10])); file.close()"
    editor: list[subprocess.Popen[bytes]] = []

    def after_an_open(one: Path, other: Path) -> bool:
        if not editor:
            editor.append(subprocess.Popen([sys.executable, "-c", script]))
            blocked = Path(f"/proc/{editor[0].pid}/wchan")
            deadline = time.monotonic() + 5
            while "lease" not in blocked.read_text() and time.monotonic() < deadline and editor[0].poll() is None:
                time.sleep(0.005)
        return exchange(one, other)

    monkeypatch.setattr(atomic_replace, "exchange", after_an_open)
    with pytest.raises(Conflict):
        apply([Edit(config, FULL, False)], backups)
    assert editor[0].wait(20) == 0
    assert config.read_bytes().endswith(b"# theirs\n")
    assert find_literal(config.read_bytes(), FULL).value is True


def test_c4_a_file_that_is_open_for_writing_is_left_alone(config: Path, backups: Path) -> None:
    with config.open("r+b"), pytest.raises(Conflict, match="being written"):
        apply([Edit(config, FULL, False)], backups)
    assert find_literal(config.read_bytes(), FULL).value is True
    assert not temps(config.parent)


def test_c4_without_exchange_a_save_before_the_comparison_still_stays(
    config: Path, backups: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(atomic_replace, "exchange", lambda one, other: False)
    planned = plan([Edit(config, FULL, False)], backups)
    by_rename(config, b"# theirs\n")
    with pytest.raises(Conflict):
        write(planned)
    assert config.read_bytes() == b"# theirs\n"
    apply([Edit(aged(config, b"X = 1\n"), Constant("X"), 2)], backups)
    assert config.read_bytes() == b"X = 2\n"
    assert not temps(config.parent)
