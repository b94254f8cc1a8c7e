"""The command that started v34, read from ``/proc`` while it lives: the one to copy when it has died.

Of the environment nothing is read or kept: it may hold secrets.
"""

import contextlib
import os
import re
import shlex
import stat
from collections.abc import Sequence
from pathlib import Path

import msgspec
import psutil
from msgspec import Struct

from timmy_tui.control.edit.masking import MASK, SECRET
from timmy_tui.control.edit.transaction import save_backup
from timmy_tui.control.errors import Unsafe
from timmy_tui.core.foreign.decode import Unreadable, decode_as

COMMAND_FILE = "v34-command.json"
"""In the control folder."""
_VENV = re.compile(r"(/\S.*)/lib(?:64)?/python[\d.]+t?/site-packages/")
_OPTION = re.compile(r"--?[\w-]+")


class StartCommand(Struct, frozen=True, kw_only=True):
    """How v34 was started."""

    argv: tuple[str, ...]
    """Interpreter and arguments; arguments that look like a secret are masked."""
    folder: str
    output: str = ""
    """The file that its standard output went to; empty for a terminal or a pipe."""
    errors: str = ""
    """The same of its standard error."""

    @property
    def shell_line(self) -> str:
        """``cd … && … >> FILE 2>&1``, to copy. Foreign text."""
        if not self.output:
            to = f" 2>> {shlex.quote(self.errors)}" if self.errors else ""
        elif self.errors == self.output:
            to = f" >> {shlex.quote(self.output)} 2>&1"
        else:
            to = f" >> {shlex.quote(self.output)}" + (f" 2>> {shlex.quote(self.errors)}" if self.errors else "")
        return f"cd {shlex.quote(self.folder)} && {shlex.join(self.argv)}{to}"


def usual_command(folder: Path) -> StartCommand:
    """What upstream's user types, for a v34 that was never seen alive."""
    return StartCommand(argv=("python", "app.py", "--debug"), folder=str(folder))


def command_of(process: psutil.Process) -> StartCommand | None:
    """How a living process was started; None where this user may not see it."""
    try:
        argv, folder = process.cmdline(), process.cwd()
    except (psutil.Error, OSError):
        return None
    if not argv or not folder:
        return None
    return StartCommand(
        argv=(_interpreter(process.pid, argv[0], folder), *_masked(argv[1:])),
        folder=folder,
        output=_file(process.pid, 1),
        errors=_file(process.pid, 2),
    )


def script_of(argv: Sequence[str]) -> str:
    """Name of the script that a Python command line runs (``app.py``), or ``-m NAME``; empty when it runs neither.

    A reloader starts its child with ``sys.executable`` where the user typed ``python``, and older ones with the
    script's absolute path: the name is what both command lines share.
    """
    for number, argument in enumerate(argv[1:], start=1):
        if argument == "-m":
            return " ".join(argv[number : number + 2])
        if argument == "-c":
            return ""
        if not argument.startswith("-") and argv[number - 1] not in ("-W", "-X"):
            return Path(argument).name
    return ""


def _interpreter(pid: int, typed: str, folder: str) -> str:
    """The interpreter's path. ``python`` alone was searched in the PATH of another environment, which is not read."""
    if "/" in typed:
        return os.path.join(folder, typed)
    with contextlib.suppress(OSError):
        # A package with compiled parts tells the virtual environment; the executable is a link out of it.
        for line in Path(f"/proc/{pid}/maps").read_text(encoding="utf-8", errors="surrogateescape").splitlines():
            found = _VENV.search(line)
            if found and os.path.exists(f"{found[1]}/pyvenv.cfg") and os.path.exists(f"{found[1]}/bin/{typed}"):
                return f"{found[1]}/bin/{typed}"
        return os.readlink(f"/proc/{pid}/exe")
    return typed


def _masked(arguments: Sequence[str]) -> list[str]:
    masked: list[str] = []
    for argument in arguments:
        name, sign, _ = argument.partition("=")
        option = masked[-1] if masked else ""
        if sign and SECRET.search(name):
            masked.append(f"{name}={MASK}")
        elif _OPTION.fullmatch(option) and SECRET.search(option) and not argument.startswith("-"):
            masked.append(MASK)
        else:
            masked.append(argument)
    return masked


def _file(pid: int, descriptor: int) -> str:
    """Path of the regular file that a descriptor writes to; empty for anything else, and for a deleted one."""
    link = f"/proc/{pid}/fd/{descriptor}"
    try:
        path = os.readlink(link)
        kept = stat.S_ISREG(os.stat(link).st_mode) and os.path.exists(path)
    except OSError:
        return ""
    return path if kept else ""


class CommandFile:
    """The newest command of a living v34, in a file: a shell that comes after its death reads it there."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._saved: StartCommand | None = None

    def read(self) -> StartCommand | None:
        """None when none was seen, or the file cannot be read."""
        try:
            command = decode_as(self.path.read_bytes(), StartCommand)
        except OSError:
            return None
        return None if isinstance(command, Unreadable) else command

    def save(self, command: StartCommand) -> None:
        """Keep it, if it is another one than before. A folder that cannot be written keeps nothing: it is a help."""
        if command == self._saved:
            return
        self._saved = command
        with contextlib.suppress(Unsafe, UnicodeEncodeError):
            save_backup(self.path, msgspec.json.encode(command))
