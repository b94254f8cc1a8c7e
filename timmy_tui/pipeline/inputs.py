"""What the pipeline takes in: logs that are followed or replayed, and the services."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from timmy_tui.model.llm import OllamaFacts
from timmy_tui.model.log_format import LogKind
from timmy_tui.model.snapshot import SourceState
from timmy_tui.model.turn import Turn
from timmy_tui.sources.files.tail import Backlog, TailBatch


class Feed(Protocol):
    """A followed or replayed log."""

    name: str
    kind: LogKind

    @property
    def path(self) -> Path:
        """The file that is read now."""

    def start(self, notify: Callable[[], None]) -> None:
        """Begin; ``notify`` is called from any thread when there are new batches."""

    def drain(self) -> list[TailBatch]:
        """Batches since the last call, oldest first; never blocks."""

    def take_backlog(self) -> Backlog | None:
        """The file from its first byte on, if its end was read first, else None; asked for after the first batch."""

    @property
    def opened(self) -> bool:
        """What was there at the start is read, or waits to be drained."""

    @property
    def state(self) -> SourceState:
        """The state of the source now."""

    def set_busy(self, busy: bool) -> None:
        """A turn is in flight: poll more often."""

    def stop(self) -> None:
        """End within a second, whatever state the file is in."""


class Services(Protocol):
    """What the services report over HTTP; they are polled in threads of their own."""

    def start(self, notify: Callable[[], None]) -> None:
        """Begin polling."""

    def stop(self) -> None:
        """End within a second."""

    def on_turn_closed(self) -> None:
        """Ask the model server again in a second."""

    def set_busy(self, busy: bool) -> None:
        """A turn is in flight; v34 answers late meanwhile."""

    def set_running_model(self, model: str | None) -> None:
        """The model that v34 uses now, by its debug log; None: that does not tell. Cheap when it is the same."""

    @property
    def facts(self) -> OllamaFacts | None:
        """What Ollama reports; None before its first answer."""

    @property
    def states(self) -> tuple[SourceState, ...]:
        """One per service."""

    def take_typed_turns(self) -> Sequence[Turn]:
        """Turns of v34's statistics since the last call; typed turns are among them."""
