"""Lines of Ollama's own log: a file from its end on, or the journal of its service."""

import os
import subprocess
from pathlib import Path
from typing import Protocol

from timmy_tui.core.settings import Settings

TAIL = 256 << 10
"""Read of an old log at the start: some hundred requests."""
SLICE = 1 << 20
LINE = 64 << 10
"""A longer line is passed over."""
JOURNAL = ("journalctl", "-u", "ollama", "-f", "-n", "400", "-o", "cat")


class ServerLogLines(Protocol):
    """Where lines come from."""

    def read(self) -> list[bytes]:
        """Whole lines since the last call; never blocks, never raises."""

    def close(self) -> None:
        """Let go of files and processes."""


def follow_server_log(settings: Settings, root: Path | None) -> ServerLogLines | None:
    """What the settings name; None when nothing."""
    if settings.paths.ollama_journal:
        return ServerJournal()
    if settings.paths.ollama_log:
        path = Path(settings.paths.ollama_log).expanduser()
        return ServerLogFile(path if path.is_absolute() or root is None else root / path)
    return None


class _Splitter:
    """Bytes in, whole lines out."""

    def __init__(self) -> None:
        self._rest = b""

    def split(self, data: bytes) -> list[bytes]:
        *lines, rest = (self._rest + data).split(b"\n")
        self._rest = rest if len(rest) <= LINE else b""
        return [line for line in lines if len(line) <= LINE]


class ServerLogFile:
    """A file that is followed through rotation at the server's start; a missing one is waited for."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._inode = -1
        self._offset = 0
        self._splitter = _Splitter()

    def read(self) -> list[bytes]:
        """Whole lines since the last call, at most a megabyte of them."""
        try:
            info = self._path.stat()
            if info.st_ino != self._inode or info.st_size < self._offset:
                first = self._inode == -1
                self._inode, self._splitter = info.st_ino, _Splitter()
                self._offset = max(info.st_size - TAIL, 0) if first else 0
            if info.st_size == self._offset or not self._path.is_file():
                return []
            with self._path.open("rb") as file:
                file.seek(self._offset)
                data = file.read(SLICE)
        except OSError:
            return []
        self._offset += len(data)
        return self._splitter.split(data)

    def close(self) -> None:
        """Nothing is held open."""


class ServerJournal:
    """``journalctl -u ollama -f`` as a process; where it cannot be started there are no lines."""

    def __init__(self, argv: tuple[str, ...] = JOURNAL) -> None:
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
            data = os.read(self._process.stdout.fileno(), SLICE)
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
