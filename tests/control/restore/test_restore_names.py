"""Files and folders as a user names them: what is restored, what stays, and what is refused by name."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.control.timmy_files import aged, git, lay_out, temps
from timmy_tui.control.errors import Refused
from timmy_tui.control.restore.points import RestorePoints

CHANGED = ("shared/tools/deep/x.py", "shared/tracker.py", "v34/app.py", "v34/tests/a.py", "v34/tests/b.py")
FOLLOWED = (
    (("v34/",), CHANGED[2:]),
    (("v34",), CHANGED[2:]),
    (("./v34/",), CHANGED[2:]),
    (("v34//tests//",), CHANGED[3:]),
    (("shared/",), CHANGED[:2]),
    (("v34/", "shared/"), CHANGED),
    (("v34/tests/b.py", "shared"), (*CHANGED[:2], CHANGED[4])),
    (("shared/tools", "v34/app.py", "v34/app.py"), (CHANGED[0], CHANGED[2])),
    ((".",), CHANGED),
    ((), CHANGED),
)


@pytest.fixture
def points(root: Path, state: Path) -> RestorePoints:
    """Code in nested folders and data beside it, all of it in a tag, all of it edited since."""
    for name in CHANGED:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        aged(root / name, b"STATE = 'old'\n")
    for name in ("v34/notes.md", "v34/templates/chat.html", "shared/settings.json", "shared/.hidden.py", "README.md"):
        (root / name).parent.mkdir(exist_ok=True)
        aged(root / name, b"old\n")
    git(root, "init", "-q")
    git(root, "add", "-A", "-f")
    git(root, "commit", "-qm", "old")
    git(root, "tag", "old")
    for path in root.rglob("*"):
        if path.is_file() and ".git" not in path.parts and path.read_bytes() in (b"old\n", b"STATE = 'old'\n"):
            aged(path, b"STATE = 'new, and longer'\n")
    (root / "v34/only").mkdir()
    aged(root / "v34/only/here.py", b"HERE = 1\n")
    return RestorePoints(root, state)


@pytest.mark.parametrize(("names", "files"), FOLLOWED)
def test_files_and_folders_take_their_code_and_nothing_else(
    points: RestorePoints, names: tuple[str, ...], files: tuple[str, ...]
) -> None:
    before = {path: path.read_bytes() for path in points.root.rglob("*") if path.is_file() and ".git" not in path.parts}
    restoration = points.restoration("old", names)
    assert tuple(one.path for one in restoration.restored) == files
    assert {one.path for one in restoration.remaining} == {*CHANGED, "v34/only/here.py"} - set(files)
    points.restore("old", names)
    changed = {str(path.relative_to(points.root)) for path, data in before.items() if path.read_bytes() != data}
    assert changed == set(files)
    assert all((points.root / name).read_bytes() == b"STATE = 'old'\n" for name in files)


def test_a_path_from_the_top_of_the_machine_is_one_of_the_root(points: RestorePoints) -> None:
    (only,) = points.plan("old", [f"{points.root}/v34/app.py"])
    assert only.image.path == points.root / "v34/app.py"
    assert len(points.plan("old", [str(points.root)])) == len(CHANGED)


REFUSED = {
    "../timmy/v34/": "is refused: name files and folders from {root}, without ..",
    "v34/../shared": "is refused: name files and folders from {root}, without ..",
    "..": "is refused: name files and folders from {root}, without ..",
    "/etc": "is outside {root}.",
    "{root}er/v34": "is outside {root}.",
    "stt-server-v17/": "is not in v34/ or shared/: only code files in them are restored.",
    "README.md": "is not in v34/ or shared/: only code files in them are restored.",
    "v340/app.py": "is not in v34/ or shared/: only code files in them are restored.",
    "v34/notes.md": "is not a code file (.py): data is never restored.",
    "shared/settings.json": "is not a code file (.py): data is never restored.",
    "shared/latency.log": "is not a code file (.py): data is never restored.",
    "v34/none.txt": "is not a code file (.py): data is never restored.",
    "v34/templates/": "holds no code files (.py): data is never restored.",
    "shared/.hidden.py": "is hidden, or in a folder of installed programs: it is never restored.",
    "v34/venv/x.py": "is hidden, or in a folder of installed programs: it is never restored.",
    "v34/only/": "old holds no code file in v34/only/. What is there is only on disk, and stays.",
    "v34/only/here.py": "old holds no v34/only/here.py. It is only on disk, and stays.",
    "v34/ap.py": "old holds no v34/ap.py. Did you mean v34/app.py?",
    "v34/test": "old holds no code file in v34/test/. Did you mean v34/tests?",
    "": "An empty name is not the name of a file or folder.",
    "v34/a\nb": "is not the name of a file or folder.",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_has_no_code_of_the_point_is_refused_by_name(points: RestorePoints, name: str) -> None:
    why = REFUSED[name].format(root=points.root)
    name = name.format(root=points.root)
    before = (points.root / "v34/app.py").read_bytes()
    for names in ([name], ["v34/app.py", name]):
        with pytest.raises(Refused) as refused:
            points.restore("old", names)
        text = f"{refused.value.message} {refused.value.hint}".strip()
        assert text == (why if why.startswith(("old ", "An ")) else f"{name} {why}")
    assert (points.root / "v34/app.py").read_bytes() == before


def test_a_folder_that_is_all_the_same_is_nothing_to_restore_and_others_are_named(points: RestorePoints) -> None:
    points.restore("old", ["v34/tests"])
    with pytest.raises(Refused) as refused:
        points.plan("old", ["v34/tests"])
    assert refused.value.reason == "Nothing to restore: v34/tests does not differ from old."
    assert refused.value.hint == f"Others do: {', '.join(CHANGED[:3])}."
    points.restore("old")
    with pytest.raises(Refused) as refused:
        points.plan("old")
    assert (refused.value.reason, refused.value.hint) == ("Nothing to restore: no code file differs from old.", "")


def test_own_points_take_folders_as_well(points: RestorePoints) -> None:
    points.create("mine")
    points.restore("old")
    for name in CHANGED:
        aged(points.root / name)
    points.restore("mine", ["v34/tests/", "shared"])
    new = {name for name in CHANGED if b"new" in (points.root / name).read_bytes()}
    assert new == set(CHANGED) - {"v34/app.py"}


# -- places that a restore does not write through


def test_nothing_is_restored_through_a_link(points: RestorePoints) -> None:
    root = points.root
    (root / "v34").rename(root / "v35")
    (root / "v34").symlink_to("v35")
    before = (root / "v35/app.py").read_bytes()
    with pytest.raises(Refused, match="Nothing can be restored from old: v34/app.py: it is reached through a"):
        points.restore("old", ["v34/"])
    with pytest.raises(Refused, match="v34/app.py of old cannot be restored: it is reached through a symbolic link"):
        points.restore("old", ["v34/app.py"])
    restoration = points.restoration("old")
    assert {one.path for one in restoration.restored} == set(CHANGED[:2])
    points.restore("old")
    assert (root / "v35/app.py").read_bytes() == before


def test_a_file_that_is_something_else_now_stays_and_says_why(points: RestorePoints, tmp_path: Path) -> None:
    root = points.root
    (root / "v34/app.py").unlink()
    (root / "v34/app.py").symlink_to(aged(tmp_path / "elsewhere.py", b"X = 1\n"))
    (root / "shared/tracker.py").unlink()
    (root / "shared/tracker.py").mkdir()
    (root / "v34/tests").rename(root / "v34/tests.away")
    (root / "v34/tests").write_text("a file")
    restoration = points.restoration("old")
    assert {one.path: one.reason for one in restoration.remaining if one.state == "cannot be restored"} == {
        "shared/tracker.py": "is not a regular file.",
        "v34/app.py": "it is reached through a symbolic link",
        "v34/tests/a.py": "v34/tests is not a folder now",
        "v34/tests/b.py": "v34/tests is not a folder now",
    }
    assert [one.path for one in restoration.restored] == ["shared/tools/deep/x.py"]


def test_a_file_that_does_not_parse_is_refused_and_the_others_can_be_named(points: RestorePoints) -> None:
    aged(points.root / "v34/tests/a.py", b"print 'two'\n")
    points.create("broken")
    points.restore("old")
    for name in CHANGED:
        aged(points.root / name)
    with pytest.raises(Refused, match="v34/tests/a.py of broken: The file is not valid Python") as refused:
        points.plan("broken")
    assert refused.value.hint == "Name the files or folders to restore without it."
    assert len(points.plan("broken", ["v34/app.py", "shared/"])) == 3


NOBODY = 65534
AS_NOBODY = """
import os, sys
from pathlib import Path
from timmy_tui.control.errors import Unsafe
from timmy_tui.control.restore.points import RestorePoints
root = Path(sys.argv[1])
points = RestorePoints(root, Path(sys.argv[2]))
points.create("mine")
for name in ("shared/latency_tracker.py", "v34/app.py"):
    (root / name).write_bytes(b"EDITED = 1\\n")
    os.utime(root / name, (1_700_000_000, 1_700_000_000))
if sys.argv[3] == "gone":
    (root / "v34/app.py").unlink()
(root / "v34").chmod(0o555)
try:
    points.restore("mine")
except Unsafe as unsafe:
    print(unsafe.message)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="needs a second user")
@pytest.mark.parametrize("app", ["edited", "gone"])
def test_c5_a_read_only_folder_is_refused_and_no_file_of_the_others_is_written(app: str) -> None:
    with tempfile.TemporaryDirectory() as open_to_all:
        Path(open_to_all).chmod(0o755)
        root = lay_out(Path(open_to_all) / "timmy")
        state = Path(open_to_all) / "state"
        state.mkdir()
        for path in (root, state, *root.rglob("*")):
            os.chown(path, NOBODY, NOBODY)
        argv = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
        done = subprocess.run(
            [*argv, sys.executable, "-c", AS_NOBODY, str(root), str(state), app],
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3]), "PYTHONDONTWRITEBYTECODE": "1"},
            timeout=30,
        )
        assert f"{root}/v34/app.py cannot be " in done.stdout and "Permission denied" in done.stdout, done
        assert (root / "shared/latency_tracker.py").read_bytes() == b"EDITED = 1\n"
        assert (root / "v34/app.py").exists() is (app == "edited")
        assert temps(root / "v34") == temps(root / "shared") == []
