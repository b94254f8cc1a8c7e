"""Which files are code, and so may be kept and restored."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from timmy_tui.control.edit.atomic_replace import read_file
from timmy_tui.control.errors import Refused

FOLDERS = ("v34", "shared")
"""Folders with code; data files in them are never kept or restored."""
PASSED_OVER = frozenset({"__pycache__", "site-packages", "node_modules", "venv", "env"})
"""Folders whose Python files are not Timmy's own."""
UNPRINTABLE = "its name has characters that cannot be printed"
_LONGEST_NAME = 200
"""Bytes of a name: copies and temporary files add up to 40, and 255 is the most that a file system takes."""


@dataclass(frozen=True)
class CodeFiles:
    """The code files on disk, and what looks like one and cannot be kept."""

    files: tuple[str, ...]
    """Relative to the root, sorted."""
    left_out: tuple[str, ...] = ()
    """``v34/tools/ (a repository of its own)``, each with its reason. Foreign text."""


def is_code(path: str) -> bool:
    """Whether a path relative to the root is that of a code file: Python, in v34/ or shared/, not hidden."""
    *folders, name = path.split("/")
    own = folders[:1] and folders[0] in FOLDERS and not any(passed_over(folder) for folder in folders)
    return bool(own) and name.endswith(".py") and not name.startswith(".") and path.isprintable()


def passed_over(folder: str) -> bool:
    """Whether a folder of this name holds no code of Timmy's own."""
    return folder in PASSED_OVER or folder.startswith(".")


def find_code(root: Path) -> CodeFiles:
    """The code files below v34/ and shared/ as they are now."""
    files: list[str] = []
    left_out: list[str] = []
    for folder in FOLDERS:
        why = _why_not_below(root, folder)
        if why:
            left_out.append(f"{folder}/ ({why})")
        for path in () if why else _python_files(root, folder, left_out):
            why = _why_not_kept(root, path)
            if why:
                left_out.append(f"{path} ({why})")
            else:
                files.append(path)
    return CodeFiles(tuple(sorted(files)), tuple(sorted(left_out)))


def _why_not_below(root: Path, folder: str) -> str:
    real = Path(os.path.realpath(root / folder))
    return "" if real.is_relative_to(os.path.realpath(root)) else "a symbolic link that leads out of the root"


def _python_files(root: Path, top: str, left_out: list[str]) -> Iterator[str]:
    def unreadable(error: OSError) -> None:
        left_out.append(f"{os.path.relpath(error.filename, root)}/ (it cannot be read: {error.strerror})")

    for parent, folders, files in os.walk(root / top, onerror=unreadable):
        below = os.path.relpath(parent, root)
        folders[:] = [name for name in folders if not passed_over(name)]
        for name in [name for name in folders if os.path.lexists(Path(parent, name, ".git"))]:
            folders.remove(name)
            left_out.append(f"{below}/{name}/ (a repository of its own)")
        yield from (f"{below}/{name}" for name in files if name.endswith(".py") and not name.startswith("."))


def _why_not_kept(root: Path, path: str) -> str:
    if not path.isprintable():
        return UNPRINTABLE
    if len(os.fsencode(path.rpartition("/")[2])) > _LONGEST_NAME:
        return f"its name is longer than {_LONGEST_NAME} bytes"
    if (root / path).is_symlink():
        return "a symbolic link"
    try:
        read_file(root / path)
    except Refused as refused:
        return refused.reason.removeprefix(str(root / path)).strip(" .")
    return ""


def why_not_replaced(root: Path, path: str) -> str:
    """Why a code file must not be written under this path, whether or not it exists now; empty when it may."""
    real_root = os.path.realpath(root)
    if os.path.realpath(root / path) != os.path.join(real_root, path):
        return "it is reached through a symbolic link"
    for folder in Path(path).parents:
        if len(folder.parts) > 1 and os.path.lexists(root / folder / ".git"):
            return f"{folder}/ is a repository of its own"
        if os.path.lexists(root / folder) and not (root / folder).is_dir():
            return f"{folder} is not a folder now"
    return ""
