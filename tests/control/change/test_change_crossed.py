"""Two programs on one Timmy, and what a killed one left: one change at a time, and the journal tells the truth."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.control.harness import ControlHarness
from tests.control.services import Service
from timmy_tui.control.edit.transaction import write
from timmy_tui.control.journal.lock import ChangeLock
from timmy_tui.control.journal.write_ahead import Entry, plan_rollback
from timmy_tui.core.errors import ControlError
from timmy_tui.model.user_requests import Flip, Restart, Undo

# -- one at a time

HOLDS = """
import sys
from pathlib import Path
from timmy_tui.control.journal.lock import ChangeLock
with ChangeLock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def owner_pid(harness: ControlHarness) -> int | None:
    owner = ChangeLock(harness.folder).owner()
    return owner.pid if owner is not None else None


def test_what_a_living_process_works_on_is_not_taken_up(harness: ControlHarness) -> None:
    harness.leave_open("theirs", ("retrieved-chunks", "3"))
    with ChangeLock(harness.folder):
        harness.controller.poll()
        assert harness.controller.idle and harness.stages() == [("theirs", "editing")]
    harness.controller.poll()
    assert not harness.controller.idle and harness.progress.op == "theirs"


def test_a_change_that_ends_while_the_lock_is_taken_is_not_classified_from_memory(
    harness: ControlHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other program rolls it back between the look at the journal and the lock."""
    harness.leave_open("theirs", ("retrieved-chunks", "3"))
    acquire = ChangeLock.acquire

    def late(lock: ChangeLock) -> None:
        if harness.stages()[-1][1] == "editing":
            write(plan_rollback(harness.open_operation))
            harness.journal.append(Entry(op="theirs", stage="rolled back"))
        acquire(lock)

    monkeypatch.setattr(ChangeLock, "acquire", late)
    harness.controller.poll()
    assert harness.controller.idle
    assert harness.stages() == [("theirs", "editing"), ("theirs", "rolled back")]


def test_the_lock_is_free_when_a_change_is_over_and_held_while_the_next_one_runs(
    harness: ControlHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = ChangeLock.release

    def slow(lock: ChangeLock) -> None:
        time.sleep(0.2)  # the time in which the next change must not begin
        release(lock)

    harness.flip(value="3")
    monkeypatch.setattr(ChangeLock, "release", slow)
    harness.answer("keep")
    assert ChangeLock(harness.folder).owner() is None
    harness.flip(value="4")
    time.sleep(0.3)  # past the release of the first
    assert owner_pid(harness) == os.getpid()


def test_a_change_of_another_process_is_named_and_not_called_interrupted(harness: ControlHarness) -> None:
    harness.leave_open("theirs", ("retrieved-chunks", "3"))
    other = subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(harness.folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert other.stdout is not None and other.stdout.readline() == "held\n"
    try:
        flip = harness.plan(Flip((("recency-weight", "0.5"),)))
        for plan in (flip, harness.plan(Undo()), harness.plan(Restart())):
            assert f"pid {other.pid}" in plan.refusal and "interrupted" not in plan.refusal
        with pytest.raises(ControlError, match=f"pid {other.pid}"):
            harness.controller.keep()
    finally:
        other.communicate()


def test_a_change_that_another_program_left_open_after_the_preview_comes_first(harness: ControlHarness) -> None:
    plan = harness.plan(Flip((("raw", "off"),), only=True))
    harness.leave_open("theirs", ("retrieved-chunks", "3"))
    before = harness.contents()
    with pytest.raises(ControlError, match="was interrupted: undo or keep it first"):
        harness.controller.start(plan)
    assert harness.contents() == before and harness.controller.idle
    assert ChangeLock(harness.folder).owner() is None


def test_what_was_never_applied_stands_in_nobodys_way(harness: ControlHarness) -> None:
    """From the shell nobody looks at the journal before the next change."""
    harness.leave_open("left", ("retrieved-chunks", "3"), files=0)
    harness.flip(value="4")
    assert ("left", "not applied") in harness.stages()
    assert any("interrupted earlier, not applied" in message for message in harness.messages)


def test_keep_does_not_end_a_change_that_runs(harness: ControlHarness) -> None:
    harness.flip()
    with pytest.raises(ControlError, match="still under way"):
        harness.controller.keep()
    assert owner_pid(harness) == os.getpid()


def test_an_undo_that_was_asked_of_one_change_is_not_done_to_the_next(harness: ControlHarness) -> None:
    harness.flip(value="3")
    plan = harness.plan(Undo())
    harness.answer("keep")
    harness.flip(value="4")
    with pytest.raises(ControlError, match="that change is over"):
        harness.controller.start(plan)
    assert not harness.controller.idle and "NUM_RETRIEVED_CHUNKS = 4" in harness.config.read_text()


def test_an_own_change_that_is_over_at_once_is_not_marked_as_made_elsewhere(harness: ControlHarness) -> None:
    """Between two looks, two seconds apart: an undo without a service takes a few milliseconds."""
    harness.flip()
    harness.answer("keep")
    harness.controller.poll()
    harness.start(Undo())
    harness.until_over()
    harness.controller.poll()
    harness.controller.poll()
    assert [kind for kind, _ in harness.marks] == ["change", "change"]
    harness.config.write_bytes(harness.config.read_bytes() + b"# mine\n")
    harness.controller.poll()
    assert harness.marks[-1] == ("outside", "v34/config.py edited")


def test_a_controller_beside_the_shell_marks_what_the_shell_changed(
    harness: ControlHarness, service: Service, state: Path
) -> None:
    """The dashboard looks on while another program of ours changes and undoes."""
    harness.controller.poll()
    shell = ControlHarness(service, state)
    shell.flip()
    harness.controller.poll()
    assert harness.controller.idle, "the shell still works on it"
    shell.answer("keep")
    harness.controller.poll()
    assert harness.controller.idle and ("outside", "retrieved chunks 5→3") in harness.marks
    assert harness.start(Undo()).undoes == shell.progress.op
    harness.until_over()
    shell.controller.close()
