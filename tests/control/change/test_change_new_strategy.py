"""A way to restart v34 that is in the table flips a flag and takes it back; no other module knows it."""

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest

from tests.control.harness import controller_on, with_control
from tests.control.services import RealV34
from timmy_tui.control.service.listeners import Serving
from timmy_tui.control.service.restart_strategies import STRATEGIES, StartedBy
from timmy_tui.model.change import ChangeState
from timmy_tui.model.user_requests import Flip, Restart, Undo
from timmy_tui.sources.timmy import Timmy


@dataclass(frozen=True)
class Respawn:
    """Ends the v34 of the test, and starts another one."""

    name: ClassVar[str] = "respawn"
    started_by: ClassVar[StartedBy] = StartedBy.STRATEGY
    gone_s: ClassVar[float | None] = 0.5
    v34: ClassVar[RealV34]

    limit_s: float | None = 20.0

    @classmethod
    def make(cls, timmy: Timmy) -> "Respawn":
        return cls()

    def preview(self, serving: Serving) -> tuple[str, ...]:
        return ("v34 is spawned anew",)

    def refusal(self, serving: Serving) -> str:
        return ""

    def restart(self, serving: Serving, edited: tuple[Path, ...], cancelled: threading.Event) -> str:
        self.v34.kill()
        self.v34.start()
        return "spawned"


def test_a_new_strategy_restarts_flips_undoes_and_brings_back_a_dead_v34(
    tmp_path: Path, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(STRATEGIES, "respawn", Respawn)
    v34 = RealV34(tmp_path / "timmy")
    v34.drop_reloader()
    monkeypatch.setattr(Respawn, "v34", v34, raising=False)
    with v34, controller_on(v34, state, with_control(strategy="respawn")) as harness:
        before = harness.contents()
        plan = harness.plan(Flip((("tail-mode", "on"),)))
        assert "v34 is spawned anew" in plan.preview and plan.refusal == ""
        harness.flip("tail-mode", "on")
        assert harness.state is ChangeState.VERIFYING and v34.served_value() is False, harness.messages
        harness.start(Undo())
        assert harness.until_over() is ChangeState.ROLLED_BACK, harness.messages
        assert v34.served_value() is True and harness.contents() == before
        v34.kill()
        harness.start(Restart())
        harness.until_over()
        assert v34.served_value() is True, harness.messages
