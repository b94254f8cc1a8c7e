"""The user's word, the journal and the restore point against one change, on a Timmy that nobody runs."""

import os
from pathlib import Path
from typing import Any

import pytest

from tests.control.harness import NO_SERVICE, ControlHarness, controller_on, with_control
from tests.control.services import Service
from tests.control.timmy_files import CANARY, git, temps
from tests.turn_makers import complete_turn
from timmy_tui.control.change.plan import ChangePlan
from timmy_tui.control.errors import Refused
from timmy_tui.control.restore.copies import LocalPoints
from timmy_tui.control.restore.points import RestorePoints
from timmy_tui.core.errors import ControlError
from timmy_tui.model.change import ChangeState
from timmy_tui.model.snapshot import OpenTurn, Snapshot
from timmy_tui.model.turn import Turn
from timmy_tui.model.user_requests import Flip, Restart, Undo


def test_a_stop_in_the_last_moment_before_the_write_leaves_the_file_alone(
    harness: ControlHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Making the restore point takes longer than a key press."""
    before = harness.contents()
    make = RestorePoints.create_before

    def slow(points: RestorePoints, *arguments: Any) -> Any:
        harness.controller.answer("stop waiting")
        return make(points, *arguments)

    monkeypatch.setattr(RestorePoints, "create_before", slow)
    harness.start(Flip((("retrieved-chunks", "3"),)))
    assert harness.until_over() is ChangeState.IDLE
    assert harness.contents() == before and harness.stages() == []
    assert harness.messages[-1].endswith("not begun")


# -- no service


@pytest.mark.parametrize("strategy", ["reload", "manual"])
def test_nothing_claims_that_v34_serves_when_it_does_not(service: Service, state: Path, strategy: str) -> None:
    settings = with_control(NO_SERVICE, strategy=strategy)
    with controller_on(service, state, settings) as harness:
        assert f"cd {service.folder} && python app.py" in harness.plan(Restart()).refusal
        before = harness.contents()
        harness.flip()
        assert "not running" in harness.progress.message
        assert harness.answer("keep") is ChangeState.KEPT
        harness.start(Undo())
        assert harness.until_over() is ChangeState.ROLLED_BACK
        assert "v34 serves" not in harness.progress.message and "not running" in harness.progress.message
        assert harness.contents() == before


# -- restore points


def test_without_a_restore_point_nothing_is_changed_and_the_next_change_makes_it(
    harness: ControlHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = harness.contents()
    with monkeypatch.context() as broken:
        for error in (OSError(28, "No space left on device"), Refused("The copy cannot be written.")):

            def fail(*_: object, error: Exception = error) -> None:
                raise error

            broken.setattr(LocalPoints, "keep", fail)
            harness.start(Flip((("retrieved-chunks", "3"),)))
            assert harness.until_over() is ChangeState.IDLE
            assert "No restore point can be made, and nothing was changed" in harness.progress.message
            assert harness.contents() == before and harness.stages() == []
    harness.flip()
    assert harness.restore_points("before-retrieved-chunks-")


def test_a_broken_git_is_told_and_the_own_copy_is_made(root: Path, service: Service, state: Path) -> None:
    git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "all")
    with controller_on(service, state) as harness:
        objects = root / ".git/objects"
        objects.rename(root / ".git/away")
        objects.write_text("")
        harness.flip()
        message = next(
            message for message in harness.messages if message.startswith("restore point before-retrieved-chunks-")
        )
        assert "not in git" in message
        (point,) = RestorePoints(root, state).list()
        assert point.files is not None and "v34/config.py" in point.files


# -- the journal


def test_a_journal_that_cannot_be_written_stops_a_change_before_the_file_is_touched(harness: ControlHarness) -> None:
    before = harness.contents()
    harness.journal.path.symlink_to("/nowhere")
    plan = harness.plan(Flip((("retrieved-chunks", "3"),)))
    with pytest.raises(ControlError, match="journal"):
        if not plan.refusal:
            harness.controller.start(plan)
            harness.until_over()
            raise ControlError(harness.progress.message)
    assert harness.contents() == before and not temps(harness.config.parent)


def test_a_journal_that_is_lost_in_the_middle_is_told_and_the_next_start_asks_again(
    service: Service, state: Path
) -> None:
    with controller_on(service, state) as harness:
        harness.flip()
        away = harness.journal.path.with_suffix(".away")
        harness.journal.path.rename(away)
        harness.journal.path.symlink_to("/nowhere")
        assert harness.answer("keep") is ChangeState.KEPT
        assert "journal" in harness.progress.message and "journal" in harness.messages[-1]
        harness.journal.path.unlink()
        away.rename(harness.journal.path)
    with controller_on(service, state) as again:
        again.controller.poll()
        again.until_choice("undo")
        assert "not verified" in again.progress.message
        assert again.answer("undo") is ChangeState.ROLLED_BACK


def test_a_rollback_without_a_journal_overwrites_nothing_and_names_the_backup(harness: ControlHarness) -> None:
    old = harness.config.read_bytes()
    harness.flip()
    new = harness.config.read_bytes()
    harness.journal.path.unlink()
    harness.journal.path.symlink_to("/nowhere")
    assert harness.answer("undo") is ChangeState.NEEDS_ATTENTION
    assert harness.config.read_bytes() == new
    assert "not rolled back" in harness.progress.message
    backup = harness.progress.message.split("diff ")[1].split(" ")[0]
    assert Path(backup).read_bytes() == old


def test_a_journal_that_was_deleted_meanwhile_does_not_keep_a_change_from_being_undone(harness: ControlHarness) -> None:
    before = harness.contents()
    harness.flip()
    harness.journal.path.unlink()
    harness.answer("undo")
    assert harness.contents() == before


# -- the file


def test_a_config_that_became_a_symbolic_link_after_the_preview_is_left_alone(
    harness: ControlHarness, tmp_path: Path
) -> None:
    plan = harness.plan(Flip((("retrieved-chunks", "3"),)))
    other = tmp_path / "other.py"
    other.write_bytes(harness.config.read_bytes())
    harness.config.unlink()
    harness.config.symlink_to(other)
    before = other.read_bytes()
    harness.controller.start(plan)
    assert harness.until_over() is ChangeState.IDLE
    assert harness.config.is_symlink() and other.read_bytes() == before
    assert not temps(tmp_path) and not temps(harness.config.parent)


def test_a_full_disk_refuses_and_leaves_the_old_bytes(harness: ControlHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    """At each write of the way in turn: the backup, the new bytes, the journal."""
    import timmy_tui.control.edit.atomic_replace as atomic
    import timmy_tui.control.edit.transaction as config_file
    import timmy_tui.control.journal.write_ahead as journal

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    harness.flip(value="7")
    harness.answer("keep")
    before, written = harness.contents(), harness.stages()
    for module, name in ((config_file, "fdopen"), (atomic, "write"), (journal, "write")):
        with monkeypatch.context() as broken:
            broken.setattr(module, "os", _Os({name: full}))
            harness.start(Flip((("retrieved-chunks", "3"),)))
            assert harness.until_over() is ChangeState.IDLE, name
        assert "No space left" in harness.progress.message
        assert harness.contents() == before and not temps(harness.config.parent)
        ended = dict(harness.stages()[len(written) :])
        assert set(ended.values()) <= {"refused"}


class _Os:
    """The os module with some functions replaced, for one module alone."""

    def __init__(self, replaced: dict[str, Any]) -> None:
        self._replaced = replaced

    def __getattr__(self, name: str) -> Any:
        return self._replaced.get(name) or getattr(os, name)


# -- the end of the program


def test_a_change_stays_open_and_is_asked_about_again_when_the_dashboard_closes(service: Service, state: Path) -> None:
    with controller_on(service, state) as harness:
        before = harness.contents()
        op = harness.flip()
        after = harness.contents()
        harness.controller.close()
        assert harness.controller.idle and harness.controller.is_open(op)
        assert harness.stages()[-1] == (op, "verifying")
        with pytest.raises(ControlError, match="closing"):
            harness.controller.start(ChangePlan(Restart(), "restart v34"))
    with controller_on(service, state) as again:
        again.controller.poll()
        again.until_choice("undo")
        assert again.progress.op == op and again.contents() == after
        again.answer("undo")
        assert again.contents() == before


def test_a_change_that_waits_for_a_turn_is_not_begun_once_the_dashboard_is_closed(demo_harness: ControlHarness) -> None:
    before = demo_harness.contents()
    demo_harness.see(in_phase="llm")
    demo_harness.start(Flip((("retrieved-chunks", "3"),)))
    demo_harness.until_choice("go now")
    demo_harness.controller.close()
    assert demo_harness.controller.idle
    demo_harness.see()
    assert demo_harness.contents() == before and demo_harness.stages() == []


# -- evidence


def test_turns_of_a_session_that_had_begun_before_prove_nothing(harness: ControlHarness) -> None:
    """Its first turn was in flight when the change was forced, and ends after it."""

    harness.controller.observe(Snapshot(open_turn=OpenTurn(Turn(ordinal=0, session=4), "playback", 0.0, 0.0)))
    harness.flip()
    harness.see(complete_turn(0, session=4), complete_turn(1, session=4), complete_turn(2, session=4))
    harness.until_state(ChangeState.VERIFYING)
    assert not harness.controller.idle and harness.progress.evidence == (0, 2)
    harness.see(complete_turn(0, session=4), complete_turn(3, session=5), complete_turn(4, session=5))
    assert harness.until_over() is ChangeState.KEPT


def test_nothing_private_is_said_on_any_of_these_ways(harness: ControlHarness) -> None:
    harness.flip()
    harness.answer("undo")
    harness.controller.poll()
    shown = (harness.controller.state(), harness.messages, harness.marks)
    assert CANARY.decode() not in repr(shown) + harness.journal.path.read_text()
