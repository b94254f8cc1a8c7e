"""Reads Ollama's own log: a file, or the journal of its systemd service."""

import os
import subprocess
from pathlib import Path
from typing import Protocol

from timmy_tui.core.settings import Settings

END_BYTES = 256 << 10
"""Size of the log's end that is read at the start: some hundred requests."""
READ_BYTES = 1 << 20
"""Most bytes of one read."""
MAX_LINE_BYTES = 64 << 10
"""A longer line is dropped."""
JOURNAL_COMMAND = ("journalctl", "-u", "ollama", "-f", "-n", "400", "-o", "cat")
JOURNAL_TIMEOUT_S = 5.0
"""For the end of the journal, when it is read once."""


class ServerLogReader(Protocol):
    """A source of log lines."""

    def read(self) -> list[bytes]:
        """Whole lines since the last call; never blocks, never raises."""

    def close(self) -> None:
        """Release files and processes."""


def open_server_log(settings: Settings, root: Path | None) -> ServerLogReader | None:
    """The log that the settings name, or None. A relative path is below ``root``."""
    if settings.paths.ollama_journal:
        return ServerJournal()
    if settings.paths.ollama_log:
        path = Path(settings.paths.ollama_log).expanduser()
        return ServerLogFile(path if path.is_absolute() or root is None else root / path)
    return None


def end_of_server_log(settings: Settings, root: Path | None) -> list[bytes]:
    """The newest whole lines of the log that the settings name, read once; empty without one. Never raises."""
    if not settings.paths.ollama_journal:
        log = open_server_log(settings, root)
        return [] if log is None else log.read()
    argv = [part for part in JOURNAL_COMMAND if part != "-f"]
    try:
        ended = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=JOURNAL_TIMEOUT_S)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return _Splitter().split(ended.stdout)


class _Splitter:
    """Splits bytes into whole lines."""

    def __init__(self) -> None:
        self._rest = b""

    def split(self, data: bytes) -> list[bytes]:
        *lines, rest = (self._rest + data).split(b"\n")
        self._rest = rest if len(rest) <= MAX_LINE_BYTES else b""
        return [line for line in lines if len(line) <= MAX_LINE_BYTES]


class ServerLogFile:
    """A log file, which may be missing at first, and which the server rotates when it starts."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._inode = -1
        self._offset = 0
        self._splitter = _Splitter()

    def read(self) -> list[bytes]:
        """Whole lines since the last call, at most 1 MiB of them."""
        try:
            info = self._path.stat()
            if info.st_ino != self._inode or info.st_size < self._offset:
                first = self._inode == -1
                self._inode, self._splitter = info.st_ino, _Splitter()
                self._offset = max(info.st_size - END_BYTES, 0) if first else 0
            if info.st_size == self._offset or not self._path.is_file():
                return []
            with self._path.open("rb") as file:
                file.seek(self._offset)
                data = file.read(READ_BYTES)
        except OSError:
            return []
        self._offset += len(data)
        return self._splitter.split(data)

    def close(self) -> None:
        """Does nothing: the file is opened for each read."""


class ServerJournal:
    """``journalctl -u ollama -f`` as a process. If it cannot be started, there are no lines."""

    def __init__(self, argv: tuple[str, ...] = JOURNAL_COMMAND) -> None:
        self._splitter = _Splitter()
        self._process: subprocess.Popen[bytes] | None = None
        try:
            self._process = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
        except OSError:
            return
        assert self._process.stdout is not None
        os.set_blocking(self._process.stdout.fileno(), False)

    def read(self) -> list[bytes]:
        """Whole lines since the last call."""
        if self._process is None or self._process.stdout is None:
            return []
        try:
            data = os.read(self._process.stdout.fileno(), READ_BYTES)
        except (BlockingIOError, ValueError):
            return []
        return self._splitter.split(data)

    def close(self) -> None:
        """End the process."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(timeout=0.5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._process = None
