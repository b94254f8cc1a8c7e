"""The ledger of a turn: every microsecond between the speech end and the first sound has a name or a gap.

Integer microseconds throughout, so that the measured critical stages and the gaps sum to the headline exactly.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import itemgetter

from msgspec import Struct

from timmy_tui.model.stages.events import NEVER, SLOT, Stamps
from timmy_tui.model.stages.v34 import (
    AFTER_REPLY,
    BY_KEY,
    CRITICAL,
    HOPS,
    KEYS,
    NETWORK,
    PARTS,
    REPLIED,
    STAGES,
    V2V,
    top_of,
)
from timmy_tui.model.turn import Gap, Reason, Span
from timmy_tui.turns.account.crossings import Edge, fit_hops, join_crossings
from timmy_tui.turns.account.plausibility import REPORTED_MS, USUAL_LIMITS, Limits, clocks_apart, examine, is_plain


def _slots(*names: str) -> tuple[int, int]:
    """Slots of a first and a second choice, as far as there are any."""
    first, second = (*(SLOT[name] for name in names), NEVER, NEVER)[:2]
    return first, second


_PAUSE, _TEXT = _slots("stt_pause_detected", "stt_transcript_finalized")
_ASKED, _OR_ASKED = _slots("stt_http_request_start", "stt_sending_to_v34")
_ENTERED, _OR_ENTERED = _slots("v34_flask_handler_entry", "v34_webhook_received")
_REPLY, _ARRIVED = _slots(REPLIED, "tts_request_received")
_SOUND = SLOT["tts_audio_playback_start"]

_WAITED = next(stage.key for stage in STAGES if stage.measured == "setting")
"""Key of endpointing."""
_PATH = tuple(
    (stage.key, *_slots(*stage.starts), *_slots(*stage.ends), stage.clock)
    for stage in STAGES
    if stage.critical and stage.measured == "events"
)
"""Key, slots that open it and slots that close it, clock. Endpointing, which no event opens, comes before these."""
_SIDE = tuple(
    (stage.key, *_slots(*stage.starts), *_slots(*stage.ends))
    for stage in STAGES
    if not stage.critical and stage.measured == "events"
)
_PAIRS = tuple(stage.key for stage in STAGES if stage.measured == "pairs")
_REPORTED = tuple((stage.key, f"{stage.key}_ms") for stage in STAGES if stage.measured == "reported")
"""Key, and the figure of a turn that it is."""
(_REQUEST,) = {top_of(key) for key, _ in _REPORTED}
"""Key of the stage whose parts Ollama reports."""


def _rests() -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Key, the whole, and its other parts."""
    for stage in STAGES:
        if stage.measured == "rest":
            yield stage.key, stage.parent, tuple(key for key in PARTS[stage.parent] if key != stage.key)


Picked = Callable[[Stamps], tuple[int | None, ...]]


def _picker(events: Iterable[str]) -> Picked:
    """The stamps of these events; of slots that are never filled there are two more, so that it is always a tuple."""
    return itemgetter(*(SLOT[event] for event in events), NEVER, NEVER)


def _left_out() -> Iterator[tuple[frozenset[str], Picked, Picked, Picked]]:
    """A stage that may be left out, its stamps, and those that end one of its clock ahead or open one behind."""
    path = [BY_KEY[key] for key in CRITICAL]
    for at, stage in enumerate(path):
        if stage.optional:
            ahead = (event for one in path[:at] if one.clock == stage.clock for event in one.ends)
            behind = (event for one in path[at + 1 :] if one.clock == stage.clock for event in one.starts)
            yield frozenset({stage.key}), _picker((*stage.starts, *stage.ends)), _picker(ahead), _picker(behind)


_RESTS = tuple(_rests())
_OPTIONAL = tuple(_left_out())
_AFTER_REPLY = frozenset(AFTER_REPLY)
_ALL_HOPS = len(HOPS)


class Ledger(Struct, frozen=True, gc=False):
    """Where the time of one turn went; ms, from whole microseconds."""

    span: Span
    headline_ms: float | None
    v2v_ms: float | None
    stages: dict[str, float | None]
    skipped: frozenset[str]
    unattributed_ms: float | None
    gaps: tuple[Gap, ...]
    offset_bounds: tuple[float | None, float | None]
    unmeasured: Mapping[str, str]


_NOTHING_SKIPPED: frozenset[str] = frozenset()
_NOTHING_REPORTED: Mapping[str, float] = {}
_ALL_MEASURED: Mapping[str, str] = {}
_BLANK: dict[str, float | None] = dict.fromkeys(KEYS)


def settle(
    stamps: Stamps,
    pause_us: int | None = None,
    pairs_us: int | None = None,
    reported: Mapping[str, float | None] = _NOTHING_REPORTED,
    limits: Limits = USUAL_LIMITS,
) -> Ledger:
    """The ledger of a turn's stamps.

    ``pause_us`` is the silence that endpointing waited for; ``pairs_us`` the sum of the query pairs of retrieval;
    ``reported`` holds Ollama's own durations in ms, by field of Turn, beside whatever else.
    """
    believed_us = pause_us if pause_us is None or pause_us <= limits.threshold_us else None
    span, began, ended = _span(stamps, believed_us)
    edges = _edges(stamps, believed_us)
    if ended is not None and stamps[_SOUND] is None:
        edges = [edge for edge in edges if edge[0] not in _AFTER_REPLY]
    stages = _measured(stamps, edges)
    fits = _split(stages, pairs_us, reported)
    bounds, unmeasured = _bounds(stamps), _ALL_MEASURED
    apart = False
    if not (fits and is_plain(stamps, limits)):
        doubts = clocks_apart(stamps, stages, span, limits) if fits else None
        doubts = doubts or examine(stamps, stages, reported, span, limits)
        unmeasured, apart = doubts.reasons, doubts.apart
        if doubts.stepped:
            bounds = None, None
        for key in unmeasured.keys() & stages.keys():
            stages[key] = None
        edges = fit_hops(stages, edges)
    if believed_us is not pause_us and stamps[_PAUSE] is not None:
        unmeasured = {**unmeasured, _WAITED: Reason.SETTING}
    headline: float | None = None
    gaps: tuple[Gap, ...] = ()
    rest: float | None = None
    if began is not None and ended is not None and V2V not in unmeasured:
        if ended >= began:
            headline = (ended - began) / 1000
            gaps, rest = _gaps(edges, began, ended)
            if apart and span is not Span.V34:
                gaps = join_crossings(gaps)
        else:
            unmeasured = {**unmeasured, V2V: Reason.BACKWARDS}
    v2v = headline if span is Span.V2V else None
    return Ledger(span, headline, v2v, stages, _skipped(stamps), rest, gaps, bounds, unmeasured)


def _measured(stamps: Stamps, edges: Sequence[Edge]) -> dict[str, float | None]:
    """What lies between two events, in ms; a hop may be negative."""
    stages = _BLANK.copy()
    both_ways, hops = 0, 0
    for key, start, end, clock in edges:
        stages[key] = (end - start) / 1000
        if clock == "cross":
            both_ways += end - start
            hops += 1
    if hops == _ALL_HOPS:
        stages[NETWORK] = both_ways / 1000
    for key, opens, or_opens, closes, or_closes in _SIDE:
        opened, closed = stamps[opens], stamps[closes]
        if opened is None and (opened := stamps[or_opens]) is None:
            continue
        if closed is None and (closed := stamps[or_closes]) is None:
            continue
        if closed >= opened:
            stages[key] = (closed - opened) / 1000
    return stages


def _edges(stamps: Stamps, pause_us: int | None) -> list[Edge]:
    """The measured critical stages in order; a same-clock one that runs backwards is not measured."""
    edges: list[Edge] = []
    pause = stamps[_PAUSE]
    if pause is not None and pause_us is not None:
        edges.append((_WAITED, pause - pause_us, pause, "stt"))
    for key, opens, or_opens, closes, or_closes, clock in _PATH:
        start, end = stamps[opens], stamps[closes]
        if start is None and (start := stamps[or_opens]) is None:
            continue
        if end is None and (end := stamps[or_closes]) is None:
            continue
        if end >= start or clock == "cross":
            edges.append((key, start, end, clock))
    return edges


def _first(stamps: Stamps, *slots: int) -> int | None:
    return next((stamp for slot in slots if (stamp := stamps[slot]) is not None), None)


def _span(stamps: Stamps, pause_us: int | None) -> tuple[Span, int | None, int | None]:
    """The widest span that the events allow, and its edges."""
    sound, pause, reply = stamps[_SOUND], stamps[_PAUSE], stamps[_REPLY]
    if sound is not None and pause is not None and pause_us is not None:
        return Span.V2V, pause - pause_us, sound
    speech = _first(stamps, _PAUSE, _TEXT, _OR_ASKED, _ASKED)
    entry = _first(stamps, _ENTERED, _OR_ENTERED)
    if sound is not None:
        if speech is not None:
            return Span.PAUSE_TO_SOUND, speech, sound
        if entry is not None:
            return Span.V34_TO_SOUND, entry, sound
    elif reply is not None:
        if speech is not None:
            return Span.SPEECH_TO_REPLY, speech - (pause_us or 0) if pause is not None else speech, reply
        if entry is not None:
            return Span.V34, entry, reply
    return Span.NONE, None, None


def _gaps(edges: Sequence[Edge], began: int, ended: int) -> tuple[tuple[Gap, ...], float]:
    """Time between the measured stages, by position, and their sum in ms."""
    gaps: list[Gap] = []
    at, after, total = began, "start", 0
    for key, start, end, _ in edges:
        if start != at:
            gaps.append(Gap(after, key, (start - at) / 1000))
            total += start - at
        at, after = end, key
    if ended != at:
        gaps.append(Gap(after, "end", (ended - at) / 1000))
        total += ended - at
    return tuple(gaps), total / 1000


def _split(stages: dict[str, float | None], pairs_us: int | None, reported: Mapping[str, float | None]) -> bool:
    """What lies between no two events; a rest below zero is not a measurement. Whether all parts fit their wholes."""
    ollama_ms = 0.0
    for key, figure in _REPORTED:
        stages[key] = ms = reported.get(figure)
        if ms is not None:
            ollama_ms += ms
    whole_ms = stages[_REQUEST]
    fits = whole_ms is None or max(ollama_ms, reported.get("ollama_total_ms") or ollama_ms) <= whole_ms + REPORTED_MS
    if pairs_us is not None:
        for key in _PAIRS:
            stages[key] = pairs_us / 1000
    for key, whole, others in _RESTS:
        rest, named = stages[whole], 0.0
        if rest is None:
            continue
        for part in others:
            ms = stages[part]
            if ms is None:
                break
            named += ms
        else:
            # In whole nanoseconds: 2.572 + 8.99 is above 11.562 in binary.
            left_ms = round(rest - named, 6)
            if left_ms >= 0:
                stages[key] = left_ms
            else:
                fits = False
    return fits


def _skipped(stamps: Stamps) -> frozenset[str]:
    """A stage that may be left out was, when others of its clock ahead of it and behind it were not."""
    skipped = _NOTHING_SKIPPED
    for stage, own, ahead, behind in _OPTIONAL:
        if not any(own(stamps)) and any(ahead(stamps)) and any(behind(stamps)):
            skipped |= stage
    return skipped


def _bounds(stamps: Stamps) -> tuple[float | None, float | None]:
    """v34's clock minus the STT/TTS clock: no message arrives before it was sent."""
    sent, arrived = stamps[_REPLY], stamps[_ARRIVED]
    asked, entered = stamps[_ASKED], stamps[_ENTERED]
    if asked is None:
        asked = stamps[_OR_ASKED]
    if entered is None:
        entered = stamps[_OR_ENTERED]
    low = (sent - arrived) / 1000 if sent is not None and arrived is not None else None
    high = (entered - asked) / 1000 if asked is not None and entered is not None else None
    return low, high
