"""Restore points: named states of code files, from own copies, own git refs, and the user's git tags."""

import difflib
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from timmy_tui.control.edit.atomic_replace import read_file
from timmy_tui.control.edit.masking import masked_diff
from timmy_tui.control.edit.python_source import parse
from timmy_tui.control.edit.transaction import Applied, PlannedFile, plan_bytes, write
from timmy_tui.control.errors import Conflict, Refused
from timmy_tui.control.restore.copies import (
    GitPoint,
    LocalPoint,
    LocalPoints,
    Manifest,
    StoredPoint,
    code_files,
    code_path,
)
from timmy_tui.control.restore.git import REFS, Git, GitError
from timmy_tui.core.errors import NotFound
from timmy_tui.core.settings import state_dir
from timmy_tui.model.change import RestorePoint

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]|\.(?!\.|lock$|$)){0,99}")
_TAGS = "refs/tags/"
_COUNTED = 20_000
"""Lines of both files together, above which they are not counted: the comparison is quadratic."""


@dataclass(frozen=True)
class FileDifference:
    """How a code file of a restore point differs from the one on disk."""

    path: str
    """Relative to the root."""
    state: str
    """``differs``, ``only in the point`` or ``only on disk``."""
    added: int | None = None
    """Lines that a restore would add; None when it is too large to count, or not on both sides."""
    removed: int | None = None


class RestorePoints:
    """The restore points of one Timmy."""

    def __init__(self, root: Path, state: Path | None = None) -> None:
        """``state``: folder of the own copies; None: ``state_dir()``. Asks git once (10 ms)."""
        self.root = root.resolve()
        self._state = state or state_dir()
        self._local_points = LocalPoints(self.root, self._state)
        self._git: Git | None = None
        self.git_off = ""
        """Why git is not used; empty when it is. Own copies work without it."""
        try:
            self._git = Git(self.root)
        except GitError as error:
            self.git_off = error.reason

    def create(self, name: str = "", files: Sequence[str] | None = None, note: str = "") -> RestorePoint:
        """Keep ``files`` (all code files unless said) under ``name``. Raises Refused when the name is taken or wrong.

        Own copies come first; git keeps them as well where it can, and the note says why where it cannot.
        """
        name = self._unused(checked_name(name)) if name else self._unused_default("change")
        return self._create(name, code_files(self.root) if files is None else files, note)

    def create_before(self, flag: str, note: str = "") -> RestorePoint:
        """Keep all code files as ``before-<flag>-<utc>``: what is made by itself before the first change."""
        return self._create(self._unused_default(flag), code_files(self.root), note)

    def _create(
        self,
        name: str,
        files: Sequence[str],
        note: str,
        wrote: Mapping[str, str] | None = None,
        returns: bool = False,
    ) -> RestorePoint:
        if not files:
            raise Refused(f"There is no code file in {self.root}.")
        for file in files:
            code_path(self.root, file)
        manifest = self._local_points.keep(name, files, note, wrote, returns)
        extra = self.git_off
        if self._git is not None:
            try:
                self._git.keep(REFS + name, files, f"Restore point {name}")
            except GitError as error:
                extra = error.reason
        return _shown(manifest, f"not in git: {extra}" if extra else "")

    def list(self) -> tuple[RestorePoint, ...]:
        """Newest first; own ones, git refs of timmy-tui, the user's git tags (read-only). Subjects are foreign text."""
        points = [_shown(manifest) for manifest in self._local_points.all()]
        names = {point.name for point in points}
        for ref in self._git.refs(REFS, _TAGS) if self._git else ():
            own = ref.name.startswith(REFS)
            short = ref.name.removeprefix(REFS if own else _TAGS)
            if own and short in names:
                continue
            name = ref.name if short in names else short
            points.append(RestorePoint(name, ref.at, "git ref" if own else "git tag", note=ref.subject))
        return tuple(sorted(points, key=lambda point: -(point.at or 0)))

    def diff(self, name: str) -> tuple[FileDifference, ...]:
        """The code files that differ from the point. Raises NotFound when there is no point of that name."""
        point = self._find(name)
        in_point, on_disk = point.paths(), code_files(self.root)
        both = [path for path in in_point if path in on_disk]
        differences = [self._difference(point, path) for path in point.differing(self.root, both)]
        differences += [FileDifference(path, "only in the point") for path in in_point if path not in on_disk]
        if isinstance(point, GitPoint):
            differences += [FileDifference(path, "only on disk") for path in on_disk if path not in in_point]
        return tuple(sorted(differences, key=lambda difference: difference.path))

    def _difference(self, point: StoredPoint, path: str) -> FileDifference:
        old, new = read_file(self.root / path).data.splitlines(), point.read(path).splitlines()
        if len(old) + len(new) > _COUNTED:
            return FileDifference(path, "differs")
        blocks = difflib.SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks()
        same = sum(block.size for block in blocks)
        return FileDifference(path, "differs", len(new) - same, len(old) - same)

    def unified(self, name: str, file: str) -> tuple[str, ...]:
        """One file's unified diff, disk → point, for the user's own screen; secrets are masked. Foreign text."""
        return masked_diff(read_file(code_path(self.root, file)).data, self._bytes(self._find(name), name, file), file)

    def plan(self, name: str, files: Sequence[str]) -> tuple[PlannedFile, ...]:
        """What a restore of these code files would write, each parsed first. Raises Refused."""
        point = self._find(name)
        planned = []
        for file in files:
            path = code_path(self.root, file)
            data = self._bytes(point, name, file)
            try:
                parse(data)
            except Refused as refused:
                raise Refused(f"{file} of {name}: {refused.reason}", refused.lines) from None
            image = read_file(path)
            if data != image.data:
                planned.append(plan_bytes(path, image.sha256, data, self._local_points.blobs))
        if not planned:
            raise Refused(f"Nothing to restore: the files are as they were at {name}.")
        return tuple(planned)

    def prepare(self, name: str, files: Sequence[str]) -> tuple[PlannedFile, ...]:
        """``plan``, and a point ``before-restore-…`` of these files; the caller writes the journal, then the files."""
        return self.create_before_restore(self.plan(name, files), name)

    def restore(self, name: str, files: Sequence[str]) -> Applied:
        """``prepare``, then write, for a caller without a journal."""
        return write(self.prepare(name, files))

    def plan_latest(self) -> tuple[PlannedFile, ...]:
        """Back to the files as they were before the first of the restores that are still in place.

        Raises NotFound when nothing was restored, Conflict when a restored file was changed since.
        """
        now: dict[str, str] = {}
        back: dict[str, Manifest] = {}
        for manifest in self._local_points.all():
            if not manifest.wrote:
                continue
            for file in manifest.wrote:
                now.setdefault(file, read_file(self.root / file).sha256)
            if all(now[file] == manifest.files[file] for file in manifest.wrote):
                continue
            if manifest.returns:
                break
            if any(now[file] != sha256 for file, sha256 in manifest.wrote.items()):
                if back:
                    break
                raise Conflict(f"A file was changed since it was restored; {manifest.name} holds its state before.")
            for file in manifest.wrote:
                now[file], back[file] = manifest.files[file], manifest
        if not back:
            raise NotFound("nothing was restored: the files are the latest.")
        return tuple(
            plan_bytes(
                code_path(self.root, file),
                read_file(self.root / file).sha256,
                LocalPoint(manifest, self._local_points.blobs).read(file),
                self._local_points.blobs,
            )
            for file, manifest in back.items()
        )

    def prepare_latest(self) -> tuple[PlannedFile, ...]:
        """``plan_latest``, and a point of these files; the caller writes the journal, then the files."""
        return self.create_before_restore(self.plan_latest())

    def latest(self) -> Applied:
        """``prepare_latest``, then write, for a caller without a journal."""
        return write(self.prepare_latest())

    def create_before_restore(self, planned: Sequence[PlannedFile], name: str = "") -> tuple[PlannedFile, ...]:
        """A point ``before-restore-…`` of what a planned restore of ``name`` (empty: of the latest) replaces."""
        wrote = {str(file.image.path.relative_to(self.root)): file.after for file in planned}
        note = f"before {name} was restored" if name else "before the return to the latest"
        self._create(self._unused_default("restore"), list(wrote), note, wrote=wrote, returns=not name)
        return tuple(planned)

    def _find(self, name: str) -> StoredPoint:
        """The point called ``name``: an own copy, else an own ref, else a user's tag; a full ref name is used as is."""
        manifest = self._local_points.find(name) if _NAME.fullmatch(name) else None
        if manifest is not None:
            return LocalPoint(manifest, self._local_points.blobs)
        if self._git is not None:
            refs = [name] if name.startswith((REFS, _TAGS)) else [REFS + name, _TAGS + name]
            for ref in refs:
                commit = self._git.commit(ref)
                if commit is not None:
                    return GitPoint(self._git, commit)
        names = [point.name for point in self.list()]
        near = difflib.get_close_matches(name, names, n=1)
        raise NotFound(f"there is no restore point {name}.", f"Did you mean {near[0]}?" if near else "")

    def _bytes(self, point: StoredPoint, name: str, file: str) -> bytes:
        if file not in point.paths():
            raise Refused(f"{name} holds no {file}.")
        return point.read(file)

    def _unused(self, name: str) -> str:
        taken = self._local_points.find(name) is not None
        if taken or (self._git is not None and self._git.commit(REFS + name) is not None):
            raise Refused(f"There is a restore point {name} already.")
        return name

    def _unused_default(self, flag: str) -> str:
        """The default name; with a number at its end when it is taken, because two fall into one second."""
        name = default_name(flag)
        for number in count(2):
            try:
                return self._unused(name)
            except Refused:
                name = f"{default_name(flag)}-{number}"
        raise AssertionError("count() ends")


def default_name(flag: str) -> str:
    """``before-<flag>-<utc>``."""
    return f"before-{re.sub('[^A-Za-z0-9-]+', '-', flag)}-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}"


def checked_name(name: str) -> str:
    """``name``, if it can be the name of a file and of a git ref. Raises Refused."""
    if not _NAME.fullmatch(name):
        raise Refused("A restore point's name has at most 100 letters, digits, dots, - or _, and begins with a letter.")
    return name


def _shown(manifest: Manifest, extra: str = "") -> RestorePoint:
    note = "; ".join(text for text in (manifest.note, extra) if text)
    return RestorePoint(manifest.name, manifest.at, "own", tuple(sorted(manifest.files)), note, bool(manifest.wrote))
