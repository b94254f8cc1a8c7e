"""The status line without a screen: from the running dashboard's state file, else from the end of the log.

tmux runs this every few seconds, so the quick path uses the standard library only.
"""

import contextlib
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

FRESH_S = 15.0
"""A state file older than this belongs to a dashboard that has gone; it is written every 5 s."""

NAME = "status.json"


def state_file(environ: Mapping[str, str]) -> Path:
    """Where a dashboard leaves its line: the user's state folder, found without any library."""
    base = environ.get("XDG_STATE_HOME", "").strip() or os.path.join(environ.get("HOME", "~"), ".local", "state")
    return Path(base) / "timmy_tui" / NAME


def quick_line(arguments: Sequence[str], environ: Mapping[str, str]) -> str | None:
    """The running dashboard's line; None when there is none, or when options other than ``--tmux`` are given."""
    if set(arguments) - {"--tmux"}:
        return None
    try:
        content = state_file(environ).read_bytes()
    except OSError:
        return None
    import json  # 3 ms that only a running dashboard's line has to wait for

    try:
        state = json.loads(content)
        fresh = 0 <= time.time() - float(state["at"]) < FRESH_S
        line = str(state["tmux" if "--tmux" in arguments else "line"])
    except (ValueError, KeyError, TypeError):
        return None
    return line if fresh else None


def leave_line(line: str, tmux: str, root: str) -> None:
    """Write the line for ``quick_line``, whole or not at all; a full disk is no reason to stop a dashboard."""
    import json

    path = state_file(os.environ)
    scratch = path.with_name(f".{NAME}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump({"at": time.time(), "line": line, "tmux": tmux, "root": root}, file)
        os.replace(scratch, path)
    except OSError:
        with contextlib.suppress(OSError):
            scratch.unlink()


def for_tmux(line: str) -> str:
    """The line with tmux's own colours, its ``#`` escaped: red for a rise of V2V, green for a fall."""
    shown = line.replace("#", "##")
    for glyph, colour in (("▲", "red"), ("▼", "green")):
        at = shown.find(glyph)
        if at >= 0:
            end = shown.find(" ", at)
            end = len(shown) if end < 0 else end
            return f"{shown[:at]}#[fg={colour}]{shown[at:end]}#[default]{shown[end:]}"
    return shown
