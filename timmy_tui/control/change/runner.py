"""Runs changes, one at a time on the machine, each in its own thread; resumes those that a killed run left open."""

import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from timmy_tui.control.change.controlled import ControlledSystem, RunningChange
from timmy_tui.control.change.plan import ChangePlan
from timmy_tui.control.edit.places import Value
from timmy_tui.control.flags.readings import Flag
from timmy_tui.control.journal.lock import ChangeLock, Locked
from timmy_tui.control.journal.recovery import END_NOT_SEEN, pending_operation, recover_operation, recover_operations
from timmy_tui.control.journal.write_ahead import Entry, FileState, Operation
from timmy_tui.core.errors import ControlError, TimmyError
from timmy_tui.core.running.threads import start_thread
from timmy_tui.model.change import ChangeProgress
from timmy_tui.model.user_requests import ChangeRequest, Flip, Undo

SHOWN_S = 60.0
"""Seconds that an ended change stays on the screen."""


class ChangeRunner:
    """Every method may be called from any thread."""

    def __init__(self, system: ControlledSystem, on_change: Callable[[], None]) -> None:
        """``on_change`` is called when a change begins and when it has ended."""
        self._system, self._journal, self._on_change = system, system.surroundings.journal, on_change
        self._lock = ChangeLock(system.surroundings.folder)
        self._lock_guard = threading.Lock()
        """Held around every use of ``_lock``, which does not exclude another thread of this process."""
        self._shutting_down = False
        self._thread: threading.Thread | None = None
        self._own_ops: set[str] = set()
        """Operations that this process ran: they were not interrupted, even if the journal has them open."""
        self._ended_at: float
        """When the last change was first seen to have ended (monotonic); 0 until then."""
        self.change: RunningChange | None = None
        """The running change, or the last one."""
        self.label: str
        """Of the same."""
        self.changing = False
        """A change is under way; its thread holds the lock."""

    def current_progress(self, log: tuple[str, ...]) -> ChangeProgress | None:
        """The running change, or the one that ended within the last minute."""
        change = self.change
        if change is None:
            return None
        if not self.changing:
            self._ended_at = self._ended_at or time.monotonic()
            if time.monotonic() - self._ended_at > SHOWN_S:
                return None
        return change.progress.current(log)

    def refusal(self, request: ChangeRequest) -> str:
        """Why nothing can begin now: another change runs here or in another process, or was interrupted. Else empty."""
        if self.changing:
            return f"{self.label} is still under way"
        owner = self._lock.owner()
        if owner is not None and owner.pid != os.getpid():
            return Locked(owner).message
        pending = pending_operation(self._journal) if not isinstance(request, Undo) else None
        return f"{pending.label} was interrupted: undo or keep it first" if pending is not None else ""

    def begin(self, plan: ChangePlan) -> None:
        """Take the lock, check the journal once more for open changes, and start. Raises Locked, ControlError."""
        with self._lock_guard:
            self._check_idle()
            self._lock.acquire()
            try:
                pending = [operation for operation, _ in recover_operations(self._journal, self._warn)]
                if pending and plan.undoes not in [operation.op for operation in pending]:
                    raise ControlError(f"{pending[-1].label} was interrupted: undo or keep it first.")
            except BaseException:
                self._lock.release()
                raise
            change = self._system.new_change(plan)
            self._start(change, change.run)

    def resume_interrupted(self) -> None:
        """Close the operations that a killed run left open, or resume the oldest that needs the user's answer.

        Reads the journal again with the lock held: another process may just have ended one. Raises ControlError.
        """
        if not self._journal.open_operations():
            return
        with self._lock_guard:
            if self.changing or self._shutting_down:
                return
            with suppress(Locked):
                self._lock.acquire()
            if not self._lock.held:
                return
            try:
                pending = recover_operations(self._journal, self._warn)
                interrupted = next((item for item in pending if item[0].op not in self._own_ops), None)
                if interrupted is not None:
                    change = self._system.new_change(self._resumed_plan(interrupted[0]), interrupted[0].op)
                    self._start(change, partial(change.resume, *interrupted))
            finally:
                if not self.changing:
                    self._lock.release()

    def keep(self, op: str) -> str:
        """Keep an interrupted change as it is: ``op``, or the newest when that is empty. Raises ControlError."""
        with self._lock_guard:
            self._check_idle()
            with self._lock:
                pending = [operation for operation in self._journal.open_operations() if op in ("", operation.op)]
                if not pending:
                    raise ControlError(self._nothing_open(op))
                return self._close(pending[-1])

    def is_open(self, op: str) -> bool:
        """The journal has this operation, and it has not ended. Raises ControlError."""
        return any(operation.op == op for operation in self._journal.open_operations())

    def shut_down(self, wait_s: float) -> None:
        """The program ends: wait at most ``wait_s`` seconds for files that are being written; no further step begins.

        A change that is written stays open in the journal, for the next start.
        """
        with self._lock_guard:
            self._shutting_down = True
        if self.change is not None:
            self.change.progress.shut_down()
        if self._thread is not None:
            self._thread.join(wait_s)

    # -- implementation

    def _check_idle(self) -> None:
        if self._shutting_down:
            raise ControlError("timmy-tui is closing; nothing is changed any more.")
        if self.changing:
            raise ControlError(f"{self.label} is still under way.")

    def _start(self, change: RunningChange, steps: Callable[[], None]) -> None:
        """Run the steps in a thread, which releases the lock at the end. Call it with ``_lock_guard`` held."""

        def run() -> None:
            try:
                steps()
            finally:
                with self._lock_guard:
                    self._lock.release()
                    self.changing = False
                self._on_change()

        self.change, self.label = change, change.plan.label
        self._ended_at, self.changing = 0.0, True
        self._own_ops.add(change.progress.op)
        self._thread = start_thread("change", run)
        self._on_change()

    def _nothing_open(self, op: str) -> str:
        """Why there is nothing to keep."""
        changes = [one for one in self._journal.operations() if not one.undoes and op in ("", one.op)]
        if not changes:
            return f"the journal has no operation {op}." if op else "no change is open: nothing was changed yet."
        return f"no change is open: {changes[-1].label} has ended, {changes[-1].stage}."

    def _close(self, operation: Operation) -> str:
        state, warning = recover_operation(operation, self._journal)
        if state is FileState.HALF_APPLIED:
            raise ControlError(f"{operation.label}: only half of it is in place.", "timmy-tui undo")
        outcome = str(state) if operation.files else END_NOT_SEEN
        if state is FileState.APPLIED and not operation.undoes:
            outcome = "kept, not verified"
            self._journal.append(Entry(op=operation.op, stage="kept", message=outcome))
        return f"{operation.label}: {outcome} {warning}".strip()

    def _resumed_plan(self, operation: Operation) -> ChangePlan:
        requested: tuple[tuple[Flag, Value], ...] = ()
        with suppress(TimmyError):
            requested = self._system.requested(operation)
        values = tuple((flag.key, str(value)) for flag, value in requested)
        return ChangePlan(Flip(values), operation.label, requested=requested)

    def _warn(self, message: str) -> None:
        self._system.surroundings.notify(message, "warn")
