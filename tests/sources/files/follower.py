"""A tail on a clock that the test moves, with all batches that it has returned."""

from pathlib import Path

from timmy_tui.core.settings import TailSettings
from timmy_tui.model.snapshot import SourceCondition
from timmy_tui.sources.files.tail import OpenMode, Tail, TailBatch


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Follower:
    """A tail, with all lines that it has returned so far."""

    def __init__(
        self,
        path: Path,
        limits: TailSettings | None = None,
        hold: bool = True,
        from_end: bool = True,
        document: bool = False,
    ) -> None:
        self.clock = Clock()
        mode = OpenMode(from_end, hold, document=document)
        self.tail = Tail(path, path.name, limits or TailSettings(), mode, self.clock)
        self.batches: list[TailBatch] = []

    def poll(self, after: float = 0.0) -> list[bytes]:
        """Lines of one poll, ``after`` seconds later."""
        self.clock.now += after
        batches = self.tail.poll()
        self.batches += batches
        return [line for batch in batches for line in batch.lines]

    def condition(self) -> SourceCondition:
        return self.tail.state.condition

    @property
    def lines(self) -> list[bytes]:
        return [line for batch in self.batches for line in batch.lines]


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)
