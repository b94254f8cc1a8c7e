"""One change of files, of whatever system: written down, carried out, and brought to an end that is recorded."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn

from timmy_tui.control.change.outcome import ChangeEnded, needs_attention
from timmy_tui.control.change.plan import ChangePlan
from timmy_tui.control.change.surroundings import Surroundings
from timmy_tui.control.edit.transaction import HalfDone, write
from timmy_tui.control.journal.record import Record
from timmy_tui.control.journal.write_ahead import ASKING, ROLLED_BACK, FileState, Operation, new_op
from timmy_tui.control.progress import EDITING_S, KEEP, UNDO, KeepRequested, Progress, ShuttingDown, UndoRequested
from timmy_tui.core.errors import ControlError, TimmyError
from timmy_tui.model.change import ChangeState

POLL_S = 0.5


@contextmanager
def putting_back(own_record: Record, hint: Callable[[Exception], str]) -> Iterator[None]:
    """Around the writing of old bytes: raises ChangeEnded when that is refused, with what the user can do by ``hint``.

    ``own_record``: of the operation that puts them back; it is ended then.
    """
    try:
        yield
    except (TimmyError, OSError) as error:
        reason = error.message if isinstance(error, TimmyError) else str(error.strerror)
        touched = own_record.operation is not None and own_record.file_state is not FileState.NOT_APPLIED
        own_record.append("needs attention" if touched else "refused", reason)
        raise needs_attention(f"not rolled back: {reason} {hint(error)}".strip()) from None


class FileChange(ABC):
    """``run`` or ``resume`` in a thread of its own, once; ``progress`` from any thread."""

    def __init__(self, plan: ChangePlan, surroundings: Surroundings, op: str = "") -> None:
        """``op``: the operation in the journal, for a change that an earlier run left open; empty for a new one."""
        self.plan, self._surroundings = plan, surroundings
        self.progress = Progress(op or new_op(), plan.label)
        self._record = Record(surroundings.journal, self.progress.op)
        self._written = False

    def run(self) -> None:
        """Carry out the whole change. Never raises: an error becomes a state and a message."""
        self._run_to_outcome(self._carry_out)

    def resume(self, operation: Operation, file_state: FileState) -> None:
        """Take up a change that an earlier run left applied. Never raises; restarts nothing."""
        self._record.operation = operation
        self._written = True
        self._run_to_outcome(lambda: self._resume(operation, file_state))

    # -- what each system does in its own way

    @abstractmethod
    def _carry_out(self) -> None:
        """All steps. Returns when the change is kept; raises ChangeEnded for another end, and UndoRequested."""

    @abstractmethod
    def _resume(self, operation: Operation, file_state: FileState) -> None:
        """The steps that are left of a change whose files are in place, at least in part."""

    @abstractmethod
    def _roll_back(self, reason: str) -> NoReturn:
        """Put the files back. Raises ChangeEnded."""

    # -- steps

    def _run_to_outcome(self, steps: Callable[[], None]) -> None:
        """Run the steps; whatever ends them becomes an outcome."""
        try:
            self._run_or_roll_back(steps)
        except ShuttingDown:
            pass  # if anything was written, it is open in the journal, and the next start resumes it
        except ChangeEnded as end:
            self._end(end.state, end.message, end.recorded)
        except HalfDone as error:
            self._end(ChangeState.NEEDS_ATTENTION, f"{error.message} {error.hint}")
        except TimmyError as error:
            self._refuse(f"{error.message} {error.hint}".strip())
        except Exception as error:  # noqa: BLE001  The thread must not end silently with half a change made.
            self._end(ChangeState.NEEDS_ATTENTION, f"{type(error).__name__} in the dashboard itself: {error}")

    def _run_or_roll_back(self, steps: Callable[[], None]) -> NoReturn:
        """Run the steps, and roll back when the user wants it. Raises ChangeEnded, or the error of a step."""
        try:
            steps()
            raise ChangeEnded(ChangeState.KEPT, f"{self.plan.label}: kept")
        except UndoRequested:
            pass
        self._roll_back("taken back")

    def _write(self, strategy: str, service: str) -> float:
        """Write the journal, then the files; returns the boot-clock time at which all files were in place.

        ``strategy``: how the system is restarted; ``service``: identity of the process that serves, empty for none.
        """
        plan = self.plan
        self.progress.enter(ChangeState.EDITING, EDITING_S)
        self._record.begin(plan.label, strategy, plan.planned, service, plan.undoes)
        if not plan.planned:
            return time.clock_gettime(time.CLOCK_BOOTTIME)
        try:
            since = write(plan.planned).boottime
        except OSError as error:
            self._written = self._record.file_state is not FileState.NOT_APPLIED
            raise ControlError(f"Written, but: {error.strerror}." if self._written else f"{error.strerror}.") from None
        self._written = True
        if plan.undoes:
            self._record.append(ROLLED_BACK, f"by {self.progress.op}", op=plan.undoes)
        return since

    @property
    def _irreversible(self) -> bool:
        """It cannot be rolled back: it is an undo, or wrote no file."""
        return not self._written or bool(self.plan.undoes)

    def _ask_user(self, message: str, choices: tuple[str, ...] = (KEEP, UNDO)) -> NoReturn:
        """Wait for the user to decide; has no time limit. Raises ChangeEnded or UndoRequested."""
        if self._irreversible:
            raise needs_attention(f"{self.plan.label}: {message}")
        self._record.append(ASKING, message)
        self.progress.enter(ChangeState.NEEDS_ATTENTION, None, choices, f"{message}: {' or '.join(choices)}?")
        self._surroundings.notify(f"{self.plan.label}: {message}", "warn")
        try:
            while True:
                self.progress.wait(POLL_S)
        except KeepRequested:
            raise ChangeEnded(ChangeState.KEPT, f"{self.plan.label}: kept, not verified") from None

    # -- the end

    def _refuse(self, reason: str) -> None:
        """End a change that was refused; when its files are written already, it needs attention."""
        if self._written:
            self._end(ChangeState.NEEDS_ATTENTION, reason)
            return
        self._record.append("refused", reason)
        self.progress.enter(ChangeState.IDLE, message=reason)
        self._surroundings.notify(f"{self.plan.label}: {reason}", "bad")

    def _end(self, state: ChangeState, message: str, recorded: bool = False) -> None:
        """``recorded``: the journal has the last line of this operation already, because a rollback wrote it."""
        rolled_back = "good" if self.plan.undoes else "warn"
        roles = {ChangeState.KEPT: "good", ChangeState.ROLLED_BACK: rolled_back, ChangeState.IDLE: "muted"}
        detail = message.removeprefix(f"{self.plan.label}: ")
        if not recorded:
            self._record.append(str(state), detail)
        if self._record.problem:
            message, detail = f"{message}; {self._record.problem}", f"{detail}; {self._record.problem}"
        self.progress.enter(state, message=detail)
        self._surroundings.notify(self.progress.with_cut_turn(message), roles.get(state, "bad"))
