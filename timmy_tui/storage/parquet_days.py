"""A folder of Parquet files, one for each day and machine: ``day=2026-11-26/laptop.parquet``.

A day is the day of a turn's start in UTC, which is the same wherever and whenever the exporter runs. Whoever exports
writes the files of its own machine alone, so that several machines can share a folder. A day is written again when one
of its turns changed, in one step; a turn that the source does not have any more stays in its file.
"""

import fcntl
import hashlib
import os
import re
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from timmy_tui.core.errors import ParquetError
from timmy_tui.model.llm import Reuse
from timmy_tui.model.turn import LATEST, Turn
from timmy_tui.storage.known_turns import KnownTurns
from timmy_tui.storage.parquet_files import (
    SCHEMA,
    SUFFIX,
    FileHead,
    Origin,
    file_bytes,
    read_head,
    read_rows,
    replace_whole,
    sync_folder,
)
from timmy_tui.storage.session_runs import in_one_order
from timmy_tui.storage.turn_table import Row, cells_of, row_of

NO_DAY = "__HIVE_DEFAULT_PARTITION__"
"""The day of turns of which no time is known; Hive's name for it, which DuckDB reads as NULL."""
PREFIX = "day="
_DAY = re.compile(rf"{PREFIX}(\d{{4}}-\d\d-\d\d|{NO_DAY})")
WAIT_S = 60.0
"""How long one exporter waits for another on the same folder: a year of turns is written in some seconds."""
_LOOK_S = 0.05

ReuseOf = Callable[[], Mapping[int, Reuse]]
"""Prompt reuse by ordinal; asked only when a file is written, because it takes longer than everything else."""


class Written(NamedTuple):
    """What an export did."""

    days: int
    """Files written."""
    unchanged: int
    """Days whose turns were all in their file."""
    turns: int
    """All that were to be in the files."""


class ParquetDays:
    """The files of one machine in ``folder``, which is made if it does not exist."""

    def __init__(self, folder: Path, origin: Origin) -> None:
        self._folder = folder
        self._origin = origin

    def put(self, turns: Sequence[Turn], reuse_of: ReuseOf, since: float | None = None) -> Written:
        """Have these turns, all of a source in their order, in the files, each once. Raises ParquetError, OSError.

        ``since``: seconds since 1970; of the days on which no turn began from then on no file is written.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        with self._only_one():
            self._remove_leftovers()
            wanted = by_day(turns, since)
            days = {day: own for day, own in by_day(turns).items() if day in wanted}
            heads = self._heads()
            digests = {day: _digest(own) for day, own in days.items()}
            changed = {day for day, digest in digests.items() if day not in heads or heads[day].digest != digest}
            written, known = 0, KnownTurns(turn for own in days.values() for turn in own)
            for day in sorted(changed | _where_they_may_have_been(changed, heads)):
                stored = read_rows(self._path(day))[1] if day in heads else []
                items = _merged(stored, days.get(day, ()), known)
                ordered = in_one_order(list(run) for run in _runs(items))
                if [_comparable(turn) for turn in ordered] != [_comparable(row.turn) for row in stored]:
                    self._write(day, _rows(items, ordered, reuse_of), digests.get(day, ""))
                    written += 1
        return Written(written, len(days) - len(changed), sum(map(len, days.values())))

    def _path(self, day: str) -> Path:
        return self._folder / f"{PREFIX}{day}" / f"{self._origin.machine}{SUFFIX}"

    def _own_days(self) -> list[str]:
        """Days that have a file of this machine."""
        matches = (_DAY.fullmatch(path.parent.name) for path in self._folder.glob(f"{PREFIX}*/{self._path('').name}"))
        return sorted(match[1] for match in matches if match)

    def _heads(self) -> dict[str, FileHead]:
        """What each file of this machine says of itself. Raises ParquetError for one that is not to be written."""
        heads: dict[str, FileHead] = {}
        for day in self._own_days():
            path = self._path(day)
            head = read_head(path)
            if head is None:
                raise ParquetError(f"{path} is not a file of timmy-tui: it is left as it is.", _OTHER_NAME)
            if "" not in (head.origin.timmy, self._origin.timmy) and head.origin.timmy != self._origin.timmy:
                raise ParquetError(f"{path} has the turns of another Timmy: it is left as it is.", _OTHER_NAME)
            heads[day] = head
        return heads

    def _write(self, day: str, rows: Sequence[Row], digest: str) -> None:
        path = self._path(day)
        if not rows:
            path.unlink(missing_ok=True)  # its turns are in the file of another day
            return
        if not path.parent.is_dir():
            path.parent.mkdir(exist_ok=True)
            sync_folder(self._folder)
        replace_whole(path, file_bytes(rows, self._origin, digest))

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


_OTHER_NAME = "Give this one a name of its own: --machine NAME, or machine in [export] of the settings."


def by_day(turns: Sequence[Turn], since: float | None = None) -> dict[str, list[Turn]]:
    """Day → its turns, in their order. A turn without a time is of the day of the one before it, or else behind it."""
    days: dict[str, list[Turn]] = {}
    for turn, at in zip(turns, _times(turns), strict=True):
        if since is None or (at is not None and at >= since):
            days.setdefault(NO_DAY if at is None else _day_of(at), []).append(turn)
    return days


def _times(turns: Sequence[Turn]) -> list[float | None]:
    own = [turn.started if turn.started is not None and 0 < turn.started < LATEST else None for turn in turns]
    latest = next((at for at in own if at is not None), None)
    times = []
    for at in own:
        latest = latest if at is None else at
        times.append(latest)
    return times


def _day_of(stamp: float) -> str:
    return datetime.fromtimestamp(stamp, UTC).strftime("%Y-%m-%d")


def _where_they_may_have_been(changed: Collection[str], heads: Mapping[str, FileHead]) -> set[str]:
    """Days whose file may hold a turn that is of another day now.

    Its time was not known, or became another one across midnight when the other log told of it.
    """
    if not changed:
        return set()
    untimed = {day for day, head in heads.items() if head.untimed}
    return untimed | {near for day in changed for near in _neighbours(day) if near in heads}


def _neighbours(day: str) -> tuple[str, ...]:
    if day == NO_DAY:
        return ()
    at = date.fromisoformat(day)
    return tuple((at + timedelta(step)).isoformat() for step in (-1, 1))


def _merged(stored: Sequence[Row], turns: Sequence[Turn], known: KnownTurns) -> list[Row | Turn]:
    """The turns, and the stored rows that are none of the known ones, each behind the row that it stood behind."""
    known.begin()
    own = {id(turn) for turn in turns}
    behind: dict[int, list[Row]] = {}
    last = 0
    for row in stored:
        turn = known.find(row.turn)
        if turn is None:
            behind.setdefault(last, []).append(row)
        elif id(turn) in own:
            last = id(turn)
    merged: list[Row | Turn] = [*behind.get(0, ())]
    for turn in turns:
        merged += (turn, *behind.get(id(turn), ()))
    return merged


def _runs(items: Sequence[Row | Turn]) -> Iterator[Iterator[Turn]]:
    """Stretches of one reading."""
    for _, run in groupby(items, type):
        yield (item.turn if isinstance(item, Row) else item for item in run)


def _rows(items: Sequence[Row | Turn], ordered: Sequence[Turn], reuse_of: ReuseOf) -> list[Row]:
    """``ordered``: the turns of the items, with the ordinals and sessions of the file."""
    reuse = reuse_of()
    return [
        Row(turn, item.reuse) if isinstance(item, Row) else row_of(turn, reuse.get(item.ordinal))
        for item, turn in zip(items, ordered, strict=True)
    ]


def _comparable(turn: Turn) -> tuple[Any, ...]:
    """What a file has of a turn, without what was concluded from others."""
    return cells_of(Row(turn), "")


def _digest(turns: Sequence[Turn]) -> str:
    """Changes with whatever a file would have of these turns."""
    cells = [_comparable(turn) for turn in in_one_order([turns])]
    return hashlib.blake2b(msgspec.json.encode([SCHEMA, cells]), digest_size=16).hexdigest()
