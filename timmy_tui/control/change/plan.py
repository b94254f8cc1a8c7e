"""A change that is ready to go, or the reason why it is not."""

from dataclasses import dataclass

from timmy_tui.control.edit.places import Value
from timmy_tui.control.edit.transaction import PlannedFile
from timmy_tui.control.flags.readings import Flag
from timmy_tui.model.user_requests import ChangeRequest


@dataclass(frozen=True)
class ChangePlan:
    """What would be done, in words and in bytes. Nothing has been done yet."""

    request: ChangeRequest
    label: str
    """``tail mode off→on``."""
    preview: tuple[str, ...] = ()
    """What would be done and what that interrupts, in the order in which it matters; ``details`` at its end."""
    details: tuple[str, ...] = ()
    """One line for every file, where there may be hundreds."""
    refusal: str = ""
    done: str = ""
    """Why nothing has to be done: what was asked for runs already. It cannot be started."""
    planned: tuple[PlannedFile, ...] = ()
    requested: tuple[tuple[Flag, Value], ...] = ()
    """What two turns of the new session must show."""
    undoes: str = ""
    """The operation of the journal that it takes back."""
    answers: str = ""
    """The running change that it takes back: it is answered with undo, and nothing else begins."""
    point: str = ""
    """Flag key, or name of a restore point, in the name of the restore point that is made first."""
    other: "ChangePlan | None" = None
    """The way that the user asked for, where a safer one is proposed first."""
    other_word: str = ""
