"""Restore points: named states of code files, from own copies, own git refs, and the user's git tags."""

import difflib
import re
import time
from collections.abc import Sequence
from contextlib import suppress
from itertools import count
from pathlib import Path

from msgspec.structs import replace

from timmy_tui.control.edit.atomic_replace import read_file
from timmy_tui.control.edit.masking import masked_diff
from timmy_tui.control.edit.transaction import Applied, PlannedFile, write
from timmy_tui.control.errors import Refused
from timmy_tui.control.restore.code import CodeFiles, find_code
from timmy_tui.control.restore.comparison import Comparison, FileDifference, Restoration
from timmy_tui.control.restore.copies import (
    LocalPoint,
    LocalPoints,
    Manifest,
    Replaced,
    StoredPoint,
    bounded,
    plan_latest,
)
from timmy_tui.control.restore.git import REFS, GitError
from timmy_tui.control.restore.git_refs import GitRefs
from timmy_tui.core.errors import NotFound
from timmy_tui.core.settings import state_dir
from timmy_tui.model.change import RestorePoint

__all__ = ["FileDifference", "Restoration", "RestorePoints", "checked_name", "default_name"]

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]|\.(?!\.|lock$|$)){0,99}")


class RestorePoints:
    """The restore points of one Timmy."""

    def __init__(self, root: Path, state: Path | None = None) -> None:
        """``state``: folder of the own copies; None: ``state_dir()``. Asks git once (10 ms)."""
        self.root = root.resolve()
        self._local_points = LocalPoints(self.root, state or state_dir())
        self._refs = GitRefs(self.root)
        with suppress(GitError):
            self._refs.git()
        self.list_problems: tuple[str, ...] = ()
        """What the last ``list`` does not have, and why: git could not be asked, a point's file is damaged."""

    @property
    def git_off(self) -> str:
        """Why git cannot be used, with git's own remedy; empty when it could once. Own copies work without it."""
        try:
            self._refs.git()
        except GitError as error:
            return error.text
        return ""

    # -- making them

    def create(self, name: str = "", note: str = "") -> RestorePoint:
        """Keep all code files under ``name``. Raises Refused when the name is taken or wrong.

        Own copies come first; git keeps them as well where it can, and ``not_in_git`` says why where it cannot.
        """
        name = self._unused(checked_name(name)) if name else self._unused_default("change")
        return self._create(name, note)

    def create_before(self, flag: str, note: str = "") -> RestorePoint:
        """Keep all code files as ``before-<flag>-<utc>``: what is made by itself before the first change."""
        return self._create(self._unused_default(flag), note)

    def create_before_restore(self, planned: Sequence[PlannedFile], name: str = "") -> RestorePoint:
        """A point ``before-restore-…`` of what a planned restore of ``name`` (empty: of the latest) replaces."""
        note = f"before {name} was restored" if name else "before the return to the latest"
        return self._create(self._unused_default("restore"), note, Replaced(planned, self.root, returns=not name))

    def _create(self, name: str, note: str, replaced: Replaced | None = None) -> RestorePoint:
        code = find_code(self.root)
        if not code.files and replaced is None:
            raise Refused(f"There is no code file in {self.root}.", hint=_joined(code.left_out))
        kept = bounded(code) if replaced is None else CodeFiles(replaced.files)
        made = _shown(self._local_points.keep(name, kept, note, replaced))
        try:
            self._refs.git().keep(REFS + name, code.files, f"Restore point {name}")
        except GitError as error:
            return replace(made, not_in_git=error.text)
        return made

    # -- looking at them

    def list(self) -> tuple[RestorePoint, ...]:
        """Newest first; own ones, git refs of timmy-tui, the user's git tags (read-only). Subjects are foreign text.

        Never raises GitError: what is missing then is in ``list_problems``.
        """
        manifests, problems = self._local_points.all()
        points = [_shown(manifest) for manifest in manifests]
        try:
            points += self._refs.points({point.name for point in points})
        except GitError as error:
            problems.append(f"git's tags cannot be listed: {error.text}")
        self.list_problems = tuple(problems)
        return tuple(sorted(points, key=lambda point: -(point.at or 0)))

    def diff(self, name: str) -> tuple[FileDifference, ...]:
        """The code files that differ from the point. Raises NotFound when there is no point of that name."""
        return self.compare(name).differences

    def compare(self, name: str) -> Comparison:
        """The point against the disk. Raises NotFound, and Refused when it cannot be known or is not a commit."""
        return Comparison(self.root, name, self._find(name))

    def unified(self, name: str, file: str) -> tuple[str, ...]:
        """One file's unified diff, disk → point, for the user's own screen; secrets are masked. Foreign text."""
        new = self.compare(name).content(file)
        return masked_diff(read_file(self.root / file).data, new, file)

    # -- restoring them

    def restoration(self, name: str, names: Sequence[str] = ()) -> Restoration:
        """What a restore of these files and folders (none: of all code files) would do. Raises NotFound, Refused."""
        return self.compare(name).restoration(names, self._local_points.blobs)

    def plan(self, name: str, names: Sequence[str] = ()) -> tuple[PlannedFile, ...]:
        """The files of ``restoration``."""
        return self.restoration(name, names).planned

    def prepare(self, name: str, names: Sequence[str] = ()) -> tuple[PlannedFile, ...]:
        """``plan``, and a point ``before-restore-…`` of these files; the caller writes the journal, then the files."""
        planned = self.plan(name, names)
        self.create_before_restore(planned, name)
        return planned

    def restore(self, name: str, names: Sequence[str] = ()) -> Applied:
        """``prepare``, then write, for a caller without a journal."""
        return write(self.prepare(name, names))

    def plan_latest(self, changes: Sequence[float] = ()) -> tuple[PlannedFile, ...]:
        """Back to the files as they were before the first of the restores that are still in place.

        ``changes``: when flags were changed, in seconds since the epoch; restores before them are left as they are.

        Raises NotFound when nothing was restored, Conflict when a restored file was changed since.
        """
        return plan_latest(self._local_points, changes)

    def prepare_latest(self) -> tuple[PlannedFile, ...]:
        """``plan_latest``, and a point of these files; the caller writes the journal, then the files."""
        planned = self.plan_latest()
        self.create_before_restore(planned)
        return planned

    def latest(self) -> Applied:
        """``prepare_latest``, then write, for a caller without a journal."""
        return write(self.prepare_latest())

    # -- names

    def _find(self, name: str) -> StoredPoint:
        """The point called ``name``: an own copy, else an own ref, else a user's tag; a full ref name is used as is."""
        damaged: Refused | None = None
        try:
            manifest = self._local_points.find(name) if _NAME.fullmatch(name) else None
            if manifest is not None:
                return LocalPoint(manifest, self._local_points.blobs)
        except Refused as refused:
            damaged = refused  # git may have kept the same point
        try:
            point = self._refs.find(name)
        except GitError as error:
            if damaged is not None:
                raise damaged from None
            reason = f"there is no own restore point {name}, and git's tags could not be looked at: {error.reason}"
            raise Refused(reason, hint=_joined((error.hint, self._nearest(name)))) from None
        if point is None and damaged is not None:
            raise damaged
        if point is None:
            raise NotFound(f"there is no restore point {name}.", self._nearest(name))
        return point

    def _nearest(self, name: str) -> str:
        near = difflib.get_close_matches(name, [point.name for point in self.list()], n=1)
        return f"Did you mean {near[0]}?" if near else ""

    def _unused(self, name: str) -> str:
        if self._local_points.has(name) or self._refs.has_own(name):
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


def _shown(manifest: Manifest) -> RestorePoint:
    return RestorePoint(
        manifest.name,
        manifest.at,
        "own",
        tuple(sorted(manifest.files)),
        manifest.note,
        bool(manifest.wrote),
        left_out=manifest.left_out,
    )


def _joined(texts: Sequence[str]) -> str:
    return " ".join(text for text in texts if text)
