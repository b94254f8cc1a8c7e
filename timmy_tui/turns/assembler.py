"""From events and facts to turns: which turn each belongs to, which turns are over, and how they ended.

File order decides, never stamp order: two kernels write, and a clock may step. The debug log arrives late (its writer
buffers 8 KiB), so it can add to a turn that is already closed. The turn is then returned again with the same ordinal.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

from timmy_tui.core.running.failures import Failures
from timmy_tui.model.log_format import DebugFact
from timmy_tui.model.snapshot import Listening
from timmy_tui.model.stages.events import EVENTS, SLOT
from timmy_tui.model.stages.v34 import PAUSE, STAGES
from timmy_tui.model.turn import Event, Session, Turn, TurnState
from timmy_tui.turns.account.offset_steps import OffsetSteps
from timmy_tui.turns.account.plausibility import Limits
from timmy_tui.turns.debug.facts import DebugLog
from timmy_tui.turns.draft import Draft
from timmy_tui.turns.drafts import MAX_CLOSED_TURNS, Drafts
from timmy_tui.turns.event_fields import READERS
from timmy_tui.turns.lone_pauses import LonePauses
from timmy_tui.turns.silence import MAX_OPEN, Silence
from timmy_tui.turns.turn_endings import TURN_END, TurnEndings
from timmy_tui.turns.v34_sessions import MOST_SESSIONS, V34Sessions

ID_REUSE_S = 600.0
"""An id that returns after this long belongs to a new turn; clocks step by seconds only."""

_PHASES = {
    **{name: "" for stage in STAGES if stage.critical for name in stage.ends},
    **{name: stage.key for stage in STAGES if not stage.parent and stage.owner != "none" for name in stage.starts},
}
"""Event → the stage that runs from then on; empty where one ends and no other begins."""

_PAUSE = SLOT[PAUSE]
_TEXT_SLOTS = frozenset(
    SLOT[name]
    for name in (
        "stt_transcript_finalized",
        "stt_sending_to_v34",
        "stt_http_request_start",
        "v34_flask_handler_entry",
        "v34_webhook_received",
    )
)
"""Events that only a turn with text has: such an event of a new turn ends every older turn that is in flight."""

_ROLES = tuple(
    (READERS.get(name), slot in _TEXT_SLOTS or slot == TURN_END)
    if name in READERS or slot in _TEXT_SLOTS or slot == TURN_END
    else None
    for slot, name in enumerate(EVENTS)
)
"""By slot: the reader of an event, and whether it changes the state of turns. None for most: their stamp is enough."""


class TurnAssembler:
    """Takes both logs, interleaved in any way. Returns closed turns, and returns them again when more becomes known."""

    def __init__(
        self,
        timeout_s: float = 60.0,
        keep_events: bool = True,
        remember: int | None = MAX_CLOSED_TURNS,
        longest_threshold_s: float = 10.0,
    ) -> None:
        """``timeout_s``: silence that ends a turn, and that is no part of one; both limits in seconds.

        ``remember``: closed turns that late lines can reach; None: all.
        """
        self.failures = Failures()
        """Events, facts and turns that raised; each cost itself alone."""
        self._keep_events = keep_events
        self._drafts = Drafts(remember, Limits(round(timeout_s * 1e6), round(longest_threshold_s * 1e6)))
        self._sessions = V34Sessions(None if remember is None else MOST_SESSIONS)
        self._debug_log = DebugLog(self._drafts, self._sessions)
        self._pauses = LonePauses()
        self._steps = OffsetSteps()
        self._silence = Silence(timeout_s)
        self._endings = TurnEndings(self._drafts, self._sessions, self._silence)

    def take_ordinal(self) -> int:
        """An ordinal for a turn from another source."""
        return self._drafts.take_ordinal()

    def session_of(self, session_id: str) -> int:
        """Number of the session with this id; a new id begins a new session."""
        return self._sessions.number_of(session_id)

    def reply_length_of(self, request_id: str) -> int | float | None:
        """Characters of the answer of the turn with this id, as its events tell; None where none does."""
        draft = self._drafts.find(request_id)
        return None if draft is None else draft.fields.get("reply_length")

    def add_events(self, events: Sequence[Event], arrived: float | None = None) -> list[Turn]:
        """Add events in file order. Returns the turns that closed, and closed turns that changed.

        ``arrived``: ``elapsed()`` when they were written, as far as known; None for a backlog or a replay, where
        only stamps and later turns show that a turn is over.
        """
        changed: dict[int, Draft] = {}
        self._silence.arrived = arrived
        self._drafts.batches += 1
        self.failures.run(events, lambda remaining: self._add_each(remaining, changed), _named)
        self._end_batch(events, changed)
        return self._build(changed)

    def _add_each(self, events: Iterator[Event], changed: dict[int, Draft]) -> None:
        find, slot_of, roles = self._drafts.find, SLOT.get, _ROLES
        # The hottest loop when a file is read, 27 rounds per turn: work that most events do not need is done elsewhere.
        for event in events:
            stamp = event.timestamp
            draft = find(event.request_id)
            if draft is None or draft.closed or not -ID_REUSE_S < stamp - draft.last_stamp < ID_REUSE_S:
                draft = self._draft_for(event, draft, changed)
                if draft is None:
                    continue
            draft.events.append(event)
            draft.last_stamp = stamp
            slot = slot_of(event.event)
            if slot is None:
                self._drafts.store_unknown(draft, event.event, int(stamp * 1e6 + 0.5))
                continue
            stamps = draft.stamps
            if stamps[slot] is None:
                stamps[slot] = int(stamp * 1e6 + 0.5)
            role = roles[slot]
            if role is not None:
                read, advances = role
                if read is not None:
                    read(draft, event)
                if advances:
                    self._endings.advance(draft, event, slot, changed)

    def _end_batch(self, events: Sequence[Event], changed: dict[int, Draft]) -> None:
        for draft in (*self._drafts.open.values(), *changed.values()):
            if len(draft.events) != draft.events_arrived:
                self._drafts.limit_events(draft)
                draft.events_arrived, draft.arrived = len(draft.events), self._silence.arrived
                draft.begun = self._silence.begun
        if self._silence.arrived is None and events:
            self._silence.note(events[-1])
            self._endings.end_silent(changed)

    def _draft_for(self, event: Event, draft: Draft | None, changed: dict[int, Draft]) -> Draft | None:
        """The turn of an event when the id is new, closed or long silent; None when the event was read long ago."""
        if draft is None:
            # A log that was rewritten in place is read again: its old turns are known, but too old to be found.
            last = self._drafts.last_stamp_of_old(event.request_id)
            read_before = last is not None and abs(event.timestamp - last) < ID_REUSE_S
            return None if read_before else self._begin_turn(event, changed)
        if abs(event.timestamp - draft.last_stamp) > ID_REUSE_S and _is_new_turn(draft, event):
            if not draft.closed:
                self._endings.close(draft, TurnState.TIMED_OUT, changed)
            return self._begin_turn(event, changed)
        if draft.closed:
            changed[draft.ordinal] = draft
            if not draft.last_stamp:
                self._reopen(draft)
        return draft

    def _begin_turn(self, event: Event, changed: dict[int, Draft]) -> Draft | None:
        """The turn that an event of a new id begins; None for a pause, which is no turn before a second event."""
        if event.event == PAUSE:
            if self._pauses.add(event, self._silence.arrived):
                self._begin_id(event, changed)
            return None
        pause = self._pauses.take(event.request_id)
        self._pauses.interrupt()
        if pause is None:
            self._begin_id(event, changed)
        newest = self._drafts.create(event.request_id)
        newest.session = self._sessions.current
        newest.first_stamp = newest.last_stamp = event.timestamp if pause is None else pause.timestamp
        newest.begun = self._silence.begun
        self._drafts.open[newest.ordinal] = newest
        if len(self._drafts.open) > MAX_OPEN:
            self._endings.end(min(self._drafts.open.values(), key=lambda draft: draft.begun), changed)
        if pause is not None:
            self._add_pause(newest, pause)
        return newest

    def _begin_id(self, event: Event, changed: dict[int, Draft]) -> None:
        self._silence.begun += 1
        self._silence.note(event)
        if self._silence.arrived is None:
            self._endings.end_silent(changed)

    def _add_pause(self, draft: Draft, pause: Event) -> None:
        draft.events.append(pause)
        draft.stamps[_PAUSE] = int(pause.timestamp * 1e6 + 0.5)
        READERS[PAUSE](draft, pause)

    def _reopen(self, draft: Draft) -> None:
        """A turn that only the debug log had so far: its events arrive now."""
        pause = self._pauses.take(draft.request_id)
        if pause is not None:
            self._add_pause(draft, pause)
        draft.closed = False
        draft.state = TurnState.OPEN
        draft.begun = self._silence.begun
        self._drafts.open[draft.ordinal] = draft

    def _build(self, changed: dict[int, Draft]) -> list[Turn]:
        turns = {draft.ordinal: self._turn(draft) for draft in changed.values() if draft.closed}
        for ordinal in sorted(turns):
            for doubt in self._steps.observe(turns[ordinal]):
                draft = self._drafts.find(doubt.request_id)
                if draft is not None and draft.ordinal == doubt.ordinal:
                    draft.doubted |= doubt.keys
                    turns[doubt.ordinal] = self._turn(draft)
        return [turns[ordinal] for ordinal in sorted(turns)]

    def _turn(self, draft: Draft, keep_events: bool | None = None) -> Turn:
        """The turn of a draft; without any figure, if they cannot be computed."""
        try:
            return draft.build(self._keep_events if keep_events is None else keep_events)
        except Exception as error:  # noqa: BLE001  A turn without figures, instead of no turn and no snapshot.
            self.failures.note(error, f"turn {draft.request_id or draft.ordinal}")
            return draft.bare()

    def add_facts(self, facts: Sequence[DebugFact]) -> list[Turn]:
        """Add facts of the debug log in file order. Returns the turns that closed, and closed turns that changed."""
        turns: list[Turn] = []

        def add_all(remaining: Iterator[DebugFact]) -> None:
            add_fact = self._debug_log.add_fact
            for fact in remaining:
                turns.extend(self._turn(draft) for draft in add_fact(fact) if draft.closed)

        self.failures.run(facts, add_all, lambda _, fact: f"a {fact.kind} line of v34's log")
        return turns

    def begin_live(self, arrived: float) -> None:
        """A backlog has ended, and its last line was written at ``arrived`` (``elapsed()``)."""
        for draft in self._drafts.open.values():
            if draft.arrived is None:
                draft.arrived = arrived

    @property
    def unparsed(self) -> Counter[str]:
        """Lines that cost more than they can tell: what was too much of one turn, and what raised."""
        return self._drafts.dropped + self.failures.counts

    @property
    def lone_pauses(self) -> int:
        """How many pauses without text there were so far."""
        return self._pauses.count

    def tick(self, now: float) -> list[Turn]:
        """Close turns that have been silent too long; ``now``: ``elapsed()``.

        A turn that only a backlog has told of so far is given the whole time-out from its first tick on.
        """
        self._silence.arrived = now
        for draft in self._drafts.open.values():
            if draft.arrived is None:
                draft.arrived = now
        changed: dict[int, Draft] = {}
        self._endings.end_silent(changed)
        return self._build(changed)

    def finish(self) -> list[Turn]:
        """At the end of the logs: the turns that they leave open, and what the debug log adds to the last one."""
        changed = [draft for draft in self._debug_log.finish_record(TurnState.OPEN) if draft.closed]
        return [self._turn(draft) for draft in (*changed, *self._drafts.open.values())]

    @property
    def open_turn(self) -> Turn | None:
        """The turn in flight, as known now; None when there is none."""
        draft = self._drafts.in_flight()
        return None if draft is None else self._turn(draft, keep_events=False)

    @property
    def busy(self) -> bool:
        """A turn is in flight; cheaper than ``open_turn``."""
        return bool(self._drafts.open)

    @property
    def phase(self) -> str:
        """Key of the stage that runs now; empty between two stages."""
        draft = self._drafts.in_flight()
        events = reversed(draft.events) if draft is not None else iter(())
        return next((_PHASES[event.event] for event in events if event.event in _PHASES), "")

    @property
    def listening(self) -> Listening:
        """What the pauses without text say."""
        return self._pauses.listening

    @property
    def restarted(self) -> bool:
        """By its debug log v34 was restarted, and has had no turn since."""
        return self._debug_log.restarted

    @property
    def sessions(self) -> tuple[Session, ...]:
        """Sessions of v34 so far, oldest first."""
        return self._sessions.sessions


def _named(_: int, event: Event) -> str:
    return f"{event.event} of {event.request_id} at {event.timestamp:.3f}"


def _is_new_turn(draft: Draft, event: Event) -> bool:
    """The id is used again: its turn is closed, or has this event already. A turn without events keeps its id."""
    return bool(draft.last_stamp) and (draft.closed or draft.has_event(event.event))
