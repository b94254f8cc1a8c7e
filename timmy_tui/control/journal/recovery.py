"""Changes that an earlier run of the program left open: what needs nobody is closed, the rest waits for the user."""

from collections.abc import Callable

from timmy_tui.control.journal.write_ahead import (
    ASKING,
    ROLLED_BACK,
    Entry,
    Journal,
    Operation,
    Standing,
    classify,
    remove_leftovers,
)
from timmy_tui.core.errors import ControlError

IN_PLACE = (Standing.APPLIED, Standing.HALF_APPLIED)
UNSEEN = "its end was not seen"
"""Of a restart: it changed no file, and may have come to its end without us."""


def undecided(journal: Journal) -> Operation | None:
    """The newest open operation whose files, or some of them, are in place. Reads only."""
    return next((one for one in reversed(journal.open_operations()) if classify(one) in IN_PLACE), None)


def close_clear_ones(journal: Journal, tell: Callable[[str], None]) -> list[tuple[Operation, Standing]]:
    """Only with the lock held. Returns what needs the user's word, oldest first; ``tell`` hears of the others.

    Newest first, each as the journal has it then: a rollback that had come to its end closes what it took back.
    """
    seen: set[str] = set()
    while left := [one for one in journal.open_operations() if one.op not in seen]:
        operation = left[-1]
        seen.add(operation.op)
        standing, word = clean_up(operation, journal)
        if standing not in IN_PLACE or operation.undoes:
            how = str(standing) if operation.files else UNSEEN
            told = f"{operation.label}: interrupted earlier, {how}"
            tell(f"{told}; {word}" if word else told)
    return [(one, classify(one)) for one in journal.open_operations()]


def clean_up(operation: Operation, journal: Journal) -> tuple[Standing, str]:
    """What a killed change left: half-written files away, what needs no answer closed. Only with the lock held.

    Returns how it stands and a sentence. A rollback that was killed between two files opens again what it took back.
    Raises ControlError when the journal or the folder cannot be written.
    """
    try:
        left = remove_leftovers(operation)
    except OSError as error:
        raise ControlError(f"{error.filename} cannot be removed: {error.strerror}.") from None
    standing = classify(operation)
    word = f"someone's edit is kept in {left[0]}" if left else ""
    if operation.undoes and standing in IN_PLACE:
        whole = standing is Standing.APPLIED
        journal.append(Entry(op=operation.undoes, stage=ROLLED_BACK if whole else ASKING))
        journal.append(Entry(op=operation.op, stage=ROLLED_BACK if whole else "not applied", message=word))
    elif not operation.files:
        journal.append(Entry(op=operation.op, stage="needs attention", message=UNSEEN))
    elif standing not in IN_PLACE:
        journal.append(Entry(op=operation.op, stage=str(standing), message=word))
    return standing, word
