"""Epochs: runs of turns under the same flags and the same session."""

from collections.abc import Collection, Iterable, Sequence

from msgspec.structs import replace

from timmy_tui.analysis.stats.flag_changes import FlagStep, FlagTracker, Values
from timmy_tui.model.flags.table import KnownFlags, WrittenValue
from timmy_tui.model.turn import Epoch, FlagChange, FlagValue, Turn

MOST_EPOCHS = 1000
"""Epochs that are kept although all their turns were forgotten: the screens mark where they began."""


class EpochTracker:
    """Takes turns, makes epochs. An unknown value never begins one."""

    def __init__(self, known: KnownFlags | None = None) -> None:
        self.known = known or KnownFlags()
        """The table of flags, and their values by journal and files as they were known at the beginning."""
        self._flags = FlagTracker(self.known)
        self._epochs: list[Epoch] = []
        self._members: list[list[int]] = []
        self._forgotten = 0
        """Number of epochs before the first of these."""
        self._seen: dict[int, int] = {}
        """Ordinal → number of its epoch."""

    def update_written(self, written: Sequence[WrittenValue]) -> None:
        """Set what journal and files say of the flags. It is used for sessions that begin from now on."""
        self._flags.update_written(written)

    def add(self, turn: Turn) -> None:
        """Take a turn in, in order of ordinal; the same ordinal again changes nothing."""
        if turn.ordinal in self._seen:
            return
        step = self._flags.add(turn)
        if step.earlier_values and self._epochs:
            self._epochs[-1] = replace(self._epochs[-1], flags={**self._epochs[-1].flags, **step.earlier_values})
        if step.begins:
            self._begin(turn, step)
        epoch = self._epochs[-1]
        self._seen[turn.ordinal] = epoch.number
        self._members[-1].append(turn.ordinal)
        self._epochs[-1] = replace(
            epoch,
            session_id=epoch.session_id or turn.session_id,
            turns=epoch.turns + 1,
            flags=step.values,
            changes=step.changes,
        )

    def forget(self, ordinal: int) -> None:
        """A turn that nobody will ask for again; its epoch stays, and counts it, unless a thousand have followed."""
        number = self._seen.pop(ordinal, None)
        if number is not None:
            self._members[self._at(number)].remove(ordinal)
        while len(self._epochs) > MOST_EPOCHS and not self._members[0]:
            del self._epochs[0], self._members[0]
            self._forgotten += 1

    def _at(self, number: int) -> int:
        return number - 1 - self._forgotten

    def _begin(self, turn: Turn, step: FlagStep) -> None:
        self._members.append([])
        self._epochs.append(
            Epoch(
                number=self._forgotten + len(self._epochs) + 1,
                session_id=turn.session_id,
                started=turn.started,
                first=turn.ordinal,
                turns=0,
                restarted=step.restarted,
            )
        )

    @property
    def epochs(self) -> tuple[Epoch, ...]:
        """All epochs that are not forgotten, oldest first."""
        return tuple(self._epochs)

    @property
    def flags(self) -> Values:
        """The flags of the newest turn, as far as known."""
        return self._epochs[-1].flags if self._epochs else {}

    def flags_of(self, turn: Turn) -> Values:
        """The flags of the turn's epoch, as far as known; none for a turn that was not taken in."""
        number = self._seen.get(turn.ordinal)
        return {} if number is None else self._epochs[self._at(number)].flags

    def members(self, number: int) -> tuple[int, ...]:
        """Ordinals of the turns of an epoch; empty if there is no such epoch."""
        return tuple(self._members[self._at(number)]) if 0 <= self._at(number) < len(self._members) else ()

    def differences(self, a: Collection[Turn], b: Collection[Turn]) -> tuple[FlagChange, ...]:
        """Flags with one value in all turns of ``a`` and another in all turns of ``b``."""
        before, after = self._common(a), self._common(b)
        return tuple(
            FlagChange(flag=flag.key, label=flag.label, before=before[flag.key], after=after[flag.key])
            for flag in self.known.flags
            if flag.key in before and flag.key in after and before[flag.key] != after[flag.key]
        )

    def _common(self, turns: Collection[Turn]) -> dict[str, FlagValue]:
        numbers = [number for turn in turns if (number := self._seen.get(turn.ordinal)) is not None]
        epochs = [self._epochs[self._at(number)] for number in numbers]
        if not epochs:
            return {}
        return {
            key: value
            for key, value in epochs[0].flags.items()
            if all(epoch.flags.get(key) == value for epoch in epochs)
        }


def epochs_of(turns: Iterable[Turn], known: KnownFlags | None = None) -> EpochTracker:
    """The epochs of turns in order."""
    tracker = EpochTracker(known)
    for turn in turns:
        tracker.add(turn)
    return tracker


def flag_changed(epoch: Epoch) -> bool:
    """A flag changed at the beginning of the epoch; False for a restart alone."""
    return bool(epoch.changes)
