"""One change on its way: guarded, written, restarted, healthy, verified; kept, rolled back, or left to the user."""

import time
from collections.abc import Callable
from typing import NoReturn

from timmy_tui.control.boot import boot_id
from timmy_tui.control.change.context import ChangeContext
from timmy_tui.control.change.outcome import NOT_RUNNING, ChangeEnded, attention
from timmy_tui.control.change.plan import ChangePlan
from timmy_tui.control.change.rollback import Rollback
from timmy_tui.control.edit.transaction import HalfDone, write
from timmy_tui.control.flags.evidence import WANTED
from timmy_tui.control.flags.verification import Verification, newest_session
from timmy_tui.control.journal.record import Record
from timmy_tui.control.journal.write_ahead import ASKING, ROLLED_BACK, FileState, Operation, new_op
from timmy_tui.control.progress import (
    KEEP,
    STOP,
    UNDO,
    KeepRequested,
    Progress,
    ShuttingDown,
    UndoRequested,
    WaitStopped,
)
from timmy_tui.control.service.listeners import Listener, Serving
from timmy_tui.control.service.v34_service import ChangeNotRead, Unhealthy
from timmy_tui.core.errors import ControlError, TimmyError
from timmy_tui.model.change import ChangeState
from timmy_tui.model.requests import Flip, Restart
from timmy_tui.model.turn import TurnState

LOOK_S = 0.5


class Change:
    """``run`` or ``resume`` in a thread of its own, once; ``progress`` from any thread."""

    def __init__(self, plan: ChangePlan, context: ChangeContext, op: str = "") -> None:
        """``op``: of the journal, for a change that an earlier run left open."""
        self.plan, self._context = plan, context
        self.progress = Progress(op or new_op(), plan.label)
        self._service = context.service(self.progress)
        self._record = Record(context.journal, self.progress.op)
        self._written = False
        self._one: Listener | None = None
        self._verification = Verification(plan.requested, -1)

    def run(self) -> None:
        """All the way. Never raises: what goes wrong is a state and a word."""
        self._guarded(self._carry_out)

    def resume(self, operation: Operation, standing: FileState) -> None:
        """What an earlier run left applied: ask for keep or undo, and look for evidence meanwhile. Nothing restarts."""
        self._record.operation = operation
        self._written = True
        self._verification = Verification(self.plan.requested, -1, operation.started)
        self._guarded(lambda: self._take_up(operation, standing))

    def _take_up(self, operation: Operation, standing: FileState) -> None:
        if standing is FileState.HALF_APPLIED:
            self._ask("half of it was written before the dashboard ended", (UNDO,))
        unread = unread_by(operation, self._service.look())
        if unread:
            self._ask(f"applied, and {unread}")
        self._verify(f"applied, and not verified before{self._service.absence if self._record.v34_was_running else ''}")

    # -- the way

    def _guarded(self, way: Callable[[], None]) -> None:
        """Run the way, and turn whatever ends it into an outcome."""
        try:
            self._turned(way)
        except ShuttingDown:
            pass  # open in the journal, when anything was written; the next start takes it up
        except ChangeEnded as end:
            self._end(end.state, end.word, end.recorded)
        except HalfDone as error:
            self._end(ChangeState.NEEDS_ATTENTION, f"{error.message} {error.hint}")
        except TimmyError as error:
            self._refuse(f"{error.message} {error.hint}".strip())
        except Exception as error:  # noqa: BLE001  The thread must not die in silence with a change half made.
            self._end(ChangeState.NEEDS_ATTENTION, f"{type(error).__name__} in the dashboard itself: {error}")

    def _turned(self, way: Callable[[], None]) -> NoReturn:
        """Go the way, and back when that is wanted or needed. Raises ChangeEnded, ShuttingDown or what went wrong."""
        try:
            way()
            raise ChangeEnded(ChangeState.KEPT, f"{self.plan.label}: kept")
        except UndoRequested:
            why = "taken back"
        except Unhealthy as trouble:
            self._consider(trouble.reason)
            why = trouble.reason
        Rollback(self.plan.label, self._record, self._context, self._service, self.progress).make(why)

    def _carry_out(self) -> None:
        plan = self.plan
        try:
            self._service.guard()
            if plan.planned or isinstance(plan.request, Restart):
                self._service.wait_for_quiet()
            self._context.keep_point(plan)
            # a minute may have passed since the first look
            old = self._service.guard()
            self.progress.stop_accepting_answers()
        except WaitStopped:
            raise ChangeEnded(ChangeState.IDLE, f"{plan.label}: not begun") from None
        self._verification = Verification(plan.requested, newest_session(self._context.setup.live_state()))
        since = self._write(old)
        self._context.mark("change" if plan.planned else "restart", plan.label)
        serves = self._bring_up(old, since)
        if isinstance(plan.request, Flip):
            self._verify("" if serves else NOT_RUNNING)
        done = f"{plan.label}: done, {'v34 serves' if serves else NOT_RUNNING}"
        if isinstance(plan.request, Restart) and not serves:
            raise attention(f"{plan.label}: v34 is not running; {self._service.start_by_hand}")
        raise ChangeEnded(ChangeState.ROLLED_BACK if plan.undoes else ChangeState.KEPT, done)

    def _write(self, old: Serving) -> float:
        """Journal first, then the files; the moment, on the boot clock, at which all were in place."""
        plan = self.plan
        self.progress.enter(ChangeState.EDITING, 5.0)
        self._record.begin(plan.label, self._context.setup.strategy.name, plan.planned, old.identity, plan.undoes)
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

    def _bring_up(self, old: Serving, since: float) -> bool:
        """Restart and wait; whether v34 serves. Where the change cannot be blamed, the user is asked.

        Raises Unhealthy, ChangeEnded, UndoRequested.
        """
        self._record.append("restarting")
        edited = tuple(file.image.path for file in self.plan.planned)
        choices = (STOP,) if self._final else (STOP, UNDO)
        try:
            one = self._service.restart(old, edited, since, choices)
        except WaitStopped:
            self._ask(f"not waited for; {self._service.whereabouts(old)}")
        except (ChangeNotRead, ControlError) as error:
            reason = (error.message if isinstance(error, ControlError) else str(error)).rstrip(".")
            self._ask(f"{reason}; {self._service.whereabouts(old)}")
        self._one = one
        if one is not None:
            self._record.append("healthy", service=one.identity)
        return one is not None

    @property
    def _final(self) -> bool:
        """There is nothing to go back to: an undo, or a restart alone."""
        return not self._written or bool(self.plan.undoes)

    def _verify(self, word: str) -> NoReturn:
        """Until two turns of a new session show what was wished, or the user has decided. Has no limit."""
        self._record.append(str(ChangeState.VERIFYING))
        self.progress.enter(ChangeState.VERIFYING, None, (KEEP, UNDO), word)
        try:
            while True:
                turns = self._verification.turns(self._context.setup.live_state().turns)
                seen, contradicted = self._verification.weigh(turns)
                self.progress.turn_cut = self.progress.turn_cut and not any(
                    turn.state is TurnState.COMPLETE for turn in turns
                )
                self._one, gone = self._service.fate(self._one)
                trouble = gone or (contradicted and f"the turns show another value of {contradicted}")
                self.progress.update(f"{trouble}: keep or undo?" if trouble else word, evidence=(seen, WANTED))
                if seen >= WANTED and not contradicted:
                    self.progress.stop_accepting_answers()
                    raise ChangeEnded(ChangeState.KEPT, f"{self.plan.label}: kept, {seen} turns show it")
                self.progress.wait(LOOK_S)
        except KeepRequested:
            raise ChangeEnded(ChangeState.KEPT, f"{self.plan.label}: kept without proof") from None

    # -- what goes wrong

    def _ask(self, word: str, choices: tuple[str, ...] = (KEEP, UNDO)) -> NoReturn:
        """Let the user decide, for as long as it takes. Raises ChangeEnded or UndoRequested."""
        if self._final:
            raise attention(f"{self.plan.label}: {word}")
        self._record.append(ASKING, word)
        self.progress.enter(ChangeState.NEEDS_ATTENTION, None, choices, f"{word}: {' or '.join(choices)}?")
        self._context.tell(f"{self.plan.label}: {word}", "warn")
        try:
            while True:
                self.progress.wait(LOOK_S)
        except KeepRequested:
            raise ChangeEnded(ChangeState.KEPT, f"{self.plan.label}: kept without proof") from None

    def _consider(self, reason: str) -> None:
        """Count down visibly; comes back when the change is to be rolled back. Raises ChangeEnded, ShuttingDown."""
        if self._final:
            bare = f"the file is as it was; {reason}" if self.plan.undoes else reason
            raise attention(f"{self.plan.label}: {bare}{self._service.way_up}")
        self._context.tell(f"{self.plan.label}: {reason}", "bad")
        try:
            self.progress.count_down(self._context.setup.limits.rollback_countdown_s, reason)
        except UndoRequested:
            return
        except WaitStopped:
            try:
                self._ask(reason)
            except UndoRequested:
                return

    # -- the end

    def _refuse(self, why: str) -> None:
        """Nothing was touched, unless the files were written already."""
        if self._written:
            self._end(ChangeState.NEEDS_ATTENTION, why)
            return
        self._record.append("refused", why)
        self.progress.enter(ChangeState.IDLE, message=why)
        self._context.tell(f"{self.plan.label}: {why}", "bad")

    def _end(self, state: ChangeState, word: str, recorded: bool = False) -> None:
        """``recorded``: a rollback has lines of its own, and this operation's last one says so."""
        asked = "good" if self.plan.undoes else "warn"
        role = {ChangeState.KEPT: "good", ChangeState.ROLLED_BACK: asked, ChangeState.IDLE: "muted"}
        bare = word.removeprefix(f"{self.plan.label}: ")
        if not recorded:
            self._record.append(str(state), bare)
        if self._record.problem:
            word, bare = f"{word}; {self._record.problem}", f"{bare}; {self._record.problem}"
        self.progress.enter(state, message=bare)
        self._context.tell(word, role.get(state, "bad"))


def unread_by(operation: Operation, serving: Serving) -> str:
    """It was killed before the restart, and the v34 of before serves on: its turns prove nothing. Else empty."""
    boot, begun = operation.begun
    early = [one.pid for one in serving.listeners if boot == boot_id() and one.started <= begun]
    return f"pid {early[0]} was started before it and has not read it" if early else ""
