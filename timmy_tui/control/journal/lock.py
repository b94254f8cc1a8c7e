"""File locks: only one dashboard of the machine makes changes, one at a time."""

import fcntl
import os
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from timmy_tui.core.errors import ControlError
from timmy_tui.core.foreign.sanitize import clean
from timmy_tui.core.formatting import moment

_TRIES = 3
"""``owner`` takes the lock for some microseconds; ``acquire`` must not take that for an owner."""


class Owner(NamedTuple):
    """The process that holds a lock, as it says of itself; whatever it has not said is None or empty."""

    pid: int | None = None
    since: float | None = None
    """time.time() at which it took the lock."""
    terminal: str = ""
    """``pts/3``, with its pane of tmux: ``pts/3, tmux pane %4``."""

    @property
    def words(self) -> str:
        """``pid 123, since 09:14, on pts/3, tmux pane %4``."""
        if self.pid is None:
            return "another process"
        since = f", since {moment(self.since, time.time())}" if self.since is not None else ""
        return f"pid {self.pid}{since}{f', on {self.terminal}' if self.terminal else ''}"


class Locked(ControlError):
    """Another dashboard makes changes."""

    def __init__(self, owner: Owner) -> None:
        self.owner = owner
        owner_words = f"the timmy-tui with {owner.words}" if owner.pid else "another timmy-tui"
        super().__init__(
            f"{owner_words} makes the changes; this dashboard is read-only.", "Close it, or make the change there."
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
        """Raises Locked with its owner. No effect when this object holds it already."""
        if self._fd is not None:
            return
        fd = self._open()
        for attempt in range(_TRIES):
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if attempt == _TRIES - 1:
                    owner = _read_owner(fd)
                    os.close(fd)
                    raise Locked(owner) from None
                time.sleep(0.02)
        with suppress(OSError):  # who it is is only for the message of another process, so a full disk does not matter
            os.ftruncate(fd, 0)
            os.pwrite(fd, f"{os.getpid()} {time.time():.0f} {own_terminal()}".rstrip().encode() + b"\n", 0)
        self._fd = fd

    def release(self) -> None:
        """No effect when this object does not hold it."""
        if self._fd is not None:
            os.ftruncate(self._fd, 0)
            os.close(self._fd)
            self._fd = None

    def owner(self) -> Owner | None:
        """The process that holds it, which may be this one; None while nobody does."""
        if self._fd is not None:
            return Owner(os.getpid())
        fd = self._open()
        try:
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return _read_owner(fd)
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


def _read_owner(fd: int) -> Owner:
    """``PID [SECONDS [TERMINAL]]``; another program or an older version may have written something else."""
    with suppress(ValueError, OSError):
        pid, *more = os.pread(fd, 200, 0).decode("utf-8", "replace").strip().split(" ", 2)
        since = float(more[0]) if more and more[0].isdecimal() else None
        return Owner(int(pid), since, clean(more[1], 60) if len(more) > 1 else "")
    return Owner()


def own_terminal() -> str:
    """``pts/3, tmux pane %4``; empty without a terminal."""
    try:
        name = os.ttyname(0).removeprefix("/dev/")
    except OSError:
        return ""
    pane = os.environ.get("TMUX_PANE", "")
    return f"{name}, tmux pane {pane}" if pane else name


def dashboard_lock(folder: Path) -> ChangeLock:
    """Held by the one dashboard that may change something, from its start to its end."""
    return ChangeLock(folder, "dashboard.lock")


def other_dashboard(owner: Owner) -> str:
    """Why this dashboard is read-only: the other one was started before it."""
    return f"another dashboard ({owner.words}) makes the changes"
