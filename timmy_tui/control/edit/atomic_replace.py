"""Replacing a small file as one step, and only while it is still what was shown."""

import contextlib
import errno
import hashlib
import os
import secrets
import stat
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

from timmy_tui.control.edit.renameat2 import WriteLease, exchange
from timmy_tui.control.errors import Conflict, Unsafe

LIMIT = 1 << 20
"""Bytes; a larger file is refused."""

_TRIES = 5
"""Reads of a file that changes while it is read."""

_SWAP_FILES = (
    ("vim", ".{}.swp"),
    ("vim", ".{}.swo"),
    ("Emacs", ".#{}"),
    ("Emacs", "#{}#"),
    ("Kate", ".{}.kate-swp"),
)


@dataclass(frozen=True)
class FileImage:
    """A file as it was read."""

    path: Path
    """The real path: a symbolic link has been followed, and stays a link when the file is replaced."""
    data: bytes = field(repr=False)
    """May hold a password: never part of a message."""
    mode: int
    uid: int
    gid: int
    mtime_ns: int
    xattrs: tuple[tuple[str, bytes], ...] = ()
    exists: bool = True
    """False: there is no file of this name; the rest says how one would be made (``file_presence.absent``)."""

    @property
    def sha256(self) -> str:
        """Of the bytes, in hex; empty where there is no file."""
        return hashlib.sha256(self.data).hexdigest() if self.exists else ""

    def same(self, other: "FileImage") -> bool:
        """The same bytes with the same owner, mode and attributes; the time may differ."""
        return replace(self, mtime_ns=0) == replace(other, mtime_ns=0)


def read_file(path: Path) -> FileImage:
    """A regular file of at most LIMIT bytes with one name. Raises Unsafe; never blocks on a FIFO.

    Raises Conflict when the file keeps changing while it is read.
    """
    try:
        real = Path(os.path.realpath(path, strict=True))
        if not stat.S_ISREG(real.lstat().st_mode):
            raise Unsafe(f"{path} is not a regular file.")
        fd = os.open(real, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise Unsafe(f"{path} cannot be read: {error.strerror}.") from None
    try:
        for _ in range(_TRIES):
            image, steady = read_open(fd, real)
            if steady:
                return image
    except OSError as error:
        raise Unsafe(f"{path} cannot be read: {error.strerror}.") from None
    finally:
        os.close(fd)
    raise Conflict(f"{path} is being written by another program.")


def read_open(fd: int, path: Path) -> tuple[FileImage, bool]:
    """The file behind ``fd``, and whether it stayed the same while it was read."""
    info = os.fstat(fd)
    if not stat.S_ISREG(info.st_mode):
        raise Unsafe(f"{path} is not a regular file.")
    if info.st_size > LIMIT:
        raise Unsafe(f"{path} is larger than {LIMIT >> 20} MiB.")
    if info.st_nlink > 1:
        raise Unsafe(f"{path} has {info.st_nlink} names (hard links); replacing it would separate them.")
    data = os.pread(fd, LIMIT + 1, 0)
    after = os.fstat(fd)
    image = FileImage(
        path, data, stat.S_IMODE(info.st_mode), info.st_uid, info.st_gid, info.st_mtime_ns, _attributes(fd)
    )
    return image, (info.st_mtime_ns, len(data)) == (after.st_mtime_ns, after.st_size)


def _attributes(fd: int) -> tuple[tuple[str, bytes], ...]:
    try:
        return tuple((name, os.getxattr(fd, name)) for name in sorted(os.listxattr(fd)))
    except OSError as error:
        if error.errno in (errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS):
            return ()
        raise


def temp_name(path: Path) -> Path:
    """A fresh name beside ``path`` that a reloader does not watch: ``.config.py.XXXXXXXX.tmp``."""
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")


def replace_file(image: FileImage, new: bytes, temp: Path | None = None) -> FileImage:
    """Put ``new`` where ``image`` was read, if the file still is that image; the new image.

    Raises Conflict when the file was changed meanwhile, Unsafe when its owner, mode or attributes cannot be kept or the
    disk refuses; the old bytes are in place after both.
    """
    with Staged(image, new, temp) as staged:
        swapped = staged.swap()
    sync_folder(image.path.parent)
    return swapped


class Staged:
    """New bytes on disk beside a file, ready to take its place. Leaving it removes what is left of them."""

    def __init__(self, image: FileImage, new: bytes, temp: Path | None = None) -> None:
        """Write and fsync the temp file with the owner, mode and attributes of ``image``. Raises Unsafe."""
        self.image = image
        self.new = new
        self.temp = temp or temp_name(image.path)
        self.written = image
        """The new file as it was read back."""
        wait_for_later_second(image.mtime_ns)
        try:
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
            fd = os.open(self.temp, flags, 0o600 if image.uid >= 0 else image.mode)
        except OSError as error:
            raise self._unsafe(error) from None
        try:
            self._fill(fd)
        except BaseException as error:
            self.temp.unlink()
            if isinstance(error, OSError):
                raise self._unsafe(error) from None
            raise
        finally:
            os.close(fd)

    def _fill(self, fd: int) -> None:
        image = self.image
        info = os.fstat(fd)
        if image.uid >= 0:
            if (info.st_uid, info.st_gid) != (image.uid, image.gid):
                os.fchown(fd, image.uid, image.gid)
            os.fchmod(fd, image.mode)
            _set_attributes(fd, image.xattrs)
        rest = memoryview(self.new)
        while rest:
            rest = rest[os.write(fd, rest) :]
        _set_later_second(fd, image.mtime_ns)
        os.fsync(fd)
        self.written, _ = read_open(fd, image.path)
        wanted = image if image.uid >= 0 else self.written
        if not self.written.same(replace(wanted, data=self.new, exists=True)):
            raise Unsafe(f"Owner, mode or attributes of {image.path} cannot be kept.")

    def swap(self) -> FileImage:
        """Take the file's place. Raises Conflict or Unsafe with the old bytes, or someone's newer ones, in place.

        The folder is not synced here: the swaps of several files should follow each other at once.
        """
        path = self.image.path
        try:
            with WriteLease(path) as lease:
                now, steady = read_open(lease.fd, path)
                if not steady or not now.same(self.image):
                    raise Conflict(f"{path} is no longer what was shown: another program changed it.")
                mtime_ns = self._later_than(now.mtime_ns)
                if not exchange(self.temp, path):
                    os.replace(self.temp, path)
                elif lease.wanted:
                    self._swap_back()
            self.discard()
            if os.path.lexists(self.temp):  # what was displaced is not what was compared
                self._swap_back()
        except BlockingIOError:
            raise Conflict(f"{path} is being written by another program.") from None
        except OSError as error:
            raise self._unsafe(error) from None
        return replace(self.image, data=self.new, mtime_ns=mtime_ns)

    def _later_than(self, mtime_ns: int) -> int:
        """The temp file's time, moved again when the file was touched meanwhile."""
        fd = os.open(self.temp, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            _set_later_second(fd, mtime_ns)
            return os.fstat(fd).st_mtime_ns
        finally:
            os.close(fd)

    def _swap_back(self) -> None:
        """Someone wrote at the last moment: what was written last goes back to its name.

        A second save may land on our new file before it is swapped back; it is then the newest, and the first one is
        what stays under the temp name, which the message tells.
        """
        path, ours = self.image.path, self.new
        for _ in range(_TRIES):
            put = self.temp.read_bytes()
            exchange(self.temp, path)
            if self.temp.read_bytes() == ours:
                break
            ours = put
        self.discard()
        left = f" An earlier state of it is kept in {self.temp}." if os.path.lexists(self.temp) else ""
        raise Conflict(f"{path} is no longer what was shown: another program changed it.{left}")

    def discard(self) -> None:
        """Remove the temp file, unless it holds bytes that are neither the old nor the new: someone's edit."""
        with contextlib.suppress(FileNotFoundError):
            if self.temp.read_bytes() in (self.new, self.image.data):
                self.temp.unlink()

    def _unsafe(self, error: OSError) -> Unsafe:
        return Unsafe(f"{self.image.path} cannot be replaced: {error.strerror}.")

    def __enter__(self) -> "Staged":
        return self

    def __exit__(self, *_: object) -> None:
        self.discard()


def _set_attributes(fd: int, wanted: tuple[tuple[str, bytes], ...]) -> None:
    """Exactly these: a folder's default ACL may have given the new file one that the old had not."""
    present = dict(_attributes(fd))
    for name, value in wanted:
        if present.pop(name, None) != value:
            os.setxattr(fd, name, value)
    for name in present:
        os.removexattr(fd, name)


def wait_for_later_second(mtime_ns: int) -> None:
    """At most one second: bytecode is keyed by the whole second, and a reloader wants a later time."""
    ahead = (mtime_ns // 10**9 + 1) - time.time()
    if 0 < ahead <= 1:
        time.sleep(ahead)


def _set_later_second(fd: int, mtime_ns: int) -> None:
    """For a file from the future, and for a clock that lags behind the file system's."""
    later = (mtime_ns // 10**9 + 1) * 10**9
    if os.fstat(fd).st_mtime_ns < later:
        os.utime(fd, ns=(later, later))


def sync_folder(folder: Path) -> None:
    """Put the names in a folder on disk."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def open_in_editor(path: Path) -> str | None:
    """One sentence when an editor seems to have the file open, from the swap file that it leaves beside it."""
    real = Path(os.path.realpath(path))
    for editor, pattern in _SWAP_FILES:
        swap = real.with_name(pattern.format(real.name))
        if os.path.lexists(swap):
            return f"{editor} seems to have {real.name} open ({swap.name})."
    return None
