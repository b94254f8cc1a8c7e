"""A folder of Parquet files, one for each day and machine: ``day=2026-11-26/laptop.parquet``.

A day is the day of a turn's start in UTC, which is the same wherever and whenever the exporter runs. Whoever exports
writes the files of its own machine alone, so that several machines can share a folder. A day is written again when one
of its turns changed, in one step; a turn that the source does not have any more stays in its file.
"""

import fcntl
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from timmy_tui.core.errors import ParquetError
from timmy_tui.core.foreign.sanitize import clean
from timmy_tui.model.llm import Reuse
from timmy_tui.model.turn import Turn
from timmy_tui.storage.known_turns import times_of
from timmy_tui.storage.parquet.day_merge import DayMerge, comparable, digest_of, in_file_order, rows_of
from timmy_tui.storage.parquet.files import (
    SUFFIX,
    DamagedFile,
    FileHead,
    Origin,
    file_bytes,
    read_head,
    read_rows,
    replace_whole,
    sync_folder,
)
from timmy_tui.storage.parquet.turn_days import NO_DAY, by_day, left_days, where_they_may_have_been
from timmy_tui.storage.parquet.turn_table import Row

PREFIX = "day="
_DAY = re.compile(rf"{PREFIX}(\d{{4}}-\d\d-\d\d|{NO_DAY})")
WAIT_S = 60.0
"""How long one exporter waits for another on the same folder: a year of turns is written in some seconds."""
_LOOK_S = 0.05
_OTHER_NAME = "Give this one a name of its own: --machine NAME, or machine in [export] of the settings."

ReuseOf = Callable[[], Mapping[int, Reuse]]
"""Prompt reuse by ordinal; asked only when a file is written, because it takes longer than everything else."""


class Written(NamedTuple):
    """What an export did."""

    days: int
    """Files that hold other turns than before."""
    unchanged: int
    """Days whose turns were all in their file."""
    turns: int
    """All that were to be in the files."""


class _DayFile(NamedTuple):
    """The file of a day."""

    day: str
    head: FileHead | None
    """What it says of itself; None: it does not exist yet."""
    digest: str
    """Of the turns that it is to be written from; empty: the day is not wanted."""


class ParquetDays:
    """The files of one machine in ``folder``, which is made if it does not exist."""

    def __init__(self, folder: Path, origin: Origin) -> None:
        self._folder = folder
        self._origin = origin

    def put(
        self,
        turns: Sequence[Turn],
        reuse_of: ReuseOf,
        since: float | None = None,
        times: Mapping[int, float] | None = None,
    ) -> Written:
        """Have these turns, all of a source in their order, in the files, each once. Raises ParquetError, OSError.

        ``since``: seconds since 1970; of the days on which no turn began from then on no file is written. ``times``:
        number → when a turn began that does not say it. A damaged file costs its own day; it is raised at the end.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        with self._only_one():
            self._remove_leftovers()
            self._refuse_other_name()
            heads, damaged = self._heads()
            days = by_day(turns, None, times)
            wanted = {day: days[day] for day in by_day(turns, since, times)}
            digests = {day: digest_of(own) for day, own in wanted.items()}
            changed = {day for day, digest in digests.items() if day not in heads or heads[day].digest != digest}
            visited = changed | where_they_may_have_been(changed, heads) | self._of_older_versions(heads)
            if changed and since is None:
                visited |= left_days(turns, days, heads)
            merge = DayMerge(turns, times_of(turns, times), days, wanted) if visited else None
            written: set[str] = set()
            for day in sorted(visited - damaged.keys()):
                try:
                    if merge and self._put_day(_DayFile(day, heads.get(day), digests.get(day, "")), merge, reuse_of):
                        written.add(day)
                except DamagedFile as error:
                    damaged[day] = error
        if damaged:
            raise _of_damage(damaged)
        return Written(len(written), len(wanted.keys() - written), sum(map(len, wanted.values())))

    def _put_day(self, file: _DayFile, merge: DayMerge, reuse_of: ReuseOf) -> bool:
        """Write the file where it is to hold other turns; True if so. What it says of itself is renewed as well."""
        stored = read_rows(self._path(file.day))[1] if file.head is not None else []
        items = merge.items(file.day, stored)
        ordered = in_file_order(items)
        if [comparable(turn) for turn in ordered] != [comparable(row.turn) for row in stored]:
            self._write(file, rows_of(items, ordered, reuse_of()) if items else [])
            return True
        if file.head is not None and (file.digest not in ("", file.head.digest) or self._is_older(file.head)):
            self._write(file._replace(digest=file.digest or file.head.digest), stored)
        return False

    def _path(self, day: str) -> Path:
        return self._folder / f"{PREFIX}{day}" / f"{self._origin.machine}{SUFFIX}"

    def _own_days(self) -> list[str]:
        """Days that have a file of this machine."""
        matches = (_DAY.fullmatch(path.parent.name) for path in self._folder.glob(f"{PREFIX}*/{self._path('').name}"))
        return sorted(match[1] for match in matches if match)

    def _heads(self) -> tuple[dict[str, FileHead], dict[str, DamagedFile]]:
        """What each file of this machine says of itself, by day, and those that are damaged.

        Raises ParquetError for one that is not to be written.
        """
        heads: dict[str, FileHead] = {}
        damaged: dict[str, DamagedFile] = {}
        for day in self._own_days():
            path = self._path(day)
            try:
                head = read_head(path)
            except DamagedFile as error:
                damaged[day] = error
                continue
            if head is None:
                raise ParquetError(f"{path} is not a file of timmy-tui: it is left as it is.", _OTHER_NAME)
            ours = ("", self._origin.timmy, self._origin.older)
            if self._origin.timmy and head.origin.timmy not in ours:
                raise ParquetError(f"{path} has the turns of another Timmy: it is left as it is.", _OTHER_NAME)
            heads[day] = head
        return heads, damaged

    def _refuse_other_name(self) -> None:
        """Raises ParquetError where this Timmy's turns are here under another name: all would be there twice."""
        if not self._origin.timmy:
            return
        others: dict[str, list[Path]] = {}
        for path in sorted(self._folder.glob(f"{PREFIX}*/[!.]*{SUFFIX}"), reverse=True):
            if path.stem != self._origin.machine:
                others.setdefault(path.stem, []).append(path)
        for name, paths in others.items():
            if next(filter(None, map(_timmy_of, paths)), "") == self._origin.timmy:
                name = clean(name, 63)
                raise ParquetError(
                    f"{self._folder} has the turns of this Timmy under the name {name}: they would be there twice.",
                    f"Go on with --machine {name}, or move its files away: all is written again under the new name.",
                )

    def _is_older(self, head: FileHead) -> bool:
        """It was written by a version that told two machines with one name and one path not apart."""
        return bool(self._origin.timmy) and head.origin.timmy == self._origin.older != ""

    def _of_older_versions(self, heads: Mapping[str, FileHead]) -> set[str]:
        return {day for day, head in heads.items() if self._is_older(head)}

    def _write(self, file: _DayFile, rows: Sequence[Row]) -> None:
        path = self._path(file.day)
        if not rows:
            path.unlink(missing_ok=True)  # its turns are in the file of another day
            return
        if not path.parent.is_dir():
            path.parent.mkdir(exist_ok=True)
            sync_folder(self._folder)
        origin = self._origin
        if not origin.timmy and file.head is not None:
            origin = origin._replace(timmy=file.head.origin.timmy)  # named logs do not take the guard away
        replace_whole(path, file_bytes(rows, origin, file.digest))

    def _remove_leftovers(self) -> None:
        """Of an exporter that was killed; nobody else writes this machine's files now."""
        for path in self._folder.glob(f"{PREFIX}*/.{self._path('').name}.*.tmp"):
            path.unlink(missing_ok=True)

    @contextmanager
    def _only_one(self) -> Iterator[None]:
        """Wait for another exporter of this folder to end; the kernel ends the wait when it is killed."""
        fd = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            deadline = time.monotonic() + WAIT_S
            while True:
                try:
                    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > deadline:
                        raise ParquetError(f"another export has been writing to {self._folder} for a minute.") from None
                    time.sleep(_LOOK_S)
            yield
        finally:
            os.close(fd)


def _timmy_of(path: Path) -> str:
    """The hash in a file of another name; empty where it does not tell."""
    with suppress(ParquetError, OSError):
        head = read_head(path)
        return "" if head is None else head.origin.timmy
    return ""


def _of_damage(damaged: Mapping[str, DamagedFile]) -> ParquetError:
    more = f" So are {len(damaged) - 1} more." if len(damaged) > 1 else ""
    return ParquetError(
        f"{next(iter(damaged.values())).message}{more}",
        "All other days are up to date. Move it away: the next export writes that day anew.",
    )
