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

from timmy_tui.model.turn import Turn
from timmy_tui.telemetry.identity import TurnKey, key_of
from timmy_tui.telemetry.told_lines import MARKS, Alias, Mark, Told, alias_line, parsed, told_line

MOST_TURNS = 5_000
"""Lines kept of each mark, twice over: more turns than a start reads back from the logs."""
MOST_BYTES = 2 * 2 * MOST_TURNS * 80
THIS_RUN_ONLY = "what was sent is known to this run only"


class ToldTurns:
    """The file of one Timmy and one system."""

    def __init__(self, path: Path | None) -> None:
        """``path``: in a folder of the user's own; None remembers for this run only."""
        self.problem = ""
        """Why the next run will not know what was told; else empty."""
        self._path = path
        self._fd: int | None = None
        self._held = False
        self._keys: dict[Mark, dict[str, TurnKey]] = {mark: {} for mark in MARKS}
        self._by_request: dict[str, list[TurnKey]] = {}
        self._aliases: dict[str, Alias] = {}
        """By the trace id that the turn would have now."""
        self._first: dict[int, TurnKey] = {}
        """Ordinal → the key that the turn had first in this run."""
        self._size = 0
        self._unwritten = b""
        """What the disk had no room for."""

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
        except OSError as error:
            self._fd = None
            name = self._path.name if self._path is not None else ""
            self.problem = f"{name}: {error.strerror}: {THIS_RUN_ONLY}"
        self._held = True
        if self._fd is not None:
            self._read(self._fd)
        return True

    def look(self) -> None:
        """Read the file beside the process that has the lock; what is told from now on is written into it all the same.

        That process does not read it again: what it sends a second time has the same ids.
        """
        assert self._path is not None
        try:
            self._fd = os.open(self._path, _FLAGS & ~os.O_CREAT)
        except OSError as error:
            self.problem = f"{self._path.name}: {error.strerror}"
        else:
            self._read(self._fd, may_cut=False)

    def release(self) -> None:
        """Let another process tell the turns."""
        if self._fd is not None:
            os.close(self._fd)
        self._fd, self._held = None, False

    def has(self, mark: Mark, key: TurnKey) -> bool:
        """The turn was told."""
        return self.known(key).trace_id in self._keys[mark] or key.trace_id in self._keys[mark]

    def known(self, key: TurnKey) -> TurnKey:
        """The key under which the turn was told before, which it keeps; else ``key``."""
        if key.trace_id in self._aliases:
            return key._replace(trace_id=self._aliases[key.trace_id].first)
        return next((one for one in self._by_request.get(key.request_id, ()) if one.is_same(key)), key)

    def key(self, turn: Turn, root: str) -> TurnKey:
        """The key of a turn of the Timmy at ``root``: the first one that it had, whatever becomes known of it later.

        A turn that v34's statistics told of gets its request id from a log; the next run knows it by that id.
        """
        newest = key_of(turn, root)
        first = self._first.setdefault(turn.ordinal, self.known(newest))
        if newest.trace_id != first.trace_id and self.known(newest).trace_id != first.trace_id:
            alias = Alias(newest, first.trace_id)
            self._remember_alias(alias)
            self._write([alias_line(alias)])
        if len(self._first) > MOST_TURNS:
            del self._first[next(iter(self._first))]
        return first

    def add(self, mark: Mark, keys: Iterable[TurnKey]) -> None:
        """The turns were told. What the disk has no room for is written later, or known to this run only."""
        new = [key for key in keys if key.trace_id not in self._keys[mark]]
        for key in new:
            self._remember(Told(mark, key))
        self._write([told_line(Told(mark, key)) for key in new])

    def _remember(self, told: Told) -> None:
        keys = self._keys[told.mark]
        keys[told.key.trace_id] = told.key
        self._remember_request(told.key)
        if len(keys) > 2 * MOST_TURNS:
            oldest = keys.pop(next(iter(keys)))
            if not any(oldest.trace_id in others for others in self._keys.values()):
                self._forget_request(oldest)

    def _remember_alias(self, alias: Alias) -> None:
        self._aliases[alias.key.trace_id] = alias
        self._remember_request(alias.key._replace(trace_id=alias.first))
        if len(self._aliases) > MOST_TURNS:
            oldest = self._aliases.pop(next(iter(self._aliases)))
            self._forget_request(oldest.key._replace(trace_id=oldest.first))

    def _remember_request(self, key: TurnKey) -> None:
        if key.request_id:
            others = self._by_request.setdefault(key.request_id, [])
            if key not in others:
                others.append(key)

    def _forget_request(self, key: TurnKey) -> None:
        others = [one for one in self._by_request.pop(key.request_id, []) if one != key]
        if others:
            self._by_request[key.request_id] = others

    def _write(self, lines: list[str]) -> None:
        """Append lines. A write that was cut short is gone on with, so that it costs no other line."""
        if self._fd is None or not (lines or self._unwritten):
            return
        data = self._unwritten + "".join(lines).encode()
        try:
            while data:
                written = os.write(self._fd, data)
                data = data[written:]
                self._size += written
        except OSError as error:
            self.problem = f"{THIS_RUN_ONLY}: {error.strerror}"
        else:
            self.problem = ""
        self._unwritten = data[-MOST_BYTES:]
        if self._size > MOST_BYTES and self._held:
            self._cut()

    def _open(self) -> int:
        """The file, locked. Raises BlockingIOError where another process has it."""
        assert self._path is not None
        fd = os.open(self._path, _FLAGS, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not os.path.samestat(os.fstat(fd), os.stat(self._path)):
                raise BlockingIOError  # Another process has put a shorter file in its place meanwhile.
        except OSError:
            os.close(fd)
            raise
        return fd

    def _read(self, fd: int, may_cut: bool = True) -> None:
        """Take in what the file has; a torn or foreign line is passed over. A file that has grown long is cut."""
        self._keys, self._by_request, self._aliases = {mark: {} for mark in MARKS}, {}, {}
        with suppress(OSError):
            self._size = os.fstat(fd).st_size
            lines = os.pread(fd, 2 * MOST_BYTES, max(self._size - 2 * MOST_BYTES, 0)).decode("ascii", "replace")
            for text in lines.splitlines():
                line = parsed(text)
                if isinstance(line, Told):
                    self._remember(line)
                elif line is not None:
                    self._remember_alias(line)
            if lines and not lines.endswith("\n"):
                self._unwritten = b"\n"  # Behind a line that was torn.
        if self._size > MOST_BYTES and may_cut:
            self._cut()

    def _cut(self) -> None:
        """Put a file with the newest turns alone in its place, in one step. Where that fails, it stays as it is."""
        assert self._path is not None
        newest = [Told(mark, key) for mark in MARKS for key in list(self._keys[mark].values())[-MOST_TURNS:]]
        text = "".join(map(told_line, newest)) + "".join(map(alias_line, self._aliases.values()))
        scratch = self._path.with_name(f"{self._path.name}.new")
        fd = None
        try:
            fd = os.open(scratch, _FLAGS | os.O_TRUNC, 0o600)
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            data = text.encode()
            while data:
                data = data[os.write(fd, data) :]
            os.fsync(fd)
            os.replace(scratch, self._path)
        except OSError:
            if fd is not None:
                os.close(fd)
            with suppress(OSError):
                scratch.unlink(missing_ok=True)
            self._size = 0  # Tried again when as much has been added.
            return
        if self._fd is not None:
            os.close(self._fd)
        self._fd, self._size, self._unwritten = fd, len(text), b""


_FLAGS = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
