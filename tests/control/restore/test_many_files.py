"""Restore points of hundreds of code files, and what is said of one that holds only a part of them."""

from pathlib import Path

import pytest

from tests.control.harness import ControlHarness, controller_on
from tests.control.services import Service
from tests.control.shell import Shell
from tests.control.timmy_files import CODE, aged, git
from timmy_tui.control.restore import copies
from timmy_tui.control.restore.points import RestorePoints
from timmy_tui.model.change import ChangeState
from timmy_tui.model.user_requests import Restore, RestoreLatest, Undo

FILES = tuple(f"shared/tools/t{number:03}.py" for number in range(300 - len(CODE)))
NO_SERVICE = '[services]\nv34 = "http://127.0.0.1:9"\n'


@pytest.fixture
def many(root: Path) -> Path:
    """300 code files in a tag; then 200 are edited and 96 deleted, with data beside them."""
    (root / "shared/tools").mkdir()
    for name in FILES:
        aged(root / name, b"STATE = 'old'\n")
    (root / "shared/tools/words.json").write_text("old\n")
    git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "first")
    git(root, "tag", "old")
    for name in FILES[:200]:
        aged(root / name, b"STATE = 'new, and longer'\n")
    for name in FILES[200:]:
        (root / name).unlink()
    (root / "shared/tools/words.json").write_text("new\n")
    return root


def states(harness: ControlHarness) -> dict[str, bytes]:
    found = (harness.root / "shared/tools").iterdir()
    return {str(path.relative_to(harness.root)): path.read_bytes() for path in found}


def test_three_hundred_files_are_counted_restored_and_undone(many: Path, state: Path) -> None:
    with controller_on(Service(many), state) as harness:
        harness.controller.poll()
        (point,) = harness.controller.state().restore_points
        assert point.files is not None and len(point.files) == 300
        before = states(harness)
        plan = harness.start(Restore("old", ("v34/", "shared/")))
        assert plan.preview[:2] == (
            "296 code files are put back as in old: +296 −200 lines",
            f"not on disk now, and made again: {', '.join(FILES[200:203])} and 93 more",
        )
        assert plan.details[0] == f"{FILES[0]} +1 −1" and plan.details[-1] == f"{FILES[-1]} +1 −0, made again"
        assert len(plan.details) == 296 and plan.preview[-296:] == plan.details
        assert harness.until_over() is ChangeState.KEPT, harness.messages
        words = {"shared/tools/words.json": b"new\n"}
        assert states(harness) == dict.fromkeys(FILES, b"STATE = 'old'\n") | words
        harness.start(Undo())
        assert harness.until_over() is ChangeState.ROLLED_BACK, harness.messages
        assert states(harness) == before
        refusal = harness.plan(RestoreLatest()).refusal
        assert refusal == "nothing was restored: the files are the latest."


def test_the_shell_counts_them_and_names_them_all(many: Path, tmp_path: Path) -> None:
    shell = Shell(many, tmp_path / "xdg", NO_SERVICE)
    made = shell.run("restore-points", "create", "mine").stdout
    assert made.split()[:4] == ["mine", "own", "204", "files"]
    listed = [line.split()[:5] for line in shell.run("restore-points", "list").stdout.splitlines()]
    assert listed == [["mine", "own", "204", "files"], ["old", "git", "tag", "300", "files"]]
    shown = shell.run("restore-points", "show", "old").stdout.splitlines()
    assert [line.split()[0] for line in shown] == list(FILES)


@pytest.mark.parametrize(
    ("most", "said"), [(5, ()), (4, ("1 code file, from v34/new.py",)), (3, ("2 code files, from v34/llm.py",))]
)
def test_what_is_too_many_for_a_point_is_left_out_and_said(
    repository: Path, state: Path, monkeypatch: pytest.MonkeyPatch, most: int, said: tuple[str, ...]
) -> None:
    monkeypatch.setattr(copies, "MOST_FILES", most)
    points = RestorePoints(repository, state)
    made = points.create("mine")
    left_out = tuple(f"{text} on (a restore point holds at most {most})" for text in said)
    assert (made.files, made.left_out) == ((*CODE, "v34/new.py")[:most], left_out)
    assert points.compare("mine").left_out == left_out
    (listed,) = [point for point in points.list() if point.name == "mine"]
    assert listed.left_out == left_out
