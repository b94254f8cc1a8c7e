"""Turns as the tracker would have logged them: the same truth, by way of the parsers."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from timmy_tui.model.turn import Turn


def log_lines(turns: Iterable[Turn]) -> Iterator[str]:
    """Lines of ``shared/latency.log``, each with its newline."""
    for turn in turns:
        for at, service, event, metadata in _events(turn):
            line = {
                "timestamp": round(at, 6),
                "request_id": turn.request_id,
                "service": service,
                "event": event,
                "metadata": metadata,
            }
            yield json.dumps(line) + "\n"


def _events(turn: Turn) -> Iterator[tuple[float, str, str, dict[str, Any]]]:
    """One after the other along the critical path; a stage that the turn lacks writes nothing."""
    assert turn.started is not None
    at = turn.started
    for key, service, events in _PATH:
        gap = next((gap.ms for gap in turn.gaps if gap.before == key), 0.0)
        at += gap / 1000
        ms = turn.stages.get(key)
        if ms is None:
            continue
        first, *rest = events
        if first:
            yield at, service, first, _metadata(turn, first)
        at += ms / 1000
        for event in rest:
            yield at, _SERVICES.get(event, service), event, _metadata(turn, event)
    if turn.stages.get("tts") is not None:
        speech = (turn.reply_length or 40) / 15
        yield at + speech, "tts", "tts_audio_playback_complete", {}
        yield at + speech + 0.3, "tts", "tts_resume_sent", {}


_PATH = (
    ("stt_final", "stt", ("stt_pause_detected", "stt_transcript_finalized", "stt_http_request_start")),
    ("hop_in", "v34", ("", "v34_flask_handler_entry", "v34_webhook_received")),
    ("classify", "v34", ("v34_classification_start", "v34_classification_complete")),
    ("store", "v34", ("v34_memory_storage_start", "v34_memory_storage_complete")),
    ("retrieve", "v34", ("v34_retrieval_start", "v34_retrieval_complete")),
    ("prompt", "v34", ("v34_prompt_built", "v34_ollama_sent")),
    ("llm", "v34", ("", "v34_ollama_received")),
    ("reply", "v34", ("", "v34_sending_to_tts")),
    ("hop_out", "tts", ("", "tts_request_received")),
    ("mute", "tts", ("tts_pause_sent", "tts_synthesis_start")),
    ("tts", "tts", ("", "tts_audio_playback_start")),
)
"""Stage, service, and the events at its beginning ("" is the end of the stage before) and its end."""
_SERVICES = {"stt_transcript_finalized": "stt", "stt_http_request_start": "stt"}


def _metadata(turn: Turn, event: str) -> dict[str, Any]:
    known: dict[str, dict[str, Any]] = {
        "stt_pause_detected": {"pause_threshold": (turn.stages.get("endpointing") or 500.0) / 1000},
        "v34_webhook_received": {"text_length": turn.text_length, "session_id": turn.session_id},
        "v34_prompt_built": {"tail_mode": bool(turn.tail_mode), "prompt_chars": 4 * (turn.prompt_tokens or 0)},
        "v34_ollama_received": {
            "response_length": turn.reply_length,
            "prompt_eval_count": turn.prompt_tokens,
            "eval_count": turn.output_tokens,
            "prompt_eval_duration_ms": turn.prefill_ms,
            "eval_duration_ms": turn.decode_ms,
        },
        "tts_request_received": {"text_length": turn.reply_length},
    }
    return {name: value for name, value in known.get(event, {}).items() if value is not None}
