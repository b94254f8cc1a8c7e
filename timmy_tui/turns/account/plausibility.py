"""Which figures of a turn are not measurements although their events are there, and why.

Two clocks stamp a turn: that of STT and TTS (the voice services), which run on one machine, and v34's. Each can be set
in mid-turn, and the machine can sleep. The place where that shows lies between two neighbouring events of one clock, or
somewhere on the way from asking v34 to the request's arrival at TTS. What spans it is unknown; everything else stays.

Not seen: a step of v34's clock forward, or of the voice services' back, on that way by less than the network takes; one
of v34's back, or of the other forward by less than the time-out, which looks like a slow network, unless a stage gets
shorter than its parts; and one of the voice services' elsewhere that keeps their events in order and close together.
"""

from collections.abc import Iterator, Mapping, Sequence
from operator import itemgetter
from typing import NamedTuple

from msgspec import Struct

from timmy_tui.model.stages.events import IN_ORDER, NEVER, SLOT, Stamps
from timmy_tui.model.stages.v34 import BY_KEY, HOPS, NETWORK, PARTS, REPLIED, STAGES, V2V, with_parts
from timmy_tui.model.turn import Reason, Span

STEP_US = 1000
"""Same-clock events more than this out of order are a stepped clock, a hop this far below zero is two clocks apart.
Less is two threads that stamp at once, or a tick of a clock."""
REPORTED_MS = 10.0
"""What Ollama reports may exceed the request by this much: the debug log rounds its seconds to 10 ms."""
_REPORTED_US = round(1000 * REPORTED_MS)


class Limits(Struct, frozen=True):
    """What is beyond reason."""

    gap_us: int = 60_000_000
    """Longest time between two neighbouring events: ``tail.turn_timeout_s``."""
    threshold_us: int = 10_000_000
    """Highest pause threshold: ``tail.longest_threshold_s``."""


USUAL_LIMITS = Limits()

_STAMPED_BY = {
    event: stage.clock for stage in STAGES if stage.clock != "cross" for event in (*stage.starts, *stage.ends)
}


def is_voice(event: str) -> bool:
    """STT's and TTS's clock stamps it, not v34's."""
    return _STAMPED_BY.get(event, event.partition("_")[0]) in ("stt", "tts")


# The answer to STT's request runs beside TTS: it has no place in the order.
_ORDER = tuple(SLOT[name] for name in IN_ORDER if name != "stt_http_response_received")
_V34 = tuple(slot for slot in _ORDER if not is_voice(IN_ORDER[slot]))
_STT = tuple(slot for slot in _ORDER if slot < _V34[0])
_TTS = tuple(slot for slot in _ORDER if slot > _V34[-1])
_VOICE = (*_STT, *_TTS)
_in_order = itemgetter(*_ORDER)
_SENT, _RECEIVED, _REPLY = SLOT["v34_ollama_sent"], SLOT["v34_ollama_received"], SLOT[REPLIED]
_SOUND = SLOT["tts_audio_playback_start"]
_TWO_CLOCKS = (Span.V34_TO_SOUND, Span.SPEECH_TO_REPLY)
"""Spans that begin on one clock and end on the other."""


class _Row(NamedTuple):
    """A stage between two events of one clock; slots of the first choice ahead of those of the second."""

    key: str
    voice: bool
    starts: tuple[int, ...]
    ends: tuple[int, ...]
    pairs: bool
    """The sum of several pairs of events: the stamps hold only the first, the others lie up to the end of the whole."""


def _rows() -> Iterator[_Row]:
    for stage in STAGES:
        if stage.measured in ("events", "pairs") and stage.clock != "cross":
            pairs = stage.measured == "pairs"
            ends = BY_KEY[stage.parent].ends if pairs else stage.ends
            opens, closes = (tuple(SLOT[name] for name in names) for names in (stage.starts, ends))
            yield _Row(stage.key, stage.clock in ("stt", "tts"), opens, closes, pairs)


_ROWS = tuple(_rows())
_WHOLES = tuple(
    (
        next(row for row in _ROWS if row.key == whole),
        tuple(part for part in with_parts(whole) if part != whole and BY_KEY[part].measured != "rest"),
        _REPORTED_US if any(BY_KEY[part].measured == "reported" for part in PARTS[whole]) else STEP_US,
    )
    for whole in PARTS
    if any(BY_KEY[part].measured == "rest" for part in PARTS[whole]) and BY_KEY[whole].measured == "events"
)
"""A stage that has a rest, all its parts that are measured, and by how many µs these may exceed it."""


def is_plain(stamps: Stamps, limits: Limits) -> bool:
    """Nothing runs backwards, not even across the clocks, and the whole turn takes no longer than the time-out."""
    present = [*filter(None, _in_order(stamps))]
    return not present or (present[-1] - present[0] <= limits.gap_us and present == sorted(present))


class _Place(NamedTuple):
    """Between two neighbouring events of one clock, by slot."""

    voice: bool
    before: int
    behind: int
    reason: Reason

    @property
    def on_the_way(self) -> bool:
        """Between asking v34 and the arrival at TTS."""
        return not self.voice or (self.before in _STT and self.behind in _TTS)


class Doubts(NamedTuple):
    """What of a turn is not a measurement."""

    reasons: dict[str, str]
    """Key of a stage, or V2V → why it is unknown."""
    stepped: bool
    """A clock stepped, or the machine slept, between asking v34 and the arrival at TTS."""
    apart: bool
    """The clocks differ: what lies across both is unknown, but for a sum there and back."""


def clocks_apart(stamps: Stamps, stages: Mapping[str, float | None], span: Span, limits: Limits) -> Doubts | None:
    """The doubts of a turn with which nothing is wrong but two clocks that differ; None: there is more to ``examine``.

    Where they do, every turn is so: this costs a third.
    """
    stt, v34, tts = (_present(stamps, slots) for slots in (_STT, _V34, _TTS))
    if not (stt and v34 and tts) or span in _TWO_CLOCKS:
        return None
    there, back = v34[0] - stt[-1], tts[0] - v34[-1]
    voice = [*stt, *tts]
    orderly = voice == sorted(voice) and v34 == sorted(v34) and voice[-1] - voice[0] <= limits.gap_us
    if not orderly or there + back < 0 or min(there, back) > -STEP_US:
        return None
    hops = [hop for hop in HOPS if stages[hop] is not None]
    return Doubts(dict.fromkeys(hops, Reason.CLOCKS_DIFFER), stepped=False, apart=True)


def examine(
    stamps: Stamps,
    stages: Mapping[str, float | None],
    reported: Mapping[str, float | None],
    span: Span,
    limits: Limits,
) -> Doubts:
    """What is not a measurement. ``stages``: ms as the events have them; ``reported``: Ollama's, by field of Turn."""
    found = _Examination(stamps, stages, reported, limits)
    found.end = None if span is Span.NONE else _REPLY if stamps[_SOUND] is None else _SOUND
    found.examine(span in _TWO_CLOCKS)
    return Doubts(found.reasons, found.stepped, found.apart)


class _Examination:
    """The figures of one turn that something is wrong with."""

    def __init__(
        self,
        stamps: Stamps,
        stages: Mapping[str, float | None],
        reported: Mapping[str, float | None],
        limits: Limits,
    ) -> None:
        self._stages, self._reported, self._limits = stages, reported, limits
        self._at = {slot: stamp for slot, stamp in enumerate(stamps) if stamp is not None}
        self._ends = {row: (_first(stamps, row.starts), _first(stamps, row.ends)) for row in _ROWS}
        stt, v34, tts = (_present(stamps, slots) for slots in (_STT, _V34, _TTS))
        self._v34_us = v34[-1] - v34[0] if v34 else 0
        self._ways = [*([v34[0] - stt[-1]] if stt and v34 else []), *([tts[0] - v34[-1]] if v34 and tts else [])]
        """µs from STT to v34 and from v34 to TTS as the two clocks have them: the hops, if all events are there."""
        self._both_ways = sum(self._ways) if len(self._ways) > 1 else None
        self.reasons: dict[str, str] = {}
        self.stepped = self.apart = False
        self.end: int | None = None
        """Slot of the event that ends the headline; None without one."""

    def examine(self, on_two_clocks: bool) -> None:
        """Places first, because what they spoil proves nothing more. ``on_two_clocks``: so the headline lies."""
        for place in (*self._places(_VOICE, True), *self._places(_V34, False)):
            self._strike_place(place)
        if self._both_ways is not None and not self.stepped:
            if self._both_ways < -STEP_US:
                self._strike_way(Reason.STEPPED)
            elif self._both_ways > self._limits.gap_us:
                self._strike_way(Reason.ASLEEP)
        for whole, parts, tolerance in _WHOLES:
            self._judge_parts(whole, parts, tolerance)
        self._judge_ways(on_two_clocks)
        for row, (start, end) in self._ends.items():
            if not row.pairs and self._is_measured(row) and self._us(start, end) < 0:
                self._strike(row.key, Reason.BACKWARDS)
        for whole, _, _ in _WHOLES:
            for rest in _rests(whole.key) if whole.key in self.reasons else ():
                self._strike(rest, self.reasons[whole.key])

    def _us(self, start: int, end: int) -> int:
        return self._at[end] - self._at[start]

    def _strike(self, key: str, reason: str) -> None:
        self.reasons.setdefault(key, reason)

    def _strike_known(self, keys: Sequence[str], reason: Reason) -> None:
        for key in keys:
            if self._stages.get(key) is not None:
                self._strike(key, reason)

    def _places(self, slots: Sequence[int], voice: bool) -> Iterator[_Place]:
        present = [slot for slot in slots if slot in self._at]
        for before, behind in zip(present, present[1:], strict=False):
            took = self._us(before, behind)
            if took < -STEP_US:
                yield _Place(voice, before, behind, Reason.STEPPED)
            elif took > self._limits.gap_us and took - self._explained(before, behind) > self._limits.gap_us:
                yield _Place(voice, before, behind, Reason.ASLEEP)

    def _explained(self, before: int, behind: int) -> int:
        """µs between two events that something else accounts for: Ollama's own, and for the voice services v34's."""
        ollama = self._ollama_us() if before <= _SENT and behind >= _RECEIVED else 0
        return max(ollama, self._v34_us) if before < _V34[0] and behind > _V34[-1] else ollama

    def _ollama_us(self) -> int:
        parts = sum(self._reported.get(name) or 0.0 for name in ("load_ms", "prefill_ms", "decode_ms"))
        return round(1000 * max(parts, self._reported.get("ollama_total_ms") or parts))

    def _strike_place(self, place: _Place) -> None:
        """What spans the place; also a hop behind it, because the clocks may differ by what they did not before."""
        for row, (start, end) in self._ends.items():
            if row.voice == place.voice and self._is_measured(row):
                meets = start < place.behind and place.before < end
                spans = start <= place.before and place.behind <= end
                if (meets if row.pairs else spans) or start >= len(IN_ORDER):
                    self._strike(row.key, place.reason)
        if place.before < _TTS[0]:
            self._strike_known(HOPS, place.reason)
        if self.end is not None and place.before < self.end:
            self._strike(V2V, place.reason)
        if place.on_the_way:
            self.stepped = True
            self._strike_known((NETWORK,), place.reason)
            if place.reason is Reason.ASLEEP:
                # No clock stands still for the other one.
                self._strike_beside(place.voice, place.reason)

    def _strike_beside(self, v34: bool, reason: Reason) -> None:
        """v34's figures, if they are to go, and the voice services' across the way from one hop to the other."""
        for row, (start, end) in self._ends.items():
            across = start < _V34[0] and _V34[-1] < end
            if self._is_measured(row) and (across if row.voice else v34):
                self._strike(row.key, reason)

    def _is_measured(self, row: _Row) -> bool:
        start, end = self._ends[row]
        return start != NEVER and (row.pairs or end != NEVER)

    def _strike_way(self, reason: Reason) -> None:
        """Somewhere between asking v34 and the arrival at TTS."""
        self.stepped = True
        self._strike_beside(True, reason)
        self._strike_known((*HOPS, NETWORK), reason)
        if self.end is not None:
            self._strike(V2V, reason)

    def _judge_parts(self, whole: _Row, parts: Sequence[str], tolerance: int) -> None:
        """Parts longer than their whole: a clock was set back within it, if both ways are longer by as much."""
        took = self._stages.get(whole.key)
        if took is None or whole.key in self.reasons:
            return
        named = sum(map(self._part_us, parts))
        if tolerance == _REPORTED_US:
            named = max(named, self._ollama_us())
        excess = named - round(1000 * took)
        if excess > tolerance and (self._both_ways is None or self._both_ways + STEP_US >= excess):
            self._strike_place(_Place(whole.voice, *self._ends[whole], Reason.STEPPED))
            return
        beside = [part for part in PARTS[whole.key] if part in parts]
        lacking = sum(map(self._part_us, beside)) > round(1000 * took)
        for rest in _rests(whole.key) if lacking and None not in map(self._part_ms, beside) else ():
            self._strike(rest, Reason.EXCEEDS_WHOLE)
        for part in (*parts, *_rests(whole.key)) if excess > tolerance else ():
            if part not in parts or self._part_us(part):
                self._strike(part, Reason.EXCEEDS_WHOLE)

    def _part_ms(self, part: str) -> float | None:
        return self._reported.get(f"{part}_ms") if BY_KEY[part].measured == "reported" else self._stages.get(part)

    def _part_us(self, part: str) -> int:
        return round(1000 * (self._part_ms(part) or 0.0))

    def _judge_ways(self, on_two_clocks: bool) -> None:
        """One that is negative proves two clocks apart; one alone that takes for ever may be any such difference."""
        reason: Reason | None = None
        if any(way <= -STEP_US for way in self._ways):
            reason, self.apart = Reason.CLOCKS_DIFFER, True
        elif len(self._ways) == 1 and self._ways[0] > self._limits.gap_us:
            reason = Reason.ASLEEP
        if reason is not None:
            self._strike_known(HOPS, reason)
            if on_two_clocks:
                self._strike(V2V, reason)


def _rests(whole: str) -> tuple[str, ...]:
    return tuple(part for part in PARTS[whole] if BY_KEY[part].measured == "rest")


def _present(stamps: Stamps, slots: Sequence[int]) -> list[int]:
    return [stamp for slot in slots if (stamp := stamps[slot]) is not None]


def _first(stamps: Stamps, slots: Sequence[int]) -> int:
    """The first of these slots that has a stamp; NEVER without one."""
    return next((slot for slot in slots if stamps[slot] is not None), NEVER)
