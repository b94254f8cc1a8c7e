"""Mouse reporting, and copying or saving the screen's text."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from textual.app import App
from textual.drivers.linux_driver import LinuxDriver
from textual.screen import Screen

from timmy_tui.core.settings import state_dir
from timmy_tui.core.web_page import is_web_page, refuse_to_write
from timmy_tui.ui.line_widget import LineWidget

LARGEST_OSC = 74_000
"""Most bytes of base64 that terminals accept in one OSC 52."""
LIMIT_S = 2.0


def set_mouse(app: App[Any], on: bool) -> bool:
    """Switch mouse reporting on or off while running; returns the present state.

    The driver has no public switch, and its private flag decides what it restores at the end.
    """
    driver = app._driver
    if not isinstance(driver, LinuxDriver):
        return False
    if on:
        driver._mouse = True
        driver._enable_mouse_support()
    else:
        driver._disable_mouse_support()
        driver._mouse = False
    return on


def screen_text(screen: Screen[Any]) -> str:
    """The painted text of a screen, without what the user and Timmy said."""
    rows = [
        "".join("…" if role == "quote" and text.strip() else text for text, role in spans).rstrip()
        for panel in screen.query(LineWidget)
        for spans in panel.lines
    ]
    return "\n".join(rows).rstrip() + "\n"


def copy_routes() -> Iterator[list[str]]:
    """Commands that copy the text, best first. tmux forwards OSC 52 only if configured, so tmux itself is called."""
    if os.environ.get("TMUX"):
        yield ["tmux", "load-buffer", "-w", "-"]
        yield ["tmux", "load-buffer", "-"]
    yield ["clip.exe"]
    if os.environ.get("WAYLAND_DISPLAY"):
        yield ["wl-copy"]
    if os.environ.get("DISPLAY"):
        yield ["xclip", "-selection", "clipboard"]


def copy_text(text: str) -> tuple[str, str]:
    """Copy by the first program that works: (its name, ""); else ("OSC 52", text); else (path of a file, "").

    A web page asks its browser: the programs are those of the computer that serves it.
    """
    if is_web_page():
        return "OSC 52", text
    for command in copy_routes():
        if shutil.which(command[0]) is None:
            continue
        try:
            done = subprocess.run(command, input=text.encode(), timeout=LIMIT_S, capture_output=True, check=False)
        except (OSError, subprocess.TimeoutExpired):
            continue
        if done.returncode == 0:
            return command[0], ""
    if len(text.encode()) * 4 // 3 < LARGEST_OSC and not os.environ.get("TMUX"):
        return "OSC 52", text
    return str(save_text(text, time.time())), ""


def save_text(text: str, at: float, kind: str = "txt") -> Path:
    """Write into a new file, readable by its owner only. Raises OSError."""
    refuse_to_write()
    folder = state_dir() / "screens"
    folder.mkdir(exist_ok=True, mode=0o700)
    stem = time.strftime("%Y%m%d-%H%M%S", time.localtime(at))
    for number in range(100):
        path = folder / f"{stem}{f'-{number}' if number else ''}.{kind}"
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            continue
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        return path
    raise FileExistsError(17, "too many files of this second", str(folder))
