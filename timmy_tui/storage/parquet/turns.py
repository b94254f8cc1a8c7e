"""Turns read back from Parquet files and folders, machine by machine: clocks and sessions of two never mix."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from timmy_tui.core.errors import NotFound
from timmy_tui.model.turn import Turn
from timmy_tui.storage.known_turns import KnownTurns, find_each, times_of
from timmy_tui.storage.parquet.days import PREFIX
from timmy_tui.storage.parquet.files import MAGIC, SUFFIX, read_head, read_rows
from timmy_tui.storage.session_runs import in_one_order

UNNAMED = "unnamed"
"""The machine of a file that was written before files had the name of one."""


class ParquetReading(NamedTuple):
    """What some files say."""

    machines: Mapping[str, tuple[Turn, ...]]
    """Name of a machine → its turns, in the order in which they happened."""
    files: int
    foreign: tuple[Path, ...]
    """Files in the folders that are not of this program; they were not read."""


def is_parquet(path: Path) -> bool:
    """A folder, or a file that begins as Parquet files do. False where it cannot be read."""
    try:
        if path.is_dir():
            return any(_files_in(path))
        with path.open("rb") if path.is_file() else open("/dev/null", "rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except OSError:
        return False


def read_parquet(paths: Iterable[Path]) -> ParquetReading:
    """All turns of files and folders, each once. Raises ParquetError, NotFound, OSError."""
    files: list[Path] = []
    foreign: list[Path] = []
    for path in paths:
        if not path.is_dir():
            files.append(path)
            continue
        for one in _files_in(path):
            (foreign if read_head(one) is None else files).append(one)
    runs: dict[str, dict[Hashable, list[Sequence[Turn]]]] = {}
    for path in dict.fromkeys(files):
        head, rows = read_rows(path)
        own = runs.setdefault(head.origin.machine or UNNAMED, {})
        own.setdefault(_export_of(path), []).append([row.turn for row in rows])
    if not runs:
        raise NotFound(
            "there are no turns of timmy-tui in these folders.", "timmy-tui export --parquet DIR writes them."
        )
    machines = {name: tuple(in_one_order(_each_once(own.values()))) for name, own in runs.items()}
    return ParquetReading(machines, len(files), tuple(foreign))


def _files_in(folder: Path) -> list[Path]:
    """In the folder, and in its folders of days."""
    found = [*folder.glob(f"*{SUFFIX}"), *folder.glob(f"{PREFIX}*/*{SUFFIX}")]
    return sorted(path for path in found if not path.name.startswith(".") and path.is_file())


def _begins(run: Sequence[Turn]) -> float:
    """By its first time; turns of which no time is known stand in front."""
    return next((turn.started for turn in run if turn.started is not None), 0.0)


def _export_of(path: Path) -> Hashable:
    """Which files are of one export: the days of one folder, which have each turn once. Any other stands alone."""
    return (path.parent.parent, path.name) if path.parent.name.startswith(PREFIX) else path


def _each_once(exports: Iterable[Sequence[Sequence[Turn]]]) -> list[Sequence[Turn]]:
    """Runs by time, without what an earlier export has too, such as a single file beside a folder of days."""
    kept: list[Sequence[Turn]] = []
    for runs in exports:
        runs = sorted(runs, key=_begins)
        if kept:
            known = KnownTurns(_all(kept), _times(kept))
            found = iter(find_each(_all(runs), _times(runs), known))
            runs = [[turn for turn in run if next(found) is None] for run in runs]
        kept = sorted([*kept, *runs], key=_begins)
    return kept


def _all(runs: Iterable[Sequence[Turn]]) -> list[Turn]:
    return [turn for run in runs for turn in run]


def _times(runs: Iterable[Sequence[Turn]]) -> list[float | None]:
    """By the turns of the same file."""
    return [at for run in runs for at in times_of(run)]
