"""Facts of v34's debug log, sorted into turns: joined with the events of the same id, or turns without events.

The log arrives late, because its writer buffers 8 KiB: often its facts belong to a turn that is already closed.
"""

from timmy_tui.model.log_format import DebugFact
from timmy_tui.model.turn import TurnState
from timmy_tui.turns.debug_record import DebugRecord
from timmy_tui.turns.draft import Draft
from timmy_tui.turns.drafts import Drafts
from timmy_tui.turns.v34_sessions import V34Sessions


class DebugLog:
    """Takes facts in file order; each can add to one turn."""

    def __init__(self, drafts: Drafts, sessions: V34Sessions) -> None:
        self._drafts = drafts
        self._sessions = sessions
        self._current: DebugRecord | None = None
        """The record that facts are added to."""
        self._last_record: DebugRecord | None = None
        """The record that was finished last."""
        self._last_draft: Draft | None = None
        """The turn that ``_last_record`` belongs to."""
        self._restarted = False

    def add_fact(self, fact: DebugFact) -> Draft | None:
        """The turn that the fact completed or added to; None if there is none."""
        kind = fact.kind
        if kind == "begin":
            draft = self.finish_record()
            self._current = DebugRecord()
            return draft
        if kind in ("serving", "restarting"):
            self._restarted = True
            return self.finish_record()
        if kind == "access":
            return self._add_access_line(fact)
        if self._current is not None:
            self._current.add_fact(fact)
            return self.finish_record() if kind == "total" else None
        if kind == "tts_failure" and self._last_record is not None:
            self._last_record.add_fact(fact)
            return self._last_draft
        return None

    def _add_access_line(self, fact: DebugFact) -> Draft | None:
        """Add it to the turn that ended last, once: a turn that still runs has not been answered."""
        if self._last_record is None or self._last_record.ended is not None:
            return None
        self._last_record.add_access_line(fact)
        return self._last_draft

    def finish_record(self) -> Draft | None:
        """Join the current record with the events of its turn, or make a turn of it. None without a current record."""
        record, self._current = self._current, None
        if record is None:
            return None
        draft = self._drafts.find(record.request_id) if record.request_id else None
        if draft is None or draft.debug is not None:
            draft = self._create_draft(record)
        else:
            draft.debug = record
        self._last_record, self._last_draft = record, draft
        return draft

    def _create_draft(self, record: DebugRecord) -> Draft:
        """A typed turn, or one whose events have not arrived (yet). It gets the session of the turn before it."""
        draft = self._drafts.create(record.request_id)
        draft.debug = record
        draft.closed = True
        draft.state = TurnState.COMPLETE if record.finished else TurnState.ABORTED
        if self._restarted and not self._sessions.has_ids:
            self._sessions.begin_without_id()
        self._restarted = False
        previous = self._last_draft if self._sessions.has_ids else None
        draft.session = self._sessions.current if previous is None else previous.session
        if previous is not None:
            draft.session_id = previous.session_id
        self._sessions.count_turn(draft)
        return draft
