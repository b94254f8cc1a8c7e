"""The shell when it is interrupted, when nobody can be asked, and what its exit codes say then."""

import os
import pty
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.control.services import Service
from tests.control.shell import Shell
from tests.waiting import wait_for
from timmy_tui.commands.changes.answers import ChangeAnswers
from timmy_tui.commands.changes.change import carry_out
from timmy_tui.control.change.plan import ChangePlan
from timmy_tui.core.errors import ControlError
from timmy_tui.model.change import ChangeProgress, ChangeState
from timmy_tui.model.user_requests import Flip

QUICK = '[services]\nv34 = "http://127.0.0.1:9"\n[control]\nrollback_countdown_s = 0.1\nhealthy_limit_s = 0.5\n'


@pytest.fixture
def shell(root: Path, tmp_path: Path) -> Shell:
    """On a Timmy that nobody runs."""
    return Shell(root, tmp_path, QUICK)


def test_ctrl_c_leaves_a_change_open_and_says_how_to_go_on(shell: Shell, service: Service) -> None:
    before = service.contents()
    process = shell.start("flip", "retrieved-chunks", "3", "--wait", "--yes")
    assert process.stdout is not None
    wait_for(lambda: process.stdout and process.stdout.readline().startswith("verifying"))
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=50)
    assert process.returncode == 4 and "left open: `timmy-tui undo` or `timmy-tui keep`" in err
    assert "Traceback" not in err and service.contents() != before
    refused = shell.run("flip", "retrieved-chunks", "4", "--yes")
    assert refused.returncode == 1 and "was interrupted" in refused.stderr
    undone = shell.run("undo", "--yes")
    assert undone.returncode == 0 and "not running" in undone.stdout and service.contents() == before


def test_where_nobody_can_be_asked_the_change_is_left_open(shell: Shell, config: Path) -> None:
    shell.write_settings(QUICK + 'strategy = "command"\ncommand = ["false"]\n')
    done = shell.run("flip", "retrieved-chunks", "3", "--yes")
    assert done.returncode == 4 and "left open" in done.stderr and "exit code 1" in done.stdout
    kept = shell.run("keep")
    assert kept.returncode == 0 and "kept, not verified" in kept.stdout
    assert b"NUM_RETRIEVED_CHUNKS = 3" in config.read_bytes()


def test_a_rollback_that_nobody_asked_for_has_its_own_exit_code(shell: Shell, service: Service) -> None:
    before = service.contents()
    shell.write_settings(QUICK + 'strategy = "command"\ncommand = ["true"]\n')
    done = shell.run("flip", "retrieved-chunks", "3", "--yes")
    assert done.returncode == 3, done.stderr
    assert service.contents() == before


def answered_on_a_terminal(shell: Shell, answer: str, *arguments: str) -> tuple[int, str]:
    """Exit code and output of a command whose user types this answer."""
    ours, theirs = pty.openpty()
    try:
        process = shell.start(*arguments, stdin=theirs)
        os.write(ours, f"{answer}\n".encode())
        out, err = process.communicate(timeout=50)
        return process.returncode, out + err
    finally:
        os.close(ours)
        os.close(theirs)


def test_on_a_terminal_it_asks_and_takes_no_for_an_answer(shell: Shell, service: Service) -> None:
    before = service.contents()
    code, printed = answered_on_a_terminal(shell, "n", "flip", "retrieved-chunks", "3")
    assert code == 1 and "go ahead?" in printed
    assert service.contents() == before


def test_on_a_terminal_the_user_decides_what_the_restart_could_not(shell: Shell, service: Service) -> None:
    before = service.contents()
    shell.write_settings(QUICK + 'strategy = "command"\ncommand = ["false"]\n')
    code, printed = answered_on_a_terminal(shell, "undo", "flip", "retrieved-chunks", "3", "--yes")
    assert code == 3 and "keep or undo" in printed
    assert service.contents() == before


def test_the_exit_code_is_that_of_the_last_state() -> None:
    """It may end between two looks, also while the shell answers it."""

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
            raise ControlError("keep: no running change offers that choice now.")

    controller: Any = Quick()
    assert carry_out(controller, ChangePlan(Flip((("raw", "off"),)), "a change"), ChangeAnswers()) == 0


def test_a_state_folder_that_cannot_be_used_is_told_in_words(shell: Shell, service: Service) -> None:
    before = service.contents()
    shell.environment["XDG_STATE_HOME"] = "/proc/none"
    for arguments in (("journal",), ("flip", "retrieved-chunks", "3", "--yes")):
        done = shell.run(*arguments)
        assert done.returncode == 1 and "cannot be used" in done.stderr and "Traceback" not in done.stderr
    assert service.contents() == before
