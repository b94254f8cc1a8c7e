"""What an event says beside its stamp: a table of fields, and readers for the few events that need more."""

from collections.abc import Callable
from typing import Any

from timmy_tui.model.turn import Event
from timmy_tui.turns.draft import Draft

Reader = Callable[[Draft, Event], None]
Field = tuple[str, str, type[int] | type[float]]
"""Key in the event's metadata, field of Turn, type of that field."""

_MAX_FIGURE = 1e12
"""A figure from here on is not valid: no count, length or duration in ms of one turn is that large."""

_TEXT: tuple[Field, ...] = (("text_length", "text_length", int),)

_FIELDS: dict[str, tuple[Field, ...]] = {
    "stt_pause_detected": (("pause_threshold", "pause_threshold", float),),
    "stt_transcript_finalized": _TEXT,
    "stt_sending_to_v34": _TEXT,
    "v34_webhook_received": _TEXT,
    "v34_classification_complete": (("importance", "importance", float),),
    "v34_retrieval_complete": (("num_chunks", "chunks", int),),
    "v34_prompt_built": (("prompt_chars", "prompt_chars", int), ("prompt_tokens_est", "prompt_tokens_est", int)),
    "v34_ollama_sent": (("temperature", "temperature", float), ("kv_context_length", "context_sent", int)),
    "v34_ollama_received": (
        ("response_length", "reply_length", int),
        ("new_context_length", "context_returned", int),
        ("prompt_eval_count", "prompt_tokens", int),
        ("eval_count", "output_tokens", int),
        ("prompt_eval_cached_count", "cached_tokens", int),
        ("prompt_eval_duration_ms", "prefill_ms", float),
        ("eval_duration_ms", "decode_ms", float),
        ("load_duration_ms", "load_ms", float),
        ("total_duration_ms", "ollama_total_ms", float),
    ),
    "v34_sending_to_tts": (("response_length", "reply_length", int),),
    "tts_request_received": (("text_length", "reply_length", int),),
}


def _field_reader(fields: tuple[Field, ...]) -> Reader:
    def read(draft: Draft, event: Event) -> None:
        """The first value of a field counts. A bool is not a figure, and NaN fails the comparison."""
        values, metadata = draft.fields, event.metadata
        for source, target, kind in fields:
            if target not in values and source in metadata:
                value: Any = metadata[source]
                value_type = value.__class__
                if (value_type is int or value_type is float) and 0 <= value < _MAX_FIGURE:
                    values[target] = value if value_type is kind else kind(value)

    return read


def _read_prompt(draft: Draft, event: Event) -> None:
    _read_prompt_sizes(draft, event)
    mode = event.metadata.get("tail_mode")
    if isinstance(mode, bool):
        draft.tail_mode = mode


_read_prompt_sizes = _field_reader(_FIELDS["v34_prompt_built"])


def _read_status(draft: Draft, event: Event) -> None:
    status: Any = event.metadata.get("status_code")
    draft.http_status = float(status) if status.__class__ in (int, float) and 0 <= status < _MAX_FIGURE else None


def _open_query(draft: Draft, event: Event) -> None:
    draft.query_started = event.timestamp


def _close_query(draft: Draft, event: Event) -> None:
    """Add the duration of one query of retrieval; one that runs backwards is not measured."""
    if draft.query_started is not None:
        duration_us = int(event.timestamp * 1e6 + 0.5) - int(draft.query_started * 1e6 + 0.5)
        if duration_us >= 0:
            draft.query_us = (draft.query_us or 0) + duration_us
        draft.query_started = None


READERS: dict[str, Reader] = {
    **{name: _field_reader(fields) for name, fields in _FIELDS.items()},
    "v34_prompt_built": _read_prompt,
    "stt_http_response_received": _read_status,
    "v34_retrieval_query_start": _open_query,
    "v34_retrieval_query_complete": _close_query,
}
"""Event → what is read from it."""
