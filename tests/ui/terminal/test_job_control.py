"""Ctrl+Z stops the dashboard and gives the terminal back; `fg` draws the whole screen at once. In a real tmux."""

from __future__ import annotations

import shlex
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.programs import needs
from tests.tmux_pane import Pane
from tests.waiting import wait_for

DASHBOARD = shlex.join([sys.executable, "-m", "tests.ui.dashboard_process"])
SHELL = "exec env PS1='ready: ' bash --norc --noprofile -i"
MODES = "stty -a | tr ' ;' '\\n\\n' | grep -xE -- '-?(icanon|echo)' | tr '\\n' ,; echo $((6 * 7))"
AS_A_SHELL_HAS_THEM = "icanon,echo,42"

pytestmark = needs("tmux")


@pytest.fixture
def pane(tmp_path: Path) -> Iterator[Pane]:
    """A shell with job control."""
    with Pane(["sh", "-c", SHELL], tmp_path, size=(100, 30)) as opened:
        opened.until("ready:")
        yield opened


def is_dashboard(shown: str) -> bool:
    """Its first panel, its table and its footer."""
    return "V2V" in shown and "LLM" in shown and "quit" in shown


@pytest.mark.parametrize("keys", [(), ("?",), ("2", "/"), (":",)], ids=["live", "help", "filter", "palette"])
def test_ctrl_z_stops_and_fg_draws_the_screen_again(pane: Pane, keys: tuple[str, ...]) -> None:
    pane.type(DASHBOARD)
    before = pane.until_it(is_dashboard)
    for key in keys:
        pane.press(key)
        before = pane.until_it(lambda shown, last=before: shown != last)  # type: ignore[misc]
    pane.press("C-z")
    pane.until("Stopped")
    assert not pane.alternate()
    pane.type(MODES)
    pane.until(AS_A_SHELL_HAS_THEM)
    pane.type("fg")
    # Of the rows that a tick of the clock draws there are two: more words than these have is the whole screen.
    pane.until_it(lambda shown: AS_A_SHELL_HAS_THEM not in shown and len(shown.split()) > 40 and pane.alternate())
    if not keys:
        pane.press("q")
        pane.until_it(lambda shown: shown.rstrip().endswith("ready:"))


def dashboard_in(pane: Pane) -> psutil.Process:
    """A dashboard that the shell of the pane runs."""
    pane.type(DASHBOARD)
    pane.until_it(is_dashboard)
    (dashboard,) = pane.process().children()
    return dashboard


def stop_and_fg(pane: Pane, dashboard: psutil.Process) -> None:
    dashboard.suspend()
    pane.until("Stopped")
    pane.type("fg")
    # It leaves the alternate screen and takes it again; between the two a capture can have the rows of either.
    pane.until_it(lambda shown: is_dashboard(shown) and "Stopped" not in shown and pane.alternate())


def only_continue(pane: Pane, dashboard: psutil.Process) -> None:
    """What is on the screen goes, as when another program draws over it. A tick of the clock never draws the footer.

    Again until it has gone: a whole frame that was on its way (a start draws more than one) draws the footer once more.
    """

    def gone() -> bool:
        pane.tmux("send-keys", "-t", "pane", "-R")
        return "quit" not in pane.text()

    wait_for(gone, pane.text)
    dashboard.send_signal(signal.SIGCONT)
    pane.until_it(is_dashboard)


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
    pane.until_it(lambda shown: shown.rstrip().endswith("ready:"))
    pane.type(MODES)
    pane.until(AS_A_SHELL_HAS_THEM)


def test_the_mouse_is_as_the_user_has_it_behind_a_continue(pane: Pane) -> None:
    def mouse() -> str:
        return pane.tmux("display-message", "-p", "-t", "pane", "#{mouse_any_flag}").strip()

    dashboard = dashboard_in(pane)
    for wanted in ("1", "0"):
        pane.press("m")
        wait_for(lambda wanted=wanted: mouse() == wanted)  # type: ignore[misc]
        only_continue(pane, dashboard)
        wait_for(lambda wanted=wanted: mouse() == wanted)  # type: ignore[misc]
