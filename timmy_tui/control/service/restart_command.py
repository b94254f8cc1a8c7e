"""Runs the user's restart command: without a shell, without a pipe, and with a time limit."""

import contextlib
import os
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path

from timmy_tui.control.errors import Refused
from timmy_tui.core.foreign.sanitize import clean
from timmy_tui.core.running.threads import start_thread

ENVIRONMENT = frozenset(
    {
        "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TERM", "TMUX", "TMUX_PANE", "TMPDIR",
        "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS", "DOCKER_HOST", "DISPLAY", "WSL_DISTRO_NAME", "WSL_INTEROP",
        "WSLENV",
    }
)  # fmt: skip
"""Variables that the command gets, beside LC_*: those that systemctl, tmux, docker and WSL's interop need."""
GRACE_S = 3.0
"""Between TERM and KILL."""
OUTPUT_TAIL = 4 << 10
"""Bytes of the output's end, of which an error quotes the last line."""
POLL_S = 0.05


def find_program(name: str) -> str | None:
    """The absolute path of a program; a name without a folder is searched in PATH. None when there is none."""
    path = shutil.which(os.path.expanduser(name))
    return os.path.abspath(path) if path else None


def run_command(argv: tuple[str, ...], folder: Path, limit_s: float, log: Path, cancelled: threading.Event) -> None:
    """Run a command until it ends. Raises Refused with its last line when it fails, or does not end in time.

    Its output goes into the file ``log``: a service that the command starts keeps its output open, and reading from a
    pipe would wait for that service.
    """
    program = find_program(argv[0])
    if program is None:
        raise Refused(f"{argv[0]} is not a program that can be found.")
    environment = {name: value for name, value in os.environ.items() if name in ENVIRONMENT or name.startswith("LC_")}
    try:
        fd = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise Refused(f"{log}, for its output, cannot be written: {error.strerror}.") from None
    try:
        os.fchmod(fd, 0o600)
        process = subprocess.Popen(
            (program, *argv[1:]),
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=fd,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        raise Refused(f"{program} cannot be run: {error.strerror}.") from None
    finally:
        os.close(fd)
    failure = _wait(process, limit_s, cancelled)
    if failure:
        raise Refused(f"{argv[0]} {failure}.{_last_line(log)}")


def _wait(process: subprocess.Popen[bytes], limit_s: float, cancelled: threading.Event) -> str:
    """Why the command failed; empty when it ended with 0. One that does not end in time is ended with its group."""
    deadline = time.monotonic() + limit_s
    while process.poll() is None:
        too_late = time.monotonic() > deadline
        if too_late or cancelled.is_set():
            reason = f"has not ended within {limit_s:.0f} s" if too_late else "was cancelled"
            return f"{reason}, and {'was ended' if _end(process) else 'cannot be ended'}"
        time.sleep(POLL_S)
    # Its group is left alone: the new service is in it.
    return f"has failed with exit code {process.returncode}" if process.returncode else ""


def _end(process: subprocess.Popen[bytes]) -> bool:
    """TERM, then KILL, to its group. False when that is not permitted (sudo) or the process does not end."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(GRACE_S)
            return True
    start_thread("command", process.wait)  # so that it leaves no zombie
    return False


def _last_line(log: Path) -> str:
    try:
        text = log.read_bytes()[-OUTPUT_TAIL:].decode("utf-8", "replace")
    except OSError:
        return ""
    lines = [clean(line, 160) for line in text.splitlines() if line.strip()]
    return f" Its last line: {lines[-1]}" if lines else ""
