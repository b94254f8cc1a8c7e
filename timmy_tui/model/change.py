"""Flags, changes and restore points, as the dashboard and the commands show them."""

from enum import StrEnum

from msgspec import Struct


class ChangeState(StrEnum):
    """The state of a change."""

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
    """One flag: its value in the file, its value in the running v34, and what overrides it."""

    key: str
    label: str
    file_value: str
    """As shown to the user (``on``, ``8000``); ``—`` when it cannot be read."""
    running_value: str
    """As the turns of the running session show it; ``—`` when they do not."""
    override: str
    """What overrides the file (``--debug``), or why the flag is read-only; else empty."""
    editable: bool
    choices: tuple[str, ...] = ()
    meaning: str = ""
    warning: str = ""


class ChangeProgress(Struct, frozen=True, eq=False):
    """The change that is running now, for the status line and the control screen."""

    op: str
    label: str
    """``tail mode off→on``."""
    state: ChangeState
    elapsed: float
    """Seconds in this state."""
    limit: float | None
    """Longest time in this state, in seconds; None: no limit."""
    pid: int | None = None
    listeners: int | None = None
    evidence: tuple[int, int] = (0, 2)
    """Turns that show the change, of so many that must; none must where no turn could."""
    message: str = ""
    asks: bool = False
    """Something is wrong, and nothing but the user's answer ends it."""
    log_lines: tuple[str, ...] = ()
    countdown: float | None = None
    """Seconds until the automatic rollback; None when none is pending."""
    choices: tuple[str, ...] = ()
    """Answers that the user may give now: ``keep``, ``undo``, ``stop waiting``, ``resume listening``."""


class JournalEntry(Struct, frozen=True, eq=False):
    """One operation of the journal in its newest state."""

    op: str
    at: float
    label: str
    state: str
    undoable: bool
    detail: str = ""


class RestorePoint(Struct, frozen=True, eq=False):
    """A named copy of v34's code files, which can be restored."""

    name: str
    at: float | None
    kind: str
    """``own``, ``git ref``, or ``git tag`` (made by the user; read-only)."""
    files: tuple[str, ...] | None = ()
    """Its code files; None when it has none to restore, or they cannot be read: ``problem`` says why."""
    note: str = ""
    restored: bool = False
    """Made automatically before a restore, so that the restore can be undone."""
    problem: str = ""
    """Why it cannot be restored; empty when it can."""
    left_out: tuple[str, ...] = ()
    """What looks like a code file and is not in it, each with its reason. Foreign text."""
    not_in_git: str = ""
    """Of one that was just made: why git has it not as well, and git's remedy; empty when it has. Foreign text."""


class ControlState(Struct, frozen=True, eq=False):
    """Everything that the control screen shows."""

    flags: tuple[FlagState, ...] = ()
    change: ChangeProgress | None = None
    journal: tuple[JournalEntry, ...] = ()
    restore_points: tuple[RestorePoint, ...] = ()
    restore_problems: tuple[str, ...] = ()
    """Which restore points are missing there, and why: git's tags, when git could not be asked. Foreign text."""
    read_only: str = ""
    """Why nothing can be changed; empty when changes are possible."""
    is_first: bool = False
    """This is the one dashboard of this Timmy that may change something."""
    service: str = ""
    """One line on the process that serves: pid, age, reloader."""
    has_points: bool = True
    """There are restore points for this system."""
