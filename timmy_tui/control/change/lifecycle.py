"""The life of one change: check, write, restart, wait until healthy, verify; then keep, roll back or ask the user."""

from collections.abc import Callable
from typing import NoReturn

from timmy_tui.control.boot import boot_id
from timmy_tui.control.change.context import ChangeContext
from timmy_tui.control.change.file_change import POLL_S, FileChange
from timmy_tui.control.change.outcome import NOT_RUNNING, ChangeEnded, needs_attention
from timmy_tui.control.change.plan import ChangePlan
from timmy_tui.control.change.rollback import Rollback
from timmy_tui.control.flags.evidence import WANTED
from timmy_tui.control.flags.verification import Verification, newest_session
from timmy_tui.control.journal.write_ahead import FileState, Operation
from timmy_tui.control.progress import KEEP, STOP, UNDO, KeepRequested, UndoRequested, WaitStopped
from timmy_tui.control.service.listeners import Listener, Serving
from timmy_tui.control.service.v34_service import ChangeNotRead, Unhealthy
from timmy_tui.core.errors import ControlError
from timmy_tui.model.change import ChangeState
from timmy_tui.model.turn import TurnState
from timmy_tui.model.user_requests import Flip, Restart


class Change(FileChange):
    """A change of Little Timmy's files."""

    def __init__(self, plan: ChangePlan, context: ChangeContext, op: str = "") -> None:
        """``op``: the operation in the journal, for a change that an earlier run left open; empty for a new one."""
        super().__init__(plan, context, op)
        self._context = context
        self._service = context.service(self.progress)
        self._listener: Listener | None = None
        self._verification: Verification
        """Set before the first step that reads it: what counts depends on how the change began."""

    def _resume(self, operation: Operation, file_state: FileState) -> None:
        """Verify it and ask for keep or undo. Restarts nothing."""
        self._verification = Verification(self.plan.requested, None, operation.started)
        if file_state is FileState.HALF_APPLIED:
            self._ask_user("half of it was written before the dashboard ended", (UNDO,))
        unread = unread_reason(operation, self._service.find_serving())
        if unread:
            self._ask_user(f"applied, and {unread}")
        hint = self._service.not_running_hint if self._record.v34_was_running else ""
        self._verify(f"applied, and not verified before{hint}")

    # -- steps

    def _run_or_roll_back(self, steps: Callable[[], None]) -> NoReturn:
        """Run the steps, and roll back when the user wants it or v34 is unhealthy.

        Raises ChangeEnded, ShuttingDown, or the error of a step.
        """
        try:
            steps()
            raise ChangeEnded(ChangeState.KEPT, f"{self.plan.label}: kept")
        except UndoRequested:
            reason = "taken back"
        except Unhealthy as unhealthy:
            self._count_down_to_rollback(unhealthy.reason)
            reason = unhealthy.reason
        self._roll_back(reason)

    def _roll_back(self, reason: str) -> NoReturn:
        Rollback(self.plan.label, self._record, self._context, self._service, self.progress).run(reason)

    def _carry_out(self) -> None:
        plan = self.plan
        try:
            self._service.guard()
            self._context.ensure_restore_point(plan)
            old = self._service.guard_in_quiet()
            self.progress.stop_accepting_answers()
        except WaitStopped:
            raise ChangeEnded(ChangeState.IDLE, f"{plan.label}: not begun") from None
        self._verification = Verification(plan.requested, newest_session(self._context.setup.live_state()))
        since = self._write(self._context.setup.strategy.name, old.identity)
        self._context.add_marker("change" if plan.planned else "restart", plan.label)
        serves = self._restart(old, since)
        if isinstance(plan.request, Flip):
            self._verify("" if serves else NOT_RUNNING)
        message = f"{plan.label}: done, {'v34 serves' if serves else NOT_RUNNING}"
        if isinstance(plan.request, Restart) and not serves:
            raise needs_attention(f"{plan.label}: v34 is not running; {self._service.watch.start_hint}")
        raise ChangeEnded(ChangeState.ROLLED_BACK if plan.undoes else ChangeState.KEPT, message)

    def _restart(self, old: Serving, since: float) -> bool:
        """Restart v34 and wait for it; returns whether it serves. Asks the user when the change is not the cause.

        Raises Unhealthy, ChangeEnded, UndoRequested.
        """
        self._record.append("restarting")
        edited = tuple(file.image.path for file in self.plan.planned)
        choices = (STOP,) if self._irreversible else (STOP, UNDO)
        try:
            listener = self._service.restart(old, edited, since, choices)
        except WaitStopped:
            self._ask_user(f"you stopped the wait; {self._service.describe_serving(old)}")
        except (ChangeNotRead, ControlError) as error:
            reason = (error.message if isinstance(error, ControlError) else str(error)).rstrip(".")
            self._ask_user(f"{reason}; {self._service.describe_serving(old)}")
        self._listener = listener
        if listener is not None:
            self._record.append("healthy", service=listener.identity)
        return listener is not None

    def _verify(self, message: str) -> NoReturn:
        """Wait until two turns of a new session show the requested values, or the user decides. Has no time limit."""
        self._record.append(str(ChangeState.VERIFYING))
        choices = (KEEP,) if self._irreversible else (KEEP, UNDO)
        self.progress.enter(ChangeState.VERIFYING, None, choices, message)
        try:
            while True:
                turns = self._verification.turns(self._context.setup.live_state().turns)
                confirming, contradicted = self._verification.weigh(turns)
                self.progress.turn_cut = self.progress.turn_cut and not any(
                    turn.state is TurnState.COMPLETE for turn in turns
                )
                self._listener, exited = self._service.current_listener(self._listener)
                problem = exited or (contradicted and f"the turns show another value of {contradicted}")
                asked = f"{problem}: {' or '.join(choices)}?"
                waiting = "; ".join(filter(None, (message, self._verification.unproven(turns))))
                self.progress.update(asked if problem else waiting, evidence=(confirming, WANTED), asks=bool(problem))
                if confirming >= WANTED and not contradicted:
                    self.progress.stop_accepting_answers()
                    raise ChangeEnded(ChangeState.KEPT, f"{self.plan.label}: kept, {confirming} turns show it")
                self.progress.wait(POLL_S)
        except KeepRequested:
            raise ChangeEnded(ChangeState.KEPT, f"{self.plan.label}: kept, not verified") from None

    # -- problems

    def _count_down_to_rollback(self, reason: str) -> None:
        """Count down on the screen; returns when the change is to be rolled back. Raises ChangeEnded, ShuttingDown."""
        if self._irreversible:
            message = f"the file is as it was; {reason}" if self.plan.undoes else reason
            raise needs_attention(f"{self.plan.label}: {message}{self._service.start_hint}")
        self._context.notify(f"{self.plan.label}: {reason}", "bad")
        try:
            self.progress.count_down(self._context.setup.limits.rollback_countdown_s, reason)
        except UndoRequested:
            return
        except WaitStopped:
            try:
                self._ask_user(reason)
            except UndoRequested:
                return


def unread_reason(operation: Operation, serving: Serving) -> str:
    """Why v34's turns prove nothing: it was started before the change, which was killed before the restart.

    Empty when that is not so.
    """
    boot, begun = operation.begun
    early = [listener.pid for listener in serving.listeners if boot == boot_id() and listener.started <= begun]
    return f"pid {early[0]} was started before it and has not read it" if early else ""
