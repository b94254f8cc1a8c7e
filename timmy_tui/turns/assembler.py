"""From events and facts to turns: who belongs to whom, what is over, and how it ended.

File order decides, never stamp order: two kernels write, and a clock may step. The debug log comes late (its writer
buffers 8 KiB), so that a closed turn can be told more of; it then comes out again under the same ordinal.
"""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

from timmy_tui.model.turn import Event, Session, Turn, TurnState
from timmy_tui.parse.v34_log import DebugFact
from timmy_tui.stages import STAGES
from timmy_tui.turns.debug import DebugTurn
from timmy_tui.turns.draft import Draft

GHOST_S = 5.0
"""A pause that no text follows within this time was no speech; text follows within milliseconds."""

REMEMBERED = 512
"""Turns that late lines may still tell more of."""

PAST = 100_000
"""Ids of still older turns that are recognised when a log is read again: about 12 MiB."""

ANOTHER_S = 600.0
"""An id seen again after this long is another turn; clocks that step do so by seconds."""

_PHASES = {
    **{name: stage.key for stage in STAGES if not stage.parent and stage.key != "deaf" for name in stage.starts},
    "v34_classification_complete": "",
    "v34_memory_storage_complete": "",
}
"""Event → the stage that runs from then on."""

_WORDS = frozenset(
    (
        "stt_transcript_finalized",
        "stt_sending_to_v34",
        "stt_http_request_start",
        "v34_flask_handler_entry",
        "v34_webhook_received",
    )
)
"""Events that only a turn with text has: a new one of these ends whatever was in flight."""

_TURNING = _WORDS | {"tts_resume_sent"}


@dataclass
class _Run:
    """A run of v34 in the making."""

    number: int
    session_id: str | None
    started: float | None
    turns: int = 0
    first: int = 0
    last: int = 0


class TurnAssembler:
    """Feed it both logs in any interleaving; closed turns come back, and again when more is told of them."""

    def __init__(self, timeout_s: float = 60.0, keep_events: bool = True, remember: int | None = REMEMBERED) -> None:
        """``remember`` bounds the closed turns that late lines can reach; None keeps all."""
        self._timeout_s = timeout_s
        self._keep_events = keep_events
        self._remember = remember
        self._drafts: OrderedDict[str, Draft] = OrderedDict()
        self._open: dict[int, Draft] = {}
        self._past: dict[str, float] = {}
        self._next = 0
        self._runs: dict[str, _Run] = {}
        self._run = _Run(0, None, None)
        self._order: list[_Run] = []
        self._voiced: set[int] = set()
        self._debug: DebugTurn | None = None
        self._debug_done: DebugTurn | None = None
        self._debug_draft: Draft | None = None
        self._debug_count = 0
        self._restarted = False

    def take_ordinal(self) -> int:
        """An ordinal for a turn that came from elsewhere."""
        self._next += 1
        return self._next - 1

    def add_events(self, events: Iterable[Event]) -> list[Turn]:
        """Events in file order."""
        changed: dict[int, Draft] = {}
        find = self._drafts.get
        for event in events:
            draft = find(event.request_id)
            if draft is None and self._is_told(event):
                continue
            if draft is None or (abs(event.timestamp - draft.last) > ANOTHER_S and self._is_another(draft, event)):
                draft = self._begin(event, changed)
            elif draft.closed:
                changed[draft.ordinal] = draft
                if not draft.events:
                    self._reopen(draft)
            draft.events.append(event)
            draft.last = event.timestamp
            name = event.event
            if name in _TURNING:
                self._turn(draft, event, changed)
        return self._build(changed)

    def _is_told(self, event: Event) -> bool:
        """A log that was rewritten in place is read again: its old turns are known, and out of reach by now."""
        last = self._past.get(event.request_id)
        return last is not None and abs(event.timestamp - last) < ANOTHER_S

    def _turn(self, draft: Draft, event: Event, changed: dict[int, Draft]) -> None:
        """An event that changes more than its own turn's figures."""
        if event.event == "tts_resume_sent":
            self._voiced.add(draft.session)
            self._close(draft, TurnState.COMPLETE, changed)
            return
        if len(self._open) > 1:
            self._end_others(draft, event.timestamp, changed)
        if event.event == "v34_webhook_received":
            self._join_session(draft, event.metadata.get("session_id"))

    def _is_another(self, draft: Draft, event: Event) -> bool:
        """The id has come back: much later, or beginning anew what is long over."""
        if not draft.events:
            return False
        return draft.closed or any(event.event == known.event for known in draft.events)

    def _begin(self, event: Event, changed: dict[int, Draft]) -> Draft:
        known = self._drafts.pop(event.request_id, None)
        if known is not None and not known.closed:
            self._close(known, TurnState.TIMED_OUT, changed)
        draft = Draft(self.take_ordinal(), event.request_id)
        draft.session = self._run.number
        draft.first = event.timestamp
        self._drafts[event.request_id] = draft
        self._open[draft.ordinal] = draft
        self._end_pauses(draft, changed)
        self._forget()
        return draft

    def _reopen(self, draft: Draft) -> None:
        """Only the debug log told of it so far; its events arrive now."""
        draft.closed = False
        draft.state = TurnState.OPEN
        self._open[draft.ordinal] = draft

    def _end_pauses(self, newest: Draft, changed: dict[int, Draft]) -> None:
        for draft in list(self._open.values()):
            if draft is not newest and not draft.begun:
                self._close(draft, TurnState.GHOST, changed)

    def _end_others(self, newest: Draft, stamp: float, changed: dict[int, Draft]) -> None:
        """A turn with text began: what was in flight before it is over, and how depends on how long it was silent."""
        for draft in list(self._open.values()):
            if draft is newest or draft.ordinal > newest.ordinal:
                continue
            if not draft.begun:
                self._close(draft, TurnState.GHOST, changed)
            elif self._silent_end(draft):
                self._close(draft, TurnState.COMPLETE, changed)
            elif stamp - draft.last > self._timeout_s:
                self._close(draft, TurnState.TIMED_OUT, changed)
            else:
                draft.aborted_by = newest.request_id
                self._close(draft, TurnState.ABORTED, changed)

    def _silent_end(self, draft: Draft) -> bool:
        """The reply was sent, and this session's TTS writes no events: there is nothing more to wait for."""
        draft.read_events()
        return (
            "v34_sending_to_tts" in draft.marks
            and draft.session not in self._voiced
            and not any(event.service == "tts" for event in draft.events)
        )

    def _close(self, draft: Draft, state: TurnState, changed: dict[int, Draft]) -> None:
        if draft.closed and draft.state is not TurnState.COMPLETE and state is not TurnState.COMPLETE:
            return
        draft.closed = True
        draft.state = state
        self._open.pop(draft.ordinal, None)
        self._count(draft)
        changed[draft.ordinal] = draft

    def _forget(self) -> None:
        if self._remember is None:
            return
        while len(self._drafts) > self._remember:
            name, draft = next(iter(self._drafts.items()))
            if not draft.closed:
                break
            del self._drafts[name]
            self._past.pop(name, None)
            self._past[name] = draft.last
        while len(self._past) > PAST:
            del self._past[next(iter(self._past))]

    def _build(self, changed: dict[int, Draft]) -> list[Turn]:
        return [draft.build(self._keep_events) for ordinal, draft in sorted(changed.items()) if draft.closed]

    def tick(self, now: float) -> list[Turn]:
        """Close what has been silent too long; ``now`` in seconds since the epoch."""
        changed: dict[int, Draft] = {}
        for draft in list(self._open.values()):
            silent = now - draft.last
            if not draft.begun:
                if silent > GHOST_S:
                    self._close(draft, TurnState.GHOST, changed)
            elif silent > self._timeout_s:
                over = TurnState.COMPLETE if self._silent_end(draft) else TurnState.TIMED_OUT
                self._close(draft, over, changed)
        return self._build(changed)

    def finish(self) -> list[Turn]:
        """The logs end here: close what the newest stamp shows to be over; the rest comes back open."""
        newest = max((draft.last for draft in self._drafts.values()), default=0.0)
        turns = self.tick(newest)
        if self._debug is not None:
            turns += self._end_debug()
        return turns + [draft.build(self._keep_events) for draft in self._open.values()]

    def add_facts(self, facts: Iterable[DebugFact]) -> list[Turn]:
        """Facts of the debug log, in file order."""
        turns: list[Turn] = []
        for fact in facts:
            if fact.kind == "begin":
                turns += self._end_debug()
                self._debug = DebugTurn(self._debug_count)
                self._debug_count += 1
            elif fact.kind in ("serving", "restarting"):
                turns += self._end_debug()
                self._restarted = True
            elif fact.kind == "access":
                turns += self._served(fact)
            elif self._debug is not None:
                self._debug.take(fact)
                if fact.kind == "total":
                    turns += self._end_debug()
            elif fact.kind == "tts_failure" and self._debug_done is not None:
                self._debug_done.take(fact)
                turns += self._told_more()
        return turns

    def _served(self, fact: DebugFact) -> list[Turn]:
        """The access line belongs to the turn that ended last; one that is still going has not been answered."""
        if self._debug_done is None or self._debug_done.ended is not None:
            return []
        self._debug_done.served(fact)
        return self._told_more()

    def _told_more(self) -> list[Turn]:
        draft = self._debug_draft
        return [draft.build(self._keep_events)] if draft is not None and draft.closed else []

    def _end_debug(self) -> list[Turn]:
        """The debug log has told all of one turn: join it with its events, or let it stand alone."""
        debug, self._debug = self._debug, None
        if debug is None:
            return []
        draft = self._drafts.get(debug.request_id) if debug.request_id else None
        if draft is None or draft.debug is not None:
            draft = self._alone(debug)
        else:
            draft.debug = debug
        self._debug_done, self._debug_draft = debug, draft
        return [draft.build(self._keep_events)] if draft.closed else []

    def _alone(self, debug: DebugTurn) -> Draft:
        draft = Draft(self.take_ordinal(), debug.request_id)
        draft.debug = debug
        draft.closed = True
        draft.state = TurnState.COMPLETE if debug.finished else TurnState.ABORTED
        if self._restarted and not self._runs:
            self._run = self._new_run(None)
        self._restarted = False
        before = self._debug_draft
        draft.session = before.session if before is not None and self._runs else self._run.number
        if before is not None and self._runs:
            draft.session_id = before.session_id
        self._count(draft)
        if debug.request_id:
            self._drafts[debug.request_id] = draft
            self._forget()
        return draft

    def _join_session(self, draft: Draft, name: object) -> None:
        """The process that serves the turn; a new id is a new run of v34."""
        if not isinstance(name, str) or not name:
            return
        draft.session_id = name
        run = self._runs.get(name)
        if run is None:
            nameless = next((run for run in self._order if run.number == draft.session and not run.session_id), None)
            run = self._runs[name] = nameless or self._new_run(name)
            run.session_id = name
        self._run = run
        draft.session = run.number

    def _new_run(self, session_id: str | None) -> _Run:
        run = _Run(self._run.number + 1 if self._order else 1, session_id, None)
        if self._order:
            run.number = self._order[-1].number + 1
        self._order.append(run)
        return run

    def _count(self, draft: Draft) -> None:
        """Add a closed turn to its run, once; a ghost is none."""
        if draft.state is TurnState.GHOST:
            return
        run = next((run for run in reversed(self._order) if run.number == draft.session), None)
        if run is None or (run.turns and draft.ordinal <= run.last):
            return
        if not run.turns:
            run.first = draft.ordinal
            run.started = draft.first or (draft.debug.started if draft.debug else None)
        run.turns += 1
        run.last = draft.ordinal

    def _in_flight(self) -> Draft | None:
        """The newest turn with text, else a pause that may become one."""
        return max(self._open.values(), key=lambda draft: (draft.begun, draft.ordinal), default=None)

    @property
    def open_turn(self) -> Turn | None:
        """The turn in flight as far as it is known."""
        draft = self._in_flight()
        return None if draft is None else draft.build(keep_events=False)

    @property
    def busy(self) -> bool:
        """Something is in flight; cheaper than asking for it."""
        return bool(self._open)

    @property
    def phase(self) -> str:
        """Key of the stage that runs now; empty between two named stages."""
        draft = self._in_flight()
        events = reversed(draft.events) if draft is not None else iter(())
        return next((_PHASES[event.event] for event in events if event.event in _PHASES), "")

    @property
    def sessions(self) -> tuple[Session, ...]:
        """Runs of v34 so far, oldest first."""
        return tuple(
            Session(
                number=run.number,
                session_id=run.session_id,
                started=run.started,
                turns=run.turns,
                first=run.first,
                last=run.last,
            )
            for run in self._order
            if run.turns
        )
