"""A way to restart v34 that is in the table flips a flag and takes it back; no other module knows it."""

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest
from msgspec.structs import replace

from tests.control.change.test_change_real import QUICK, room_of, running_value, state_of
from tests.control.services import RealV34, until
from timmy_tui.control.service.listeners import Serving
from timmy_tui.control.service.strategies import STRATEGIES, StartedBy, StrategyInputs
from timmy_tui.model.change import ChangeState


@dataclass(frozen=True)
class Respawn:
    """Ends the v34 of the test, and starts another one."""

    name: ClassVar[str] = "respawn"
    started_by: ClassVar[StartedBy] = StartedBy.STRATEGY
    gone_s: ClassVar[float | None] = 0.5
    v34: ClassVar[RealV34]

    limit_s: float | None = 20.0

    @classmethod
    def make(cls, inputs: StrategyInputs) -> "Respawn":
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
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(STRATEGIES, "respawn", Respawn)
    v34 = RealV34(tmp_path / "timmy")
    v34.app.write_text(v34.app.read_text().replace("debug=True", "debug=True, use_reloader=False"))
    monkeypatch.setattr(Respawn, "v34", v34, raising=False)
    settings = replace(QUICK, control=replace(QUICK.control, strategy="respawn"))
    before = v34.config.read_bytes()
    with v34, room_of(v34, tmp_path / "state", settings) as (room, said):
        plan = room.plan("flip", {"key": "tail-mode", "value": "on"})
        assert "v34 is spawned anew" in plan.preview and plan.refusal == ""
        room.start(plan)
        until(lambda: room.idle or state_of(room) is ChangeState.VERIFYING)
        assert state_of(room) is ChangeState.VERIFYING and running_value(v34) is False, said
        room.start(room.plan("undo", {}))
        until(lambda: room.idle)
        assert state_of(room) is ChangeState.ROLLED_BACK and running_value(v34) is True, said
        assert v34.config.read_bytes() == before
        v34.kill()
        room.start(room.plan("restart", {}))
        until(lambda: room.idle)
        assert running_value(v34) is True, said
