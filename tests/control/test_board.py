"""Screen 5 and the shell show flags and restore points, and change nothing."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from timmy_tui.control.board import UNCHANGED, ControlBoard
from timmy_tui.demo.generate import write_logs
from timmy_tui.errors import ControlError
from timmy_tui.settings import Settings


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    root = tmp_path / "timmy"
    write_logs(root, 6)
    (root / "v34").mkdir(exist_ok=True)
    (root / "v34/config.py").write_text(
        'USE_FULL_MEGA_PROMPT = True\nDEBUG_MODE = False\nDB_CONFIG = {"password": "canary"}\n'
    )
    (root / "v34/app.py").write_text("llm.generate_api_call(p, context=c, raw=True, temperature=t)\n")
    return root


@pytest.fixture
def board(root: Path, tmp_path: Path) -> Iterator[ControlBoard]:
    board = ControlBoard(Settings(), root, tmp_path / "state")
    yield board
    board.close()


def test_flags_are_seen_and_nothing_else_of_the_file(board: ControlBoard) -> None:
    board._look()
    state = board.state()
    shown = {one.key: one.file_value for one in state.flags}
    assert shown["tail-mode"] == "off"
    assert shown["raw"] == "on"
    assert "canary" not in repr(state)


def test_a_restore_point_is_made_and_listed(board: ControlBoard, root: Path) -> None:
    before = (root / "v34/config.py").read_bytes()
    plan = board.plan("create", {"name": "before-trying"})
    assert plan.refusal == ""
    assert "before-trying" in board.start(plan)
    board._look()
    assert [one.name for one in board.state().restore_points if one.kind == "own"] == ["before-trying"]
    assert (root / "v34/config.py").read_bytes() == before


@pytest.mark.parametrize("kind", ["flip", "restart", "undo", "restore"])
def test_changes_are_refused_in_words(board: ControlBoard, kind: str) -> None:
    plan = board.plan(kind, {})
    assert plan.refusal == UNCHANGED
    with pytest.raises(ControlError, match="does not change"):
        board.start(plan)


def run(*arguments: str) -> str:
    done = subprocess.run([sys.executable, "-m", "timmy_tui", *arguments], capture_output=True, text=True, timeout=50)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_same_from_the_shell(root: Path) -> None:
    told = {one["key"]: one for one in json.loads(run("flags", "--json", "--root", str(root)))}
    assert told["tail-mode"]["file"] == "off"
    assert told["tail-mode"]["running"] == "off"
    assert "canary" not in json.dumps(told)
    assert "point-one" in run("restore-points", "create", "point-one", "--root", str(root))
    assert "point-one" in run("restore-points", "list", "--root", str(root))
    assert "no code file differs" in run("restore-points", "show", "point-one", "--root", str(root))
    (root / "v34/app.py").write_text("x = 1\n")
    assert "v34/app.py" in run("restore-points", "show", "point-one", "--root", str(root))
