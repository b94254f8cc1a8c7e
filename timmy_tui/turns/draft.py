"""The draft of a turn: its stamps and figures as they arrive, and the Turn built from them."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from timmy_tui.model import endings
from timmy_tui.model.stages.events import SLOT, Stamps, no_stamps
from timmy_tui.model.stages.v34 import CRITICAL, KEYS, V2V
from timmy_tui.model.turn import Event, Gap, Reason, Span, Turn, TurnState
from timmy_tui.turns.account.debug_doubts import doubt_steps
from timmy_tui.turns.account.ledger import Ledger, settle
from timmy_tui.turns.account.offset_steps import spoil
from timmy_tui.turns.account.plausibility import USUAL_LIMITS, Limits
from timmy_tui.turns.account.whole_turn import whole_turn
from timmy_tui.turns.debug_record import DebugRecord
from timmy_tui.turns.template_leaks import leaks_template

CANNED_REPLY = "I appear to be having trouble speaking. How embarrassing."
"""What Timmy says when the model did not answer."""

_OLLAMA_RECEIVED = SLOT["v34_ollama_received"]
_FAILURE_SIGNALS = frozenset({"empty_reply", "canned_reply", "error"})
_NO_SIGNALS: frozenset[str] = frozenset()


class Draft(Struct, gc=False):
    """What is known of one turn so far. ``stamps`` and ``unknown_events`` are in µs, other times in seconds."""

    ordinal: int
    request_id: str
    events: list[Event] = []
    """In file order; removed when a closed turn is built without its events."""
    stamps: Stamps = field(default_factory=no_stamps)
    """By slot; of a repeated event the first counts."""
    unknown_events: dict[str, int] = {}
    """Stamps of events that have no slot, by name."""
    fields: dict[str, int | float] = {}
    """Figures by field of Turn."""
    tail_mode: bool | None = None
    session_id: str | None = None
    session: int = 0
    first_stamp: float = 0.0
    last_stamp: float = 0.0
    """Of the last event in file order, in seconds; 0 for a turn that only the debug log has."""
    begun: int = 0
    """How many ids had begun when its newest event was read."""
    arrived: float | None = None
    """``elapsed()`` at which its newest event was read; None while only a backlog has told of it."""
    events_arrived: int = 0
    """How many of its events ``arrived`` covers."""
    query_started: float | None = None
    query_us: int | None = None
    http_status: float | None = None
    debug: DebugRecord | None = None
    place: tuple[int, ...] = ()
    """As in Turn: set for a turn that the debug log told of without events."""
    closed: bool = False
    state: TurnState = TurnState.OPEN
    aborted_by: str = ""
    limits: Limits = USUAL_LIMITS
    doubted: frozenset[str] = frozenset()
    """Figures that the turns around it show not to be measurements."""

    @property
    def position(self) -> tuple[int, ...]:
        """As in Turn."""
        return self.place or (self.ordinal, 0)

    def has_event(self, event: str) -> bool:
        """An event of this name has arrived."""
        slot = SLOT.get(event)
        return event in self.unknown_events if slot is None else self.stamps[slot] is not None

    def build(self, keep_events: bool) -> Turn:
        """The turn as known now. ``keep_events``: with its raw events."""
        if self.closed and not keep_events:
            self.events.clear()
        debug = self.debug
        values: dict[str, Any] = self.fields if debug is None else {**debug.values, **self.fields}
        ledger = self._ledger(values)
        if self.doubted:
            ledger = spoil(ledger, self.doubted)
        signals = self._signals(values)
        state, reason = self._final_state(signals, debug)
        started, ended = self._times(ledger)
        end_to_end_ms, processing_ms = whole_turn(self.stamps, self.unknown_events, ledger)
        return Turn(
            ordinal=self.ordinal,
            request_id=self.request_id,
            typed=False if self.request_id or debug is None else debug.typed,
            place=self.place,
            session_id=self.session_id,
            session=self.session,
            state=state,
            reason=reason,
            started=started,
            ended=ended,
            answered=self._answered(debug),
            logs="latency" if debug is None else "both" if self.last_stamp else "v34",
            span=ledger.span,
            headline_ms=ledger.headline_ms,
            v2v_ms=ledger.v2v_ms,
            stages=ledger.stages,
            skipped=ledger.skipped,
            unattributed_ms=ledger.unattributed_ms,
            gaps=ledger.gaps,
            end_to_end_ms=end_to_end_ms,
            processing_ms=processing_ms,
            offset_bounds=ledger.offset_bounds,
            unmeasured=ledger.unmeasured,
            tail_mode=self.tail_mode if self.tail_mode is not None else debug.tail_mode if debug else None,
            raw=self._raw(debug),
            signals=signals,
            errors=tuple(debug.errors) if debug else (),
            text=debug.text if debug else None,
            reply=debug.reply if debug else None,
            events=tuple(self.events) if keep_events else (),
            **values,
        )

    def bare(self) -> Turn:
        """The turn without any figure."""
        return Turn(
            ordinal=self.ordinal,
            request_id=self.request_id,
            place=self.place,
            session_id=self.session_id,
            session=self.session,
            state=self.state,
            started=self.first_stamp or None,
            ended=self.last_stamp or None,
            stages=dict.fromkeys(KEYS),
        )

    def _times(self, ledger: Ledger) -> tuple[float | None, float | None]:
        """First and last stamp, in seconds; of a turn in which a clock stepped, those of the first and last line."""
        stamps = [*filter(None, self.stamps), *self.unknown_events.values()]
        if not stamps:
            return (self.debug.started, self.debug.ended) if self.debug else (None, None)
        if ledger.unmeasured and Reason.STEPPED in ledger.unmeasured.values():
            return self.first_stamp, self.last_stamp
        return min(stamps) / 1e6, max(stamps) / 1e6

    def _ledger(self, values: Mapping[str, Any]) -> Ledger:
        if not self.last_stamp and self.debug is not None:
            return _debug_ledger(self.debug, self.limits)
        pause = self.fields.get("pause_threshold")
        return settle(
            self.stamps,
            pause_us=None if pause is None else round(pause * 1e6),
            pairs_us=self.query_us,
            reported=values,
            limits=self.limits,
        )

    def _answered(self, debug: DebugRecord | None) -> float | None:
        """An access line has whole seconds, and is written a few ms later."""
        received = self.stamps[_OLLAMA_RECEIVED]
        if received is not None:
            return received / 1e6
        return debug.ended if debug is not None else None

    def _raw(self, debug: DebugRecord | None) -> bool | None:
        """From the debug log. Else a returned context array proves that raw was off; nothing proves that it was on."""
        if debug is not None and debug.raw is not None:
            return debug.raw
        return False if self.fields.get("context_returned", 0) > 0 else None

    def _signals(self, values: Mapping[str, Any]) -> frozenset[str]:
        length, debug = values.get("reply_length"), self.debug
        reply = debug.reply if debug is not None else None
        signals: list[str] = []
        answered = "output_tokens" in values or "prompt_tokens" in values
        received = self.stamps[_OLLAMA_RECEIVED] is not None
        if length == 0 or reply == "":
            signals.append("empty_reply")
        if reply == CANNED_REPLY or (received and not answered and length == len(CANNED_REPLY)):
            signals.append("canned_reply")
        if reply is not None and leaks_template(reply):
            signals.append("template_leak")
        if (debug is not None and debug.errors) or self._error_status(debug) is not None:
            signals.append("error")
        return frozenset(signals) if signals else _NO_SIGNALS

    def _error_status(self, debug: DebugRecord | None) -> float | None:
        """The status that v34 answered with, as the recognizer or v34's own server tells it, if it means a failure."""
        statuses = (self.http_status, debug.http_status if debug is not None else None)
        return next((status for status in statuses if status is not None and status >= 400), None)

    def _final_state(self, signals: frozenset[str], debug: DebugRecord | None) -> tuple[TurnState, str]:
        """State and reason. What failed says more than how the turn was closed, and comes first."""
        if self.state is TurnState.OPEN:
            return self.state, ""
        failure = self._failure(signals, debug)
        if failure:
            return TurnState.FAILED, failure
        if self.state is TurnState.ABORTED and debug is not None and debug.restarted:
            return self.state, endings.V34_RESTARTED
        if self.state is TurnState.ABORTED:
            newer = f"turn {self.aborted_by}" if self.aborted_by else endings.A_NEW_TURN
            return self.state, endings.broken_off_by(newer)
        return self.state, endings.SILENT if self.state is TurnState.TIMED_OUT else ""

    def _failure(self, signals: frozenset[str], debug: DebugRecord | None) -> str:
        """What went wrong in it; empty if nothing is known to have. v34's own words come before its status."""
        if not signals & _FAILURE_SIGNALS:
            return ""
        if debug is not None and debug.errors:
            return debug.errors[0][:200]
        status = self._error_status(debug)
        return endings.NO_ANSWER if status is None else endings.status_words(status)


def _debug_ledger(debug: DebugRecord, limits: Limits) -> Ledger:
    """From the debug log alone: its steps have no positions, so the unattributed rest is one gap."""
    stages: dict[str, float | None] = dict.fromkeys(KEYS)
    stages.update(debug.stages())
    total = debug.total_ms
    unmeasured = doubt_steps(stages, total, debug.values.get("ollama_total_ms"), limits)
    if debug.clock_stepped:
        unmeasured[V2V] = Reason.STEPPED
    span = Span.NONE if total is None else Span.V34
    stages.update(dict.fromkeys(unmeasured.keys() & stages.keys()))
    if V2V in unmeasured:
        total = None
    rest: float | None = None
    gaps: tuple[Gap, ...] = ()
    if total is not None:
        named = sum(round(1000 * value) for key in CRITICAL if (value := stages[key]) is not None)
        rest = (round(1000 * total) - named) / 1000
        gaps = (Gap("start", "end", rest),) if rest else ()
    skipped = frozenset({"store"}) if debug.store_skipped else frozenset()
    return Ledger(
        span=span,
        headline_ms=total,
        v2v_ms=None,
        stages=stages,
        skipped=skipped,
        unattributed_ms=rest,
        gaps=gaps,
        offset_bounds=(None, None),
        unmeasured=unmeasured,
    )
