"""Restore points: named code files and nothing else, with git and without it."""

import hashlib
import os
import shutil
from pathlib import Path

import pytest

from tests.control.places import CANARY, aged, git, lay_out
from timmy_tui.control import git as git_module
from timmy_tui.control import kept
from timmy_tui.control.atomic import LIMIT
from timmy_tui.control.config_file import write
from timmy_tui.control.journal import Entry, Journal, file_records, new_op, plan_rollback
from timmy_tui.control.masking import MASK, masked_diff
from timmy_tui.control.refused import Conflict, Refused, Unsafe
from timmy_tui.control.restore_points import FileDifference, RestorePoints, checked_name, default_name
from timmy_tui.errors import NotFound

CODE = ("shared/latency_tracker.py", "v34/app.py", "v34/config.py", "v34/llm.py")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return lay_out(tmp_path / "timmy")


@pytest.fixture
def config(root: Path) -> Path:
    return root / "v34/config.py"


@pytest.fixture
def state(tmp_path: Path) -> Path:
    folder = tmp_path / "state"
    folder.mkdir()
    return folder


@pytest.fixture
def repository(root: Path) -> Path:
    """The user's repository: a tag, then an uncommitted edit, a staged one and an untracked file."""
    git(root, "init", "-q", "-b", "main")
    git(root, "add", "v34", "shared/latency_tracker.py")
    git(root, "commit", "-qm", "first")
    git(root, "tag", "before-kv-cache-fix")
    aged(root / "v34/config.py", (root / "v34/config.py").read_bytes().replace(b"= 8000", b"= 4096"))
    aged(root / "v34/llm.py", (root / "v34/llm.py").read_bytes() + b"# staged\n")
    git(root, "add", "v34/llm.py")
    aged(root / "v34/new.py", b"NEW = 1\n")
    return root


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


def change(config: Path) -> bytes:
    return aged(
        config, config.read_bytes().replace(b"NUM_RETRIEVED_CHUNKS = 5", b"NUM_RETRIEVED_CHUNKS = 9")
    ).read_bytes()


def test_a_point_keeps_the_exact_bytes_of_the_code_files(root: Path, config: Path, state: Path) -> None:
    config.write_bytes(old := config.read_bytes().replace(b"\n", b"\r\n").rstrip())
    points = RestorePoints(root, state)
    point = points.create("before-tail-mode", note="by hand")
    assert (point.name, point.kind, point.files) == ("before-tail-mode", "own", CODE)
    assert point.note.startswith("by hand; not in git: ")
    change(config)
    points.restore("before-tail-mode", ["v34/config.py"])
    assert config.read_bytes() == old


def test_copies_are_private(root: Path, state: Path) -> None:
    RestorePoints(root, state).create("mine")
    for path in state.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path


def test_the_default_name_says_what_it_was_made_before(root: Path, state: Path) -> None:
    points = RestorePoints(root, state)
    first, second = points.create(), points.create()
    assert first.name.startswith("before-change-") and first.name != second.name
    assert default_name("tail-mode").startswith("before-tail-mode-2")
    assert checked_name(default_name("odd flag/..")) == default_name("odd flag/..")


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".a", "-a", "a..b", "a.lock", "a.", "a b", "a\n", "é", "x" * 101])
def test_a_name_that_is_none_of_a_file_or_ref_is_refused(name: str) -> None:
    with pytest.raises(Refused):
        checked_name(name)


def test_a_name_is_not_taken_twice(repository: Path, state: Path, tmp_path: Path) -> None:
    points = RestorePoints(repository, state)
    points.create("mine")
    with pytest.raises(Refused, match="already"):
        points.create("mine")
    (tmp_path / "other").mkdir()
    with pytest.raises(Refused, match="already"):
        RestorePoints(repository, tmp_path / "other").create("mine")


def test_points_of_another_root_are_not_shown(root: Path, state: Path, tmp_path: Path) -> None:
    RestorePoints(root, state).create("mine")
    assert RestorePoints(lay_out(tmp_path / "second"), state).list() == ()


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
    assert points.create("mine").note == ""
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


def test_differences_are_named_and_counted(repository: Path, state: Path) -> None:
    points = RestorePoints(repository, state)
    points.create("mine")
    (repository / "shared/latency_tracker.py").unlink()
    assert points.diff("before-kv-cache-fix") == (
        FileDifference("shared/latency_tracker.py", "only in the point"),
        FileDifference("v34/config.py", "differs", 1, 1),
        FileDifference("v34/llm.py", "differs", 0, 1),
        FileDifference("v34/new.py", "only on disk"),
    )
    assert points.diff("mine") == (FileDifference("shared/latency_tracker.py", "only in the point"),)


def test_a_point_that_is_none_is_not_found_and_the_nearest_is_offered(repository: Path, state: Path) -> None:
    points = RestorePoints(repository, state)
    for name in ("before-kv-cache", "HEAD", "main", "refs/heads/main", "--all", "HEAD~1"):
        with pytest.raises(NotFound) as missing:
            points.diff(name)
        assert ("before-kv-cache-fix" in missing.value.way_out) is (name == "before-kv-cache")


@pytest.mark.parametrize(
    "file",
    ["shared/latency.log", "README.py", "v34/../x.py", "../x.py", "/etc/x.py", "v34", "v34/.x.py", "shared/link.py"],
)
def test_only_code_files_in_v34_and_shared_are_restored(
    repository: Path, state: Path, tmp_path: Path, file: str
) -> None:
    (repository / "README.py").write_bytes(b"X = 1\n")
    (repository / "v34/.x.py").write_bytes(b"X = 1\n")
    (tmp_path / "outside.py").write_bytes(b"X = 1\n")
    (repository / "shared/link.py").symlink_to(tmp_path / "outside.py")
    points = RestorePoints(repository, state)
    for act in (lambda: points.plan("before-kv-cache-fix", [file]), lambda: points.create("mine", [file])):
        with pytest.raises(Unsafe):
            act()


def test_a_restore_is_refused_for_a_file_that_the_point_or_the_disk_lacks(repository: Path, state: Path) -> None:
    points = RestorePoints(repository, state)
    with pytest.raises(Refused, match="holds no v34/new.py"):
        points.plan("before-kv-cache-fix", ["v34/new.py"])
    (repository / "v34/app.py").unlink()
    with pytest.raises(Unsafe, match="does not exist now"):
        points.plan("before-kv-cache-fix", ["v34/app.py"])
    with pytest.raises(Refused, match="Nothing to restore"):
        points.plan("before-kv-cache-fix", ["shared/latency_tracker.py"])


def test_every_file_is_parsed_before_one_is_written(root: Path, config: Path, state: Path) -> None:
    llm = aged(root / "v34/llm.py", b"def f(:\n")
    points = RestorePoints(root, state)
    points.create("broken")
    aged(llm, b"X = 1\n")
    now = change(config)
    with pytest.raises(Refused, match=r"v34/llm.py of broken: .*line 1"):
        points.restore("broken", ["v34/config.py", "v34/llm.py"])
    assert config.read_bytes() == now


def test_a_damaged_copy_is_not_restored(root: Path, config: Path, state: Path) -> None:
    points = RestorePoints(root, state)
    points.create("mine")
    change(config)
    for blob in (state / "backups").glob("config.py.*"):
        blob.write_bytes(b"X = 1\n")
    with pytest.raises(Refused, match="not what was kept"):
        points.plan("mine", ["v34/config.py"])


def test_a_restore_can_be_undone_by_the_journal(repository: Path, config: Path, state: Path) -> None:
    points, journal = RestorePoints(repository, state), Journal(state / "journal.jsonl")
    old = config.read_bytes()
    planned = points.prepare("before-kv-cache-fix", ["v34/config.py"])
    op = new_op()
    journal.append(Entry(op=op, stage="editing", files=file_records(planned)))
    write(planned)
    aged(config)
    write(plan_rollback(journal.operations()[0]))
    assert config.read_bytes() == old
    assert CANARY not in journal.path.read_bytes()


def test_return_to_latest_goes_back_over_all_restores(repository: Path, config: Path, state: Path) -> None:
    points, llm = RestorePoints(repository, state), repository / "v34/llm.py"
    points.create("first")
    latest = {path: path.read_bytes() for path in (config, llm)}
    points.restore("before-kv-cache-fix", ["v34/config.py", "v34/llm.py"])
    aged(config), aged(llm)
    points.restore("first", ["v34/llm.py"])
    aged(llm)
    points.restore("before-kv-cache-fix", ["v34/llm.py"])
    aged(llm)
    points.latest()
    assert {path: path.read_bytes() for path in latest} == latest
    with pytest.raises(NotFound, match="nothing was restored"):
        points.latest()


def test_return_to_latest_does_not_overwrite_a_later_edit(repository: Path, config: Path, state: Path) -> None:
    points = RestorePoints(repository, state)
    with pytest.raises(NotFound):
        points.latest()
    points.restore("before-kv-cache-fix", ["v34/config.py"])
    now = change(config)
    with pytest.raises(Conflict, match="before-restore-"):
        points.latest()
    assert config.read_bytes() == now


def test_a_restore_that_was_never_written_is_not_returned_from(repository: Path, config: Path, state: Path) -> None:
    points = RestorePoints(repository, state)
    points.prepare("before-kv-cache-fix", ["v34/config.py"])
    with pytest.raises(NotFound, match="nothing was restored"):
        points.latest()


def test_c21_without_a_repository_own_copies_work(root: Path, config: Path, state: Path) -> None:
    points = RestorePoints(root, state)
    assert "not a git repository" in points.git_off
    points.create("mine")
    old, _ = config.read_bytes(), change(config)
    points.restore("mine", ["v34/config.py"])
    assert config.read_bytes() == old


def test_c21_without_git_own_copies_work(
    repository: Path, state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    points = RestorePoints(repository, state)
    assert points.git_off == "git is not installed."
    assert points.create("mine").note == "not in git: git is not installed."
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
    assert points.create("mine").note == ""
    points.restore("before-kv-cache-fix", ["v34/config.py"])
    assert (repository / ".git/index.lock").exists()


def test_c21_git_that_fails_or_hangs_leaves_the_own_copy(
    repository: Path, state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    points = RestorePoints(repository, state)
    shutil.rmtree(repository / ".git/objects")
    point = points.create("broken-repository")
    assert point.kind == "own" and "not in git: " in point.note
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
    assert points.create("mine").note == ""
    points.diff("mine"), points.diff("before-kv-cache-fix")
    assert not ran.exists() and not (tmp_path / "index").exists()


def test_links_large_files_and_environments_are_not_code(root: Path, state: Path, tmp_path: Path) -> None:
    (root / "v34/.venv").mkdir()
    (root / "v34/venv").mkdir()
    for path in ("v34/.venv/a.py", "v34/venv/a.py", "v34/notes.md", "v34/.hidden.py"):
        (root / path).write_bytes(b"X = 1\n")
    (root / "v34/large.py").write_bytes(b"#" * (LIMIT + 1))
    (root / "v34/link.py").symlink_to(root / "v34/app.py")
    os.mkfifo(root / "v34/fifo.py")
    assert tuple(kept.code_files(root)) == CODE


def test_a_root_without_code_has_nothing_to_keep(tmp_path: Path, state: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(Refused, match="no code file"):
        RestorePoints(tmp_path / "empty", state).create("mine")


def test_a_damaged_manifest_is_no_point(root: Path, state: Path) -> None:
    points = RestorePoints(root, state)
    points.create("mine")
    (manifest,) = state.glob("restore/*/mine.json")
    manifest.write_bytes(manifest.read_bytes()[:-9])
    assert points.list() == ()
    with pytest.raises(NotFound):
        points.diff("mine")


SECRETS = b'''import os
DB_CONFIG = {
    "user": "timmy",
    "password": "canary",
}
API_TOKEN: str = "canary"
a.secret = """can
ary canary"""
b["key"] = "canary"
URL = "postgres://timmy:canary@localhost/db"
connect(host="x", password="canary")
pw = os.getenv("DB_PASS", "canary")
def f(user, passwd="canary", *, dsn="canary"): ...
if (token := "canary"): pass
N = 5
'''


def test_s4_secrets_are_masked_in_a_diff() -> None:
    shown = "\n".join(
        masked_diff(SECRETS, SECRETS.replace(b"N = 5", b"N = 6").replace(b"import os", b"import sys, os"), "config.py")
    )
    assert "canary" not in shown and "-N = 5" in shown and "+N = 6" in shown and MASK in shown
    everything = "\n".join(masked_diff(b"", SECRETS, "config.py"))
    assert "canary" not in everything and f"postgres://{MASK}@localhost/db" in everything and "+N = 5" in everything


def test_s4_a_changed_secret_is_not_shown_and_neither_is_a_file_that_does_not_parse() -> None:
    (told,) = masked_diff(SECRETS, SECRETS.replace(b"canary", b"other"), "a.py")
    assert told == "a.py differs only in masked lines or in line ends."
    (told,) = masked_diff(SECRETS, b"password = 'canary' (", "a.py")
    assert "not valid Python" in told and "canary" not in told


def test_s4_the_diff_of_a_point_shows_what_changed_and_no_password(repository: Path, state: Path) -> None:
    shown = "\n".join(RestorePoints(repository, state).unified("before-kv-cache-fix", "v34/config.py"))
    assert "-LLM_CONTEXT_SIZE = 4096" in shown and "+LLM_CONTEXT_SIZE = 8000" in shown
    assert CANARY.decode() not in shown
