"""How a change ends, by what the restart of v34 comes to: state, sentence, role, journal, marks and files."""

from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import pytest

from tests.control.harness import ControlHarness
from timmy_tui.control.change import file_change, rollback
from timmy_tui.control.edit.transaction import Applied, PlannedFile, write
from timmy_tui.control.journal.write_ahead import CLOSED, Entry
from timmy_tui.control.progress import WaitStopped
from timmy_tui.control.service.v34_service import ChangeNotRead, Unhealthy, V34Service
from timmy_tui.core.errors import ControlError
from timmy_tui.model.change import ChangeState
from timmy_tui.model.user_requests import Flip, Undo

LABEL = "retrieved chunks 5→3"
FLIP = Flip((("retrieved-chunks", "3"),))
STOPPED = "v34 is not running: its next start reads the file"

FailRestart = Callable[[Exception], None]


@pytest.fixture
def fail_restart(monkeypatch: pytest.MonkeyPatch) -> FailRestart:
    """From now on a restart of v34 raises this."""

    def fail(error: Exception) -> None:
        def restart(self: V34Service, *arguments: Any) -> NoReturn:
            raise error

        monkeypatch.setattr(V34Service, "restart", restart)

    return fail


def start_line(harness: ControlHarness) -> str:
    return f"start it, for example: cd {harness.config.parent} && python app.py --debug"


def assert_kept(harness: ControlHarness) -> None:
    """The last notice says so, as good news."""
    message, role = harness.notices[-1]
    assert message.startswith(f"{LABEL}: kept") and role == "good"


def stages_of(harness: ControlHarness, op: str) -> list[str]:
    return [stage for one, stage in harness.stages() if one == op]


def test_a_change_that_is_kept_without_proof_says_so(harness: ControlHarness) -> None:
    op = harness.flip()
    assert harness.progress.message == STOPPED and harness.progress.choices == ("keep", "undo")
    assert harness.answer("keep") is ChangeState.KEPT
    assert_kept(harness)
    assert stages_of(harness, op) == ["editing", "restarting", "verifying", "kept"]
    assert harness.marks == [("change", LABEL)]


def test_a_change_that_is_taken_back_is_an_operation_of_its_own(harness: ControlHarness) -> None:
    before = harness.contents()
    op = harness.flip()
    assert harness.answer("undo") is ChangeState.ROLLED_BACK
    assert harness.notices[-1] == (f"{LABEL}: rolled back (taken back); {STOPPED}", "warn")
    assert harness.contents() == before
    assert stages_of(harness, op)[-2:] == ["verifying", "rolled back"]
    own = next(one for one, _ in harness.stages() if one != op)
    assert stages_of(harness, own) == ["editing", "rolled back"]
    assert harness.marks == [("change", LABEL), ("change", f"undo {LABEL}")]


def test_an_undo_that_is_done_is_good_news(harness: ControlHarness) -> None:
    harness.flip()
    harness.answer("keep")
    harness.start(Undo())
    assert harness.until_over() is ChangeState.ROLLED_BACK
    assert harness.notices[-1] == (f"undo {LABEL}: done, {STOPPED}", "good")


def test_a_change_that_is_not_begun_is_said_quietly(harness: ControlHarness) -> None:
    harness.see(in_phase="llm")
    harness.start(FLIP)
    harness.until_choice("stop waiting")
    assert harness.answer("stop waiting") is ChangeState.IDLE
    assert harness.notices[-1] == (f"{LABEL}: not begun", "muted")
    assert harness.marks == []


def test_an_unhealthy_v34_is_rolled_back_after_a_countdown(harness: ControlHarness, fail_restart: FailRestart) -> None:
    before = harness.contents()
    fail_restart(Unhealthy("v34 has exited"))
    harness.start(FLIP)
    assert harness.until_over() is ChangeState.ROLLED_BACK
    assert (f"{LABEL}: v34 has exited", "bad") in harness.notices
    assert harness.notices[-1] == (f"{LABEL}: rolled back (v34 has exited); {STOPPED}", "warn")
    assert harness.contents() == before


def test_an_undo_that_v34_does_not_survive_says_that_the_file_is_as_it_was(
    harness: ControlHarness, fail_restart: FailRestart
) -> None:
    """Nothing is rolled back: the undo is what was asked for."""
    before = harness.contents()
    harness.flip()
    harness.answer("keep")
    fail_restart(Unhealthy("v34 has exited"))
    harness.start(Undo())
    assert harness.until_over() is ChangeState.NEEDS_ATTENTION
    said = f"undo {LABEL}: the file is as it was; v34 has exited; {start_line(harness)}"
    assert harness.notices[-1] == (said, "bad")
    assert harness.contents() == before


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ChangeNotRead("pid 7 still serves"), "pid 7 still serves"),
        (ControlError("The command has failed."), "The command has failed"),
    ],
)
def test_a_restart_that_did_not_happen_is_asked_about(
    harness: ControlHarness, fail_restart: FailRestart, error: Exception, reason: str
) -> None:
    fail_restart(error)
    harness.start(FLIP)
    harness.until_choice("undo")
    asked = f"{reason}; v34 is not running; {start_line(harness)}"
    assert harness.state is ChangeState.NEEDS_ATTENTION
    assert (harness.progress.message, harness.progress.choices) == (f"{asked}: keep or undo?", ("keep", "undo"))
    assert harness.notices[-1] == (f"{LABEL}: {asked}", "warn")
    assert harness.stages()[-1] == (harness.progress.op, "asking")
    assert harness.answer("keep") is ChangeState.KEPT
    assert_kept(harness)


def test_an_undo_whose_restart_did_not_happen_is_not_asked_about(
    harness: ControlHarness, fail_restart: FailRestart
) -> None:
    harness.flip()
    harness.answer("keep")
    fail_restart(ChangeNotRead("pid 7 still serves"))
    harness.start(Undo())
    assert harness.until_over() is ChangeState.NEEDS_ATTENTION
    said = f"undo {LABEL}: pid 7 still serves; v34 is not running; {start_line(harness)}"
    assert harness.notices[-1] == (said, "bad")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (Unhealthy("v34 has exited"), "v34 has exited; {start}"),
        (ChangeNotRead("pid 7 still serves"), "pid 7 still serves; v34 is not running; {start}"),
        (WaitStopped(), "the wait was stopped; v34 is not running; {start}"),
        (ControlError("The command has failed"), "The command has failed; v34 is not running; {start}"),
    ],
    ids=lambda one: type(one).__name__,
)
@pytest.mark.parametrize("served", [True, False])
def test_a_rollback_behind_which_v34_does_not_serve_says_why(
    harness: ControlHarness, fail_restart: FailRestart, error: Exception, reason: str, served: bool
) -> None:
    """The files are as they were; v34 served until then, or did not and is not restarted."""
    before = harness.contents()
    op = harness.flip()
    fail_restart(error)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(V34Service, "wait_until_settled", lambda self: served)
        state = harness.answer("undo")
    assert harness.contents() == before
    own = next(one for one, _ in harness.stages() if one != op)
    if served:
        said = reason.format(start=start_line(harness))
        assert state is ChangeState.NEEDS_ATTENTION
        assert harness.notices[-1] == (f"{LABEL}: rolled back (taken back), but {said}", "bad")
        assert stages_of(harness, own)[-1] == "needs attention"
    else:
        assert state is ChangeState.ROLLED_BACK
        assert stages_of(harness, own)[-1] == "rolled back"


@pytest.mark.parametrize("undone", [False, True])
def test_files_are_written_in_a_state_in_which_nothing_can_be_answered(
    harness: ControlHarness, monkeypatch: pytest.MonkeyPatch, undone: bool
) -> None:
    """Five seconds are enough for it; so it is when they are put back."""
    seen: list[tuple[ChangeState, float | None, tuple[str, ...]]] = []
    writer = rollback if undone else file_change

    def looked_at(planned: Sequence[PlannedFile]) -> Applied:
        progress = harness.progress
        seen.append((progress.state, progress.limit, progress.choices))
        return write(planned)

    monkeypatch.setattr(writer, "write", looked_at)
    harness.flip()
    harness.answer("undo")
    assert seen == [(ChangeState.EDITING, 5.0, ())]


@pytest.mark.parametrize("stage", sorted(CLOSED - {"kept", "needs attention"}))
def test_what_is_not_in_place_any_more_is_not_undone_once_more(harness: ControlHarness, stage: str) -> None:
    for one in ("editing", stage):
        harness.journal.append(Entry(op="old", stage=one, label="an old change"))
    ended = "is undone already" if stage == "rolled back" else f"ended as: {stage}"
    assert harness.plan(Undo("old")).refusal == f"an old change {ended}."
    harness.journal.append(Entry(op="undo", stage="rolled back", undoes="old"))
    assert harness.plan(Undo("old")).refusal == "an old change is undone already."


def test_an_error_of_the_program_itself_is_said_and_leaves_no_silent_half(
    harness: ControlHarness, fail_restart: FailRestart
) -> None:
    fail_restart(KeyError("x"))
    harness.start(FLIP)
    assert harness.until_over() is ChangeState.NEEDS_ATTENTION
    assert harness.notices[-1] == ("KeyError in the dashboard itself: 'x'", "bad")
    assert stages_of(harness, harness.progress.op)[-1] == "needs attention"


def test_an_interrupted_change_that_is_taken_up_is_proved_by_the_turns_since(harness: ControlHarness) -> None:
    harness.leave_open("left", ("retrieved-chunks", "3"))
    harness.controller.poll()
    harness.until_state(ChangeState.VERIFYING)
    assert harness.progress.message == "applied, and not verified before"
    assert harness.progress.choices == ("keep", "undo")
    assert harness.answer("keep") is ChangeState.KEPT
    assert_kept(harness)


def test_a_change_whose_end_could_not_be_written_is_not_taken_up_by_the_program_that_ran_it(
    harness: ControlHarness,
) -> None:
    """The next start asks about it; this one has told how it ended."""
    harness.flip()
    away = harness.journal.path.with_suffix(".away")
    harness.journal.path.rename(away)
    harness.journal.path.symlink_to("/nowhere")
    assert harness.answer("keep") is ChangeState.KEPT
    harness.journal.path.unlink()
    away.rename(harness.journal.path)
    assert harness.open_operation.op == harness.progress.op
    harness.controller.poll()
    assert harness.controller.idle and harness.state is ChangeState.KEPT
