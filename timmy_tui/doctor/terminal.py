"""Checks of the terminal: locale, colours, and the options of tmux that matter."""

import locale
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from timmy_tui.core.foreign.decode import whole_number
from timmy_tui.core.foreign.sanitize import clean
from timmy_tui.doctor.result import OK, WARN, DoctorLine

LIMIT_S = 2.0
"""Longest wait for tmux."""


@dataclass(frozen=True)
class TmuxOption:
    """An option of tmux: which values are good, and what happens with another one."""

    name: str
    is_good: Callable[[str], bool]
    effect: str
    """Effect of another value."""
    hint: str


def _is_within(text: str, low: int, high: int) -> bool:
    size = whole_number(text) if text.isdecimal() else None
    return size is not None and low <= size <= high


TMUX_OPTIONS: tuple[TmuxOption, ...] = (
    TmuxOption(
        "escape-time", lambda value: _is_within(value, 0, 50),
        "a single Esc is delayed by that many ms", "set -sg escape-time 10",
    ),
    TmuxOption(
        "default-terminal", lambda value: "256color" in value or "direct" in value,
        "programs in tmux get fewer colours", "set -g default-terminal tmux-256color",
    ),
    TmuxOption(
        "set-clipboard", lambda value: value == "on",
        "copied text reaches tmux's buffer, not the system's clipboard", "set -s set-clipboard on",
    ),
    TmuxOption(
        "status-interval", lambda value: _is_within(value, 1, 5),
        "the status line is updated only that often, in seconds", "set -g status-interval 5",
    ),
    TmuxOption("mouse", lambda value: True, "", ""),
)  # fmt: skip


def terminal_lines(environ: Mapping[str, str]) -> Iterator[DoctorLine]:
    """The lines on locale and colours."""
    encoding = locale.getpreferredencoding(False)
    if encoding.lower().replace("-", "") == "utf8":
        yield DoctorLine("terminal", OK, f"the locale's encoding is {encoding}")
    else:
        yield DoctorLine(
            "terminal", WARN, f"the locale's encoding is {encoding}: no bars and sparklines", "export LANG=C.UTF-8"
        )
    term, colours = environ.get("TERM", ""), environ.get("COLORTERM", "")
    if environ.get("NO_COLOR"):
        yield DoctorLine("terminal", OK, "NO_COLOR is set: states are shown by symbols and words")
    elif colours in ("truecolor", "24bit"):
        yield DoctorLine("terminal", OK, f"TERM={clean(term, 40)} with all colours")
    elif "256" in term:
        yield DoctorLine("terminal", OK, f"TERM={clean(term, 40)}: 256 colours, which all themes support")
    elif term in ("", "dumb"):
        yield DoctorLine(
            "terminal", WARN, f"TERM={term or 'not set'} cannot show the dashboard", "Use report or status."
        )
    elif term == "linux":
        yield DoctorLine("terminal", OK, "TERM=linux: a console has 16 colours and few glyphs; theme ansi16, in ASCII")
    else:
        shown = f"TERM={clean(term, 40)}: 16 colours at most, theme ansi16"
        yield DoctorLine("terminal", WARN, shown, "export TERM=xterm-256color, if the terminal has 256")


def tmux_lines(environ: Mapping[str, str]) -> Iterator[DoctorLine]:
    """The lines on the options of the tmux server. They are read and never set."""
    if not environ.get("TMUX"):
        yield DoctorLine("tmux", OK, "not inside tmux")
        return
    program = shutil.which("tmux")
    options = _options(program, environ) if program else None
    if options is None:
        yield DoctorLine("tmux", WARN, "TMUX is set, but its options cannot be read")
        return
    for option in TMUX_OPTIONS:
        value = options.get(option.name)
        if value is None:
            continue
        if option.is_good(value):
            yield DoctorLine("tmux", OK, f"{option.name} {clean(value, 40)}")
        else:
            yield DoctorLine(
                "tmux", WARN, f"{option.name} {clean(value, 40)}: {option.effect}", f"~/.tmux.conf: {option.hint}"
            )


def _options(program: str, environ: Mapping[str, str]) -> dict[str, str] | None:
    """Server and global options by name; None when tmux cannot be asked."""
    options: dict[str, str] = {}
    for scope in ("-s", "-g"):
        try:
            result = subprocess.run(
                [program, "show-options", scope], env={**os.environ, **environ}, capture_output=True, timeout=LIMIT_S,
                check=False,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired):
            return None
        if result.returncode:
            return None
        for line in result.stdout.decode("utf-8", "replace").splitlines():
            name, _, value = line.partition(" ")
            options.setdefault(name, value.strip('"'))
    return options
