"""Own restore points: byte copies with a manifest; and the way back to the files as before the first restore."""

import hashlib
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import msgspec
from msgspec import Struct

from timmy_tui.control.edit.atomic_replace import FileImage, read_file
from timmy_tui.control.edit.file_presence import absent
from timmy_tui.control.edit.transaction import (
    PlannedFile,
    backup_path,
    plan_bytes,
    plan_new,
    plan_removal,
    save_backup,
)
from timmy_tui.control.errors import Conflict, Refused, Unsafe
from timmy_tui.control.restore.code import CodeFiles, is_code, why_not_replaced
from timmy_tui.core.errors import NotFound
from timmy_tui.core.foreign.decode import Unreadable, decode_as

MOST_FILES = 2000
"""Most files of an own point: each is copied and put on disk, 2,000 in about 5 s. Upstream has 56."""
_NAMED = 20
"""Files left out that a manifest names; the others are counted."""


class Manifest(Struct, frozen=True, kw_only=True):
    """The JSON file of one own restore point."""

    name: str
    at: float
    root: str
    files: Mapping[str, str]
    """Path relative to the root → SHA-256 of the exact bytes."""
    note: str = ""
    wrote: Mapping[str, str] = {}
    """For a point made by a restore: what that restore then wrote, by path; empty for a file that it removed."""
    returns: bool = False
    """Made by a return to the latest state."""
    folders: tuple[str, ...] = ()
    """For a point made by a restore: folders that it made, relative to the root."""
    left_out: tuple[str, ...] = ()
    """What looks like code and is not in it, with the reason. Foreign text."""


class Replaced:
    """What a restore is about to replace."""

    def __init__(self, planned: Sequence[PlannedFile], root: Path, returns: bool) -> None:
        """``returns``: it is a return to the latest state."""
        paths = {file: str(file.image.path.relative_to(root)) for file in planned}
        self.files = tuple(path for file, path in paths.items() if file.image.exists)
        """Those that there are now."""
        self.wrote = {path: file.after for file, path in paths.items()}
        made = {str(folder.relative_to(root)) for file in planned if not file.removes for folder in file.folders}
        self.folders = tuple(sorted(made))
        self.returns = returns


class StoredPoint(Protocol):
    """A restore point, however it is stored."""

    @property
    def paths(self) -> Sequence[str]:
        """Code files of the point, relative to the root."""

    @property
    def partial(self) -> bool:
        """It holds only what a restore replaced: that it lacks a file says nothing."""

    @property
    def left_out(self) -> Sequence[str]:
        """What looks like code and is not in it, with the reason. Foreign text."""

    def contents(self, paths: Sequence[str]) -> Mapping[str, bytes | Refused]:
        """The exact bytes of each, or why they cannot be had. Raises GitError."""

    def unchanged(self, images: Mapping[str, FileImage]) -> set[str]:
        """Those files on disk, all of the point, that are as the point has them. Raises GitError."""

    def executable(self, path: str) -> bool:
        """Whether the file is a program, where it must be made anew."""


@dataclass(frozen=True)
class LocalPoint:
    """Byte copies in the state folder."""

    manifest: Manifest
    blobs: Path

    @property
    def paths(self) -> tuple[str, ...]:
        """See StoredPoint."""
        return tuple(sorted(self.manifest.files))

    @property
    def partial(self) -> bool:
        """See StoredPoint."""
        return bool(self.manifest.wrote)

    @property
    def left_out(self) -> tuple[str, ...]:
        """See StoredPoint."""
        return self.manifest.left_out

    def contents(self, paths: Sequence[str]) -> Mapping[str, bytes | Refused]:
        """See StoredPoint; a copy whose bytes have changed is refused."""
        return {path: self._content(path) for path in paths}

    def _content(self, path: str) -> bytes | Refused:
        sha256 = self.manifest.files[path]
        try:
            data = read_file(backup_path(self.blobs, Path(path).name, sha256)).data
        except Refused as refused:
            return refused
        if hashlib.sha256(data).hexdigest() != sha256:
            return Refused(f"The copy of {path} is not what was kept.")
        return data

    def unchanged(self, images: Mapping[str, FileImage]) -> set[str]:
        """See StoredPoint."""
        return {path for path, image in images.items() if image.sha256 == self.manifest.files[path]}

    def executable(self, path: str) -> bool:
        """See StoredPoint; the copies keep no mode."""
        return False


class LocalPoints:
    """The own points of one root: a folder of manifests, beside the folder of bytes that changes use as well."""

    def __init__(self, root: Path, state: Path) -> None:
        self.root = root
        self.blobs = state / "backups"
        self.folder = state / "restore" / hashlib.sha256(os.fsencode(root)).hexdigest()[:16]

    def find(self, name: str) -> Manifest | None:
        """None when there is no point of that name. Raises Refused when its file is damaged."""
        path = self.folder / f"{name}.json"
        try:
            manifest = decode_as(path.read_bytes(), Manifest)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Refused(f"The restore point {name} cannot be read: {path}: {error.strerror}.") from None
        if isinstance(manifest, Unreadable):
            raise Refused(f"The restore point {name} cannot be read: {path} is damaged.")
        return manifest if manifest.root == str(self.root) else None

    def all(self) -> tuple[list[Manifest], list[str]]:
        """Newest first; and a sentence for each one that cannot be read."""
        manifests, damaged = [], []
        for path in sorted(self.folder.glob("*.json")):
            try:
                manifest = self.find(path.stem)
            except Refused as refused:
                damaged.append(refused.reason)
                continue
            if manifest is not None:
                manifests.append(manifest)
        return sorted(manifests, key=lambda manifest: -manifest.at), damaged

    def has(self, name: str) -> bool:
        """Whether the name is taken, also by a point whose file is damaged."""
        return (self.folder / f"{name}.json").exists()

    def keep(self, name: str, code: CodeFiles, note: str = "", replaced: Replaced | None = None) -> Manifest:
        """Copy the files, then write the manifest. Raises Refused when the name is taken."""
        if self.has(name):
            raise Refused(f"There is a restore point {name} already.")
        images: dict[str, FileImage] = {file: read_file(self.root / file) for file in code.files}
        for file, image in images.items():
            save_backup(backup_path(self.blobs, Path(file).name, image.sha256), image.data)
        manifest = Manifest(
            name=name,
            at=time.time(),
            root=str(self.root),
            files={file: image.sha256 for file, image in images.items()},
            note=note,
            wrote=replaced.wrote if replaced else {},
            returns=replaced.returns if replaced else False,
            folders=replaced.folders if replaced else (),
            left_out=_storable(code.left_out),
        )
        self.folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        save_backup(self.folder / f"{name}.json", msgspec.json.encode(manifest))
        return manifest


def bounded(code: CodeFiles) -> CodeFiles:
    """The first MOST_FILES; that the others are left out is said."""
    over = len(code.files) - MOST_FILES
    if over <= 0:
        return code
    number = "1 code file" if over == 1 else f"{over} code files"
    said = f"{number}, from {code.files[MOST_FILES]} on (a restore point holds at most {MOST_FILES})"
    return CodeFiles(code.files[:MOST_FILES], (said, *code.left_out))


def _storable(left_out: Sequence[str]) -> tuple[str, ...]:
    named = [os.fsencode(text).decode(errors="replace") for text in left_out[:_NAMED]]
    return (*named, f"{len(left_out) - _NAMED} more") if len(left_out) > _NAMED else tuple(named)


def plan_latest(points: LocalPoints, changes: Sequence[float] = ()) -> tuple[PlannedFile, ...]:
    """What is to be written. Raises NotFound when nothing was restored, Conflict when a restored file was changed.

    ``changes``: when flags were changed, in seconds since the epoch. A restore before a change that itself came before
    the newest restore is not taken back: the user went on from what it had restored.
    """
    now: dict[str, str] = {}
    back: dict[str, Manifest] = {}
    restores = [manifest for manifest in points.all()[0] if manifest.wrote]
    newest = restores[0].at if restores else 0.0
    went_on = max((at for at in changes if at < newest), default=0.0)
    for manifest in restores:
        if manifest.at < went_on:
            break
        for file in manifest.wrote:
            now.setdefault(file, _sha256(points.root / file))
        before = {file: manifest.files.get(file, "") for file in manifest.wrote}
        if all(now[file] == sha256 for file, sha256 in before.items()):
            continue
        if manifest.returns:
            break
        if any(now[file] != sha256 for file, sha256 in manifest.wrote.items()):
            if back:
                break
            raise Conflict(f"A file was changed since it was restored; {manifest.name} holds its state before.")
        for file, sha256 in before.items():
            now[file], back[file] = sha256, manifest
    planned = [_planned(points, file, manifest) for file, manifest in sorted(back.items())]
    changed = tuple(file for file in planned if file.before != file.after)
    if not changed:
        raise NotFound("nothing was restored: the files are the latest.")
    return changed


def _planned(points: LocalPoints, file: str, manifest: Manifest) -> PlannedFile:
    path, now = points.root / file, _sha256(points.root / file)
    why = "it is not a code file" if not is_code(file) else why_not_replaced(points.root, file)
    if why:
        raise Unsafe(f"{file} cannot be put back: {why}.")
    folders = tuple(points.root / folder for folder in manifest.folders if Path(file).is_relative_to(folder))
    if file not in manifest.files:
        return plan_removal(path, now, folders, points.blobs)
    data = LocalPoint(manifest, points.blobs).contents([file])[file]
    if isinstance(data, Refused):
        raise data
    return plan_bytes(path, now, data, points.blobs) if now else plan_new(absent(path), data, backups=points.blobs)


def _sha256(path: Path) -> str:
    """Empty where there is no file."""
    return read_file(path).sha256 if os.path.lexists(path) else ""
