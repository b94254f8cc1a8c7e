"""Starts a poll of the files when the file system reports a change. Without it, changes are seen a little later."""

import contextlib
import ctypes
import os
import select
import struct
import sys
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path

from timmy_tui.core.running.threads import guarded_thread

IDLE_S = 1.0
"""Time between two checks for folders that were created, deleted or replaced."""
RETRY_S = 30.0
"""Wait before the next try when nothing can be watched."""
STOP_S = 0.8
DEBOUNCE_MS = 20
STEP_MS = 5
"""Step of watchfiles, whose loop runs once per step: 1 ms costs 4 % of a core, 5 ms costs 1.2 %."""

_MODIFY, _ATTRIB, _MOVED_FROM, _MOVED_TO, _CREATE, _DELETE = 0x2, 0x4, 0x40, 0x80, 0x100, 0x200
_DELETE_SELF, _MOVE_SELF, _OVERFLOW, _ONLYDIR = 0x400, 0x800, 0x4000, 0x01000000
_MASK = _MODIFY | _ATTRIB | _MOVED_FROM | _MOVED_TO | _CREATE | _DELETE | _DELETE_SELF | _MOVE_SELF | _ONLYDIR
_NEW_NAME = _CREATE | _MOVED_TO
_EVENT_HEADER = struct.Struct("iIII")
"""watch, mask, cookie, length of the name; see inotify(7)."""


class Waker:
    """Calls what belongs to a file from a daemon thread when the file changes, is created, deleted or renamed.

    Only the folders of the files are watched, not the folders below them. On Linux inotify is used directly, because
    it blocks until something happens, while watchfiles polls every few milliseconds.
    """

    def __init__(self, wakes: Mapping[Path, Callable[[], None]], *, direct: bool = sys.platform == "linux") -> None:
        """``wakes``: what to call, by file. ``direct``: use inotify itself; else watchfiles, without its polling."""
        self._wakes = {os.path.abspath(path): wake for path, wake in wakes.items()}
        self._names = set(self._wakes)
        """Those, and where links lead to."""
        self._targets: dict[str, str] = {}
        """Where a name leads to, if it is a link."""
        self._folders: set[str] = set()
        self._direct = direct
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._stop_pipe: tuple[int, int] | None = None
        self._births: Counter[str] = Counter()
        self.reason = ""
        """Why changes are not reported; else empty."""
        self.watching = threading.Event()
        """Set while at least one folder is watched."""

    def start(self) -> None:
        """Begin watching."""
        self._stop_pipe = os.pipe()
        self._thread = guarded_thread("wake", self._run, self._stopping)
        self._thread.start()

    def stop(self) -> None:
        """Stop within a second."""
        self._stopping.set()
        if self._stop_pipe is None or self._thread is None:
            return
        os.write(self._stop_pipe[1], b"x")
        self._thread.join(STOP_S)
        if not self._thread.is_alive():
            for descriptor in self._stop_pipe:
                os.close(descriptor)
        self._stop_pipe = None

    def births(self, path: Path) -> int:
        """How many files got this name since the start, as inotify has reported. Elsewhere 0: nothing counts them."""
        name = os.path.abspath(path)
        target = self._targets.get(name, name)
        return self._births[name] + (self._births[target] if target != name else 0)

    def _run(self) -> None:
        """Watch, and after an error of the system again later: a limit of inotify can be free then."""
        while not self._stopping.is_set():
            try:
                self._watch()
            except OSError as error:
                self.reason = f"no file system events: {error.strerror or type(error).__name__}"
            except (ImportError, AttributeError) as error:
                # A system without inotify, or a broken watchfiles wheel: files are still polled.
                self.reason = f"no file system events: {type(error).__name__}"
                return
            self._stopping.wait(RETRY_S)

    def _watch(self) -> None:
        """Until the end. Raises OSError, ImportError or AttributeError."""
        try:
            # A log may be a link into another folder. Resolved in this thread, because a dead mount blocks.
            self._targets = {name: os.path.realpath(name) for name in self._wakes}
            self._names = {*self._wakes, *self._targets.values()}
            self._folders = {os.path.dirname(name) for name in self._names}
            if self._direct:
                self._watch_directly()
            else:
                self._watch_with_watchfiles()
        finally:
            self.watching.clear()

    def _existing_folders(self) -> dict[str, tuple[int, int]]:
        """The folders that exist, with device and inode, which differ when a folder was replaced."""
        existing = {}
        for folder in self._folders:
            try:
                info = os.stat(folder)
            except OSError:
                continue
            existing[folder] = (info.st_dev, info.st_ino)
        return existing

    def _watch_directly(self) -> None:
        assert self._stop_pipe is not None
        libc = ctypes.CDLL(None, use_errno=True)
        descriptor = _checked(libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))
        watched: dict[int, str] = {}
        known: dict[str, tuple[int, int]] = {}
        poller = select.poll()
        poller.register(descriptor, select.POLLIN)
        poller.register(self._stop_pipe[0], select.POLLIN)
        try:
            while not self._stopping.is_set():
                existing = self._existing_folders()
                if existing != known:
                    for watch in watched:
                        libc.inotify_rm_watch(descriptor, watch)
                    watched, known = _add_watches(libc, descriptor, existing), existing
                    self._set_watching(bool(watched))
                poller.poll(IDLE_S * 1000)
                self._wake(self._read_events(descriptor, watched))
        finally:
            os.close(descriptor)

    def _wake(self, changed: Collection[str]) -> None:
        """For each file that one of these names leads to."""
        for name, wake in self._wakes.items():
            if name in changed or self._targets.get(name) in changed:
                wake()

    def _read_events(self, descriptor: int, watched: dict[int, str]) -> set[str]:
        """Read all pending events; the names of those that concern a watched file."""
        try:
            data = os.read(descriptor, 1 << 16)
        except BlockingIOError:
            return set()
        offset, changed = 0, set[str]()
        while offset < len(data):
            watch, mask, _, length = _EVENT_HEADER.unpack_from(data, offset)
            offset += _EVENT_HEADER.size + length
            name = data[offset - length : offset].rstrip(b"\0")
            if mask & _OVERFLOW:
                changed |= self._names
            path = os.path.join(watched.get(watch, ""), os.fsdecode(name))
            if path in self._names:
                changed.add(path)
                self._births[path] += bool(mask & _NEW_NAME)
        return changed

    def _watch_with_watchfiles(self) -> None:
        from watchfiles import watch

        while not self._stopping.is_set():
            existing = self._existing_folders()
            if not existing:
                self._stopping.wait(IDLE_S)
                continue
            changes = watch(
                *existing,
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
                self._set_watching(True)
                for batch in changes:
                    self._wake({name for _, name in batch})
                    if self._existing_folders() != existing:
                        break

    def _set_watching(self, watching: bool) -> None:
        """Call it when the set of folders has changed; a file may have changed before its watch began."""
        if watching:
            self.reason = ""
            self.watching.set()
            self._wake(self._names)
        else:
            self.watching.clear()


def _add_watches(libc: ctypes.CDLL, descriptor: int, folders: Iterable[str]) -> dict[int, str]:
    """Folders by watch number. Raises OSError when the limit of inotify is reached."""
    watched = {}
    for folder in folders:
        # The folder may have been deleted since; in a folder without read permission files are only polled.
        with contextlib.suppress(FileNotFoundError, NotADirectoryError, PermissionError):
            watched[_checked(libc.inotify_add_watch(descriptor, os.fsencode(folder), _MASK))] = folder
    return watched


def _checked(result: int) -> int:
    """The result of a C function; raises OSError if it is negative."""
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result
