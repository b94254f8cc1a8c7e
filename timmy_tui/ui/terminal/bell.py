"""When to ring the bell: on failed turns and findings, at most once a minute, only while the microphone is closed."""

from typing import Literal

from timmy_tui.model.snapshot import Snapshot
from timmy_tui.model.stages import STAGES
from timmy_tui.model.turn import FAILED_STATES

PAUSE_S = 60.0
"""Least time between two rings, in seconds."""
OPEN_MICROPHONE = ("", *(stage.key for stage in STAGES if stage.critical and stage.clock == "stt"))
"""Phases in which the STT server would hear the bell; ``""`` is no turn."""


class Bell:
    """Remembers what it has rung for; an event while the microphone is open waits."""

    def __init__(self, wanted: Literal["off", "regression", "fail"]) -> None:
        """``regression`` rings for failed turns as well."""
        self._wanted = wanted
        self._known: set[str] | None = None
        self._pending = False
        self._rung_at = float("-inf")

    def should_ring(self, snapshot: Snapshot, tick: float) -> bool:
        """True when the bell must ring now, by the newest snapshot. ``tick`` is time.monotonic()."""
        if self._wanted == "off":
            return False
        news = self._news(snapshot)
        if self._known is not None and news - self._known:
            self._pending = True
        self._known = news | (self._known or set())
        turn = snapshot.open_turn
        muted = turn is not None and turn.phase not in OPEN_MICROPHONE
        if not (self._pending and muted and tick - self._rung_at >= PAUSE_S):
            return False
        self._pending, self._rung_at = False, tick
        return True

    def _news(self, snapshot: Snapshot) -> set[str]:
        news = {f"turn {turn.ordinal}" for turn in snapshot.turns[-20:] if turn.state in FAILED_STATES}
        if self._wanted == "regression" and snapshot.judgement is not None:
            lasting = (one for one in snapshot.judgement.findings if not one.ended)
            news |= {one.key for one in lasting if one.direction == "slower" and one.notable}
        return news
