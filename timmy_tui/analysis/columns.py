"""The one column table of turns: what the frame, CSV, JSON lines and Parquet have, and in which order.

A new column is one row here. What stands in it is read in ``frame.py`` and in ``storage/parquet/turn_table.py``.
"""

from dataclasses import dataclass
from typing import Literal

from timmy_tui.model.stages.watched import KEYS

Dtype = Literal["float64", "Int64", "boolean", "string", "category", "datetime64[us, UTC]"]
Nested = Literal["texts", "reasons", "gaps"]
"""A list of texts; key → text; a list of ``after``, ``before`` and ``ms``."""


@dataclass(frozen=True)
class Column:
    """One column."""

    name: str
    dtype: Dtype


@dataclass(frozen=True)
class NestedColumn:
    """A column with several values in a cell, which CSV leaves out."""

    name: str
    dtype: Nested


def stage_keys() -> tuple[str, ...]:
    """The stages that have a column, in the order of the stage table."""
    return KEYS


def _turn_columns() -> tuple[Column, ...]:
    return (
        Column("ordinal", "Int64"),  # order of arrival, unique in one reading of the logs
        Column("number", "Int64"),  # the turn's name in the history; without one, its place in these logs
        Column("request_id", "string"),  # first eight characters of a UUID4; empty for a typed turn [id]
        Column("typed", "boolean"),  # typed in the web chat; missing: not known
        Column("session_id", "string"),  # v34 process that served it [id]
        Column("session", "Int64"),  # number of the session in order of arrival
        Column("state", "category"),  # complete, failed, aborted, timed_out, open
        Column("reason", "string"),  # why it did not complete
        Column("started", "datetime64[us, UTC]"),  # first event, on its writer's clock [UTC]
        Column("logs", "category"),  # which logs told of it
        Column("span", "category"),  # what the headline measures
        Column("headline_ms", "float64"),  # length of span [ms]
        Column("v2v_ms", "float64"),  # speech end to first sound [ms]
        Column("unattributed_ms", "float64"),  # headline minus the measured critical stages [ms]
        Column("end_to_end_ms", "float64"),  # first to last event, speech included [ms]
        Column("processing_ms", "float64"),  # the same without the speech [ms]
        Column("prompt_tokens", "Int64"),  # prompt_eval_count as logged [tokens]
        Column("output_tokens", "Int64"),  # eval_count [tokens]
        Column("cached_tokens", "Int64"),  # prompt_eval_cached_count where served [tokens]
        Column("ollama_total_ms", "float64"),  # Ollama's total_duration [ms]
        Column("context_returned", "Int64"),  # length of the context array in the reply [tokens]
        Column("context_sent", "Int64"),  # length of the context array in the request [tokens]
        Column("tail_mode", "boolean"),  # only a short tail was sent
        Column("raw", "boolean"),  # raw=True in the request
        Column("num_ctx", "Int64"),  # context window asked for [tokens]
        Column("model", "category"),  # model name
        Column("temperature", "float64"),  # sampling temperature
        Column("prompt_chars", "Int64"),  # prompt as built [characters]
        Column("prompt_tokens_est", "Int64"),  # prompt_chars / 4, v34's estimate [tokens]
        Column("text_length", "Int64"),  # what the user said [characters]
        Column("reply_length", "Int64"),  # the answer [characters]
        Column("importance", "float64"),  # the classifier's weight of the message [0–10]
        Column("chunks", "Int64"),  # memory chunks injected
    )


TURN_COLUMNS = _turn_columns()
STAGE_COLUMNS = tuple(Column(f"{key}_ms", "float64") for key in stage_keys())
COLUMNS = TURN_COLUMNS + STAGE_COLUMNS
"""Every column of the frame, in order."""
REUSE_COLUMNS = (
    Column("reuse_share", "float64"),  # part of the prompt that came from the cache; missing: unknown [0…1]
    Column("reuse_certainty", "category"),  # measured, known, estimated, unknown
    Column("reuse_reason", "string"),  # where the share comes from, or why it is unknown
)
"""Behind them in an export: what is concluded from the turns, which later turns may change."""
MACHINE_COLUMN = Column("machine", "category")
"""In front of them in a file that may stand beside another machine's."""
DETAIL_COLUMNS: tuple[Column | NestedColumn, ...] = (
    Column("ended", "datetime64[us, UTC]"),  # last event [UTC]
    Column("answered", "datetime64[us, UTC]"),  # v34 had the model's answer, on v34's clock [UTC]
    Column("pause_threshold", "float64"),  # silence that ends a sentence: a setting [s]
    Column("ollama_prefill_ms", "float64"),  # as Ollama reported it, also where prefill_ms is no measurement [ms]
    Column("ollama_decode_ms", "float64"),  # [ms]
    Column("ollama_load_ms", "float64"),  # [ms]
    Column("offset_low_ms", "float64"),  # v34's clock minus the STT/TTS clock is at least this [ms]
    Column("offset_high_ms", "float64"),  # … and at most this [ms]
    Column("error_lines", "Int64"),  # how many error lines the debug log has of it; never what they say
    NestedColumn("signals", "texts"),  # empty_reply, canned_reply, template_leak, error
    NestedColumn("skipped", "texts"),  # stages that did not take place
    NestedColumn("switches", "reasons"),  # flags of another system than Little Timmy → their value as JSON has it
    NestedColumn("unmeasured", "reasons"),  # stage, or V2V → why it is missing although its events are there
    NestedColumn("gaps", "gaps"),  # the unattributed time by position; sums to unattributed_ms
)
"""Behind all others: with these a row can be read back as the turn that it was."""
EXPORTED_COLUMNS: tuple[Column | NestedColumn, ...] = (MACHINE_COLUMN, *COLUMNS, *REUSE_COLUMNS, *DETAIL_COLUMNS)
"""Every column of an exported table, in order."""
