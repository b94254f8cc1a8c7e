"""A change from key to proof, on a Timmy whose processes, logs and reloader are real."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.control.harness import ControlHarness, controller_on_demo
from tests.control.services import Service
from tests.control.timmy_files import CANARY, temps
from timmy_tui.core.errors import ControlError
from timmy_tui.model.change import ChangeState
from timmy_tui.model.user_requests import CreatePoint, Flip, Restart, Restore, RestoreLatest, Undo


@pytest.fixture(scope="module")
def talking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlHarness]:
    """Somebody talks all the time."""
    with controller_on_demo(tmp_path_factory.mktemp("talking")) as harness:
        yield harness


def test_a_flip_is_written_served_and_shown_by_two_turns_and_undone_to_the_byte(talking: ControlHarness) -> None:
    before, old = talking.contents(), talking.listener.pid
    talking.until(lambda: talking.controller.live_state.turns)
    plan = talking.start(Flip((("tail-mode", "on"),)))
    assert plan.label == "tail mode off→on, raw on→off"
    assert talking.until_over() is ChangeState.KEPT
    assert "USE_FULL_MEGA_PROMPT = False" in talking.config.read_text()
    assert "raw=False" in talking.app.read_text()
    assert talking.listener.pid != old
    shown = talking.progress
    assert shown.evidence == (2, 2) and shown.pid == talking.listener.pid
    assert ("change", plan.label) in talking.marks
    op = shown.op
    assert [stage for one, stage in talking.stages() if one == op] == [
        "editing", "restarting", "healthy", "verifying", "kept"
    ]  # fmt: skip
    assert talking.restore_points("before-tail-mode-")
    flags = {one.key: (one.file_value, one.running_value) for one in talking.controller.state().flags}
    assert flags["tail-mode"] == ("on", "on") and flags["raw"] == ("off", "off")

    assert talking.start(Undo()).undoes == op
    assert talking.until_over() is ChangeState.ROLLED_BACK
    assert talking.contents() == before
    assert not temps(talking.config.parent)
    assert talking.plan(Undo()).refusal == "tail mode off→on, raw on→off is undone already."
    assert CANARY.decode() not in repr(talking.controller.state()) + repr(talking.messages)
    journal = talking.journal.path
    assert CANARY not in journal.read_bytes() and journal.stat().st_mode & 0o077 == 0


def test_only_the_first_change_of_a_session_makes_a_restore_point(talking: ControlHarness) -> None:
    talking.start(Flip((("recency-weight", "0.5"),)))
    talking.until_over()
    made = talking.restore_points("before-")
    assert made
    talking.start(Undo())
    talking.until_over()
    assert talking.restore_points("before-") == made


def test_a_flag_that_no_turn_shows_counts_the_turns_served_since(talking: ControlHarness) -> None:
    talking.start(Flip((("retrieved-chunks", "3"),)))
    assert talking.until_over() is ChangeState.KEPT
    assert "NUM_RETRIEVED_CHUNKS = 3" in talking.config.read_text()
    talking.start(Undo())
    assert talking.until_over() is ChangeState.ROLLED_BACK


def test_retrieval_that_is_turned_off_is_shown_by_two_turns(talking: ControlHarness) -> None:
    """v34 goes on writing both events of a retrieval; they stand next to each other, and nothing was found."""
    talking.start(Flip((("retrieval", "off"),)))
    assert talking.until_over() is ChangeState.KEPT, talking.messages
    assert talking.progress.message == "kept, 2 turns show it"
    talking.controller.poll()
    flags = {one.key: (one.file_value, one.running_value) for one in talking.controller.state().flags}
    assert flags["retrieval"] == ("off", "off")
    talking.start(Undo())
    assert talking.until_over() is ChangeState.ROLLED_BACK


def test_a_restart_changes_no_byte_and_brings_another_process(talking: ControlHarness) -> None:
    before, old = talking.contents(), talking.listener.pid
    talking.start(Restart())
    assert talking.until_over() is ChangeState.KEPT
    assert talking.contents() == before and talking.listener.pid != old
    assert ("restart", "restart v34") in talking.marks


def test_a_second_change_is_refused_while_one_is_under_way(talking: ControlHarness) -> None:
    talking.start(Flip((("retrieved-chunks", "4"),)))
    refused = talking.plan(Flip((("tail-mode", "on"),)))
    assert "still under way" in refused.refusal
    with pytest.raises(ControlError):
        talking.controller.start(refused)
    talking.until_over()
    talking.start(Undo())
    talking.until_over()


def test_a_change_that_is_being_verified_can_be_undone(talking: ControlHarness) -> None:
    before = talking.config.read_bytes()
    talking.start(Flip((("retrieved-chunks", "7"),)))
    talking.until_choice("undo")
    talking.start(Undo())
    assert talking.until_over() is ChangeState.ROLLED_BACK
    assert talking.config.read_bytes() == before


def test_a_restore_puts_back_what_differs_and_the_latest_comes_back(talking: ControlHarness) -> None:
    talking.start(CreatePoint("the-old-way"))
    old = talking.config.read_bytes()
    talking.start(Flip((("retrieved-chunks", "9"),)))
    talking.until_over()
    new = talking.config.read_bytes()
    plan = talking.start(Restore("the-old-way"))
    assert plan.preview[0].startswith("1 code file is put back as in the-old-way: ")
    assert any(line.startswith("v34/config.py +1") for line in plan.preview)
    assert talking.until_over() is ChangeState.KEPT, talking.messages
    assert talking.config.read_bytes() == old
    talking.start(RestoreLatest())
    assert talking.until_over() is ChangeState.KEPT, talking.messages
    assert talking.config.read_bytes() == new
    talking.start(Restore("the-old-way"))
    talking.until_over()


def test_an_edit_made_elsewhere_is_noticed_and_marked(talking: ControlHarness) -> None:
    before = talking.config.read_bytes()
    talking.controller.poll()
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


def test_a_controller_that_only_looks_refuses_everything(talking: ControlHarness, tmp_path: Path) -> None:
    reader = ControlHarness(Service(talking.root), tmp_path, talking.settings, read_only="--read-only")
    reader.see()
    before = talking.contents()
    for plan in (
        reader.plan(Flip((("tail-mode", "on"),))),
        reader.plan(Restart()),
        reader.plan(Undo()),
        reader.plan(Restore("x")),
        reader.plan(CreatePoint("x")),
        reader.plan(RestoreLatest()),
    ):
        assert plan.refusal == "--read-only"
        with pytest.raises(ControlError, match="read-only"):
            reader.controller.start(plan)
    with pytest.raises(ControlError, match="read-only"):
        reader.controller.answer("undo")
    with pytest.raises(ControlError, match="read-only"):
        reader.controller.keep()
    assert talking.contents() == before
