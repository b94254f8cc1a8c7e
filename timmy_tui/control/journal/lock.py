"""One dashboard of the machine makes changes; the others only look."""

import fcntl
import hashlib
import os
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from timmy_tui.core.errors import ControlError
from timmy_tui.core.settings import state_dir

_TRIES = 3
"""Asking who the owner is takes the lock for some microseconds, which must not look like an owner."""


class Locked(ControlError):
    """Another dashboard makes changes."""

    def __init__(self, pid: int | None) -> None:
        """``pid`` is the owner's; None when it cannot be told."""
        self.pid = pid
        owner = f"the timmy-tui with pid {pid}" if pid else "another timmy-tui"
        super().__init__(f"{owner} makes changes; this one only looks.", "Close it, or make the change there.")


class ChangeLock:
    """flock on a file in the state folder; a dead owner's lock is gone with it.

    Not on the file that is changed: its inode is another one after every change. ``change.lock`` is held while a change
    runs, ``dashboard.lock`` for as long as a dashboard that may change something is open.
    """

    def __init__(self, state_dir: Path, name: str = "change.lock") -> None:
        self.path = state_dir / name
        self._fd: int | None = None

    @property
    def held(self) -> bool:
        """By this object."""
        return self._fd is not None

    def acquire(self) -> None:
        """Raises Locked with the owner's pid. Taking it twice is taking it once."""
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
        with suppress(OSError):  # the pid is for the other's message; a full disk has no room for it
            os.ftruncate(fd, 0)
            os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
        self._fd = fd

    def release(self) -> None:
        """Idempotent."""
        if self._fd is not None:
            os.ftruncate(self._fd, 0)
            os.close(self._fd)
            self._fd = None

    def owner(self) -> int | None:
        """Pid of who holds it, this process included; None while nobody does."""
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


def control_path(root: Path, state: Path) -> Path:
    """Where journal, locks and backups of one Timmy are: ``<state>/control-<hash of its path>``. Makes nothing."""
    name = hashlib.sha256(str(root.resolve()).encode()).hexdigest()[:12]
    return state / f"control-{name}"


def control_dir(root: Path, state: Path | None = None) -> Path:
    """The same folder, made where there is none; private to the user."""
    path = control_path(root, state or state_dir())
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path


def dashboard_lock(folder: Path) -> ChangeLock:
    """Held by the one dashboard that may change something, from its start to its end."""
    return ChangeLock(folder, "dashboard.lock")


def second(pid: int | None) -> str:
    """What a dashboard is told that came after the one with this pid."""
    return f"another dashboard ({f'pid {pid}' if pid else 'another process'}) makes the changes"
