"""The one table of formats of ``timmy-tui export``. A new format is a class here and its place in the table.

All have the columns of analysis/columns.py, and nothing that was said. Its name and help become the option ``--NAME``.
"""

import csv
import io
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Protocol

from timmy_tui.analysis.columns import EXPORTED_COLUMNS, Column
from timmy_tui.core.errors import OutputError, ParquetError
from timmy_tui.core.formatting import plural
from timmy_tui.core.json_text import json_line
from timmy_tui.core.output import say_block
from timmy_tui.model.llm import Reuse
from timmy_tui.model.turn import Turn
from timmy_tui.report.csv_cells import safe_cell
from timmy_tui.storage.parquet.days import ParquetDays
from timmy_tui.storage.parquet.files import Origin, replace_whole
from timmy_tui.storage.parquet.turn_days import by_day
from timmy_tui.storage.parquet.turn_table import Row, cells_of, row_of
from timmy_tui.storage.session_runs import in_one_order

STDOUT = "-"
_BLOCK = 500
"""Rows that are printed at once."""


@dataclass(frozen=True, kw_only=True, eq=False)
class MachineTurns:
    """The turns of one machine that are over, in the order in which they happened."""

    origin: Origin
    turns: Sequence[Turn]
    read_reuse: Callable[[], Mapping[int, Reuse]]
    """Prompt reuse by ordinal; takes longer than everything else."""
    since: float | None = None
    """Seconds since 1970: what began before is not exported."""
    times: Mapping[int, float] = field(default_factory=dict)
    """Number → when a turn began that does not say it itself."""

    @cached_property
    def reuse(self) -> Mapping[int, Reuse]:
        """The same, concluded once."""
        return self.read_reuse()

    def chosen(self) -> list[Turn]:
        """Those that are exported as they are, in their order."""
        days = by_day(self.turns, self.since, self.times)
        return sorted((turn for own in days.values() for turn in own), key=lambda turn: turn.ordinal)

    def rows(self) -> list[Row]:
        """The rows of a single file or stream, with its own ordinals and sessions."""
        chosen = self.chosen()
        placed = in_one_order([chosen])
        return [row_of(turn, self.reuse.get(one.ordinal)) for turn, one in zip(placed, chosen, strict=True)]


class FileExport(Protocol):
    """One format."""

    name: ClassVar[str]
    """Name of its option without the dashes."""
    metavar: ClassVar[str]
    help: ClassVar[str]

    def write(self, machines: Sequence[MachineTurns], target: str) -> str:
        """Write; the sentence that says what was done, empty for standard output. Raises TimmyError, OSError."""


class ParquetFolder:
    """A file a day and machine (storage/parquet/days.py)."""

    name: ClassVar[str] = "parquet"
    metavar: ClassVar[str] = "DIR"
    help: ClassVar[str] = "A folder with one file a day and machine; again: only what changed. Needs pyarrow."

    def write(self, machines: Sequence[MachineTurns], target: str) -> str:
        said: list[str] = []
        problem: ParquetError | None = None
        for one in machines:
            days = ParquetDays(Path(target), one.origin)
            try:
                written = days.put(one.turns, lambda one=one: one.reuse, one.since, one.times)  # type: ignore[misc]
            except ParquetError as error:
                problem = problem or error  # of one machine: the others are written
                continue
            said.append(
                f"{plural(written.turns, 'turn')} of {one.origin.machine}: {plural(written.days, 'day')} written, "
                f"{written.unchanged} as they were"
            )
        if problem is not None:
            raise problem
        return f"{target}: {'; '.join(said)}"


class CsvFile:
    """One row a turn; the nested columns are left out, and no cell is a formula."""

    name: ClassVar[str] = "csv"
    metavar: ClassVar[str] = "FILE"
    help: ClassVar[str] = "One row a turn, in a new file; - is standard output."

    def write(self, machines: Sequence[MachineTurns], target: str) -> str:
        return _write_text(self._blocks(machines), machines, target)

    def _blocks(self, machines: Sequence[MachineTurns]) -> Iterator[str]:
        places = [at for at, column in enumerate(EXPORTED_COLUMNS) if isinstance(column, Column)]
        yield _csv_text([[EXPORTED_COLUMNS[at].name for at in places]])
        for cells in _blocks_of_cells(machines):
            yield _csv_text([[_csv_cell(row[at], EXPORTED_COLUMNS[at].dtype) for at in places] for row in cells])


class JsonLines:
    """One object a line, with every column; null is not known."""

    name: ClassVar[str] = "jsonl"
    metavar: ClassVar[str] = "FILE"
    help: ClassVar[str] = "One JSON object a line, in a new file; - is standard output."

    def write(self, machines: Sequence[MachineTurns], target: str) -> str:
        encoding = "utf-8" if target != STDOUT else sys.stdout.encoding or "utf-8"
        return _write_text(self._blocks(machines, encoding), machines, target)

    def _blocks(self, machines: Sequence[MachineTurns], encoding: str) -> Iterator[str]:
        for cells in _blocks_of_cells(machines):
            yield "".join(f"{json_line(_json_object(row), encoding)}\n" for row in cells)


FORMATS: dict[str, FileExport] = {one.name: one for one in (ParquetFolder(), CsvFile(), JsonLines())}
"""The table, by the names of the options, in the order of the command's help."""


def _blocks_of_cells(machines: Iterable[MachineTurns]) -> Iterator[list[tuple[Any, ...]]]:
    for one in machines:
        rows = one.rows()
        for start in range(0, len(rows), _BLOCK):
            yield [cells_of(row, one.origin.machine) for row in rows[start : start + _BLOCK]]


def _write_text(blocks: Iterator[str], machines: Sequence[MachineTurns], target: str) -> str:
    """To standard output, or to a file that does not exist yet, whole or not at all."""
    if target == STDOUT:
        for block in blocks:
            say_block(block)
        return ""
    path = Path(target)
    if path.exists():
        raise OutputError(f"{path} exists already: it is left as it is.", "Name a new file.")
    replace_whole(path, "".join(blocks).encode())
    return f"{path}: {plural(sum(len(one.chosen()) for one in machines), 'turn')}"


def _csv_text(rows: Iterable[Sequence[object]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _csv_cell(value: Any, dtype: str) -> object:
    if value is None:
        return ""
    if dtype == "datetime64[us, UTC]":
        return _moment(value).isoformat(" ", "microseconds")
    return safe_cell(value) if isinstance(value, str) else value


def _json_object(row: Sequence[Any]) -> dict[str, Any]:
    return {column.name: _json_value(value, column.dtype) for column, value in zip(EXPORTED_COLUMNS, row, strict=True)}


def _json_value(value: Any, dtype: str) -> Any:
    if value is None:
        return None
    if dtype == "datetime64[us, UTC]":
        return _moment(value).isoformat(timespec="microseconds").replace("+00:00", "Z")
    return dict(value) if dtype == "reasons" else value


def _moment(micros: int) -> datetime:
    return datetime.fromtimestamp(micros // 1_000_000, UTC).replace(microsecond=micros % 1_000_000)
