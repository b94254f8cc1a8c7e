"""Which files of a restore point are meant by files and folders as a user types them: ``v34/``, ``shared``, a file."""

import difflib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from timmy_tui.control.errors import Refused, Unsafe
from timmy_tui.control.restore.code import FOLDERS, is_code, why_not_replaced

_WHERE = " or ".join(f"{folder}/" for folder in FOLDERS)


@dataclass(frozen=True)
class Names:
    """What can be named: the code files of a restore point, and those on disk."""

    root: Path
    point: str
    """Name of the restore point."""
    in_point: Sequence[str]
    on_disk: Sequence[str]

    def files(self, names: Sequence[str]) -> tuple[frozenset[str], frozenset[str]]:
        """Files of the point: those that are named themselves, and those in a folder that is named.

        Raises Refused or Unsafe, which name what has no code file in the point: no restore is what part of the names
        ask for.
        """
        files: set[str] = set()
        below: set[str] = set()
        for name in names:
            path = self._relative(name)
            found = [file for file in self.in_point if path == "." or file.startswith(f"{path}/")]
            if path in self.in_point:
                files.add(path)
            elif found:
                below.update(found)
            else:
                raise self._refusal(name, path)
        return frozenset(files), frozenset(below)

    def _relative(self, name: str) -> str:
        """Relative to the root, without ``./`` and the last ``/``."""
        if not name or not name.isprintable():
            raise Unsafe(f"{name or 'An empty name'} is not the name of a file or folder.")
        path = PurePosixPath(name)
        if ".." in path.parts:
            raise Unsafe(f"{name} is refused: name files and folders from {self.root}, without ..")
        if not path.is_absolute():
            return str(path)
        if not path.is_relative_to(self.root):
            raise Unsafe(f"{name} is outside {self.root}.")
        return str(path.relative_to(self.root))

    def _refusal(self, name: str, path: str) -> Refused:
        here = self.root / path
        if PurePosixPath(path).parts[:1] not in [(folder,) for folder in FOLDERS]:
            return Unsafe(f"{name} is not in {_WHERE}: only code files in them are restored.")
        if here.is_dir():
            return self._folder_refusal(name, path)
        if is_code(path) and os.path.lexists(here):
            return Refused(f"{self.point} holds no {path}. It is only on disk, and stays.")
        if is_code(path):
            return Refused(f"{self.point} holds no {path}.", hint=self._near(path))
        if not os.path.lexists(here) and not PurePosixPath(path).suffix:
            return Refused(f"{self.point} holds no code file in {path}/.", hint=self._near(path))
        if path.endswith(".py"):
            return Unsafe(f"{name} is hidden, or in a folder of installed programs: it is never restored.")
        return Unsafe(f"{name} is not a code file (.py): data is never restored.")

    def _folder_refusal(self, name: str, path: str) -> Refused:
        why = why_not_replaced(self.root, f"{path}/x")
        if why:
            return Unsafe(f"{name} is not restored: {why}.")
        if any(file.startswith(f"{path}/") for file in self.on_disk):
            return Refused(f"{self.point} holds no code file in {path}/. What is there is only on disk, and stays.")
        return Unsafe(f"{name} holds no code files (.py): data is never restored.")

    def _near(self, path: str) -> str:
        folders = {str(folder) for file in self.in_point for folder in PurePosixPath(file).parents}
        near = difflib.get_close_matches(path, [*self.in_point, *folders], n=1)
        return f"Did you mean {near[0]}?" if near else ""
