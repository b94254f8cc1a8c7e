"""Reads Ollama's own log: a file, followed like the other logs, or the journal of its systemd service."""

import math
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from msgspec.structs import replace

from timmy_tui.core.foreign.sanitize import clean
from timmy_tui.core.settings import Settings, TailSettings
from timmy_tui.model.snapshot import SourceCondition, SourceState
from timmy_tui.sources.files.end_of_file import end_lines
from timmy_tui.sources.files.lines import LineSplitter
from timmy_tui.sources.files.tail import OpenMode, Tail
from timmy_tui.sources.files.tail_thread import TailThread

NAME = "ollama.log"
END_BYTES = 256 << 10
"""Size of the log's end that is read at the start: some hundred requests."""
READ_BYTES = 1 << 20
"""Most bytes of one read of the journal."""
MAX_LINE_BYTES = 64 << 10
"""A longer line is dropped and counted."""
JOURNAL_COMMAND = ("journalctl", "-u", "ollama", "-f", "-n", "400", "-o", "cat")
JOURNAL_TIMEOUT_S = 5.0
"""For the end of the journal, when it is read once."""
JOURNAL_PAUSE_S = 5.0
"""Wait before journalctl is started again when it has ended; each further one doubles it."""
LONGEST_PAUSE_S = 60.0


class ServerLogReader(Protocol):
    """A source of log lines."""

    def read(self) -> list[bytes]:
        """Whole lines since the last call; never blocks, never raises."""

    @property
    def state(self) -> SourceState:
        """How the reading goes."""

    def close(self) -> None:
        """Release files and processes."""


def open_server_log(settings: Settings, root: Path | None) -> ServerLogReader | None:
    """The log that the settings name, or None. A relative path is below ``root``. ``close`` it."""
    if settings.paths.ollama_journal:
        return ServerJournal()
    path = server_log_path(settings, root)
    return None if path is None else ServerLogFile(path, settings.tail)


def is_named(settings: Settings) -> bool:
    """The settings name Ollama's log."""
    return settings.paths.ollama_journal or bool(settings.paths.ollama_log)


def server_log_path(settings: Settings, root: Path | None) -> Path | None:
    """The file that the settings name. A relative path is below ``root``."""
    if not settings.paths.ollama_log:
        return None
    path = Path(settings.paths.ollama_log).expanduser()
    return path if path.is_absolute() or root is None else root / path


def end_of_server_log(settings: Settings, root: Path | None) -> list[bytes]:
    """The newest whole lines of the log that the settings name, read once; empty without one. Never raises."""
    if settings.paths.ollama_journal:
        return end_of_journal()[0]
    path = server_log_path(settings, root)
    return [] if path is None else list(end_lines(path, END_BYTES))


def end_of_journal() -> tuple[list[bytes], str]:
    """(the newest lines of the journal, why there are none). Takes up to 5 s; never raises."""
    argv = [part for part in JOURNAL_COMMAND if part != "-f"]
    try:
        ended = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=JOURNAL_TIMEOUT_S)
    except FileNotFoundError:
        return [], "there is no journalctl here"
    except OSError as error:
        return [], f"journalctl cannot be run: {error.strerror}"
    except subprocess.TimeoutExpired:
        return [], f"journalctl does not end within {JOURNAL_TIMEOUT_S:.0f} s"
    lines = [line for line in LineSplitter(MAX_LINE_BYTES).feed(ended.stdout) if line != b"-- No entries --"]
    said = clean(ended.stderr.decode("utf-8", "replace").strip().split("\n")[-1], 120)
    if ended.returncode:
        return lines, f"journalctl has ended with {ended.returncode}: {said}"
    return lines, "" if lines else said or "the journal of the unit ollama has no entries"


class ServerLogFile:
    """A log file in a thread of its own, through absence, rotation and truncation like the other logs."""

    def __init__(self, path: Path, limits: TailSettings) -> None:
        limits = replace(limits, head_kib=END_BYTES >> 10, line_kib=MAX_LINE_BYTES >> 10)
        self._thread = TailThread(Tail(path, NAME, limits, OpenMode(backlog=False)), NAME, limits)
        self._thread.start(lambda: None)

    def read(self) -> list[bytes]:
        """Whole lines since the last call."""
        return [line for batch in self._thread.drain() for line in batch.lines]

    @property
    def state(self) -> SourceState:
        """How the reading goes."""
        return self._thread.state

    def close(self) -> None:
        """End the thread."""
        self._thread.stop()


class ServerJournal:
    """``journalctl -u ollama -f`` as a process, which is started again when it ends."""

    def __init__(self, argv: tuple[str, ...] = JOURNAL_COMMAND, clock: Callable[[], float] = time.monotonic) -> None:
        self._argv = argv
        self._clock = clock
        self._splitter = LineSplitter(MAX_LINE_BYTES)
        self._process: subprocess.Popen[bytes] | None = None
        self._problem = ""
        self._since = time.time()
        self._next_start = float("-inf")
        self._pause_s = JOURNAL_PAUSE_S
        self._closed = False
        self._lines = self._dropped = self._ended = 0
        self._start()

    def read(self) -> list[bytes]:
        """Whole lines since the last call."""
        if self._process is None:
            self._start()
        if self._process is None or self._process.stdout is None:
            return []
        try:
            data = os.read(self._process.stdout.fileno(), READ_BYTES)
        except (BlockingIOError, ValueError):
            return []
        except OSError:
            data = b""
        if not data:
            self._note_end()
            return []
        lines = self._splitter.feed(data)
        self._lines += len(lines)
        self._pause_s = JOURNAL_PAUSE_S
        return lines

    @property
    def state(self) -> SourceState:
        """How the reading goes."""
        condition = SourceCondition.ERROR if self._problem else SourceCondition.OK
        return SourceState(
            NAME, condition, self._problem, self._since,
            lines=self._lines, gaps=self._ended, dropped=self._dropped + self._splitter.dropped,
        )  # fmt: skip

    def _start(self) -> None:
        """Start journalctl, unless it has just ended. It then goes on with the next second: no entry comes twice."""
        if self._closed or self._clock() < self._next_start:
            return
        argv = self._argv if not self._ended else (*self._argv, f"--since=@{math.ceil(self._since)}")
        try:
            self._process = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
        except OSError as error:
            self._fail(f"{argv[0]} cannot be run: {error.strerror}")
            return
        assert self._process.stdout is not None
        os.set_blocking(self._process.stdout.fileno(), False)
        self._problem = ""

    def _note_end(self) -> None:
        assert self._process is not None
        self._end_process()
        self._ended += 1
        self._fail(f"{self._argv[0]} has ended")

    def _fail(self, problem: str) -> None:
        if not self._problem:
            self._since = time.time()
        self._problem = problem
        self._dropped += self._splitter.dropped
        self._splitter = LineSplitter(MAX_LINE_BYTES)
        self._next_start = self._clock() + self._pause_s
        self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)

    def close(self) -> None:
        """End the process."""
        self._closed = True
        self._end_process()

    def _end_process(self) -> None:
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
