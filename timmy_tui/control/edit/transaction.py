"""Changing literals in one or two files as one change: plan and prove, back up, write all or nothing."""

import contextlib
import hashlib
import os
import shlex
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from timmy_tui.control.edit.atomic_replace import FileImage, Staged, read_file, replace_file, sync_folder, temp_name
from timmy_tui.control.edit.file_presence import Folders, StagedNew, StagedRemoval
from timmy_tui.control.edit.places import Place, Seen, Value
from timmy_tui.control.errors import Conflict, Refused, Unsafe
from timmy_tui.core.errors import ControlError
from timmy_tui.core.settings import state_dir


class HalfDone(ControlError):
    """One file of a change is written and could not be put back."""


@dataclass(frozen=True)
class Edit:
    """What is asked for: this value at that place."""

    path: Path
    selector: Place
    value: Value | None
    """None: taken out, where the file can do without it."""
    name: str = ""
    """As the journal writes it; empty: the constant, or ``function(keyword=)``."""


@dataclass(frozen=True)
class EditedLiteral:
    """One literal of a planned file, before and after, as it is written in the file."""

    name: str
    selector: Place | None
    """None in a planned file that puts whole bytes back."""
    old: str
    new: str
    line: int
    """1-based."""
    old_line: str
    """The whole line, for the preview."""
    new_line: str


@dataclass(frozen=True)
class PlannedFile:
    """A file with its new bytes, proved and not yet written."""

    image: FileImage
    new: bytes = field(repr=False)
    literals: tuple[EditedLiteral, ...]
    temp: Path
    """Where the new bytes are prepared; the journal names it before it exists."""
    backup: Path
    """Where the exact old bytes are kept; exists once ``write`` has begun."""
    removes: bool = False
    """The file goes away; ``new`` is empty."""
    folders: tuple[Path, ...] = ()
    """Folders that the file needs and that do not exist before it, outermost first: made for it, removed with it."""

    @property
    def before(self) -> str:
        """SHA-256 of the old bytes; empty where there is no file yet."""
        return self.image.sha256

    @property
    def after(self) -> str:
        """SHA-256 of the new bytes; empty where the file goes away."""
        return "" if self.removes else hashlib.sha256(self.new).hexdigest()


@dataclass(frozen=True)
class Applied:
    """What was written."""

    files: tuple[PlannedFile, ...]
    boottime: float
    """CLOCK_BOOTTIME in seconds after the last file was in place: a process started later has read it."""
    mtimes_ns: tuple[int, ...]


def plan(edits: Sequence[Edit], backups: Path | None = None) -> tuple[PlannedFile, ...]:
    """Read every file once, patch and prove; nothing is written. Raises Refused (also when nothing would change).

    ``backups`` is the folder of the backups; None: ``state_dir()/backups``. Literals that already hold the wished value
    are left out.
    """
    images: dict[Path, FileImage] = {}
    requested: dict[Path, list[Edit]] = {}
    for edit in edits:
        image = read_file(edit.path)
        images.setdefault(image.path, image)
        requested.setdefault(image.path, []).append(edit)
    planned = [_planned(images[path], requested[path], backups or backup_folder()) for path in images]
    changed = tuple(file for file in planned if file.new != file.image.data)
    if not changed:
        names = ", ".join(edit.name or str(edit.selector) for edit in edits)
        raise Refused(f"Nothing to change: {names} has that value already.")
    return changed


def _planned(image: FileImage, edits: Sequence[Edit], backups: Path) -> PlannedFile:
    data = image.data
    made: list[Edit] = []
    for edit in edits:
        old = edit.selector.look(data)
        if old.value == edit.value and type(old.value) is type(edit.value):
            continue
        if any(edit.selector == other.selector for other in made):
            raise Refused(f"{edit.selector} is to be changed twice.", [old.line])
        data = edit.selector.put(data, edit.value)
        made.append(edit)
    seen = [(edit, edit.selector.look(image.data), edit.selector.look(data)) for edit in made]
    return _file(image, data, tuple(_edited(edit, old, new) for edit, old, new in seen), backups)


def _edited(edit: Edit, old: Seen, new: Seen) -> EditedLiteral:
    name = edit.name or str(edit.selector)
    return EditedLiteral(name, edit.selector, old.text, new.text, old.line, old.shown, new.shown)


def _file(image: FileImage, new: bytes, literals: tuple[EditedLiteral, ...], backups: Path) -> PlannedFile:
    if not image.mode & 0o222:
        raise Unsafe(f"{image.path} is marked read-only.", hint=shlex.join(["chmod", "u+w", str(image.path)]))
    backup = backup_path(backups, image.path.name, hashlib.sha256(image.data).hexdigest())
    return PlannedFile(image, new, literals, temp_name(image.path), backup)


def plan_bytes(path: Path, expected: str, new: bytes, backups: Path | None = None) -> PlannedFile:
    """Put whole bytes in place of a file whose SHA-256 is ``expected``: a rollback. Raises Conflict or Unsafe."""
    image = read_file(path)
    if image.sha256 != expected:
        raise Conflict(f"{path} was changed since; its bytes stay.")
    return _file(image, new, (), backups or backup_folder())


def plan_new(image: FileImage, new: bytes, folders: tuple[Path, ...] = (), backups: Path | None = None) -> PlannedFile:
    """Make a file where there is none: ``image`` is ``absent`` and says how. Raises Conflict when there is one."""
    if os.path.lexists(image.path):
        raise Conflict(f"{image.path} exists; it stays.")
    return replace(_file(image, new, (), backups or backup_folder()), folders=folders)


def plan_removal(path: Path, expected: str, folders: tuple[Path, ...] = (), backups: Path | None = None) -> PlannedFile:
    """Remove a file whose SHA-256 is ``expected``, then the empty ones of ``folders``. Raises Conflict or Unsafe."""
    return replace(plan_bytes(path, expected, b"", backups), removes=True, folders=folders)


def write(planned: Sequence[PlannedFile]) -> Applied:
    """Back up, prepare all files, then replace them; if one fails, those before it are put back byte for byte.

    Raises Conflict or Unsafe with nothing changed, HalfDone when a file could not be put back.
    """
    done: list[tuple[PlannedFile, FileImage]] = []
    with contextlib.ExitStack() as stack:
        for file in planned:
            save_backup(file.backup, file.image.data)
        for file in planned:
            stack.enter_context(Folders(file.folders, make=not file.removes))
        staged = []
        for file in planned:
            staged.append(one := _stage(file))
            stack.enter_context(one)
        _check_unchanged(planned)
        for file, stage in zip(planned, staged, strict=True):
            try:
                done.append((file, stage.swap()))
            except Refused as refused:
                _put_back(done, refused)
                raise
        boottime = time.clock_gettime(time.CLOCK_BOOTTIME)
    for folder in {folder.parent for file in planned for folder in (file.image.path, *file.folders)}:
        if folder.is_dir():  # the folder of a file that went away may have gone with it
            sync_folder(folder)
    return Applied(tuple(planned), boottime, tuple(image.mtime_ns for _, image in done))


def _stage(file: PlannedFile) -> Staged | StagedRemoval:
    if file.removes:
        return StagedRemoval(file.image, file.temp)
    return (Staged if file.image.exists else StagedNew)(file.image, file.new, file.temp)


def _check_unchanged(planned: Sequence[PlannedFile]) -> None:
    """Raises Conflict before the first of several files is replaced: putting them back would be one more restart."""
    for file in planned if len(planned) > 1 else ():
        path = file.image.path
        now = read_file(path) if file.image.exists or os.path.lexists(path) else file.image
        if not now.same(file.image):
            raise Conflict(f"{path} is no longer what was shown: another program changed it.")


def _put_back(done: Sequence[tuple[PlannedFile, FileImage]], cause: Refused) -> None:
    for file, image in reversed(done):
        try:
            if not file.image.exists:
                StagedRemoval(image, temp_name(image.path)).swap()
            elif not image.exists:
                with StagedNew(replace(file.image, data=b"", exists=False), file.image.data) as staged:
                    staged.swap()
            else:
                replace_file(image, file.image.data)
        except Refused as refused:
            raise HalfDone(
                f"{file.image.path} is changed and could not be put back ({refused.reason}), "
                f"while another file of the change was refused: {cause.reason}",
                f"Compare it with its backup: {shlex.join(['diff', str(file.backup), str(file.image.path)])}",
            ) from None


def apply(edits: Sequence[Edit], backups: Path | None = None) -> Applied:
    """``write(plan(edits))``, for a caller without a journal."""
    return write(plan(edits, backups))


def backup_folder() -> Path:
    """Where the exact old bytes of changed files are kept, outside any repository: one of them holds a password."""
    return state_dir() / "backups"


def backup_path(folder: Path, name: str, sha256: str) -> Path:
    """Where bytes with this hash are kept; the same bytes are kept once."""
    return folder / f"{name}.{sha256[:24]}"


def save_backup(path: Path, data: bytes) -> None:
    """Keep ``data`` under ``path``, 0600 in a 0700 folder, on disk when this returns. Raises Unsafe.

    The name is made of the bytes' hash, so that bytes which are there already need not be written again.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.parent.chmod(0o700)
        if path.is_file() and path.read_bytes() == data:
            return
        temp = temp_name(path)
        fd = os.open(temp, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            with os.fdopen(fd, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(fd)
            os.replace(temp, path)
        except BaseException:
            temp.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise Unsafe(f"The backup {path} cannot be written: {error.strerror}.") from None
