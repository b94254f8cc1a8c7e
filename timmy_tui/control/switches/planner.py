"""From a request to a plan for switches in a JSON file: what would be written, and what follows from it."""

from collections.abc import Sequence
from dataclasses import replace

from timmy_tui.control.change.flip_planner import flip_label, parsed, same_value
from timmy_tui.control.change.plan import ChangePlan
from timmy_tui.control.change.undo_planner import UndoPlanner
from timmy_tui.control.edit.atomic_replace import open_in_editor
from timmy_tui.control.edit.transaction import PlannedFile, plan
from timmy_tui.control.errors import Refused
from timmy_tui.control.flags.readings import named_flag
from timmy_tui.control.service.unit import Unit
from timmy_tui.control.switches.context import SwitchContext
from timmy_tui.core.errors import NotFound
from timmy_tui.model.user_requests import ChangeRequest, Flip, Restart, Undo

LIVE = "it is looked up at its next use: nothing restarts, and no turn is cut"


class SwitchPlanner:
    """Reads the file, changes nothing."""

    def __init__(self, context: SwitchContext) -> None:
        self._flags, self._backups, self._unit = context.flags, context.backups, context.unit
        self._title = context.title
        self._undoing = UndoPlanner(context.journal, context.backups, context.folder, changed_members)

    def plan(self, request: ChangeRequest, busy: bool) -> ChangePlan:
        """What would be done. What cannot be done is a plan with a refusal."""
        try:
            return self._plan(request, busy)
        except (Refused, NotFound) as error:
            return ChangePlan(request, request.word, refusal=f"{error.message} {error.hint}".strip())

    def _plan(self, request: ChangeRequest, busy: bool) -> ChangePlan:
        if isinstance(request, Flip):
            made = self._flip(request)
        elif isinstance(request, Undo):
            made = self._undo(request)
        elif isinstance(request, Restart):
            made = self._restart(request)
        else:
            raise Refused(f"{self._title} has no restore points here: only its switches are changed.")
        return made if made.done else self._with_consequences(made, busy)

    def _flip(self, request: Flip) -> ChangePlan:
        wishes = parsed(request.values, lambda key: named_flag(key, self._flags.flags))
        edits = [self._flags.edit(flag, value) for flag, value in wishes]
        before = {one.flag.key: one.value for one in self._flags.read()}
        to_do = [(flag, value) for flag, value in wishes if not same_value(before[flag.key], value)]
        label = flip_label(to_do or wishes, before)
        if not to_do:
            return ChangePlan(request, label, done=f"{self._flags.path} says so already")
        planned = plan(edits, self._backups)
        return ChangePlan(request, label, changed_members(planned), planned=planned, requested=tuple(to_do))

    def _undo(self, request: Undo) -> ChangePlan:
        made = self._undoing.plan(request)
        operation = self._undoing.operation(made.undoes)
        return replace(made, requested=self._flags.values_of(operation, before=True))

    def _restart(self, request: Restart) -> ChangePlan:
        if self._unit is None:
            raise Refused(f"the profile of {self._title} names no unit that could be restarted.")
        return ChangePlan(request, f"restart {self._unit.name}", ("no file is changed",))

    def unit_for(self, made: ChangePlan) -> Unit | None:
        """The unit that restarts with this change; None where nothing does."""
        needs = isinstance(made.request, Restart) or any(not flag.live for flag, _ in made.requested)
        return self._unit if needs else None

    def _with_consequences(self, made: ChangePlan, busy: bool) -> ChangePlan:
        """What is done beside the file, in words; a refusal where that cannot be done."""
        lines = [*made.preview]
        for file in made.planned:
            editor = open_in_editor(file.image.path)
            lines += [editor] if editor else []
        unit = self.unit_for(made)
        if unit is None:
            return replace(made, preview=(*lines, LIVE))
        refusal = unit.refusal()
        if refusal:
            return replace(made, refusal=refusal)
        lines += unit.preview()
        if busy:
            lines.append("a turn is in flight: the change waits until it is over")
        return replace(made, preview=tuple(lines))


def changed_members(planned: Sequence[PlannedFile]) -> tuple[str, ...]:
    """The changed values and nothing else of a file, which may be one long line."""
    lines: list[str] = []
    for file in planned:
        for literal in file.literals:
            lines.append(f"{file.image.path}:{literal.line}")
            lines += [f"{sign} {text}" for sign, text in (("-", literal.old_line), ("+", literal.new_line)) if text]
    return tuple(lines)
