"""A second reading of one turn's events, written from the stage table of the design and from nothing in the package.

Slow and plain: the events by name, each stage looked up by the names in its row, one subtraction each.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from timmy_tui.model.turn import Event

ENTRY = ("v34_flask_handler_entry", "v34_webhook_received")
ASKED = ("stt_http_request_start", "stt_sending_to_v34")
PATH: tuple[tuple[str, tuple[str, ...], tuple[str, ...], bool], ...] = (
    # key, from (the first of these that is there), to, on two clocks
    ("stt_final", ("stt_pause_detected",), ASKED, False),
    ("hop_in", ASKED, ENTRY, True),
    ("classify", ENTRY, ("v34_classification_complete",), False),
    ("store", ("v34_memory_storage_start",), ("v34_memory_storage_complete",), False),
    ("retrieve", ("v34_retrieval_start",), ("v34_retrieval_complete",), False),
    ("prompt", ("v34_retrieval_complete",), ("v34_ollama_sent",), False),
    ("llm", ("v34_ollama_sent",), ("v34_ollama_received",), False),
    ("reply", ("v34_ollama_received",), ("v34_sending_to_tts",), False),
    ("hop_out", ("v34_sending_to_tts",), ("tts_request_received",), True),
    ("mute", ("tts_request_received",), ("tts_synthesis_start",), False),
    ("tts", ("tts_synthesis_start",), ("tts_audio_playback_start",), False),
)
BESIDE = (
    ("playback", "tts_audio_playback_start", "tts_audio_playback_complete"),
    ("rearm", "tts_audio_playback_complete", "tts_resume_sent"),
    ("deaf", "stt_transcript_finalized", "tts_resume_sent"),
    ("embed", "v34_retrieval_embedding_start", "v34_retrieval_embedding_complete"),
)
AFTER_THE_REPLY = ("hop_out", "mute", "tts")
SPEECH = ("stt_pause_detected", "stt_transcript_finalized", "stt_sending_to_v34", "stt_http_request_start")
SOUND, REPLY, PAUSE = "tts_audio_playback_start", "v34_sending_to_tts", "stt_pause_detected"


@dataclass
class Reading:
    """Whole microseconds; what is not there is not measured."""

    span: str = "none"
    headline: int | None = None
    stages: dict[str, int] = field(default_factory=dict)
    gaps: list[tuple[str, str, int]] = field(default_factory=list)
    skipped: bool = False
    low: int | None = None
    high: int | None = None


def read_slowly(events: Sequence[Event]) -> Reading:
    """The figures of one turn, whose events these are in file order."""
    times: dict[str, int] = {}
    for event in events:
        times.setdefault(event.event, round(event.timestamp * 1e6))
    wait = next(
        (
            round(event.metadata["pause_threshold"] * 1e6)
            for event in events
            if event.event == PAUSE and "pause_threshold" in event.metadata
        ),
        None,
    )
    found = Reading()
    began, ended = _headline(found, times, wait)
    path = _path(times, wait)
    if found.headline is not None and SOUND not in times:
        path = [row for row in path if row[0] not in AFTER_THE_REPLY]
    found.stages = {key: end - start for key, start, end in path}
    for key, opens, closes in BESIDE:
        if opens in times and closes in times and times[closes] >= times[opens]:
            found.stages[key] = times[closes] - times[opens]
    _add_queries(found, events)
    if found.headline is not None:
        position, name = began, "start"
        for key, start, end in [*path, ("end", ended, ended)]:
            if start != position:
                found.gaps.append((name, key, start - position))
            position, name = end, key
    storing = {"v34_memory_storage_start", "v34_memory_storage_complete"} & times.keys()
    # Behind storage, v34 goes on to one of these; with retrieval off, to the request alone.
    later = {"v34_retrieval_start", "v34_retrieval_complete", "v34_ollama_sent", "v34_ollama_received"}
    found.skipped = not storing and "v34_classification_complete" in times and bool(later & times.keys())
    if REPLY in times and "tts_request_received" in times:
        found.low = times[REPLY] - times["tts_request_received"]
    asked, entered = _first(times, ASKED), _first(times, ENTRY)
    if asked is not None and entered is not None:
        found.high = entered - asked
    return found


def _first(times: dict[str, int], names: Sequence[str]) -> int | None:
    return next((times[name] for name in names if name in times), None)


def _headline(found: Reading, times: dict[str, int], wait: int | None) -> tuple[int, int]:
    """The widest span that the events allow: from the speech end, an STT event or v34's entry; to sound or reply."""
    speech, entry = _first(times, SPEECH), _first(times, ENTRY)
    if speech is not None and PAUSE in times and wait is not None:
        speech -= wait
    ended = times.get(SOUND, times.get(REPLY))
    began = speech if speech is not None else entry
    if ended is None or began is None or ended < began:
        return 0, 0
    found.headline = ended - began
    if SOUND in times:
        whole = PAUSE in times and wait is not None
        found.span = "V2V" if whole else "pause→sound" if speech is not None else "v34→sound"
    else:
        found.span = "speech→reply" if speech is not None else "v34"
    return began, ended


def _path(times: dict[str, int], wait: int | None) -> list[tuple[str, int, int]]:
    rows: list[tuple[str, int, int]] = []
    if PAUSE in times and wait is not None:
        rows.append(("endpointing", times[PAUSE] - wait, times[PAUSE]))
    for key, opens, closes, two_clocks in PATH:
        start, end = _first(times, opens), _first(times, closes)
        if start is not None and end is not None and (two_clocks or end >= start):
            rows.append((key, start, end))
    return rows


def _add_queries(found: Reading, events: Sequence[Event]) -> None:
    """Pairs in file order, summed; a start that is started again begins anew."""
    opened: int | None = None
    for event in events:
        stamp = round(event.timestamp * 1e6)
        if event.event == "v34_retrieval_query_start":
            opened = stamp
        elif event.event == "v34_retrieval_query_complete" and opened is not None:
            if stamp >= opened:
                found.stages["query"] = found.stages.get("query", 0) + stamp - opened
            opened = None
