"""Git beside the own copies: nothing of the user's repository moves, and any bad state of it only costs the extra."""

import hashlib
import os
import shutil
from pathlib import Path

import pytest

from tests.control.timmy_files import aged, edit_chunks, git, lay_out
from timmy_tui.control.restore import git as git_module
from timmy_tui.control.restore.points import FileDifference, RestorePoints


def fingerprint(root: Path) -> dict[str, str]:
    """HEAD, index, branches and tags, work tree: all that a restore point must not move."""
    found = {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.glob("*/*"))[:200]
        if path.is_file()
    }
    found["index"] = hashlib.sha256((root / ".git/index").read_bytes()).hexdigest()
    found["HEAD"] = (root / ".git/HEAD").read_text()
    found["refs"] = git(root, "for-each-ref", "refs/heads", "refs/tags", "refs/stash")
    found["status"] = git(root, "status", "--porcelain=v2", "--untracked-files=all")
    found["staged"] = git(root, "diff", "--cached")
    found["diff"] = git(root, "diff")
    return found


def test_own_points_refs_and_tags_are_listed(repository: Path, state: Path, tmp_path: Path) -> None:
    points = RestorePoints(repository, state)
    points.create("mine")
    assert {(point.name, point.kind) for point in points.list()} == {
        ("mine", "own"),
        ("before-kv-cache-fix", "git tag"),
    }
    (tmp_path / "other").mkdir()
    without_copies = RestorePoints(repository, tmp_path / "other")
    assert ("mine", "git ref") in {(point.name, point.kind) for point in without_copies.list()}
    git(repository, "tag", "mine")
    assert ("refs/tags/mine", "git tag") in {(point.name, point.kind) for point in points.list()}
    assert points.diff("mine") == () != points.diff("refs/tags/mine")
    assert all(point.at for point in points.list())


def test_c20_nothing_of_the_repository_moves(repository: Path, state: Path) -> None:
    points = RestorePoints(repository, state)
    before = fingerprint(repository)
    points.create("mine")
    points.list()
    points.diff("before-kv-cache-fix")
    points.unified("before-kv-cache-fix", "v34/config.py")
    assert fingerprint(repository) == before
    assert (
        git(repository, "show", "refs/timmy-tui/restore/mine:v34/config.py").encode()
        == (repository / "v34/config.py").read_bytes()
    )
    assert git(repository, "show", "refs/timmy-tui/restore/mine:v34/new.py") == "NEW = 1\n"
    assert git(repository, "rev-parse", "refs/timmy-tui/restore/mine^") == git(repository, "rev-parse", "HEAD")


def test_c20_a_restore_changes_the_named_file_and_nothing_else(repository: Path, config: Path, state: Path) -> None:
    points = RestorePoints(repository, state)
    before = fingerprint(repository)
    points.restore("before-kv-cache-fix", ["v34/config.py"])
    after = fingerprint(repository)
    assert b"LLM_CONTEXT_SIZE = 8000" in config.read_bytes()
    changed = {key for key in before if before[key] != after[key]}
    assert changed <= {str(config), "status", "diff"}
    assert (after["HEAD"], after["index"], after["staged"]) == (before["HEAD"], before["index"], before["staged"])


def test_a_repository_without_a_commit_works(root: Path, state: Path) -> None:
    git(root, "init", "-q")
    points = RestorePoints(root, state)
    assert points.create("mine").not_in_git == ""
    assert "v34/app.py" in git(root, "ls-tree", "-r", "--name-only", "refs/timmy-tui/restore/mine")


def test_ignored_files_are_kept_in_git_too(repository: Path, state: Path) -> None:
    (repository / ".gitignore").write_text("v34/config.py\n")
    git(repository, "rm", "-q", "--cached", "v34/config.py")
    RestorePoints(repository, state).create("mine")
    assert git(repository, "show", "refs/timmy-tui/restore/mine:v34/config.py")


def test_the_line_ends_of_the_repository_are_honoured(root: Path, config: Path, state: Path) -> None:
    git(root, "init", "-q")
    (root / ".gitattributes").write_text("*.py text eol=crlf\n")
    config.write_bytes(crlf := config.read_bytes().replace(b"\n", b"\r\n"))
    git(root, "add", ".")
    git(root, "commit", "-qm", "first")
    git(root, "tag", "old")
    aged(config, crlf.replace(b"= 8000", b"= 4096"))
    points = RestorePoints(root, state)
    assert points.diff("old") == (FileDifference("v34/config.py", "differs", 1, 1),)
    points.restore("old", ["v34/config.py"])
    assert config.read_bytes() == crlf


def test_c21_without_a_repository_own_copies_work(root: Path, config: Path, state: Path) -> None:
    points = RestorePoints(root, state)
    assert "not a git repository" in points.git_off
    points.create("mine")
    old, _ = config.read_bytes(), edit_chunks(config)
    points.restore("mine", ["v34/config.py"])
    assert config.read_bytes() == old


def test_c21_without_git_own_copies_work(
    repository: Path, state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    points = RestorePoints(repository, state)
    assert points.git_off == "git is not installed."
    assert points.create("mine").not_in_git == "git is not installed."
    assert [point.name for point in points.list()] == ["mine"]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs a second user")
def test_c21_a_repository_of_another_user_is_not_trusted(repository: Path, state: Path) -> None:
    for path in (repository, repository / ".git"):
        os.chown(path, 65534, 65534)
    points = RestorePoints(repository, state)
    assert "dubious ownership" in points.git_off
    assert points.create("mine").kind == "own"


def test_c21_an_index_lock_does_not_matter(repository: Path, state: Path) -> None:
    (repository / ".git/index.lock").touch()
    points = RestorePoints(repository, state)
    assert points.create("mine").not_in_git == ""
    points.restore("before-kv-cache-fix", ["v34/config.py"])
    assert (repository / ".git/index.lock").exists()


def test_c21_git_that_fails_or_hangs_leaves_the_own_copy(
    repository: Path, state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    points = RestorePoints(repository, state)
    shutil.rmtree(repository / ".git/objects")
    point = points.create("broken-repository")
    assert point.kind == "own" and point.not_in_git
    slow = tmp_path / "git"
    slow.write_text("#!/bin/sh\nsleep 60 &\nwait\n")
    slow.chmod(0o755)
    monkeypatch.setattr(git_module, "LIMIT_S", 0.2)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    hung = RestorePoints(repository, state)
    assert "took longer" in hung.git_off


def test_a_root_inside_another_repository_is_left_to_own_copies(tmp_path: Path, state: Path) -> None:
    outer = tmp_path / "home"
    inner = lay_out(outer / "timmy")
    git(outer, "init", "-q")
    assert "not the top of its repository" in RestorePoints(inner, state).git_off


def test_the_callers_git_variables_and_hooks_have_no_say(
    repository: Path, state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = tmp_path / "ran"
    for hook in ("reference-transaction", "post-commit", "post-index-change"):
        path = repository / ".git/hooks" / hook
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\ntouch {ran}\n")
        path.chmod(0o755)
    git(repository, "config", "core.fsmonitor", f"touch {ran}")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
    points = RestorePoints(repository, state)
    assert points.create("mine").not_in_git == ""
    points.diff("mine"), points.diff("before-kv-cache-fix")
    assert not ran.exists() and not (tmp_path / "index").exists()
