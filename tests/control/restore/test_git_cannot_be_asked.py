"""Where git cannot be asked, every answer says so, and why, and git's own remedy; the own copies still work."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.control.harness import controller_on
from tests.control.services import Service
from tests.control.shell import Shell
from tests.control.timmy_files import aged, edit_chunks, git, lay_out
from timmy_tui.control.errors import Refused
from timmy_tui.control.restore.points import RestorePoints
from timmy_tui.model.user_requests import CreatePoint, Restore

NOBODY = 65534
TAG = "before-kv-cache-fix"
NO_SERVICE = '[services]\nv34 = "http://127.0.0.1:9"\n'


def remove_git_from_path(root: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    monkeypatch.setenv("PATH", str(root / "shared"))
    return "git is not installed.", ""


def give_to_another_user(root: Path, _: pytest.MonkeyPatch) -> tuple[str, str]:
    if os.geteuid() != 0:
        pytest.skip("needs a second user")
    for path in (root, root / ".git"):
        os.chown(path, NOBODY, NOBODY)
    return (
        f"git does not trust {root}: it belongs to another user (dubious ownership).",
        f"If you trust it: git config --global --add safe.directory {root}",
    )


def remove_the_repository(root: Path, _: pytest.MonkeyPatch) -> tuple[str, str]:
    shutil.rmtree(root / ".git")
    return f"{root} is not a git repository.", ""


def damage_the_repository(root: Path, _: pytest.MonkeyPatch) -> tuple[str, str]:
    (root / ".git/HEAD").unlink()
    return f"git cannot use {root}/.git: it is damaged, or may not be read.", ""


def break_the_settings(root: Path, _: pytest.MonkeyPatch) -> tuple[str, str]:
    (root / ".git/config").write_text("[core\n")
    return "git says: bad config line 1 in file .git/config.", ""


CAUSES = [
    remove_git_from_path, give_to_another_user, remove_the_repository, damage_the_repository, break_the_settings
]  # fmt: skip
Cause = Callable[[Path, pytest.MonkeyPatch], tuple[str, str]]


@pytest.fixture(params=CAUSES)
def cause(request: pytest.FixtureRequest) -> Cause:
    """Makes git fail; returns the reason and the remedy that are to be said."""
    made: Cause = request.param
    return made


def test_every_answer_says_why(repository: Path, state: Path, monkeypatch: pytest.MonkeyPatch, cause: Cause) -> None:
    RestorePoints(repository, state).create("mine")
    why, remedy = cause(repository, monkeypatch)
    said = f"{why} {remedy}".strip()
    points = RestorePoints(repository, state)
    assert points.git_off == said
    assert [(point.name, point.kind) for point in points.list()] == [("mine", "own")]
    assert points.list_problems == (f"git's tags cannot be listed: {said}",)
    made = points.create("more")
    assert (made.not_in_git, made.note, made.problem) == (said, "", "")
    for act in (points.diff, points.plan):
        with pytest.raises(Refused) as refused:
            act(TAG)
        start = f"there is no own restore point {TAG}, and git's tags could not be looked at: "
        assert (refused.value.reason, refused.value.hint) == (start + why, remedy)
    with pytest.raises(Refused) as refused:
        points.diff("mime")
    assert refused.value.hint == f"{remedy} Did you mean mine?".strip()
    edited = edit_chunks(repository / "v34/config.py")
    points.restore("mine", ["v34/"])
    assert (repository / "v34/config.py").read_bytes() != edited


def test_a_repository_that_is_lost_meanwhile_and_comes_back(repository: Path, state: Path, tmp_path: Path) -> None:
    points = RestorePoints(repository, state)
    points.create("mine")

    def listed() -> tuple[set[str], tuple[str, ...]]:
        return {point.name for point in points.list()}, points.list_problems

    assert listed() == ({"mine", TAG}, ())
    (repository / ".git").rename(tmp_path / "away")
    why = f"git's tags cannot be listed: {repository} is not a git repository."
    assert listed() == ({"mine"}, (why,))
    (tmp_path / "away").rename(repository / ".git")
    assert listed() == ({"mine", TAG}, ())


def test_the_screen_says_it_of_a_list_a_point_a_restore_and_a_first_change(
    repository: Path, state: Path, monkeypatch: pytest.MonkeyPatch, cause: Cause
) -> None:
    why, remedy = cause(repository, monkeypatch)
    said = f"{why} {remedy}".strip()
    with controller_on(Service(repository), state) as harness:
        harness.controller.poll()
        assert harness.controller.state().restore_problems == (f"git's tags cannot be listed: {said}",)
        assert said in harness.plan(Restore(TAG)).refusal
        assert harness.controller.start(harness.plan(CreatePoint("mine"))).endswith(f"mine made; not in git: {said}")
        harness.flip()
        harness.answer("keep")
        (flipped,) = harness.restore_points("before-retrieved-chunks-")
        assert (f"restore point {flipped} made; not in git: {said}", "muted") in harness.notices
        aged(repository / "v34/config.py")
        harness.start(Restore("mine"))
        harness.until_over()
        (restored,) = harness.restore_points("before-restore-")
        assert (f"restore point {restored} made; not in git: {said}", "muted") in harness.notices


def test_the_shell_says_it(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cause: Cause) -> None:
    why, remedy = cause(repository, monkeypatch)
    said = f"{why} {remedy}".strip()
    shell = Shell(repository, tmp_path / "xdg", NO_SERVICE)
    made = shell.run("restore-points", "create", "mine")
    assert (made.returncode, made.stderr) == (0, "") and f"not in git: {said}" in made.stdout
    listed = shell.run("restore-points", "list")
    assert (listed.returncode, listed.stderr) == (0, f"git's tags cannot be listed: {said}\n")
    assert listed.stdout.split()[:2] == ["mine", "own"]
    for command in (("show", TAG), ("restore", TAG, "v34/", "shared/", "--yes")):
        refused = shell.run("restore-points", *command)
        assert refused.returncode == 1 and why in refused.stderr and remedy in refused.stderr, command


def test_a_folder_inside_another_repository_has_no_tags_of_its_own(tmp_path: Path, state: Path) -> None:
    outer = tmp_path / "home"
    inner = lay_out(outer / "timmy")
    git(outer, "init", "-q")
    points = RestorePoints(inner, state)
    points.list()
    assert points.list_problems == (
        f"git's tags cannot be listed: {inner} is not the top of its repository, which is {outer}.",
    )
