"""How restore points are stored: as own byte copies with a manifest, or as a commit of the user's repository."""

import hashlib
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import msgspec
from msgspec import Struct

from timmy_tui.control.edit.atomic_replace import LIMIT, FileImage, read_file
from timmy_tui.control.edit.transaction import backup_path, save_backup
from timmy_tui.control.errors import Refused, Unsafe
from timmy_tui.control.restore.git import Blob, Git
from timmy_tui.core.decode import Unreadable, decode_as

FOLDERS = ("v34", "shared")
"""Folders with code; data files in them are never kept or restored."""
_MOST = 300
"""Most code files of one point."""
_PASSED_OVER = frozenset({"__pycache__", "site-packages", "node_modules", "venv", "env"})


class Manifest(Struct, frozen=True, kw_only=True):
    """The JSON file of one own restore point."""

    name: str
    at: float
    root: str
    files: Mapping[str, str]
    """Path relative to the root → SHA-256 of the exact bytes."""
    note: str = ""
    wrote: Mapping[str, str] = {}
    """For a point made by a restore: what that restore then wrote, by path."""
    returns: bool = False
    """Made by a return to the latest state."""


class StoredPoint(Protocol):
    """A restore point, however it is stored."""

    def paths(self) -> list[str]:
        """Code files of the point, relative to the root."""
        ...

    def read(self, path: str) -> bytes:
        """The exact bytes of one of them. Raises Refused."""
        ...

    def differing(self, root: Path, paths: Sequence[str]) -> list[str]:
        """Those of ``paths`` (all on disk, all in the point) whose bytes are not those of the point."""
        ...


@dataclass(frozen=True)
class LocalPoint:
    """Byte copies in the state folder."""

    manifest: Manifest
    blobs: Path

    def paths(self) -> list[str]:
        """See StoredPoint."""
        return sorted(self.manifest.files)

    def read(self, path: str) -> bytes:
        """See StoredPoint; a copy whose bytes have changed is refused."""
        sha256 = self.manifest.files[path]
        data = read_file(backup_path(self.blobs, Path(path).name, sha256)).data
        if hashlib.sha256(data).hexdigest() != sha256:
            raise Refused(f"The copy of {path} is not what was kept.")
        return data

    def differing(self, root: Path, paths: Sequence[str]) -> list[str]:
        """See StoredPoint."""
        return [path for path in paths if read_file(root / path).sha256 != self.manifest.files[path]]


class GitPoint:
    """A commit; files are read with git's line-end rules applied."""

    def __init__(self, git: Git, commit: str) -> None:
        self.git = git
        self.commit = commit
        blobs = git.files(commit, FOLDERS)
        self.blobs: dict[str, Blob] = {blob.path: blob for blob in blobs if _is_code(blob.path) and blob.size <= LIMIT}

    def paths(self) -> list[str]:
        """See StoredPoint."""
        return sorted(self.blobs)

    def read(self, path: str) -> bytes:
        """See StoredPoint."""
        return self.git.read(self.commit, path)

    def differing(self, root: Path, paths: Sequence[str]) -> list[str]:
        """See StoredPoint; one call of git for all of them."""
        hashes = self.git.hashes(paths)
        return [path for path, sha in zip(paths, hashes, strict=True) if sha != self.blobs[path].sha]


class LocalPoints:
    """The own points of one root: a folder of manifests, beside the folder of bytes that changes use as well."""

    def __init__(self, root: Path, state: Path) -> None:
        self.root = root
        self.blobs = state / "backups"
        self.folder = state / "restore" / hashlib.sha256(os.fsencode(root)).hexdigest()[:16]

    def find(self, name: str) -> Manifest | None:
        """None when there is no point of that name, or its file is damaged."""
        try:
            manifest = decode_as((self.folder / f"{name}.json").read_bytes(), Manifest)
        except OSError:
            return None
        return None if isinstance(manifest, Unreadable) or manifest.root != str(self.root) else manifest

    def all(self) -> list[Manifest]:
        """Newest first."""
        manifests = [self.find(path.stem) for path in self.folder.glob("*.json")]
        return sorted((manifest for manifest in manifests if manifest), key=lambda manifest: -manifest.at)

    def keep(
        self,
        name: str,
        files: Sequence[str],
        note: str = "",
        wrote: Mapping[str, str] | None = None,
        returns: bool = False,
    ) -> Manifest:
        """Copy ``files``, then write the manifest. Raises Refused when the name is taken."""
        path = self.folder / f"{name}.json"
        if path.exists():
            raise Refused(f"There is a restore point {name} already.")
        images: dict[str, FileImage] = {file: read_file(self.root / file) for file in files}
        for file, image in images.items():
            save_backup(backup_path(self.blobs, Path(file).name, image.sha256), image.data)
        manifest = Manifest(
            name=name,
            at=time.time(),
            root=str(self.root),
            files={file: image.sha256 for file, image in images.items()},
            note=note,
            wrote=wrote or {},
            returns=returns,
        )
        self.folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        save_backup(path, msgspec.json.encode(manifest))
        return manifest


def code_files(root: Path) -> list[str]:
    """Python files below v34/ and shared/ that a point keeps: regular, one name, at most 1 MiB, at most 300."""
    files = []
    for folder in FOLDERS:
        for path in _walk(root / folder):
            file = str(path.relative_to(root))
            try:
                read_file(path)
            except Refused:
                continue
            files.append(file)
    return sorted(files)[:_MOST]


def _walk(folder: Path) -> Iterator[Path]:
    for parent, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name not in _PASSED_OVER and not name.startswith(".")]
        for name in files:
            path = Path(parent, name)
            if _is_code(name) and not path.is_symlink() and name.isprintable():
                yield path


def _is_code(path: str) -> bool:
    return path.endswith(".py") and not path.rpartition("/")[2].startswith(".")


def code_path(root: Path, file: str) -> Path:
    """The real path of a code file that may be restored. Raises Unsafe: data files and other places never are."""
    real = Path(os.path.realpath(root / file))
    allowed = any(real.is_relative_to(Path(os.path.realpath(root / folder))) for folder in FOLDERS)
    plain = Path(file).parts[:1] in [(folder,) for folder in FOLDERS] and ".." not in Path(file).parts
    if not (allowed and plain and _is_code(file) and real.is_relative_to(os.path.realpath(root))):
        raise Unsafe(f"{file} is not a code file in {' or '.join(f'{folder}/' for folder in FOLDERS)}.")
    if not real.is_file():
        raise Unsafe(f"{file} does not exist now; only files that are there are restored.")
    return real
