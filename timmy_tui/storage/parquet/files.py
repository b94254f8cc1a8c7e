"""One Parquet file of turns: its schema, what it says of itself, how it is written in one step and read.

Needs pyarrow, which is imported when a file is written or read.
"""

import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from timmy_tui.analysis.columns import EXPORTED_COLUMNS
from timmy_tui.core.errors import ParquetError
from timmy_tui.core.foreign.sanitize import clean
from timmy_tui.core.leftovers import hold, remove_leftovers, scratch_of
from timmy_tui.model.stages.system import BUILT_IN, watched
from timmy_tui.storage.parquet.turn_table import Row, cells_of, row_from

SCHEMA = 1
"""Version of the columns, in the file's metadata. Columns that come on top do not raise it; another meaning does."""
SUFFIX = ".parquet"
MAGIC = b"PAR1"
_SCHEMA, _SYSTEM, _MACHINE, _TIMMY, _DIGEST = (
    f"timmy_tui.{name}".encode() for name in ("schema", "system", "machine", "timmy", "digest")
)
_OLDEST = ("request_id", "started", "state", "span", "headline_ms")
"""Columns by which a file of a version before the metadata is known: ``report --parquet`` wrote such."""


class Origin(NamedTuple):
    """Whose turns these are."""

    machine: str
    """The name that the user, or the machine, gives it."""
    timmy: str = ""
    """A hash of the machine and of where that Timmy is on it; empty: named logs, which do not tell."""
    older: str = ""
    """The hash that earlier versions wrote: of where it is alone, which is the same on two machines."""


class FileHead(NamedTuple):
    """What a file says of itself."""

    origin: Origin
    digest: str
    """Of the turns that it was written from; empty: not known."""
    untimed: bool
    """A row may have no time."""
    numbers: tuple[int, int] | None
    """Lowest and highest number of its turns; None: not known."""


class DamagedFile(ParquetError):
    """A file that cannot be read as Parquet: one that was cut off, or overwritten."""


def arrow() -> tuple[Any, Any]:
    """pyarrow and its Parquet module. Raises ParquetError where it is not installed."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise ParquetError("Parquet needs pyarrow.", "pip install 'timmy-tui[parquet]'") from None
    return pyarrow, pyarrow.parquet


def file_bytes(rows: Iterable[Row], origin: Origin, digest: str = "") -> bytes:
    """A whole file. Every file has the same columns and types, also where nothing is known. Raises ParquetError."""
    pa, pq = arrow()
    schema = _arrow_schema(pa)
    columns = list(zip(*(cells_of(row, origin.machine) for row in rows), strict=True)) or [()] * len(schema)
    arrays = [pa.array(values, type=field.type) for values, field in zip(columns, schema, strict=True)]
    said = {
        _SCHEMA: str(SCHEMA), _SYSTEM: watched().name, _MACHINE: origin.machine, _TIMMY: origin.timmy, _DIGEST: digest,
    }  # fmt: skip
    table = pa.Table.from_arrays(arrays, schema=schema.with_metadata(said))
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    return bytes(sink.getvalue())


def _arrow_schema(pa: Any) -> Any:
    text = pa.string()
    types: Mapping[str, Any] = {
        "float64": pa.float64(),
        "Int64": pa.int64(),
        "boolean": pa.bool_(),
        "string": text,
        "category": text,
        "datetime64[us, UTC]": pa.timestamp("us", tz="UTC"),
        "texts": pa.list_(text),
        "reasons": pa.map_(text, text),
        "gaps": pa.list_(pa.struct([("after", text), ("before", text), ("ms", pa.float64())])),
    }
    return pa.schema([(column.name, types[column.dtype]) for column in EXPORTED_COLUMNS])


def replace_whole(path: Path, data: bytes) -> None:
    """Make ``data`` the content of the file in one step, on the disk before it has the name. Raises OSError.

    A full disk or a kill leaves the old file, byte for byte. Its access rights stay, and a link stays one. What a kill
    leaves beside it goes with the next call.
    """
    target = Path(os.path.realpath(path))
    remove_leftovers(target)
    scratch = scratch_of(target)
    try:
        with open(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666), "wb") as file:
            hold(file.fileno())
            with suppress(FileNotFoundError):
                os.fchmod(file.fileno(), stat.S_IMODE(target.stat().st_mode))
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(scratch, target)
        sync_folder(target.parent)
    except BaseException as error:
        with suppress(OSError):
            scratch.unlink(missing_ok=True)
        if isinstance(error, OSError):
            error.filename = str(path)
        raise


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk, where the file system can."""
    with suppress(OSError):
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


def read_head(path: Path) -> FileHead | None:
    """What a file says of itself; None where it is not one of this program's. Raises ParquetError, OSError."""
    pa, pq = arrow()
    try:
        with path.open("rb") as file:
            metadata = pq.ParquetFile(file).metadata
    except (pa.ArrowException, ValueError, OSError) as error:
        raise _problem(path, error) from None
    return _head(path, metadata)


def read_rows(path: Path) -> tuple[FileHead, list[Row]]:
    """A file of this program. Raises ParquetError for any other, and OSError."""
    pa, pq = arrow()
    try:
        with path.open("rb") as file:
            opened = pq.ParquetFile(file)
            head = _head(path, opened.metadata)
            if head is None:
                raise ParquetError(f"{path} is not a file of timmy-tui.")
            return head, [row_from(cells) for cells in _cells(pa, opened.read(use_threads=False))]
    except (pa.ArrowException, ValueError, TypeError, KeyError, OSError) as error:
        raise _problem(path, error) from None


def _head(path: Path, metadata: Any) -> FileHead | None:
    said: Mapping[bytes, bytes] = metadata.metadata or {}
    names = metadata.schema.names
    version = said.get(_SCHEMA, b"")
    if not version and not set(_OLDEST) <= set(names):
        return None
    if version and (not version.isdigit() or int(version) > SCHEMA):
        raise ParquetError(
            f"{path} was written by a newer version of timmy_tui (schema {clean(version.decode(errors='replace'), 20)};"
            f" this version reads schema {SCHEMA}).",
            "Upgrade, or name another folder.",
        )
    system = said.get(_SYSTEM, BUILT_IN.encode()).decode(errors="replace")
    if system != watched().name:
        raise ParquetError(
            f"{path} has the turns of another system, {clean(system, 60)}: its stages have other names.",
            "" if system == BUILT_IN else "Read it with its profile: timmy-tui --profile NAME …",
        )
    machine, timmy, digest = (said.get(key, b"").decode(errors="replace") for key in (_MACHINE, _TIMMY, _DIGEST))
    return FileHead(
        Origin(machine, timmy),
        digest if version else "",
        any(one is None or one.null_count != 0 for one in _statistics(metadata, "started")),
        _range(_statistics(metadata, "number")),
    )


def _statistics(metadata: Any, column: str) -> list[Any]:
    """Those of a column in the footer, one for each group of rows; None where they are not there."""
    names = metadata.schema.names
    if column not in names:
        return [None]
    at = names.index(column)
    return [metadata.row_group(group).column(at).statistics for group in range(metadata.num_row_groups)]


def _range(statistics: Sequence[Any]) -> tuple[int, int] | None:
    if any(one is None or not one.has_min_max or one.null_count != 0 for one in statistics) or not statistics:
        return None
    return min(one.min for one in statistics), max(one.max for one in statistics)


def _cells(pa: Any, table: Any) -> Iterator[Mapping[str, Any]]:
    """The rows by name, as far as the columns are of this version; times in µs."""
    columns: dict[str, Sequence[Any]] = {}
    for field in _arrow_schema(pa):
        if field.name in table.column_names:
            column = table.column(field.name)
            if pa.types.is_dictionary(column.type):
                column = column.cast(column.type.value_type)
            column = column.cast(field.type)
            columns[field.name] = (column.cast(pa.int64()) if pa.types.is_timestamp(field.type) else column).to_pylist()
    names = tuple(columns)
    for values in zip(*columns.values(), strict=True):
        yield dict(zip(names, values, strict=True))


def _problem(path: Path, error: Exception) -> Exception:
    """The error of a file that cannot be opened as it is; pyarrow raises OSError for damage too, without a number."""
    if isinstance(error, OSError) and error.errno is not None:
        return error
    why = clean(str(error).partition(chr(10))[0], 200).rstrip(".")
    return DamagedFile(f"{path} cannot be read as turns: {why}.")
