"""Files beside a target that a killed process left: written under a name of its own, and never given the target's."""

import fcntl
import os
import re
import stat
from contextlib import suppress
from pathlib import Path

_looked_after: set[Path] = set()


def scratch_of(target: Path) -> Path:
    """Where this process writes what becomes the target. While it does so it holds a lock on it: ``hold``."""
    return target.with_name(f".{target.name}.{os.getpid()}.tmp")


def hold(descriptor: int) -> None:
    """This process still writes it; the kernel lets go with the process. Also seen by another machine on a share."""
    with suppress(OSError):  # Some file systems have no locks.
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def remove_leftovers(target: Path) -> None:
    """Remove what a process of this user wrote for this target, if it is no more; once a target. Never raises."""
    if target in _looked_after:
        return
    _looked_after.add(target)
    own_name = re.compile(rf"\.{re.escape(target.name)}\.([1-9]\d{{0,9}})\.tmp")
    with suppress(OSError):
        for name in os.listdir(target.parent):
            found = own_name.fullmatch(name)
            if found is not None and not _lives(int(found[1])):
                _remove_unless_held(target.parent / name)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True  # It is another user's, or nobody can say.
    return True


def _remove_unless_held(path: Path) -> None:
    with suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            info = os.fstat(descriptor)
            if stat.S_ISREG(info.st_mode) and info.st_uid == os.getuid():
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.unlink(path)
        finally:
            os.close(descriptor)
