"""Two turns prove a change whichever log tells of them; typed ones too."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.control.harness import harness
from tests.control.places import lay_out
from tests.control.rooms import seen_at
from timmy_tui.core.settings import Paths, Settings
from timmy_tui.model.change import ChangeState
from timmy_tui.model.snapshot import Snapshot
from timmy_tui.model.turn import Turn, TurnState


@pytest.mark.parametrize(
    "paths", [Paths(latency_log="shared/no.log"), Paths(v34_logs=("v34/no.log",))], ids=["v34.log", "latency.log"]
)
def test_one_log_alone_proves_tail_mode(tmp_path: Path, paths: Paths) -> None:
    with harness(tmp_path, replace(Settings(), paths=paths)) as held:
        held.until(lambda: held.room.live_state.turns)
        held.start("flip", key="tail-mode", value="on")
        assert held.until_over() is ChangeState.KEPT
        assert held.room.progress is not None and held.room.progress.evidence == (2, 2)


def test_typed_turns_prove_it_as_well(tmp_path: Path) -> None:
    def typed(ordinal: int, **facts: object) -> Turn:
        told: dict[str, object] = {"logs": "kv_stats", "context_returned": 400, "output_tokens": 20, **facts}
        return Turn(ordinal=ordinal, session=1, state=TurnState.COMPLETE, **told)  # type: ignore[arg-type]

    with seen_at(lay_out(tmp_path / "timmy"), tmp_path / "state") as seen:
        seen.room.see(Snapshot(turns=(Turn(ordinal=0, session=0, state=TurnState.COMPLETE),)))
        seen.flip("on", "tail-mode")
        seen.room.see(Snapshot(turns=(typed(1, tail_mode=False),)))
        seen.until(lambda: seen.shown.evidence == (1, 2))
        seen.room.see(Snapshot(turns=(typed(1, tail_mode=False), typed(2, tail_mode=True))))
        assert seen.until_over() is ChangeState.KEPT
