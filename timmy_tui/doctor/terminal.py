"""The doctor's look at the terminal: locale, colours, and the tmux settings that matter."""

import locale
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from timmy_tui.core.sanitize import clean
from timmy_tui.doctor.result import OK, WARN, DoctorLine

LIMIT_S = 2.0


@dataclass(frozen=True)
class TmuxOption:
    """One row: which value is good, and what another one costs."""

    name: str
    good: Callable[[str], bool]
    cost: str
    hint: str


TMUX: tuple[TmuxOption, ...] = (
    TmuxOption(
        "escape-time", lambda value: value.isdigit() and int(value) <= 50,
        "a lone Esc is held back that many ms", "set -sg escape-time 10",
    ),
    TmuxOption(
        "default-terminal", lambda value: "256color" in value or "direct" in value,
        "programs inside are told of fewer colours", "set -g default-terminal tmux-256color",
    ),
    TmuxOption(
        "set-clipboard", lambda value: value == "on",
        "a copy reaches tmux's buffer, not the system's clipboard", "set -s set-clipboard on",
    ),
    TmuxOption(
        "status-interval", lambda value: value.isdigit() and 0 < int(value) <= 5,
        "the status line is asked for that seldom", "set -g status-interval 5",
    ),
    TmuxOption("mouse", lambda value: True, "", ""),
)  # fmt: skip


def terminal_lines(environ: Mapping[str, str]) -> Iterator[DoctorLine]:
    """Locale and colours."""
    encoding = locale.getpreferredencoding(False)
    if encoding.lower().replace("-", "") == "utf8":
        yield DoctorLine("terminal", OK, f"locale writes {encoding}")
    else:
        yield DoctorLine("terminal", WARN, f"locale writes {encoding}: no bars and sparklines", "export LANG=C.UTF-8")
    term, colours = environ.get("TERM", ""), environ.get("COLORTERM", "")
    if environ.get("NO_COLOR"):
        yield DoctorLine("terminal", OK, "NO_COLOR is set: every state keeps its glyph and word")
    elif colours in ("truecolor", "24bit"):
        yield DoctorLine("terminal", OK, f"TERM={clean(term, 40)} with all colours")
    elif "256" in term:
        yield DoctorLine("terminal", OK, f"TERM={clean(term, 40)}: 256 colours, which the themes allow for")
    elif term in ("", "dumb"):
        yield DoctorLine(
            "terminal", WARN, f"TERM={term or 'not set'} cannot show the dashboard", "Use report or status."
        )
    else:
        yield DoctorLine("terminal", WARN, f"TERM={clean(term, 40)}: few colours", "export TERM=xterm-256color")


def tmux_lines(environ: Mapping[str, str]) -> Iterator[DoctorLine]:
    """Options of the server that this runs in; read, never set."""
    if not environ.get("TMUX"):
        yield DoctorLine("tmux", OK, "not inside tmux")
        return
    program = shutil.which("tmux")
    options = _options(program, environ) if program else None
    if options is None:
        yield DoctorLine("tmux", WARN, "TMUX is set, but its options cannot be read")
        return
    for row in TMUX:
        value = options.get(row.name)
        if value is None:
            continue
        if row.good(value):
            yield DoctorLine("tmux", OK, f"{row.name} {clean(value, 40)}")
        else:
            yield DoctorLine("tmux", WARN, f"{row.name} {clean(value, 40)}: {row.cost}", f"~/.tmux.conf: {row.hint}")


def _options(program: str, environ: Mapping[str, str]) -> dict[str, str] | None:
    """Server and global options by name."""
    found: dict[str, str] = {}
    for scope in ("-s", "-g"):
        try:
            done = subprocess.run(
                [program, "show-options", scope], env={**os.environ, **environ}, capture_output=True, timeout=LIMIT_S,
                check=False,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired):
            return None
        if done.returncode:
            return None
        for line in done.stdout.decode("utf-8", "replace").splitlines():
            name, _, value = line.partition(" ")
            found.setdefault(name, value.strip('"'))
    return found
