"""Which turns are over, and how each ended: by its own last event, by a newer turn, or by silence."""

from timmy_tui.model.stages.events import SLOT
from timmy_tui.model.turn import Event, TurnState
from timmy_tui.turns.draft import Draft
from timmy_tui.turns.drafts import Drafts
from timmy_tui.turns.silence import Silence
from timmy_tui.turns.v34_sessions import V34Sessions

_WEBHOOK, _REPLY_SENT = SLOT["v34_webhook_received"], SLOT["v34_sending_to_tts"]
TURN_END = SLOT["tts_resume_sent"]


class TurnEndings:
    """Closes drafts. Each method adds those that it closes to ``changed``, by ordinal."""

    def __init__(self, drafts: Drafts, sessions: V34Sessions, silence: Silence) -> None:
        self._open = drafts.open
        self._sessions = sessions
        self._silence = silence

    def advance(self, draft: Draft, event: Event, slot: int, changed: dict[int, Draft]) -> None:
        """An event that changes the state of turns: it ends its own, ends older ones, or gives its own a session."""
        if slot == TURN_END:
            self._sessions.with_tts_events.add(draft.session)
            self.close(draft, TurnState.COMPLETE, changed)
            return
        if len(self._open) > 1:
            self._end_others(draft, event, changed)
        if slot == _WEBHOOK:
            self._sessions.assign(draft, event.metadata.get("session_id"))

    def _end_others(self, newest: Draft, event: Event, changed: dict[int, Draft]) -> None:
        """End the older turns when a turn with text begins; how each ended depends on how long it was silent."""
        self._silence.note(event)
        for draft in [draft for draft in self._open.values() if draft.ordinal < newest.ordinal]:
            if self._ends_without_tts(draft):
                self.close(draft, TurnState.COMPLETE, changed)
            elif self._silence.is_over(draft):
                self.close(draft, TurnState.TIMED_OUT, changed)
            else:
                draft.aborted_by = newest.request_id
                self.close(draft, TurnState.ABORTED, changed)

    def end_silent(self, changed: dict[int, Draft]) -> None:
        """End the turns that have been silent too long."""
        for draft in list(self._open.values()):
            if self._silence.is_over(draft):
                self.end(draft, changed)

    def end(self, draft: Draft, changed: dict[int, Draft]) -> None:
        """End a turn that has no further event."""
        self.close(draft, TurnState.COMPLETE if self._ends_without_tts(draft) else TurnState.TIMED_OUT, changed)

    def _ends_without_tts(self, draft: Draft) -> bool:
        """The reply was sent, and the TTS of this session writes no events, so no further event will arrive."""
        return (
            draft.stamps[_REPLY_SENT] is not None
            and draft.session not in self._sessions.with_tts_events
            and not any(event.service == "tts" for event in draft.events)
        )

    def close(self, draft: Draft, state: TurnState, changed: dict[int, Draft]) -> None:
        if draft.closed and draft.state is not TurnState.COMPLETE and state is not TurnState.COMPLETE:
            return
        draft.closed = True
        draft.state = state
        self._open.pop(draft.ordinal, None)
        self._sessions.count_turn(draft)
        changed[draft.ordinal] = draft
