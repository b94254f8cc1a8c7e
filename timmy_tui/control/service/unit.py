"""A unit of systemd: whether it may be restarted without a password, the restart, and what runs then.

Nothing here waits at a prompt: standard input is empty, sudo gets ``-n``, and every call has a time limit.
"""

import os
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from timmy_tui.control.service.listeners import start_of
from timmy_tui.control.service.restart_command import find_program, run_command
from timmy_tui.core.foreign.sanitize import clean

ASK_LIMIT_S = 5.0
"""Of a question to systemctl or sudo, which answer within 50 ms."""
MAY_S = 60.0
"""Seconds for which the answer holds that the unit may, or may not, be restarted."""
RESTART_LIMIT_S = 90.0
"""systemd's own limit for stopping a unit; Little Timmy v2's unit has 10 s."""
_UID_ROOT = 0


@dataclass(frozen=True)
class UnitState:
    """What systemd says of the unit."""

    loaded: bool
    """There is such a unit."""
    active: bool
    pid: int | None
    """Of its main process."""
    word: str
    """``active``, ``failed``, ``activating`` …"""

    @property
    def started_at(self) -> float | None:
        """When the main process began, in seconds since the epoch, ±10 ms; None without one."""
        started = start_of(self.pid) if self.pid is not None else None
        return None if started is None else time.time() - (time.clock_gettime(time.CLOCK_BOOTTIME) - started)


class Unit:
    """One unit. Methods may be called from any thread; each asks other programs (some 20 ms)."""

    def __init__(self, name: str, log: Path) -> None:
        """``log``: a file for the output of the restart."""
        self.name, self._log = name, log
        self._refusal = ""
        self._asked_at = float("-inf")

    def refusal(self) -> str:
        """Why it cannot be restarted from here, with the line that the user can type; empty when it can."""
        now = time.monotonic()
        if now - self._asked_at > MAY_S:
            self._refusal, self._asked_at = self._ask_refusal(), now
        return self._refusal

    def _ask_refusal(self) -> str:
        by_hand = f"restart it yourself: sudo systemctl restart {self.name}"
        if find_program("systemctl") is None:
            return f"there is no systemctl here; {by_hand}"
        if not self.state().loaded:
            return f"systemd has no unit {self.name} here"
        if os.geteuid() == _UID_ROOT:
            return ""
        if find_program("sudo") is None:
            return f"restarting {self.name} needs another user's rights, and there is no sudo; {by_hand}"
        if _answer("sudo", "-n", "-l", "systemctl", "restart", self.name) is None:
            return f"restarting {self.name} would ask for a password; {by_hand}"
        return ""

    @property
    def argv(self) -> tuple[str, ...]:
        """The restart. What sudo allows is written without an option in most rules, so systemctl gets none there."""
        if os.geteuid() == _UID_ROOT:
            return ("systemctl", "--no-ask-password", "restart", self.name)
        return ("sudo", "-n", "systemctl", "restart", self.name)

    def preview(self) -> tuple[str, ...]:
        """Lines that say what will be run, and what that interrupts."""
        return (f"runs {' '.join(self.argv)}", "nobody is heard until it has loaded its models again")

    def state(self) -> UnitState:
        """As systemd says it now; asking needs no rights."""
        text = _answer("systemctl", "show", self.name, "--property=LoadState,ActiveState,MainPID", "--no-pager") or ""
        said = dict(line.partition("=")[::2] for line in text.splitlines())
        pid, word = said.get("MainPID", ""), said.get("ActiveState", "")
        return UnitState(
            loaded=said.get("LoadState") == "loaded",
            active=word == "active",
            pid=int(pid) if pid.isdecimal() and pid != "0" else None,
            word=clean(word, 40) or "unknown",
        )

    def restart(self, cancelled: threading.Event) -> None:
        """Stop it and start it again; returns when systemd has started it. Raises Refused with the last line said."""
        run_command(self.argv, Path("/"), RESTART_LIMIT_S, self._log, cancelled)


def _answer(*argv: str) -> str | None:
    """What a program prints; None when it fails, is not there, or does not end in time."""
    program = find_program(argv[0])
    if program is None:
        return None
    try:
        done = subprocess.run(
            (program, *argv[1:]), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            timeout=ASK_LIMIT_S, start_new_session=True, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None
