"""Runs a program in a pseudo-terminal and measures when its output arrives."""

import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType


class Screen:
    """Runs ``argv`` in a terminal of ``columns`` × ``rows`` characters; a context manager that ends it."""

    def __init__(
        self, argv: Sequence[str], columns: int = 120, rows: int = 30, environ: Mapping[str, str] | None = None
    ) -> None:
        self.started = time.perf_counter()
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            env = {
                **os.environ,
                "TERM": "xterm-256color",
                "COLUMNS": str(columns),
                "LINES": str(rows),
                **(environ or {}),
            }
            os.execvpe(argv[0], list(argv), env)
        self.resize(columns, rows)
        self.bytes = 0
        """Number of bytes read so far."""

    def resize(self, columns: int, rows: int) -> None:
        """Give the terminal another size, and tell the program."""
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read(self, timeout: float) -> bytes:
        """Output that arrives within ``timeout`` seconds; empty if there is none."""
        ready, _, _ = select.select([self._fd], [], [], timeout)
        if not ready:
            return b""
        try:
            data = os.read(self._fd, 1 << 16)
        except OSError:
            return b""
        self.bytes += len(data)
        return data

    def wait_for(self, text: bytes, timeout: float) -> float | None:
        """perf_counter() at which ``text`` had arrived; None if it does not arrive within ``timeout`` seconds."""
        output = b""
        end = time.perf_counter() + timeout
        while (remaining := end - time.perf_counter()) > 0:
            output = (output + self.read(remaining))[-(1 << 17) :]
            if text in output:
                return time.perf_counter()
        return None

    def settle(self, quiet: float = 0.3, limit: float = 10.0) -> None:
        """Read until no output has arrived for ``quiet`` seconds, at most ``limit`` seconds."""
        end = time.perf_counter() + limit
        while time.perf_counter() < end and self.read(quiet):
            pass

    def send(self, keys: bytes) -> None:
        """Send key presses."""
        os.write(self._fd, keys)

    def cpu_seconds(self) -> float:
        """User and system time of the program so far, seconds."""
        return time.clock_gettime(~self.pid << 3 | 2)  # its clock in Linux, as clock_getcpuclockid(3) names it

    def rss_mib(self) -> float:
        """Resident memory of the program, MiB."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / (1 << 20)

    def __enter__(self) -> "Screen":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.kill(self.pid, signal.SIGTERM)
        end = time.perf_counter() + 3
        while time.perf_counter() < end:
            self.read(0.05)
            if os.waitpid(self.pid, os.WNOHANG)[0]:
                break
        else:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self._fd)
