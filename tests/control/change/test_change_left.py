"""What a killed program left open, alone or several: closed when it is clear, else asked about one by one."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.control.places import lay_out, temps
from tests.control.rooms import NOBODY, Seen, leave_open, seen_at
from tests.control.services import free_port, until
from timmy_tui.control.edit.transaction import write
from timmy_tui.control.journal.write_ahead import Entry, file_records, plan_rollback
from timmy_tui.control.service.listeners import who_serves
from timmy_tui.core.settings import Services
from timmy_tui.model.change import ChangeState


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return lay_out(tmp_path / "timmy")


@pytest.fixture
def seen(root: Path, tmp_path: Path) -> Iterator[Seen]:
    with seen_at(root, tmp_path / "state") as seen:
        yield seen


def test_a_rollback_that_had_come_to_its_end_closes_what_it_took_back(seen: Seen) -> None:
    before = leave_open(seen, "change", "retrieved-chunks", "3")
    (operation,) = seen.journal.open_operations()
    back = plan_rollback(operation)
    entry = Entry(op="rollback", stage="editing", label="undo it", undoes="change", files=file_records(back))
    seen.journal.append(entry)
    write(back)
    seen.room.look()
    assert seen.room.idle and seen.bytes() == before
    assert {one.op: one.stage for one in seen.journal.operations()} == {
        "change": "rolled back",
        "rollback": "rolled back",
    }


def test_a_rollback_that_was_killed_before_it_wrote_leaves_the_change_to_be_asked_about(seen: Seen) -> None:
    before = leave_open(seen, "change", "retrieved-chunks", "3")
    (operation,) = seen.journal.open_operations()
    entry = Entry(
        op="rollback", stage="editing", label="undo it", undoes="change", files=file_records(plan_rollback(operation))
    )
    seen.journal.append(entry)
    seen.room.look()
    assert ("rollback", "not applied") in seen.stages() and seen.shown.op == "change"
    seen.until(lambda: "undo" in seen.shown.choices)
    seen.room.answer("undo")
    assert seen.until_over() is ChangeState.ROLLED_BACK and seen.bytes() == before


def test_half_of_an_undo_of_a_kept_change_is_asked_about(seen: Seen) -> None:
    before = leave_open(seen, "pair", "tail-mode", "on", only=False)
    (operation,) = seen.journal.open_operations()
    seen.journal.append(Entry(op="pair", stage="kept"))
    back = plan_rollback(operation)
    seen.journal.append(
        Entry(op="undo", stage="editing", label="undo the pair", undoes="pair", files=file_records(back))
    )
    write(back[:1])
    seen.room.look()
    assert seen.shown.op == "pair"
    seen.until(lambda: seen.shown.choices == ("undo",))
    seen.room.answer("undo")
    seen.until(lambda: seen.room.idle)
    assert seen.bytes() == before


def test_two_open_changes_are_asked_about_one_after_the_other(seen: Seen) -> None:
    before = seen.bytes()
    leave_open(seen, "one", "retrieved-chunks", "3")
    leave_open(seen, "two", "raw", "off")
    for op in ("one", "two"):
        seen.room.look()
        assert seen.shown.op == op
        seen.until(lambda: "undo" in seen.shown.choices)
        seen.room.answer("undo")
        assert seen.until_over() is ChangeState.ROLLED_BACK
    assert seen.bytes() == before and not seen.journal.open_operations()


def test_undo_of_an_interrupted_change_takes_its_temporary_files_away(seen: Seen) -> None:
    """They hold the whole file, with its password."""
    before = leave_open(seen, "left", "retrieved-chunks", "3")
    (operation,) = seen.journal.open_operations()
    Path(operation.files[0].temp).write_bytes(before[0])
    seen.start("undo")
    seen.until(lambda: seen.room.idle)
    assert seen.bytes() == before and not temps(seen.config.parent)
    assert {one.stage for one in seen.journal.operations()} == {"rolled back"}


def test_a_v34_that_died_of_an_interrupted_change_is_called_dead(seen: Seen) -> None:
    """Killed in the countdown: the file is in place, and nothing serves any more."""
    plan = seen.room.plan("flip", {"key": "retrieved-chunks", "value": "3"})
    records = file_records(plan.planned)
    entry = Entry(op="left", stage="editing", label=plan.label, service="boot:1:2", files=records)
    seen.journal.append(entry)
    write(plan.planned)
    seen.room.look()
    seen.until(lambda: seen.shown.choices == ("keep", "undo"))
    assert "v34 is not running; start it: cd" in seen.shown.message
    seen.room.answer("undo")
    assert seen.until_over() is ChangeState.NEEDS_ATTENTION
    assert "start it: cd" in seen.shown.message and "NUM_RETRIEVED_CHUNKS = 5" in seen.config.read_text()


def test_a_restart_that_was_interrupted_is_not_said_to_have_failed(seen: Seen) -> None:
    seen.journal.append(Entry(op="left", stage="restarting", label="restart v34"))
    seen.room.look()
    assert seen.room.idle and seen.said == ["restart v34: interrupted earlier, its end was not seen"]
    assert seen.stages()[-1] == ("left", "needs attention")


def test_a_change_that_ended_in_trouble_can_still_be_undone(seen: Seen) -> None:
    before = leave_open(seen, "trouble", "retrieved-chunks", "3")
    seen.journal.append(Entry(op="trouble", stage="needs attention"))
    assert seen.start("undo").undoes == "trouble"
    seen.until(lambda: seen.room.idle)
    assert seen.bytes() == before


def test_evidence_of_a_service_that_has_not_read_the_change_is_not_waited_for(root: Path, tmp_path: Path) -> None:
    """Killed after the write and before the restart: the v34 of before still serves, and its turns prove nothing."""
    port = free_port()
    argv = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(port)]
    process = subprocess.Popen(argv, cwd=root / "v34", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(lambda: who_serves(port).listeners)
        settings = replace(NOBODY, services=Services(v34=f"http://127.0.0.1:{port}"))
        with seen_at(root, tmp_path / "state", settings) as seen:
            leave_open(seen, "left", "retrieved-chunks", "3")
            seen.room.look()
            seen.until(lambda: seen.shown.choices)
            assert seen.shown.state is ChangeState.NEEDS_ATTENTION
            assert f"pid {process.pid} was started before it and has not read it" in seen.shown.message
    finally:
        process.kill()
        process.wait()


def test_a_rollback_that_stops_half_way_is_told_and_the_rest_can_be_undone(
    seen: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    from timmy_tui.control.change import rollback
    from timmy_tui.control.edit.transaction import HalfDone, PlannedFile

    before = seen.bytes()
    seen.flip("on", "tail-mode")

    def half(planned: tuple[PlannedFile, ...]) -> None:
        write(planned[:1])
        raise HalfDone("One file is back and the other is not.", "Compare it with its backup.")

    with monkeypatch.context() as broken:
        broken.setattr(rollback, "write", half)
        seen.room.answer("undo")
        assert seen.until_over() is ChangeState.NEEDS_ATTENTION
    assert "the other is not" in seen.shown.message and seen.bytes() != before
    assert {one.stage for one in seen.journal.operations()} == {"needs attention"}
    seen.start("undo")
    seen.until(lambda: seen.room.idle)
    assert seen.bytes() == before
