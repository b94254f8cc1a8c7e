"""The write-ahead journal of changes: written before a file is touched, read at the next start."""

import errno
import os
import secrets
import shlex
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from enum import StrEnum
from glob import escape
from pathlib import Path

import msgspec
from msgspec import Struct

from timmy_tui.control.boot import boot_id
from timmy_tui.control.edit.atomic_replace import read_file
from timmy_tui.control.edit.file_presence import Folders, absent
from timmy_tui.control.edit.selectors import place_of
from timmy_tui.control.edit.transaction import Edit, PlannedFile, plan_bytes, plan_new, plan_removal
from timmy_tui.control.errors import Conflict, Refused
from timmy_tui.control.journal.lock import ChangeLock, Locked
from timmy_tui.core.errors import ControlError
from timmy_tui.core.foreign.decode import Unreadable, decode_as

__all__ = [
    "CLOSED",
    "ChangeLock",
    "Entry",
    "FileRecord",
    "FileState",
    "Journal",
    "LiteralRecord",
    "Locked",
    "Operation",
]

ROLLED_BACK = "rolled back"
ASKING = "asking"
"""Stage of a change that waits for the user's answer; open, so that the next start asks again."""
CLOSED = frozenset({"kept", ROLLED_BACK, "needs attention", "not applied", "changed by someone else", "refused"})
"""Stages that end an operation; any other leaves it open for the next start."""


class LiteralRecord(Struct, frozen=True):
    """One literal of a change, as written in the file; the only text of a file that the journal holds."""

    name: str
    old: str
    new: str
    line: int = 0
    selector: str = ""
    """``NAME``, ``function(keyword=)``, or ``"key"`` of a JSON object."""


class FileRecord(Struct, frozen=True):
    """One file of a change."""

    path: str
    before: str
    """SHA-256 of the whole file; empty where the change makes it."""
    after: str
    """The same; empty where the change removes it."""
    backup: str
    temp: str
    literals: tuple[LiteralRecord, ...] = ()
    mode: int = 0
    """Of a file that the change removes."""
    folders: tuple[str, ...] = ()
    """Folders that did not exist before the file, outermost first."""


class Entry(Struct, frozen=True, kw_only=True):
    """One line: an operation has reached a stage. The first line of an operation names its files."""

    op: str
    stage: str
    """A ChangeState value, or one of CLOSED."""
    at: float = 0.0
    """Seconds since the epoch; set by ``append`` when 0."""
    boot_id: str = ""
    boottime: float = 0.0
    label: str = ""
    strategy: str = ""
    service: str = ""
    """Identity of the process that serves v34: ``<boot>:<pid>:<start>``."""
    undoes: str = ""
    """The operation that this one rolls back."""
    message: str = ""
    files: tuple[FileRecord, ...] = ()


class Operation(Struct, frozen=True, kw_only=True):
    """The lines of one operation as one value: the stage of the newest line, the files of the line that names them."""

    op: str
    stage: str
    label: str
    started: float
    at: float
    """Of the newest line."""
    strategy: str
    service: str
    undoes: str
    message: str
    boot_id: str
    boottime: float
    files: tuple[FileRecord, ...]
    begun: tuple[str, float]
    """Boot id and boot-clock time of the first line, which is written before the files are touched."""

    @property
    def open(self) -> bool:
        """It has not ended: it still runs, or was killed."""
        return self.stage not in CLOSED


class FileState(StrEnum):
    """Which version of an operation's files is on disk."""

    NOT_APPLIED = "not applied"
    APPLIED = "applied"
    HALF_APPLIED = "half applied"
    """Some files hold the new bytes and some the old: the program was killed between two of them."""
    CHANGED = "changed by someone else"


class Journal:
    """Append-only JSON lines, each flushed to disk when it is written; file mode 0600."""

    def __init__(self, path: Path) -> None:
        """The first ``append`` makes the file."""
        self.path = path

    def append(self, entry: Entry) -> None:
        """Write one line and fsync it. Raises ControlError when it cannot: then the change must not be made."""
        if not entry.at:
            entry = msgspec.structs.replace(
                entry, at=time.time(), boottime=time.clock_gettime(time.CLOCK_BOOTTIME), boot_id=boot_id()
            )
        try:
            flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
            fd = os.open(self.path, flags, 0o600)
            try:
                os.fchmod(fd, 0o600)
                line = msgspec.json.encode(entry) + b"\n"
                # a crash may have left half a line; this one must not be joined to it
                line = line if _ends_with_newline(fd) else b"\n" + line
                if os.write(fd, line) != len(line):
                    raise OSError(errno.ENOSPC, "the disk is full")
                os.fsync(fd)
            finally:
                os.close(fd)
        except OSError as error:
            raise ControlError(f"The journal {self.path} cannot be written: {error.strerror}.") from None

    def operations(self) -> list[Operation]:
        """All operations, oldest first; a line that cannot be decoded is ignored.

        Raises ControlError when the file exists and cannot be read: then it is not known what is open.
        """
        try:
            lines = self.path.read_bytes().split(b"\n")
        except FileNotFoundError:
            return []
        except OSError as error:
            raise ControlError(f"The journal {self.path} cannot be read: {error.strerror}.") from None
        entries: dict[str, list[Entry]] = {}
        for line in lines:
            entry = decode_as(line, Entry)
            if not isinstance(entry, Unreadable):
                entries.setdefault(entry.op, []).append(entry)
        return [fold(lines_of_one) for lines_of_one in entries.values()]

    def open_operations(self) -> list[Operation]:
        """Those that have not ended; at the start of the program: those that a crash left."""
        return [operation for operation in self.operations() if operation.open]


def _ends_with_newline(fd: int) -> bool:
    size = os.fstat(fd).st_size
    return size == 0 or os.pread(fd, 1, size - 1) == b"\n"


def fold(entries: Sequence[Entry]) -> Operation:
    """One operation from its lines, oldest first: start from the first, stage and message from the last."""
    first, last = entries[0], entries[-1]

    def newest(field: str) -> str:
        return next((text for entry in reversed(entries) if (text := str(getattr(entry, field)))), "")

    return Operation(
        op=first.op,
        stage=last.stage,
        label=newest("label"),
        started=first.at,
        at=last.at,
        strategy=newest("strategy"),
        service=newest("service"),
        undoes=newest("undoes"),
        message=last.message,
        boot_id=last.boot_id,
        boottime=last.boottime,
        files=next((entry.files for entry in reversed(entries) if entry.files), ()),
        begun=(first.boot_id, first.boottime),
    )


def new_op() -> str:
    """A fresh operation id: sortable by time, unique."""
    return f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{secrets.token_hex(3)}"


def file_records(planned: Sequence[PlannedFile]) -> tuple[FileRecord, ...]:
    """The files of an operation as its first line holds them."""
    return tuple(
        FileRecord(
            path=str(file.image.path),
            before=file.before,
            after=file.after,
            backup=str(file.backup),
            temp=str(file.temp),
            literals=tuple(
                LiteralRecord(literal.name, literal.old, literal.new, literal.line, str(literal.selector or ""))
                for literal in file.literals
            ),
            mode=file.image.mode if file.removes else 0,
            folders=tuple(map(str, file.folders)),
        )
        for file in planned
    )


def classify(operation: Operation) -> FileState:
    """Compare the files' hashes with the operation's; changes nothing. NOT_APPLIED for an operation without files."""
    states = {_file_state(file) for file in operation.files}
    if FileState.CHANGED in states:
        return FileState.CHANGED
    if len(states) == 2:
        return FileState.HALF_APPLIED
    return states.pop() if states else FileState.NOT_APPLIED


def _file_state(file: FileRecord) -> FileState:
    try:
        sha256 = read_file(Path(file.path)).sha256 if os.path.lexists(file.path) else ""
    except Refused:
        return FileState.CHANGED
    states = {file.before: FileState.NOT_APPLIED, file.after: FileState.APPLIED}
    return states.get(sha256, FileState.CHANGED)


def plan_rollback(operation: Operation, backups: Path | None = None) -> tuple[PlannedFile, ...]:
    """Plan to put back the exact old bytes of every file that holds the new ones; other files stay as they are.

    Raises Conflict when a file was changed since: ``reversed_edits`` then puts back the one literal alone.
    """
    planned: list[PlannedFile] = []
    for file in operation.files:
        state = _file_state(file)
        if state is FileState.NOT_APPLIED:
            continue
        if state is not FileState.APPLIED:
            raise Conflict(
                f"{file.path} was changed since; its bytes stay.",
                hint=f"Its state before the change is kept: {shlex.join(['diff', file.backup, file.path])}",
            )
        planned.append(_put_back(file, backups))
    if not planned:
        raise Refused("Nothing to undo: the files are as they were before the change.")
    return tuple(planned)


def _put_back(file: FileRecord, backups: Path | None) -> PlannedFile:
    path, folders = Path(file.path), tuple(map(Path, file.folders))
    if not file.before:
        return plan_removal(path, file.after, folders, backups)
    if not file.after:
        return plan_new(replace(absent(path), mode=file.mode), _backup(file), folders, backups)
    return plan_bytes(path, file.after, _backup(file), backups)


def _backup(file: FileRecord) -> bytes:
    image = read_file(Path(file.backup))
    if image.sha256 != file.before:
        raise Refused(f"The backup {file.backup} is not what was kept; nothing is put back from it.")
    return image.data


def reversed_edits(operation: Operation) -> tuple[Edit, ...]:
    """The operation's literals with their old values, to be planned against the files as they are now."""
    return tuple(
        Edit(Path(file.path), place, place.read(literal.old), literal.name)
        for file in operation.files
        for literal in file.literals
        if literal.selector and (place := place_of(literal.selector))
    )


def remove_leftovers(operation: Operation) -> tuple[Path, ...]:
    """Delete the temp files of a killed operation, beside its files and backups. Only with the lock held.

    Returns the temp files that stay, because their bytes are neither the old nor the new: they hold someone's edit.
    """
    remaining: list[Path] = []
    for file in operation.files:
        backup = Path(file.backup)
        for partial in backup.parent.glob(f".{escape(backup.name)}.*.tmp"):
            partial.unlink(missing_ok=True)
        temp = Path(file.temp)
        if os.path.lexists(temp) and temp.suffix == ".tmp" and temp.parent == Path(file.path).parent:
            if _disposable(temp, file):
                temp.unlink()
            else:
                remaining.append(temp)
        Folders(tuple(map(Path, file.folders)), make=False).remove_empty()
    return tuple(remaining)


def _disposable(temp: Path, file: FileRecord) -> bool:
    with suppress(OSError):
        if temp.samefile(file.path):
            return True  # killed while a new file had both names
    with suppress(Refused):
        if read_file(temp).sha256 in (file.before, file.after):
            return True
    # killed while the temp file was written: its bytes match neither, but the file still holds the old ones
    return _file_state(file) is FileState.NOT_APPLIED
