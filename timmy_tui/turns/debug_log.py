"""Facts of v34's debug log, sorted into turns: joined with the events of the same id, or turns of their own.

The log comes late, because its writer buffers 8 KiB: what it tells is often of a turn that is over.
"""

from timmy_tui.model.log_format import DebugFact
from timmy_tui.model.turn import TurnState
from timmy_tui.turns.debug_record import DebugTurn
from timmy_tui.turns.draft import Draft
from timmy_tui.turns.drafts import Drafts
from timmy_tui.turns.v34_sessions import Runs


class DebugLog:
    """Facts in, in file order; each can tell more of one turn."""

    def __init__(self, drafts: Drafts, runs: Runs) -> None:
        self._drafts = drafts
        self._runs = runs
        self._telling: DebugTurn | None = None
        self._told: DebugTurn | None = None
        self._draft: Draft | None = None
        """The turn that ``_told`` belongs to."""
        self._count = 0
        self._restarted = False

    def take(self, fact: DebugFact) -> Draft | None:
        """The turn that is now known better, if there is one."""
        kind = fact.kind
        if kind == "begin":
            draft = self.end()
            self._telling = DebugTurn(self._count)
            self._count += 1
            return draft
        if kind in ("serving", "restarting"):
            self._restarted = True
            return self.end()
        if kind == "access":
            return self._serve(fact)
        if self._telling is not None:
            self._telling.take(fact)
            return self.end() if kind == "total" else None
        if kind == "tts_failure" and self._told is not None:
            self._told.take(fact)
            return self._draft
        return None

    def _serve(self, fact: DebugFact) -> Draft | None:
        """The access line belongs to the turn that ended last; one that is still going has not been answered."""
        if self._told is None or self._told.ended is not None:
            return None
        self._told.served(fact)
        return self._draft

    def end(self) -> Draft | None:
        """All of one turn has been told: join it with its events, or let it stand alone."""
        debug, self._telling = self._telling, None
        if debug is None:
            return None
        draft = self._drafts.find(debug.request_id) if debug.request_id else None
        if draft is None or draft.debug is not None:
            draft = self._stand_alone(debug)
        else:
            draft.debug = debug
        self._told, self._draft = debug, draft
        return draft

    def _stand_alone(self, debug: DebugTurn) -> Draft:
        """A typed turn, or one whose events are not there (yet). It is taken to belong to the run of the one before."""
        draft = self._drafts.make(debug.request_id)
        draft.debug = debug
        draft.closed = True
        draft.state = TurnState.COMPLETE if debug.finished else TurnState.ABORTED
        if self._restarted and not self._runs.named:
            self._runs.begin_nameless()
        self._restarted = False
        before = self._draft if self._runs.named else None
        draft.session = self._runs.current if before is None else before.session
        if before is not None:
            draft.session_id = before.session_id
        self._runs.count(draft)
        return draft
