"""What goes wrong around the dashboard: services that die, a stopped process that holds the database's lock."""

import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from bench.fuzz.services import BODIES

MODES = ("answers", "answers", "closed", "silent", "rubbish", "error")
HOLDER = """
import sqlite3, sys, time
database = sqlite3.connect(sys.argv[1], timeout=30, isolation_level=None)
database.execute("BEGIN IMMEDIATE")
print("held", flush=True)
time.sleep(600)
"""
"""Holds the write lock until it is killed."""


class Service(threading.Thread):
    """One HTTP service in one of several moods."""

    def __init__(self, name: str) -> None:
        super().__init__(name=name, daemon=True)
        self.mode = "answers"
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.settimeout(0.2)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._waiting: list[tuple[float, socket.socket]] = []

    def run(self) -> None:
        while True:
            now = time.monotonic()
            for at, connection in [one for one in self._waiting if now - one[0] > 5.0]:
                self._waiting.remove((at, connection))
                connection.close()
            try:
                connection, _ = self._socket.accept()
            except TimeoutError:
                continue
            try:
                self._serve(connection)
            except OSError:
                connection.close()

    def _serve(self, connection: socket.socket) -> None:
        if self.mode == "silent":
            self._waiting.append((time.monotonic(), connection))
            return
        connection.settimeout(1.0)
        if self.mode != "closed":
            path = connection.recv(1 << 16).split(b" ")[1].partition(b"?")[0].decode()
            body = BODIES.get(path, b'{"status": "ok"}') if self.mode == "answers" else b"<html>\x1b[2J"
            status = b"500 no" if self.mode == "error" else b"200 OK"
            connection.sendall(b"HTTP/1.1 %b\r\nContent-Length: %d\r\n\r\n%b" % (status, len(body), body))
        connection.close()


def start_services(names: tuple[str, ...] = ("ollama", "v34", "tts", "stt")) -> Mapping[str, Service]:
    """All of them, answering."""
    services = {name: Service(name) for name in names}
    for service in services.values():
        service.start()
    return services


def change_moods(services: Mapping[str, Service], rng: random.Random) -> None:
    """Some die, some come back."""
    for service in services.values():
        if rng.random() < 0.4:
            service.mode = rng.choice(MODES)


class LockHolder:
    """A process that takes the write lock of the database and is stopped while it holds it."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self._process: subprocess.Popen[str] | None = None
        self._until = 0.0
        self.released = float("-inf")
        """time.monotonic()."""

    def hold(self, seconds: float) -> None:
        """Take the lock, and stop, until ``release`` is called or due."""
        if self._process is not None or not self._database.exists():
            return
        process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(self._database)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        if process.stdout.readline() != "held\n":
            process.kill()
            process.communicate()
            return
        os.kill(process.pid, signal.SIGSTOP)
        self._process, self._until = process, time.monotonic() + seconds

    @property
    def holding(self) -> bool:
        """It has the lock."""
        return self._process is not None

    def release(self, now: float = float("inf")) -> None:
        """End the process if it is due."""
        if self._process is not None and now >= self._until:
            self._process.kill()
            self._process.communicate()
            self._process = None
            self.released = time.monotonic()


class Changer:
    """Changes a flag of this Timmy and takes the change back, with the program's own commands, again and again."""

    FLAGS = (("tail-mode", "on"), ("retrieval", "off"))
    FILES = ("v34/config.py", "v34/app.py", "v34/llm.py")

    def __init__(self, root: Path, environ: Mapping[str, str]) -> None:
        self._root = root
        self._environ = {**os.environ, **environ}
        self._before: list[bytes] = []
        self._process: subprocess.Popen[bytes] | None = None
        self._undoing = False
        self.undone = 0
        """Changes that were made and taken back."""
        self.problems: list[str] = []

    def _bytes(self) -> list[bytes]:
        return [(self._root / name).read_bytes() for name in self.FILES]

    def begin(self, rng: random.Random) -> bool:
        """Change one of the flags. False: a change is on its way."""
        if self._process is not None:
            return False
        self._before, self._undoing = self._bytes(), False
        self._start("flip", *rng.choice(self.FLAGS))
        return True

    def _start(self, command: str, *arguments: str) -> None:
        argv = [sys.executable, "-m", "timmy_tui", command, *arguments, "--yes", "--now", "--root", str(self._root)]
        self._process = subprocess.Popen(argv, env=self._environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def look(self, wait: bool = False) -> None:
        """Whether a command is done, and what it did. ``wait``: until the change is made and taken back."""
        while self._process is not None and (wait or self._process.poll() is not None):
            output = self._process.communicate()[0].decode(errors="replace")
            code, self._process = self._process.returncode, None
            if code:
                self.problems.append(f"{'undo' if self._undoing else 'flip'} ended with {code}: {output[-300:]}")
            elif self._undoing:
                self.undone += 1
                if self._bytes() != self._before:
                    self.problems.append("undo left other bytes than there were before")
            else:
                if not self._is_changed():
                    self.problems.append("flip changed other lines than one or two")
                self._undoing = True
                self._start("undo")

    def _is_changed(self) -> bool:
        """One or two lines are other ones, and no line more or less."""
        before, after = (b"".join(files).splitlines() for files in (self._before, self._bytes()))
        return len(before) == len(after) and sum(a != b for a, b in zip(before, after, strict=True)) in (1, 2)


class Stored(NamedTuple):
    """What is in the history."""

    ids: Mapping[str, int]
    """Request id → number of turns with it."""
    typed: int
    """Turns without one."""


def stored_turns(database: Path) -> Stored:
    """By now."""
    if not database.exists():
        return Stored({}, 0)
    with closing(sqlite3.connect(database, timeout=30)) as connection:
        counts = Counter(str(name) for (name,) in connection.execute("SELECT request_id FROM turns"))
    return Stored(counts, counts.pop("", 0))
