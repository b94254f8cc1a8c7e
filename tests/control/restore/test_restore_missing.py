"""A file that is gone comes back, and an undo removes it again: never over somebody else's file, at any kill."""

import itertools
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from tests.control.harness import ControlHarness, controller_on
from tests.control.services import Service
from tests.control.timmy_files import aged, git, temps
from timmy_tui.control.edit.transaction import PlannedFile, write
from timmy_tui.control.errors import Conflict, Unsafe
from timmy_tui.control.journal.write_ahead import (
    Entry,
    FileState,
    Journal,
    classify,
    file_records,
    new_op,
    plan_rollback,
    remove_leftovers,
)
from timmy_tui.control.restore.points import RestorePoints
from timmy_tui.model.change import ChangeState
from timmy_tui.model.user_requests import Restore, RestoreLatest, Undo

GONE = ("shared/tools/deep/x.py", "shared/tools/y.py", "v34/llm.py")
TAG = "before-kv-cache-fix"


@pytest.fixture
def repository(root: Path) -> Path:
    """A tag of everything; since then GONE was deleted, its folders too, and app.py edited."""
    (root / "shared/tools/deep").mkdir(parents=True)
    for name in GONE[:2]:
        aged(root / name, b"TOOL = 1\n")
    git(root, "init", "-q", "-b", "main")
    git(root, "add", "v34", "shared")
    git(root, "commit", "-qm", "first")
    git(root, "tag", TAG)
    for name in GONE:
        (root / name).unlink()
    (root / "shared/tools/deep").rmdir()
    (root / "shared/tools").rmdir()
    aged(root / "v34/app.py", (root / "v34/app.py").read_bytes() + b"# edited\n")
    return root


def contents(root: Path) -> dict[str, bytes | None]:
    """Every file and folder of the Timmy; None for a folder."""
    found = {path: path for path in root.rglob("*") if ".git" not in path.relative_to(root).parts}
    return {str(path.relative_to(root)): path.read_bytes() if path.is_file() else None for path in found}


@pytest.fixture
def harness(repository: Path, state: Path) -> Iterator[ControlHarness]:
    with controller_on(Service(repository), state) as harness:
        yield harness


def test_it_comes_back_as_git_would_bring_it_and_an_undo_removes_it_again(harness: ControlHarness) -> None:
    root, before = harness.root, contents(harness.root)
    umask = os.umask(0o027)
    try:
        harness.start(Restore(TAG, ("v34/", "shared/")))
        assert harness.until_over() is ChangeState.KEPT
    finally:
        os.umask(umask)
    assert git(root, "status", "--porcelain") == ""
    assert (root / "v34/llm.py").stat().st_mode & 0o777 == 0o640
    plan = harness.start(Undo())
    assert harness.until_over() is ChangeState.ROLLED_BACK, (plan, harness.messages)
    assert contents(root) == before
    assert not temps(root / "v34")


def test_the_latest_state_has_it_gone_again_and_that_can_be_undone(harness: ControlHarness) -> None:
    root, before = harness.root, contents(harness.root)
    harness.start(Restore(TAG))
    assert harness.until_over() is ChangeState.KEPT
    restored = contents(root)
    (root / "v34/llm.py").chmod(0o600)
    plan = harness.start(RestoreLatest())
    assert plan.preview[:2] == (
        "4 code files are put back as before the first restore: +1 −{} lines".format(
            sum((data or b"").count(b"\n") for name, data in restored.items() if name in GONE)
        ),
        f"removed, because a restore made them: {', '.join(GONE)}",
    )
    assert harness.until_over() is ChangeState.KEPT
    assert contents(root) == before
    harness.start(Undo())
    assert harness.until_over() is ChangeState.ROLLED_BACK
    assert contents(root) == restored and (root / "v34/llm.py").stat().st_mode & 0o777 == 0o600


def test_only_files_that_are_made_again_are_a_restore_too(harness: ControlHarness) -> None:
    harness.start(Restore(TAG, ("v34/llm.py",)))
    assert harness.until_over() is ChangeState.KEPT, harness.messages
    (name,) = harness.restore_points("before-restore-")
    harness.start(RestoreLatest())
    assert harness.until_over() is ChangeState.KEPT, harness.messages
    assert not (harness.root / "v34/llm.py").exists()


@pytest.mark.parametrize("appears", ["a file", "the same", "a link", "a folder"])
def test_what_has_appeared_meanwhile_stays_and_nothing_else_is_written(harness: ControlHarness, appears: str) -> None:
    root, path = harness.root, harness.root / "v34/llm.py"
    old = git(root, "show", f"{TAG}:v34/llm.py").encode()
    plan = harness.plan(Restore(TAG))
    if appears == "a folder":
        path.mkdir()
    elif appears == "a link":
        path.symlink_to("nowhere")
    else:
        path.write_bytes(old if appears == "the same" else b"MINE = 1\n")
    before = contents(root)
    harness.controller.start(plan)
    assert harness.until_over() is ChangeState.IDLE
    assert contents(root) == before and not temps(root / "v34")
    assert harness.journal.open_operations() == []


def test_what_was_edited_since_is_not_removed_by_an_undo(harness: ControlHarness) -> None:
    harness.start(Restore(TAG))
    assert harness.until_over() is ChangeState.KEPT
    aged(harness.root / "v34/llm.py", b"MINE = 1\n")
    assert "was changed since; its bytes stay" in harness.plan(Undo()).refusal
    assert "A file was changed since it was restored" in harness.plan(RestoreLatest()).refusal
    (harness.root / "v34/llm.py").unlink()
    assert "A file was changed since it was restored" in harness.plan(RestoreLatest()).refusal


def test_a_folder_with_a_file_of_somebody_else_stays(harness: ControlHarness) -> None:
    harness.start(Restore(TAG))
    assert harness.until_over() is ChangeState.KEPT
    mine = aged(harness.root / "shared/tools/mine.txt", b"mine\n")
    harness.start(Undo())
    assert harness.until_over() is ChangeState.ROLLED_BACK
    assert mine.read_bytes() == b"mine\n" and not (harness.root / "shared/tools/deep").exists()


def test_a_place_that_cannot_be_written_is_refused_and_nothing_is_half_done(repository: Path, state: Path) -> None:
    points = RestorePoints(repository, state)
    planned = points.plan(TAG)
    (repository / "shared/tools").write_text("a file, not a folder\n")
    before = contents(repository)
    with pytest.raises(Unsafe, match="The folder .*shared/tools cannot be made"):
        write(planned)
    assert contents(repository) == before


# -- killed


def killed_at(step: int, act: Callable[[], None]) -> bool:
    """``act`` in a process that ends at this call of the system (files, names, folders); whether it had ended before.

    Nothing of it runs after that call, as after kill -9.
    """
    pid = os.fork()
    if pid == 0:
        count = itertools.count()

        def look(event: str, arguments: object) -> None:
            if event.startswith(("os.", "open", "shutil.")) and next(count) == step:
                os._exit(9)

        try:
            sys.addaudithook(look)
            act()
            os._exit(0)
        finally:
            os._exit(1)
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) in (0, 9)
    return os.waitstatus_to_exitcode(status) == 0


def journaled(journal: Journal, planned: tuple[PlannedFile, ...]) -> None:
    journal.append(Entry(op=new_op(), stage="editing", files=file_records(planned)))
    write(planned)


@pytest.mark.parametrize("what", ["restore", "rollback"])
def test_killed_at_any_step_every_file_is_there_or_not_and_is_classified(
    repository: Path, tmp_path: Path, what: str
) -> None:
    points = RestorePoints(repository, tmp_path / "points")
    before = contents(repository)
    seen: set[FileState] = set()
    for step in itertools.count():
        state = tmp_path / f"state{step}"
        state.mkdir()
        journal = Journal(state / "journal.jsonl")
        planned = points.plan(TAG, ["shared/tools/deep", "v34/app.py"])
        after = {str(file.image.path.relative_to(repository)): file.new for file in planned}
        if what == "rollback":
            journaled(journal, planned)
            made_old(repository, after)
            planned = plan_rollback(journal.operations()[0], state / "backups")
        over = killed_at(step, lambda: journaled(journal, planned))  # noqa: B023  It is called at once.

        now = contents(repository)
        for name, data in after.items():
            assert now.get(name) in (data, before.get(name)), (step, name)
        operations = journal.operations()
        for operation in reversed(operations):
            assert remove_leftovers(operation) == (), step
            seen.add(classify(operation))
        assert not [path for path in repository.rglob(".*.tmp") if ".git" not in path.parts], step
        made_old(repository, after)
        if operations and classify(operations[0]) in (FileState.APPLIED, FileState.HALF_APPLIED):
            write(plan_rollback(operations[0], state / "backups"))
        assert contents(repository) == before, step
        made_old(repository, after)
        if over:
            break
    assert seen == {FileState.NOT_APPLIED, FileState.HALF_APPLIED, FileState.APPLIED}


def made_old(root: Path, names: Iterable[str]) -> None:
    """So that the next write need not wait for the next whole second."""
    for name in names:
        if (root / name).exists():
            aged(root / name)


def test_killed_while_a_new_file_has_two_names_it_is_known(repository: Path, state: Path) -> None:
    """Where the system has no rename that spares a taken name, there is a moment with both."""
    points, journal = RestorePoints(repository, state), Journal(state / "journal.jsonl")
    (planned,) = points.plan(TAG, ["v34/llm.py"])
    journal.append(Entry(op="one", stage="editing", files=file_records((planned,))))
    planned.temp.write_bytes(planned.new)
    os.link(planned.temp, planned.image.path)
    (operation,) = journal.operations()
    assert remove_leftovers(operation) == () and not planned.temp.exists()
    assert classify(operation) is FileState.APPLIED


def test_an_edit_that_a_killed_undo_had_moved_aside_is_kept_and_named(repository: Path, state: Path) -> None:
    points, journal = RestorePoints(repository, state), Journal(state / "journal.jsonl")
    planned = points.plan(TAG, ["v34/llm.py"])
    journaled(journal, planned)
    (back,) = plan_rollback(journal.operations()[0], state / "backups")
    journal.append(Entry(op="undo", stage="editing", undoes="one", files=file_records((back,))))
    (repository / "v34/llm.py").rename(back.temp)
    back.temp.write_bytes(b"SAVED = 'in the last moment'\n")
    assert remove_leftovers(journal.operations()[-1]) == (back.temp,)
    assert back.temp.read_bytes() == b"SAVED = 'in the last moment'\n"


def test_a_file_that_is_not_there_any_more_is_not_removed(repository: Path, state: Path) -> None:
    points, journal = RestorePoints(repository, state), Journal(state / "journal.jsonl")
    journaled(journal, points.plan(TAG, ["v34/llm.py"]))
    (operation,) = journal.operations()
    (repository / "v34/llm.py").write_bytes(b"MINE = 1\n")
    with pytest.raises(Conflict):
        plan_rollback(operation, state / "backups")
