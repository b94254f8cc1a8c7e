"""The shell when it is interrupted, when nobody can be asked, and what its exit codes say then."""

import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.control.places import lay_out
from tests.control.services import until

QUICK = '[services]\nv34 = "http://127.0.0.1:9"\n[control]\nrollback_countdown_s = 0.1\nhealthy_limit_s = 0.5\n'


class Shell:
    """A Timmy that nobody runs, and commands on it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.root = folder, lay_out(folder / "timmy")
        self.config = self.root / "v34/config.py"
        self.before = self.config.read_bytes()
        self.settings = folder / "settings.toml"
        self.told("")

    def told(self, more: str) -> None:
        """The settings file."""
        self.settings.write_text(QUICK + more)
        self.settings.chmod(0o600)

    def start(self, *arguments: str, stdin: int = subprocess.DEVNULL) -> subprocess.Popen[str]:
        environment = {**os.environ, "XDG_STATE_HOME": str(self.folder), "PYTHONUNBUFFERED": "1"}
        command = [sys.executable, "-m", "timmy_tui", *arguments]
        return subprocess.Popen(
            [*command, "--root", str(self.root), "--settings", str(self.settings)],
            stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
        )  # fmt: skip

    def run(self, *arguments: str) -> tuple[int, str, str]:
        process = self.start(*arguments)
        out, err = process.communicate(timeout=50)
        return process.returncode, out, err


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def test_ctrl_c_leaves_a_change_open_and_says_how_to_go_on(shell: Shell) -> None:
    process = shell.start("flip", "retrieved-chunks", "3", "--wait", "--yes")
    assert process.stdout is not None
    until(lambda: process.stdout and process.stdout.readline().startswith("verifying"))
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=50)
    assert process.returncode == 4 and "left open: `timmy-tui undo` or `timmy-tui keep`" in err
    assert "Traceback" not in err and shell.config.read_bytes() != shell.before
    code, _, err = shell.run("flip", "retrieved-chunks", "4", "--yes")
    assert code == 1 and "was interrupted" in err
    code, out, _ = shell.run("undo", "--yes")
    assert code == 0 and "not running" in out and shell.config.read_bytes() == shell.before


def test_where_nobody_can_be_asked_the_change_is_left_open(shell: Shell) -> None:
    shell.told('strategy = "command"\ncommand = ["false"]\n')
    code, out, err = shell.run("flip", "retrieved-chunks", "3", "--yes")
    assert code == 4 and "left open" in err and "exit code 1" in out
    code, out, _ = shell.run("keep")
    assert code == 0 and "kept without proof" in out
    assert b"NUM_RETRIEVED_CHUNKS = 3" in shell.config.read_bytes()


def test_a_rollback_that_nobody_asked_for_has_its_own_exit_code(shell: Shell) -> None:
    shell.told('strategy = "command"\ncommand = ["true"]\n')
    code, _, err = shell.run("flip", "retrieved-chunks", "3", "--yes")
    assert code == 3, err
    assert shell.config.read_bytes() == shell.before


def test_on_a_terminal_it_asks_and_takes_no_for_an_answer(shell: Shell) -> None:
    ours, theirs = pty.openpty()
    try:
        process = shell.start("flip", "retrieved-chunks", "3", stdin=theirs)
        os.write(ours, b"n\n")
        out, err = process.communicate(timeout=50)
        assert process.returncode == 1 and "go ahead?" in out + err
        assert shell.config.read_bytes() == shell.before
    finally:
        os.close(ours)
        os.close(theirs)


def test_on_a_terminal_the_user_decides_what_the_restart_could_not(shell: Shell) -> None:
    shell.told('strategy = "command"\ncommand = ["false"]\n')
    ours, theirs = pty.openpty()
    try:
        process = shell.start("flip", "retrieved-chunks", "3", "--yes", stdin=theirs)
        os.write(ours, b"undo\n")
        out, err = process.communicate(timeout=50)
        assert process.returncode == 3 and "keep or undo" in out + err
        assert shell.config.read_bytes() == shell.before
    finally:
        os.close(ours)
        os.close(theirs)


def test_the_exit_code_is_that_of_the_last_state() -> None:
    """It may end between two looks, also while the shell answers it."""
    from typing import Any

    from timmy_tui.commands.change import carry_out
    from timmy_tui.control.change.planner import ChangePlan
    from timmy_tui.core.errors import ControlError
    from timmy_tui.model.change import ChangeProgress, ChangeState

    class Quick:
        """Verifying at the first looks, and over as soon as that was seen."""

        looks = 0

        @property
        def idle(self) -> bool:
            return self.looks > 1

        @property
        def progress(self) -> ChangeProgress:
            self.looks += 1
            state = ChangeState.VERIFYING if self.looks < 3 else ChangeState.KEPT
            return ChangeProgress("op", "a change", state, 0.0, None, choices=("keep", "undo"))

        def start(self, plan: object) -> None: ...

        def answer(self, choice: str) -> str:
            raise ControlError("keep: nothing asks for that now.")

    room: Any = Quick()
    assert carry_out(room, ChangePlan("flip", "a change"), False) == 0


def test_a_state_folder_that_cannot_be_used_is_told_in_words(shell: Shell) -> None:
    for arguments in (("journal",), ("flip", "retrieved-chunks", "3", "--yes")):
        command = [sys.executable, "-m", "timmy_tui", *arguments, "--root", str(shell.root)]
        environment = {**os.environ, "XDG_STATE_HOME": "/proc/none"}
        done = subprocess.run(command, capture_output=True, text=True, timeout=50, env=environment)
        assert done.returncode == 1 and "cannot be used" in done.stderr and "Traceback" not in done.stderr
    assert shell.config.read_bytes() == shell.before
