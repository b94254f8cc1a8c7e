"""Mouse reporting, and copying or saving the screen's text."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from textual.app import App
from textual.drivers.linux_driver import LinuxDriver
from textual.screen import Screen

from timmy_tui.core.settings import state_dir
from timmy_tui.core.web_page import is_web_page, refuse_to_write
from timmy_tui.ui.line_widget import LineWidget

LARGEST_OSC = 74_000
"""Most bytes of base64 that terminals accept in one OSC 52."""
LIMIT_S = 2.0
"""Seconds that a program may take; then it is ended, and the next one is asked."""


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


class Route(NamedTuple):
    """A program that puts a text into a clipboard, or a buffer."""

    name: str
    """As the notice says it."""
    command: tuple[str, ...]
    encoding: str = "utf-8"


class Copied(NamedTuple):
    """Where a text went."""

    words: str
    """``copied by wl-copy``: the route, for the notice."""
    for_terminal: str = ""
    """The text that the terminal itself has to take (OSC 52); empty where a program or a file has it."""


def copy_routes() -> Iterator[Route]:
    """Programs that copy, best first. tmux forwards OSC 52 only if configured, so tmux itself is called."""
    if os.environ.get("TMUX"):
        yield Route("tmux", ("tmux", "load-buffer", "-w", "-"))
        yield Route("tmux, its own buffer alone", ("tmux", "load-buffer", "-"))
    # Windows reads anything else as its old code page: ≥ would become three signs.
    yield Route("clip.exe", ("clip.exe",), "utf-16-le")
    if os.environ.get("WAYLAND_DISPLAY"):
        yield Route("wl-copy", ("wl-copy",))
    if os.environ.get("DISPLAY"):
        yield Route("xclip", ("xclip", "-selection", "clipboard"))
        yield Route("xsel", ("xsel", "--input", "--clipboard"))


def copy_text(text: str, written: str = "") -> Copied:
    """Copy by the first route that works: a program, the terminal, a file. Raises OSError where not even a file does.

    ``written``: a file that has the text already. A web page asks its browser: the programs are those of the computer
    that serves it.
    """
    if is_web_page():
        return Copied("sent to the browser (OSC 52)", text)
    also = f"; written: {written}" if written else ""
    for route in copy_routes():
        if shutil.which(route.command[0]) is not None and _taken(route, text):
            return Copied(f"copied by {route.name}{also}")
    if fits_terminal(text) and _asks_terminal():
        return Copied(f"copied by OSC 52, if your terminal takes it{also}", text)
    return Copied(f"no clipboard here; written: {written or save_text(text, time.time())}")


def _taken(route: Route, text: str) -> bool:
    """The program ended well within its time.

    xclip, xsel and wl-copy leave a process behind that has the text until the next copy. It must not hold a pipe that
    we read to its end, and it must outlive the pane, so it gets no output and a session of its own.
    """
    try:
        done = subprocess.run(
            route.command,
            input=text.encode(route.encoding, "replace"),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=LIMIT_S,
            start_new_session=True,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def fits_terminal(text: str) -> bool:
    """Its base64 is not longer than terminals accept."""
    return -(-len(text.encode(errors="replace")) // 3) * 4 <= LARGEST_OSC


def _asks_terminal() -> bool:
    """OSC 52 may reach a clipboard. tmux (by default) and screen drop it, Linux's console has none."""
    multiplexed = os.environ.get("TMUX") or os.environ.get("STY")
    return not multiplexed and os.environ.get("TERM", "") not in ("", "dumb", "linux")


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
