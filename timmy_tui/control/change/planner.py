"""From a request to a plan: what would be written, what restarts, what that interrupts. Nothing is done here."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import assert_never

from timmy_tui.control.change.context import ChangeContext
from timmy_tui.control.change.flip_planner import FlipPlanner, changed_lines, shown_path
from timmy_tui.control.change.plan import ChangePlan
from timmy_tui.control.change.undo_planner import UndoPlanner, undoable
from timmy_tui.control.edit.atomic_replace import open_in_editor
from timmy_tui.control.edit.literal import literal_value
from timmy_tui.control.edit.places import Value
from timmy_tui.control.errors import Refused
from timmy_tui.control.flags.evidence import of_running_process
from timmy_tui.control.flags.readings import (
    Flag,
    flag_table,
)
from timmy_tui.control.flags.user_flags import by_literal
from timmy_tui.control.journal.write_ahead import (
    Operation,
    reversed_edits,
)
from timmy_tui.control.restore.wording import details, latest_lines, summary
from timmy_tui.control.service.listeners import Serving, refusal
from timmy_tui.control.service.restart_strategies import StartedBy
from timmy_tui.core.errors import NotFound
from timmy_tui.model.turn import Turn
from timmy_tui.model.user_requests import ChangeRequest, CreatePoint, Flip, Restart, Restore, RestoreLatest, Undo
from timmy_tui.sources.timmy import Timmy


class Planner:
    """Plans for one Timmy. Every method reads files (some milliseconds); call it from a worker."""

    def __init__(self, context: ChangeContext) -> None:
        self._timmy, self._journal, self._points = context.timmy, context.journal, context.points
        self._strategy, self._backups = context.setup.strategy, context.backups
        self._watch, self._live_state = context.setup.watch, context.setup.live_state
        self._flips = FlipPlanner(context.timmy, context.backups)
        self._undoing = UndoPlanner(
            context.journal, context.backups, context.timmy.root, partial(changed_lines, context.timmy.root)
        )

    def plan(self, request: ChangeRequest, serving: Serving, busy: bool) -> ChangePlan:
        """What would be done. What cannot be done is a plan with a refusal."""
        try:
            made = self._plan_request(request, serving)
        except (Refused, NotFound) as error:
            return ChangePlan(request, request.word, refusal=f"{error.message} {error.hint}".strip())
        if made.refusal or made.done or isinstance(request, CreatePoint):
            return made
        why = refusal(serving, self._folder) or self._strategy.refusal(serving)
        starts_it = self._strategy.started_by is StartedBy.STRATEGY
        if isinstance(request, Restart) and not serving.listeners and not starts_it:
            why = why or f"v34 is not running; {self._watch.start_hint}"
        if why:
            return replace(made, refusal=why)
        return self._with_consequences(made, serving, busy)

    def _plan_request(self, request: ChangeRequest, serving: Serving) -> ChangePlan:
        """Raises Refused or NotFound."""
        match request:
            case Flip():
                return self._flips.plan(request, self._turns_of_running(serving))
            case Restart():
                return ChangePlan(request, "restart v34", ("no file is changed",))
            case Undo():
                return self._undoing.plan(request)
            case CreatePoint():
                lines = ("keeps the code files of v34/ and shared/, byte for byte, outside the repository",)
                return ChangePlan(request, f"restore point {request.name}".strip(), lines)
            case Restore():
                return self._restore(request)
            case RestoreLatest():
                return self._latest(request)
            case _:
                assert_never(request)

    @property
    def _folder(self) -> Path:
        return self._timmy.v34_folder

    def _turns_of_running(self, serving: Serving) -> Sequence[Turn]:
        """Turns that show which values run; none where that is not known for sure."""
        one = serving.only
        return of_running_process(self._live_state().turns, one.started_at) if one is not None else ()

    def _with_consequences(self, made: ChangePlan, serving: Serving, busy: bool) -> ChangePlan:
        """What is done beside the files, in words."""
        lines = list(made.preview)
        if isinstance(made.request, Restore | RestoreLatest):
            lines.append("a restore point before-restore-… is made first")
        elif made.point:
            lines.append(f"a restore point before-{made.point}-… is made first, unless this session has one")
        for file in made.planned:
            editor = open_in_editor(file.image.path)
            if editor:
                lines.append(editor)
        lines += self._strategy.preview(serving)
        if busy:
            lines.append("a turn is in flight: the change waits until it is over")
        other = made.other and self._with_consequences(made.other, serving, busy)
        return replace(made, preview=(*lines, *made.details), other=other)

    def _restore(self, request: Restore) -> ChangePlan:
        restoration = self._points.restoration(request.point, request.files)
        return ChangePlan(
            request,
            f"restore {request.point}",
            summary(restoration),
            planned=restoration.planned,
            point=request.point,
            details=details(restoration),
        )

    def _latest(self, request: RestoreLatest) -> ChangePlan:
        operations = self._journal.operations()
        flips = [one.started for one in operations if reversed_edits(one) and undoable(one, operations)]
        planned = self._points.plan_latest(flips)
        lines, files = latest_lines(planned, partial(shown_path, self._timmy.root))
        return ChangePlan(request, "return to latest", lines, planned=planned, details=files)


def requested_values(operation: Operation, timmy: Timmy) -> tuple[tuple[Flag, Value], ...]:
    """What an operation of an earlier run wanted the turns to show."""
    table = by_literal(timmy.root, flag_table(timmy.root, timmy.settings))
    return tuple(
        (flag, literal_value(literal.new))
        for file in operation.files
        for literal in file.literals
        if (flag := table.get((file.path, literal.name))) is not None
    )
