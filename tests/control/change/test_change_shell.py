"""The harness from the shell: what is printed, what is asked, and what the exit code says."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.control.harness import Harness, harness
from timmy_tui.control.journal.lock import ChangeLock, control_dir


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    with harness(tmp_path_factory.mktemp("shell"), history=3) as held:
        yield held


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "xdg"


def run(held: Harness, state: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "XDG_STATE_HOME": str(state), "XDG_CONFIG_HOME": str(state / "config")}
    command = [sys.executable, "-m", "timmy_tui", *arguments, "--root", str(held.root)]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=55, env=environment, stdin=subprocess.DEVNULL
    )


def journal(held: Harness, state: Path) -> list[dict[str, object]]:
    told: list[dict[str, object]] = json.loads(run(held, state, "journal", "--json").stdout)
    return told


def test_flip_with_proof_then_undo(held: Harness, state: Path) -> None:
    before = {path: path.read_bytes() for path in (held.config, held.app)}
    done = run(held, state, "flip", "tail-mode", "on", "--wait", "--yes")
    assert done.returncode == 0, done.stderr
    assert "- USE_FULL_MEGA_PROMPT = True" in done.stdout and "tail mode off→on, raw on→off" in done.stdout
    assert "kept, 2 turns show it" in done.stdout
    assert "USE_FULL_MEGA_PROMPT = False" in held.config.read_text() and "raw=False" in held.app.read_text()
    (entry,) = journal(held, state)
    assert entry["state"] == "kept" and entry["undoable"] is True
    undone = run(held, state, "undo", "--yes")
    assert undone.returncode == 0, undone.stderr
    assert {path: path.read_bytes() for path in before} == before
    assert [one["state"] for one in journal(held, state)] == ["rolled back", "rolled back"]
    again = run(held, state, "undo", "--yes")
    assert again.returncode == 1 and "there is no change to undo" in again.stderr


def test_flip_without_waiting_is_kept_without_proof_and_a_restart_says_so(held: Harness, state: Path) -> None:
    done = run(held, state, "flip", "retrieved-chunks", "3", "--yes")
    assert done.returncode == 0 and "kept without proof" in done.stdout
    assert run(held, state, "undo", "--yes").returncode == 0
    restarted = run(held, state, "restart", "--yes")
    assert restarted.returncode == 0 and "done, v34 serves" in restarted.stdout


def test_only_takes_the_user_at_his_word(held: Harness, state: Path) -> None:
    before = held.app.read_bytes()
    done = run(held, state, "flip", "tail-mode", "on", "--only", "--yes")
    assert done.returncode == 0 and "sends tails without any context" in done.stdout
    assert "USE_FULL_MEGA_PROMPT = False" in held.config.read_text() and held.app.read_bytes() == before
    assert run(held, state, "undo", "--yes").returncode == 0


def test_without_a_terminal_and_without_yes_nothing_is_done(held: Harness, state: Path) -> None:
    before = held.config.read_bytes()
    done = run(held, state, "flip", "tail-mode", "on")
    assert done.returncode == 2 and "--yes" in done.stderr
    assert run(held, state, "flip", "tail-mode").returncode == 2
    refused = run(held, state, "flip", "tail-mode", "perhaps", "--yes")
    assert refused.returncode == 1 and "on or off" in refused.stderr
    assert held.config.read_bytes() == before and journal(held, state) == []


def test_restore_points_from_the_shell(held: Harness, state: Path) -> None:
    old = held.config.read_bytes()
    assert run(held, state, "restore-points", "create", "as-it-was").returncode == 0
    assert run(held, state, "flip", "retrieved-chunks", "4", "--yes").returncode == 0
    new = held.config.read_bytes()
    nothing = run(held, state, "restore-points", "restore", "as-it-was", "v34/llm.py", "--yes")
    assert nothing.returncode == 1 and "Nothing to restore" in nothing.stderr
    done = run(held, state, "restore-points", "restore", "as-it-was", "v34/config.py", "--yes")
    assert done.returncode == 0, done.stderr
    assert held.config.read_bytes() == old
    assert run(held, state, "restore-points", "restore", "--latest", "--yes").returncode == 0
    assert held.config.read_bytes() == new
    assert run(held, state, "restore-points", "restore", "as-it-was", "--yes").returncode == 0
    assert run(held, state, "restore-points", "restore").returncode == 2


def test_while_a_dashboard_changes_something_the_shell_only_says_who(held: Harness, state: Path) -> None:
    folder = control_dir(held.root, _user_state(state))
    before = held.config.read_bytes()
    with ChangeLock(folder):
        done = run(held, state, "flip", "retrieved-chunks", "8", "--yes")
    assert done.returncode == 1 and f"pid {os.getpid()}" in done.stderr
    assert held.config.read_bytes() == before


def _user_state(state: Path) -> Path:
    path = state / "timmy_tui"
    path.mkdir(parents=True, exist_ok=True)
    return path


def test_an_interrupted_change_is_kept_or_undone_before_another(held: Harness, state: Path) -> None:
    from timmy_tui.control.controller import Controller
    from timmy_tui.control.edit.transaction import write
    from timmy_tui.control.journal.write_ahead import Entry, Journal, file_records
    from timmy_tui.core.settings import Settings

    before = held.config.read_bytes()
    folder = control_dir(held.root, _user_state(state))
    plan = Controller(Settings(), held.root, _user_state(state)).plan("flip", {"key": "retrieved-chunks", "value": "6"})
    Journal(folder / "journal.jsonl").append(
        Entry(op="left", stage="editing", label=plan.label, files=file_records(plan.planned))
    )
    write(plan.planned)
    refused = run(held, state, "flip", "recency-weight", "0.5", "--yes")
    assert refused.returncode == 1 and "was interrupted: undo or keep it first" in refused.stderr
    kept = run(held, state, "keep")
    assert kept.returncode == 0 and "kept without proof" in kept.stdout
    assert run(held, state, "keep").returncode == 1
    assert run(held, state, "undo", "--yes").returncode == 0
    assert held.config.read_bytes() == before
