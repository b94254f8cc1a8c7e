"""What the file of a day is to hold: the turns of the source, and the stored rows that are none of these."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

import msgspec

from timmy_tui.model.llm import Reuse
from timmy_tui.model.turn import Turn
from timmy_tui.storage.known_turns import KnownTurns, find_each, times_of
from timmy_tui.storage.parquet.files import SCHEMA
from timmy_tui.storage.parquet.turn_table import Row, cells_of, row_of
from timmy_tui.storage.session_runs import in_one_order


class DayMerge:
    """The turns of a source in their order, of which those of the ``wanted`` days are to be in the files."""

    def __init__(
        self,
        turns: Sequence[Turn],
        times: Sequence[float | None],
        days: Mapping[str, Sequence[Turn]],
        wanted: Mapping[str, Sequence[Turn]],
    ) -> None:
        """``times``: when each began, as ``times_of``. ``days``: all of them, by day."""
        self._known = KnownTurns(turns, times)
        self._day = {id(turn): day for day, own in days.items() for turn in own}
        self._wanted = wanted

    def items(self, day: str, stored: Sequence[Row]) -> list[Row | Turn]:
        """The turns of a day and the stored rows that stay, each behind the row that it stood behind.

        A row stays that is no turn of the source, or one of a day that is not written now.
        """
        rows = [row.turn for row in stored]
        turns = self._wanted.get(day, ())
        behind: dict[int, list[Row]] = {}
        last = 0
        for row, account in zip(stored, find_each(rows, times_of(rows), self._known), strict=True):
            its_day = None if account is None else self._day[id(account.turn)]
            if account is not None and its_day == day and day in self._wanted:
                last = id(account.turn)
            elif its_day not in self._wanted:
                behind.setdefault(last, []).append(row)
        items: list[Row | Turn] = [*behind.get(0, ())]
        for turn in turns:
            items += (turn, *behind.get(id(turn), ()))
        return items


def in_file_order(items: Sequence[Row | Turn]) -> list[Turn]:
    """The turns of the items, with the ordinals and sessions of the file."""
    return in_one_order(list(run) for run in _runs(items))


def _runs(items: Sequence[Row | Turn]) -> Iterator[Iterator[Turn]]:
    """Stretches of one reading."""
    for _, run in groupby(items, type):
        yield (item.turn if isinstance(item, Row) else item for item in run)


def rows_of(items: Sequence[Row | Turn], ordered: Sequence[Turn], reuse: Mapping[int, Reuse]) -> list[Row]:
    """``ordered``: as ``in_file_order``. ``reuse``: by the ordinal in the source."""
    return [
        Row(turn, item.reuse) if isinstance(item, Row) else row_of(turn, reuse.get(item.ordinal))
        for item, turn in zip(items, ordered, strict=True)
    ]


def comparable(turn: Turn) -> tuple[Any, ...]:
    """What a file has of a turn, without what was concluded from others."""
    return cells_of(Row(turn), "")


def digest_of(turns: Sequence[Turn]) -> str:
    """Changes with whatever a file would have of these turns."""
    cells = [comparable(turn) for turn in in_one_order([turns])]
    return hashlib.blake2b(msgspec.json.encode([SCHEMA, cells]), digest_size=16).hexdigest()
