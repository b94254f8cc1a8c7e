"""What every feed of a test has in common: one log that is there, and needs nothing."""

from collections.abc import Callable
from pathlib import Path

from timmy_tui.model.log_format import LogKind
from timmy_tui.model.snapshot import SourceCondition, SourceState
from timmy_tui.sources.files.tail import Backlog, TailBatch


class FeedOfBatches:
    """Hands over its batches at once. A test changes what it is about."""

    def __init__(self, *batches: TailBatch, kind: LogKind = "latency", name: str = "") -> None:
        self.kind, self.name, self.path = kind, name or f"{kind}.log", Path(f"{kind}.log")
        self._batches = [*batches]

    @property
    def opened(self) -> bool:
        return True

    def start(self, notify: Callable[[], None]) -> None:
        notify()

    def drain(self) -> list[TailBatch]:
        batches, self._batches = self._batches, []
        return batches

    def take_backlog(self) -> Backlog | None:
        return None

    @property
    def state(self) -> SourceState:
        return SourceState(self.name, SourceCondition.OK)

    def set_busy(self, busy: bool) -> None:
        """Nothing to do."""

    def stop(self) -> None:
        """Nothing to do."""
