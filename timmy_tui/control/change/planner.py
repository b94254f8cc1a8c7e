"""From a request to a plan: what would be written, what restarts, what that interrupts. Nothing is done here."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import assert_never

from timmy_tui.control.change.context import ChangeContext
from timmy_tui.control.change.plan import ChangePlan
from timmy_tui.control.edit.atomic_replace import open_in_editor
from timmy_tui.control.edit.literal import Value, literal_value
from timmy_tui.control.edit.masking import MASK, masked_lines
from timmy_tui.control.edit.python_source import read_source
from timmy_tui.control.edit.transaction import PlannedFile, plan
from timmy_tui.control.errors import Conflict, Refused
from timmy_tui.control.flags.readings import (
    Flag,
    FlagReading,
    combination_warnings,
    edit_of,
    find_flag,
    flag_table,
    parse_value,
    read_flags,
    word,
)
from timmy_tui.control.flags.user_flags import by_literal
from timmy_tui.control.journal.write_ahead import (
    ROLLED_BACK,
    FileState,
    Operation,
    classify,
    plan_rollback,
    reversed_edits,
)
from timmy_tui.control.service.listeners import Serving, refusal
from timmy_tui.control.service.restart_strategies import StartedBy
from timmy_tui.core.errors import NotFound
from timmy_tui.model.user_requests import ChangeRequest, CreatePoint, Flip, Restart, Restore, RestoreLatest, Undo
from timmy_tui.sources.timmy import Timmy

GUIDE_FILES = ("v34/config.py", "v34/app.py", "v34/llm.py")
"""What a restore puts back unless files are named: the guide's own. Its `-- v34/ shared/` rolls back later work."""


class Planner:
    """Plans for one Timmy. Every method reads files (some milliseconds); call it from a worker."""

    def __init__(self, context: ChangeContext) -> None:
        self._timmy, self._journal, self._points = context.timmy, context.journal, context.points
        self._strategy, self._backups = context.setup.strategy, context.backups
        self._watch = context.setup.watch

    def plan(self, request: ChangeRequest, serving: Serving, busy: bool) -> ChangePlan:
        """What would be done. What cannot be done is a plan with a refusal."""
        try:
            made = self._plan_request(request)
        except (Refused, NotFound) as error:
            return ChangePlan(request, request.word, refusal=f"{error.message} {error.hint}".strip())
        if made.refusal or isinstance(request, CreatePoint):
            return made
        why = refusal(serving, self._folder) or self._strategy.refusal(serving)
        starts_it = self._strategy.started_by is StartedBy.STRATEGY
        if isinstance(request, Restart) and not serving.listeners and not starts_it:
            why = why or f"v34 is not running; {self._watch.start_hint}"
        if why:
            return replace(made, refusal=why)
        return self._with_consequences(made, serving, busy)

    def _plan_request(self, request: ChangeRequest) -> ChangePlan:
        """Raises Refused or NotFound."""
        match request:
            case Flip():
                return self._flip(request)
            case Restart():
                return ChangePlan(request, "restart v34", ("no file is changed",))
            case Undo():
                return self._undo(request)
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
        return replace(made, preview=tuple(lines), other=other)

    # -- flags

    def _flip(self, request: Flip) -> ChangePlan:
        requested = self._requested_values(request.values)
        asked = self._flip_plan(request, requested)
        values = {one.flag.key: one.value for one in self._flags() if one.value is not None}
        values |= {flag.key: value for flag, value in requested}
        pair = next(iter(combination_warnings(values, requested[0][0].key)), None)
        if pair is None:
            return asked
        warned = replace(asked, preview=(pair.message, *asked.preview))
        if request.only:
            return warned
        try:
            good = [(self._flag(key), value) for key, value in pair.good]
            paired = {flag.key for flag, _ in good}
            rest = [(flag, value) for flag, value in requested if flag.key not in paired]
            both = self._flip_plan(request, [*good, *rest])
        except Refused as refused:
            return replace(warned, preview=(*warned.preview, f"the good pair cannot be made: {refused.message}"))
        lines = (pair.message, "Both are changed together, as one change:", *both.preview)
        return replace(both, preview=lines, other=warned, other_word=f"only {asked.label}")

    def _requested_values(self, requested: Sequence[tuple[str, str]]) -> list[tuple[Flag, Value]]:
        flags = [(self._flag(key), value) for key, value in requested]
        keys = [flag.key for flag, _ in flags]
        twice = next((flag for flag, _ in flags if keys.count(flag.key) > 1), None)
        if twice is not None:
            raise Refused(f"{twice.label} is asked for twice.")
        return [(flag, parse_value(flag, value)) for flag, value in flags]

    def _flag(self, key: str) -> Flag:
        return find_flag(key, self._timmy.root, self._timmy.settings)

    def _flags(self) -> Sequence[FlagReading]:
        return read_flags(self._timmy.root, self._timmy.settings)

    def _flip_plan(self, request: Flip, requested: Sequence[tuple[Flag, Value]]) -> ChangePlan:
        planned = plan([edit_of(flag, value, self._timmy.root) for flag, value in requested], self._backups)
        now = {one.flag.key: one.value for one in self._flags()}
        changed = [
            (flag, value)
            for flag, value in requested
            if (now.get(flag.key), type(now.get(flag.key))) != (value, type(value))
        ]
        moves = [f"{flag.label} {word(flag, now.get(flag.key))}→{word(flag, value)}" for flag, value in changed]
        warnings = [flag.warning for flag, _ in changed if flag.warning and flag.key not in ("tail-mode", "raw")]
        return ChangePlan(
            request,
            ", ".join(moves),
            (*self._changed_lines(planned), *warnings),
            planned=planned,
            requested=tuple(changed),
            point=changed[0][0].key,
        )

    def _changed_lines(self, planned: Sequence[PlannedFile]) -> tuple[str, ...]:
        """The changed lines and nothing else of a file; one that names a secret is masked."""
        lines = []
        for file in planned:
            old, new = masked_lines(read_source(file.image.data)), masked_lines(read_source(file.new))
            for literal in file.literals:
                lines.append(f"{self._relative(file.image.path)}:{literal.line}")
                if MASK in old[literal.line - 1]:
                    lines.append(f"  {literal.name}: {literal.old} → {literal.new}")
                else:
                    lines += [f"- {old[literal.line - 1].strip()}", f"+ {new[literal.line - 1].strip()}"]
        return tuple(lines)

    def _relative(self, path: Path) -> str:
        root = self._timmy.root
        return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)

    # -- the rest

    def _undo(self, request: Undo) -> ChangePlan:
        operation = self._operation(request.op)
        label = f"undo {operation.label}"
        lines: tuple[str, ...]
        try:
            planned = plan_rollback(operation, self._backups)
            names = [self._relative(file.image.path) for file in planned]
            lines = (f"{', '.join(names)}: byte for byte as before", *_reversed(operation))
        except Conflict as conflict:
            edits = reversed_edits(operation)
            if not edits:
                raise
            planned = plan(edits, self._backups)
            lines = (f"{conflict.message} Only this is put back:", *self._changed_lines(planned))
        return ChangePlan(request, label, lines, planned=planned, undoes=operation.op)

    def _operation(self, op: str) -> Operation:
        """The named one, or the newest that can still be taken back."""
        operations = self._journal.operations()
        if op:
            found = next((one for one in operations if one.op == op), None)
            if found is None:
                raise NotFound(f"the journal has no operation {op}.")
            return found
        for one in reversed(operations):
            if undoable(one, operations) and classify(one) is not FileState.NOT_APPLIED:
                return one
        raise NotFound("there is no change to undo.")

    def _restore(self, request: Restore) -> ChangePlan:
        name = request.point
        differences = self._points.diff(name)
        differing = [one.path for one in differences if one.state == "differs"]
        files = list(request.files) or [path for path in differing if path in self._guide_files]
        if not files:
            raise Refused(f"No file of {', '.join(self._guide_files)} differs from {name}.", hint=_named(differing))
        lines = [f"restored as they were at {name}: {', '.join(files)}"]
        for one in differences:
            counts = "" if one.added is None else f" +{one.added} −{one.removed}"
            outcome = "restored" if one.path in files else "left as it is"
            lines.append(f"{outcome}: {one.path} ({one.state}{counts})")
        planned = self._points.plan(name, files)
        return ChangePlan(request, f"restore {name}", tuple(lines), planned=planned, point=name)

    @property
    def _guide_files(self) -> tuple[str, ...]:
        paths = self._timmy.settings.paths
        return tuple(dict.fromkeys((paths.config, paths.app, *GUIDE_FILES)))

    def _latest(self, request: RestoreLatest) -> ChangePlan:
        planned = self._points.plan_latest()
        names = [self._relative(file.image.path) for file in planned]
        lines = (f"as before the first restore: {', '.join(names)}",)
        return ChangePlan(request, "return to latest", lines, planned=planned)


def requested_values(operation: Operation, timmy: Timmy) -> tuple[tuple[Flag, Value], ...]:
    """What an operation of an earlier run wanted the turns to show."""
    table = by_literal(timmy.root, flag_table(timmy.root, timmy.settings))
    return tuple(
        (flag, literal_value(literal.new))
        for file in operation.files
        for literal in file.literals
        if (flag := table.get((file.path, literal.name))) is not None
    )


def undoable(operation: Operation, operations: Sequence[Operation]) -> bool:
    """It changed files, is no rollback itself, and they may still be in place: nothing has taken it back."""
    undone = {one.undoes for one in operations if one.stage == ROLLED_BACK}
    return bool(
        operation.files
        and (operation.open or operation.stage in ("kept", "needs attention"))
        and not operation.undoes
        and operation.op not in undone
    )


def _reversed(operation: Operation) -> tuple[str, ...]:
    return tuple(
        f"  {literal.name}: {literal.new} → {literal.old}" for file in operation.files for literal in file.literals
    )


def _named(differing: Sequence[str]) -> str:
    return f"Others do; name them: {', '.join(differing[:6])}." if differing else ""
