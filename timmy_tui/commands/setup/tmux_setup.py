"""``timmy-tui tmux-setup``: the lines for tmux.conf that the tmux of this machine understands."""

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click
from msgspec import Struct

from timmy_tui.core.output import say_lines

Version = tuple[int, int]
NEWEST: Version = (99, 0)
"""Stands for a version that has no number: ``tmux master``."""
LIMIT_S = 5.0


class Part(Struct, frozen=True):
    """Lines of tmux.conf for one purpose."""

    name: str
    since: Version
    """The first version of tmux that takes them."""
    why_not: str
    """What is missing in an older one, and what to do instead."""
    comment: str
    lines: Callable[[str], tuple[str, ...]]
    """From the command that starts this program, as a shell reads it."""


PARTS = (
    Part(
        "status line",
        (1, 8),
        "",
        "V2V in the status line. It has up to 40 cells, which is all that tmux has by itself for it and the clock.",
        lambda program: (
            "set -g status-interval 5",
            "set -g status-right-length 60",
            f"set -g status-right {_quoted(f'#({_in_format(program)} status --tmux) %H:%M')}",
        ),
    ),
    Part(
        "popup",
        (3, 2),
        "display-popup needs tmux 3.2; `prefix T` opens a window instead",
        "prefix T: the dashboard over everything, until q.",
        lambda program: (f"bind-key T display-popup -E -w 95% -h 95% {_quoted(program)}",),
    ),
    Part(
        "window",
        (1, 8),
        "",
        "prefix T: the dashboard in a window of its own.",
        lambda program: (f"bind-key T new-window -n timmy {_quoted(program)}",),
    ),
    Part(
        "bell",
        (2, 6),
        "monitor-bell needs tmux 2.6; an older one always minds the bell",
        "The bell marks a window that is not seen, too. When it rings: view.bell of the settings (off by default).",
        lambda program: ("set-window-option -g monitor-bell on", "set -g bell-action any", "set -g visual-bell off"),
    ),
    Part(
        "title",
        (1, 8),
        "",
        "The pane's title has V2V: pass it on to the terminal's tab.",
        lambda program: ("set -g set-titles on", f"set -g set-titles-string {_quoted('#T')}"),
    ),
    Part(
        "copying",
        (3, 2),
        "`load-buffer -w` needs tmux 3.2: what C copies stays in tmux's own buffer (prefix ])",
        "What C copies goes on to the terminal's clipboard; tmux's own default, but `off` would stop it.",
        lambda program: ("set -s set-clipboard external",),
    ),
)
INSTEAD = {"window": "popup"}
"""Part → the part that it stands in for."""


@click.command("tmux-setup")
def tmux_setup() -> None:
    """Print lines for ~/.tmux.conf: status line, popup, bell, title, as the tmux found here takes them.

    What is left out, and why, is in comments.
    """
    found = tmux_version()
    say_lines(setup_lines(found, shlex.quote(own_program())))


def tmux_version() -> str | None:
    """``tmux -V``; None where there is no tmux, or it says nothing in time."""
    if shutil.which("tmux") is None:
        return None
    try:
        done = subprocess.run(["tmux", "-V"], capture_output=True, text=True, timeout=LIMIT_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None


def own_program() -> str:
    """The path of this program: tmux's own PATH may not have it."""
    started = Path(sys.argv[0])
    if started.name == "timmy-tui" and started.exists():
        return str(started.absolute())
    return shutil.which("timmy-tui") or "timmy-tui"


def version_number(text: str) -> Version:
    """``tmux 3.3a``, ``tmux next-3.6``: (3, 3), (3, 6). NEWEST where there is no number."""
    found = re.search(r"(\d+)\.(\d+)", text)
    # OpenBSD's tmux has the number of its system, and is newer than any that lacks something here.
    return NEWEST if found is None or "openbsd" in text.lower() else (int(found[1]), int(found[2]))


def setup_lines(found: str | None, program: str) -> Iterator[str]:
    """The lines, for the tmux whose ``-V`` is ``found``; None: there is no tmux, so all are for the newest."""
    version = NEWEST if found is None else version_number(found)
    if found is None:
        yield "# There is no tmux here. These lines are for tmux 3.2 and later; none has been tried."
    else:
        yield f"# For {found}. Append them: timmy-tui tmux-setup >> ~/.tmux.conf; tmux source-file ~/.tmux.conf"
    left_out = [part for part in PARTS if part.since > version]
    given = {part.name for part in PARTS} - {part.name for part in left_out}
    for part in PARTS:
        if part.name in given and INSTEAD.get(part.name) not in given:
            yield ""
            yield f"# {part.comment}"
            yield from part.lines(program)
    if left_out:
        yield ""
        yield from (f"# Left out: {part.name}: {part.why_not}." for part in left_out)


def _in_format(text: str) -> str:
    """Text inside a format of tmux, whose time signs and own signs it must not be taken for."""
    return text.replace("#", "##").replace("%", "%%")


def _quoted(text: str) -> str:
    """One word of tmux.conf: in double quotes ``$``, ``"`` and the backslash are escaped, in old versions too."""
    escaped = "".join(f"\\{sign}" if sign in '\\"$' else sign for sign in text)
    return f'"{escaped}"'
