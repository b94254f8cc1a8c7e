"""The history: turns, marks, findings, changes and comparisons in one SQLite file.

Several processes may have it open (WAL mode). Texts of the conversation are only stored if the user wants it.
"""

import os
import sqlite3
import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import msgspec
from msgspec.structs import replace

from timmy_tui.core.errors import HistoryError
from timmy_tui.model.judgement import Comparison, Finding
from timmy_tui.model.turn import Turn
from timmy_tui.storage.damage import is_damage
from timmy_tui.storage.in_logs import InLogs
from timmy_tui.storage.schema import WAIT_S, open_database
from timmy_tui.storage.turn_rows import PLACED, Stored, TurnRows, stored_value

T = TypeVar("T")
TIMED = "typeof(at) IN ('real', 'integer')"
"""A column takes text for a time too, from a hand that edits it."""


class Mark(NamedTuple):
    """The user's mark on a turn."""

    quality: str
    """``good`` or ``bad``."""
    note: str
    request_id: str
    """Of the turn; empty for one that has none."""


class History:
    """The database at ``path``, which is created if it does not exist. Use it from one thread."""

    def __init__(self, path: Path, root: str, keep_text: bool = False, wait_s: float = WAIT_S) -> None:
        """Open and check. A damaged file is renamed, not deleted, and named in ``warning``.

        ``wait_s``: longest wait for another process that writes. Raises HistoryError when the file cannot be opened or
        belongs to a newer version of the program.
        """
        self.unreadable: Counter[str] = Counter()
        """Rows that could not be read, by table; they stay as they are."""
        # A path that is not UTF-8 has characters that SQLite refuses.
        self._root = root = os.fsencode(root).decode(errors="backslashreplace")
        self._keep_text = keep_text
        self._path, self._wait_s = path, wait_s
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise HistoryError(f"{path.parent} cannot be used: {error.strerror}.") from None
        self.in_logs = InLogs()
        """The turns that were put."""
        self._database, self.warning = open_database(path, wait_s)
        self._rows = TurnRows(self._database, root, self._without_private_text)

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    @contextmanager
    def _access(self, act: str) -> Iterator[None]:
        """SQLite's errors as HistoryError. After damage the file is another one: the next try can succeed."""
        try:
            yield
        except sqlite3.Error as error:
            if is_damage(error):
                self._replace_damaged(error)
            raise HistoryError(f"{self._path} could not be {act}: {error}.", "It will be tried again.") from None

    def _replace_damaged(self, error: sqlite3.Error) -> None:
        with suppress(sqlite3.Error):
            self._database.close()
        self._database, self.warning = open_database(self._path, self._wait_s)
        self._rows = TurnRows(self._database, self._root, self._without_private_text)
        if self.warning:
            raise HistoryError(self.warning + ".", "What was to be done is tried again.")

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._access("written"), self._database:
            self._database.execute("BEGIN IMMEDIATE")
            yield self._database

    def _read(self, statement: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        with self._access("read"):
            return self._database.execute(statement, values).fetchall()

    def _decoded(self, table: str, rows: Iterable[tuple[Any, Any]], kind: type[T]) -> Iterator[tuple[Any, T]]:
        """(first column, value of the second); a row that is not one of ours is counted and passed over."""
        for first, data in rows:
            value = stored_value(data, kind)
            if value is None:
                self.unreadable[table] += 1
            else:
                yield first, value

    def put_turns(self, turns: Iterable[Turn]) -> int:
        """As ``store``; returns the number of new rows."""
        return self.store(turns).new

    def store(self, turns: Iterable[Turn], among: Iterable[Turn] = ()) -> Stored:
        """Store closed turns of one reading, each once. ``among``: the others of that reading.

        A new turn gets a number and its place between the others, a stored one keeps its number.
        """
        with self._transaction():
            stored = self._rows.put(turns, among)
        self.in_logs.add(turn.number for turn in stored.turns.values() if turn.number is not None)
        return stored

    def lost_turns(self, numbers: Collection[int]) -> list[tuple[int, Turn]]:
        """Stored turns that no log has, from the first of ``numbers`` on: each with the one of these that is before it.

        v34 holds back up to 8 KiB of its log, which a restart can lose; its statistics had told of these turns.
        """
        if not numbers:
            return []
        rows = self._read(f"SELECT number FROM turns WHERE root = ? AND {PLACED} ORDER BY place", (self._root,))
        ordered = [int(number) for (number,) in rows]
        before: int | None = None
        lost: list[tuple[int, Turn]] = []
        for number in ordered:
            if number in numbers:
                before = number
            elif before is not None:
                with self._access("read"):
                    row = self._rows.numbered(number)
                if row is not None and row.turn.logs == "kv_stats":
                    lost.append((before, row.turn))
        return lost

    def number_of(self, turn: Turn) -> int | None:
        """The number of a stored turn; None for one that is not stored."""
        with self._access("read"):
            row = self._rows.find(turn)
        return None if row is None else row.number

    def _without_private_text(self, turn: Turn) -> Turn:
        if self._keep_text:
            return replace(turn, events=())
        return replace(turn, events=(), text=None, reply=None, errors=())

    def turns(self, since: float | None = None, until: float | None = None) -> list[Turn]:
        """Stored turns of this root, in the order in which they happened.

        ``since`` (included) and ``until`` (excluded) in seconds since 1970; a turn whose time is not known counts as of
        the time of the one before it.
        """
        return list(self.each_turn(since, until))

    def each_turn(self, since: float | None = None, until: float | None = None) -> Iterator[Turn]:
        """The same one by one: 10,000 turns are 30 MiB."""
        statement = (
            "SELECT number, data FROM turns WHERE root = ? AND (at >= ? OR ? IS NULL) AND (at < ? OR ? IS NULL) "
            f"AND {PLACED} ORDER BY place"
        )
        with self._access("read"):
            rows = self._database.execute(statement, (self._root, since, since, until, until))
            yield from _renumber(self._decoded("turns", rows, Turn))

    def times_beside(self) -> dict[int, float]:
        """Number of each turn that does not say when it began → when the turn beside it did."""
        where = f"root = ? AND started IS NULL AND {TIMED} AND {PLACED}"
        return dict(self._read(f"SELECT number, at FROM turns WHERE {where}", (self._root,)))

    def newest_turns(self, since: float, until: float, most: int) -> list[Turn]:
        """At most the newest ``most`` of ``turns(since, until)``; their ordinals and sessions count from the first."""
        statement = (
            f"SELECT number, data FROM turns WHERE root = ? AND at >= ? AND at < ? AND {PLACED} "
            "ORDER BY place DESC LIMIT ?"
        )
        rows = self._read(statement, (self._root, since, until, most))
        return list(_renumber(self._decoded("turns", reversed(rows), Turn)))

    def mark(self, number: int, quality: str, note: str = "") -> None:
        """Mark a turn ``good`` or ``bad``. The same mark again removes it, and so does an empty quality.

        Does nothing for a number that no turn has.
        """
        with self._transaction() as database:
            row = self._rows.numbered(number)
            if row is None:
                return
            stored = database.execute("SELECT quality, note FROM marks WHERE turn = ?", (row.key,)).fetchone()
            if not quality or (stored is not None and tuple(stored) == (quality, note)):
                database.execute("DELETE FROM marks WHERE turn = ?", (row.key,))
            else:
                values = (row.key, quality, note, time.time())
                database.execute("INSERT OR REPLACE INTO marks VALUES (?, ?, ?, ?)", values)

    def note(self, number: int, text: str) -> None:
        """Set the note of a marked turn; an empty one removes it. Does nothing for a turn without a mark."""
        with self._transaction() as database:
            row = self._rows.numbered(number)
            if row is not None:
                database.execute("UPDATE marks SET note = ? WHERE turn = ?", (text, row.key))

    def marks(self) -> dict[int, Mark]:
        """Number of the turn → its mark, for the marked turns of this root, in the order in which they happened."""
        # CROSS: SQLite looks up the turn of each mark; without it, the mark of each turn, and those are thousands.
        rows = self._read(
            "SELECT turns.number, quality, note, turns.request_id FROM marks CROSS JOIN turns "
            f"ON turns.key = marks.turn WHERE turns.root = ? AND {PLACED} ORDER BY turns.place",
            (self._root,),
        )
        return {int(number): Mark(str(quality), str(note), str(name)) for number, quality, note, name in rows}

    def put_finding(self, finding: Finding, at: float) -> None:
        """Store a finding, or the new state of a stored one. ``at``: seconds since 1970."""
        self._put_data(
            "INSERT OR REPLACE INTO findings VALUES (?, ?, ?, ?)",
            (f"{self._root}|{finding.key}|{finding.since_id}", self._root, at),
            finding,
        )

    def findings(self) -> list[tuple[float, Finding]]:
        """All findings with the time at which they were stored, oldest first."""
        rows = self._read(f"SELECT at, data FROM findings WHERE root = ? AND {TIMED} ORDER BY at", (self._root,))
        return [(float(at), finding) for at, finding in self._decoded("findings", rows, Finding)]

    def put_comparison(self, comparison: Comparison, at: float) -> None:
        """Store a comparison, unless the newest one of these sides says the same. ``at``: seconds since 1970.

        Who watches has read the logs from their beginning: after a restart, or beside another one, it concludes again.
        """
        with self._transaction() as database:  # two that watch conclude at the same moment
            newest = (one for _, one in reversed(self.comparisons()) if (one.a, one.b) == (comparison.a, comparison.b))
            if all(_told_by(one) != _told_by(comparison) for one in islice(newest, 1)):
                values = (self._root, at, msgspec.json.encode(comparison))
                database.execute("INSERT INTO comparisons (root, at, data) VALUES (?, ?, ?)", values)

    def comparisons(self) -> list[tuple[float, Comparison]]:
        """All comparisons with their time, oldest first."""
        rows = self._read(f"SELECT at, data FROM comparisons WHERE root = ? AND {TIMED} ORDER BY at", (self._root,))
        return [(float(at), comparison) for at, comparison in self._decoded("comparisons", rows, Comparison)]

    def put_change(self, op: str, at: float, label: str, state: str) -> None:
        """Store a change, or the new state of a stored one. ``op``: its key; ``at``: seconds since 1970."""
        with self._transaction() as database:
            database.execute(
                "INSERT OR REPLACE INTO changes VALUES (?, ?, ?, ?, ?)", (op, self._root, at, label, state)
            )

    def changes(self) -> list[tuple[str, float, str, str]]:
        """(op, time, label, state) of all changes, oldest first."""
        rows = self._read(
            f"SELECT op, at, label, state FROM changes WHERE root = ? AND {TIMED} ORDER BY at", (self._root,)
        )
        return [(str(op), float(at), str(label), str(state)) for op, at, label, state in rows]

    def _put_data(self, statement: str, values: tuple[Any, ...], data: msgspec.Struct) -> None:
        with self._transaction() as database:
            database.execute(statement, (*values, msgspec.json.encode(data)))

    def delete_old_turns(self, days: int, now: float) -> int:
        """Delete unmarked turns older than ``days`` (0: none); returns their number. ``now``: seconds since 1970.

        Those of this root that the logs may still have stay (``in_logs``).
        """
        if days <= 0:
            return 0
        with self._transaction() as database:
            old = database.execute(
                "SELECT key, root, number FROM turns WHERE at < ? AND key NOT IN (SELECT turn FROM marks)",
                (now - 86_400 * days,),
            ).fetchall()
            gone = [(key,) for key, root, number in old if root != self._root or number not in self.in_logs]
            database.executemany("DELETE FROM turns WHERE key = ?", gone)
            return len(gone)

    def counts(self) -> dict[str, int]:
        """Number of rows by table."""
        tables = ("turns", "marks", "findings", "changes", "comparisons")
        return {name: int(self._read(f"SELECT count(*) FROM {name}")[0][0]) for name in tables}


def _told_by(comparison: Comparison) -> tuple[object, ...]:
    """What makes another comparison of the same sides news: a verdict or a flag, not a figure."""
    return comparison.changes, *((stage.stage, stage.verdict) for stage in comparison.stages)


def _renumber(turns: Iterable[tuple[int, Turn]]) -> Iterator[Turn]:
    """The turns with their numbers, and with new ordinals and sessions: each reading counts its sessions from one."""
    session, stored_session, session_id = 0, 0, None
    for ordinal, (number, turn) in enumerate(turns):
        ids_known = turn.session_id is not None and session_id is not None
        if ordinal and (turn.session_id != session_id if ids_known else turn.session != stored_session):
            session, session_id = session + 1, None
        stored_session, session_id = turn.session, turn.session_id or session_id
        yield replace(turn, ordinal=ordinal, number=number, place=(), session=session)
