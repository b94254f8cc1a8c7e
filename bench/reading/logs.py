"""Writes logs of any size in the format of the tracker."""

import random
from pathlib import Path

TURN: tuple[tuple[str, str, int, str], ...] = (
    ("stt", "stt_pause_detected", 0, '{"pause_threshold": 0.5}'),
    ("stt", "stt_transcript_finalized", 5, '{"text_length": 46}'),
    ("stt", "stt_sending_to_v34", 6, '{"text_length": 46}'),
    ("stt", "stt_http_request_start", 6, '{"endpoint": "http://localhost:5000/api/webhook"}'),
    ("v34", "v34_flask_handler_entry", 8, "{}"),
    ("v34", "v34_webhook_received", 8, '{"text_length": 46, "session_id": "SESSION"}'),
    ("v34", "v34_classification_start", 9, "{}"),
    ("v34", "v34_classification_complete", 38, '{"importance": 5}'),
    ("v34", "v34_memory_storage_start", 38, "{}"),
    ("v34", "v34_memory_storage_complete", 482, '{"duration_ms": 443.8}'),
    ("v34", "v34_retrieval_start", 482, "{}"),
    ("v34", "v34_retrieval_embedding_start", 482, "{}"),
    ("v34", "v34_retrieval_embedding_complete", 489, '{"duration_ms": 7.2}'),
    ("v34", "v34_retrieval_query_start", 489, "{}"),
    (
        "v34",
        "v34_retrieval_query_complete",
        509,
        '{"duration_ms": 19.57, "num_parents": 10, "num_candidate_chunks": 10}',
    ),
    ("v34", "v34_retrieval_complete", 510, '{"num_chunks": 5}'),
    ("v34", "v34_prompt_built", 512, '{"prompt_chars": 3015, "prompt_tokens_est": 753, "tail_mode": false}'),
    ("v34", "v34_ollama_sent", 514, '{"temperature": 0.4, "kv_context_length": 0, "has_kv_cache": false}'),
    (
        "v34",
        "v34_ollama_received",
        1230,
        '{"response_length": 60, "new_context_length": 0, "prompt_eval_count": 603, "eval_count": 44, '
        '"prompt_eval_duration_ms": 147.0731, "eval_duration_ms": 407.4074}',
    ),
    ("v34", "v34_sending_to_tts", 1233, '{"response_length": 60}'),
    ("tts", "tts_request_received", 1240, '{"text_length": 60}'),
    ("stt", "stt_http_response_received", 1245, '{"status_code": 200}'),
    ("tts", "tts_pause_sent", 1246, "{}"),
    ("tts", "tts_synthesis_start", 1453, "{}"),
    ("tts", "tts_audio_playback_start", 2117, "{}"),
    ("tts", "tts_audio_playback_complete", 5417, '{"chunks_written": 60}'),
    ("tts", "tts_resume_sent", 5718, "{}"),
)
"""(service, event, ms after the pause, metadata) of one turn with memory storage, 27 events."""


def event_line(request_id: str, stamp: float, service: str, event: str, metadata: str) -> str:
    """One line as the tracker writes it. ``stamp``: seconds since 1970."""
    return (
        f'{{"timestamp": {stamp:.7f}, "iso_time": "2025-11-28T17:13:20.000000", "request_id": "{request_id}", '
        f'"service": "{service}", "event": "{event}", "metadata": {metadata}}}\n'
    )


def turn_lines(number: int, started: float, factor: float = 1.0) -> list[str]:
    """The lines of one turn, with durations multiplied by ``factor``. A session has 50 turns."""
    session = f"{number // 50:08x}-0000-4000-8000-000000000000"
    request_id = f"{(number * 2654435761) & 0xFFFFFFFF:08x}"
    return [
        event_line(request_id, started + factor * ms / 1000, service, event, metadata.replace("SESSION", session))
        for service, event, ms, metadata in TURN
    ]


def write_log(path: Path, events: int, ended: float) -> int:
    """Write about ``events`` events that end at ``ended`` (seconds since 1970); returns the number of turns."""
    rng = random.Random(7)
    turns = max(events // len(TURN), 1)
    with path.open("w") as file:
        for number in range(turns):
            started = ended - 20.0 * (turns - number)
            file.writelines(turn_lines(number, started, rng.uniform(0.8, 1.3)))
    return turns
