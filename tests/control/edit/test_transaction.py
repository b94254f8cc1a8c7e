"""What is planned and what is not: values that are there already, literals asked for twice, modes, names of backups."""

from pathlib import Path

import pytest

from tests.control.timmy_files import CHUNKS, FULL, RAW, aged
from timmy_tui.control.edit import transaction
from timmy_tui.control.edit.literal import Constant
from timmy_tui.control.edit.places import Value
from timmy_tui.control.edit.transaction import (
    Edit,
    apply,
    backup_folder,
    backup_path,
    plan,
    plan_bytes,
    write,
)
from timmy_tui.control.errors import Conflict, Refused, Unsafe
from timmy_tui.core.settings import state_dir

X = Constant("X")


@pytest.mark.parametrize(
    ("text", "value", "why"),
    [
        ("1", 1, "Nothing to change: X has that value already."),
        ("1", True, "change its type"),
        ("True", 1, "change its type"),
        ("1.0", 1, "change its type"),
        ("1", 1.0, "change its type"),
        ("'1'", 1, "change its type"),
    ],
)
def test_a_value_of_another_type_is_another_value(
    config: Path, backups: Path, text: str, value: Value, why: str
) -> None:
    """In Python 1, 1.0 and True are equal."""
    aged(config, f"X = {text}\n".encode())
    with pytest.raises(Refused, match=why):
        plan([Edit(config, X, value)], backups)


def test_all_that_is_there_already_is_named(config: Path, backups: Path) -> None:
    with pytest.raises(Refused, match="Nothing to change: USE_FULL_MEGA_PROMPT, chunks has that value already"):
        plan([Edit(config, FULL, True), Edit(config, CHUNKS, 5, "chunks")], backups)


def test_one_literal_is_changed_once(config: Path, backups: Path) -> None:
    with pytest.raises(Refused, match="NUM_RETRIEVED_CHUNKS is to be changed twice") as refused:
        plan([Edit(config, CHUNKS, 6), Edit(config, CHUNKS, 7)], backups)
    assert refused.value.lines == (12,)
    # Asked for as it is and then otherwise is one change.
    (planned,) = plan([Edit(config, CHUNKS, 5), Edit(config, FULL, False), Edit(config, CHUNKS, 7)], backups)
    assert [(one.name, one.old, one.new, one.line) for one in planned.literals] == [
        ("USE_FULL_MEGA_PROMPT", "True", "False", 8), ("NUM_RETRIEVED_CHUNKS", "5", "7", 12),
    ]  # fmt: skip


def test_a_literal_has_the_name_of_its_edit_or_of_its_place(root: Path, backups: Path) -> None:
    app = root / "v34/app.py"
    (named,), (unnamed,) = (plan([Edit(app, RAW, False, name)], backups)[0].literals for name in ("raw", ""))
    assert (named.name, unnamed.name) == ("raw", "generate_api_call(raw=)")
    assert named.old_line.endswith("raw=True, temperature=temperature)") and named.selector == RAW
    assert named.new_line == named.old_line.replace("True", "False")


@pytest.mark.parametrize(
    ("mode", "writable"),
    [(0o444, False), (0o555, False), (0o644, True), (0o464, True), (0o446, True), (0o200, True), (0o020, True)],
)
def test_a_file_that_nobody_may_write_is_left_alone(config: Path, backups: Path, mode: int, writable: bool) -> None:
    config.chmod(mode)
    if writable:
        assert plan([Edit(config, CHUNKS, 6)], backups)[0].image.mode == mode
    else:
        with pytest.raises(Unsafe, match="is marked read-only") as unsafe:
            plan([Edit(config, CHUNKS, 6)], backups)
        assert unsafe.value.hint == f"chmod u+w {config}"


def test_a_backup_is_named_by_its_file_and_its_bytes(config: Path, backups: Path) -> None:
    (planned,) = plan([Edit(config, CHUNKS, 6)], backups)
    assert planned.backup == backup_path(backups, "config.py", planned.before)
    assert planned.backup == backups / f"config.py.{planned.before[:24]}" and len(planned.before) == 64
    assert planned.temp.parent == config.parent
    assert backup_folder() == state_dir() / "backups"
    assert plan([Edit(config, CHUNKS, 6)])[0].backup.parent == backup_folder()


def test_whole_bytes_take_the_place_of_those_that_are_known(config: Path, backups: Path) -> None:
    (planned,) = plan([Edit(config, CHUNKS, 6)], backups)
    back = plan_bytes(config, planned.before, b"A = 1\n", backups)
    assert (back.before, back.literals, back.new, back.backup) == (planned.before, (), b"A = 1\n", planned.backup)
    assert plan_bytes(config, planned.before, b"A = 1\n").backup.parent == backup_folder()
    with pytest.raises(Conflict, match="was changed since; its bytes stay"):
        plan_bytes(config, planned.after, b"A = 1\n", backups)


def test_the_folder_of_every_file_is_put_on_disk(root: Path, backups: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    aged(root / "shared/own.py", b"X = 1\n")
    synced: list[Path] = []
    monkeypatch.setattr(transaction, "sync_folder", synced.append)
    config = root / "v34/config.py"
    edits = [Edit(config, CHUNKS, 6), Edit(root / "v34/app.py", RAW, False), Edit(root / "shared/own.py", X, 2)]
    applied = apply(edits, backups)
    assert sorted(synced) == [root / "shared", root / "v34"]
    times = [(root / name).stat().st_mtime_ns for name in ("v34/config.py", "v34/app.py", "shared/own.py")]
    assert list(applied.mtimes_ns) == times and len(applied.files) == 3


def test_nothing_planned_is_nothing_written(backups: Path) -> None:
    applied = write(())
    assert applied.files == () and applied.mtimes_ns == () and not backups.exists()
