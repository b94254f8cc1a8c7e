"""The file that a fault of the program leaves: a traceback without the values of its variables."""

import os
import sys
import time
import traceback
from pathlib import Path

from timmy_tui import __version__
from timmy_tui.core.settings import state_dir
from timmy_tui.core.web_page import is_web_page

MOST_FILES = 10
"""Newest files that are kept."""


def write_crash_log(error: BaseException) -> Path | None:
    """Write ``crash-DATE-TIME-PID.log`` into the state folder, mode 0600; None where that cannot be done.

    It has file, line and code of each frame, and what the exceptions say; no variable, for these hold the conversation.
    """
    if is_web_page():
        return None
    now = time.localtime()
    try:
        folder = state_dir()
        path = folder / f"crash-{time.strftime('%Y%m%d-%H%M%S', now)}-{os.getpid()}.log"
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600), "w") as file:
            file.write(f"timmy-tui {__version__}, Python {sys.version.split()[0]}, {sys.platform}\n")
            file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S %z', now)}\n\n")
            file.writelines(traceback.format_exception(error))
        for old in sorted(folder.glob("crash-*.log"))[:-MOST_FILES]:
            old.unlink()
    except OSError:
        return None
    return path
