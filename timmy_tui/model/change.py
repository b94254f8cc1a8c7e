"""Flags, changes and restore points, as the screen and the shell show them."""

from enum import StrEnum

from msgspec import Struct


class ChangeState(StrEnum):
    """Where a change stands."""

    IDLE = "idle"
    GUARDING = "guarding"
    EDITING = "editing"
    RESTARTING = "restarting"
    WAITING = "waiting-healthy"
    VERIFYING = "verifying"
    KEPT = "kept"
    ROLLED_BACK = "rolled back"
    NEEDS_ATTENTION = "needs attention"


class FlagState(Struct, frozen=True, eq=False):
    """One flag: what the file says, what runs, who decides."""

    key: str
    label: str
    file_value: str
    """As the user reads it (``on``, ``8000``); ``—`` when it cannot be read."""
    running_value: str
    """From the turns of the running session; ``—`` without evidence."""
    override: str
    """Who overrides the file (``--debug``), or why it is read-only; empty otherwise."""
    editable: bool
    choices: tuple[str, ...] = ()
    meaning: str = ""
    warning: str = ""


class ChangeProgress(Struct, frozen=True, eq=False):
    """The running change, for the status line and for screen 5."""

    op: str
    label: str
    """``tail mode off→on``."""
    state: ChangeState
    elapsed: float
    """Seconds in this state."""
    limit: float | None
    """Seconds; None has no limit."""
    pid: int | None = None
    listeners: int | None = None
    evidence: tuple[int, int] = (0, 2)
    message: str = ""
    log_lines: tuple[str, ...] = ()
    countdown: float | None = None
    """Seconds until an automatic rollback, when one is pending."""
    choices: tuple[str, ...] = ()
    """What the user may do now: ``keep``, ``undo``, ``stop waiting``, ``resume listening``."""


class JournalEntry(Struct, frozen=True, eq=False):
    """One operation of the journal, folded to its newest stage."""

    op: str
    at: float
    label: str
    state: str
    undoable: bool
    detail: str = ""


class RestorePoint(Struct, frozen=True, eq=False):
    """A named state of code files."""

    name: str
    at: float | None
    kind: str
    """``own``, ``git ref`` or ``git tag`` (the user's, read-only)."""
    files: tuple[str, ...] = ()
    note: str = ""
    restored: bool = False
    """Made by itself before a restore: there is something to return to."""


class ControlState(Struct, frozen=True, eq=False):
    """All of it, for the screen."""

    flags: tuple[FlagState, ...] = ()
    change: ChangeProgress | None = None
    journal: tuple[JournalEntry, ...] = ()
    restore_points: tuple[RestorePoint, ...] = ()
    read_only: str = ""
    """Why control is off; empty when it is on."""
    service: str = ""
    """One line on who serves: pid, age, reloader."""
