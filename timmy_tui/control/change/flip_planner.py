"""Plans the change of flags: what runs and what the files say, bad pairs, the lines that would change."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from timmy_tui.control.change.plan import ChangePlan
from timmy_tui.control.edit.masking import MASK, masked_lines
from timmy_tui.control.edit.places import Value
from timmy_tui.control.edit.python_source import read_source
from timmy_tui.control.edit.transaction import PlannedFile, plan
from timmy_tui.control.errors import Refused
from timmy_tui.control.flags.readings import (
    Flag,
    combination_warnings,
    edit_of,
    find_flag,
    parse_value,
    read_flags,
    running_value,
    word,
)
from timmy_tui.model.flags.flag import Shown
from timmy_tui.model.turn import FlagValue, Turn
from timmy_tui.model.user_requests import Flip
from timmy_tui.sources.timmy import Timmy

Wishes = Sequence[tuple[Flag, Value]]


class FlipPlanner:
    """Plans for one Timmy; reads its files, changes nothing."""

    def __init__(self, timmy: Timmy, backups: Path) -> None:
        self._root, self._settings, self._backups = timmy.root, timmy.settings, backups

    def plan(self, request: Flip, turns: Sequence[Turn]) -> ChangePlan:
        """What would be done. ``turns``: those that show what runs; none where that is not known. Raises Refused.

        The running value decides: what runs already needs no change, whatever a file says.
        """
        requested = parsed(request.values, self._flag)
        readings = read_flags(self._root, self._settings)
        in_files = {one.flag.key: one.value for one in readings if one.value is not None}
        running = {one.flag.key: running_value(one.flag, turns) for one in readings}
        to_do = [wish for wish in requested if not same_value(running.get(wish[0].key), wish[1])]
        if not to_do:
            return _already_running(request, requested, in_files)
        # In this order: a bad pair keeps the value of the flag that was asked for first.
        asked = self._flip(request, to_do, in_files, running)
        effective = in_files | {
            one.flag.key: value
            for one in readings
            # Its file does not say what the next start will run under.
            if Shown.FILE not in one.flag.shown_by and (value := running[one.flag.key]) is not None
        }
        effective |= {flag.key: value for flag, value in requested}
        pair = next(iter(combination_warnings(effective, requested[0][0].key)), None)
        if pair is None:
            return asked
        warned = replace(asked, preview=(pair.message, *asked.preview))
        if request.only:
            return warned
        try:
            good = [(self._flag(key), value) for key, value in pair.good if not same_value(running.get(key), value)]
            paired = {key for key, _ in pair.good}
            rest = [(flag, value) for flag, value in to_do if flag.key not in paired]
            both = self._flip(request, [*good, *rest], in_files, running)
        except Refused as refused:
            return replace(warned, preview=(*warned.preview, f"the good pair cannot be made: {refused.message}"))
        lines = (pair.message, "Both are changed together, as one change:", *both.preview)
        return replace(both, preview=lines, other=warned, other_word=f"only {asked.label}")

    def _flag(self, key: str) -> Flag:
        return find_flag(key, self._root, self._settings)

    def _flip(
        self, request: Flip, wishes: Wishes, in_files: dict[str, FlagValue], running: dict[str, FlagValue | None]
    ) -> ChangePlan:
        edits = [edit_of(flag, value, self._root) for flag, value in wishes]
        differing = [(flag, value) for flag, value in wishes if not same_value(in_files.get(flag.key), value)]
        if not differing and any(running.get(flag.key) is not None for flag, _ in wishes):
            return _restart_only(request, wishes, running)
        planned = plan(edits, self._backups)
        before = {flag.key: in_files.get(flag.key) for flag, _ in wishes}
        warnings = [flag.warning for flag, _ in differing if flag.warning and flag.key not in ("tail-mode", "raw")]
        return ChangePlan(
            request,
            flip_label(differing, before),
            (*changed_lines(self._root, planned), *warnings),
            planned=planned,
            # What a file says already, and no turn has shown, was not asked of v34.
            requested=tuple(wish for wish in wishes if wish in differing or running.get(wish[0].key) is not None),
            point=differing[0][0].key,
        )


def parsed(requested: Sequence[tuple[str, str]], find: Callable[[str], Flag]) -> list[tuple[Flag, Value]]:
    """What the user typed, as flags and values. Raises Refused, or NotFound as ``find`` does."""
    flags = [(find(key), value) for key, value in requested]
    keys = [flag.key for flag, _ in flags]
    twice = next((flag for flag, _ in flags if keys.count(flag.key) > 1), None)
    if twice is not None:
        raise Refused(f"{twice.label} is asked for twice.")
    return [(flag, parse_value(flag, value)) for flag, value in flags]


def same_value(value: FlagValue | None, wish: FlagValue) -> bool:
    """True is not 1 here."""
    return value == wish and type(value) is type(wish)


def flip_label(wishes: Wishes, before: Mapping[str, FlagValue | None]) -> str:
    """``tail mode off→on``."""
    return ", ".join(f"{flag.label} {word(flag, before[flag.key])}→{word(flag, value)}" for flag, value in wishes)


def _already_running(request: Flip, wishes: Wishes, in_files: dict[str, FlagValue]) -> ChangePlan:
    label = ", ".join(f"{flag.label} {word(flag, value)}" for flag, value in wishes)
    others = [
        f"{flag.file} says {word(flag, in_files[flag.key])}"
        + ("" if Shown.FILE in flag.shown_by else ", and does not decide")
        for flag, value in wishes
        if flag.key in in_files and not same_value(in_files[flag.key], value)
    ]
    return ChangePlan(request, label, done="; ".join(("already running", *others)))


def _restart_only(request: Flip, wishes: Wishes, running: dict[str, FlagValue | None]) -> ChangePlan:
    lines = ("no file is changed: it has that value already, and v34 was started before",)
    return ChangePlan(request, flip_label(wishes, running), lines, requested=tuple(wishes))


def changed_lines(root: Path, planned: Sequence[PlannedFile]) -> tuple[str, ...]:
    """The changed lines and nothing else of a file; one that names a secret is masked."""
    lines = []
    for file in planned:
        old, new = masked_lines(read_source(file.image.data)), masked_lines(read_source(file.new))
        for literal in file.literals:
            lines.append(f"{shown_path(root, file.image.path)}:{literal.line}")
            if MASK in old[literal.line - 1]:
                lines.append(f"  {literal.name}: {literal.old} → {literal.new}")
            else:
                lines += [f"- {old[literal.line - 1].strip()}", f"+ {new[literal.line - 1].strip()}"]
    return tuple(lines)


def shown_path(root: Path, path: Path) -> str:
    """Relative to ``root`` where it is below it."""
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)
