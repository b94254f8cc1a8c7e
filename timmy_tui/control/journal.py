"""The write-ahead journal of changes, and the lock that lets one dashboard of the machine make them."""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from types import TracebackType

from msgspec import Struct

from timmy_tui.control.config_file import Edit, PlannedFile
from timmy_tui.errors import ControlError

CLOSED = frozenset({"kept", "rolled back", "needs attention", "not applied", "changed by someone else", "refused"})
"""Stages that end an operation; any other leaves it open for the next start."""


class LiteralRecord(Struct, frozen=True):
    """One literal of a change, as written in the file; the only text of a file that the journal holds."""

    name: str
    old: str
    new: str
    line: int = 0
    selector: str = ""
    """``NAME`` or ``function(keyword)``."""


class FileRecord(Struct, frozen=True):
    """One file of a change."""

    path: str
    before: str
    """SHA-256 of the whole file."""
    after: str
    backup: str
    temp: str
    literals: tuple[LiteralRecord, ...] = ()


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
    """Identity of who serves: pid and start, as the service writes it."""
    undoes: str = ""
    """The operation that this one rolls back."""
    message: str = ""
    files: tuple[FileRecord, ...] = ()


class Operation(Struct, frozen=True, kw_only=True):
    """The lines of one operation, folded: the newest stage, the first line's facts."""

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

    @property
    def open(self) -> bool:
        """Not ended: killed, or still running."""
        raise NotImplementedError


class Standing(StrEnum):
    """How the files of an operation stand on disk."""

    NOT_APPLIED = "not applied"
    APPLIED = "applied"
    HALF_APPLIED = "half applied"
    """Of several files some hold the new bytes and some the old: killed between two of them."""
    CHANGED = "changed by someone else"


class Locked(ControlError):
    """Another dashboard makes changes."""

    pid: int | None


class Journal:
    """Append-only JSON lines, flushed to disk one by one, 0600."""

    def __init__(self, path: Path) -> None:
        raise NotImplementedError

    def append(self, entry: Entry) -> None:
        """Write one line and fsync it. Raises ControlError when it cannot: then the change must not be made."""
        raise NotImplementedError

    def operations(self) -> list[Operation]:
        """All operations, oldest first; a torn or foreign line is passed over."""
        raise NotImplementedError


def new_op() -> str:
    """A fresh operation id: sortable by time, unique."""
    raise NotImplementedError


def file_records(planned: Sequence[PlannedFile]) -> tuple[FileRecord, ...]:
    """What the first line of an operation says of its files."""
    raise NotImplementedError


def classify(operation: Operation) -> Standing:
    """Compare the files' hashes with the operation's; reads only."""
    raise NotImplementedError


def plan_rollback(operation: Operation, backups: Path | None = None) -> tuple[PlannedFile, ...]:
    """The exact old bytes of every file that holds the new ones.

    Raises Conflict when a file was changed since (C19): ``reversed_edits`` then puts back the one literal alone.
    """
    raise NotImplementedError


def reversed_edits(operation: Operation) -> tuple[Edit, ...]:
    """The operation's literals with their old values, to be planned against the files as they are now."""
    raise NotImplementedError


def remove_leftovers(operation: Operation) -> tuple[Path, ...]:
    """Delete the operation's temp files whose bytes are known (old or new); returns those left: they hold an edit."""
    raise NotImplementedError


class ChangeLock:
    """One on the machine: flock on ``change.lock`` in the state folder; a dead owner's lock is gone."""

    def __init__(self, state_dir: Path) -> None:
        raise NotImplementedError

    def acquire(self) -> None:
        """Raises Locked with the owner's pid."""
        raise NotImplementedError

    def release(self) -> None:
        """Idempotent."""
        raise NotImplementedError

    @property
    def held(self) -> bool:
        """By this object."""
        raise NotImplementedError

    def owner(self) -> int | None:
        """Pid of who holds it, this process included; None while nobody does."""
        raise NotImplementedError

    def __enter__(self) -> "ChangeLock":
        raise NotImplementedError

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        raise NotImplementedError
