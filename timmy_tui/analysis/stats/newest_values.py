"""Flags whose log says only when they are flipped: at each turn the newest of what log, journal and file say counts."""

from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from msgspec.structs import replace

from timmy_tui.model.flags.flag import Flag
from timmy_tui.model.flags.table import WrittenValue
from timmy_tui.model.turn import FlagValue, Turn


class NewestValue(NamedTuple):
    """The value of a flag for one turn."""

    value: FlagValue
    before: FlagValue | None
    """The value before, as far as journal and files say it; None: not known."""


class NewestValues:
    """Asked turn by turn; each asking costs some microseconds a flag."""

    def __init__(self, flags: Sequence[Flag]) -> None:
        """Of ``flags``, those with a ``said_at``."""
        self._flags = [
            (flag.key, flag.turn, flag.said_at, flag.live)
            for flag in flags
            if flag.turn is not None and flag.said_at is not None
        ]
        self._written: dict[str, tuple[list[float], list[WrittenValue]]] = {}

    @property
    def has_flags(self) -> bool:
        """There is a flag of this kind."""
        return bool(self._flags)

    def update_written(self, written: Sequence[WrittenValue]) -> None:
        """Set what journal and files say, in order of time."""
        self._written = {}
        for one in written if self._flags else ():
            times, values = self._written.setdefault(one.flag, ([], []))
            if values and one.before is None:
                # The look at a file finds what the journal has written just before it.
                last = values[-1]
                one = replace(one, before=last.before if last.value == one.value else last.value)
            times.append(one.at)
            values.append(one)

    def of(self, turn: Turn, began: float | None, session_began: float | None) -> dict[str, NewestValue]:
        """Key of a flag → its value for a turn that began at ``began``, in a session that began at ``session_began``.

        In seconds since the epoch; None: not known, so that the log alone counts. A flag that the process reads at
        each use has what was written before the turn began, another one what was written before the process started.
        Of a log's line and a file's time within one second the file's is the finer, and counts.
        """
        found: dict[str, NewestValue] = {}
        for key, read, said_at, live in self._flags:
            value, before = read(turn), None
            limit = began if live else session_began
            times, values = self._written.get(key, ((), ()))
            place = bisect_right(times, limit) if limit is not None else 0
            if place:
                newest, at = values[place - 1], said_at(turn)
                if value is None or (at is not None and at <= newest.at):
                    value, before = newest.value, newest.before
            if value is not None:
                found[key] = NewestValue(value, before)
        return found
