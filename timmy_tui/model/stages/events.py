"""The tracker's events by number: the stamps of a turn are a list, and whoever reads one knows its place.

An event that a row of the stage table names needs no mention here: one of the critical path gets its place behind the
stage ahead of it, another one behind all.
"""

from timmy_tui.model.stages.v34 import STAGES

_KNOWN = (
    "stt_pause_detected",
    "stt_transcript_finalized",
    "stt_sending_to_v34",
    "stt_http_request_start",
    "v34_flask_handler_entry",
    "v34_webhook_received",
    "v34_classification_start",
    "v34_classification_complete",
    "v34_memory_storage_start",
    "v34_memory_storage_complete",
    "v34_retrieval_start",
    "v34_retrieval_embedding_start",
    "v34_retrieval_embedding_complete",
    "v34_retrieval_query_start",
    "v34_retrieval_query_complete",
    "v34_retrieval_complete",
    "v34_prompt_built",
    "v34_ollama_sent",
    "v34_ollama_received",
    "v34_sending_to_tts",
    "stt_http_response_received",
    "tts_request_received",
    "tts_pause_sent",
    "tts_synthesis_start",
    "tts_audio_playback_start",
    "tts_audio_playback_complete",
    "tts_resume_sent",
)
"""In the order of a turn; some are in no stage."""


def _in_order() -> tuple[str, ...]:
    """With the events that the critical path has beside these, each at its place."""
    events, last = list(_KNOWN), 0
    for stage in STAGES:
        for event in (*stage.starts, *stage.ends) if stage.critical else ():
            if event in events:
                last = max(last, events.index(event))
            else:
                last += 1
                events.insert(last, event)
    return tuple(events)


IN_ORDER: tuple[str, ...] = _in_order()
"""Events whose place in a turn is known. One stands beside the others: ``stt_http_response_received``."""
EVENTS: tuple[str, ...] = (
    *IN_ORDER,
    *dict.fromkeys(event for stage in STAGES for event in (*stage.starts, *stage.ends) if event not in IN_ORDER),
)
"""Those that a turn may hold, each once."""

SLOT = {name: number for number, name in enumerate(EVENTS)}
NEVER = len(EVENTS)
"""The place where no event is ever marked: the second choice where there is only one."""

Stamps = list[int | None]
"""µs since the epoch by slot, on the writer's clock; None is not seen (yet). One longer than EVENTS."""


def no_stamps() -> Stamps:
    """Nothing seen yet."""
    return [None] * (NEVER + 1)
