"""The history: turns, marks, findings, changes and comparisons in one SQLite file.

Several processes may have it open (WAL mode). Texts of the conversation are only stored if the user wants it.
"""

import sqlite3
import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from timmy_tui.core.decode import Unreadable, decode_as
from timmy_tui.core.errors import HistoryError
from timmy_tui.model.judgement import Comparison, Finding
from timmy_tui.model.turn import Turn
from timmy_tui.storage.schema import connect
from timmy_tui.storage.turn_rows import Stored, TurnRows


class Mark(NamedTuple):
    """The user's mark on a turn."""

    quality: str
    """``good`` or ``bad``."""
    note: str
    request_id: str
    """Of the turn; empty for one that has none."""


class History:
    """The database at ``path``, which is created if it does not exist. Use it from one thread."""

    def __init__(self, path: Path, root: str, keep_text: bool = False) -> None:
        """Open and check. A damaged file is renamed, not deleted, and named in ``warning``.

        Raises HistoryError when the file cannot be opened or belongs to a newer version of the program.
        """
        self.warning = ""
        self._root = root
        self._keep_text = keep_text
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._database = self._open()
        self._rows = TurnRows(self._database, root, self._without_private_text)
        self._in_logs: set[int] = set()
        """Numbers of the turns that were put: they would come back from the logs, under another number."""

    def _open(self) -> sqlite3.Connection:
        try:
            return connect(self._path)
        except sqlite3.OperationalError as error:
            raise HistoryError(f"{self._path} cannot be used: {error}.", "Turns are shown but not stored.") from None
        except sqlite3.DatabaseError as error:
            damaged = self._path.with_name(
                f"{self._path.stem}.damaged-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}.db"
            )
            self._path.rename(damaged)
            for suffix in ("-wal", "-shm"):
                companion = self._path.with_name(self._path.name + suffix)
                if companion.exists():
                    companion.rename(damaged.with_name(damaged.name + suffix))
            self.warning = (
                f"the history was damaged ({error}); it was renamed to {damaged.name}, and a new one was started"
            )
            return connect(self._path)

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        try:
            with self._database:
                self._database.execute("BEGIN IMMEDIATE")
                yield self._database
        except sqlite3.OperationalError as error:
            raise HistoryError(f"{self._path} could not be written: {error}.", "It will be tried again.") from None

    def put_turns(self, turns: Iterable[Turn]) -> int:
        """As ``store``; returns the number of new rows."""
        return self.store(turns).new

    def store(self, turns: Iterable[Turn], among: Iterable[Turn] = ()) -> Stored:
        """Store closed turns of one reading, each once. ``among``: the others of that reading.

        A new turn gets a number and its place between the others, a stored one keeps its number.
        """
        with self._transaction():
            stored = self._rows.put(turns, among)
        self._in_logs.update(turn.number for turn in stored.turns.values() if turn.number is not None)
        return stored

    def lost_turns(self, numbers: Collection[int]) -> list[tuple[int, Turn]]:
        """Stored turns that no log has, from the first of ``numbers`` on: each with the one of these that is before it.

        v34 holds back up to 8 KiB of its log, which a restart can lose; its statistics had told of these turns.
        """
        if not numbers:
            return []
        rows = self._database.execute("SELECT number FROM turns WHERE root = ? ORDER BY place", (self._root,))
        ordered = [int(number) for (number,) in rows]
        before: int | None = None
        lost: list[tuple[int, Turn]] = []
        for number in ordered:
            if number in numbers:
                before = number
            elif before is not None:
                row = self._rows.numbered(number)
                if row is not None and row.turn.logs == "kv_stats":
                    lost.append((before, row.turn))
        return lost

    def number_of(self, turn: Turn) -> int | None:
        """The number of a stored turn; None for one that is not stored."""
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
        rows = self._database.execute(
            "SELECT number, data FROM turns WHERE root = ? AND (at >= ? OR ? IS NULL) AND (at < ? OR ? IS NULL) "
            "ORDER BY place",
            (self._root, since, since, until, until),
        )
        stored = ((number, decode_as(data, Turn)) for number, data in rows)
        return list(
            _renumber(replace(turn, number=number) for number, turn in stored if not isinstance(turn, Unreadable))
        )

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
        rows = self._database.execute(
            "SELECT turns.number, quality, note, turns.request_id FROM marks JOIN turns ON turns.key = marks.turn "
            "WHERE turns.root = ? ORDER BY turns.place",
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
        rows = self._database.execute("SELECT at, data FROM findings WHERE root = ? ORDER BY at", (self._root,))
        stored = ((float(at), decode_as(data, Finding)) for at, data in rows)
        return [(at, finding) for at, finding in stored if not isinstance(finding, Unreadable)]

    def put_comparison(self, comparison: Comparison, at: float) -> None:
        """Store a comparison. ``at``: seconds since 1970."""
        self._put_data("INSERT INTO comparisons (root, at, data) VALUES (?, ?, ?)", (self._root, at), comparison)

    def comparisons(self) -> list[tuple[float, Comparison]]:
        """All comparisons with their time, oldest first."""
        rows = self._database.execute("SELECT at, data FROM comparisons WHERE root = ? ORDER BY at", (self._root,))
        stored = ((float(at), decode_as(data, Comparison)) for at, data in rows)
        return [(at, comparison) for at, comparison in stored if not isinstance(comparison, Unreadable)]

    def put_change(self, op: str, at: float, label: str, state: str) -> None:
        """Store a change, or the new state of a stored one. ``op``: its key; ``at``: seconds since 1970."""
        with self._transaction() as database:
            database.execute(
                "INSERT OR REPLACE INTO changes VALUES (?, ?, ?, ?, ?)", (op, self._root, at, label, state)
            )

    def changes(self) -> list[tuple[str, float, str, str]]:
        """(op, time, label, state) of all changes, oldest first."""
        rows = self._database.execute(
            "SELECT op, at, label, state FROM changes WHERE root = ? ORDER BY at", (self._root,)
        )
        return [(str(op), float(at), str(label), str(state)) for op, at, label, state in rows]

    def _put_data(self, statement: str, values: tuple[Any, ...], data: msgspec.Struct) -> None:
        with self._transaction() as database:
            database.execute(statement, (*values, msgspec.json.encode(data)))

    def delete_old_turns(self, days: int, now: float) -> int:
        """Delete unmarked turns older than ``days`` (0: none); returns their number. ``now``: seconds since 1970.

        Those of this root that were stored or found since the file was opened stay: they are in the logs.
        """
        if days <= 0:
            return 0
        with self._transaction() as database:
            old = database.execute(
                "SELECT key, root, number FROM turns WHERE at < ? AND key NOT IN (SELECT turn FROM marks)",
                (now - 86_400 * days,),
            ).fetchall()
            gone = [(key,) for key, root, number in old if root != self._root or number not in self._in_logs]
            database.executemany("DELETE FROM turns WHERE key = ?", gone)
            return len(gone)

    def counts(self) -> dict[str, int]:
        """Number of rows by table."""
        tables = ("turns", "marks", "findings", "changes", "comparisons")
        return {name: int(self._database.execute(f"SELECT count(*) FROM {name}").fetchone()[0]) for name in tables}


def _renumber(turns: Iterable[Turn]) -> Iterator[Turn]:
    """The turns with new ordinals and sessions, because each reading of the logs counts its sessions from one."""
    session, stored_session, session_id = 0, 0, None
    for ordinal, turn in enumerate(turns):
        ids_known = turn.session_id is not None and session_id is not None
        if ordinal and (turn.session_id != session_id if ids_known else turn.session != stored_session):
            session, session_id = session + 1, None
        stored_session, session_id = turn.session, turn.session_id or session_id
        yield replace(turn, ordinal=ordinal, place=(), session=session)
