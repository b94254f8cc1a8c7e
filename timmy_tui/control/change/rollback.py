"""Taking a change back while it is under way: an operation of its own, with before and after swapped."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from timmy_tui.control.change.context import ChangeContext
from timmy_tui.control.change.outcome import NOT_RUNNING, ChangeEnded, attention
from timmy_tui.control.edit.transaction import PlannedFile, write
from timmy_tui.control.errors import Conflict
from timmy_tui.control.journal.record import Record
from timmy_tui.control.journal.write_ahead import ROLLED_BACK, FileState, new_op, plan_rollback
from timmy_tui.control.progress import STOP, Progress, WaitStopped
from timmy_tui.control.service.listeners import Serving, refusal, starting
from timmy_tui.control.service.strategies import StartedBy
from timmy_tui.control.service.v34_service import ChangeNotRead, Unhealthy, V34Service
from timmy_tui.core.errors import ControlError, TimmyError
from timmy_tui.model.change import ChangeState


@dataclass
class Rollback:
    """Of the change that ``record`` tells of."""

    label: str
    record: Record
    context: ChangeContext
    service: V34Service
    progress: Progress

    def make(self, why: str) -> NoReturn:
        """Put the old bytes back, then restart v34. Raises ChangeEnded; ShuttingDown leaves the rollback open."""
        serves = self.service.settle()
        mine = Record(self.context.journal, new_op())
        old = self.service.look()
        planned, since = self._write(mine, old)
        self.record.append(ROLLED_BACK, why)
        self.context.mark("change", f"undo {self.label}")
        done = f"{self.label}: rolled back ({why})"
        try:
            if serves or self.record.v34_was_running:
                self._bring_up(planned, since, serves, old)
            else:
                done = f"{done}; {NOT_RUNNING}"
        except ChangeEnded as end:
            mine.append(str(end.state), end.word)
            raise ChangeEnded(end.state, _joined(f"{done}, but {end.word}", mine.problem), recorded=True) from None
        mine.append(ROLLED_BACK)
        raise ChangeEnded(ChangeState.ROLLED_BACK, _joined(done, mine.problem), recorded=True)

    def _write(self, mine: Record, old: Serving) -> tuple[Sequence[PlannedFile], float]:
        """Raises ChangeEnded with the backup's place and nothing overwritten, when it cannot be done."""
        operation = self.record.operation
        assert operation is not None
        try:
            backups = Path(operation.files[0].backup).parent if operation.files else None
            planned = plan_rollback(operation, backups)
            self.progress.enter(ChangeState.EDITING, 5.0)
            mine.begin(
                f"undo {self.label}", self.context.setup.strategy.name, planned, old.identity, undoes=operation.op
            )
            return planned, write(planned).boottime
        except (TimmyError, OSError) as error:
            reason = error.message if isinstance(error, TimmyError) else str(error.strerror)
            touched = mine.operation is not None and mine.file_state is not FileState.NOT_APPLIED
            mine.append("needs attention" if touched else "refused", reason)
            where = error.hint if isinstance(error, Conflict) else self.record.diff_commands
            raise attention(f"not rolled back: {reason} {where}".strip()) from None

    def _bring_up(self, planned: Sequence[PlannedFile], since: float, serves: bool, old: Serving) -> None:
        """Raises ChangeEnded with what is left to do, when v34 does not come back."""
        why = refusal(old, self.context.setup.folder)
        if why:
            raise attention(why)
        setup = self.context.setup
        revives = setup.strategy.started_by is StartedBy.STRATEGY
        if not serves and not revives and not starting(setup.folder):
            raise attention(f"v34 is not running; {self.service.start_by_hand}")
        edited = tuple(file.image.path for file in planned)
        try:
            self.service.restart(old, edited, since, (STOP,))
        except Unhealthy as trouble:
            raise attention(f"{trouble.reason}{self.service.way_up}") from None
        except (ChangeNotRead, WaitStopped, ControlError) as error:
            raise attention(f"{_reason(error)}; {self.service.whereabouts(old)}") from None


def _reason(error: Exception) -> str:
    if isinstance(error, WaitStopped):
        return "not waited for"
    return error.message if isinstance(error, ControlError) else str(error)


def _joined(word: str, problem: str) -> str:
    return f"{word}; {problem}" if problem else word
