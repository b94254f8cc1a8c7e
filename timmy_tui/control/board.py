"""What screen 5 shows: flags, journal and restore points, looked at in a thread of its own."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from timmy_tui.control.flags import flag_states
from timmy_tui.control.journal import Journal, Operation, classify
from timmy_tui.control.restore_points import RestorePoints
from timmy_tui.errors import ControlError
from timmy_tui.model.change import ControlState, JournalEntry
from timmy_tui.model.turn import Turn
from timmy_tui.settings import Settings

EVERY_S = 2.0
"""Between two looks: reading the flags takes 7 ms, asking git 20 ms."""
JOURNAL = "journal.jsonl"
UNCHANGED = "this version shows flags but does not change them yet: edit the file, v34 reloads by itself"


@dataclass(frozen=True)
class PointPlan:
    """A restore point to be made, or why it cannot."""

    label: str
    preview: tuple[str, ...]
    refusal: str = ""
    name: str = ""


class ControlBoard:
    """Looks, and makes restore points. It changes no flag, no code and no service."""

    def __init__(self, settings: Settings, root: Path, state: Path) -> None:
        self._settings = settings
        self._root = root
        self._points = RestorePoints(root, state)
        self._journal = Journal(state / JOURNAL)
        self._turns: Sequence[Turn] = ()
        self._state = ControlState()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="control", daemon=True)

    def start_watching(self) -> None:
        """Begin looking."""
        self._thread.start()

    def close(self) -> None:
        """End within a second."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(1.0)

    def see(self, turns: Sequence[Turn]) -> None:
        """The newest turns: what they show is what runs."""
        self._turns = turns

    def state(self) -> ControlState:
        """As last seen; asks nothing."""
        return self._state

    def plan(self, kind: str, arguments: Mapping[str, Any]) -> PointPlan:
        """``create`` {name}; everything else is refused."""
        if kind != "create":
            return PointPlan(kind, (), UNCHANGED)
        name = str(arguments.get("name") or "")
        files = "the code files of v34/ and shared/"
        return PointPlan(
            f"restore point {name}".strip(), (f"keeps {files}, byte for byte, outside the repository",), name=name
        )

    def start(self, plan: object) -> str:
        """Make the restore point that ``plan`` promised. Raises ControlError."""
        if not isinstance(plan, PointPlan) or plan.refusal:
            raise ControlError(plan.refusal if isinstance(plan, PointPlan) else "nothing was planned.")
        made = self._points.create(plan.name)
        return f"restore point {made.name} made"

    def answer(self, choice: str) -> str:
        """No change runs here. Raises ControlError."""
        raise ControlError(f"no change is running that {choice!r} could answer.")

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._look()
            self._stopping.wait(EVERY_S)

    def _look(self) -> None:
        try:
            self._state = ControlState(
                flags=flag_states(self._root, self._settings, self._turns),
                journal=tuple(_entry(one) for one in self._journal.operations()),
                restore_points=self._points.list(),
            )
        except (OSError, ControlError) as error:
            self._state = ControlState(read_only=str(error))


def _entry(operation: Operation) -> JournalEntry:
    return JournalEntry(
        op=operation.op,
        at=operation.at,
        label=operation.label,
        state=operation.stage if not operation.open else str(classify(operation)),
        undoable=False,
    )
