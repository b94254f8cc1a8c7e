"""What the next start makes of an operation that was left open: by its files, and by what it takes back."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.control.journal.test_journal import Change
from tests.control.timmy_files import aged
from timmy_tui.control.boot import boot_id
from timmy_tui.control.change.lifecycle import unread_reason
from timmy_tui.control.change.undo_planner import undoable
from timmy_tui.control.flags.evidence import of_running_process
from timmy_tui.control.journal.record import Record
from timmy_tui.control.journal.recovery import END_NOT_SEEN, pending_operation, recover_operations
from timmy_tui.control.journal.write_ahead import CLOSED, Entry, FileRecord, FileState, Journal, Operation, file_records
from timmy_tui.control.service.listeners import Listener, Serving
from timmy_tui.core.errors import ControlError
from timmy_tui.model.turn import Turn

NOT_APPLIED, APPLIED, HALF, CHANGED = FileState


@pytest.fixture
def change(tmp_path: Path) -> Change:
    return Change(tmp_path)


def bring_about(change: Change, state: FileState) -> None:
    if state is HALF:
        change.write(change.planned[0])
    elif state is not NOT_APPLIED:
        change.write()
    if state is CHANGED:
        aged(change.config, b"# somebody's\n" + change.config.read_bytes())


def recovered(change: Change) -> tuple[dict[str, str], list[FileState], list[str]]:
    """Operation → stage by now, the states of what waits for an answer, and what was said."""
    said: list[str] = []
    waiting = recover_operations(change.journal, said.append)
    return {one.op: one.stage for one in change.journal.operations()}, [state for _, state in waiting], said


@pytest.mark.parametrize("state", FileState)
def test_a_change_that_is_in_place_waits_for_an_answer_and_any_other_is_closed(
    change: Change, state: FileState
) -> None:
    bring_about(change, state)
    in_place = state in (APPLIED, HALF)
    pending = pending_operation(change.journal)
    assert (pending is not None and pending.op == change.op) is in_place
    stages, waiting, said = recovered(change)
    assert stages == {change.op: "editing" if in_place else str(state)}
    assert waiting == ([state] if in_place else [])
    assert said == ([] if in_place else [f"tail mode off→on: interrupted earlier, {state}"])
    # Once is enough.
    assert recovered(change)[2] == []


@pytest.mark.parametrize("state", FileState)
def test_an_undo_closes_what_it_took_back_or_leaves_it_to_be_asked_about(change: Change, state: FileState) -> None:
    """The one that it takes back had been kept."""
    change.journal.append(Entry(op=change.op, stage="kept"))
    planned = file_records(change.planned)
    change.journal.append(Entry(op="undo", stage="editing", label="undo it", undoes=change.op, files=planned))
    bring_about(change, state)
    stages, waiting, said = recovered(change)
    assert (
        stages
        == {
            NOT_APPLIED: {change.op: "kept", "undo": "not applied"},
            APPLIED: {change.op: "rolled back", "undo": "rolled back"},
            HALF: {change.op: "asking", "undo": "not applied"},
            CHANGED: {change.op: "kept", "undo": "changed by someone else"},
        }[state]
    )
    assert waiting == ([HALF] if state is HALF else [])
    assert said == [f"undo it: interrupted earlier, {state}"]


def test_a_restart_that_was_interrupted_has_no_end_that_is_known(change: Change) -> None:
    change.journal.append(Entry(op=change.op, stage="kept"))
    change.journal.append(Entry(op="again", stage="restarting", label="restart v34"))
    stages, waiting, said = recovered(change)
    assert (stages["again"], waiting) == ("needs attention", [])
    assert said == [f"restart v34: interrupted earlier, {END_NOT_SEEN}"]
    assert change.journal.operations()[-1].message == END_NOT_SEEN


def test_of_several_that_wait_the_oldest_comes_first_and_the_newest_is_pending(change: Change) -> None:
    bring_about(change, APPLIED)
    planned = file_records(change.planned)
    change.journal.append(Entry(op="second", stage="editing", label="second", files=planned))
    change.journal.append(Entry(op="third", stage="kept", label="third", files=planned))
    waiting = recover_operations(change.journal, lambda message: None)
    assert [operation.op for operation, _ in waiting] == [change.op, "second"]
    pending = pending_operation(change.journal)
    assert pending is not None and pending.op == "second"


def test_an_edit_among_what_a_killed_change_left_is_named(change: Change) -> None:
    bring_about(change, CHANGED)
    edit = Path(file_records(change.planned)[0].temp)
    edit.write_bytes(b"# somebody's edit\n")
    _, _, said = recovered(change)
    assert said == [f"tail mode off→on: interrupted earlier, changed by someone else; someone's edit is kept in {edit}"]
    assert change.operation.message == f"someone's edit is kept in {edit}"


# -- an operation's own lines


def test_before_its_first_line_an_operation_has_no_file_and_no_later_line(change: Change, tmp_path: Path) -> None:
    record = Record(Journal(tmp_path / "other.jsonl"), "op")
    record.append("restarting")
    assert not record.journal.path.exists()
    assert (record.v34_was_running, record.file_state, record.diff_commands) == (False, NOT_APPLIED, "")
    record.begin("a change", "reload", change.planned, "boot:7:1", undoes="earlier")
    record.append("restarting", "why", service="boot:8:1")
    record.append("rolled back", op="earlier")
    assert [(one.op, one.stage, one.label, one.service, one.undoes) for one in record.journal.operations()] == [
        ("op", "restarting", "a change", "boot:8:1", "earlier"), ("earlier", "rolled back", "", "", ""),
    ]  # fmt: skip
    assert (record.v34_was_running, record.file_state, record.problem) == (True, NOT_APPLIED, "")
    assert record.diff_commands == "; ".join(
        f"diff {file.backup} {path}" for file, path in zip(change.planned, (change.config, change.app), strict=True)
    )
    bring_about(change, APPLIED)
    assert record.file_state is APPLIED


def test_a_later_line_that_cannot_be_written_is_a_problem_and_no_error(change: Change, tmp_path: Path) -> None:
    record = Record(Journal(tmp_path / "other.jsonl"), "op")
    record.begin("a change", "reload", change.planned, "")
    assert not record.v34_was_running
    record.journal.path.unlink()
    record.journal.path.mkdir()
    record.append("kept")
    assert record.problem.startswith(f"The journal {record.journal.path} cannot be written")
    with pytest.raises(ControlError):
        record.begin("another", "reload", (), "")


# -- what can be taken back, and what has not been read


def operation(op: str = "one", stage: str = "kept", undoes: str = "", files: bool = True) -> Operation:
    record = FileRecord(path="/nowhere", before="a", after="b", backup="/nowhere.b", temp="/nowhere.tmp")
    return Operation(
        op=op, stage=stage, label="it", started=0.0, at=0.0, strategy="", service="", undoes=undoes, message="",
        boot_id="", boottime=0.0, files=(record,) * files, begun=(boot_id(), 100.0),
    )  # fmt: skip


@pytest.mark.parametrize("stage", sorted({"editing", "restarting", "asking", "verifying", *CLOSED}))
def test_what_may_still_be_in_place_can_be_undone(stage: str) -> None:
    one = operation(stage=stage)
    possible = stage not in CLOSED or stage in ("kept", "needs attention")
    assert undoable(one, [one]) is possible
    for other in (operation(stage=stage, files=False), operation(stage=stage, undoes="zero")):
        assert undoable(other, [other]) is False
    back = operation("two", "rolled back", undoes="one")
    assert undoable(one, [one, back]) is False
    # An undo that did not come to its end, or that of another change, takes nothing back.
    assert undoable(one, [one, operation("two", "kept", undoes="one")]) is possible
    assert undoable(one, [one, operation("two", "rolled back", undoes="three")]) is possible


@pytest.mark.parametrize(("started", "read"), [(99.9, False), (100.0, False), (100.1, True)])
def test_a_v34_that_began_with_the_change_or_before_has_not_read_it(started: float, read: bool) -> None:
    serving = Serving(5000, (Listener(7, started, None, None),))
    reason = unread_reason(operation(), serving)
    assert reason == ("" if read else "pid 7 was started before it and has not read it")
    assert unread_reason(operation(), Serving(5000)) == ""
    # Of another boot nothing is older than the change that is open.
    assert unread_reason(replace(operation(), begun=("another boot", 100.0)), serving) == ""


@pytest.mark.parametrize(("answered", "shows"), [(99.9, False), (100.0, True), (None, False)])
def test_turns_show_what_runs_once_the_process_has_answered_one(answered: float | None, shows: bool) -> None:
    earlier = Turn(ordinal=0, session=1, answered=500.0)
    turns = [earlier, Turn(ordinal=1, session=2, answered=None), Turn(ordinal=2, session=2, answered=answered)]
    assert of_running_process(turns, 100.0) == (turns if shows else ())
    assert of_running_process([], 100.0) == ()
