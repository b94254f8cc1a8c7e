"""Changing literals in one or two files as one change: plan and prove, back up, write all or nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from timmy_tui.control.atomic import FileImage
from timmy_tui.control.literal import Selector, Value


@dataclass(frozen=True)
class Edit:
    """A wish: this value in that literal."""

    path: Path
    selector: Selector
    value: Value
    name: str = ""
    """As the journal writes it; empty: the constant, or ``function(keyword=)``."""


@dataclass(frozen=True)
class EditedLiteral:
    """One literal of a planned file, before and after, as it is written in the file."""

    name: str
    selector: Selector | None
    """None in a planned file that puts whole bytes back."""
    old: str
    new: str
    line: int
    """1-based."""
    old_line: str = ""
    """The whole line, for the preview."""
    new_line: str = ""


@dataclass(frozen=True)
class PlannedFile:
    """A file with its new bytes, proved and not yet written."""

    image: FileImage
    new: bytes
    literals: tuple[EditedLiteral, ...]
    temp: Path
    """Where the new bytes are prepared; the journal names it before it exists."""
    backup: Path
    """Where the exact old bytes are kept; exists once ``write`` has begun."""

    @property
    def before(self) -> str:
        """SHA-256 of the old bytes."""
        raise NotImplementedError

    @property
    def after(self) -> str:
        """SHA-256 of the new bytes."""
        raise NotImplementedError


@dataclass(frozen=True)
class Applied:
    """What was written."""

    files: tuple[PlannedFile, ...]
    boottime: float
    """CLOCK_BOOTTIME in seconds after the last file was in place: a process started later has read it."""
    mtimes_ns: tuple[int, ...]


def plan(edits: Sequence[Edit], backups: Path | None = None) -> tuple[PlannedFile, ...]:
    """Read every file once, patch and prove; nothing is written. Raises Refused (also when nothing would change).

    ``backups`` is the folder of the backups; None: ``state_dir()/backups``.
    """
    raise NotImplementedError


def plan_bytes(path: Path, expected: str, new: bytes, backups: Path | None = None) -> PlannedFile:
    """Put whole bytes in place of a file whose SHA-256 is ``expected``: a rollback. Raises Conflict or Unsafe."""
    raise NotImplementedError


def write(planned: Sequence[PlannedFile]) -> Applied:
    """Back up, prepare all files, then replace them; if one fails, those before it are put back byte for byte.

    Raises Conflict or Unsafe with nothing changed, HalfDone when a file could not be put back.
    """
    raise NotImplementedError


def apply(edits: Sequence[Edit], backups: Path | None = None) -> Applied:
    """``write(plan(edits))``, for a caller without a journal."""
    raise NotImplementedError
