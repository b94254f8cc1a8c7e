"""Carries changes, one at a time on the machine, each in a thread of its own; takes up what a killed run left open."""

import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from timmy_tui.control.change.context import ChangeContext
from timmy_tui.control.change.lifecycle import Change
from timmy_tui.control.change.plan import ChangePlan
from timmy_tui.control.change.planner import requested_values
from timmy_tui.control.edit.literal import Value
from timmy_tui.control.flags.readings import Flag
from timmy_tui.control.journal.lock import ChangeLock, Locked
from timmy_tui.control.journal.recovery import END_NOT_SEEN, pending_operation, recover_operation, recover_operations
from timmy_tui.control.journal.write_ahead import Entry, FileState, Operation
from timmy_tui.core.errors import ControlError, TimmyError
from timmy_tui.model.change import ChangeProgress
from timmy_tui.model.requests import ChangeRequest, Flip, Undo

SHOWN_S = 60.0
"""How long an ended change stays in live_state."""


class ChangeRunner:
    """Every method may be called from any thread."""

    def __init__(self, context: ChangeContext, on_change: Callable[[], None]) -> None:
        """``on_change`` hears when a change begins and when it has ended."""
        self._context, self._journal, self._on_change = context, context.journal, on_change
        self._lock = ChangeLock(context.timmy.control_folder)
        self._taking = threading.Lock()
        """Around every use of the lock of the machine: taking it twice from one process is taking it once."""
        self._leaving = False
        self._thread: threading.Thread | None = None
        self._own: set[str] = set()
        """Operations carried here: not interrupted, however they stand in the journal."""
        self._ended_at = 0.0
        self.change: Change | None = None
        """The running one, or the last."""
        self.changing = False
        """It is under way, and holds the lock."""

    @property
    def label(self) -> str:
        """Of the last change."""
        return self.change.plan.label if self.change is not None else ""

    def shown(self, log: tuple[str, ...]) -> ChangeProgress | None:
        """The running change, or the one that ended within the last minute."""
        change = self.change
        if change is None:
            return None
        if not self.changing:
            self._ended_at = self._ended_at or time.monotonic()
            if time.monotonic() - self._ended_at > SHOWN_S:
                return None
        return change.progress.current(log)

    def hindrance(self, request: ChangeRequest) -> str:
        """Another change: of this program, of another process, or of one that was killed. Empty without."""
        if self.changing:
            return f"{self.label} is still under way"
        pid = self._lock.owner()
        if pid is not None and pid != os.getpid():
            return Locked(pid).message
        left = pending_operation(self._journal) if not isinstance(request, Undo) else None
        return f"{left.label} was interrupted: undo or keep it first" if left is not None else ""

    def begin(self, plan: ChangePlan) -> None:
        """Take the lock of the machine, look once more at what is open, and go. Raises Locked, ControlError."""
        with self._taking:
            self._check_free()
            self._lock.acquire()
            try:
                left = [one for one, _ in recover_operations(self._journal, self._tell)]
                if left and plan.undoes not in [one.op for one in left]:
                    raise ControlError(f"{left[-1].label} was interrupted: undo or keep it first.")
            except BaseException:
                self._lock.release()
                raise
            change = Change(plan, self._context)
            self._carry(change, change.run)

    def take_up(self) -> None:
        """Operations that nobody works on any more: closed, or opened again for the user's answer. One at a time.

        What is open is read behind the lock: another process may just have ended it. Raises ControlError.
        """
        if not self._journal.open_operations():
            return
        with self._taking:
            if self.changing or self._leaving:
                return
            with suppress(Locked):
                self._lock.acquire()
            if not self._lock.held:
                return
            try:
                left = recover_operations(self._journal, self._tell)
                waiting = next(((one, how) for one, how in left if one.op not in self._own), None)
                if waiting is not None:
                    change = Change(self._resumed(waiting[0]), self._context, waiting[0].op)
                    self._carry(change, partial(change.resume, *waiting))
            finally:
                if not self.changing:
                    self._lock.release()

    def keep(self, op: str) -> str:
        """Close an interrupted change as it stands: this one, or the newest. Raises ControlError."""
        with self._taking:
            self._check_free()
            with self._lock:
                left = [one for one in self._journal.open_operations() if op in ("", one.op)]
                if not left:
                    raise ControlError("no change is open.")
                return self._kept(left[-1])

    def left_open(self, op: str) -> bool:
        """An operation that still waits for a word in the journal. Raises ControlError."""
        return any(one.op == op for one in self._journal.open_operations())

    def leave(self, wait_s: float) -> None:
        """The program ends: files that are being written are waited for, for ``wait_s``, and nothing more is begun.

        What has been written stays open in the journal, for the next start.
        """
        with self._taking:
            self._leaving = True
        if self.change is not None:
            self.change.progress.shut_down()
        if self._thread is not None:
            self._thread.join(wait_s)

    # -- how

    def _check_free(self) -> None:
        if self._leaving:
            raise ControlError("timmy-tui is closing; nothing is changed any more.")
        if self.changing:
            raise ControlError(f"{self.label} is still under way.")

    def _carry(self, change: Change, way: Callable[[], None]) -> None:
        """In a thread, which gives back the lock that is held now; called within ``_taking``."""

        def run() -> None:
            try:
                way()
            finally:
                with self._taking:
                    self._lock.release()
                    self.changing = False
                self._on_change()

        self.change, self._ended_at, self.changing = change, 0.0, True
        self._own.add(change.progress.op)
        self._thread = threading.Thread(target=run, name="change", daemon=True)
        self._thread.start()
        self._on_change()

    def _kept(self, operation: Operation) -> str:
        standing, word = recover_operation(operation, self._journal)
        if standing is FileState.HALF_APPLIED:
            raise ControlError(f"{operation.label}: only half of it is in place.", "timmy-tui undo")
        how = str(standing) if operation.files else END_NOT_SEEN
        if standing is FileState.APPLIED and not operation.undoes:
            how = "kept without proof"
            self._journal.append(Entry(op=operation.op, stage="kept", message=how))
        return f"{operation.label}: {how} {word}".strip()

    def _resumed(self, operation: Operation) -> ChangePlan:
        requested: tuple[tuple[Flag, Value], ...] = ()
        with suppress(TimmyError):
            requested = requested_values(operation, self._context.timmy)
        values = tuple((flag.key, str(value)) for flag, value in requested)
        return ChangePlan(Flip(values), operation.label, requested=requested)

    def _tell(self, word: str) -> None:
        self._context.notify(word, "warn")
