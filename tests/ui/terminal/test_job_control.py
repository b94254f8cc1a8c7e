"""Ctrl+Z stops the dashboard and gives the terminal back; `fg` draws the whole screen at once. In a real tmux."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).resolve().parents[3]
LIMIT_S = 30.0

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="there is no tmux")


class Pane:
    """A shell with job control, in a tmux server of its own."""

    def __init__(self, folder: Path) -> None:
        self._tmux = ["tmux", "-S", str(folder / "tmux"), "-f", os.devnull]
        shell = "exec env PS1='ready: ' TERM=xterm-256color bash --norc --noprofile -i"
        self.run("new-session", "-d", "-x", "100", "-y", "30", "-c", str(ROOT), shell)

    def run(self, *arguments: str) -> str:
        return subprocess.run([*self._tmux, *arguments], check=True, capture_output=True, text=True).stdout

    def type(self, text: str) -> None:
        """Type a line."""
        self.run("send-keys", "-l", text)
        self.run("send-keys", "Enter")

    def press(self, key: str) -> None:
        self.run("send-keys", key)

    def wait(self, condition: Callable[[str], bool]) -> str:
        """What the pane shows, as soon as it is so."""
        deadline = time.monotonic() + LIMIT_S
        while not condition(shown := self.run("capture-pane", "-p")):
            assert time.monotonic() < deadline, shown
        return shown

    def alternate(self) -> bool:
        """The pane is on the screen that full-screen programs use."""
        return self.run("display-message", "-p", "#{alternate_on}").strip() == "1"


@pytest.fixture
def pane(tmp_path: Path) -> Iterator[Pane]:
    opened = Pane(tmp_path)
    opened.wait(lambda shown: "ready:" in shown)
    yield opened
    opened.run("kill-server")


def is_dashboard(shown: str) -> bool:
    """Its first panel, its table and its footer."""
    return "V2V" in shown and "LLM" in shown and "quit" in shown


@pytest.mark.parametrize("keys", [(), ("?",), ("2", "/"), (":",)], ids=["live", "help", "filter", "palette"])
def test_ctrl_z_stops_and_fg_draws_the_screen_again(pane: Pane, keys: tuple[str, ...]) -> None:
    pane.type(shlex.join([sys.executable, "-m", "tests.ui.dashboard_process"]))
    before = pane.wait(is_dashboard)
    for key in keys:
        pane.press(key)
        before = pane.wait(lambda shown, last=before: shown != last)  # type: ignore[misc]
    pane.press("C-z")
    pane.wait(lambda shown: "Stopped" in shown)
    assert not pane.alternate()
    pane.type("stty -a | tr ' ;' '\\n\\n' | grep -xE -- '-?(icanon|echo)' | tr '\\n' ,; echo $((6 * 7))")
    pane.wait(lambda shown: "icanon,echo,42" in shown)
    pane.type("fg")
    # Of the rows that a tick of the clock draws there are two: more words than these have is the whole screen.
    pane.wait(lambda shown: "icanon,echo,42" not in shown and len(shown.split()) > 40)
    assert pane.alternate()
    if not keys:
        pane.press("q")
        pane.wait(lambda shown: shown.rstrip().endswith("ready:"))


def dashboard_in(pane: Pane) -> psutil.Process:
    """A dashboard that the shell of the pane runs."""
    pane.type(shlex.join([sys.executable, "-m", "tests.ui.dashboard_process"]))
    pane.wait(is_dashboard)
    (dashboard,) = psutil.Process(int(pane.run("display-message", "-p", "#{pane_pid}"))).children()
    return dashboard


def stop_and_fg(pane: Pane, dashboard: psutil.Process) -> None:
    dashboard.suspend()
    pane.wait(lambda shown: "Stopped" in shown)
    pane.type("fg")
    pane.wait(lambda shown: is_dashboard(shown) and "Stopped" not in shown)
    assert pane.alternate()


def only_continue(pane: Pane, dashboard: psutil.Process) -> None:
    """What is on the screen goes, as when another program draws over it."""
    pane.run("send-keys", "-R")
    pane.wait(lambda shown: not is_dashboard(shown))
    dashboard.send_signal(signal.SIGCONT)
    pane.wait(is_dashboard)


@pytest.mark.parametrize("act", [stop_and_fg, only_continue])
def test_a_continue_behind_no_ctrl_z_draws_and_leaves_no_threads_and_the_terminal_as_it_was(
    pane: Pane, act: Callable[[Pane, psutil.Process], None]
) -> None:
    dashboard = dashboard_in(pane)
    act(pane, dashboard)
    threads = dashboard.num_threads()
    for _ in range(3):
        act(pane, dashboard)
    # Without care there would be two more for each.
    assert dashboard.num_threads() <= threads + 1
    pane.press("q")
    pane.wait(lambda shown: shown.rstrip().endswith("ready:"))
    pane.type("stty -a | tr ' ;' '\\n\\n' | grep -xE -- '-?(icanon|echo)' | tr '\\n' ,; echo $((6 * 7))")
    pane.wait(lambda shown: "icanon,echo,42" in shown)
