"""A system of a profile as the one that is changed: switches in a JSON file, and perhaps a unit that restarts."""

from collections.abc import Sequence

from timmy_tui.control.change.plan import ChangePlan
from timmy_tui.control.change.shown import JournalView, OutsideEdits, stamp_of
from timmy_tui.control.edit.places import Value
from timmy_tui.control.flags.readings import Flag
from timmy_tui.control.journal.write_ahead import Operation
from timmy_tui.control.progress import LiveState
from timmy_tui.control.switches.change import SwitchChange
from timmy_tui.control.switches.context import SwitchContext
from timmy_tui.control.switches.planner import SwitchPlanner
from timmy_tui.core.foreign.sanitize import clean
from timmy_tui.model.change import ControlState, FlagState
from timmy_tui.model.snapshot import OpenTurn, Snapshot
from timmy_tui.model.user_requests import ChangeRequest


class SwitchSystem:
    """``ControlledSystem`` (change/controlled.py)."""

    def __init__(self, context: SwitchContext) -> None:
        self.surroundings = self._context = context
        self._planner = SwitchPlanner(self._context)
        self._journal = JournalView(self._context.journal)
        self._outside = OutsideEdits(context.add_marker)
        self._flags: tuple[FlagState, ...] = ()
        self._read_from: object = None

    def plan(self, request: ChangeRequest, busy: bool) -> ChangePlan:
        return self._planner.plan(request, busy)

    def start_at_once(self, plan: ChangePlan) -> str:
        return ""

    def new_change(self, plan: ChangePlan, op: str = "") -> SwitchChange:
        return SwitchChange(plan, self._context, self._planner.unit_for(plan), op)

    def requested(self, operation: Operation) -> tuple[tuple[Flag, Value], ...]:
        return self._context.flags.values_of(operation)

    def after_undo(self, plan: ChangePlan) -> str:
        unit = self._planner.unit_for(plan)
        return f", and {unit.name} restarts once more" if unit is not None else ""

    def read_state(self, live: LiveState, ours: bool) -> ControlState:
        """The file is read again when it was written, or what the turns show has changed."""
        context = self._context
        path, unit = context.flags.path, context.unit_look()
        read_from = path and stamp_of(path), tuple(live.flags.items()), unit
        if self._read_from != read_from:
            self._flags, self._read_from = context.flags.states_beside(unit, live.flags), read_from
        if path is not None:
            self._outside.look({clean(path.name): path}, self._flags, ours)
        return ControlState(flags=self._flags, journal=self._journal.entries(), service=unit.words, has_points=False)

    def remember(self) -> None:
        """The unit is systemd's to know."""

    def expect_change(self) -> None:
        self._context.expire_unit()

    def works_on(self, flight: OpenTurn) -> bool:
        return True

    def log_of(self, snapshot: Snapshot) -> Sequence[str]:
        return ()
