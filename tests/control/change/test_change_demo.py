"""A change from key to proof, on a Timmy whose processes, logs and reloader are real."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.control.harness import Harness, harness
from tests.control.places import CANARY, temps
from timmy_tui.core.errors import ControlError
from timmy_tui.model.change import ChangeState
from timmy_tui.model.snapshot import Snapshot


@pytest.fixture(scope="module")
def talking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    """Somebody talks all the time."""
    with harness(tmp_path_factory.mktemp("talking")) as held:
        yield held


def test_a_flip_is_written_served_and_shown_by_two_turns_and_undone_to_the_byte(talking: Harness) -> None:
    before = {path: path.read_bytes() for path in (talking.config, talking.app)}
    old = talking.pid
    talking.until(lambda: talking.room.live_state.turns)
    plan = talking.start("flip", key="tail-mode", value="on")
    assert plan.label == "tail mode off→on, raw on→off"
    assert talking.until_over() is ChangeState.KEPT
    assert "USE_FULL_MEGA_PROMPT = False" in talking.config.read_text()
    assert "raw=False" in talking.app.read_text()
    assert talking.pid != old
    shown = talking.room.progress
    assert shown is not None and shown.evidence == (2, 2) and shown.pid == talking.pid
    assert ("change", plan.label) in talking.marks
    op = shown.op
    assert [stage for one, stage in talking.stages() if one == op] == [
        "editing", "restarting", "healthy", "verifying", "kept"
    ]  # fmt: skip
    talking.room.look()
    flags = {one.key: (one.file_value, one.running_value) for one in talking.room.state().flags}
    assert flags["tail-mode"] == ("on", "on") and flags["raw"] == ("off", "off")
    assert [one.name for one in talking.room.state().restore_points if one.name.startswith("before-tail-mode-")]

    assert talking.start("undo").undoes == op
    assert talking.until_over() is ChangeState.ROLLED_BACK
    assert {path: path.read_bytes() for path in before} == before
    assert not temps(talking.config.parent)
    assert talking.room.plan("undo", {}).refusal == "there is no change to undo."
    assert CANARY.decode() not in repr(talking.room.state()) + repr(talking.said)
    journal = next((talking.root.parent / "state").glob("control-*/journal.jsonl"))
    assert CANARY not in journal.read_bytes() and journal.stat().st_mode & 0o077 == 0


def test_only_the_first_change_of_a_session_makes_a_restore_point(talking: Harness) -> None:
    def points() -> int:
        talking.room.look()
        return sum(one.name.startswith("before-") for one in talking.room.state().restore_points)

    talking.start("flip", key="recency-weight", value="0.5")
    talking.until_over()
    made = points()
    assert made
    talking.start("undo")
    talking.until_over()
    assert points() == made


def test_a_flag_that_no_turn_shows_counts_the_turns_served_since(talking: Harness) -> None:
    talking.start("flip", key="retrieved-chunks", value="3")
    assert talking.until_over() is ChangeState.KEPT
    assert "NUM_RETRIEVED_CHUNKS = 3" in talking.config.read_text()
    talking.start("undo")
    assert talking.until_over() is ChangeState.ROLLED_BACK


def test_retrieval_that_is_turned_off_is_shown_by_two_turns(talking: Harness) -> None:
    """v34 goes on writing both events of a retrieval; they stand next to each other, and nothing was found."""
    talking.start("flip", key="retrieval", value="off")
    assert talking.until_over() is ChangeState.KEPT, talking.said
    shown = talking.room.progress
    assert shown is not None and shown.message == "kept, 2 turns show it"
    talking.room.look()
    flags = {one.key: (one.file_value, one.running_value) for one in talking.room.state().flags}
    assert flags["retrieval"] == ("off", "off")
    talking.start("undo")
    assert talking.until_over() is ChangeState.ROLLED_BACK


def test_a_restart_changes_no_byte_and_brings_another_process(talking: Harness) -> None:
    before, old = talking.config.read_bytes(), talking.pid
    talking.start("restart")
    assert talking.until_over() is ChangeState.KEPT
    assert talking.config.read_bytes() == before and talking.pid != old
    assert ("restart", "restart v34") in talking.marks


def test_one_change_at_a_time(talking: Harness) -> None:
    talking.start("flip", key="retrieved-chunks", value="4")
    refused = talking.room.plan("flip", {"key": "tail-mode", "value": "on"})
    assert "still under way" in refused.refusal
    with pytest.raises(ControlError):
        talking.room.start(refused)
    talking.until_over()
    talking.start("undo")
    talking.until_over()


def test_undo_of_a_change_that_is_being_verified(talking: Harness) -> None:
    before = talking.config.read_bytes()
    talking.start("flip", key="retrieved-chunks", value="7")
    talking.until(lambda: talking.room.progress is not None and "undo" in talking.room.progress.choices)
    plan = talking.room.plan("undo", {})
    talking.room.start(plan)
    assert talking.until_over() is ChangeState.ROLLED_BACK
    assert talking.config.read_bytes() == before


def test_a_restore_puts_back_the_guides_files_and_the_latest_comes_back(talking: Harness) -> None:
    talking.room.start(talking.room.plan("create", {"name": "the-old-way"}))
    old = talking.config.read_bytes()
    talking.start("flip", key="retrieved-chunks", value="9")
    talking.until_over()
    new = talking.config.read_bytes()
    plan = talking.start("restore", name="the-old-way")
    assert any(line.startswith("restored: v34/config.py") for line in plan.preview)
    assert talking.until_over() is ChangeState.KEPT, talking.said
    assert talking.config.read_bytes() == old
    talking.start("latest")
    assert talking.until_over() is ChangeState.KEPT, talking.said
    assert talking.config.read_bytes() == new
    talking.start("restore", name="the-old-way")
    talking.until_over()


def test_an_edit_made_elsewhere_is_noticed_and_marked(talking: Harness) -> None:
    before = talking.config.read_bytes()
    talking.room.look()
    talking.marks.clear()
    beside = talking.config.with_name(".edited.tmp")
    beside.write_bytes(before.replace(b"RETRIEVAL_ENABLED = True", b"RETRIEVAL_ENABLED = False"))
    os.replace(beside, talking.config)
    talking.until(lambda: talking.marks)
    assert talking.marks == [("outside", "retrieval on→off")]
    talking.config.write_bytes(before + b"# a remark\n")
    talking.until(lambda: len(talking.marks) > 1)
    assert talking.marks[1] == ("outside", "retrieval off→on")
    talking.config.write_bytes(before)
    talking.until(lambda: len(talking.marks) > 2)
    assert talking.marks[2] == ("outside", "v34/config.py edited")


def test_a_room_that_only_looks_refuses_everything(tmp_path: Path, talking: Harness) -> None:
    from timmy_tui.control.controller import Controller
    from timmy_tui.core.settings import Settings

    room = Controller(Settings(), talking.root, tmp_path, read_only="--read-only")
    room.see(Snapshot())
    before = talking.config.read_bytes()
    for kind in ("flip", "restart", "undo", "restore", "create", "latest"):
        plan = room.plan(kind, {"key": "tail-mode", "value": "on", "name": "x"})
        assert plan.refusal == "--read-only"
        with pytest.raises(ControlError, match="read-only"):
            room.start(plan)
    with pytest.raises(ControlError, match="read-only"):
        room.answer("undo")
    with pytest.raises(ControlError, match="read-only"):
        room.keep()
    assert talking.config.read_bytes() == before
