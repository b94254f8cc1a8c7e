"""What an event tells beside its stamp: one table of figures, and the few things that are none."""

from collections.abc import Callable
from typing import Any

from timmy_tui.model.turn import Event
from timmy_tui.turns.draft import Draft

Reader = Callable[[Draft, Event], None]
Field = tuple[str, str, type[int] | type[float]]
"""Metadata field, field of Turn, type of that."""

_SANE = 1e12
"""A figure from here on is garbage: no count, length or duration in ms of one turn reaches it."""

_TEXT: tuple[Field, ...] = (("text_length", "text_length", int),)

_FIGURES: dict[str, tuple[Field, ...]] = {
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


def _figure_reader(fields: tuple[Field, ...]) -> Reader:
    def read(draft: Draft, event: Event) -> None:
        """Of several tellings the first counts. bool is no figure, and NaN fails the comparison."""
        figures, metadata = draft.figures, event.metadata
        for source, target, kind in fields:
            if target not in figures and source in metadata:
                value: Any = metadata[source]
                told = value.__class__
                if (told is int or told is float) and 0 <= value < _SANE:
                    figures[target] = value if told is kind else kind(value)

    return read


def _read_prompt(draft: Draft, event: Event) -> None:
    _read_sizes(draft, event)
    mode = event.metadata.get("tail_mode")
    if isinstance(mode, bool):
        draft.tail_mode = mode


_read_sizes = _figure_reader(_FIGURES["v34_prompt_built"])


def _read_status(draft: Draft, event: Event) -> None:
    status: Any = event.metadata.get("status_code")
    draft.status = float(status) if status.__class__ in (int, float) and 0 <= status < _SANE else None


def _open_query(draft: Draft, event: Event) -> None:
    draft.query_open = event.timestamp


def _close_query(draft: Draft, event: Event) -> None:
    """One more pair of retrieval's queries; one that runs backwards is not measured."""
    if draft.query_open is not None:
        spent = int(event.timestamp * 1e6 + 0.5) - int(draft.query_open * 1e6 + 0.5)
        if spent >= 0:
            draft.query_us = (draft.query_us or 0) + spent
        draft.query_open = None


READERS: dict[str, Reader] = {
    **{name: _figure_reader(fields) for name, fields in _FIGURES.items()},
    "v34_prompt_built": _read_prompt,
    "stt_http_response_received": _read_status,
    "v34_retrieval_query_start": _open_query,
    "v34_retrieval_query_complete": _close_query,
}
"""Event → what is read from it."""
