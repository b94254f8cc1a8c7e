"""The turns as a table: one column table, and a pandas DataFrame that grows without being rebuilt."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Literal

from timmy_tui.model.llm import Reuse
from timmy_tui.model.stages import KEYS
from timmy_tui.model.turn import Turn

if TYPE_CHECKING:
    import pandas as pd

Dtype = Literal["float64", "Int64", "boolean", "string", "category", "datetime64[us, UTC]"]


@dataclass(frozen=True)
class Column:
    """One column of the frame."""

    name: str
    dtype: Dtype


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
STAGE_COLUMNS = tuple(Column(f"{key}_ms", "float64") for key in KEYS)
COLUMNS = TURN_COLUMNS + STAGE_COLUMNS
"""Every column of the frame, in order."""
REUSE_COLUMNS = (
    Column("reuse_share", "float64"),  # part of the prompt that came from the cache; missing: unknown [0…1]
    Column("reuse_certainty", "category"),  # measured, known, estimated, unknown
    Column("reuse_reason", "string"),  # where the share comes from, or why it is unknown
)
"""Behind them in an export: what is concluded from the turns, which later turns may change."""

_read_turn: Callable[[Turn], tuple[Any, ...]] = attrgetter(*(column.name for column in TURN_COLUMNS))
_BLOCK = 4096
"""Rows gathered before they become arrays: 4 096 rows of tuples are about 3 MiB."""


class TurnFrame:
    """Rows by ordinal; appending is O(1), and the DataFrame is made when somebody asks."""

    def __init__(self) -> None:
        self._rows: list[tuple[Any, ...]] = []
        self._blocks: list[pd.DataFrame] = []
        self._ordinals: dict[int, int] = {}
        self._base = 0

    def __len__(self) -> int:
        return self._base + len(self._rows)

    def put(self, turn: Turn) -> None:
        """Add a turn, or replace it where its ordinal is already there (a later log told more of it)."""
        row = (*_read_turn(turn), *map(turn.stages.get, KEYS))
        place = self._ordinals.get(turn.ordinal)
        if place is None:
            self._ordinals[turn.ordinal] = len(self)
            self._rows.append(row)
            if len(self._rows) >= _BLOCK:
                self._settle()
        elif place >= self._base:
            self._rows[place - self._base] = row
        else:
            self._replace_settled(place, row)

    def data(self) -> "pd.DataFrame":
        """All rows with the dtypes of COLUMNS; ``started`` is UTC, missing is NA or NaN, never 0."""
        self._settle()
        if len(self._blocks) != 1:
            self._blocks = [_join(self._blocks)]
        return self._blocks[0]

    def _settle(self) -> None:
        if self._rows:
            self._blocks.append(_block(self._rows))
            self._base += len(self._rows)
            self._rows = []

    def _replace_settled(self, place: int, row: tuple[Any, ...]) -> None:
        """Rebuild the one block that holds the row; a log that tells more of an old turn is rare."""
        for number, block in enumerate(self._blocks):
            if place < len(block):
                self._blocks[number] = _join([block[:place], _block([row]), block[place + 1 :]])
                return
            place -= len(block)


def with_reuse(data: "pd.DataFrame", reuse: Sequence[Reuse]) -> "pd.DataFrame":
    """The frame with REUSE_COLUMNS. ``reuse``: one for each row, in the same order."""
    import pandas as pd

    values = ([item.share, str(item.certainty), item.reason] for item in reuse)
    names = [column.name for column in REUSE_COLUMNS]
    added = pd.DataFrame(values, columns=names, index=data.index)
    return pd.concat([data, added.astype({column.name: column.dtype for column in REUSE_COLUMNS})], axis=1)


def _join(blocks: "list[pd.DataFrame]") -> "pd.DataFrame":
    import pandas as pd

    blocks = [block for block in blocks if len(block)]
    if not blocks:
        return _block([])
    joined = pd.concat(blocks, ignore_index=True)
    # Categories differ between blocks, and pandas then falls back to object: 8 bytes a row instead of 1.
    return joined.astype({column.name: "category" for column in COLUMNS if column.dtype == "category"})


def _block(rows: list[tuple[Any, ...]]) -> "pd.DataFrame":
    import numpy as np
    import pandas as pd

    columns = list(zip(*rows, strict=True)) if rows else [() for _ in COLUMNS]
    series: dict[str, Any] = {}
    for column, values in zip(COLUMNS, columns, strict=True):
        if column.dtype == "float64":
            series[column.name] = np.array(values, dtype="float64")
        elif column.dtype == "datetime64[us, UTC]":
            stamps = np.array(values, dtype="float64")
            series[column.name] = pd.to_datetime(stamps, unit="s", utc=True).astype(column.dtype)
        elif column.dtype in ("Int64", "boolean"):
            series[column.name] = pd.array(list(values), dtype=column.dtype)
        else:
            series[column.name] = pd.Series(list(values), dtype="object").astype(column.dtype)
    return pd.DataFrame(series)
