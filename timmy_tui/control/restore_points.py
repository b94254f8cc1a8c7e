"""Restore points: named states of code files, from own backups, own git refs, and the user's git tags."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from timmy_tui.control.config_file import Applied, PlannedFile
from timmy_tui.model.change import RestorePoint


@dataclass(frozen=True)
class FileDifference:
    """How a code file of a restore point differs from the one on disk."""

    path: str
    """Relative to the root."""
    state: str
    """``differs``, ``only in the point`` or ``only on disk``."""
    added: int | None = None
    """Lines that a restore would add; None when it is too large to count."""
    removed: int | None = None


class RestorePoints:
    """Those of one Timmy."""

    def __init__(self, root: Path, state: Path | None = None) -> None:
        """``state``: folder of the own backups; None: ``state_dir()``."""
        raise NotImplementedError

    @property
    def git_off(self) -> str:
        """Why git is not used; empty when it is."""
        raise NotImplementedError

    def create(self, name: str = "", files: Sequence[str] | None = None, note: str = "") -> RestorePoint:
        """Keep ``files`` (all code files unless said) under ``name``. Raises Refused when the name is taken or wrong."""
        raise NotImplementedError

    def list(self) -> tuple[RestorePoint, ...]:
        """Newest first; own ones, git refs of timmy-tui, the user's git tags (read-only)."""
        raise NotImplementedError

    def diff(self, name: str) -> tuple[FileDifference, ...]:
        """The code files that differ from the point."""
        raise NotImplementedError

    def unified(self, name: str, file: str) -> tuple[str, ...]:
        """One file's unified diff, disk → point, for the user's own screen; secrets are masked. Foreign text."""
        raise NotImplementedError

    def plan(self, name: str, files: Sequence[str]) -> tuple[PlannedFile, ...]:
        """What a restore of these code files would write, each parsed first. Raises Refused."""
        raise NotImplementedError

    def restore(self, name: str, files: Sequence[str]) -> Applied:
        """Make a point ``before-restore-…`` of these files, then write them."""
        raise NotImplementedError

    def latest(self) -> Applied:
        """Back to the files as they were before the restores. Raises NotFound when nothing was restored."""
        raise NotImplementedError


def default_name(flag: str) -> str:
    """``before-<flag>-<utc>``."""
    raise NotImplementedError
