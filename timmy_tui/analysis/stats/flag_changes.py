"""Which flags a session ran under, and what moved: from its turns, the journal, and the files as it began.

v34 reads its flags once, when it starts. So what a session's later turns show for the first time held from its first
turn on, and a flag that moves within a session is a restart that no log told of.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from timmy_tui.model.flags import Flag, KnownFlags, WrittenValue
from timmy_tui.model.turn import FlagChange, FlagValue, Turn

Values = Mapping[str, FlagValue]
"""Key of a flag → its value in the terms of the file."""


class FlagStep(NamedTuple):
    """What one turn says of the flags."""

    begins: bool
    """An epoch begins with it."""
    restarted: bool
    """… with a restart of v34."""
    changes: tuple[FlagChange, ...]
    """All that moved where its epoch began, as far as it is known now."""
    news: tuple[FlagChange, ...]
    """Those of them that this turn is the first to tell of."""
    values: Values
    """What its epoch runs under, as far as it is known now."""
    replaced: Values
    """What the epoch before ran under and only now is known: the journal names the value that it took away."""


class FlagTracker:
    """Turns in, changes of flags out. A value that is not known changes nothing."""

    def __init__(self, known: KnownFlags | None = None) -> None:
        known = known or KnownFlags()
        self._flags = known.flags
        self._readers = [(flag.key, flag.turn, flag.first_turn) for flag in known.flags if flag.turn is not None]
        self._written = known.written
        self._session: int | None = None
        self._until = float("-inf")
        """When the newest session began: what was written before has been taken."""
        self._from_files: dict[str, FlagValue] = {}
        """What journal and files say of the newest session, until its turns say otherwise."""
        self._shown: dict[str, FlagValue] = {}
        """What the turns of the newest session show."""
        self._before: dict[str, FlagValue] = {}
        """The newest that is known of each flag ahead of the epoch."""
        self._values: dict[str, FlagValue] = {}
        self._changes: tuple[FlagChange, ...] = ()

    def know(self, written: Sequence[WrittenValue]) -> None:
        """What journal and files tell, in order of time; it counts for sessions that begin from now on."""
        self._written = tuple(written)

    def add(self, turn: Turn) -> FlagStep:
        """Take a turn in, in order of time; never a lone pause."""
        first = turn.session != self._session
        restarted = first and self._session is not None
        shown = self._shown_by(turn, first)
        if not first and shown.items() <= self._shown.items():
            return FlagStep(False, False, self._changes, (), self._values, {})
        replaced = self._begin_session(turn) if first else {}
        split = any(self._shown.get(key, value) != value for key, value in shown.items())
        if split:
            self._begin_epoch(self._values)
        self._shown.update(shown)
        for key, value in shown.items():
            if self._from_files.get(key, value) != value:
                # A process that never read the file, or an override: the turns are right.
                del self._from_files[key]
        self._values = {**self._values, **shown}
        earlier, self._changes = self._changes, self._moved()
        news = tuple(change for change in self._changes if change not in earlier)
        return FlagStep(first or split, restarted, self._changes, news, self._values, replaced)

    def _begin_session(self, turn: Turn) -> Values:
        """What the files held as it began; returns what the session before had run under, where only now known."""
        replaced: dict[str, FlagValue] = {}
        began = served_at(turn)
        for one in self._written if began is not None else ():
            if began is None or not self._until < one.at <= began:
                continue
            if one.before is not None and self._session is not None and one.flag not in self._shown:
                replaced.setdefault(one.flag, one.before)
            if one.value is None:
                self._from_files.pop(one.flag, None)
            else:
                self._from_files[one.flag] = one.value
        self._until = self._until if began is None else max(self._until, began)
        self._values = {**self._values, **replaced}
        self._begin_epoch(self._from_files)
        self._session, self._shown = turn.session, {}
        return replaced

    def _begin_epoch(self, values: Values) -> None:
        self._before.update(self._values)
        self._values, self._changes = dict(values), ()

    def _shown_by(self, turn: Turn, first: bool) -> dict[str, FlagValue]:
        shown: dict[str, FlagValue] = {}
        for key, read, on_first_turn in self._readers:
            value = read(turn)
            if value is not None and not (first and value == on_first_turn):
                shown[key] = value
        return shown

    def _moved(self) -> tuple[FlagChange, ...]:
        """In the order of the table."""
        moved = []
        for flag in self._flags:
            before, after = self._before.get(flag.key), self._values.get(flag.key)
            if before is not None and after is not None and before != after:
                moved.append(FlagChange(flag=flag.key, label=flag.label, before=before, after=after))
        return tuple(moved)


def served_at(turn: Turn) -> float | None:
    """When it began, on v34's clock: the other clock's time is moved only where the hops prove that the two differ."""
    if turn.started is None:
        return None
    low, high = turn.offset_bounds
    offset_ms = 0.0
    if low is not None:
        offset_ms = max(offset_ms, low)
    if high is not None:
        offset_ms = min(offset_ms, high)
    return turn.started + offset_ms / 1000


def touched(changes: Sequence[FlagChange], flags: Sequence[Flag]) -> tuple[str, ...] | None:
    """Stages and groups that these changes touch; None for a flag of which nobody knows: all of them."""
    names: list[str] = []
    for change in changes:
        flag = next((one for one in flags if one.key == change.flag), None)
        if flag is None or not flag.touches:
            return None
        names += flag.touches
    return tuple(dict.fromkeys(names))
