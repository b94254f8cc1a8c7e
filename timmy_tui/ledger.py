"""The ledger of a turn: every microsecond between the speech end and the first sound has a name or a gap.

Integer microseconds throughout, so that the measured critical stages and the gaps sum to the headline exactly.
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from timmy_tui.model.turn import Gap, Span
from timmy_tui.stages import CRITICAL, KEYS, STAGES

_SOUND = "tts_audio_playback_start"
_REPLY = "v34_sending_to_tts"

_NEVER = ""
"""No event has this name: stands for the second choice where there is only one."""
_PATH = tuple(
    (stage.key, *(*stage.starts, _NEVER)[:2], *(*stage.ends, _NEVER)[:2], stage.clock)
    for stage in STAGES
    if stage.critical and stage.starts
)
"""Key, events that open it and that close it in order of preference, clock; behind endpointing, which nothing opens."""
_SIDE = tuple(
    (stage.key, stage.starts[0], stage.ends[0])
    for stage in STAGES
    if not stage.critical and stage.starts and stage.ends and stage.key != "query"
)
_AFTER_REPLY = frozenset(CRITICAL[CRITICAL.index("hop_out") :])
STEP_US = 1000
"""Same-clock events this far out of order are a stepped clock; less is two threads stamping at once."""

_Edge = tuple[str, int, int, str]
"""Key, start and end in µs, clock of a measured critical stage."""


class Ledger(Struct, frozen=True):
    """Where the time of one turn went; ms, from whole microseconds."""

    span: Span
    headline_ms: float | None
    v2v_ms: float | None
    stages: dict[str, float | None]
    skipped: frozenset[str]
    unattributed_ms: float | None
    gaps: tuple[Gap, ...]
    offset_bounds: tuple[float | None, float | None]
    clock_stepped: bool


_NOTHING_SKIPPED: frozenset[str] = frozenset()
_STORE_SKIPPED = frozenset({"store"})
_BLANK: dict[str, float | None] = dict.fromkeys(KEYS)


def settle(
    marks: Mapping[str, int],
    pause_us: int | None = None,
    query_us: int | None = None,
    prefill_ms: float | None = None,
    decode_ms: float | None = None,
    load_ms: float | None = None,
) -> Ledger:
    """The ledger of the events ``marks`` (name → µs since the epoch, on the writer's clock).

    ``pause_us`` is the silence that endpointing waited for; ``query_us`` the sum of the query pairs of retrieval.
    """
    edges, stepped = _edges(marks, pause_us)
    span, began, ended = _span(marks, pause_us)
    if began is not None and ended is not None and ended < began:
        span, began, ended, stepped = Span.NONE, None, None, True
    if ended is not None and _SOUND not in marks:
        edges = [edge for edge in edges if edge[0] not in _AFTER_REPLY]
    stages = _BLANK.copy()
    for key, start, end, _ in edges:
        stages[key] = (end - start) / 1000
    for key, opens, closes in _SIDE:
        if opens in marks and closes in marks and marks[closes] >= marks[opens]:
            stages[key] = (marks[closes] - marks[opens]) / 1000
    _split_children(stages, query_us, prefill_ms, decode_ms, load_ms)
    headline: float | None = None
    gaps: tuple[Gap, ...] = ()
    rest: float | None = None
    backwards = False
    if began is not None and ended is not None:
        headline = (ended - began) / 1000
        gaps, rest, backwards = _gaps(edges, began, ended)
    return Ledger(
        span,
        headline,
        headline if span is Span.V2V else None,
        stages,
        _skipped(marks),
        rest,
        gaps,
        _bounds(marks),
        stepped or backwards,
    )


def _edges(marks: Mapping[str, int], pause_us: int | None) -> tuple[list[_Edge], bool]:
    """The measured critical stages in order; a same-clock one that runs backwards is not measured."""
    edges: list[_Edge] = []
    stepped = False
    get = marks.get
    pause = get("stt_pause_detected")
    if pause is not None and pause_us is not None:
        edges.append(("endpointing", pause - pause_us, pause, "stt"))
    for key, opens, or_opens, closes, or_closes, clock in _PATH:
        start = get(opens)
        if start is None and (start := get(or_opens)) is None:
            continue
        end = get(closes)
        if end is None and (end := get(or_closes)) is None:
            continue
        if end >= start or clock == "cross":
            edges.append((key, start, end, clock))
        else:
            stepped = True
    return edges, stepped


def _span(marks: Mapping[str, int], pause_us: int | None) -> tuple[Span, int | None, int | None]:
    """The widest span that the events allow, and its edges."""
    get = marks.get
    sound, pause = get(_SOUND), get("stt_pause_detected")
    if sound is not None and pause is not None and pause_us is not None:
        return Span.V2V, pause - pause_us, sound
    speech = pause
    if speech is None:
        speech = get("stt_transcript_finalized", get("stt_sending_to_v34", get("stt_http_request_start")))
    entry = get("v34_flask_handler_entry", get("v34_webhook_received"))
    reply = get(_REPLY)
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


def _gaps(edges: Sequence[_Edge], began: int, ended: int) -> tuple[tuple[Gap, ...], float, bool]:
    """Time between the measured stages, by position; their sum in ms; whether a same-clock gap runs backwards."""
    gaps: list[Gap] = []
    at, after, total, backwards = began, "start", 0, False
    before = ""
    for key, start, end, clock in edges:
        if start != at:
            gap = start - at
            gaps.append(Gap(after, key, gap / 1000))
            total += gap
            backwards = backwards or (gap < -STEP_US and before == clock)
        at, after, before = end, key, clock
    if ended != at:
        gaps.append(Gap(after, "end", (ended - at) / 1000))
        total += ended - at
    return tuple(gaps), total / 1000, backwards


def _split_children(
    stages: dict[str, float | None],
    query_us: int | None,
    prefill_ms: float | None,
    decode_ms: float | None,
    load_ms: float | None,
) -> None:
    """The parts of retrieval and of the LLM request; a rest below zero is not a measurement."""
    stages["prefill"], stages["decode"], stages["load"] = prefill_ms, decode_ms, load_ms
    if query_us is not None:
        stages["query"] = query_us / 1000
    stages["merge"] = _rest(stages["retrieve"], stages["embed"], stages["query"])
    stages["wait"] = _rest(stages["llm"], prefill_ms, decode_ms)


def _rest(whole: float | None, one: float | None, other: float | None) -> float | None:
    if whole is None or one is None or other is None:
        return None
    left = whole - (one + other)
    return round(left, 6) if left >= 0 else None


def _skipped(marks: Mapping[str, int]) -> frozenset[str]:
    """Memory storage did not happen when the stages on both of its sides did."""
    if "v34_memory_storage_start" in marks or "v34_memory_storage_complete" in marks:
        return _NOTHING_SKIPPED
    around = "v34_classification_complete" in marks and "v34_retrieval_start" in marks
    return _STORE_SKIPPED if around else _NOTHING_SKIPPED


def _bounds(marks: Mapping[str, int]) -> tuple[float | None, float | None]:
    """v34's clock minus the STT/TTS clock: no message arrives before it was sent."""
    sent, received = marks.get(_REPLY), marks.get("tts_request_received")
    low = (sent - received) / 1000 if sent is not None and received is not None else None
    asked = marks.get("stt_http_request_start", marks.get("stt_sending_to_v34"))
    entered = marks.get("v34_flask_handler_entry", marks.get("v34_webhook_received"))
    high = (entered - asked) / 1000 if asked is not None and entered is not None else None
    return low, high
