"""A Timmy to which nobody talks, turns as a test tells them, and a flip up to a state."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.control.harness import Harness, harness
from timmy_tui.core.settings import Control, Settings
from timmy_tui.model.change import ChangeState
from timmy_tui.model.snapshot import OpenTurn, Snapshot
from timmy_tui.model.turn import Turn, TurnState

QUICK = Settings(control=Control(rollback_countdown_s=0.3, healthy_limit_s=20.0, reload_limit_s=3.0))


def turn(ordinal: int, session: int, **facts: object) -> Turn:
    """A complete turn as the logs tell it."""
    told: dict[str, object] = {"tail_mode": True, "context_returned": 400, "output_tokens": 20, "logs": "both", **facts}
    return Turn(ordinal=ordinal, session=session, state=TurnState.COMPLETE, **told)  # type: ignore[arg-type]


def in_flight(phase: str) -> Snapshot:
    return Snapshot(open_turn=OpenTurn(Turn(ordinal=0), phase, 0.0, 0.0))


@contextmanager
def silence(folder: Path, settings: Settings = QUICK, import_s: float = 0.05) -> Iterator[Harness]:
    """Nobody talks; snapshots are what a test says."""
    with harness(folder, settings, follow_logs=False, conversation=False, import_s=import_s) as held:
        yield held


def flip(held: Harness, until: ChangeState = ChangeState.VERIFYING) -> bytes:
    """Tail mode and raw together, up to a state; what config.py was before."""
    before = held.config.read_bytes()
    held.start("flip", key="tail-mode", value="on")
    held.until_state(until, ChangeState.NEEDS_ATTENTION, ChangeState.IDLE)
    return before
