"""Two turns prove a change whichever log tells of them; typed ones too."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.control.harness import QUICK, ControlHarness, controller_on_demo
from tests.turn_makers import complete_turn, logged_turn
from timmy_tui.core.settings import Paths
from timmy_tui.model.change import ChangeState
from timmy_tui.model.user_requests import Flip


@pytest.mark.parametrize(
    "paths", [Paths(latency_log="shared/no.log"), Paths(v34_logs=("v34/no.log",))], ids=["v34.log", "latency.log"]
)
def test_one_log_alone_proves_tail_mode(tmp_path: Path, paths: Paths) -> None:
    with controller_on_demo(tmp_path, replace(QUICK, paths=paths)) as harness:
        harness.until(lambda: harness.controller.live_state.turns)
        harness.start(Flip((("tail-mode", "on"),)))
        assert harness.until_over() is ChangeState.KEPT
        assert harness.progress.evidence == (2, 2)


def test_typed_turns_prove_it_as_well(harness: ControlHarness) -> None:
    first = logged_turn(1, 1, logs="kv_stats", tail_mode=False)
    harness.see(complete_turn(0))
    harness.flip("tail-mode", "on")
    second, third = (logged_turn(number, 1, logs="kv_stats") for number in (2, 3))
    harness.see(first, second)
    harness.until(lambda: harness.progress.evidence == (1, 2))
    harness.see(first, second, third)
    assert harness.until_over() is ChangeState.KEPT
