"""Where a turn that only the debug log has belongs: between which turns, and in which run of v34.

Its lines have no stamps, and a typed turn has no id. But the debug log is in order, and most of its turns have an id
with which they stand in the latency log: these carry the others. Where none has, because the latency log was cut off or
begun anew and v34 still holds back the lines of its newest turns, v34's clock tells which turn came behind them.
"""

from collections import deque

from timmy_tui.turns.debug.times import TurnTimes, served_at
from timmy_tui.turns.draft import Draft
from timmy_tui.turns.drafts import Drafts
from timmy_tui.turns.v34_sessions import V34Sessions

MAX_WAITING = 5000
"""Newest turns that wait for one that has events too: where there is only the debug log, none ever comes."""


class DebugPlaces:
    """Takes the turns of one debug log in its order, and its restarts."""

    def __init__(self, drafts: Drafts, sessions: V34Sessions) -> None:
        self._sessions = sessions
        self._times = TurnTimes(drafts)
        self._before: Draft | None = None
        """The newest turn that has events."""
        self._behind: Draft | None = None
        """Where none of this log has, the turn with events that v34 began behind the newest one here."""
        self._count = 0
        self._unplaced: deque[tuple[Draft, int]] = deque(maxlen=MAX_WAITING)
        """Turns before the first one that has events, and their numbers in the debug log."""
        self._session: int | None = None
        """Number of the session in force here; None: not known, since a restart or the beginning of the log."""
        self._assumed: deque[Draft] = deque(maxlen=MAX_WAITING)
        """Turns whose session is assumed, until the next one with events tells it."""
        self._restarted = False
        self._last_session = 0
        """The session in force before the restart."""

    @property
    def restarted(self) -> bool:
        """v34 was restarted, and has had no turn since."""
        return self._restarted and self._session is None

    def restart(self) -> list[Draft]:
        """v34 was restarted here. Returns the turns that have another session by that."""
        moved: list[Draft] = []
        if self._behind is not None and self._session is not None:
            # The turn behind them is of a later run then; of which one these are, nothing tells.
            self._session = max(self._behind.session - 1, 0)
            moved = self._move_assumed(self._session)
        if self._session is not None:
            self._last_session = self._session
        self._session = self._behind = None
        self._assumed.clear()
        self._restarted = True
        return moved

    def add_without_events(self, draft: Draft) -> None:
        """Give a turn its place and its session, as far as known by now."""
        self._count += 1
        if self._before is not None:
            draft.place = _behind(self._before, self._count)
        else:
            self._unplaced.append((draft, self._count))
            if self._behind is not None:
                draft.place = _before(self._behind, self._count)
        if self._session is None:
            self._session = self._assumed_session()
            self._assumed.append(draft)
        elif self._assumed:
            self._assumed.append(draft)
        draft.session = self._session
        draft.session_id = self._sessions.id_of(draft.session)
        self._sessions.count_turn(draft)

    def add_time(self, draft: Draft) -> list[Draft]:
        """An access line has told when v34 served a turn. Returns the turns that have another place or session."""
        at = None if draft.debug is None else served_at(draft.debug)
        number = next((number for one, number in reversed(self._unplaced) if one is draft), None)
        if at is None or number is None:
            return []
        behind = self._times.first_behind(at)
        if behind is None:
            is_news, self._behind = self._behind is not None, None
            draft.place = ()
            return [draft] if is_news else []
        if self._behind is not None and behind.position < self._behind.position:
            behind = self._behind  # This log is in order, whatever v34's clock does.
        self._behind = behind
        return self._put_before(behind, number)

    def _put_before(self, behind: Draft, number: int) -> list[Draft]:
        """Turn ``number`` of the log is before this one, and so is what stands in front of it and has no place yet."""
        changed: dict[int, Draft] = {}
        for one, at in self._unplaced:
            place = _before(behind, at)
            if place != one.place and (not one.place or at >= number):
                one.place = place
                changed[one.ordinal] = one
        if not (self._restarted and self._session is None):
            changed |= {one.ordinal: one for one in self._move_assumed(behind.session)}
            self._session = behind.session
        return list(changed.values())

    def add_with_events(self, draft: Draft) -> list[Draft]:
        """A turn that the latency log has too. Returns the turns before it that it gives a place or a session."""
        changed = {}
        for earlier, number in self._unplaced:
            if not earlier.place or earlier.place >= draft.position:
                earlier.place = _before(draft, number)
                changed[earlier.ordinal] = earlier
        self._unplaced.clear()
        for earlier in self._move_assumed(draft.session):
            changed[earlier.ordinal] = earlier
        self._assumed.clear()
        self._count += 1
        self._before, self._behind = draft, None
        self._session, self._restarted = draft.session, False
        return list(changed.values())

    def _move_assumed(self, session: int) -> list[Draft]:
        """The turns whose session was assumed were of this one. Returns those for which that is news."""
        moved = [draft for draft in self._assumed if draft.session != session]
        for draft in moved:
            self._sessions.move(draft, session)
        if moved:
            self._sessions.take_back(session)
        return moved

    def _assumed_session(self) -> int:
        """The run that is probably in force: the one after the last known, if the latency log has it already."""
        current = self._sessions.current
        if not self._restarted:
            return current
        self._restarted = False
        if 0 < self._last_session < current:
            return self._last_session + 1
        self._sessions.begin_without_id()
        return self._sessions.current


def _behind(draft: Draft, number: int) -> tuple[int, ...]:
    ordinal, side, *_ = draft.position
    return (ordinal, side or 1, number)


def _before(draft: Draft, number: int) -> tuple[int, ...]:
    ordinal, side, *_ = draft.position
    return (ordinal, side or -1, number)
