"""The dashboard, run after run: started in a terminal of its own, and ended by ``q`` or by SIGKILL."""

import os
import signal
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bench.dashboard.screen import Screen
from timmy_tui.core.running.threads import start_thread

KINDS = ("latency", "v34")
OUTPUT = 4096
"""Bytes."""
QUIT_S = 20.0
"""Longest wait for a dashboard that was told to quit, on a machine with other work."""


@dataclass
class Run:
    """One dashboard, from its start to its end."""

    folder: Path
    """Its figures and the lines that it read."""
    first: Mapping[str, int]
    """By kind of log: number of the content that had the name when it was started. It can have found a later one."""
    ended: float = float("inf")
    """time.time()."""

    def records(self, kind: str) -> Path:
        """The lines of one log that it read."""
        return self.folder / f"{kind}.lines"

    def has_read(self) -> bool:
        """It has read something of each log."""
        return all(self.records(kind).exists() and self.records(kind).stat().st_size for kind in KINDS)


class Dashboards:
    """Starts them one after the other; the newest one has the terminal ``screen``."""

    screen: Screen

    def __init__(self, root: Path, folder: Path) -> None:
        self._root = root
        self._folder = folder
        self.environ = {"XDG_STATE_HOME": f"{folder}/state", "XDG_CONFIG_HOME": f"{folder}/dashboard"}
        self.runs: list[Run] = []
        self.output = b""
        """The last that the newest one has drawn."""
        self._reading = threading.Event()
        self._reader: threading.Thread | None = None

    @property
    def newest(self) -> Run:
        """The one that runs, or ran last."""
        return self.runs[-1]

    def start(self, first: Mapping[str, int]) -> None:
        """Start the next one. ``first``: as in Run."""
        run = Run(self._folder / f"run-{len(self.runs) + 1}", first)
        run.folder.mkdir()
        argv = [sys.executable, "-m", "bench.soak.dashboard", str(self._root), str(run.folder)]
        self.screen = Screen(argv, environ=self.environ)
        self.runs.append(run)
        self._reading.set()
        self._reader = start_thread("terminal", self._read)

    def _read(self) -> None:
        while self._reading.is_set():
            self.output = (self.output + self.screen.read(0.2))[-OUTPUT:]

    def is_running(self) -> bool:
        """It has not ended by itself."""
        try:
            fields = Path(f"/proc/{self.screen.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return False
        return fields[0] != "Z"

    def _quit(self) -> None:
        """As a user does: out of whatever is open, then ``q``. An Escape just before another key would be Alt."""
        for key in (b"\x1b", b"\x1b", b"q"):
            with suppress(OSError):  # it may have ended
                self.screen.send(key)
            time.sleep(0.3)

    def end(self, kill: bool) -> bool:
        """End it, by SIGKILL or by its key. False: it did not quit in time, or had ended before."""
        running = self.is_running()
        self.newest.ended = time.time()
        end = time.monotonic() + QUIT_S
        if kill:
            os.kill(self.screen.pid, signal.SIGKILL)
        while self.is_running() and time.monotonic() < end:
            if not kill:
                self._quit()
            time.sleep(0.02)
        in_time = not self.is_running()
        self._reading.clear()
        if self._reader is not None:
            self._reader.join()
        self.screen.__exit__(None, None, None)
        return running and in_time
