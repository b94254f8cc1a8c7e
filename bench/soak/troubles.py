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
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

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
        self.times = 0
        self.held_s = 0.0

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
        self.times += 1
        self.held_s += seconds

    def release(self, now: float = float("inf")) -> None:
        """End the process if it is due."""
        if self._process is not None and now >= self._until:
            self._process.kill()
            self._process.communicate()
            self._process = None


def stored_ids(database: Path) -> set[str]:
    """Request ids in the history."""
    if not database.exists():
        return set()
    with closing(sqlite3.connect(database, timeout=30)) as connection:
        return {str(name) for (name,) in connection.execute("SELECT request_id FROM turns")}
