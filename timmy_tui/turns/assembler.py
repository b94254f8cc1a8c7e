"""From events and facts to turns: who belongs to whom, what is over, and how it ended.

File order decides, never stamp order: two kernels write, and a clock may step. The debug log comes late (its writer
buffers 8 KiB), so that a closed turn can be told more of; it then comes out again under the same ordinal.
"""

from collections.abc import Iterable

from timmy_tui.model.event_slots import EVENTS, SLOT
from timmy_tui.model.stages import STAGES
from timmy_tui.model.turn import Event, Session, Turn, TurnState
from timmy_tui.parse.v34_log import DebugFact
from timmy_tui.turns.debug_log import DebugLog
from timmy_tui.turns.draft import Draft
from timmy_tui.turns.drafts import REMEMBERED, Drafts
from timmy_tui.turns.event_fields import READERS
from timmy_tui.turns.v34_sessions import Runs

GHOST_S = 5.0
"""A pause that no text follows within this time was no speech; text follows within milliseconds."""

ANOTHER_S = 600.0
"""An id seen again after this long is another turn; clocks that step do so by seconds."""

_PHASES = {
    **{name: "" for stage in STAGES if stage.critical for name in stage.ends},
    **{name: stage.key for stage in STAGES if not stage.parent and stage.owner != "none" for name in stage.starts},
}
"""Event → the stage that runs from then on; empty where one ends and no other begins."""

_ENTERED, _REPLY, _END = SLOT["v34_webhook_received"], SLOT["v34_sending_to_tts"], SLOT["tts_resume_sent"]
_WORDS = frozenset(
    SLOT[name]
    for name in (
        "stt_transcript_finalized",
        "stt_sending_to_v34",
        "stt_http_request_start",
        "v34_flask_handler_entry",
        "v34_webhook_received",
    )
)
"""Events that only a turn with text has: a new one of these ends whatever was in flight."""

_ROLES = tuple(
    (READERS.get(name), slot in _WORDS or slot == _END) if name in READERS or slot in _WORDS or slot == _END else None
    for slot, name in enumerate(EVENTS)
)
"""By slot: what is read from an event, and whether it changes more than its own turn's figures. Most have no role."""


class TurnAssembler:
    """Feed it both logs in any interleaving; closed turns come back, and again when more is told of them."""

    def __init__(self, timeout_s: float = 60.0, keep_events: bool = True, remember: int | None = REMEMBERED) -> None:
        """``remember`` bounds the closed turns that late lines can reach; None keeps all."""
        self._timeout_s = timeout_s
        self._keep_events = keep_events
        self._drafts = Drafts(remember)
        self._runs = Runs()
        self._debug = DebugLog(self._drafts, self._runs)

    def take_ordinal(self) -> int:
        """An ordinal for a turn that came from elsewhere."""
        return self._drafts.take_ordinal()

    def add_events(self, events: Iterable[Event]) -> list[Turn]:
        """Events in file order."""
        changed: dict[int, Draft] = {}
        find, slot_of, roles = self._drafts.find, SLOT.get, _ROLES
        # The hottest loop of a bulk read, 27 rounds a turn: what most events do not need is elsewhere.
        for event in events:
            stamp = event.timestamp
            draft = find(event.request_id)
            if draft is None or draft.closed or not -ANOTHER_S < stamp - draft.last < ANOTHER_S:
                draft = self._place(event, draft, changed)
                if draft is None:
                    continue
            draft.events.append(event)
            draft.last = stamp
            slot = slot_of(event.event)
            if slot is None:
                draft.strange.setdefault(event.event, int(stamp * 1e6 + 0.5))
                continue
            stamps = draft.stamps
            if stamps[slot] is None:
                stamps[slot] = int(stamp * 1e6 + 0.5)
            role = roles[slot]
            if role is not None:
                read, turning = role
                if read is not None:
                    read(draft, event)
                if turning:
                    self._turn(draft, event, slot, changed)
        return self._build(changed)

    def _turn(self, draft: Draft, event: Event, slot: int, changed: dict[int, Draft]) -> None:
        """An event that changes more than its own turn's figures."""
        if slot == _END:
            self._runs.voiced.add(draft.session)
            self._close(draft, TurnState.COMPLETE, changed)
            return
        if len(self._drafts.open) > 1:
            self._end_others(draft, event.timestamp, changed)
        if slot == _ENTERED:
            self._runs.join(draft, event.metadata.get("session_id"))

    def _place(self, event: Event, draft: Draft | None, changed: dict[int, Draft]) -> Draft | None:
        """The turn of an event whose id is new, or old, or both; None when it was told long ago."""
        if draft is None:
            # A log that was rewritten in place is read again: its old turns are known, and out of reach by now.
            last = self._drafts.last_heard(event.request_id)
            told = last is not None and abs(event.timestamp - last) < ANOTHER_S
            return None if told else self._begin(event, changed)
        if abs(event.timestamp - draft.last) > ANOTHER_S and _is_another(draft, event):
            if not draft.closed:
                self._close(draft, TurnState.TIMED_OUT, changed)
            return self._begin(event, changed)
        if draft.closed:
            changed[draft.ordinal] = draft
            if not draft.last:
                self._reopen(draft)
        return draft

    def _begin(self, event: Event, changed: dict[int, Draft]) -> Draft:
        newest = self._drafts.make(event.request_id)
        newest.session = self._runs.current
        newest.first = event.timestamp
        for draft in list(self._drafts.open.values()):
            if not draft.begun:
                self._close(draft, TurnState.LONE_PAUSE, changed)
        self._drafts.open[newest.ordinal] = newest
        return newest

    def _reopen(self, draft: Draft) -> None:
        """Only the debug log told of it so far; its events arrive now."""
        draft.closed = False
        draft.state = TurnState.OPEN
        self._drafts.open[draft.ordinal] = draft

    def _end_others(self, newest: Draft, stamp: float, changed: dict[int, Draft]) -> None:
        """A turn with text began: what was in flight before it is over, and how depends on how long it was silent."""
        for draft in list(self._drafts.open.values()):
            if draft is newest or draft.ordinal > newest.ordinal:
                continue
            if not draft.begun:
                self._close(draft, TurnState.LONE_PAUSE, changed)
            elif self._silent_end(draft):
                self._close(draft, TurnState.COMPLETE, changed)
            elif stamp - draft.last > self._timeout_s:
                self._close(draft, TurnState.TIMED_OUT, changed)
            else:
                draft.aborted_by = newest.request_id
                self._close(draft, TurnState.ABORTED, changed)

    def _silent_end(self, draft: Draft) -> bool:
        """The reply was sent, and this session's TTS writes no events: there is nothing more to wait for."""
        return (
            draft.stamps[_REPLY] is not None
            and draft.session not in self._runs.voiced
            and not any(event.service == "tts" for event in draft.events)
        )

    def _close(self, draft: Draft, state: TurnState, changed: dict[int, Draft]) -> None:
        if draft.closed and draft.state is not TurnState.COMPLETE and state is not TurnState.COMPLETE:
            return
        draft.closed = True
        draft.state = state
        self._drafts.open.pop(draft.ordinal, None)
        self._runs.count(draft)
        changed[draft.ordinal] = draft

    def _build(self, changed: dict[int, Draft]) -> list[Turn]:
        return [draft.build(self._keep_events) for _, draft in sorted(changed.items()) if draft.closed]

    def add_facts(self, facts: Iterable[DebugFact]) -> list[Turn]:
        """Facts of the debug log, in file order."""
        told = map(self._debug.take, facts)
        return [draft.build(self._keep_events) for draft in told if draft is not None and draft.closed]

    def tick(self, now: float) -> list[Turn]:
        """Close what has been silent too long; ``now`` in seconds since the epoch."""
        changed: dict[int, Draft] = {}
        for draft in list(self._drafts.open.values()):
            silent = now - draft.last
            if not draft.begun:
                if silent > GHOST_S:
                    self._close(draft, TurnState.LONE_PAUSE, changed)
            elif silent > self._timeout_s:
                over = TurnState.COMPLETE if self._silent_end(draft) else TurnState.TIMED_OUT
                self._close(draft, over, changed)
        return self._build(changed)

    def finish(self) -> list[Turn]:
        """The logs end here: close what the newest stamp shows to be over; the rest comes back open."""
        turns = self.tick(self._drafts.newest_stamp())
        told = self._debug.end()
        rest = [told] if told is not None and told.closed else []
        return turns + [draft.build(self._keep_events) for draft in (*rest, *self._drafts.open.values())]

    @property
    def open_turn(self) -> Turn | None:
        """The turn in flight as far as it is known."""
        draft = self._drafts.in_flight()
        return None if draft is None else draft.build(keep_events=False)

    @property
    def busy(self) -> bool:
        """Something is in flight; cheaper than asking for it."""
        return bool(self._drafts.open)

    @property
    def phase(self) -> str:
        """Key of the stage that runs now; empty between two named stages."""
        draft = self._drafts.in_flight()
        events = reversed(draft.events) if draft is not None else iter(())
        return next((_PHASES[event.event] for event in events if event.event in _PHASES), "")

    @property
    def sessions(self) -> tuple[Session, ...]:
        """Runs of v34 so far, oldest first."""
        return self._runs.sessions


def _is_another(draft: Draft, event: Event) -> bool:
    """The id has come back: much later, or beginning anew what is long over. The debug log alone began nothing."""
    return bool(draft.last) and (draft.closed or draft.knows(event.event))
