"""The user's word, the journal and the restore point against one change, on a Timmy that nobody runs."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tests.control.places import CANARY, git, lay_out, temps
from tests.control.rooms import NOBODY, Seen, seen_at
from timmy_tui.control.errors import Refused
from timmy_tui.core.errors import ControlError
from timmy_tui.model.change import ChangeState
from timmy_tui.model.snapshot import OpenTurn, Snapshot
from timmy_tui.model.turn import Turn, TurnState


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return lay_out(tmp_path / "timmy")


@pytest.fixture
def seen(root: Path, tmp_path: Path) -> Iterator[Seen]:
    with seen_at(root, tmp_path / "state") as seen:
        yield seen


def test_a_stop_in_the_last_moment_before_the_write_leaves_the_file_alone(
    seen: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Making the restore point takes longer than a key press."""
    from timmy_tui.control.restore.points import RestorePoints

    before = seen.bytes()
    make = RestorePoints.create_before

    def slow(points: RestorePoints, *told: Any) -> Any:
        seen.room.answer("stop waiting")
        return make(points, *told)

    monkeypatch.setattr(RestorePoints, "create_before", slow)
    seen.start("flip", key="retrieved-chunks", value="3")
    assert seen.until_over() is ChangeState.IDLE
    assert seen.bytes() == before and seen.stages() == []
    assert seen.said[-1].endswith("not begun")


# -- no service


@pytest.mark.parametrize("strategy", ["reload", "manual"])
def test_nothing_claims_that_v34_serves_when_it_does_not(root: Path, tmp_path: Path, strategy: str) -> None:
    settings = replace(NOBODY, control=replace(NOBODY.control, strategy=strategy))
    with seen_at(root, tmp_path / "state", settings) as seen:
        assert f"cd {root}/v34 && python app.py" in seen.room.plan("restart", {}).refusal
        before = seen.bytes()
        seen.flip()
        assert "not running" in seen.shown.message
        seen.room.answer("keep")
        assert seen.until_over() is ChangeState.KEPT
        seen.start("undo")
        assert seen.until_over() is ChangeState.ROLLED_BACK
        assert "v34 serves" not in seen.shown.message and "not running" in seen.shown.message
        assert seen.bytes() == before


# -- restore points


def test_without_a_restore_point_nothing_is_changed_and_the_next_change_makes_it(
    seen: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    from timmy_tui.control.restore.copies import LocalCopies

    before = seen.bytes()
    with monkeypatch.context() as broken:
        for error in (OSError(28, "No space left on device"), Refused("The copy cannot be written.")):

            def fail(*_: object, error: Exception = error) -> None:
                raise error

            broken.setattr(LocalCopies, "keep", fail)
            seen.start("flip", key="retrieved-chunks", value="3")
            assert seen.until_over() is ChangeState.IDLE
            assert "No restore point can be made, and nothing was changed" in seen.shown.message
            assert seen.bytes() == before and seen.stages() == []
    seen.flip()
    seen.room.look()
    assert [one.name for one in seen.room.state().restore_points if one.name.startswith("before-retrieved-chunks-")]


def test_a_broken_git_is_told_and_the_own_copy_is_made(root: Path, tmp_path: Path) -> None:
    git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "all")
    with seen_at(root, tmp_path / "state") as seen:
        objects = root / ".git/objects"
        objects.rename(root / ".git/away")
        objects.write_text("")
        seen.flip()
        word = next(word for word in seen.said if word.startswith("restore point before-retrieved-chunks-"))
        assert "not in git" in word
        (point,) = seen.room._points._copies.all()
        assert "v34/config.py" in point.files


# -- the journal


def test_a_journal_that_cannot_be_written_stops_a_change_before_the_file_is_touched(seen: Seen) -> None:
    before = seen.bytes()
    seen.journal.path.symlink_to("/nowhere")
    plan = seen.room.plan("flip", {"key": "retrieved-chunks", "value": "3"})
    with pytest.raises(ControlError, match="journal"):
        if not plan.refusal:
            seen.room.start(plan)
            seen.until_over()
            raise ControlError(seen.shown.message)
    assert seen.bytes() == before and not temps(seen.config.parent)


def test_a_journal_that_is_lost_in_the_middle_is_told_and_the_next_start_asks_again(root: Path, tmp_path: Path) -> None:
    with seen_at(root, tmp_path / "state") as seen:
        seen.flip()
        away = seen.journal.path.with_suffix(".away")
        seen.journal.path.rename(away)
        seen.journal.path.symlink_to("/nowhere")
        seen.room.answer("keep")
        assert seen.until_over() is ChangeState.KEPT
        assert "journal" in seen.shown.message and "journal" in seen.said[-1]
        seen.journal.path.unlink()
        away.rename(seen.journal.path)
    with seen_at(root, tmp_path / "state") as again:
        again.room.look()
        again.until(lambda: again.room.progress is not None and again.room.progress.choices)
        assert "not verified" in again.shown.message
        again.room.answer("undo")
        assert again.until_over() is ChangeState.ROLLED_BACK


def test_a_rollback_without_a_journal_overwrites_nothing_and_names_the_backup(seen: Seen) -> None:
    old = seen.config.read_bytes()
    seen.flip()
    new = seen.config.read_bytes()
    seen.journal.path.unlink()
    seen.journal.path.symlink_to("/nowhere")
    seen.room.answer("undo")
    assert seen.until_over() is ChangeState.NEEDS_ATTENTION
    assert seen.config.read_bytes() == new
    assert "not rolled back" in seen.shown.message
    backup = seen.shown.message.split("diff ")[1].split(" ")[0]
    assert Path(backup).read_bytes() == old


def test_a_journal_that_was_deleted_meanwhile_does_not_keep_a_change_from_being_undone(seen: Seen) -> None:
    before = seen.bytes()
    seen.flip()
    seen.journal.path.unlink()
    seen.room.answer("undo")
    seen.until_over()
    assert seen.bytes() == before


# -- the file


def test_a_config_that_became_a_symbolic_link_after_the_preview_is_left_alone(seen: Seen, tmp_path: Path) -> None:
    plan = seen.room.plan("flip", {"key": "retrieved-chunks", "value": "3"})
    other = tmp_path / "other.py"
    other.write_bytes(seen.config.read_bytes())
    seen.config.unlink()
    seen.config.symlink_to(other)
    before = other.read_bytes()
    seen.room.start(plan)
    assert seen.until_over() is ChangeState.IDLE
    assert seen.config.is_symlink() and other.read_bytes() == before
    assert not temps(tmp_path) and not temps(seen.config.parent)


def test_a_full_disk_refuses_and_leaves_the_old_bytes(seen: Seen, monkeypatch: pytest.MonkeyPatch) -> None:
    """At each write of the way in turn: the backup, the new bytes, the journal."""
    import timmy_tui.control.edit.atomic_replace as atomic
    import timmy_tui.control.edit.transaction as config_file
    import timmy_tui.control.journal.write_ahead as journal

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    seen.flip("7")
    seen.room.answer("keep")
    seen.until_over()
    before, written = seen.bytes(), seen.stages()
    for module, name in ((config_file, "fdopen"), (atomic, "write"), (journal, "write")):
        with monkeypatch.context() as broken:
            broken.setattr(module, "os", _Os({name: full}))
            seen.start("flip", key="retrieved-chunks", value="3")
            assert seen.until_over() is ChangeState.IDLE, name
        assert "No space left" in seen.shown.message
        assert seen.bytes() == before and not temps(seen.config.parent)
        ended = dict(seen.stages()[len(written) :])
        assert set(ended.values()) <= {"refused"}


class _Os:
    """The os module with some functions replaced, for one module alone."""

    def __init__(self, replaced: dict[str, Any]) -> None:
        self._replaced = replaced

    def __getattr__(self, name: str) -> Any:
        return self._replaced.get(name) or getattr(os, name)


# -- the end of the program


def test_a_change_stays_open_and_is_asked_about_again_when_the_dashboard_closes(root: Path, tmp_path: Path) -> None:
    with seen_at(root, tmp_path / "state") as seen:
        before = seen.bytes()
        op = seen.flip()
        after = seen.bytes()
        seen.room.close()
        assert seen.room.idle and seen.room.left_open(op)
        assert seen.stages()[-1] == (op, "verifying")
        with pytest.raises(ControlError, match="closing"):
            seen.room.start(replace_plan(seen))
    with seen_at(root, tmp_path / "state") as again:
        again.room.look()
        again.until(lambda: again.room.progress is not None and again.room.progress.choices)
        assert again.shown.op == op and again.bytes() == after
        again.room.answer("undo")
        again.until_over()
        assert again.bytes() == before


def replace_plan(seen: Seen) -> object:
    from timmy_tui.control.change.planner import ChangePlan

    return ChangePlan("restart", "restart v34")


def test_a_change_that_waits_for_a_turn_is_not_begun_once_the_dashboard_is_closed(seen: Seen) -> None:
    before = seen.bytes()
    seen.room.see(Snapshot(open_turn=OpenTurn(Turn(ordinal=0), "llm", 0.0, 0.0)))
    seen.start("flip", key="retrieved-chunks", value="3")
    seen.until(lambda: "go now" in seen.shown.choices)
    seen.room.close()
    assert seen.room.idle
    seen.room.see(Snapshot())
    assert seen.bytes() == before and seen.stages() == []


# -- evidence


def test_turns_of_a_session_that_had_begun_before_prove_nothing(seen: Seen) -> None:
    """Its first turn was in flight when the change was forced, and ends after it."""

    def turn(ordinal: int, session: int) -> Turn:
        return Turn(ordinal=ordinal, session=session, state=TurnState.COMPLETE)

    seen.room.see(Snapshot(open_turn=OpenTurn(Turn(ordinal=0, session=4), "playback", 0.0, 0.0)))
    seen.flip()
    seen.room.see(Snapshot(turns=(turn(0, 4), turn(1, 4), turn(2, 4))))
    seen.until(lambda: seen.shown.state is ChangeState.VERIFYING)
    assert not seen.room.idle and seen.shown.evidence == (0, 2)
    seen.room.see(Snapshot(turns=(turn(0, 4), turn(3, 5), turn(4, 5))))
    assert seen.until_over() is ChangeState.KEPT


def test_nothing_private_is_said_on_any_of_these_ways(seen: Seen) -> None:
    seen.flip()
    seen.room.answer("undo")
    seen.until_over()
    seen.room.look()
    told = repr(seen.room.state()) + repr(seen.said) + repr(seen.marks) + seen.journal.path.read_text()
    assert CANARY.decode() not in told
