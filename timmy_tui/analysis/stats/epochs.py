"""Epochs: runs of turns under the same flags and the same session."""

from collections.abc import Sequence
from typing import Any

from timmy_tui.model.turn import Epoch, Turn, TurnState

_WORDS = {True: "on", False: "off"}


class EpochTracker:
    """Turns in, epochs out. A value that is not known splits nothing."""

    def __init__(self) -> None:
        self._epochs: list[Epoch] = []
        self._flags: dict[str, Any] = {}
        self._session: int | None = None
        self._members: list[list[int]] = []
        self._seen: dict[int, int] = {}

    def add(self, turn: Turn) -> None:
        """Take a turn in, in order of ordinal; the same ordinal again changes nothing."""
        if turn.ordinal in self._seen or turn.state is TurnState.LONE_PAUSE:
            return
        restarted = self._session is not None and turn.session != self._session
        first = restarted or self._session is None
        seen = _flags_of(turn, first)
        changed = [name for name, value in seen.items() if self._flags.get(name, value) != value]
        if self._session is None or restarted or changed:
            self._begin(turn, restarted, changed, seen)
        self._session = turn.session
        self._flags.update(seen)
        number = len(self._epochs) - 1
        self._seen[turn.ordinal] = number
        self._members[number].append(turn.ordinal)
        epoch = self._epochs[number]
        self._epochs[number] = Epoch(
            number=epoch.number,
            session_id=epoch.session_id or turn.session_id,
            started=epoch.started,
            first=epoch.first,
            turns=epoch.turns + 1,
            flags={**epoch.flags, **seen},
            reason=epoch.reason,
        )

    def _begin(self, turn: Turn, restarted: bool, changed: Sequence[str], seen: dict[str, Any]) -> None:
        """A flag that shows itself at the second turn of a session moved with the restart before it."""
        reasons = [f"{name} {_word(self._flags[name])}→{_word(seen[name])}" for name in changed]
        last = self._epochs[-1] if self._epochs else None
        if last is not None and not restarted and last.turns == 1 and last.reason.startswith("restart"):
            self._epochs[-1] = Epoch(
                number=last.number, session_id=last.session_id, started=last.started, first=last.first, turns=1,
                flags=last.flags, reason=", ".join([last.reason, *reasons]),
            )  # fmt: skip
            return
        if restarted:
            reasons.insert(0, "restart")
        self._members.append([])
        self._epochs.append(
            Epoch(
                number=len(self._epochs) + 1,
                session_id=turn.session_id,
                started=turn.started,
                first=turn.ordinal,
                turns=0,
                flags=dict(self._flags) if not restarted else {},
                reason=", ".join(reasons) or "first turn",
            )
        )

    @property
    def epochs(self) -> tuple[Epoch, ...]:
        """All epochs, oldest first."""
        return tuple(self._epochs)

    def members(self, number: int) -> tuple[int, ...]:
        """Ordinals of the turns of an epoch; empty for a number that there is not."""
        return tuple(self._members[number - 1]) if 0 < number <= len(self._members) else ()

    def epoch_of(self, ordinal: int) -> int | None:
        """Number of the epoch that a turn belongs to."""
        place = self._seen.get(ordinal)
        return None if place is None else place + 1


def flag_changed(epoch: Epoch) -> bool:
    """The epoch began with a flag, not with a mere restart."""
    return "→" in epoch.reason


def _flags_of(turn: Turn, first: bool) -> dict[str, Any]:
    """What the turn itself shows. The first turn of a session is never a tail turn, whatever the flag says."""
    shown = {"raw": turn.raw, "num_ctx": turn.num_ctx, "model": turn.model}
    if not first:
        shown["tail_mode"] = turn.tail_mode
    return {name: value for name, value in shown.items() if value is not None}


def _word(value: Any) -> str:
    return _WORDS.get(value, str(value)) if isinstance(value, bool) else str(value)
