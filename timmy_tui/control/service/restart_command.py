"""Running the user's restart command: without a shell, without a pipe to it, and not for ever."""

import contextlib
import os
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path

from timmy_tui.control.errors import Refused
from timmy_tui.core.sanitize import clean

KEPT = frozenset(
    {
        "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TERM", "TMUX", "TMUX_PANE", "TMPDIR",
        "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS", "DOCKER_HOST", "DISPLAY", "WSL_DISTRO_NAME", "WSL_INTEROP",
        "WSLENV",
    }
)  # fmt: skip
"""What systemctl, tmux, docker and WSL's interop need; not what the dashboard happens to have been started with."""
GRACE_S = 3.0
"""Between TERM and KILL."""
TAIL = 4 << 10
LOOK_S = 0.05


def find_program(name: str) -> str | None:
    """The absolute path of a program, from PATH unless it is one already; None when there is none."""
    found = shutil.which(os.path.expanduser(name))
    return os.path.abspath(found) if found else None


def run_command(argv: tuple[str, ...], folder: Path, limit_s: float, log: Path, cancelled: threading.Event) -> None:
    """Run until it ends. Raises Refused with its last words for any end but 0, or when it does not end.

    Its output goes into ``log``: a service that it leaves behind holds the file open, and a pipe would be waited for.
    """
    program = find_program(argv[0])
    if program is None:
        raise Refused(f"{argv[0]} is not a program that can be found.")
    environment = {name: value for name, value in os.environ.items() if name in KEPT or name.startswith("LC_")}
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
    why = _await(process, limit_s, cancelled)
    if why:
        raise Refused(f"{argv[0]} {why}.{_last_words(log)}")


def _await(process: subprocess.Popen[bytes], limit_s: float, cancelled: threading.Event) -> str:
    """Empty when it ended with 0; else why not. Its group is ended when it has not ended by itself."""
    deadline = time.monotonic() + limit_s
    while process.poll() is None:
        late = time.monotonic() > deadline
        if late or cancelled.is_set():
            why = f"has not ended within {limit_s:.0f} s" if late else "was not waited for"
            return f"{why}, and {'was ended' if _end(process) else 'cannot be ended'}"
        time.sleep(LOOK_S)
    # after a good end the group holds the new service
    return f"has failed with exit code {process.returncode}" if process.returncode else ""


def _end(process: subprocess.Popen[bytes]) -> bool:
    """TERM, then KILL, to its group; False for one that is not ours to end (sudo) or does not die."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(GRACE_S)
            return True
    threading.Thread(target=process.wait, name="command", daemon=True).start()  # no zombie, whenever it ends
    return False


def _last_words(log: Path) -> str:
    try:
        text = log.read_bytes()[-TAIL:].decode("utf-8", "replace")
    except OSError:
        return ""
    lines = [clean(line, 160) for line in text.splitlines() if line.strip()]
    return f" It said: {lines[-1]}" if lines else ""
