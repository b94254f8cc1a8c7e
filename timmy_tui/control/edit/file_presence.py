"""A file that appears, and one that goes away, each in one step, and never over somebody else's file or edit."""

import os
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType

from timmy_tui.control.edit.atomic_replace import FileImage, Staged, read_file, read_open
from timmy_tui.control.edit.renameat2 import WriteLease, rename_new
from timmy_tui.control.errors import Conflict, Refused, Unsafe

_KERNELS_CHOICE = -1


def absent(path: Path, executable: bool = False) -> FileImage:
    """No file. One that is made there gets the owner and mode that any new file of this process gets."""
    mode = 0o777 if executable else 0o666
    return FileImage(path, b"", mode, _KERNELS_CHOICE, _KERNELS_CHOICE, 0, exists=False)


class StagedNew(Staged):
    """The bytes of a file that does not exist, on disk beside its name, ready to appear there."""

    def swap(self) -> FileImage:
        """Appear under the name. Raises Conflict when something has it by now, Unsafe when the disk refuses."""
        try:
            rename_new(self.temp, self.image.path)
        except FileExistsError:
            raise Conflict(f"{self.image.path} has appeared since it was shown; it stays.") from None
        except OSError as error:
            raise Unsafe(f"{self.image.path} cannot be made: {error.strerror}.") from None
        return self.written


class StagedRemoval:
    """A file that is to go away. Nothing is prepared: its bytes are in the backup."""

    def __init__(self, image: FileImage, temp: Path) -> None:
        self.image, self.temp = image, temp

    def swap(self) -> FileImage:
        """Remove the file. Raises Conflict or Unsafe with the file, or someone's newer one, in place.

        It is moved aside first and compared once more: what was saved at the last moment goes back.
        """
        path = self.image.path
        try:
            with WriteLease(path) as lease:
                now, steady = read_open(lease.fd, path)
                if not steady or not now.same(self.image):
                    raise Conflict(f"{path} is no longer what was shown: another program changed it.")
                os.rename(path, self.temp)
            if not self._moved_as_compared():
                self._move_back()
            self.temp.unlink()
        except BlockingIOError:
            raise Conflict(f"{path} is being written by another program.") from None
        except OSError as error:
            raise Unsafe(f"{path} cannot be removed: {error.strerror}.") from None
        return replace(self.image, data=b"", mtime_ns=time.time_ns(), exists=False)

    def _moved_as_compared(self) -> bool:
        try:
            return read_file(self.temp).data == self.image.data
        except Refused:
            return False

    def _move_back(self) -> None:
        path = self.image.path
        try:
            rename_new(self.temp, path)
            left = ""
        except FileExistsError:
            left = f" An earlier state of it is kept in {self.temp}."
        raise Conflict(f"{path} is no longer what was shown: another program changed it.{left}")

    def __enter__(self) -> "StagedRemoval":
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is left to clear away."""


class Folders:
    """Folders, outermost first, that a new file needs. Leaving it removes those that are empty."""

    def __init__(self, folders: tuple[Path, ...], make: bool) -> None:
        """``make``: they are made on entry, where they are missing."""
        self._folders, self._make = folders, make

    def __enter__(self) -> "Folders":
        for folder in self._folders if self._make else ():
            try:
                folder.mkdir(exist_ok=True)
            except OSError as error:
                self.remove_empty()
                raise Unsafe(f"The folder {folder} cannot be made: {error.strerror}.") from None
            if folder.is_symlink():
                raise Conflict(f"{folder} has appeared since it was shown, and is a symbolic link.")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.remove_empty()

    def remove_empty(self) -> None:
        """The innermost first; one that cannot be removed stays, which says nothing of those that are not around it."""
        for folder in reversed(self._folders):
            with suppress(OSError):  # Not empty, not there, not ours.
                os.rmdir(folder)
