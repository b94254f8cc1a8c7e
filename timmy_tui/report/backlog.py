"""When what was in the logs before the start has been read: only what comes later is news."""

from timmy_tui.model.snapshot import Snapshot, SourceCondition

SETTLED_S = 5.0
"""Seconds from the first snapshot with lines, in which all that comes may have been in the logs before: two polls of a
file, and its judgement."""


class Backlog:
    """Watches the first snapshots."""

    def __init__(self) -> None:
        self._read_since: float | None = None

    def is_over(self, snapshot: Snapshot, tick: float) -> bool:
        """What was in the logs before is read. ``tick``: ``elapsed()``."""
        if self._read_since is None and (snapshot.turns or any(source.lines for source in snapshot.sources)):
            self._read_since = tick
        waited = self._read_since is not None and tick - self._read_since >= SETTLED_S
        reading = any(source.condition is SourceCondition.READING for source in snapshot.sources)
        return waited and not snapshot.preview and not reading
