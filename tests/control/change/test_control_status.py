"""Screen 5 and the shell show flags and restore points, and change nothing."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from timmy_tui.control.controller import Controller
from timmy_tui.core.errors import ControlError
from timmy_tui.core.settings import Services, Settings
from timmy_tui.demo.generate import ConversationPlan, write_logs


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    root = tmp_path / "timmy"
    write_logs(root, ConversationPlan(6))
    (root / "v34").mkdir(exist_ok=True)
    (root / "v34/config.py").write_text(
        'USE_FULL_MEGA_PROMPT = True\nDEBUG_MODE = False\nDB_CONFIG = {"password": "canary"}\n'
    )
    (root / "v34/app.py").write_text("llm.generate_api_call(p, context=c, raw=True, temperature=t)\n")
    return root


@pytest.fixture
def room(root: Path, tmp_path: Path) -> Iterator[Controller]:
    room = Controller(Settings(services=Services(v34="http://127.0.0.1:9")), root, tmp_path / "state")
    room.open(watch=False)
    yield room
    room.close()


def test_flags_are_seen_and_nothing_else_of_the_file(room: Controller) -> None:
    room.look()
    state = room.state()
    shown = {one.key: one.file_value for one in state.flags}
    assert shown["tail-mode"] == "off"
    assert shown["raw"] == "on"
    assert state.service == "port 9: not running"
    assert "canary" not in repr(state)


def test_a_restore_point_is_made_and_listed(room: Controller, root: Path) -> None:
    before = (root / "v34/config.py").read_bytes()
    plan = room.plan("create", {"name": "before-trying"})
    assert plan.refusal == ""
    assert "before-trying" in room.start(plan)
    room.look()
    assert [one.name for one in room.state().restore_points if one.kind == "own"] == ["before-trying"]
    assert (root / "v34/config.py").read_bytes() == before


@pytest.mark.parametrize(
    ("kind", "arguments", "why"),
    [
        ("flip", {"key": "tail-mode", "value": "perhaps"}, "it takes on or off"),
        ("flip", {"key": "tail-mod", "value": "on"}, "Did you mean tail-mode?"),
        ("flip", {"key": "debug-mode", "value": "on"}, "--debug on v34's command line overwrites it"),
        ("flip", {"key": "tail-mode", "value": "off"}, "has that value already"),
        ("undo", {}, "there is no change to undo"),
        ("undo", {"op": "nothing"}, "the journal has no operation nothing"),
        ("restore", {"name": "nowhere"}, "there is no restore point nowhere"),
        ("latest", {}, "nothing was restored"),
        ("dance", {}, "no such change"),
    ],
)
def test_what_cannot_be_done_is_refused_in_words(
    room: Controller, root: Path, kind: str, arguments: dict[str, str], why: str
) -> None:
    before = (root / "v34/config.py").read_bytes()
    plan = room.plan(kind, arguments)
    assert why in plan.refusal
    with pytest.raises(ControlError):
        room.start(plan)
    assert (root / "v34/config.py").read_bytes() == before


def test_an_answer_that_nobody_waits_for_is_refused(room: Controller) -> None:
    with pytest.raises(ControlError, match="no change is running"):
        room.answer("keep")


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
