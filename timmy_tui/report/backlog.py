"""When what was in the logs before the start has been read: only what comes later is news."""

from timmy_tui.model.snapshot import Snapshot, SourceCondition

SETTLED_S = 5.0
"""So long at most v34's first answer is waited for: its statistics tell of typed turns whose lines it still holds back.
It is asked at once, and mostly answers within 50 ms."""
STATISTICS = "v34"
"""The service that has them."""


class Backlog:
    """Watches the first snapshots."""

    def __init__(self) -> None:
        self._opened_at: float | None = None
        """Tick of the first snapshot with all logs in it."""

    def is_over(self, snapshot: Snapshot, tick: float) -> bool:
        """What was in the logs before is read. ``tick``: ``elapsed()``."""
        if not snapshot.opened or snapshot.preview:
            return False
        if self._opened_at is None:
            self._opened_at = tick
        conditions = {source.name: source.condition for source in snapshot.sources}
        waited = tick - self._opened_at >= SETTLED_S
        return waited or conditions.get(STATISTICS) is not SourceCondition.WAITING
