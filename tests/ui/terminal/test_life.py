"""The dashboard for as long as a pane lives: attached, detached, zoomed, stopped, killed, crashed. In a real tmux."""

from __future__ import annotations

import fcntl
import os
import pty
import shlex
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from bench.reading.logs import turn_lines
from tests.programs import needs
from tests.tmux_pane import Pane
from tests.ui.terminal.crashing import SECRET
from tests.ui.terminal.test_job_control import AS_A_SHELL_HAS_THEM, DASHBOARD, MODES, SHELL, is_dashboard
from tests.waiting import wait_for
from timmy_tui.core.running.interruptions import LONGEST_LOOK_S

pytestmark = needs("tmux")
ENDED_S = 20
"""Longest wait for an end that takes two seconds, on a machine that does other things too."""


class Timmy:
    """The logs of a Timmy, and the command that opens a dashboard on it."""

    def __init__(self, folder: Path) -> None:
        self.root, self.state = folder / "timmy", folder / "state"
        (self.root / "shared").mkdir(parents=True)
        (self.root / "v34").mkdir()
        (self.root / "v34/config.py").write_text("USE_FULL_MEGA_PROMPT = True\n")
        self.log = self.root / "shared/latency.log"
        self.log.write_text("".join(turn_lines(1, time.time() - 100)))
        self.environment = {"XDG_STATE_HOME": str(self.state), "XDG_CONFIG_HOME": str(folder / "config")}
        argv = [sys.executable, "-m", "timmy_tui", "--root", str(self.root), "--no-services"]
        self.command = ["env", *(f"{name}={value}" for name, value in self.environment.items()), *argv]

    def say(self, number: int, lines: int | None = None) -> None:
        """A turn is written, or its first lines."""
        self.write(turn_lines(number, time.time())[:lines])

    def write(self, lines: list[str]) -> None:
        """So many lines more."""
        with self.log.open("a") as file:
            file.write("".join(lines))


@pytest.fixture
def timmy(tmp_path: Path) -> Timmy:
    return Timmy(tmp_path)


@pytest.fixture
def pane(timmy: Timmy, tmp_path: Path) -> Iterator[Pane]:
    """A dashboard on the Timmy, with its first turn on the screen."""
    with Pane(timmy.command, tmp_path, size=(120, 30)) as opened:
        opened.until("V2V", "idle  1 turn", "quit")
        yield opened


class Client:
    """A terminal that is attached to the pane's tmux, until ``close``."""

    def __init__(self, pane: Pane, size: tuple[int, int]) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        self._process = subprocess.Popen(
            pane.argv("attach-session", "-t", "pane"), stdin=slave, stdout=slave, stderr=slave,
            env=pane.environment, start_new_session=True,
        )  # fmt: skip
        os.close(slave)
        threading.Thread(target=self._drain, daemon=True).start()

    def _drain(self) -> None:
        try:
            while os.read(self._master, 65536):
                pass
        except OSError:
            pass

    def close(self) -> None:
        """The window is closed, or the connection lost."""
        self._process.kill()
        self._process.wait()
        os.close(self._master)


def fits(width: int, height: int) -> Callable[[str], bool]:
    """The screen is one of this size: its footer in the last row, nothing wider."""

    def look(shown: str) -> bool:
        rows = shown.rstrip("\n").split("\n")
        return len(rows) == height and max(map(len, rows)) <= width and "V2V" in shown and "1 Live" in rows[-1]

    return look


def test_two_clients_of_two_sizes_come_and_go_and_turns_are_read_on(pane: Pane, timmy: Timmy) -> None:
    large = Client(pane, (100, 31))
    pane.until_it(fits(100, 30))
    small = Client(pane, (70, 21))
    pane.until_it(fits(70, 20))
    small.close()
    pane.until_it(fits(100, 30))
    large.close()
    wait_for(lambda: pane.tmux("list-clients") == "")
    timmy.say(2)
    pane.until("2 turns")
    again = Client(pane, (100, 31))
    pane.until_it(lambda shown: fits(100, 30)(shown) and "2 turns" in shown)
    again.close()


@pytest.fixture
def still(tmp_path: Path) -> Iterator[Pane]:
    """A dashboard whose turns were made long ago: nothing on it moves by itself."""
    with Pane(shlex.split(DASHBOARD), tmp_path, size=(120, 30)) as opened:
        opened.until_it(is_dashboard)
        yield opened


def settled(pane: Pane) -> str:
    """The screen when it has been the same for half a second: a key's effect can be painted in two frames."""
    last = [(pane.text(), time.monotonic())]

    def same_for_long() -> str:
        shown, now = pane.text(), time.monotonic()
        if shown != last[0][0]:
            last[0] = (shown, now)
        return shown if now - last[0][1] > 0.5 else ""

    return wait_for(same_for_long, pane.text)


def press_and_look(pane: Pane, *keys: str) -> str:
    """The screen after these keys, each of which changes it."""
    shown = settled(pane)
    for key in keys:
        before = shown
        pane.press(key)
        pane.until_it(lambda now, before=before: now != before)  # type: ignore[misc]
        shown = settled(pane)
    return shown


@pytest.mark.parametrize("keys", [("Left",), ("2", "Up", "Space")], ids=["a turn", "frozen list"])
def test_zoomed_and_back_the_screen_is_the_same(still: Pane, keys: tuple[str, ...]) -> None:
    still.tmux("split-window", "-d", "-h", "-t", "pane", "sleep 600")
    still.until_it(lambda shown: max(map(len, shown.split("\n"))) <= 60 and "help" in shown)
    before = press_and_look(still, *keys)
    still.tmux("resize-pane", "-Z", "-t", "pane:0.0")
    still.until_it(lambda shown: max(map(len, shown.split("\n"))) > 60)
    still.tmux("resize-pane", "-Z", "-t", "pane:0.0")
    still.until_it(lambda shown: shown == before)


def test_a_storm_of_sizes_from_tmux_leaves_list_cursor_and_freeze(still: Pane) -> None:
    assert "turn 428 " in press_and_look(still, "2", "Up", "Up", "Space")
    for step in range(40):
        still.tmux("resize-window", "-t", "pane", "-x", str(60 + step), "-y", str(12 + step % 20))
    still.tmux("resize-window", "-t", "pane", "-x", "120", "-y", "30")
    # Its columns were others meanwhile, and so all of its rows. The list is in two columns with the turn beside it.
    still.until_it(lambda shown: fits(120, 30)(shown) and "turn 428 " in shown and "FROZEN" in shown)
    still.press("Up")
    still.until_it(lambda shown: "turn 427 " in shown)


def test_after_a_stop_it_says_so_has_what_was_written_and_takes_the_first_key(timmy: Timmy, tmp_path: Path) -> None:
    # Not as the pane's own process: tmux continues that one.
    command = ["sh", "-c", f"{shlex.join(timmy.command)}; true"]
    with Pane(command, tmp_path, size=(80, 24)) as pane:
        pane.until("V2V", "idle  1 turn", "help")
        (dashboard,) = pane.process().children()
        lines = turn_lines(2, time.time())
        timmy.write(lines[:18])
        pane.until_it(lambda shown: "idle" not in shown)
        dashboard.suspend()
        time.sleep(LONGEST_LOOK_S + 0.5)  # A shorter stop is none.
        timmy.write(lines[18:])
        timmy.say(3)
        dashboard.resume()
        pane.press("e")
        pane.until("notices, newest first", "stopped 1")
        pane.press("Escape")
        pane.until("stopped 1", "idle  3 turns")


def kill_pane(pane: Pane, process: psutil.Process) -> None:
    pane.tmux("new-window", "-d", "sleep 600")
    pane.tmux("kill-pane", "-t", "pane:0.0")


def terminate(pane: Pane, process: psutil.Process) -> None:
    process.terminate()


@pytest.mark.parametrize("end", [kill_pane, terminate])
def test_it_ends_and_leaves_no_process_behind(
    pane: Pane, timmy: Timmy, end: Callable[[Pane, psutil.Process], None]
) -> None:
    process = pane.process()
    others = process.children(recursive=True)
    end(pane, process)
    # One that has ended and that nobody has asked about yet (a container's first process may never do) has ended.
    _, left = psutil.wait_procs([process, *others], ENDED_S)
    assert [one for one in left if one.status() != psutil.STATUS_ZOMBIE] == []
    assert timmy.log.exists()


def test_a_second_dashboard_says_who_is_first_and_takes_over_when_that_is_killed(pane: Pane, timmy: Timmy) -> None:
    first = pane.process()
    number = pane.tmux("display-message", "-p", "-t", "pane", "#{pane_id}").strip()
    pane.tmux("new-window", "-d", "-t", "pane:1", shlex.join(timmy.command))

    def second() -> str:
        return pane.tmux("capture-pane", "-p", "-t", "pane:1")

    def press(key: str) -> None:
        pane.tmux("send-keys", "-t", "pane:1", key)

    wait_for(lambda: "quit" in second(), second)
    press("5")
    wait_for(lambda: f"read-only: another dashboard (pid {first.pid}, since" in second(), second)
    assert f"tmux pane {number}" in second()
    first.kill()
    wait_for(lambda: "nothing was changed yet" in second() and "another dashboard" not in second(), second)
    press("e")
    wait_for(lambda: "changes can be made here now" in second(), second)


def test_a_crash_gives_the_terminal_back_and_names_a_log_without_the_conversation(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with Pane(["sh", "-c", SHELL], tmp_path, size=(160, 40), environment={"XDG_STATE_HOME": str(state)}) as pane:
        pane.until("ready:")
        pane.type(shlex.join([sys.executable, "-m", "tests.ui.terminal.crashing"]) + "; echo ended with $?")
        pane.until("V2V", "quit")
        pane.press("m")
        shown = pane.until("ended with 70")
        assert not pane.alternate()
        assert pane.tmux("display-message", "-p", "-t", "pane", "#{mouse_any_flag}").strip() == "0"
        assert "a fault of the program: LookupError: no panel for mouse" in shown and "Traceback" not in shown
        (log,) = (state / "timmy_tui").glob("crash-*.log")
        assert log.name in shown.replace("\n", "")
        assert log.stat().st_mode & 0o777 == 0o600
        text = log.read_text()
        assert "action_do" in text and "LookupError" in text
        assert SECRET not in text and SECRET not in shown
        pane.type(MODES)
        pane.until(AS_A_SHELL_HAS_THEM)
