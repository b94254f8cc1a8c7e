"""How the dashboard ends: the terminal is given back, and nothing runs on without one."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
LEFT = (b"\x1b[?1049l", b"\x1b[?25h")
"""Alternate screen off, cursor on."""


class InTerminal:
    """The dashboard as a process on a terminal of its own."""

    def __init__(self, controlling: bool, **environ: str) -> None:
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        # A terminal without a session leader sends no SIGHUP when it goes: the dashboard must notice by itself.
        start = "import fcntl, os, sys, termios; os.setsid(); "
        start += "fcntl.ioctl(0, termios.TIOCSCTTY, 0); " if controlling else ""
        start += "os.execv(sys.executable, [sys.executable, '-m', 'tests.ui.dashboard_process'])"
        self.process = subprocess.Popen(
            [sys.executable, "-c", start],
            cwd=ROOT, stdin=slave, stdout=slave, stderr=slave, env={**os.environ, **environ},
        )  # fmt: skip
        os.close(slave)
        self.output = b""

    def read_until(self, what: bytes, limit: float = 30.0) -> None:
        """Everything written so far, until it contains ``what``."""
        deadline = time.monotonic() + limit
        while what not in self.output:
            assert time.monotonic() < deadline, self.output[-2000:]
            if select.select([self.master], [], [], 0.1)[0]:
                try:
                    self.output += os.read(self.master, 65536)
                except OSError:
                    assert what in self.output, self.output[-2000:]

    def close(self) -> None:
        """The window is closed."""
        if self.master >= 0:
            os.close(self.master)
            self.master = -1


@pytest.fixture
def terminals() -> Iterator[list[InTerminal]]:
    opened: list[InTerminal] = []
    yield opened
    for terminal in opened:
        if terminal.process.poll() is None:
            terminal.process.kill()
        terminal.process.wait()
        terminal.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_and_gives_the_terminal_back(terminals: list[InTerminal], number: signal.Signals) -> None:
    terminals.append(terminal := InTerminal(controlling=True))
    terminal.read_until(b"largest")
    terminal.process.send_signal(number)
    for sequence in LEFT:
        terminal.read_until(sequence)
    assert terminal.process.wait(10) == 0


@pytest.mark.parametrize("controlling", [True, False])
def test_without_a_terminal_it_does_not_run_on(terminals: list[InTerminal], controlling: bool) -> None:
    terminals.append(terminal := InTerminal(controlling))
    terminal.read_until(b"largest")
    terminal.close()
    terminal.process.wait(20)


def test_without_a_terminal_it_ends_also_where_its_loop_stands_still(terminals: list[InTerminal]) -> None:
    """As where the thread that writes has died of it, and a picture waits to be written."""
    terminals.append(terminal := InTerminal(controlling=False, STUCK="1"))
    terminal.read_until(b"largest")
    terminal.close()
    assert terminal.process.wait(20) == 128 + signal.SIGHUP


def test_q_leaves_and_the_mouse_was_never_asked_for(terminals: list[InTerminal]) -> None:
    terminals.append(terminal := InTerminal(controlling=True))
    terminal.read_until(b"largest")
    os.write(terminal.master, b"q")
    terminal.read_until(LEFT[0])
    assert terminal.process.wait(10) == 0
    assert b"\x1b[?1003h" not in terminal.output and b"\x1b[?1000h" not in terminal.output


def test_the_mouse_key_asks_for_the_mouse_and_the_end_takes_it_back(terminals: list[InTerminal]) -> None:
    terminals.append(terminal := InTerminal(controlling=True))
    terminal.read_until(b"largest")
    os.write(terminal.master, b"m")
    terminal.read_until(b"\x1b[?1003h")
    os.write(terminal.master, b"q")
    terminal.read_until(b"\x1b[?1003l")
    assert terminal.process.wait(10) == 0


@pytest.mark.parametrize("environ", [{"TERM": "screen"}, {"TERM": "linux"}])
def test_with_few_colours_it_uses_the_terminals_own(terminals: list[InTerminal], environ: dict[str, str]) -> None:
    terminals.append(terminal := InTerminal(controlling=True, **environ))
    terminal.read_until(b"largest")
    assert b"38;2;" not in terminal.output and b"38;5;" not in terminal.output


def test_no_color_means_no_colours(terminals: list[InTerminal]) -> None:
    terminals.append(terminal := InTerminal(controlling=True, NO_COLOR="1"))
    terminal.read_until(b"largest")
    styles = set(re.findall(rb"\x1b\[([0-9;]*)m", terminal.output))
    assert styles and {int(part or b"0") for style in styles for part in style.split(b";")} <= {0, 1, 3, 4, 7, 39, 49}
