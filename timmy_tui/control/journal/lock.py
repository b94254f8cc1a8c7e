"""File locks: only one dashboard of the machine makes changes, one at a time."""

import fcntl
import os
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from timmy_tui.core.errors import ControlError

_TRIES = 3
"""``owner`` takes the lock for some microseconds; ``acquire`` must not take that for an owner."""


class Locked(ControlError):
    """Another dashboard makes changes."""

    def __init__(self, pid: int | None) -> None:
        """``pid`` is the owner's; None when it is not known."""
        self.pid = pid
        owner = f"the timmy-tui with pid {pid}" if pid else "another timmy-tui"
        super().__init__(
            f"{owner} makes the changes; this dashboard is read-only.", "Close it, or make the change there."
        )


class ChangeLock:
    """flock on a file in the state folder; the kernel releases it when its owner dies.

    Not on the file that is changed: every change gives that one a new inode. ``change.lock`` is held while a change
    runs, ``dashboard.lock`` for as long as a dashboard that may change something is open.
    """

    def __init__(self, state_dir: Path, name: str = "change.lock") -> None:
        self.path = state_dir / name
        self._fd: int | None = None

    @property
    def held(self) -> bool:
        """This object holds the lock."""
        return self._fd is not None

    def acquire(self) -> None:
        """Raises Locked with the owner's pid. No effect when this object holds it already."""
        if self._fd is not None:
            return
        fd = self._open()
        for attempt in range(_TRIES):
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if attempt == _TRIES - 1:
                    pid = _pid(fd)
                    os.close(fd)
                    raise Locked(pid) from None
                time.sleep(0.02)
        with suppress(OSError):  # the pid is only for the message of another process, so a full disk does not matter
            os.ftruncate(fd, 0)
            os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
        self._fd = fd

    def release(self) -> None:
        """No effect when this object does not hold it."""
        if self._fd is not None:
            os.ftruncate(self._fd, 0)
            os.close(self._fd)
            self._fd = None

    def owner(self) -> int | None:
        """Pid of the process that holds it, which may be this one; None while nobody does, or it is not known."""
        if self._fd is not None:
            return os.getpid()
        fd = self._open()
        try:
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return _pid(fd)
        finally:
            os.close(fd)
        return None

    def _open(self) -> int:
        try:
            return os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise ControlError(f"The lock {self.path} cannot be opened: {error.strerror}.") from None

    def __enter__(self) -> "ChangeLock":
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def _pid(fd: int) -> int | None:
    with suppress(ValueError):
        return int(os.pread(fd, 32, 0))
    return None


def dashboard_lock(folder: Path) -> ChangeLock:
    """Held by the one dashboard that may change something, from its start to its end."""
    return ChangeLock(folder, "dashboard.lock")


def other_dashboard(pid: int | None) -> str:
    """Why this dashboard is read-only: the one with this pid was started before it."""
    return f"another dashboard ({f'pid {pid}' if pid else 'another process'}) makes the changes"
