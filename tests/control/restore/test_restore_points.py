"""Restore points: named code files and nothing else, with git and without it."""

import os
from pathlib import Path

import pytest

from tests.control.timmy_files import CANARY, CODE, aged, edit_chunks, git, lay_out
from timmy_tui.control.edit.atomic_replace import LIMIT
from timmy_tui.control.edit.transaction import write
from timmy_tui.control.errors import Conflict, Refused
from timmy_tui.control.journal.write_ahead import Entry, Journal, file_records, new_op, plan_rollback
from timmy_tui.control.restore.code import find_code
from timmy_tui.control.restore.points import FileDifference, RestorePoints, checked_name, default_name
from timmy_tui.core.errors import NotFound


def test_a_point_keeps_the_exact_bytes_of_the_code_files(root: Path, config: Path, state: Path) -> None:
    config.write_bytes(old := config.read_bytes().replace(b"\n", b"\r\n").rstrip())
    points = RestorePoints(root, state)
    point = points.create("before-tail-mode", note="by hand")
    assert (point.name, point.kind, point.files) == ("before-tail-mode", "own", CODE)
    assert point.note == "by hand" and point.not_in_git.endswith("is not a git repository.")
    edit_chunks(config)
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
    first, second = points.create_before("tail-mode"), points.create_before("tail-mode")
    assert first.name.startswith("before-tail-mode-2") and first.name != second.name and first.files == CODE
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


def test_differences_are_named_and_counted(repository: Path, state: Path) -> None:
    points = RestorePoints(repository, state)
    points.create("mine")
    (repository / "shared/latency_tracker.py").unlink()
    assert points.diff("before-kv-cache-fix") == (
        FileDifference("shared/latency_tracker.py", "only in the point", 2, 0),
        FileDifference("v34/config.py", "differs", 1, 1),
        FileDifference("v34/llm.py", "differs", 0, 1),
        FileDifference("v34/new.py", "only on disk"),
    )
    assert points.diff("mine") == (FileDifference("shared/latency_tracker.py", "only in the point", 2, 0),)


def test_a_point_that_is_none_is_not_found_and_the_nearest_is_offered(repository: Path, state: Path) -> None:
    points = RestorePoints(repository, state)
    for name in ("before-kv-cache", "HEAD", "main", "refs/heads/main", "--all", "HEAD~1"):
        with pytest.raises(NotFound) as missing:
            points.diff(name)
        assert ("before-kv-cache-fix" in missing.value.hint) is (name == "before-kv-cache")


def test_a_restore_is_refused_for_a_file_that_the_point_lacks(repository: Path, state: Path) -> None:
    points = RestorePoints(repository, state)
    with pytest.raises(Refused, match="holds no v34/new.py. It is only on disk, and stays"):
        points.plan("before-kv-cache-fix", ["v34/new.py"])
    with pytest.raises(Refused, match="Nothing to restore: shared/latency_tracker.py does not differ from"):
        points.plan("before-kv-cache-fix", ["shared/latency_tracker.py"])


def test_every_file_is_parsed_before_one_is_written(root: Path, config: Path, state: Path) -> None:
    llm = aged(root / "v34/llm.py", b"def f(:\n")
    points = RestorePoints(root, state)
    points.create("broken")
    aged(llm, b"X = 1\n")
    now = edit_chunks(config)
    with pytest.raises(Refused, match=r"v34/llm.py of broken: .*line 1"):
        points.restore("broken", ["v34/config.py", "v34/llm.py"])
    assert config.read_bytes() == now


def test_a_damaged_copy_is_not_restored(root: Path, config: Path, state: Path) -> None:
    points = RestorePoints(root, state)
    points.create("mine")
    edit_chunks(config)
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
    now = edit_chunks(config)
    with pytest.raises(Conflict, match="before-restore-"):
        points.latest()
    assert config.read_bytes() == now


def test_a_restore_that_was_never_written_is_not_returned_from(repository: Path, config: Path, state: Path) -> None:
    points = RestorePoints(repository, state)
    points.prepare("before-kv-cache-fix", ["v34/config.py"])
    with pytest.raises(NotFound, match="nothing was restored"):
        points.latest()


def test_links_large_files_and_environments_are_not_code(root: Path, state: Path, tmp_path: Path) -> None:
    (root / "v34/.venv").mkdir()
    (root / "v34/venv").mkdir()
    for path in ("v34/.venv/a.py", "v34/venv/a.py", "v34/notes.md", "v34/.hidden.py"):
        (root / path).write_bytes(b"X = 1\n")
    (root / "v34/large.py").write_bytes(b"#" * (LIMIT + 1))
    (root / "v34/link.py").symlink_to(root / "v34/app.py")
    os.mkfifo(root / "v34/fifo.py")
    code = find_code(root)
    assert code.files == CODE
    assert code.left_out == (
        "v34/fifo.py (is not a regular file)",
        "v34/large.py (is larger than 1 MiB)",
        "v34/link.py (a symbolic link)",
    )


def test_a_root_without_code_has_nothing_to_keep(tmp_path: Path, state: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(Refused, match="no code file"):
        RestorePoints(tmp_path / "empty", state).create("mine")


def test_a_damaged_manifest_is_said_and_git_may_have_the_same_point(root: Path, state: Path) -> None:
    points = RestorePoints(root, state)
    points.create("mine")
    (manifest,) = state.glob("restore/*/mine.json")
    manifest.write_bytes(manifest.read_bytes()[:-9])
    assert points.list() == ()
    assert points.list_problems[0] == f"The restore point mine cannot be read: {manifest} is damaged."
    with pytest.raises(Refused, match="mine cannot be read"):
        points.diff("mine")
    with pytest.raises(Refused, match="already"):
        points.create("mine")
    git(root, "init", "-q")
    assert points.list() == () and len(points.list_problems) == 1
    with pytest.raises(Refused, match="mine cannot be read"):
        points.diff("mine")
    git(root, "add", "v34", "shared/latency_tracker.py")
    git(root, "commit", "-qm", "first")
    git(root, "update-ref", "refs/timmy-tui/restore/mine", "HEAD")
    assert points.diff("mine") == ()


def test_s4_the_diff_of_a_point_shows_what_changed_and_no_password(repository: Path, state: Path) -> None:
    shown = "\n".join(RestorePoints(repository, state).unified("before-kv-cache-fix", "v34/config.py"))
    assert "-LLM_CONTEXT_SIZE = 4096" in shown and "+LLM_CONTEXT_SIZE = 8000" in shown
    assert CANARY.decode() not in shown


def test_a_folder_that_leads_out_of_the_root_holds_no_code_of_it(root: Path, state: Path, tmp_path: Path) -> None:
    (root / "shared").rename(tmp_path / "elsewhere")
    (root / "shared").symlink_to(tmp_path / "elsewhere")
    point = RestorePoints(root, state).create("mine")
    assert point.files is not None and not [file for file in point.files if file.startswith("shared/")]
    assert point.left_out == ("shared/ (a symbolic link that leads out of the root)",)
