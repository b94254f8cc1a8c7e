"""What the user is shown of a restore: first the sums, then a line for every file. Names are foreign text."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from timmy_tui.control.edit.transaction import PlannedFile
from timmy_tui.control.restore.comparison import (
    DIFFERS,
    NOT_RESTORABLE,
    ONLY_IN_POINT,
    ONLY_ON_DISK,
    FileDifference,
    Restoration,
    changed_lines,
)
from timmy_tui.model.change import RestorePoint

_NAMED = 3
"""Files that a line of the sums names; the others are counted, and have a line of their own below."""
_REMAINING = {
    DIFFERS: "not asked for",
    ONLY_IN_POINT: "not asked for, and not on disk",
    ONLY_ON_DISK: "only on disk",
}
"""Why files that differ stay as they are."""


def summary(restoration: Restoration) -> tuple[str, ...]:
    """The sums of a restore, and which files stay as they are."""
    restored = restoration.restored
    total = line_total([(one.added, one.removed) for one in restored])
    lines = [f"{_files(len(restored), 'is', 'are')} put back as in {restoration.name}: {total}"]
    missing = [one.path for one in restored if one.state == ONLY_IN_POINT]
    if missing:
        lines.append(f"not on disk now, and made again: {_some(missing)}")
    for state, why in _REMAINING.items():
        same = [one.path for one in restoration.remaining if one.state == state]
        if same:
            lines.append(f"left as {'it is' if len(same) == 1 else 'they are'}: {_files(len(same))}, {why}")
    stuck = [one for one in restoration.remaining if one.state == NOT_RESTORABLE]
    if stuck:
        more = f"; {len(stuck) - 1} more below" if len(stuck) > 1 else ""
        lines.append(f"cannot be restored: {stuck[0].path} ({stuck[0].reason.rstrip('.')}){more}")
    if restoration.left_out:
        lines.append(f"not in {restoration.name}, {left_out_words(restoration.left_out)}")
    return tuple(lines)


def details(restoration: Restoration) -> tuple[str, ...]:
    """A line for every file that is restored, then one for every other that differs."""
    restored = (
        f"{one.path} {line_counts(one.added, one.removed)}{', made again' if one.state == ONLY_IN_POINT else ''}"
        for one in restoration.restored
    )
    return (*restored, *(f"left as it is: {one.path} ({describe(one)})" for one in restoration.remaining))


def describe(difference: FileDifference) -> str:
    """``differs +12 −55``."""
    if difference.reason:
        return f"{difference.state}: {difference.reason.rstrip('.')}"
    known = difference.state != ONLY_ON_DISK
    return f"{difference.state} {line_counts(difference.added, difference.removed)}" if known else difference.state


def line_counts(added: int | None, removed: int | None) -> str:
    """``+12 −55``."""
    if added is None or removed is None:
        return "too long to count"
    return f"+{added} −{removed}" if added or removed else "only the ends of lines"


def line_total(counts: Sequence[tuple[int | None, int | None]]) -> str:
    """``+12 −55 lines`` over several files."""
    unknown = sum(added is None for added, _ in counts)
    said = f"+{sum(added or 0 for added, _ in counts)} −{sum(removed or 0 for _, removed in counts)} lines"
    return f"{said}, and {_files(unknown)} too long to count" if unknown else said


def latest_lines(
    planned: Sequence[PlannedFile], relative: Callable[[Path], str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The sums of a return to the latest state, and a line for every file."""
    counts = [changed_lines(file.image.data, file.new) for file in planned]
    removed = [relative(file.image.path) for file in planned if file.removes]
    lines = [f"{_files(len(planned), 'is', 'are')} put back as before the first restore: {line_total(counts)}"]
    if removed:
        lines.append(f"removed, because a restore made them: {_some(removed)}")

    def of_each() -> Iterator[str]:
        for file, (added, gone) in zip(planned, counts, strict=True):
            yield f"{relative(file.image.path)} {line_counts(added, gone)}{', removed' if file.removes else ''}"

    return tuple(lines), tuple(of_each())


def _files(number: int, one: str = "", many: str = "") -> str:
    return f"{number} code file {one}".rstrip() if number == 1 else f"{number} code files {many}".rstrip()


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def made_words(point: RestorePoint) -> str:
    """That a restore point was made, and what it lacks."""
    return "; ".join((f"restore point {point.name} made", *remarks(point)))


def remarks(point: RestorePoint) -> tuple[str, ...]:
    """What the user is to know of a restore point besides its name, each a clause; none for a plain one."""
    not_in_git = f"not in git: {point.not_in_git}" if point.not_in_git else ""
    return tuple(text for text in (point.problem, point.note, not_in_git, left_out_words(point.left_out)) if text)


def left_out_words(left_out: Sequence[str]) -> str:
    """``left out: v34/a.py (a symbolic link)``, at most three named; empty when nothing was."""
    return f"left out: {_some(left_out)}" if left_out else ""
