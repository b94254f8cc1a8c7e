"""The rows of the turns of one Timmy: which row a turn is, its number, and its place among the others.

One exchange is one row, whoever told of it and whenever. A turn that is read again, from the same log or a copy of it,
is the same row, by the rule of known_turns.py.
"""

import hashlib
import sqlite3
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, NamedTuple, TypeVar

import msgspec
from msgspec.structs import replace

from timmy_tui.core.foreign.decode import Unreadable, decode_as
from timmy_tui.model.same_turn import has_figures, has_name, is_same_turn
from timmy_tui.model.turn import Turn, TurnState
from timmy_tui.storage.known_turns import FIRST, LAST, Account, carried_on, find_each, times_of, up_to_known_places
from timmy_tui.storage.merged_turn import completeness, merged
from timmy_tui.storage.places import kept_places, places_between

T = TypeVar("T")
_COLUMNS = "key, number, place, CASE WHEN typeof(at) IN ('real', 'integer') THEN at END, data, request_id"
PLACED = "typeof(turns.number) = 'integer' AND typeof(turns.place) IN ('real', 'integer')"
"""The row has a name and a place; columns take anything from a hand that edits them."""
_USABLE = "typeof(number) = 'integer' AND number BETWEEN 0 AND 9007199254740992"
"""What a number of a turn can be: above 2^53 one more is not a number that SQLite can count on from."""


def stored_value(data: object, kind: type[T]) -> T | None:
    """The value of a stored row; None where it is not one of this program."""
    if not isinstance(data, bytes | str):
        return None
    value = decode_as(data, kind)
    return None if isinstance(value, Unreadable) else value


@dataclass(frozen=True)
class TurnRow:
    """A stored turn."""

    key: str
    number: int
    place: float
    at: float | None
    """When it started, or the turn beside it where that is not known."""
    data: bytes
    request_id: str

    @cached_property
    def turn(self) -> Turn:
        """The turn, with its number; its ordinal means nothing. Of a row that cannot be read nothing else is known."""
        turn = stored_value(self.data, Turn) or Turn(
            ordinal=0, state=TurnState.COMPLETE, request_id=str(self.request_id), started=self.at
        )
        return replace(turn, number=self.number)


class Stored(NamedTuple):
    """What ``TurnRows.put`` did."""

    turns: Mapping[int, Turn]
    """The stored turn, with its number, for the ordinal of each turn that was put."""
    new: int
    """Number of new rows."""


class _Item(NamedTuple):
    """A turn of a reading and its row; ``beside``: only there because its place says where the others are."""

    turn: Turn
    row: TurnRow | None
    beside: bool


class _Chosen(NamedTuple):
    """A turn of a reading; ``beside``: as in _Item; ``at``: when it began, by itself or by the one beside it."""

    turn: Turn
    beside: bool
    at: float | None


class TurnRows:
    """The table of turns, for one root. Every method needs an open transaction, which the caller begins."""

    one_numbering = False
    """A reading numbers its turns from 1."""

    def __init__(self, database: sqlite3.Connection, root: str, without_private_text: Callable[[Turn], Turn]) -> None:
        self._database = database
        self._root = root
        self._without_private_text = without_private_text
        self._rows: dict[Hashable, TurnRow] = {}
        """By key, those that ``alike`` has returned for one reading."""
        self._nameless: dict[Hashable, list[TurnRow]] = {}
        """By token counts, those without id, for one reading."""

    def put(self, turns: Iterable[Turn], among: Iterable[Turn]) -> Stored:
        """Store closed turns of one reading. ``among``: all turns of that reading, which tell where the new ones are.

        A stored turn keeps its number. It is replaced by a more complete one, and keeps what only it had.
        """
        chosen = _with_neighbours(turns, among)
        found = self._find([one.turn for one in chosen], [one.at for one in chosen])
        items = [
            _Item(one.turn, row, one.beside)
            for one, row in zip(chosen, found, strict=True)
            if row is not None or not one.beside
        ]
        places = self._places(items)
        times = _times(items)
        stored: dict[int, Turn] = {}
        new = 0
        for item, place, at in zip(items, places, times, strict=True):
            if not item.beside:
                stored[item.turn.ordinal] = self._write(item, place, at)
                new += item.row is None
        return Stored(stored, new)

    def _find(self, turns: Sequence[Turn], times: Sequence[float | None]) -> list[TurnRow | None]:
        """The row of each turn of a reading."""
        self._rows, self._nameless = {}, {}
        found = find_each(turns, times, self)
        return [None if account is None else self._rows[account.key] for account in found]

    def find(self, turn: Turn) -> TurnRow | None:
        """The row of one turn. Of several that cannot be told apart without the turns beside them, the newest."""
        (row,) = self._find([turn], [turn.started])
        if row is None and turn.started is None and not has_name(turn):
            return next((self._rows[one.key] for one in reversed(self.alike(turn))), None)
        return row

    def alike(self, turn: Turn) -> Sequence[Account]:
        """As ``known_turns.Known``."""
        rows = self._same(turn, self._select("request_id = ?", turn.request_id)) if turn.request_id else []
        counts = (turn.prompt_tokens, turn.output_tokens)
        if not rows and has_figures(turn):
            rows = self._same(turn, self._select("prompt_tokens IS ? AND output_tokens IS ?", *counts))
        elif not turn.request_id:
            where = "request_id = '' AND prompt_tokens IS ? AND output_tokens IS ?"
            if counts not in self._nameless:
                self._nameless[counts] = self._select(where, *counts)
            rows = self._same(turn, self._nameless[counts])
        self._rows.update((row.key, row) for row in rows)
        return [Account(row.key, row.turn, row.place, row.at) for row in rows]

    def next_named(self, place: float, forward: bool) -> float:
        """As ``known_turns.Known``."""
        side, order, end = (">", "ASC", LAST) if forward else ("<", "DESC", FIRST)
        nearest = self._nearest(f"place {side} ? AND (request_id <> '' OR prompt_tokens IS NOT NULL)", order, place)
        return end if nearest is None else nearest

    def _same(self, turn: Turn, rows: Iterable[TurnRow]) -> list[TurnRow]:
        return [row for row in rows if is_same_turn(turn, row.turn)]

    def numbered(self, number: int) -> TurnRow | None:
        """The turn with this number."""
        return next(iter(self._select("number = ?", number)), None)

    def _select(self, where: str, *values: object) -> list[TurnRow]:
        # Sorted here: for ORDER BY SQLite would read all turns by place instead of the few of the index.
        rows: Iterable[Any] = self._database.execute(
            f"SELECT {_COLUMNS} FROM turns WHERE root = ? AND {PLACED} AND {where}", (self._root, *values)
        )
        return sorted((TurnRow(*row) for row in rows), key=lambda row: row.place)

    def _places(self, items: Sequence[_Item]) -> list[float]:
        """A place for each: the stored one where that fits the order of the reading."""
        stored = [None if item.row is None else item.row.place for item in items]
        places = self._fill(kept_places(stored, [item.beside for item in items]), items)
        if all(a < b for a, b in pairwise(places)):
            return places
        # A gap has been halved until a double cannot tell its ends apart: 35 times and more.
        self._space_out()
        items = [item._replace(row=self.numbered(item.row.number) if item.row else None) for item in items]
        stored = [None if item.row is None else item.row.place for item in items]
        return self._fill(kept_places(stored, [item.beside for item in items]), items)

    def _space_out(self) -> None:
        keys = self._database.execute("SELECT key FROM turns WHERE root = ? ORDER BY place", (self._root,)).fetchall()
        self._database.executemany(
            "UPDATE turns SET place = ? WHERE key = ?", ((float(at), key) for at, (key,) in enumerate(keys, 1))
        )

    def _fill(self, kept: Sequence[float | None], items: Sequence[_Item]) -> list[float]:
        """``kept`` with places for the turns that have none, each run of them into one gap between stored rows."""
        places: list[float] = []
        while len(places) < len(kept):
            start = len(places)
            place = kept[start]
            if place is not None:
                places.append(place)
                continue
            end = next((at for at in range(start, len(kept)) if kept[at] is not None), len(kept))
            at = next((one.turn.started for one in items[start:end] if one.turn.started is not None), None)
            gap = self._gap(places[-1] if places else None, kept[end] if end < len(kept) else None, at)
            places += places_between(*gap, end - start)
        return places

    def _gap(self, low: float | None, high: float | None, at: float | None) -> tuple[float | None, float | None]:
        """Two places with no row between them, from ``low`` on and before ``high``; by the time ``at`` if it is known.

        Rows that the reading does not have can stand there: of older logs, or of v34's statistics alone.
        """
        bounds = (FIRST if low is None else low, LAST if high is None else high)
        if at is not None and (low is not None or high is None):
            before = self._nearest("place >= ? AND place < ? AND (at <= ? OR place = ?)", "DESC", *bounds, at, low)
        elif low is not None and high is not None:
            before = low
        else:
            before = self._nearest("place >= ? AND place < ?", "DESC", *bounds)
        after = self._nearest("place > ?", "ASC", FIRST if before is None else before)
        return before, after if high is None or after is None else min(after, high)

    def _nearest(self, where: str, order: str, *values: object) -> float | None:
        # Bounds instead of "or it is not known": with that SQLite would look at every row for each new turn.
        row = self._database.execute(
            f"SELECT place FROM turns WHERE root = ? AND {PLACED} AND {where} ORDER BY place {order} LIMIT 1",
            (self._root, *values),
        ).fetchone()
        return None if row is None else float(row[0])

    def _write(self, item: _Item, place: float, at: float | None) -> Turn:
        row = item.row
        turn = item.turn if row is None else merged(row.turn, item.turn)
        data = msgspec.json.encode(replace(self._without_private_text(turn), ordinal=0, number=None, place=()))
        if row is not None and (row.data, row.place, row.at) == (data, place, at):
            return row.turn
        number = self._next_number() if row is None else row.number
        key = hashlib.blake2b(f"{self._root}|{number}".encode(errors="replace"), digest_size=12).hexdigest()
        self._database.execute(
            "INSERT OR REPLACE INTO turns (key, root, request_id, session_id, started, state, events, data, number, "
            "place, at, prompt_tokens, output_tokens) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                key if row is None else row.key, self._root, turn.request_id, turn.session_id, turn.started,
                str(turn.state), completeness(turn), data, number, place, at, turn.prompt_tokens, turn.output_tokens,
            ),
        )  # fmt: skip
        return replace(turn, number=number)

    def _next_number(self) -> int:
        """One more than the last that was given; it is not given again, even if its turn is deleted.

        Where that is not a number of a turn any more, it is one more than the highest that a stored turn has.
        """
        row = self._database.execute(
            "INSERT INTO last_numbers VALUES (?, 1) ON CONFLICT (root) DO UPDATE SET number = 1 + "
            f"CASE WHEN {_USABLE} THEN number ELSE "
            f"(SELECT coalesce(max(number), 0) FROM turns WHERE root = excluded.root AND {_USABLE}) END "
            "RETURNING number",
            (self._root,),
        ).fetchone()
        return int(row[0])


def _with_neighbours(turns: Iterable[Turn], among: Iterable[Turn]) -> list[_Chosen]:
    """The closed turns in order, and those of ``among`` before and behind each, up to the next one with a name."""
    wanted = {turn.ordinal: turn for turn in turns if turn.state is not TurnState.OPEN}
    known = {turn.ordinal: turn for turn in among if turn.state is not TurnState.OPEN}
    ordered = sorted({**known, **wanted}.values(), key=lambda turn: turn.position)
    times = times_of(ordered)
    near = up_to_known_places(ordered, wanted, has_name)
    return [_Chosen(ordered[at], ordered[at].ordinal not in wanted, times[at]) for at in near]


def _times(items: Sequence[_Item]) -> list[float | None]:
    """When each began: its own time, or that of the one before it, or else of the first one behind it."""
    return carried_on([_time(item) for item in items])


def _time(item: _Item) -> float | None:
    if item.turn.started is not None or item.row is None:
        return item.turn.started
    return item.row.at
