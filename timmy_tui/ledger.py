"""The ledger of a turn: every microsecond between the speech end and the first sound has a name or a gap.

Integer microseconds throughout, so that the measured critical stages and the gaps sum to the headline exactly.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from timmy_tui.model.turn import Gap, Span
from timmy_tui.stages import BY_KEY, CRITICAL, KEYS, STAGES

_SPEECH = ("stt_pause_detected", "stt_transcript_finalized", "stt_sending_to_v34", "stt_http_request_start")
_ENTRY = ("v34_flask_handler_entry", "v34_webhook_received")
_SOUND = "tts_audio_playback_start"
_REPLY = "v34_sending_to_tts"

_PATH = tuple((stage.key, stage.starts, stage.ends, stage.clock) for stage in STAGES if stage.critical)
_SIDE = tuple(
    (stage.key, stage.starts[0], stage.ends[0])
    for stage in STAGES
    if not stage.critical and stage.starts and stage.ends and stage.key != "query"
)
_AFTER_REPLY = CRITICAL[CRITICAL.index("hop_out") :]
STEP_US = 1000
"""Same-clock events this far out of order are a stepped clock; less is two threads stamping at once."""


@dataclass(frozen=True, slots=True)
class Ledger:
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
        for key in _AFTER_REPLY:
            edges.pop(key, None)
    stages = _BLANK.copy()
    for key, (start, end) in edges.items():
        stages[key] = (end - start) / 1000
    for key, opens, closes in _SIDE:
        if opens in marks and closes in marks and marks[closes] >= marks[opens]:
            stages[key] = (marks[closes] - marks[opens]) / 1000
    _split_children(stages, query_us, prefill_ms, decode_ms, load_ms)
    gaps, rest, backwards = _gaps(edges, began, ended) if began is not None and ended is not None else ((), None, False)
    headline = None if began is None or ended is None else (ended - began) / 1000
    return Ledger(
        span=span,
        headline_ms=headline,
        v2v_ms=headline if span is Span.V2V else None,
        stages=stages,
        skipped=_skipped(marks),
        unattributed_ms=rest,
        gaps=gaps,
        offset_bounds=_bounds(marks),
        clock_stepped=stepped or backwards,
    )


def _edges(marks: Mapping[str, int], pause_us: int | None) -> tuple[dict[str, tuple[int, int]], bool]:
    """Start and end of each measured critical stage; a same-clock one that runs backwards is not measured."""
    edges: dict[str, tuple[int, int]] = {}
    stepped = False
    get = marks.get
    for key, opens, closes, clock in _PATH:
        if not opens:
            end = get(closes[0])
            start = None if end is None or pause_us is None else end - pause_us
        else:
            start = get(opens[0])
            if start is None and len(opens) > 1:
                start = get(opens[1])
            end = get(closes[0])
            if end is None and len(closes) > 1:
                end = get(closes[1])
        if start is None or end is None:
            continue
        if end < start and clock != "cross":
            stepped = True
            continue
        edges[key] = (start, end)
    return edges, stepped


def _span(marks: Mapping[str, int], pause_us: int | None) -> tuple[Span, int | None, int | None]:
    """The widest span that the events allow, and its edges."""
    pause = marks.get("stt_pause_detected")
    speech = next((marks[name] for name in _SPEECH if name in marks), None)
    entry = next((marks[name] for name in _ENTRY if name in marks), None)
    sound, reply = marks.get(_SOUND), marks.get(_REPLY)
    if sound is not None:
        if pause is not None and pause_us is not None:
            return Span.V2V, pause - pause_us, sound
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


def _gaps(edges: Mapping[str, tuple[int, int]], began: int, ended: int) -> tuple[tuple[Gap, ...], float, bool]:
    """Time between the measured stages, by position; their sum in ms; whether a same-clock gap runs backwards."""
    gaps: list[Gap] = []
    at, after, total, backwards = began, "start", 0, False
    clock = ""
    for key, (start, end) in edges.items():
        stage = BY_KEY[key]
        if start != at:
            gaps.append(Gap(after, key, (start - at) / 1000))
            total += start - at
            backwards = backwards or (start - at < -STEP_US and clock == stage.clock)
        at, after, clock = end, key, stage.clock
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


def _rest(whole: float | None, *parts: float | None) -> float | None:
    if whole is None or None in parts:
        return None
    left = whole - sum(part for part in parts if part is not None)
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
