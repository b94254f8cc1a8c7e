"""What is resumed while a program ends or changes something, and which turn shows that STT listens again."""

import pytest

from tests.control.harness import ControlHarness
from tests.turn_makers import logged_turn
from timmy_tui.core.errors import ControlError
from timmy_tui.model.change import ChangeState
from timmy_tui.model.turn import TurnState
from timmy_tui.model.user_requests import Flip


def test_a_program_that_ends_resumes_nothing(harness: ControlHarness) -> None:
    """What a killed run left open is left for the next start."""
    harness.leave_open("left", ("retrieved-chunks", "3"))
    harness.controller.close()
    harness.controller.poll()
    assert harness.controller.progress is None and harness.open_operation.op == "left"
    assert harness.stages() == [("left", "editing")]


def test_while_a_change_runs_nothing_else_is_resumed(harness: ControlHarness) -> None:
    for op in ("one", "two"):
        harness.leave_open(op, *({"one": (("retrieved-chunks", "3"),), "two": (("raw", "off"),)}[op]))
    harness.controller.poll()
    harness.until_choice("undo")
    for _ in range(3):
        harness.controller.poll()
        assert harness.progress.op == "one"
    assert not harness.controller.idle


@pytest.mark.parametrize(
    ("state", "cut"), [(TurnState.ABORTED, True), (TurnState.TIMED_OUT, True), (TurnState.COMPLETE, False)]
)
def test_only_a_whole_turn_of_the_new_v34_shows_that_stt_listens_again(
    demo_harness: ControlHarness, state: TurnState, cut: bool
) -> None:
    before = demo_harness.contents()
    demo_harness.start(Flip((("tail-mode", "on"),)))
    demo_harness.until(lambda: demo_harness.contents() != before)
    demo_harness.see(in_phase="retrieve")
    demo_harness.until_state(ChangeState.VERIFYING)
    assert "the restart cut a turn" in demo_harness.progress.message
    answered = demo_harness.listener.started_at + 1.0
    demo_harness.see(logged_turn(20, 5, answered=answered, state=state))
    if cut:
        # Two looks later it still stands there.
        for _ in range(2):
            demo_harness.controller.poll()
        assert "the restart cut a turn" in demo_harness.progress.message
    else:
        demo_harness.until(lambda: "the restart cut a turn" not in demo_harness.progress.message)
    assert demo_harness.answer("keep") is ChangeState.KEPT
    assert ("the restart cut a turn" in demo_harness.messages[-1]) is cut


def test_the_change_that_runs_is_named_to_who_asks_for_another(harness: ControlHarness) -> None:
    harness.leave_open("one", ("retrieved-chunks", "3"))
    harness.controller.poll()
    harness.until_choice("undo")
    with pytest.raises(ControlError, match="still under way"):
        harness.controller.start(harness.plan(Flip((("raw", "off"),))))
