"""Which turns were told to another system already, by this run or an earlier one, in a small private file.

After a restart the logs are read again from their first byte on, so without it every start would send the same turns
again and add them to counters. A watermark in time would not do: two clocks write, each may step, and typed turns
arrive late. The file holds ids and times, no text, and at most some thousand lines.

It is locked while a process tells turns: of two that watch one Timmy only one does, and the other takes over, with the
same file, when the kernel has released the lock.
"""

import fcntl
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Literal

from timmy_tui.telemetry.identity import TurnKey

Mark = Literal["t", "c"]
"""``t``: sent as a trace, written once it has arrived: at least once. ``c``: added to counters, written before they
can be read: at most once."""
MOST_TURNS = 5_000
"""Lines kept of each mark, twice over: more turns than a start reads back from the logs."""
MOST_BYTES = 2 * 2 * MOST_TURNS * 80


class ToldTurns:
    """The file of one Timmy and one system."""

    def __init__(self, path: Path | None) -> None:
        """``path``: in a folder of the user's own; None remembers for this run only."""
        self._path = path
        self._fd: int | None = None
        self._held = False
        self._keys: dict[Mark, dict[str, TurnKey]] = {"t": {}, "c": {}}
        self._by_request: dict[str, list[TurnKey]] = {}

    @property
    def held(self) -> bool:
        """This process tells the turns."""
        return self._held

    def hold(self) -> bool:
        """Take the lock and read the file. False while another process has it; True also where no file can be used."""
        if self._held:
            return True
        try:
            self._fd = self._open() if self._path is not None else None
        except BlockingIOError:
            return False
        except OSError:
            self._fd = None  # Read-only or full: then it is remembered for this run only.
        self._held = True
        if self._fd is not None:
            self._read(self._fd)
        return True

    def release(self) -> None:
        """Let another process tell the turns."""
        if self._fd is not None:
            os.close(self._fd)
        self._fd, self._held = None, False

    def has(self, mark: Mark, key: TurnKey) -> bool:
        """The turn was told."""
        same = self.known(key)
        return same.trace_id in self._keys[mark] or key.trace_id in self._keys[mark]

    def known(self, key: TurnKey) -> TurnKey:
        """The key under which the turn was told before, which it keeps; else ``key``."""
        return next((one for one in self._by_request.get(key.request_id, ()) if one.is_same(key)), key)

    def add(self, mark: Mark, keys: Iterable[TurnKey]) -> None:
        """The turns were told. Where the disk is full, only this run knows."""
        new = [key for key in keys if key.trace_id not in self._keys[mark]]
        for key in new:
            self._remember(mark, key)
        if new and self._fd is not None:
            with suppress(OSError):
                os.write(self._fd, "".join(_line(mark, key) for key in new).encode())

    def _remember(self, mark: Mark, key: TurnKey) -> None:
        keys = self._keys[mark]
        keys[key.trace_id] = key
        if key.request_id:
            others = self._by_request.setdefault(key.request_id, [])
            if key not in others:
                others.append(key)
        if len(keys) > 2 * MOST_TURNS:
            self._forget(keys.pop(next(iter(keys))))

    def _forget(self, key: TurnKey) -> None:
        """It is looked up by its id no more, unless the other mark has it."""
        others = self._by_request.get(key.request_id, [])
        if key in others and all(key.trace_id not in keys for keys in self._keys.values()):
            others.remove(key)
            if not others:
                del self._by_request[key.request_id]

    def _open(self) -> int:
        assert self._path is not None
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
        fd = os.open(self._path, flags, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(fd)
            raise
        return fd

    def _read(self, fd: int) -> None:
        """Take in what the file has; a torn or foreign line is passed over. A file that has grown long is cut."""
        self._keys, self._by_request = {"t": {}, "c": {}}, {}
        with suppress(OSError):
            size = os.fstat(fd).st_size
            lines = os.pread(fd, 2 * MOST_BYTES, max(size - 2 * MOST_BYTES, 0)).decode("ascii", "replace").splitlines()
            for text in lines:
                parsed = _parsed(text)
                if parsed is not None:
                    self._remember(*parsed)
            if size > MOST_BYTES:
                self._cut(fd)
            elif lines:
                os.write(fd, b"\n")  # Behind a line that was torn; an empty one is none.

    def _cut(self, fd: int) -> None:
        """Write the newest turns alone. A crash between the two steps leaves none, and their traces go out again."""
        kept = [(mark, key) for mark in self._keys for key in list(self._keys[mark].values())[-MOST_TURNS:]]
        os.ftruncate(fd, 0)
        os.write(fd, "".join(_line(mark, key) for mark, key in kept).encode())


def _line(mark: Mark, key: TurnKey) -> str:
    started = "-" if key.started is None else f"{key.started:.3f}"
    return f"{mark} {key.trace_id} {key.request_id or '-'} {started}\n"


def _parsed(text: str) -> tuple[Mark, TurnKey] | None:
    words = text.split(" ")
    if len(words) != 4 or len(words[1]) != 32:
        return None
    try:
        started = None if words[3] == "-" else float(words[3])
    except ValueError:
        return None
    key = TurnKey(words[1], "" if words[2] == "-" else words[2], started)
    if words[0] == "t":
        return "t", key
    return ("c", key) if words[0] == "c" else None
