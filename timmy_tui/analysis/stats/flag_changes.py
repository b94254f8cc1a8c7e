"""The flags that each session ran under, and their changes: from its turns, the journal, and v34's files.

v34 reads its flags once, when it starts. So a value that a later turn of a session is the first to show was in effect
from the first turn on. A flag that changes within a session means a restart that the logs do not show. Flags that a
process reads at each use (newest_values.py) change within a session.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from timmy_tui.analysis.stats.newest_values import NewestValues
from timmy_tui.model.flags.flag import Flag
from timmy_tui.model.flags.table import KnownFlags, WrittenValue
from timmy_tui.model.turn import FlagChange, FlagValue, Turn

Values = Mapping[str, FlagValue]
"""Key of a flag → its value in the terms of the file."""


class FlagStep(NamedTuple):
    """What one turn adds to the knowledge of the flags."""

    begins: bool
    """An epoch begins with it."""
    restarted: bool
    """That epoch begins with a restart of v34."""
    changes: tuple[FlagChange, ...]
    """All flags that changed at the beginning of its epoch, as far as known now."""
    new_changes: tuple[FlagChange, ...]
    """The part of ``changes`` that was not known before this turn."""
    values: Values
    """The flags of its epoch, as far as known now."""
    earlier_values: Values
    """Flags of the epoch before that are known only now: the journal names the old value of a change."""


class FlagTracker:
    """Takes turns, finds changes of flags. An unknown value is never a change."""

    def __init__(self, known: KnownFlags | None = None) -> None:
        known = known or KnownFlags()
        self._flags = known.flags
        self._readers = [
            (flag.key, flag.turn, flag.first_turn)
            for flag in known.flags
            if flag.turn is not None and flag.said_at is None
        ]
        self._newest = NewestValues(known.flags)
        self._newest.update_written(known.written)
        self._written = known.written
        self._session_began: float | None = None
        self._session: int | None = None
        self._until = float("-inf")
        """Beginning of the newest session: values written before are in use already."""
        self._from_files: dict[str, FlagValue] = {}
        """Values of the newest session by journal and files; those that its turns contradict are removed."""
        self._shown: dict[str, FlagValue] = {}
        """Values that the turns of the newest session show."""
        self._before: dict[str, FlagValue] = {}
        """The newest known value of each flag before the epoch."""
        self._values: dict[str, FlagValue] = {}
        self._changes: tuple[FlagChange, ...] = ()

    def update_written(self, written: Sequence[WrittenValue]) -> None:
        """Set what journal and files say, in order of time.

        It is used for sessions that begin from now on, and for the next turn where flags are read at each use.
        """
        if written is not self._written:
            self._written = tuple(written)
            self._newest.update_written(written)

    def add(self, turn: Turn) -> FlagStep:
        """Take the next turn in order of time; never a lone pause."""
        first = turn.session != self._session
        restarted = first and self._session is not None
        if first:
            self._session_began = v34_time(turn)
        shown, before = self._shown_by(turn, first)
        if not first and not shown.items() - self._shown.items():
            return FlagStep(False, False, self._changes, (), self._values, {})
        replaced = self._begin_session(turn) if first else self._take_earlier(before)
        split = any(self._shown.get(key, value) != value for key, value in shown.items())
        if split:
            self._begin_epoch(self._values)
        self._shown.update(shown)
        for key, value in shown.items():
            if self._from_files.get(key, value) != value:
                # The process has not read the file, or something overrides it: the turns are right.
                del self._from_files[key]
        self._values = {**self._values, **shown}
        earlier, self._changes = self._changes, self._moved()
        news = tuple(change for change in self._changes if change not in earlier)
        return FlagStep(first or split, restarted, self._changes, news, self._values, replaced)

    def _begin_session(self, turn: Turn) -> Values:
        """Start with the values of journal and files. Returns values of the session before that are known only now."""
        replaced: dict[str, FlagValue] = {}
        began = v34_time(turn)
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

    def _shown_by(self, turn: Turn, first: bool) -> tuple[dict[str, FlagValue], dict[str, FlagValue]]:
        """The values that this turn runs under, as far as it shows them; and those before, where the journal knows."""
        shown: dict[str, FlagValue] = {}
        before: dict[str, FlagValue] = {}
        for key, read, on_first_turn in self._readers:
            value = read(turn)
            if value is not None and not (first and value == on_first_turn):
                shown[key] = value
        if not self._newest.has_flags:
            return shown, before
        for key, newest in self._newest.of(turn, v34_time(turn), self._session_began).items():
            shown[key] = newest.value
            if newest.before is not None:
                before[key] = newest.before
        return shown, before

    def _take_earlier(self, before: Values) -> Values:
        """Values of the running epoch that are known only now, because the journal names the old value of a change."""
        earlier = {key: value for key, value in before.items() if key not in self._shown}
        self._shown.update(earlier)
        self._values = {**self._values, **earlier}
        return earlier

    def _moved(self) -> tuple[FlagChange, ...]:
        """In the order of the table."""
        moved = []
        for flag in self._flags:
            before, after = self._before.get(flag.key), self._values.get(flag.key)
            if before is not None and after is not None and before != after:
                moved.append(FlagChange(flag=flag.key, label=flag.label, before=before, after=after))
        return tuple(moved)


def v34_time(turn: Turn) -> float | None:
    """Start of the turn on v34's clock, in seconds since the epoch; None if unknown.

    The turn's own stamp may be of the STT machine. It is corrected only where the hops prove that the clocks differ.
    """
    if turn.started is None:
        return None
    low, high = turn.offset_bounds
    offset_ms = 0.0
    if low is not None:
        offset_ms = max(offset_ms, low)
    if high is not None:
        offset_ms = min(offset_ms, high)
    return turn.started + offset_ms / 1000


def touched_stages(changes: Sequence[FlagChange], flags: Sequence[Flag]) -> tuple[str, ...] | None:
    """Stages and groups of stages that these changes touch; None if one of the flags may touch any stage."""
    names: list[str] = []
    for change in changes:
        flag = next((one for one in flags if one.key == change.flag), None)
        if flag is None or not flag.touches:
            return None
        names += flag.touches
    return tuple(dict.fromkeys(names))
