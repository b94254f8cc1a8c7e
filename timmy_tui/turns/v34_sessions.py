"""Sessions, the runs of the v34 process: which one served a turn, and how many turns it served."""

from dataclasses import dataclass

from timmy_tui.model.turn import Session
from timmy_tui.turns.draft import Draft

MOST_SESSIONS = 200
"""Newest sessions of a reading that goes on; a snapshot has 50."""


@dataclass(slots=True)
class _SessionRecord:
    """What is known of one session so far."""

    number: int
    session_id: str | None
    started: float | None = None
    turns: int = 0
    first: int = 0
    last: int = 0


class V34Sessions:
    """Sessions numbered from 1 in order of arrival. Turns before the first known session have the number 0."""

    def __init__(self, most: int | None = None) -> None:
        """``most``: of more than twice as many the older ones are forgotten; None: none is."""
        self._most = most
        self._records: list[_SessionRecord] = []
        self._forgotten = 0
        """Number of sessions before the first of these."""
        self._by_id: dict[str, _SessionRecord] = {}
        self.current = 0
        """Number of the session that serves turns now."""
        self.with_tts_events: set[int] = set()
        """Numbers of the sessions whose TTS writes events."""

    def assign(self, draft: Draft, session_id: object) -> None:
        """Give a turn its session. A new id begins a new session; anything but a non-empty string is ignored."""
        if not isinstance(session_id, str) or not session_id:
            return
        draft.session_id = session_id
        record = self._by_id.get(session_id)
        if record is None:
            known = self._record(draft.session)
            record = known if known is not None and not known.session_id else self._add(session_id)
            self._by_id[session_id] = record
            record.session_id = session_id
        self.current = draft.session = record.number

    def begin_without_id(self) -> None:
        """Begin a session after a restart of v34 that the log shows without an id."""
        last = self._records[-1] if self._records else None
        unused = last is not None and last.number != self.current and not last.session_id and not last.turns
        self.current = last.number if last is not None and unused else self._add(None).number

    def take_back(self, number: int) -> None:
        """What was taken for the beginning of a session was none: the one with this number serves turns now."""
        current = self._record(self.current)
        if current is not None and not current.session_id and not current.turns:
            self.current = number

    def id_of(self, number: int) -> str | None:
        """The id of a session, if known."""
        record = self._record(number)
        return None if record is None else record.session_id

    def number_of(self, session_id: str) -> int:
        """The number of the session with this id. A new id begins a new session, which serves from now on."""
        record = self._by_id.get(session_id)
        if record is None:
            current = self._record(self.current)
            record = current if current is not None and not current.session_id else self._add(session_id)
            record.session_id = session_id
            self._by_id[session_id] = record
            self.current = record.number
        return record.number

    def move(self, draft: Draft, number: int) -> None:
        """Move a closed turn to another session."""
        old, new = self._record(draft.session), self._record(number)
        if old is not None:
            old.turns -= 1
        draft.session, draft.session_id = number, self.id_of(number)
        if new is not None:
            new.first = min(new.first, draft.ordinal) if new.turns else draft.ordinal
            new.last = max(new.last, draft.ordinal)
            new.turns += 1

    def count_turn(self, draft: Draft) -> None:
        """Count a closed turn in its session, once."""
        record = self._record(draft.session)
        if record is None or (record.turns and draft.ordinal <= record.last):
            return
        if not record.turns:
            record.first = draft.ordinal
            record.started = draft.first_stamp or (draft.debug.started if draft.debug else None)
        record.turns += 1
        record.last = draft.ordinal

    def _add(self, session_id: str | None) -> _SessionRecord:
        record = _SessionRecord(self._forgotten + len(self._records) + 1, session_id)
        self._records.append(record)
        if self._most is not None and len(self._records) > 2 * self._most:
            self._forget(len(self._records) - self._most)
        return record

    def _forget(self, count: int) -> None:
        self._forgotten += count
        del self._records[:count]
        self._by_id = {name: one for name, one in self._by_id.items() if one.number > self._forgotten}
        self.with_tts_events = {number for number in self.with_tts_events if number > self._forgotten}

    def _record(self, number: int) -> _SessionRecord | None:
        return self._records[number - 1 - self._forgotten] if number > self._forgotten else None

    @property
    def sessions(self) -> tuple[Session, ...]:
        """The sessions that have turns and are not forgotten, oldest first."""
        return tuple(
            Session(
                number=record.number,
                session_id=record.session_id,
                started=record.started,
                turns=record.turns,
                first=record.first,
                last=record.last,
            )
            for record in self._records
            if record.turns
        )
