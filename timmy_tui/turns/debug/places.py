"""Where a turn that only the debug log has belongs: between which turns, and in which run of v34.

Its lines have no stamps, and a typed turn has no id. But the debug log is in order, and most of its turns have an id
with which they stand in the latency log: these carry the others.
"""

from collections import deque

from timmy_tui.turns.draft import Draft
from timmy_tui.turns.v34_sessions import V34Sessions

MAX_WAITING = 5000
"""Newest turns that wait for one that has events too: where there is only the debug log, none ever comes."""


class DebugPlaces:
    """Takes the turns of one debug log in its order, and its restarts."""

    def __init__(self, sessions: V34Sessions) -> None:
        self._sessions = sessions
        self._before: Draft | None = None
        """The newest turn that has events."""
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

    def restart(self) -> None:
        """v34 was restarted here."""
        if self._session is not None:
            self._last_session = self._session
        self._session = None
        self._assumed.clear()
        self._restarted = True

    def add_without_events(self, draft: Draft) -> None:
        """Give a turn its place and its session, as far as known by now."""
        self._count += 1
        if self._before is not None:
            draft.place = _behind(self._before, self._count)
        else:
            self._unplaced.append((draft, self._count))
        if self._session is None:
            self._session = self._assumed_session()
            self._assumed.append(draft)
        elif self._assumed:
            self._assumed.append(draft)
        draft.session = self._session
        draft.session_id = self._sessions.id_of(draft.session)
        self._sessions.count_turn(draft)

    def add_with_events(self, draft: Draft) -> list[Draft]:
        """A turn that the latency log has too. Returns the turns before it that it gives a place or a session."""
        changed = {}
        for earlier, number in self._unplaced:
            earlier.place = _before(draft, number)
            changed[earlier.ordinal] = earlier
        self._unplaced.clear()
        for earlier in self._assumed:
            if earlier.session != draft.session:
                self._sessions.move(earlier, draft.session)
                changed[earlier.ordinal] = earlier
        self._assumed.clear()
        self._count += 1
        self._before, self._session, self._restarted = draft, draft.session, False
        return list(changed.values())

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
