"""The file in which a dashboard leaves its status line for tmux, written and read.

tmux reads it every few seconds, so that reading it imports the standard library only.
"""

import contextlib
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from timmy_tui.core.foreign.sanitize import clean

FRESH_S = 15.0
"""An older file was left by a dashboard that has ended: it is written at least every 5 s."""

NAME = "status.json"
LONGEST = 80
"""Characters of a line; those that the dashboard writes have at most 40."""


def state_file(environ: Mapping[str, str]) -> Path:
    """The file in the user's state folder, as core/settings.py finds it, without importing that."""
    base = environ.get("XDG_STATE_HOME", "")
    if not os.path.isabs(base):
        base = os.path.join(environ.get("HOME", os.path.expanduser("~")), ".local", "state")
    return Path(base) / "timmy_tui" / NAME


def quick_line(arguments: Sequence[str], environ: Mapping[str, str]) -> str | None:
    """The running dashboard's line. None when no dashboard runs, or when there are options other than ``--tmux``."""
    if set(arguments) - {"--tmux"}:
        return None
    try:
        content = state_file(environ).read_bytes()
    except OSError:
        return None
    from timmy_tui.core.foreign.decode import decode_json, number  # 3 ms, needed only when a dashboard runs

    state = decode_json(content)
    written = number(state.get("at")) if isinstance(state, dict) else None
    if written is None or not 0 <= time.time() - written < FRESH_S:
        return None
    text = state.get("line")
    if not isinstance(text, str):
        return None
    line = clean(text, LONGEST)
    # Its colours are put on here: a file that somebody edited must not hold tmux's codes, which can run commands.
    return for_tmux(line) if "--tmux" in arguments else line


def save_line(line: str, root: str) -> None:
    """Write the line for ``quick_line``, in one step. A full disk is ignored: the dashboard goes on without it."""
    import json

    from timmy_tui.core.private_file import replace_private

    path = state_file(os.environ)
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        replace_private(path, json.dumps({"at": time.time(), "line": line, "root": root}).encode())


def for_tmux(line: str) -> str:
    """The line with tmux's own colours, its ``#`` escaped: red for a rise of V2V, green for a fall, grey if old."""
    shown = line.replace("#", "##")
    if shown.startswith("○"):
        return f"#[fg=colour244]{shown}#[default]"
    for glyph, colour in (("▲", "red"), ("▼", "green")):
        at = shown.find(glyph)
        if at >= 0:
            end = shown.find(" ", at)
            end = len(shown) if end < 0 else end
            return f"{shown[:at]}#[fg={colour}]{shown[at:end]}#[default]{shown[end:]}"
    return shown
