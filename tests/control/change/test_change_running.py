"""A flip to what already runs, or to what a file says and v34 has not read: the running value decides."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.control.harness import ControlHarness, controller_on_demo
from tests.control.timmy_files import edit_unnoticed
from tests.turn_makers import logged_turn
from timmy_tui.core.errors import ControlError
from timmy_tui.model.change import ChangeState
from timmy_tui.model.turn import Turn
from timmy_tui.model.user_requests import Flip

TAIL_ON, TAIL_OFF, RAW_OFF = (Flip((pair,)) for pair in (("tail-mode", "on"), ("tail-mode", "off"), ("raw", "off")))


def session(harness: ControlHarness, number: int = 1, answered: float | None = None, **facts: object) -> list[Turn]:
    """Three turns of one session; tail mode off and raw on unless said. Answered by the v34 that runs, unless said."""
    known = {"tail_mode": False, "raw": True, **facts}
    at = answered if answered is not None else harness.listener.started_at + 1.0
    return [logged_turn(10 * number + n, number, answered=at + n, **known) for n in range(3)]


def test_what_runs_already_is_said_and_nothing_is_done(demo_harness: ControlHarness) -> None:
    before, pid = demo_harness.contents(), demo_harness.listener.pid
    demo_harness.see(*session(demo_harness))
    plan = demo_harness.plan(TAIL_OFF)
    assert (plan.label, plan.done, plan.refusal) == ("tail mode off", "already running", "")
    with pytest.raises(ControlError, match="already running"):
        demo_harness.controller.start(plan)
    assert demo_harness.contents() == before and demo_harness.listener.pid == pid
    assert not demo_harness.journal.path.exists()


def test_of_several_flags_those_that_run_already_are_left_out(demo_harness: ControlHarness) -> None:
    demo_harness.see(*session(demo_harness, num_ctx=8000))
    plan = demo_harness.plan(Flip((("context-size", "8000"), ("retrieved-chunks", "3"))))
    assert (plan.label, plan.done) == ("retrieved chunks 5→3", "")
    assert [flag.key for flag, _ in plan.requested] == ["retrieved-chunks"]


def test_turns_of_the_v34_before_do_not_show_what_runs(demo_harness: ControlHarness) -> None:
    """Flipped and restarted, and nobody has spoken since: the old turns still show the old value."""
    demo_harness.see(*session(demo_harness, answered=demo_harness.listener.started_at - 10.0))
    plan = demo_harness.plan(TAIL_ON)
    assert (plan.done, plan.refusal) == ("", "") and plan.planned
    assert "has that value already" in demo_harness.plan(TAIL_OFF).refusal
    demo_harness.controller.poll()
    assert {flag.running_value for flag in demo_harness.controller.state().flags} == {"—"}


def test_a_file_that_v34_has_not_read_yet_needs_a_restart_alone(demo_harness: ControlHarness) -> None:
    edited = edit_unnoticed(demo_harness.config, b"USE_FULL_MEGA_PROMPT = True", b"USE_FULL_MEGA_PROMPT = False")
    app, pid = demo_harness.app.read_bytes(), demo_harness.listener.pid
    turns = session(demo_harness, raw=False)
    demo_harness.see(*turns)
    plan = demo_harness.plan(TAIL_ON)
    assert plan.label == "tail mode off→on" and not plan.planned
    assert plan.preview[0] == "no file is changed: it has that value already, and v34 was started before"
    demo_harness.controller.start(plan)
    demo_harness.until_state(ChangeState.VERIFYING)
    assert demo_harness.listener.pid != pid
    assert demo_harness.progress.choices == ("keep",), "no file was written that could be put back"
    demo_harness.see(*turns, *session(demo_harness, 2, tail_mode=True, raw=False))
    assert demo_harness.until_over() is ChangeState.KEPT
    assert demo_harness.contents() == (edited, app)


def test_what_runs_is_said_with_what_the_file_says_otherwise(demo_harness: ControlHarness) -> None:
    edit_unnoticed(demo_harness.config, b"USE_FULL_MEGA_PROMPT = True", b"USE_FULL_MEGA_PROMPT = False")
    demo_harness.see(*session(demo_harness))
    plan = demo_harness.plan(TAIL_OFF)
    assert plan.done == "already running; v34/config.py says on"


@pytest.fixture
def raw_removed(tmp_path: Path) -> Iterator[ControlHarness]:
    """``llm.py`` no longer passes raw on, while ``app.py`` still says ``raw=True``."""
    with controller_on_demo(tmp_path, talk=False, raw_removed=True) as harness:
        yield harness


def test_raw_that_llm_py_no_longer_passes_on_is_off_already(raw_removed: ControlHarness) -> None:
    assert b"raw=True" in raw_removed.app.read_bytes()
    raw_removed.see(*session(raw_removed, raw=False))
    assert raw_removed.plan(RAW_OFF).done == "already running; v34/app.py says on, and does not decide"


def test_beside_a_raw_that_is_off_already_tail_mode_is_flipped_alone(raw_removed: ControlHarness) -> None:
    raw_removed.see(*session(raw_removed, raw=False))
    plan = raw_removed.plan(TAIL_ON)
    assert plan.label == "tail mode off→on" and plan.other is None
    assert "Tail mode with raw on" not in " ".join(plan.preview)


def test_a_dead_v34_runs_nothing(demo_harness: ControlHarness) -> None:
    turns = session(demo_harness)
    demo_harness.service.kill()
    demo_harness.until(lambda: not demo_harness.serving().listeners)
    demo_harness.see(*turns, logged_turn(40, 4, answered=time.time()))
    assert demo_harness.plan(TAIL_ON).done == ""
