"""A turn in the making: stamps and figures as they come, and the Turn that they amount to."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from timmy_tui.model.event_slots import SLOT, Stamps, no_stamps
from timmy_tui.model.stages import CRITICAL, KEYS
from timmy_tui.model.turn import Event, Gap, Span, Turn, TurnState
from timmy_tui.turns.debug_record import DebugTurn
from timmy_tui.turns.ledger import Ledger, settle

CANNED = "I appear to be having trouble speaking. How embarrassing."
"""What Timmy says when the model did not answer."""

_LEAKS = ("<|eot_id|>", "<|start_header_id|>", "<|end_header_id|>", "<|begin_of_text|>")

_PAUSE, _RECEIVED = SLOT["stt_pause_detected"], SLOT["v34_ollama_received"]
_FAILURES = frozenset({"empty_reply", "canned_reply", "error"})
_NO_SIGNALS: frozenset[str] = frozenset()


class Draft(Struct, gc=False):
    """What is known of one turn so far."""

    ordinal: int
    request_id: str
    events: list[Event] = []
    """In file order; once it is closed only where somebody keeps them."""
    stamps: Stamps = field(default_factory=no_stamps)
    """Of repeated events the first counts."""
    strange: dict[str, int] = {}
    """The same of events that have no slot."""
    figures: dict[str, int | float] = {}
    """By field of Turn."""
    tail_mode: bool | None = None
    session_id: str | None = None
    session: int = 0
    first: float = 0.0
    last: float = 0.0
    """Stamp of the newest event in file order; 0 where only the debug log told of it."""
    query_open: float | None = None
    query_us: int | None = None
    status: float | None = None
    debug: DebugTurn | None = None
    closed: bool = False
    state: TurnState = TurnState.OPEN
    aborted_by: str = ""

    @property
    def begun(self) -> bool:
        """There is text: more than a pause was heard."""
        missing = self.stamps.count(None) + (self.stamps[_PAUSE] is not None)
        return self.debug is not None or missing < len(self.stamps) or bool(self.strange)

    def knows(self, event: str) -> bool:
        """It has such an event."""
        slot = SLOT.get(event)
        return event in self.strange if slot is None else self.stamps[slot] is not None

    def build(self, keep_events: bool) -> Turn:
        """The turn as it stands."""
        if self.closed and not keep_events:
            self.events.clear()
        debug = self.debug
        told: dict[str, Any] = self.figures if debug is None else {**debug.values, **self.figures}
        ledger = self._ledger(told)
        signals = self._signals(told)
        state, reason = self._verdict(signals, debug)
        heard = [*filter(None, self.stamps), *self.strange.values()]
        return Turn(
            ordinal=self.ordinal,
            request_id=self.request_id,
            session_id=self.session_id,
            session=self.session,
            state=state,
            reason=reason,
            started=min(heard) / 1e6 if heard else debug.started if debug else None,
            ended=max(heard) / 1e6 if heard else debug.ended if debug else None,
            logs="latency" if debug is None else "both" if heard else "v34",
            span=ledger.span,
            headline_ms=ledger.headline_ms,
            v2v_ms=ledger.v2v_ms,
            stages=ledger.stages,
            skipped=ledger.skipped,
            unattributed_ms=ledger.unattributed_ms,
            gaps=ledger.gaps,
            offset_bounds=ledger.offset_bounds,
            clock_stepped=ledger.clock_stepped,
            tail_mode=self.tail_mode if self.tail_mode is not None else debug.tail_mode if debug else None,
            raw=self._raw(debug),
            signals=signals,
            errors=tuple(debug.errors) if debug else (),
            text=debug.text if debug else None,
            reply=debug.reply if debug else None,
            events=tuple(self.events) if keep_events else (),
            **told,
        )

    def _ledger(self, told: Mapping[str, Any]) -> Ledger:
        if not self.last and self.debug is not None:
            return _debug_ledger(self.debug)
        pause = self.figures.get("pause_threshold")
        return settle(
            self.stamps,
            pause_us=None if pause is None else round(pause * 1e6),
            pairs_us=self.query_us,
            reported=told,
        )

    def _raw(self, debug: DebugTurn | None) -> bool | None:
        """From the debug log; else a returned context array proves that raw was off, and nothing proves it on."""
        if debug is not None and debug.raw is not None:
            return debug.raw
        return False if self.figures.get("context_returned", 0) > 0 else None

    def _signals(self, told: Mapping[str, Any]) -> frozenset[str]:
        length, debug = told.get("reply_length"), self.debug
        reply = debug.reply if debug is not None else None
        found: list[str] = []
        answered = "output_tokens" in told or "prompt_tokens" in told
        received = self.stamps[_RECEIVED] is not None
        if length == 0 or reply == "":
            found.append("empty_reply")
        if reply == CANNED or (received and not answered and length == len(CANNED)):
            found.append("canned_reply")
        if reply is not None and (any(stamp in reply for stamp in _LEAKS) or reply.startswith("assistant")):
            found.append("template_leak")
        if debug is not None and debug.errors:
            found.append("error")
        if self.status is not None and self.status >= 400:
            found.append("error")
        return frozenset(found) if found else _NO_SIGNALS

    def _verdict(self, signals: frozenset[str], debug: DebugTurn | None) -> tuple[TurnState, str]:
        """State and reason; a complete turn whose model or voice failed is a failed one."""
        if self.state is TurnState.ABORTED:
            return self.state, f"turn {self.aborted_by} began first" if self.aborted_by else "a new turn began first"
        if self.state is TurnState.TIMED_OUT:
            return self.state, "no further event"
        if self.state is TurnState.LONE_PAUSE:
            return self.state, "a pause without text"
        if self.state is TurnState.OPEN or not signals & _FAILURES:
            return self.state, ""
        if debug is not None and debug.errors:
            return TurnState.FAILED, debug.errors[0][:200]
        if self.status is not None and self.status >= 400:
            return TurnState.FAILED, f"v34 answered with status {self.status:.0f}"
        return TurnState.FAILED, "the model gave no answer"


def _debug_ledger(debug: DebugTurn) -> Ledger:
    """The debug log alone: steps without positions, so that the rest is one gap."""
    stages: dict[str, float | None] = dict.fromkeys(KEYS)
    stages.update(debug.stages())
    total = debug.total_ms
    rest: float | None = None
    gaps: tuple[Gap, ...] = ()
    if total is not None:
        named = sum(round(1000 * value) for key in CRITICAL if (value := stages[key]) is not None)
        rest = (round(1000 * total) - named) / 1000
        gaps = (Gap("start", "end", rest),) if rest else ()
    skipped = frozenset({"store"}) if debug.store_skipped else frozenset()
    return Ledger(
        span=Span.NONE if total is None else Span.V34,
        headline_ms=total,
        v2v_ms=None,
        stages=stages,
        skipped=skipped,
        unattributed_ms=rest,
        gaps=gaps,
        offset_bounds=(None, None),
        clock_stepped=False,
    )
