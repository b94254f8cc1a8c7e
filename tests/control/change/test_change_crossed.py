"""Two programs on one Timmy, and what a killed one left: one change at a time, and the journal tells the truth."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.control.places import lay_out
from tests.control.rooms import NOBODY, Seen, leave_open, seen_at
from timmy_tui.control.edit.transaction import write
from timmy_tui.control.journal.lock import ChangeLock
from timmy_tui.control.journal.write_ahead import Entry, plan_rollback
from timmy_tui.core.errors import ControlError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return lay_out(tmp_path / "timmy")


@pytest.fixture
def seen(root: Path, tmp_path: Path) -> Iterator[Seen]:
    with seen_at(root, tmp_path / "state") as seen:
        yield seen


# -- one at a time

HOLDS = """
import sys
from pathlib import Path
from timmy_tui.control.journal.lock import ChangeLock
with ChangeLock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_what_a_living_process_works_on_is_not_taken_up(seen: Seen) -> None:
    leave_open(seen, "theirs", "retrieved-chunks", "3")
    with ChangeLock(seen.folder):
        seen.room.look()
        assert seen.room.idle and seen.stages() == [("theirs", "editing")]
    seen.room.look()
    assert not seen.room.idle and seen.shown.op == "theirs"


def test_a_change_that_ends_while_the_lock_is_taken_is_not_classified_from_memory(
    seen: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other program rolls it back between the look at the journal and the lock."""
    leave_open(seen, "theirs", "retrieved-chunks", "3")
    acquire = ChangeLock.acquire

    def late(lock: ChangeLock) -> None:
        if seen.stages()[-1][1] == "editing":
            (operation,) = seen.journal.open_operations()
            write(plan_rollback(operation))
            seen.journal.append(Entry(op="theirs", stage="rolled back"))
        acquire(lock)

    monkeypatch.setattr(ChangeLock, "acquire", late)
    seen.room.look()
    assert seen.room.idle
    assert seen.stages() == [("theirs", "editing"), ("theirs", "rolled back")]


def test_the_lock_is_free_when_a_change_is_over_and_held_while_the_next_one_runs(
    seen: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = ChangeLock.release

    def slow(lock: ChangeLock) -> None:
        time.sleep(0.2)  # the time in which the next change must not begin
        release(lock)

    seen.flip("3")
    monkeypatch.setattr(ChangeLock, "release", slow)
    seen.room.answer("keep")
    seen.until(lambda: seen.room.idle)
    assert ChangeLock(seen.folder).owner() is None
    seen.flip("4")
    time.sleep(0.3)  # past the release of the first
    assert ChangeLock(seen.folder).owner() == os.getpid()


def test_a_change_of_another_process_is_named_and_not_called_interrupted(seen: Seen) -> None:
    leave_open(seen, "theirs", "retrieved-chunks", "3")
    other = subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(seen.folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert other.stdout is not None and other.stdout.readline() == "held\n"
    try:
        for kind in ("flip", "undo", "restart"):
            refusal = seen.room.plan(kind, {"key": "recency-weight", "value": "0.5"}).refusal
            assert f"pid {other.pid}" in refusal and "interrupted" not in refusal
        with pytest.raises(ControlError, match=f"pid {other.pid}"):
            seen.room.keep()
    finally:
        other.communicate()


def test_a_change_that_another_program_left_open_after_the_preview_comes_first(seen: Seen) -> None:
    plan = seen.room.plan("flip", {"key": "raw", "value": "off", "only": True})
    leave_open(seen, "theirs", "retrieved-chunks", "3")
    before = seen.bytes()
    with pytest.raises(ControlError, match="was interrupted: undo or keep it first"):
        seen.room.start(plan)
    assert seen.bytes() == before and seen.room.idle
    assert ChangeLock(seen.folder).owner() is None


def test_what_was_never_applied_stands_in_nobodys_way(seen: Seen) -> None:
    """From the shell nobody looks at the journal before the next change."""
    leave_open(seen, "left", "retrieved-chunks", "3", files=0)
    seen.flip("4")
    assert ("left", "not applied") in seen.stages()
    assert any("interrupted earlier, not applied" in word for word in seen.said)


def test_keep_does_not_end_a_change_that_runs(seen: Seen) -> None:
    seen.flip()
    with pytest.raises(ControlError, match="still under way"):
        seen.room.keep()
    assert ChangeLock(seen.folder).owner() == os.getpid()


def test_an_undo_that_was_asked_of_one_change_is_not_done_to_the_next(seen: Seen) -> None:
    seen.flip("3")
    plan = seen.room.plan("undo", {})
    seen.room.answer("keep")
    seen.until(lambda: seen.room.idle)
    seen.flip("4")
    with pytest.raises(ControlError, match="that change is over"):
        seen.room.start(plan)
    assert not seen.room.idle and "NUM_RETRIEVED_CHUNKS = 4" in seen.config.read_text()


def test_an_own_change_that_is_over_at_once_is_not_marked_as_made_elsewhere(seen: Seen) -> None:
    """Between two looks: the room looks every two seconds, and an undo without a service takes a few milliseconds."""
    seen.flip()
    seen.room.answer("keep")
    seen.until(lambda: seen.room.idle)
    seen.room.look()
    seen.start("undo")
    seen.until(lambda: seen.room.idle)
    seen.room.look()
    seen.room.look()
    assert [kind for kind, _ in seen.marks] == ["change", "change"]
    seen.config.write_bytes(seen.config.read_bytes() + b"# mine\n")
    seen.room.look()
    assert seen.marks[-1] == ("outside", "v34/config.py edited")


def test_a_room_beside_the_shell_marks_what_the_shell_changed(seen: Seen, root: Path, tmp_path: Path) -> None:
    """The dashboard looks on while another program of ours changes and undoes."""
    seen.room.look()
    shell = Seen(root, tmp_path / "state", NOBODY)
    shell.flip()
    seen.room.look()
    assert seen.room.idle, "the shell still works on it"
    shell.room.answer("keep")
    shell.until(lambda: shell.room.idle)
    seen.room.look()
    assert seen.room.idle and ("outside", "retrieved chunks 5→3") in seen.marks
    assert seen.start("undo").undoes == shell.shown.op
    seen.until(lambda: seen.room.idle)
    shell.room.close()
