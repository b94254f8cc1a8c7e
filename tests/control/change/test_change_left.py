"""What a killed program left open, alone or several: closed when it is clear, else asked about one by one."""

import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.control.harness import NO_SERVICE, ControlHarness, controller_on
from tests.control.services import Service, free_port
from tests.control.timmy_files import temps
from tests.waiting import wait_for
from timmy_tui.control.change import rollback
from timmy_tui.control.edit.transaction import HalfDone, PlannedFile, write
from timmy_tui.control.journal.write_ahead import Entry, file_records, plan_rollback
from timmy_tui.control.service.listeners import who_serves
from timmy_tui.core.settings import Services
from timmy_tui.model.change import ChangeState
from timmy_tui.model.user_requests import Undo


def test_a_rollback_that_had_come_to_its_end_closes_what_it_took_back(harness: ControlHarness) -> None:
    before = harness.leave_open("change", ("retrieved-chunks", "3"))
    back = plan_rollback(harness.open_operation)
    entry = Entry(op="rollback", stage="editing", label="undo it", undoes="change", files=file_records(back))
    harness.journal.append(entry)
    write(back)
    harness.controller.poll()
    assert harness.controller.idle and harness.contents() == before
    assert {one.op: one.stage for one in harness.journal.operations()} == {
        "change": "rolled back",
        "rollback": "rolled back",
    }


def test_a_rollback_that_was_killed_before_it_wrote_leaves_the_change_to_be_asked_about(
    harness: ControlHarness,
) -> None:
    before = harness.leave_open("change", ("retrieved-chunks", "3"))
    files = file_records(plan_rollback(harness.open_operation))
    harness.journal.append(Entry(op="rollback", stage="editing", label="undo it", undoes="change", files=files))
    harness.controller.poll()
    assert ("rollback", "not applied") in harness.stages() and harness.progress.op == "change"
    harness.until_choice("undo")
    assert harness.answer("undo") is ChangeState.ROLLED_BACK and harness.contents() == before


def test_half_of_an_undo_of_a_kept_change_is_asked_about(harness: ControlHarness) -> None:
    before = harness.leave_open("pair", ("tail-mode", "on"), only=False)
    back = plan_rollback(harness.open_operation)
    harness.journal.append(Entry(op="pair", stage="kept"))
    harness.journal.append(
        Entry(op="undo", stage="editing", label="undo the pair", undoes="pair", files=file_records(back))
    )
    write(back[:1])
    harness.controller.poll()
    assert harness.progress.op == "pair"
    harness.until(lambda: harness.progress.choices == ("undo",))
    harness.answer("undo")
    assert harness.contents() == before


def test_two_open_changes_are_asked_about_one_after_the_other(harness: ControlHarness) -> None:
    before = harness.contents()
    harness.leave_open("one", ("retrieved-chunks", "3"))
    harness.leave_open("two", ("raw", "off"))
    for op in ("one", "two"):
        harness.controller.poll()
        assert harness.progress.op == op
        harness.until_choice("undo")
        assert harness.answer("undo") is ChangeState.ROLLED_BACK
    assert harness.contents() == before and not harness.journal.open_operations()


def test_undo_of_an_interrupted_change_takes_its_temporary_files_away(harness: ControlHarness) -> None:
    """They hold the whole file, with its password."""
    before = harness.leave_open("left", ("retrieved-chunks", "3"))
    Path(harness.open_operation.files[0].temp).write_bytes(before[0])
    harness.start(Undo())
    harness.until_over()
    assert harness.contents() == before and not temps(harness.config.parent)
    assert {one.stage for one in harness.journal.operations()} == {"rolled back"}


def test_a_v34_that_died_of_an_interrupted_change_is_called_dead(harness: ControlHarness) -> None:
    """Killed in the countdown: the file is in place, and nothing serves any more."""
    harness.leave_open("left", ("retrieved-chunks", "3"), listener="boot:1:2")
    harness.controller.poll()
    harness.until(lambda: harness.progress.choices == ("keep", "undo"))
    assert "v34 is not running; start it, for example: cd" in harness.progress.message
    assert harness.answer("undo") is ChangeState.NEEDS_ATTENTION
    assert (
        "start it, for example: cd" in harness.progress.message
        and "NUM_RETRIEVED_CHUNKS = 5" in harness.config.read_text()
    )


def test_a_restart_that_was_interrupted_is_not_said_to_have_failed(harness: ControlHarness) -> None:
    harness.journal.append(Entry(op="left", stage="restarting", label="restart v34"))
    harness.controller.poll()
    assert harness.controller.idle and harness.messages == [
        "restart v34: interrupted earlier, how it ended is not known"
    ]
    assert harness.stages()[-1] == ("left", "needs attention")


def test_a_change_that_ended_in_trouble_can_still_be_undone(harness: ControlHarness) -> None:
    before = harness.leave_open("trouble", ("retrieved-chunks", "3"))
    harness.journal.append(Entry(op="trouble", stage="needs attention"))
    assert harness.start(Undo()).undoes == "trouble"
    harness.until_over()
    assert harness.contents() == before


def test_evidence_of_a_service_that_has_not_read_the_change_is_not_waited_for(service: Service, state: Path) -> None:
    """Killed after the write and before the restart: the v34 of before still serves, and its turns prove nothing."""
    port = free_port()
    argv = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(port)]
    process = subprocess.Popen(argv, cwd=service.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: who_serves(port).listeners)
        settings = replace(NO_SERVICE, services=Services(v34=f"http://127.0.0.1:{port}"))
        with controller_on(service, state, settings) as harness:
            harness.leave_open("left", ("retrieved-chunks", "3"))
            harness.controller.poll()
            harness.until(lambda: harness.progress.choices)
            assert harness.progress.state is ChangeState.NEEDS_ATTENTION
            assert f"pid {process.pid} was started before it and has not read it" in harness.progress.message
    finally:
        process.kill()
        process.wait()


def test_a_rollback_that_stops_half_way_is_told_and_the_rest_can_be_undone(
    harness: ControlHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = harness.contents()
    harness.flip("tail-mode", "on")

    def half(planned: tuple[PlannedFile, ...]) -> None:
        write(planned[:1])
        raise HalfDone("One file is back and the other is not.", "Compare it with its backup.")

    with monkeypatch.context() as broken:
        broken.setattr(rollback, "write", half)
        assert harness.answer("undo") is ChangeState.NEEDS_ATTENTION
    assert "the other is not" in harness.progress.message and harness.contents() != before
    assert {one.stage for one in harness.journal.operations()} == {"needs attention"}
    harness.start(Undo())
    harness.until_over()
    assert harness.contents() == before
