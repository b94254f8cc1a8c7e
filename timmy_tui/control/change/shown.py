"""What screen 5 shows of any system: the journal, and edits that were made elsewhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from timmy_tui.control.change.surroundings import AddMarker
from timmy_tui.control.change.undo_planner import undoable
from timmy_tui.control.journal.write_ahead import Journal, Operation, classify
from timmy_tui.model.change import FlagState, JournalEntry

MISSING = "—"
JOURNAL_SHOWN = 50

Stamp = tuple[int, int, int] | None


class JournalView:
    """The newest operations; the journal is read again when it was written."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._operations: list[Operation] = []
        self._stamp: Stamp = None

    def entries(self) -> tuple[JournalEntry, ...]:
        """Newest first. Raises ControlError."""
        stamp = stamp_of(self._journal.path)
        if stamp is None or stamp != self._stamp:
            self._operations, self._stamp = self._journal.operations(), stamp
        return tuple(_entry(one, self._operations) for one in reversed(self._operations[-JOURNAL_SHOWN:]))


@dataclass
class _Files:
    """The files as last seen, and the flags' values."""

    stamps: Mapping[str, Stamp]
    values: Mapping[str, str]


class OutsideEdits:
    """Adds a marker for an edit by another program: the flags that it changed, or the file when it changed none."""

    def __init__(self, add_marker: AddMarker) -> None:
        self._add_marker = add_marker
        self._files: _Files | None = None

    def look(self, paths: Mapping[str, Path], flags: Sequence[FlagState], ours: bool) -> None:
        """``paths``: by the name to show; ``ours``: what has changed since the last look is our own edit."""
        files = _Files({name: stamp_of(path) for name, path in paths.items()}, {f.key: f.file_value for f in flags})
        before, self._files = self._files, files
        if before is None or ours or files.stamps == before.stamps:
            return
        changed = [
            f"{one.label} {before.values[one.key]}→{one.file_value}"
            for one in flags
            if MISSING not in (before.values.get(one.key, MISSING), one.file_value)
            and before.values[one.key] != one.file_value
        ]
        edited = [name for name, stamp in files.stamps.items() if stamp != before.stamps.get(name)]
        self._add_marker("outside", ", ".join(changed) if changed else f"{', '.join(edited)} edited")


def stamp_of(path: Path) -> Stamp:
    """What changes when a file is written; None where there is none."""
    try:
        info = path.stat()
    except OSError:
        return None
    return info.st_ino, info.st_mtime_ns, info.st_size


def _entry(operation: Operation, operations: Sequence[Operation]) -> JournalEntry:
    return JournalEntry(
        op=operation.op,
        at=operation.at,
        label=operation.label,
        state=f"open: {classify(operation)}" if operation.open and operation.files else operation.stage,
        undoable=undoable(operation, operations),
        detail=operation.message,
    )
