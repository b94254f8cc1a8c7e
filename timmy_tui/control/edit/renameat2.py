"""Calls of the kernel that close the last microseconds between comparing a file and replacing it.

``renameat2(RENAME_EXCHANGE)`` keeps what was displaced, so that it can be looked at and put back; with RENAME_NOREPLACE
a name that is taken stays as it is. A read lease makes whoever opens the file for writing wait for us, and tells us
that someone waits. All are absent on some file systems (drvfs, 9p, NFS); what is left then is a comparison right before
``rename``, and a hard link for a new name.
"""

import ctypes
import errno
import fcntl
import functools
import os
import signal
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

_AT_FDCWD = -100
_NO_REPLACE = 1
_EXCHANGE = 2
_ABSENT = frozenset({errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP})


def exchange(one: Path, other: Path) -> bool:
    """Swap two names in one step; False where the system cannot. Raises OSError for any other failure."""
    return _rename(one, other, _EXCHANGE)


def rename_new(old: Path, new: Path) -> None:
    """Rename a file, unless the new name is taken: then FileExistsError. Raises OSError for any other failure.

    Where the system cannot do that in one step, the file has both names for an instant.
    """
    if not _rename(old, new, _NO_REPLACE):
        os.link(old, new, follow_symlinks=False)
        old.unlink()


def _rename(old: Path, new: Path, flag: int) -> bool:
    call = _renameat2()
    if call is None:
        return False
    if call(_AT_FDCWD, os.fsencode(old), _AT_FDCWD, os.fsencode(new), flag) == 0:
        return True
    number = ctypes.get_errno()
    if number in _ABSENT:
        return False
    raise OSError(number, os.strerror(number), str(new))


@functools.cache
def _renameat2() -> Callable[..., int] | None:
    """None where the C library has none. ctypes passes a Python int as a C int, bytes as a char pointer."""
    function: Callable[..., int] | None = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    return function


class WriteLease:
    """While held, an open for writing of the file waits (for less than a millisecond; the kernel allows 45 s)."""

    def __init__(self, path: Path) -> None:
        """Raises BlockingIOError when someone has the file open for writing."""
        self.fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        self.held = False
        try:
            # SIGIO, the signal of a broken lease, would end the process; SIGURG is ignored unless asked for.
            fcntl.fcntl(self.fd, fcntl.F_SETSIG, signal.SIGURG)
            fcntl.fcntl(self.fd, fcntl.F_SETLEASE, fcntl.F_RDLCK)
            self.held = True
        except BlockingIOError:
            os.close(self.fd)
            raise
        except OSError:
            pass

    @property
    def wanted(self) -> bool:
        """Someone is waiting to write."""
        return self.held and fcntl.fcntl(self.fd, fcntl.F_GETLEASE) != fcntl.F_RDLCK

    def __enter__(self) -> "WriteLease":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self.fd)
