"""The user's answer against the state: what was said in time counts, what came too late is refused, nothing is lost."""

import threading
import time

import pytest

from timmy_tui.control.progress import (
    KEEP,
    NOW,
    STOP,
    UNDO,
    KeepRequested,
    Progress,
    ShuttingDown,
    UndoRequested,
    WaitStopped,
)
from timmy_tui.core.errors import ControlError
from timmy_tui.model.change import ChangeState


@pytest.fixture
def progress() -> Progress:
    return Progress("op", "tail mode off→on")


def test_an_answer_given_as_the_state_changes_holds_where_it_still_is_one(progress: Progress) -> None:
    progress.enter(ChangeState.WAITING, None, (STOP, UNDO))
    progress.answer(UNDO)
    progress.enter(ChangeState.VERIFYING, None, (KEEP, UNDO))
    with pytest.raises(UndoRequested):
        progress.wait(5.0)
    progress.enter(ChangeState.RESTARTING, None, (STOP,))
    progress.answer(STOP)
    progress.enter(ChangeState.WAITING, None, (STOP, UNDO))
    assert progress.cancelled.is_set()
    with pytest.raises(WaitStopped):
        progress.wait(5.0)


def test_an_answer_that_the_next_state_does_not_ask_for_is_not_applied_to_it(progress: Progress) -> None:
    progress.enter(ChangeState.WAITING, None, (STOP,))
    progress.answer(STOP)
    progress.enter(ChangeState.VERIFYING, None, (KEEP, UNDO))
    assert not progress.cancelled.is_set()
    assert progress.wait(0.0) is False


def test_before_a_step_that_cannot_be_called_back_the_last_word_counts_and_later_ones_are_refused(
    progress: Progress,
) -> None:
    progress.enter(ChangeState.GUARDING, None, (STOP, NOW))
    progress.answer(STOP)
    with pytest.raises(WaitStopped):
        progress.stop_accepting_answers()
    progress.enter(ChangeState.VERIFYING, None, (KEEP, UNDO))
    progress.stop_accepting_answers()
    with pytest.raises(ControlError, match="no running change offers that choice now"):
        progress.answer(UNDO)


def test_an_answer_is_refused_or_counts_whenever_it_comes() -> None:
    """A thousand races between the last look at the answers and the key."""
    lost = 0
    for _ in range(1000):
        progress = Progress("op", "a change")
        progress.enter(ChangeState.VERIFYING, None, (KEEP, UNDO))
        taken: list[bool] = []

        def press(progress: Progress = progress, taken: list[bool] = taken) -> None:
            try:
                progress.answer(UNDO)
                taken.append(True)
            except ControlError:
                taken.append(False)

        thread = threading.Thread(target=press)
        thread.start()
        try:
            progress.wait(0.0)
            progress.stop_accepting_answers()
            progress.enter(ChangeState.KEPT)
            counted = False
        except UndoRequested:
            counted = True
        thread.join()
        lost += taken != [counted]
    assert lost == 0


def test_a_wish_to_undo_survives_into_the_countdown(progress: Progress) -> None:
    progress.enter(ChangeState.WAITING, None, (STOP, UNDO))
    progress.answer(UNDO)
    with pytest.raises(UndoRequested):
        progress.count_down(60.0, "v34 has exited")


def test_a_countdown_ends_by_itself_is_stopped_and_shows_its_seconds(progress: Progress) -> None:
    progress.enter(ChangeState.WAITING, None, (STOP, UNDO))
    progress.count_down(0.02, "v34 has exited")
    with pytest.raises(ControlError):
        progress.answer(STOP)
    seen: list[float | None] = []

    def stop() -> None:
        while progress.current(()).countdown is None:
            time.sleep(0.001)
        seen.append(progress.current(()).countdown)
        progress.answer(STOP)

    thread = threading.Thread(target=stop)
    thread.start()
    with pytest.raises(WaitStopped):
        progress.count_down(50.0, "v34 has exited")
    thread.join()
    assert seen[0] is not None and 0 < seen[0] <= 50 and progress.current(()).countdown is None


def test_the_end_of_the_program_ends_a_wait_and_calls_nothing_back(progress: Progress) -> None:
    """A restart command that is under way must come to its own end, or v34 stays dead."""
    progress.enter(ChangeState.VERIFYING, None, (KEEP, UNDO))
    thread = threading.Thread(target=progress.shut_down)
    thread.start()
    with pytest.raises(ShuttingDown):
        progress.wait(50.0)
        progress.wait(50.0)
    thread.join()
    assert not progress.cancelled.is_set()
    with pytest.raises(ShuttingDown):
        progress.stop_accepting_answers()


def test_go_now_ends_a_wait_and_keep_ends_the_change(progress: Progress) -> None:
    progress.enter(ChangeState.GUARDING, None, (NOW, STOP))
    progress.answer(NOW)
    assert progress.wait(5.0) is True
    progress.enter(ChangeState.VERIFYING, None, (KEEP, UNDO))
    progress.answer(KEEP)
    with pytest.raises(KeepRequested):
        progress.wait(5.0)
