"""Little Timmy as the system that is changed: Python files, restore points, and a v34 that restarts."""

from collections.abc import Callable, Sequence

from timmy_tui.control.change.context import ChangeContext
from timmy_tui.control.change.lifecycle import Change
from timmy_tui.control.change.plan import ChangePlan
from timmy_tui.control.change.planner import Planner, requested_values
from timmy_tui.control.change.status import ControlStatus
from timmy_tui.control.change.surroundings import AddMarker, Notify
from timmy_tui.control.edit.places import Value
from timmy_tui.control.flags.readings import Flag
from timmy_tui.control.journal.write_ahead import Operation
from timmy_tui.control.progress import LiveState
from timmy_tui.control.restore.wording import made_words
from timmy_tui.model.change import ControlState
from timmy_tui.model.snapshot import OpenTurn, Snapshot
from timmy_tui.model.stages.v34 import AFTER_REPLY, BEFORE_TEXT
from timmy_tui.model.user_requests import ChangeRequest, CreatePoint
from timmy_tui.sources.timmy import Timmy

V34_DONE = frozenset(AFTER_REPLY)
"""Phases of a turn in which v34 has done its part: a restart cuts nothing."""


class V34System:
    """``ControlledSystem`` (change/controlled.py)."""

    def __init__(
        self, timmy: Timmy, live_state: Callable[[], LiveState], notify: Notify, add_marker: AddMarker
    ) -> None:
        """Raises OSError when the control folder cannot be made."""
        self._timmy = timmy
        self.surroundings = self._context = ChangeContext(timmy, live_state, notify, add_marker)
        self._status = ControlStatus(self._context)
        self._planner = Planner(self._context)

    def plan(self, request: ChangeRequest, busy: bool) -> ChangePlan:
        serving = self._status.serving
        return self._planner.plan(request, serving, busy and bool(serving.listeners))

    def start_at_once(self, plan: ChangePlan) -> str:
        if not isinstance(plan.request, CreatePoint):
            return ""
        return made_words(self._context.points.create(plan.request.name))

    def new_change(self, plan: ChangePlan, op: str = "") -> Change:
        return Change(plan, self._context, op)

    def requested(self, operation: Operation) -> tuple[tuple[Flag, Value], ...]:
        return requested_values(operation, self._timmy)

    def after_undo(self, plan: ChangePlan) -> str:
        return ", and v34 restarts once more" if self._status.serving.listeners else "; v34 is not running"

    def read_state(self, live: LiveState, ours: bool) -> ControlState:
        return self._status.read(live.turns, ours)

    def remember(self) -> None:
        self._context.setup.watch.save_command()

    def expect_change(self) -> None:
        self._status.expire_points()

    def works_on(self, flight: OpenTurn) -> bool:
        """v34 works on this turn, or a text is on its way to it."""
        if flight.phase in BEFORE_TEXT:
            return flight.turn.text_length is not None
        return flight.phase not in V34_DONE

    def log_of(self, snapshot: Snapshot) -> Sequence[str]:
        return [line for name, line in snapshot.log_tail[-60:] if name == "v34.log"]
