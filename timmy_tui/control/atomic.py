"""Replacing a small file as one step, and only while it is still what was shown."""

from dataclasses import dataclass
from pathlib import Path

LIMIT = 1 << 20
"""Bytes; a larger file is refused."""


@dataclass(frozen=True)
class FileImage:
    """A file as it was read."""

    path: Path
    """The real path: a symbolic link has been followed, and stays a link when the file is replaced."""
    data: bytes
    mode: int
    uid: int
    gid: int
    mtime_ns: int
    xattrs: tuple[tuple[str, bytes], ...] = ()

    @property
    def sha256(self) -> str:
        """Of the bytes, in hex."""
        raise NotImplementedError


def read_file(path: Path) -> FileImage:
    """A regular file of at most LIMIT bytes with one name. Raises Unsafe; never blocks on a FIFO."""
    raise NotImplementedError


def temp_name(path: Path) -> Path:
    """A fresh name beside ``path`` that a reloader does not watch: ``.config.py.XXXXXXXX.tmp``."""
    raise NotImplementedError


def replace_file(image: FileImage, new: bytes, temp: Path | None = None) -> FileImage:
    """Put ``new`` where ``image`` was read, if the file still is that image; the new image.

    Raises Conflict when the file was changed meanwhile, Unsafe when its owner, mode or attributes cannot be kept or the
    disk refuses; the old bytes are in place after both.
    """
    raise NotImplementedError


def open_in_editor(path: Path) -> str | None:
    """One sentence when an editor seems to have the file open, from the swap file that it leaves beside it."""
    raise NotImplementedError
