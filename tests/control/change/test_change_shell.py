"""Changes from the shell: what is printed, what is asked, and what the exit code says."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.control.harness import ControlHarness
from tests.control.services import DemoV34
from tests.control.shell import Shell
from timmy_tui.control.journal.lock import ChangeLock
from timmy_tui.sources.timmy import timmy_at


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoV34]:
    """One to which somebody talks, for all tests."""
    with DemoV34(tmp_path_factory.mktemp("shell") / "timmy", history=3) as demo:
        yield demo


@pytest.fixture
def shell(demo: DemoV34, tmp_path: Path) -> Shell:
    return Shell(demo.root, tmp_path / "xdg")


def journal(shell: Shell) -> list[dict[str, object]]:
    operations: list[dict[str, object]] = json.loads(shell.run("journal", "--json").stdout)
    return operations


def test_a_flip_waits_for_its_proof_and_is_undone(demo: DemoV34, shell: Shell) -> None:
    before = demo.contents()
    done = shell.run("flip", "tail-mode", "on", "--wait", "--yes")
    assert done.returncode == 0, done.stderr
    assert "- USE_FULL_MEGA_PROMPT = True" in done.stdout and "tail mode off→on, raw on→off" in done.stdout
    assert "kept, 2 turns show it" in done.stdout
    assert "USE_FULL_MEGA_PROMPT = False" in demo.config.read_text() and "raw=False" in demo.app.read_text()
    (entry,) = journal(shell)
    assert entry["state"] == "kept" and entry["undoable"] is True
    undone = shell.run("undo", "--yes")
    assert undone.returncode == 0, undone.stderr
    assert demo.contents() == before
    assert [one["state"] for one in journal(shell)] == ["rolled back", "rolled back"]
    again = shell.run("undo", "--yes")
    assert again.returncode == 1 and "tail mode off→on, raw on→off is undone already" in again.stderr


def test_flip_without_waiting_is_kept_without_proof_and_a_restart_says_so(shell: Shell) -> None:
    done = shell.run("flip", "retrieved-chunks", "3", "--yes")
    assert done.returncode == 0 and "kept, not verified" in done.stdout
    assert shell.run("undo", "--yes").returncode == 0
    restarted = shell.run("restart", "--yes")
    assert restarted.returncode == 0 and "done, v34 serves" in restarted.stdout


def test_only_changes_the_flag_alone_and_warns(demo: DemoV34, shell: Shell) -> None:
    before = demo.app.read_bytes()
    done = shell.run("flip", "tail-mode", "on", "--only", "--yes")
    assert done.returncode == 0 and "sends tails without any context" in done.stdout
    assert "USE_FULL_MEGA_PROMPT = False" in demo.config.read_text() and demo.app.read_bytes() == before
    assert shell.run("undo", "--yes").returncode == 0


def test_without_a_terminal_and_without_yes_nothing_is_done(demo: DemoV34, shell: Shell) -> None:
    before = demo.contents()
    done = shell.run("flip", "tail-mode", "on")
    assert done.returncode == 2 and "--yes" in done.stderr
    assert shell.run("flip", "tail-mode").returncode == 2
    refused = shell.run("flip", "tail-mode", "perhaps", "--yes")
    assert refused.returncode == 1 and "on or off" in refused.stderr
    assert demo.contents() == before and journal(shell) == []


def test_restore_points_are_made_and_restored_from_the_shell(demo: DemoV34, shell: Shell) -> None:
    old = demo.config.read_bytes()
    assert shell.run("restore-points", "create", "as-it-was").returncode == 0
    assert shell.run("flip", "retrieved-chunks", "4", "--yes").returncode == 0
    new = demo.config.read_bytes()
    nothing = shell.run("restore-points", "restore", "as-it-was", "v34/llm.py", "--yes")
    assert nothing.returncode == 1 and "Nothing to restore" in nothing.stderr
    done = shell.run("restore-points", "restore", "as-it-was", "v34/config.py", "--yes")
    assert done.returncode == 0, done.stderr
    assert demo.config.read_bytes() == old
    assert shell.run("restore-points", "restore", "--latest", "--yes").returncode == 0
    assert demo.config.read_bytes() == new
    assert shell.run("restore-points", "restore", "as-it-was", "--yes").returncode == 0
    assert shell.run("restore-points", "restore").returncode == 2


def test_while_a_dashboard_changes_something_the_shell_only_says_who(demo: DemoV34, shell: Shell) -> None:
    before = demo.contents()
    with ChangeLock(timmy_at(demo.root, state=shell.state).control_folder):
        done = shell.run("flip", "retrieved-chunks", "8", "--yes")
    assert done.returncode == 1 and f"pid {os.getpid()}" in done.stderr
    assert demo.contents() == before


def test_an_interrupted_change_is_kept_or_undone_before_another(demo: DemoV34, shell: Shell) -> None:
    before = ControlHarness(demo, shell.state).leave_open("left", ("retrieved-chunks", "6"))
    refused = shell.run("flip", "recency-weight", "0.5", "--yes")
    assert refused.returncode == 1 and "was interrupted: undo or keep it first" in refused.stderr
    kept = shell.run("keep")
    assert kept.returncode == 0 and "kept, not verified" in kept.stdout
    assert shell.run("keep").returncode == 1
    assert shell.run("undo", "--yes").returncode == 0
    assert demo.contents() == before
