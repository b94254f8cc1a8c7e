"""The life of one change of switches: write, restart where a switch needs it, and see whether the file still says so.

A system may write its whole state over the file at any moment, from what it had read before: then the change is lost,
and that is said.
"""

import time
from typing import NoReturn

from timmy_tui.control.change.file_change import POLL_S, FileChange, putting_back
from timmy_tui.control.change.outcome import ChangeEnded
from timmy_tui.control.change.plan import ChangePlan
from timmy_tui.control.edit.transaction import PlannedFile, plan, write
from timmy_tui.control.errors import Conflict, Refused
from timmy_tui.control.journal.record import Record
from timmy_tui.control.journal.write_ahead import (
    ROLLED_BACK,
    FileState,
    Operation,
    new_op,
    plan_rollback,
    reversed_edits,
)
from timmy_tui.control.progress import (
    EDITING_S,
    KEEP,
    NOW,
    STOP,
    UNDO,
    KeepRequested,
    WaitStopped,
)
from timmy_tui.control.service.unit import RESTART_LIMIT_S, Unit, UnitState
from timmy_tui.control.switches.context import SwitchContext
from timmy_tui.core.errors import ControlError
from timmy_tui.model.change import ChangeState
from timmy_tui.model.flags.words import word

VERIFY_S = 2.0
"""Seconds for which the file must say so. What a system had read before it writes within milliseconds."""
LOOK_S = 0.1
STEADY_S = 2.0
"""Seconds for which the new process must live: one that cannot start ends within the first."""


class NotRestarted(ControlError):
    """The unit was not restarted, or does not run."""


class SwitchChange(FileChange):
    """A change of a system's switches."""

    def __init__(self, plan: ChangePlan, context: SwitchContext, unit: Unit | None, op: str = "") -> None:
        """``unit``: is restarted as a part of the change; None: nothing restarts. ``op``: see FileChange."""
        super().__init__(plan, context, op)
        self._context, self._unit = context, unit
        self.progress.update(evidence=(0, 0))  # no turn shows a switch

    def _carry_out(self) -> None:
        label = self.plan.label
        self._wait_for_quiet()
        self._write(self._strategy, "")
        self._context.add_marker("change" if self.plan.planned else "restart", label)
        runs = ""
        if self._unit is not None:
            try:
                runs = f", {self._restart(self._unit, self._record)}"
            except NotRestarted as failed:
                self._ask_user(failed.message.rstrip("."))
        if self.plan.undoes or not self.plan.planned:
            state = ChangeState.ROLLED_BACK if self.plan.undoes else ChangeState.KEPT
            raise ChangeEnded(state, f"{label}: done{runs}")
        self._verify()

    def _resume(self, operation: Operation, file_state: FileState) -> None:
        """The file says so: that is all there is to a switch that is looked up at its next use."""
        if self._unit is not None:
            self._ask_user(f"written, and whether {self._unit.name} was restarted is not known")
        self._verify()

    @property
    def _strategy(self) -> str:
        return "unit" if self._unit is not None else "live"

    # -- steps

    def _wait_for_quiet(self) -> None:
        """Where something restarts: wait until no turn is in flight, or for ``go now``. Raises ChangeEnded."""
        try:
            while self._unit is not None and self._context.live_state().busy:
                message = "a turn is in flight: waiting until it is over"
                self.progress.enter(ChangeState.GUARDING, None, (NOW, STOP), message)
                if self.progress.wait(POLL_S):
                    break
            self.progress.stop_accepting_answers()
        except WaitStopped:
            raise ChangeEnded(ChangeState.IDLE, f"{self.plan.label}: not begun") from None

    def _restart(self, unit: Unit, record: Record) -> str:
        """Restart the unit; what runs then. Raises NotRestarted; UndoRequested where the change can be undone.

        ``record``: the operation that this is a part of, the change's own or that of its way back.
        """
        before = unit.state()
        record.append("restarting")
        self.progress.enter(ChangeState.RESTARTING, RESTART_LIMIT_S, (STOP,))
        try:
            unit.restart(self.progress.cancelled)
            can_undo = record is self._record and not self._irreversible
            self.progress.enter(ChangeState.WAITING, self._context.healthy_limit_s, (STOP, UNDO)[: 1 + can_undo])
            now = self._wait_until_steady(unit, before)
        except Refused as refused:
            raise NotRestarted(f"{refused.message} {unit.name} is {unit.state().word}") from None
        except WaitStopped:
            raise NotRestarted(f"you stopped the wait; {unit.name} is {unit.state().word}") from None
        record.append("healthy", service=f"{unit.name}:{now.pid}")
        return f"{unit.name} runs with pid {now.pid}"

    def _wait_until_steady(self, unit: Unit, before: UnitState) -> UnitState:
        lives: tuple[int, float] = (0, 0.0)
        """Pid of the new process, and since when it is seen."""
        while True:
            now = unit.state()
            self.progress.update(message=f"{unit.name} is {now.word}", pid=now.pid)
            if now.active and now.pid is not None and now.pid != before.pid:
                if now.pid != lives[0]:
                    lives = now.pid, time.monotonic()
                elif time.monotonic() - lives[1] >= STEADY_S:
                    return now
            if now.word == "failed" or self.progress.expired:
                raise NotRestarted(f"{unit.name} is {now.word}; its log: journalctl -u {unit.name} -n 50")
            self.progress.wait(LOOK_S)

    def _verify(self) -> NoReturn:
        """Look for two seconds whether the file says so. Raises ChangeEnded, UndoRequested."""
        self._record.append(str(ChangeState.VERIFYING))
        self.progress.enter(ChangeState.VERIFYING, VERIFY_S, (KEEP, UNDO), "does the file still say so?")
        label = self.plan.label
        lost = seen = ""
        try:
            while not self.progress.expired or lost:
                lost = self._lost()
                if lost and lost == seen:  # twice: a file that is just being written is empty for a moment
                    self._record.append(str(FileState.CHANGED), lost)
                    raise ChangeEnded(ChangeState.NEEDS_ATTENTION, f"{label}: {lost}", recorded=True)
                seen = lost
                self.progress.wait(LOOK_S)
            self.progress.stop_accepting_answers()
        except KeepRequested:
            raise ChangeEnded(ChangeState.KEPT, f"{label}: kept, not verified") from None
        others = "" if self._record.file_state is FileState.APPLIED else f"; {self._context.title} has written it since"
        raise ChangeEnded(ChangeState.KEPT, f"{label}: kept, the file says so{others}")

    def _lost(self) -> str:
        """That the file does not say so any more, in words; empty while it does."""
        if self._record.file_state is FileState.APPLIED:
            return ""
        said = {reading.flag.key: reading for reading in self._context.flags.read()}
        for flag, value in self.plan.requested:
            reading = said.get(flag.key)
            if reading is None or reading.value != value:
                now = f"says {word(flag, reading.value)} again" if reading and not reading.reason else "cannot be read"
                return f"somebody has written over it, and {flag.label} {now}: flip it once more"
        return ""

    # -- the way back

    def _roll_back(self, reason: str) -> NoReturn:
        label = self.plan.label
        own_record = Record(self._context.journal, new_op())
        planned = self._put_back(own_record)
        self._record.append(ROLLED_BACK, reason)
        self._context.add_marker("change", f"undo {label}")
        message = f"{label}: rolled back ({reason})"
        if self._unit is not None and planned:
            try:
                message = f"{message}, {self._restart(self._unit, own_record)}"
            except NotRestarted as failed:
                own_record.append(str(ChangeState.NEEDS_ATTENTION), failed.message)
                message = f"{message}, but {failed.message}"
                raise ChangeEnded(ChangeState.NEEDS_ATTENTION, message, recorded=True) from None
        own_record.append(ROLLED_BACK)
        raise ChangeEnded(ChangeState.ROLLED_BACK, message, recorded=True)

    def _put_back(self, own_record: Record) -> tuple[PlannedFile, ...]:
        """The old bytes, or the old values alone where somebody has written since. Raises ChangeEnded when refused."""
        operation = self._record.operation
        assert operation is not None
        with putting_back(own_record, lambda _: self._record.diff_commands):
            try:
                planned = plan_rollback(operation, self._context.backups)
            except Conflict:
                planned = plan(reversed_edits(operation), self._context.backups)
            self.progress.enter(ChangeState.EDITING, EDITING_S)
            own_record.begin(f"undo {self.plan.label}", self._strategy, planned, "", undoes=operation.op)
            write(planned)
        return planned
