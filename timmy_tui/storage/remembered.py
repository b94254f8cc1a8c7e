"""What the history knows of a turn that a new reading of the logs does not: its number, its time, its mark."""

from typing import NamedTuple

from msgspec.structs import replace

from timmy_tui.model.turn import Turn
from timmy_tui.storage.history import Mark

TIMES = ("started", "ended", "answered")
"""The debug log does not say when a typed turn took place; v34's statistics do, as long as that process runs."""


class Remembered(NamedTuple):
    """Facts of one turn of a reading."""

    ordinal: int
    stored: Turn
    mark: Mark | None

    def completed(self, turn: Turn) -> Turn:
        """The turn with its number, and with times that it has not itself; the same object if it has all of it."""
        values = {name: getattr(self.stored, name) for name in TIMES if getattr(turn, name) is None}
        if turn.number != self.stored.number:
            values["number"] = self.stored.number
        values = {name: value for name, value in values.items() if value is not None}
        return replace(turn, **values) if values else turn
