"""Recovers changes that an earlier run left open: some are closed at once, the others wait for the user's answer."""

from collections.abc import Callable

from timmy_tui.control.journal.write_ahead import (
    ASKING,
    ROLLED_BACK,
    Entry,
    FileState,
    Journal,
    Operation,
    classify,
    remove_leftovers,
)
from timmy_tui.core.errors import ControlError

IN_PLACE = (FileState.APPLIED, FileState.HALF_APPLIED)
END_NOT_SEEN = "how it ended is not known"
"""Of a restart: it changed no file, and may have ended after the program did."""


def pending_operation(journal: Journal) -> Operation | None:
    """The newest open operation whose new bytes are in place, at least in part. Changes nothing."""
    operations = reversed(journal.open_operations())
    return next((operation for operation in operations if classify(operation) in IN_PLACE), None)


def recover_operations(journal: Journal, notify: Callable[[str], None]) -> list[tuple[Operation, FileState]]:
    """Close what needs no answer, and ``notify`` of each. Only with the lock held.

    Returns what needs the user's answer, oldest first. Works from the newest to the oldest and reads the journal again
    each time: a rollback that had finished closes the change that it undid.
    """
    checked: set[str] = set()
    while remaining := [operation for operation in journal.open_operations() if operation.op not in checked]:
        operation = remaining[-1]
        checked.add(operation.op)
        state, warning = recover_operation(operation, journal)
        if state not in IN_PLACE or operation.undoes:
            outcome = str(state) if operation.files else END_NOT_SEEN
            message = f"{operation.label}: interrupted earlier, {outcome}"
            notify(f"{message}; {warning}" if warning else message)
    return [(operation, classify(operation)) for operation in journal.open_operations()]


def recover_operation(operation: Operation, journal: Journal) -> tuple[FileState, str]:
    """Remove the temp files of a killed change, and close it when it needs no answer. Only with the lock held.

    Returns the state of its files and a warning, or an empty one. A rollback that was killed between two files opens
    the change again that it was to undo. Raises ControlError when the journal or the folder cannot be written.
    """
    try:
        edited = remove_leftovers(operation)
    except OSError as error:
        raise ControlError(f"{error.filename} cannot be removed: {error.strerror}.") from None
    state = classify(operation)
    warning = f"someone's edit is kept in {edited[0]}" if edited else ""
    if operation.undoes and state in IN_PLACE:
        complete = state is FileState.APPLIED
        journal.append(Entry(op=operation.undoes, stage=ROLLED_BACK if complete else ASKING))
        journal.append(Entry(op=operation.op, stage=ROLLED_BACK if complete else "not applied", message=warning))
    elif not operation.files:
        journal.append(Entry(op=operation.op, stage="needs attention", message=END_NOT_SEEN))
    elif state not in IN_PLACE:
        journal.append(Entry(op=operation.op, stage=str(state), message=warning))
    return state, warning
