"""The draft of a turn: what its events said so far, and the Turn that this makes."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from timmy_tui.model import endings
from timmy_tui.model.turn import Event, FlagValue, Reason, Span, Turn, TurnState
from timmy_tui.profiles.records.matching import Capture, Hit, hidden_captures, shown_event
from timmy_tui.profiles.spec import Profile
from timmy_tui.profiles.turns.settle import Facts, Settler

FIGURES = frozenset(
    (
        "prompt_chars", "prompt_tokens_est", "text_length", "reply_length", "importance", "chunks", "pause_threshold",
        "num_ctx", "temperature", "prefill_ms", "decode_ms", "load_ms", "ollama_total_ms", "context_returned",
        "context_sent", "model", "text", "reply", "tail_mode", "raw",
    )
)  # fmt: skip
"""Fields of Turn that a profile can fill."""
_WHOLE = frozenset(
    ("prompt_chars", "prompt_tokens_est", "text_length", "reply_length", "chunks", "num_ctx", "context_returned",
     "context_sent")
)  # fmt: skip
MAX_EVENTS = 500
"""Events kept of one turn, for the turn screen."""


def new_facts() -> Facts:
    """Nothing known yet."""
    return Facts({}, {}, [], {}, set())


class Draft(Struct, gc=False):
    """A turn as it arrives."""

    ordinal: int
    key: str
    session: int
    session_id: str | None = None
    facts: Facts = field(default_factory=new_facts)
    events: list[Event] = []
    opened: dict[str, int] = {}
    """Stage that is a sum of pairs → the stamp that opened the last one."""
    switches: Mapping[str, FlagValue] = {}
    switches_at: Mapping[str, float] = {}
    state: TurnState = TurnState.OPEN
    reason: str = ""
    is_cut: bool = False
    """Silence or the next turn ended it: its own end can still come."""
    is_counted: bool = False
    """In its session."""
    went_wrong: bool = False
    has_doubt: bool = False
    """It went wrong, unless it ends well."""
    typed: bool | None = None
    first_us: int | None = None
    last_us: int | None = None
    over_us: int | None = None
    """Stamp of the newest event when it ended."""
    arrived: float | None = None
    """``elapsed()`` when its newest event was read; None in a backlog."""

    @property
    def closed(self) -> bool:
        """It is over."""
        return self.state is not TurnState.OPEN

    def end(self, state: TurnState, reason: str, is_cut: bool = False) -> None:
        """It is over. An end of its own replaces that of silence, or of the next turn."""
        if not self.closed or (self.is_cut and not is_cut):
            self.state, self.reason, self.is_cut, self.over_us = state, reason, is_cut, self.last_us

    def begin_again(self) -> None:
        """Nothing is known of it yet, except which one it is: its whole record comes anew."""
        self.facts, self.events, self.opened = new_facts(), [], {}
        self.state, self.went_wrong, self.has_doubt, self.typed = TurnState.OPEN, False, False, None
        self.first_us = self.last_us = self.over_us = None


class TurnMaker:
    """Adds events to drafts, and makes turns of drafts, by one profile."""

    def __init__(self, profile: Profile, timeout_s: float, keep_events: bool) -> None:
        self.settler = Settler(profile, timeout_s)
        self._keep_events = keep_events
        self._stamped = not profile.time.resolution_ms
        self._spoken = False if profile.turn.typed else None
        """What a turn is that no event shows to be typed."""
        self._private = frozenset(profile.private)
        self._counts = profile.counts
        self._figures = tuple(
            (name, (source,) if isinstance(source, str) else source) for name, source in profile.figures.items()
        )
        self._hidden = hidden_captures(profile)
        self._reason = profile.turn.reason
        self._sums = frozenset(f"{rule.name}.{name}" for rule in profile.event for name in rule.add)
        self._latest = frozenset(rule.name for rule in profile.event if rule.latest)
        self._pairs: dict[str, list[tuple[str, bool]]] = {}
        for stage in profile.stage:
            if stage.pairs:
                for names, opens in ((stage.begins, True), (stage.ends, False)):
                    for name in names:
                        self._pairs.setdefault(name, []).append((stage.key, opens))

    def add(self, draft: Draft, hit: Hit) -> None:
        """An event of this turn."""
        facts, event, stamp = draft.facts, hit.event, hit.stamp_us
        if hit.parts:
            self._take_parts(facts, hit)
        facts.seen.add(event)
        if stamp is not None:
            if event in self._latest:
                facts.stamps[event] = stamp
            else:
                facts.stamps.setdefault(event, stamp)
            if draft.first_us is None or stamp < draft.first_us:
                draft.first_us = stamp
            if draft.last_us is None or stamp > draft.last_us:
                draft.last_us = stamp
        captures = facts.captures
        if hit.captures:
            if event in self._latest:
                captures.update(hit.captures)
            else:
                self._take(captures, hit.captures)
        if event in self._pairs and stamp is not None:
            self._pair(draft, event, stamp)
        if self._keep_events and len(draft.events) < MAX_EVENTS:
            draft.events.append(shown_event(hit, self._hidden))

    def _take(self, known: dict[str, Capture], new: Mapping[str, Capture]) -> None:
        for name, value in new.items():
            if name in self._sums and isinstance(before := known.get(name), float) and isinstance(value, float):
                known[name] = before + value
            else:
                known.setdefault(name, value)

    def _take_parts(self, facts: Facts, hit: Hit) -> None:
        """As of captures: the first event's, or the last one's."""
        if hit.event in self._latest:
            facts.parts = [part for part in facts.parts if part.name.partition(".")[0] != hit.event]
        elif hit.event in facts.seen:
            return
        facts.parts += hit.parts

    def _pair(self, draft: Draft, event: str, stamp: int) -> None:
        for stage, opens in self._pairs[event]:
            if opens:
                draft.opened[stage] = stamp
            elif (began := draft.opened.pop(stage, None)) is not None and stamp >= began:
                draft.facts.pairs[stage] = draft.facts.pairs.get(stage, 0) + stamp - began

    def turn(self, draft: Draft, with_events: bool = True) -> Turn:
        """The turn as known now."""
        account = self.settler.settle(draft.facts)
        first, last = draft.first_us, draft.last_us
        spoiled = Reason.ASLEEP in account.unmeasured.values()
        end_to_end = (last - first) / 1000 if first is not None and last is not None and last > first else None
        if spoiled or not self._stamped:
            end_to_end = None
        headline = account.headline_ms
        return Turn(
            ordinal=draft.ordinal,
            request_id=draft.key,
            typed=self._spoken if draft.typed is None else draft.typed,
            session_id=draft.session_id,
            session=draft.session,
            state=draft.state,
            # What its record says of a failure is foreign text, and an error line of the turn.
            reason=draft.reason or (endings.ERROR_REPORTED if draft.state is TurnState.FAILED else ""),
            errors=self._errors(draft),
            started=None if first is None else first / 1e6,
            ended=None if last is None else last / 1e6,
            span=account.span,
            headline_ms=headline,
            v2v_ms=headline if account.span is Span.V2V else None,
            stages=account.stages,
            unmeasured=account.unmeasured,
            skipped=account.skipped,
            switches=draft.switches,
            switches_at=draft.switches_at,
            unattributed_ms=account.unattributed_ms,
            gaps=account.gaps,
            end_to_end_ms=end_to_end,
            events=tuple(draft.events) if with_events else (),
            **self._values(draft.facts.captures),
        )

    def _errors(self, draft: Draft) -> tuple[str, ...]:
        """What the records of a turn that failed say of why."""
        said = draft.facts.captures.get(self._reason) if draft.state is TurnState.FAILED else None
        return (said[:200],) if isinstance(said, str) and self._reason not in self._private else ()

    def _values(self, captures: Mapping[str, Capture]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for name, sources in self._figures:
            value = next((captures[one] for one in sources if one in captures and one not in self._private), None)
            if value is not None:
                values[name] = int(value) if name in _WHOLE and not isinstance(value, str) else value
        if isinstance(threshold_ms := values.get("pause_threshold"), float):
            values["pause_threshold"] = threshold_ms / 1000
        prompt, cached = (_count(captures.get(name)) for name in (self._counts.prompt, self._counts.cached))
        if prompt is not None and cached is not None and not self._counts.inclusive:
            prompt += cached
        values["prompt_tokens"] = prompt
        values["cached_tokens"] = cached
        values["output_tokens"] = _count(captures.get(self._counts.output))
        return values


def _count(value: Capture | None) -> int | None:
    return None if value is None or isinstance(value, str) else int(value)
