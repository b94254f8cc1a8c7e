"""A hint from the file system that it is worth polling now. Without it everything is only a little later."""

import contextlib
import ctypes
import os
import select
import struct
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

IDLE_S = 1.0
"""Between two looks for folders that appeared, vanished or were made anew."""
STOP_S = 0.8
DEBOUNCE_MS = 20
STEP_MS = 5
"""Where watchfiles does the watching. Its loop runs once a step: 1 ms costs 4 % of a core, 5 ms 1.2 %."""

_MODIFY, _ATTRIB, _MOVED_FROM, _MOVED_TO, _CREATE, _DELETE = 0x2, 0x4, 0x40, 0x80, 0x100, 0x200
_DELETE_SELF, _MOVE_SELF, _OVERFLOW, _ONLYDIR = 0x400, 0x800, 0x4000, 0x01000000
_MASK = _MODIFY | _ATTRIB | _MOVED_FROM | _MOVED_TO | _CREATE | _DELETE | _DELETE_SELF | _MOVE_SELF | _ONLYDIR
_HEAD = struct.Struct("iIII")


class Waker:
    """Calls ``on_change`` from a daemon thread when a file beside or under one of the names changes.

    Only the folders that hold the files are watched, never what lies below them. On Linux inotify is asked directly:
    it blocks until there is something, where watchfiles looks every few milliseconds.
    """

    def __init__(
        self, paths: Iterable[Path], on_change: Callable[[], None], *, direct: bool = sys.platform == "linux"
    ) -> None:
        """``direct``: inotify by itself; else through watchfiles, never with its own polling."""
        self._names = {os.path.abspath(path) for path in paths}
        self._folders: set[str] = set()
        self._on_change = on_change
        self._direct = direct
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._bell: tuple[int, int] | None = None
        self.reason = ""
        """Why there are no hints; empty while there are, or none have been asked for."""
        self.watching = threading.Event()
        """Set while at least one folder is watched."""

    def start(self) -> None:
        """Begin watching."""
        self._bell = os.pipe()
        self._thread = threading.Thread(target=self._run, name="wake", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End within a second."""
        self._stopping.set()
        if self._bell is None or self._thread is None:
            return
        os.write(self._bell[1], b"x")
        self._thread.join(STOP_S)
        if not self._thread.is_alive():
            for descriptor in self._bell:
                os.close(descriptor)
        self._bell = None

    def _run(self) -> None:
        try:
            # A log may be a link into another folder. Resolved here, because a dead mount would hang the caller.
            self._names |= {os.path.realpath(name) for name in self._names}
            self._folders = {os.path.dirname(name) for name in self._names}
            if self._direct:
                self._watch_directly()
            else:
                self._watch_with_watchfiles()
        except (OSError, ImportError, AttributeError) as error:
            # inotify's limits, a system without it, a broken wheel: the poll goes on without hints.
            reason = error.strerror if isinstance(error, OSError) else None
            self.reason = f"no file system events: {reason or type(error).__name__}"
        finally:
            self.watching.clear()

    def _present(self) -> dict[str, tuple[int, int]]:
        """The folders that exist, with the identity that a new folder of the same name would not have."""
        found = {}
        for folder in self._folders:
            try:
                info = os.stat(folder)
            except OSError:
                continue
            found[folder] = (info.st_dev, info.st_ino)
        return found

    def _watch_directly(self) -> None:
        assert self._bell is not None
        libc = ctypes.CDLL(None, use_errno=True)
        descriptor = _checked(libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))
        watched: dict[int, str] = {}
        known: dict[str, tuple[int, int]] = {}
        poller = select.poll()
        poller.register(descriptor, select.POLLIN)
        poller.register(self._bell[0], select.POLLIN)
        try:
            while not self._stopping.is_set():
                present = self._present()
                if present != known:
                    for watch in watched:
                        libc.inotify_rm_watch(descriptor, watch)
                    watched, known = _add_watches(libc, descriptor, present), present
                    self._say(bool(watched))
                poller.poll(IDLE_S * 1000)
                if self._concerns_us(descriptor, watched):
                    self._on_change()
        finally:
            os.close(descriptor)

    def _concerns_us(self, descriptor: int, watched: dict[int, str]) -> bool:
        """Take every event that waits; True if one of them is about a file of ours."""
        try:
            data = os.read(descriptor, 1 << 16)
        except BlockingIOError:
            return False
        at, ours = 0, False
        while at < len(data):
            watch, mask, _, length = _HEAD.unpack_from(data, at)
            at += _HEAD.size + length
            name = data[at - length : at].rstrip(b"\0")
            ours |= bool(mask & _OVERFLOW)
            ours |= os.path.join(watched.get(watch, ""), os.fsdecode(name)) in self._names
        return ours

    def _watch_with_watchfiles(self) -> None:
        from watchfiles import watch

        while not self._stopping.is_set():
            present = self._present()
            if not present:
                self._stopping.wait(IDLE_S)
                continue
            changes = watch(
                *present,
                watch_filter=None,
                debounce=DEBOUNCE_MS,
                step=STEP_MS,
                stop_event=self._stopping,
                rust_timeout=int(IDLE_S * 500),
                yield_on_timeout=True,
                force_polling=False,
                recursive=False,
                raise_interrupt=False,
            )
            with contextlib.suppress(FileNotFoundError), contextlib.closing(changes):
                self._say(True)
                for batch in changes:
                    if any(name in self._names for _, name in batch):
                        self._on_change()
                    if self._present() != present:
                        break

    def _say(self, watching: bool) -> None:
        """Folders came or went: look at the files, whatever happened before the watch began."""
        if watching:
            self.watching.set()
            self._on_change()
        else:
            self.watching.clear()


def _add_watches(libc: ctypes.CDLL, descriptor: int, folders: Iterable[str]) -> dict[int, str]:
    """Watch numbers and their folders. Raises OSError when the system's limit is reached."""
    watched = {}
    for folder in folders:
        # It may have gone since it was seen; a folder that may not be listed is left to the poll.
        with contextlib.suppress(FileNotFoundError, NotADirectoryError, PermissionError):
            watched[_checked(libc.inotify_add_watch(descriptor, os.fsencode(folder), _MASK))] = folder
    return watched


def _checked(result: int) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result
