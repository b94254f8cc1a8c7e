"""When to ring the bell: once for each incident, at most once a minute, only while the microphone is closed."""

from collections.abc import Iterable
from typing import Literal

from timmy_tui.model.snapshot import Snapshot
from timmy_tui.model.turn import FAILED_STATES, Marker, Turn, TurnState
from timmy_tui.report.backlog import Backlog
from timmy_tui.ui.activity import microphone_is_open

BellFor = Literal["off", "regression", "fail"]
PAUSE_S = 60.0
"""Least time between two rings, in seconds."""
NEWEST = 20
"""Turns at the end of which a failed one is looked for."""


class Bell:
    """Remembers what it has rung for; an incident while the microphone is open, or not known to be closed, waits."""

    def __init__(self, wanted: BellFor) -> None:
        """``regression`` rings for failed turns as well."""
        self._wanted = wanted
        self._known: set[str] | None = None
        self._waiting: set[str] = set()
        self._backlog = Backlog()
        self._rung_at = float("-inf")

    def should_ring(self, snapshot: Snapshot, tick: float) -> bool:
        """True when the bell must ring now, by the newest snapshot. ``tick`` is ``elapsed()``."""
        if self._wanted == "off":
            return False
        incidents = self._incidents(snapshot)
        if self._known is None or snapshot.preview:
            # The full reading of a log has other ordinals than its preview.
            self._known = incidents if self._backlog.is_over(snapshot, tick) else None
            return False
        # One that is over, as a change of level that went back, needs no bell any more.
        self._waiting = (self._waiting | (incidents - self._known)) & incidents
        self._known |= incidents
        closed = microphone_is_open(snapshot, tick) is False
        if not (self._waiting and closed and tick - self._rung_at >= PAUSE_S):
            return False
        self._waiting, self._rung_at = set(), tick
        return True

    def _incidents(self, snapshot: Snapshot) -> set[str]:
        newest = (turn for turn in snapshot.turns[-NEWEST:] if not was_interrupted(turn, snapshot.marks))
        found = {f"turn {turn.ordinal}" for turn in first_failed(tuple(newest))}
        judgement = snapshot.judgement
        if self._wanted == "regression" and judgement is not None and judgement.leading is not None:
            # The one that the headline speaks of: young, slower, and large enough to be felt.
            found.add(judgement.leading.key)
        return found


def was_interrupted(turn: Turn, marks: Iterable[Marker]) -> bool:
    """It timed out because it was in flight while the machine slept or the process was stopped: nothing has failed.

    The same where the clock was set meanwhile, as which the sleep of a virtual machine shows.
    """
    if turn.state is not TurnState.TIMED_OUT or turn.started is None:
        return False
    return any(mark.kind == "gap" and mark.ordinal <= turn.ordinal and turn.started < mark.at for mark in marks)


def first_failed(turns: tuple[Turn, ...]) -> list[Turn]:
    """The first turn of each run of failed ones: while a service is down every turn fails, which is one incident."""
    before = [None, *turns]
    return [
        turn
        for last, turn in zip(before, turns, strict=False)
        if turn.state in FAILED_STATES and (last is None or last.state not in FAILED_STATES)
    ]
