"""The turns as a pandas DataFrame that grows without being rebuilt; its columns are those of ``columns.py``."""

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from timmy_tui.analysis.columns import COLUMNS, REUSE_COLUMNS, TURN_COLUMNS, stage_keys
from timmy_tui.model.llm import Reuse
from timmy_tui.model.turn import Turn

if TYPE_CHECKING:
    import pandas as pd

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
        row = (*_read_turn(turn), *map(turn.stages.get, stage_keys()))
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
