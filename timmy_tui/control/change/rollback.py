"""Rolls back a change that is still under way: an operation of its own, with old and new swapped."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from timmy_tui.control.change.context import ChangeContext
from timmy_tui.control.change.file_change import putting_back
from timmy_tui.control.change.outcome import NOT_RUNNING, ChangeEnded, needs_attention
from timmy_tui.control.edit.transaction import PlannedFile, write
from timmy_tui.control.errors import Conflict
from timmy_tui.control.journal.record import Record
from timmy_tui.control.journal.write_ahead import ROLLED_BACK, new_op, plan_rollback
from timmy_tui.control.progress import EDITING_S, STOP, Progress, WaitStopped
from timmy_tui.control.service.listeners import Serving, refusal, starting
from timmy_tui.control.service.restart_strategies import StartedBy
from timmy_tui.control.service.v34_service import ChangeNotRead, Unhealthy, V34Service
from timmy_tui.core.errors import ControlError
from timmy_tui.model.change import ChangeState


@dataclass
class Rollback:
    """The rollback of the change that ``record`` belongs to."""

    label: str
    record: Record
    context: ChangeContext
    service: V34Service
    progress: Progress

    def run(self, reason: str) -> NoReturn:
        """Put the old bytes back, then restart v34. Raises ChangeEnded; ShuttingDown leaves the rollback open."""
        serves = self.service.wait_until_settled()
        own_record = Record(self.context.journal, new_op())
        old = self.service.find_serving()
        planned, since = self._write(own_record, old)
        self.record.append(ROLLED_BACK, reason)
        self.context.add_marker("change", f"undo {self.label}")
        message = f"{self.label}: rolled back ({reason})"
        try:
            if serves or self.record.v34_was_running:
                self._restart(planned, since, serves, old)
            else:
                message = f"{message}; {NOT_RUNNING}"
        except ChangeEnded as end:
            own_record.append(str(end.state), end.message)
            raise ChangeEnded(
                end.state, _with_problem(f"{message}, but {end.message}", own_record.problem), recorded=True
            ) from None
        own_record.append(ROLLED_BACK)
        raise ChangeEnded(ChangeState.ROLLED_BACK, _with_problem(message, own_record.problem), recorded=True)

    def _write(self, own_record: Record, old: Serving) -> tuple[Sequence[PlannedFile], float]:
        """Put the old bytes back. Raises ChangeEnded with the place of the backup when that is refused."""
        operation = self.record.operation
        assert operation is not None
        with putting_back(own_record, self._what_to_do):
            backups = Path(operation.files[0].backup).parent if operation.files else None
            planned = plan_rollback(operation, backups)
            self.progress.enter(ChangeState.EDITING, EDITING_S)
            own_record.begin(
                f"undo {self.label}", self.context.setup.strategy.name, planned, old.identity, undoes=operation.op
            )
            since = write(planned).boottime
        return planned, since

    def _what_to_do(self, error: Exception) -> str:
        return error.hint if isinstance(error, Conflict) else self.record.diff_commands

    def _restart(self, planned: Sequence[PlannedFile], since: float, serves: bool, old: Serving) -> None:
        """Restart v34. Raises ChangeEnded, which says what the user can do, when it does not serve again."""
        refused = refusal(old, self.context.setup.folder)
        if refused:
            raise needs_attention(refused)
        setup = self.context.setup
        strategy_starts_it = setup.strategy.started_by is StartedBy.STRATEGY
        if not serves and not strategy_starts_it and not starting(setup.folder):
            raise needs_attention(f"v34 is not running; {self.service.watch.start_hint}")
        edited = tuple(file.image.path for file in planned)
        try:
            self.service.restart(old, edited, since, (STOP,))
        except Unhealthy as unhealthy:
            raise needs_attention(f"{unhealthy.reason}{self.service.start_hint}") from None
        except (ChangeNotRead, WaitStopped, ControlError) as error:
            raise needs_attention(f"{_reason(error)}; {self.service.describe_serving(old)}") from None


def _reason(error: Exception) -> str:
    if isinstance(error, WaitStopped):
        return "the wait was stopped"
    return error.message if isinstance(error, ControlError) else str(error)


def _with_problem(message: str, problem: str) -> str:
    return f"{message}; {problem}" if problem else message
