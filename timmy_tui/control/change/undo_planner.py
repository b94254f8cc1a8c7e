"""Plans the undo of a change: its files byte for byte, or its values alone where somebody has written since."""

import shlex
from collections.abc import Callable, Sequence
from pathlib import Path

from timmy_tui.control.change.flip_planner import shown_path
from timmy_tui.control.change.plan import ChangePlan
from timmy_tui.control.edit.transaction import PlannedFile, plan
from timmy_tui.control.errors import Conflict, Refused
from timmy_tui.control.journal.write_ahead import (
    ROLLED_BACK,
    FileState,
    Journal,
    Operation,
    classify,
    plan_rollback,
    reversed_edits,
)
from timmy_tui.core.errors import NotFound
from timmy_tui.core.formatting import local_time
from timmy_tui.model.user_requests import Undo

ChangedLines = Callable[[Sequence[PlannedFile]], tuple[str, ...]]
"""The changed lines of planned files, for a preview."""


class UndoPlanner:
    """For one journal; reads files, changes nothing."""

    def __init__(self, journal: Journal, backups: Path, root: Path, changed_lines: ChangedLines) -> None:
        """``root``: files below it are shown relative to it."""
        self._journal, self._backups, self._root, self._changed_lines = journal, backups, root, changed_lines

    def plan(self, request: Undo) -> ChangePlan:
        """What would be done. Raises Refused or NotFound."""
        operation = self.operation(request.op)
        label = f"undo {operation.label}"
        lines: tuple[str, ...]
        try:
            planned = plan_rollback(operation, self._backups)
            names = [shown_path(self._root, file.image.path) for file in planned]
            lines = (f"{', '.join(names)}: byte for byte as before", *_reversed(operation))
        except Conflict as conflict:
            edits = reversed_edits(operation)
            if not edits:
                raise
            planned = plan(edits, self._backups)
            lines = (f"{conflict.message} Only this is put back:", *self._changed_lines(planned))
        made = local_time(operation.started)
        return ChangePlan(
            request, label, (f"takes back the change of {made}", *lines), planned=planned, undoes=operation.op
        )

    def operation(self, op: str) -> Operation:
        """The named one, or the newest change. Never an older one unasked: the user means the one seen last.

        Raises NotFound, with the name of the next older one where the newest is undone already.
        """
        operations = self._journal.operations()
        if op:
            found = next((one for one in operations if one.op == op), None)
            if found is None:
                raise NotFound(f"the journal has no operation {op}.")
            if not undoable(found, operations):
                raise Refused(f"{found.label} {_how_it_ended(found, operations)}.")
            return found
        changes = [one for one in reversed(operations) if one.files and not one.undoes and _was_written(one)]
        if not changes:
            raise NotFound("there is no change to undo.")
        if undoable(changes[0], operations):
            return changes[0]
        older = next((one for one in changes[1:] if undoable(one, operations)), None)
        hint = (
            f"To undo the one before it, {older.label}: timmy-tui undo {shlex.quote(older.op)}"
            if older is not None
            else ""
        )
        raise NotFound(f"{changes[0].label} {_how_it_ended(changes[0], operations)}.", hint)


def undoable(operation: Operation, operations: Sequence[Operation]) -> bool:
    """It changed files, is no rollback itself, and they may still be in place: nothing has taken it back."""
    return bool(
        operation.files
        and (operation.open or operation.stage in ("kept", "needs attention"))
        and not operation.undoes
        and not _was_undone(operation, operations)
    )


def _was_undone(operation: Operation, operations: Sequence[Operation]) -> bool:
    """Another operation has taken it back."""
    return any(one.undoes == operation.op and one.stage == ROLLED_BACK for one in operations)


def _was_written(operation: Operation) -> bool:
    """Its files were written; it may have been undone since."""
    if operation.open:
        return classify(operation) is not FileState.NOT_APPLIED
    return operation.stage in ("kept", "needs attention", ROLLED_BACK)


def _how_it_ended(operation: Operation, operations: Sequence[Operation]) -> str:
    if operation.undoes:
        return "is an undo itself"
    undone = operation.stage == ROLLED_BACK or _was_undone(operation, operations)
    return "is undone already" if undone else f"ended as: {operation.stage}"


def _reversed(operation: Operation) -> tuple[str, ...]:
    return tuple(
        f"  {literal.name}: {literal.new} → {literal.old}" for file in operation.files for literal in file.literals
    )
