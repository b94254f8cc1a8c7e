"""What controller and runner need of the system that is changed: one for Little Timmy, one for systems of a profile."""

from collections.abc import Sequence
from typing import Protocol

from timmy_tui.control.change.plan import ChangePlan
from timmy_tui.control.change.surroundings import Surroundings
from timmy_tui.control.edit.places import Value
from timmy_tui.control.flags.readings import Flag
from timmy_tui.control.journal.write_ahead import FileState, Operation
from timmy_tui.control.progress import LiveState, Progress
from timmy_tui.model.change import ControlState
from timmy_tui.model.snapshot import OpenTurn, Snapshot
from timmy_tui.model.user_requests import ChangeRequest


class RunningChange(Protocol):
    """A change in its thread."""

    plan: ChangePlan
    progress: Progress

    def run(self) -> None:
        """Carry out the whole change. Never raises."""

    def resume(self, operation: Operation, file_state: FileState) -> None:
        """Take up a change that an earlier run left applied. Never raises."""


class ControlledSystem(Protocol):
    """One per controller."""

    @property
    def surroundings(self) -> Surroundings:
        """Journal, backups, callbacks."""

    def plan(self, request: ChangeRequest, busy: bool) -> ChangePlan:
        """What would be done; nothing is done yet. ``busy``: a turn is in flight that a restart would cut."""

    def start_at_once(self, plan: ChangePlan) -> str:
        """Do what needs no change of files that are in use; what was done, empty for a plan that is a change."""

    def new_change(self, plan: ChangePlan, op: str = "") -> RunningChange:
        """The change that carries out a plan; ``op``: of the journal, for one that an earlier run left open."""

    def requested(self, operation: Operation) -> tuple[tuple[Flag, Value], ...]:
        """What an operation of an earlier run wanted the flags to be. Raises TimmyError."""

    def after_undo(self, plan: ChangePlan) -> str:
        """What follows when the running change of this plan is taken back, for its preview."""

    def read_state(self, live: LiveState, ours: bool) -> ControlState:
        """Flags, journal and service now. ``ours``: an edit found now is our own. Raises OSError, TimmyError."""

    def remember(self) -> None:
        """Keep what a later run needs to know of the system; only where changes are allowed."""

    def expect_change(self) -> None:
        """A change began or ended here: what is looked at seldom is looked at again."""

    def works_on(self, flight: OpenTurn) -> bool:
        """A restart now would cut this turn."""

    def log_of(self, snapshot: Snapshot) -> Sequence[str]:
        """The newest lines of the log that tells how it starts; none where there is no such log."""
