"""Events as the tracker writes them, from whole microseconds, and what the assembler makes of them."""

from collections.abc import Iterable, Mapping
from typing import Any

from timmy_tui.model.turn import Event, Turn
from timmy_tui.turns.assembler import TurnAssembler

BASE_US = 1_764_350_000_000_000
"""A time of day; a float of seconds still tells its microseconds apart."""


def event(name: str, at_us: int, metadata: Mapping[str, Any] | None = None, request_id: str = "aaaaaaaa") -> Event:
    """One event, ``at_us`` after the base."""
    return Event((BASE_US + at_us) / 1e6, request_id, name, name.partition("_")[0], dict(metadata or {}))


def at(seconds: float) -> float:
    """Seconds since the epoch, so long after the base."""
    return (BASE_US + round(seconds * 1e6)) / 1e6


def read_all(events: Iterable[Event], **options: Any) -> list[Turn]:
    """All turns by ordinal, those still open at the end included."""
    assembler = TurnAssembler(**options)
    turns = {turn.ordinal: turn for turn in assembler.add_events(list(events))}
    turns.update((turn.ordinal, turn) for turn in assembler.finish())
    return [turns[ordinal] for ordinal in sorted(turns)]


def read_one(events: Iterable[Event], **options: Any) -> Turn:
    """The only turn that these events make."""
    (turn,) = read_all(events, **options)
    return turn
