"""The journal: on disk before the file, read after a crash; and the lock of the machine."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.control.timmy_files import CANARY, CHUNKS, FULL, RAW, aged, lay_out
from timmy_tui.control.boot import boot_id
from timmy_tui.control.edit.literal import find_literal
from timmy_tui.control.edit.transaction import Edit, PlannedFile, apply, plan, write
from timmy_tui.control.errors import Conflict, Refused
from timmy_tui.control.journal.write_ahead import (
    CLOSED,
    ChangeLock,
    Entry,
    FileState,
    Journal,
    Locked,
    Operation,
    classify,
    file_records,
    new_op,
    plan_rollback,
    remove_leftovers,
    reversed_edits,
)
from timmy_tui.core.errors import ControlError


class Change:
    """One operation on config.py and app.py, up to the moment before the first write."""

    def __init__(self, folder: Path) -> None:
        root = lay_out(folder / "timmy")
        self.config, self.app = root / "v34/config.py", root / "v34/app.py"
        self.backups = folder / "backups"
        self.journal = Journal(folder / "journal.jsonl")
        self.old = {path: path.read_bytes() for path in (self.config, self.app)}
        self.planned = plan([Edit(self.config, FULL, False), Edit(self.app, RAW, False)], self.backups)
        self.op = new_op()
        self.journal.append(
            Entry(op=self.op, stage="editing", label="tail mode off→on", files=file_records(self.planned))
        )

    @property
    def operation(self) -> Operation:
        (operation,) = self.journal.operations()
        return operation

    def write(self, *files: PlannedFile) -> None:
        write(files or self.planned)
        aged(self.config)
        aged(self.app)


@pytest.fixture
def change(tmp_path: Path) -> Change:
    return Change(tmp_path)


def test_every_field_is_on_disk_before_the_file_is_touched(change: Change) -> None:
    operation = change.operation
    assert change.config.read_bytes() == change.old[change.config]
    config, app = operation.files
    assert (config.path, app.path) == (str(change.config), str(change.app))
    assert (config.literals[0].name, config.literals[0].old, config.literals[0].new) == (FULL.name, "True", "False")
    assert config.before != config.after
    assert Path(config.temp).parent == change.config.parent
    assert Path(config.backup).parent == change.backups
    assert (operation.label, operation.stage, operation.open) == ("tail mode off→on", "editing", True)
    assert operation.boot_id == boot_id() != ""
    assert operation.boottime > 0 and operation.started > 0
    assert change.journal.path.stat().st_mode & 0o777 == 0o600


def test_the_journal_is_private_from_the_moment_it_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where its mode cannot be set afterwards: then no line is written."""
    journal = Journal(tmp_path / "journal.jsonl")

    def refuse(fd: int, mode: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    mask = os.umask(0)
    try:
        with monkeypatch.context() as broken:
            broken.setattr(os, "fchmod", refuse)
            with pytest.raises(ControlError, match="cannot be written: Operation not permitted"):
                journal.append(Entry(op="one", stage="editing"))
    finally:
        os.umask(mask)
    assert journal.path.stat().st_mode & 0o777 == 0o600 and journal.path.read_bytes() == b""


def test_a_journal_that_others_may_read_is_made_private(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    journal.path.touch(mode=0o644)
    journal.append(Entry(op="one", stage="editing"))
    assert journal.path.stat().st_mode & 0o777 == 0o600


def test_a_line_that_is_half_written_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    write_all = os.write
    with monkeypatch.context() as broken:
        broken.setattr(os, "write", lambda fd, data: write_all(fd, data[:-2]))
        with pytest.raises(ControlError, match="the disk is full"):
            journal.append(Entry(op="one", stage="editing", label="torn"))
    journal.append(Entry(op="two", stage="editing", label="whole"))
    assert [operation.label for operation in journal.operations()] == ["whole"]


def test_an_operation_is_the_first_line_the_newest_words_and_the_last_stage(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    lines = (
        Entry(
            op="one", stage="editing", at=10.0, boot_id="b1", boottime=1.0, label="a", strategy="reload", service="s1"
        ),
        Entry(op="two", stage="editing", at=11.0, label="b", undoes="one"),
        Entry(op="one", stage="healthy", at=12.0, boot_id="b2", boottime=2.0, label="c", service="s2", message="m"),
        Entry(op="one", stage="kept", at=13.0, boot_id="b3", boottime=3.0),
    )
    for line in lines:
        journal.append(line)
    one, two = journal.operations()
    assert one == Operation(
        op="one", stage="kept", label="c", started=10.0, at=13.0, strategy="reload", service="s2", undoes="",
        message="", boot_id="b3", boottime=3.0, files=(), begun=("b1", 1.0),
    )  # fmt: skip
    assert (two.started, two.at, two.undoes, two.begun) == (11.0, 11.0, "one", ("", 0.0))
    assert (one.open, two.open) == (False, True) and journal.open_operations() == [two]


@pytest.mark.parametrize(
    ("stage", "over"),
    [
        ("kept", True), ("rolled back", True), ("refused", True), ("needs attention", True), ("not applied", True),
        ("changed by someone else", True), ("editing", False), ("restarting", False), ("healthy", False),
        ("verifying", False), ("asking", False), ("applied", False),
    ],
)  # fmt: skip
def test_only_some_stages_end_an_operation(tmp_path: Path, stage: str, over: bool) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    journal.append(Entry(op="one", stage="editing"))
    journal.append(Entry(op="one", stage=stage))
    assert (journal.open_operations() == []) is over


def test_an_operation_is_folded_to_its_newest_stage(change: Change) -> None:
    change.journal.append(Entry(op=change.op, stage="restarting", service="123@4.5", strategy="reload"))
    change.journal.append(Entry(op="other", stage="editing"))
    change.journal.append(Entry(op=change.op, stage="kept", message="2 turns agree"))
    first, second = change.journal.operations()
    assert (first.stage, first.label, first.service, first.strategy) == (
        "kept",
        "tail mode off→on",
        "123@4.5",
        "reload",
    )
    assert first.message == "2 turns agree" and len(first.files) == 2
    assert not first.open and first.at >= first.started
    assert [operation.op for operation in change.journal.open_operations()] == [second.op] == ["other"]


@pytest.mark.parametrize("stage", sorted(CLOSED))
def test_these_stages_end_an_operation(change: Change, stage: str) -> None:
    change.journal.append(Entry(op=change.op, stage=stage))
    assert not change.operation.open


def test_a_torn_last_line_is_passed_over_and_does_not_swallow_the_next(change: Change) -> None:
    change.journal.append(Entry(op=change.op, stage="restarting"))
    data = change.journal.path.read_bytes()
    change.journal.path.write_bytes(data[:-10])
    assert change.operation.stage == "editing"
    change.journal.append(Entry(op=change.op, stage="kept"))
    assert change.operation.stage == "kept"


@given(st.binary(max_size=200), st.integers(0, 400))
def test_any_damage_behind_the_first_line_leaves_the_first_operation(tail: bytes, cut: int) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(Path(folder) / "journal.jsonl")
        journal.append(Entry(op="one", stage="editing"))
        first = journal.path.read_bytes()
        journal.append(Entry(op="two", stage="editing", label="x" * 300))
        journal.path.write_bytes((journal.path.read_bytes() + tail)[: len(first) + cut])
        assert journal.operations()[0].op == "one"
        journal.append(Entry(op="three", stage="kept"))
        assert journal.operations()[-1].op == "three"


def test_a_journal_that_cannot_be_written_stops_the_change(tmp_path: Path) -> None:
    with pytest.raises(ControlError, match="cannot be written"):
        Journal(tmp_path).append(Entry(op="a", stage="editing"))
    with pytest.raises(ControlError, match="cannot be read"):
        Journal(tmp_path).operations()
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ControlError):
        Journal(link).append(Entry(op="a", stage="editing"))


def test_a_journal_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    assert Journal(tmp_path / "absent").operations() == []


def test_s4_the_journal_holds_no_text_of_the_files_beyond_the_literals(change: Change) -> None:
    change.write()
    assert CANARY in change.config.read_bytes()
    assert CANARY not in change.journal.path.read_bytes()


def test_c6_not_applied_applied_and_half_applied_are_told_apart(change: Change) -> None:
    assert classify(change.operation) is FileState.NOT_APPLIED
    change.write(change.planned[0])
    assert classify(change.operation) is FileState.HALF_APPLIED
    change.write(change.planned[1])
    assert classify(change.operation) is FileState.APPLIED


def test_c6_an_applied_change_is_rolled_back_byte_for_byte(change: Change) -> None:
    change.write()
    write(plan_rollback(change.operation, change.backups))
    assert {path: path.read_bytes() for path in change.old} == change.old
    assert classify(change.operation) is FileState.NOT_APPLIED
    with pytest.raises(Refused, match="Nothing to undo"):
        plan_rollback(change.operation, change.backups)


def test_c6_a_half_applied_change_is_put_back(change: Change) -> None:
    change.write(change.planned[1])
    (only,) = plan_rollback(change.operation, change.backups)
    assert only.image.path == change.app
    write([only])
    assert {path: path.read_bytes() for path in change.old} == change.old


def test_c19_a_file_changed_since_is_not_overwritten_and_the_backup_is_named(change: Change) -> None:
    change.write()
    aged(change.config, change.config.read_bytes() + b"# theirs\n")
    assert classify(change.operation) is FileState.CHANGED
    with pytest.raises(Conflict, match="changed since") as conflict:
        plan_rollback(change.operation, change.backups)
    assert str(change.planned[0].backup) in conflict.value.hint
    assert change.config.read_bytes().endswith(b"# theirs\n")


def test_c19_the_one_line_alone_can_still_be_put_back(change: Change) -> None:
    change.write()
    aged(change.config, change.config.read_bytes() + b"# theirs\n")
    apply(reversed_edits(change.operation), change.backups)
    assert change.config.read_bytes() == change.old[change.config] + b"# theirs\n"
    assert find_literal(change.app.read_bytes(), RAW).value is True


def test_c19_a_damaged_backup_is_not_put_back(change: Change) -> None:
    change.write()
    change.planned[0].backup.write_bytes(b"X = 1\n")
    with pytest.raises(Refused, match="not what was kept"):
        plan_rollback(change.operation, change.backups)


def test_c19_a_file_that_is_gone_is_changed_by_someone_else(change: Change) -> None:
    change.write()
    change.app.unlink()
    assert classify(change.operation) is FileState.CHANGED


def test_leftovers_of_a_killed_change_are_removed_and_an_edit_among_them_is_kept(change: Change) -> None:
    temp = change.planned[0].temp
    temp.write_bytes(change.planned[0].new)
    half = change.backups / f".{change.planned[0].backup.name}.12345678.tmp"
    change.backups.mkdir()
    half.write_bytes(b"h")
    assert remove_leftovers(change.operation) == ()
    assert not temp.exists() and not half.exists()
    temp.write_bytes(b"USE_")
    assert remove_leftovers(change.operation) == ()
    assert not temp.exists()
    change.write()
    temp.write_bytes(b"# someone's save, displaced when we were killed\n")
    assert remove_leftovers(change.operation) == (temp,)
    assert temp.exists()


def test_an_operation_without_files_was_not_applied(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    journal.append(Entry(op="a", stage="restarting"))
    assert classify(journal.operations()[0]) is FileState.NOT_APPLIED


def test_operation_ids_are_unique(tmp_path: Path) -> None:
    assert len({new_op() for _ in range(100)}) == 100


OWNER = """
import sys
from pathlib import Path
from timmy_tui.control.journal.lock import ChangeLock
lock = ChangeLock(Path(sys.argv[1]))
lock.acquire()
print("held", flush=True)
sys.stdin.read()
"""


def test_c7_a_second_dashboard_learns_the_pid_of_the_first(tmp_path: Path) -> None:
    lock = ChangeLock(tmp_path)
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == "held\n"
        with pytest.raises(Locked) as locked:
            lock.acquire()
        found = lock.owner()
        assert found is not None and locked.value.owner == found and found.pid == owner.pid
        assert str(owner.pid) in locked.value.message
        assert not lock.held
        owner.kill()
    lock.acquire()
    assert lock.held and lock.owner() == (os.getpid(), None, "")
    lock.release()
    assert not lock.held and lock.owner() is None


def test_c7_the_lock_of_one_process_is_not_taken_twice(tmp_path: Path) -> None:
    with ChangeLock(tmp_path) as first:
        first.acquire()
        with pytest.raises(Locked) as locked:
            ChangeLock(tmp_path).acquire()
        assert locked.value.owner.pid == os.getpid()
    with ChangeLock(tmp_path) as again:
        assert again.held
    again.release()


def test_c7_a_state_folder_that_is_gone_is_an_error_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(ControlError, match="change.lock"):
        ChangeLock(tmp_path / "absent").acquire()


def test_c19_another_change_of_the_same_file_is_not_ours(change: Change) -> None:
    apply([Edit(change.config, CHUNKS, 9)], change.backups)
    assert classify(change.operation) is FileState.CHANGED
