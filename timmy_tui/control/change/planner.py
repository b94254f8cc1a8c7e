"""From a request to a plan: what would be written, what restarts, what that interrupts. Nothing is done here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from timmy_tui.control.edit.atomic_replace import open_in_editor
from timmy_tui.control.edit.literal import Value, literal_value
from timmy_tui.control.edit.masking import MASK, masked_lines
from timmy_tui.control.edit.python_source import read_source
from timmy_tui.control.edit.transaction import PlannedFile, plan
from timmy_tui.control.errors import Conflict, Refused
from timmy_tui.control.flags.readings import (
    Flag,
    combination_warnings,
    edit_of,
    find_flag,
    flag_table,
    parse_value,
    read_flags,
    word,
)
from timmy_tui.control.flags.table import by_literal
from timmy_tui.control.journal.write_ahead import (
    ROLLED_BACK,
    Journal,
    Operation,
    Standing,
    classify,
    plan_rollback,
    reversed_edits,
)
from timmy_tui.control.restore.points import RestorePoints
from timmy_tui.control.service.listeners import Serving, refusal
from timmy_tui.control.service.strategies import STARTS_NOTHING, Strategy
from timmy_tui.core.errors import NotFound
from timmy_tui.core.settings import Settings

GUIDE_FILES = ("v34/config.py", "v34/app.py", "v34/llm.py")
"""What a restore puts back unless files are named: the guide's own. Its `-- v34/ shared/` rolls back later work."""


@dataclass(frozen=True)
class ChangePlan:
    """A change that is ready to go, or the reason why it is not."""

    kind: str
    """``flip``, ``restart``, ``undo``, ``restore``, ``latest`` or ``create``."""
    label: str
    """``tail mode off→on``."""
    preview: tuple[str, ...] = ()
    refusal: str = ""
    planned: tuple[PlannedFile, ...] = ()
    requested: tuple[tuple[Flag, Value], ...] = ()
    """What two turns of the new session must show."""
    undoes: str = ""
    """The operation that it takes back."""
    point: str = ""
    """Flag key for the restore point ``before-<flag>-<utc>``; for ``create`` the point's own name."""
    other: "ChangePlan | None" = None
    """The way that the user asked for, where a safer one is proposed first."""
    other_word: str = ""


class Planner:
    """Plans for one Timmy. Every method reads files (some milliseconds); call it from a worker."""

    def __init__(
        self, settings: Settings, root: Path, journal: Journal, points: RestorePoints, strategy: Strategy, backups: Path
    ) -> None:
        self._settings, self._root, self._journal = settings, root, journal
        self._points, self._strategy, self._backups = points, strategy, backups

    def plan(self, kind: str, arguments: Mapping[str, Any], serving: Serving, busy: bool) -> ChangePlan:
        """``flip`` {key, value} or {values, only}, ``restart`` {}, ``undo`` {op}, ``create`` {name}, ``restore`` {name,
        files}, ``latest`` {}. What cannot be done is a plan with a refusal.
        """
        make = {
            "flip": self._flip,
            "restart": self._restart,
            "undo": self._undo,
            "create": self._create,
            "restore": self._restore,
            "latest": self._latest,
        }.get(kind)
        if make is None:
            return ChangePlan(kind, kind, refusal="there is no such change")
        try:
            made = make(arguments)
        except (Refused, NotFound) as error:
            return ChangePlan(kind, kind, refusal=f"{error.message} {error.way_out}".strip())
        if made.refusal or kind == "create":
            return made
        why = refusal(serving, self._folder) or self._strategy.refusal(serving)
        if kind == "restart" and not serving.listeners and self._strategy.name in STARTS_NOTHING:
            why = why or f"v34 is not running; start it: cd {self._folder} && python app.py --debug"
        if why:
            return replace(made, refusal=why)
        return self._with_consequences(made, serving, busy)

    @property
    def _folder(self) -> Path:
        return (self._root / self._settings.paths.app).resolve().parent

    def _with_consequences(self, made: ChangePlan, serving: Serving, busy: bool) -> ChangePlan:
        """What is done beside the files, in words."""
        lines = list(made.preview)
        if made.point:
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

    def _flip(self, arguments: Mapping[str, Any]) -> ChangePlan:
        wished = [(str(key), str(value)) for key, value in arguments.get("values") or ()]
        if not wished:
            wished = [(str(arguments["key"]), str(arguments["value"]))]
        requested = self._wishes(wished)
        asked = self._flip_plan(requested)
        values = {one.flag.key: one.value for one in read_flags(self._root, self._settings) if one.value is not None}
        values |= {flag.key: value for flag, value in requested}
        pairs = combination_warnings(values, requested[0][0].key)
        if not pairs:
            return asked
        warned = replace(asked, preview=(pairs[0].message, *asked.preview))
        if arguments.get("only"):
            return warned
        try:
            good = [(find_flag(key, self._root, self._settings), value) for key, value in pairs[0].good]
            paired = {flag.key for flag, _ in good}
            both = self._flip_plan([*good, *((flag, value) for flag, value in requested if flag.key not in paired)])
        except Refused as refused:
            return replace(warned, preview=(*warned.preview, f"the good pair cannot be made: {refused.message}"))
        lines = (pairs[0].message, "Both are changed together, as one change:", *both.preview)
        return replace(both, preview=lines, other=warned, other_word=f"only {asked.label}")

    def _wishes(self, wished: Sequence[tuple[str, str]]) -> list[tuple[Flag, Value]]:
        flags = [(find_flag(key, self._root, self._settings), value) for key, value in wished]
        keys = [flag.key for flag, _ in flags]
        twice = next((flag for flag, _ in flags if keys.count(flag.key) > 1), None)
        if twice is not None:
            raise Refused(f"{twice.label} is asked for twice.")
        return [(flag, parse_value(flag, value)) for flag, value in flags]

    def _flip_plan(self, requested: Sequence[tuple[Flag, Value]]) -> ChangePlan:
        planned = plan([edit_of(flag, value, self._root) for flag, value in requested], self._backups)
        now = {one.flag.key: one.value for one in read_flags(self._root, self._settings)}
        changed = [
            (flag, value)
            for flag, value in requested
            if (now.get(flag.key), type(now.get(flag.key))) != (value, type(value))
        ]
        moves = [f"{flag.label} {word(flag, now.get(flag.key))}→{word(flag, value)}" for flag, value in changed]
        warnings = [flag.warning for flag, _ in changed if flag.warning and flag.key not in ("tail-mode", "raw")]
        return ChangePlan(
            "flip",
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
        root = self._root.resolve()
        return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)

    # -- the rest

    def _restart(self, arguments: Mapping[str, Any]) -> ChangePlan:
        return ChangePlan("restart", "restart v34", ("no file is changed",))

    def _create(self, arguments: Mapping[str, Any]) -> ChangePlan:
        name = str(arguments.get("name") or "")
        lines = ("keeps the code files of v34/ and shared/, byte for byte, outside the repository",)
        return ChangePlan("create", f"restore point {name}".strip(), lines, point=name)

    def _undo(self, arguments: Mapping[str, Any]) -> ChangePlan:
        operation = self._operation(str(arguments.get("op") or ""))
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
        return ChangePlan("undo", label, lines, planned=planned, undoes=operation.op)

    def _operation(self, op: str) -> Operation:
        """The named one, or the newest that can still be taken back."""
        operations = self._journal.operations()
        if op:
            found = next((one for one in operations if one.op == op), None)
            if found is None:
                raise NotFound(f"the journal has no operation {op}.")
            return found
        for one in reversed(operations):
            if undoable(one, operations) and classify(one) is not Standing.NOT_APPLIED:
                return one
        raise NotFound("there is no change to undo.")

    def _restore(self, arguments: Mapping[str, Any]) -> ChangePlan:
        name = str(arguments["name"])
        differences = self._points.diff(name)
        named = [str(file) for file in arguments.get("files") or ()]
        differing = [one.path for one in differences if one.state == "differs"]
        files = named or [path for path in differing if path in self._guide_files]
        if not files:
            raise Refused(f"No file of {', '.join(self._guide_files)} differs from {name}.", way_out=_named(differing))
        lines = [f"restored as they were at {name}: {', '.join(files)}"]
        for one in differences:
            told = "" if one.added is None else f" +{one.added} −{one.removed}"
            kept = "restored" if one.path in files else "left as it is"
            lines.append(f"{kept}: {one.path} ({one.state}{told})")
        planned = self._points.plan(name, files)
        return ChangePlan("restore", f"restore {name}", tuple(lines), planned=planned, point=name)

    @property
    def _guide_files(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((self._settings.paths.config, self._settings.paths.app, *GUIDE_FILES)))

    def _latest(self, arguments: Mapping[str, Any]) -> ChangePlan:
        planned = self._points.plan_latest()
        names = [self._relative(file.image.path) for file in planned]
        return ChangePlan(
            "latest", "return to latest", (f"as before the first restore: {', '.join(names)}",), planned=planned
        )


def requested_values(operation: Operation, root: Path, settings: Settings) -> tuple[tuple[Flag, Value], ...]:
    """What an operation of an earlier run wanted the turns to show."""
    table = by_literal(root, flag_table(root, settings))
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
