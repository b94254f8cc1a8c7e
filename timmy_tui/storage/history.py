"""Turns, marks, findings, changes and comparisons that outlive logs and restarts: one SQLite file.

Several processes may hold it open (WAL). A turn read again, from the same log or a copy of it, is the same row:
its identity is Timmy's root, its request id and its time, because eight-digit ids alone collide. Without the
user's wish no word that was said is stored.
"""

import hashlib
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from timmy_tui.core.errors import HistoryError
from timmy_tui.model.judgement import Comparison, Finding
from timmy_tui.model.turn import Turn, TurnState

VERSION = 1

SAME_TURN_S = 120.0
"""Two readings of one id within this many seconds are one turn: longer than any turn, shorter than any id's return."""

_MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE turns (
        key TEXT PRIMARY KEY, root TEXT NOT NULL, request_id TEXT NOT NULL, session_id TEXT, started REAL,
        state TEXT NOT NULL, events INTEGER NOT NULL, data BLOB NOT NULL
    );
    CREATE INDEX turns_by_time ON turns (root, started);
    CREATE INDEX turns_by_id ON turns (root, request_id);
    CREATE TABLE marks (turn TEXT PRIMARY KEY, quality TEXT NOT NULL, note TEXT NOT NULL, at REAL NOT NULL);
    CREATE TABLE findings (
        key TEXT PRIMARY KEY, root TEXT NOT NULL, at REAL NOT NULL, data BLOB NOT NULL
    );
    CREATE TABLE changes (op TEXT PRIMARY KEY, root TEXT NOT NULL, at REAL NOT NULL, label TEXT, state TEXT);
    CREATE TABLE comparisons (
        id INTEGER PRIMARY KEY, root TEXT NOT NULL, at REAL NOT NULL, data BLOB NOT NULL
    );
    """,
)
"""One script a version; a file of version n has had the first n of them."""


class History:
    """The database at ``path``, made where there is none. Use it from one thread."""

    def __init__(self, path: Path, root: str, keep_text: bool = False) -> None:
        """Open and check. A damaged file is moved aside and named in ``warning``; nothing is deleted.

        Raises HistoryError when the file cannot be opened or belongs to a newer version of the program.
        """
        self.warning = ""
        self._root = root
        self._keep_text = keep_text
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._database = self._open()

    def _open(self) -> sqlite3.Connection:
        try:
            return _connect(self._path)
        except sqlite3.OperationalError as error:
            raise HistoryError(f"{self._path} cannot be used: {error}.", "Turns are shown but not kept.") from None
        except sqlite3.DatabaseError as error:
            aside = self._path.with_name(
                f"{self._path.stem}.damaged-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}.db"
            )
            self._path.rename(aside)
            for tail in ("-wal", "-shm"):
                leftover = self._path.with_name(self._path.name + tail)
                if leftover.exists():
                    leftover.rename(aside.with_name(aside.name + tail))
            self.warning = f"the history was damaged ({error}); it is kept as {aside.name} and a new one was begun"
            return _connect(self._path)

    def close(self) -> None:
        """Give the file back."""
        self._database.close()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        try:
            with self._database:
                self._database.execute("BEGIN IMMEDIATE")
                yield self._database
        except sqlite3.OperationalError as error:
            raise HistoryError(
                f"{self._path} could not be written: {error}.", "It is tried again with the next turn."
            ) from None

    def put_turns(self, turns: Iterable[Turn]) -> int:
        """Store closed turns; returns how many rows are new. A turn seen before is replaced by the fuller telling."""
        new = 0
        with self._writing() as database:
            for turn in turns:
                if turn.state is not TurnState.OPEN:
                    new += self._put(database, turn)
        return new

    def _put(self, database: sqlite3.Connection, turn: Turn) -> int:
        key = self._find(database, turn)
        told = _told(turn)
        if key is not None:
            known = database.execute("SELECT events FROM turns WHERE key = ?", (key,)).fetchone()
            if known is not None and known[0] > told:
                return 0
        new = key is None
        data = msgspec.json.encode(self._stripped(turn))
        database.execute(
            "INSERT OR REPLACE INTO turns VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                key or turn_key(self._root, turn), self._root, turn.request_id, turn.session_id, turn.started,
                str(turn.state), told, data,
            ),
        )  # fmt: skip
        return int(new)

    def _find(self, database: sqlite3.Connection, turn: Turn) -> str | None:
        """Key of the row that tells of the same turn."""
        if turn.request_id and turn.started is not None:
            row = database.execute(
                "SELECT key FROM turns WHERE root = ? AND request_id = ? AND abs(started - ?) < ?",
                (self._root, turn.request_id, turn.started, SAME_TURN_S),
            ).fetchone()
        else:
            row = database.execute("SELECT key FROM turns WHERE key = ?", (turn_key(self._root, turn),)).fetchone()
        return None if row is None else str(row[0])

    def _stripped(self, turn: Turn) -> Turn:
        if self._keep_text:
            return replace(turn, events=())
        return replace(turn, events=(), text=None, reply=None, errors=())

    def turns(self, since: float | None = None, until: float | None = None) -> list[Turn]:
        """Stored turns of this root by time; ``since`` and ``until`` in seconds since the epoch."""
        rows = self._database.execute(
            "SELECT data FROM turns WHERE root = ? AND (started >= ? OR ? IS NULL) AND (started < ? OR ? IS NULL) "
            "ORDER BY started, key",
            (self._root, since, since, until, until),
        )
        decode = msgspec.json.Decoder(Turn).decode
        return list(_numbered(decode(data) for (data,) in rows))

    def mark(self, turn: Turn, quality: str, note: str = "") -> None:
        """Mark a turn ``good`` or ``bad``; the same mark again takes it back; an empty quality clears it."""
        key = turn_key(self._root, turn)
        with self._writing() as database:
            key = self._find(database, turn) or key
            known = database.execute("SELECT quality, note FROM marks WHERE turn = ?", (key,)).fetchone()
            if not quality or (known is not None and tuple(known) == (quality, note)):
                database.execute("DELETE FROM marks WHERE turn = ?", (key,))
            else:
                database.execute("INSERT OR REPLACE INTO marks VALUES (?, ?, ?, ?)", (key, quality, note, time.time()))

    def note(self, turn: Turn, text: str) -> None:
        """Put a note on a mark that is there; an empty one takes it away."""
        with self._writing() as database:
            key = self._find(database, turn) or turn_key(self._root, turn)
            database.execute("UPDATE marks SET note = ? WHERE turn = ?", (text, key))

    def marks(self) -> dict[str, tuple[str, str]]:
        """Request id of every marked turn of this root → (quality, note); the newest turn of an id counts."""
        rows = self._database.execute(
            "SELECT turns.request_id, quality, note FROM marks JOIN turns ON turns.key = marks.turn "
            "WHERE turns.root = ? ORDER BY turns.started",
            (self._root,),
        )
        return {str(name): (str(quality), str(note)) for name, quality, note in rows}

    def put_finding(self, finding: Finding, at: float) -> None:
        """Store a finding, or its newer state."""
        self._put_data(
            "INSERT OR REPLACE INTO findings VALUES (?, ?, ?, ?)",
            (f"{self._root}|{finding.key}|{finding.since_id}", self._root, at),
            finding,
        )

    def findings(self) -> list[tuple[float, Finding]]:
        """Every finding with the time it was stored, oldest first."""
        rows = self._database.execute("SELECT at, data FROM findings WHERE root = ? ORDER BY at", (self._root,))
        return [(float(at), msgspec.json.decode(data, type=Finding)) for at, data in rows]

    def put_comparison(self, comparison: Comparison, at: float) -> None:
        """Store a verdict."""
        self._put_data("INSERT INTO comparisons (root, at, data) VALUES (?, ?, ?)", (self._root, at), comparison)

    def comparisons(self) -> list[tuple[float, Comparison]]:
        """Every verdict with its time, oldest first."""
        rows = self._database.execute("SELECT at, data FROM comparisons WHERE root = ? ORDER BY at", (self._root,))
        return [(float(at), msgspec.json.decode(data, type=Comparison)) for at, data in rows]

    def put_change(self, op: str, at: float, label: str, state: str) -> None:
        """Store a change of a flag, or its newer state."""
        with self._writing() as database:
            database.execute(
                "INSERT OR REPLACE INTO changes VALUES (?, ?, ?, ?, ?)", (op, self._root, at, label, state)
            )

    def changes(self) -> list[tuple[str, float, str, str]]:
        """(operation, time, label, state) of every change, oldest first."""
        rows = self._database.execute(
            "SELECT op, at, label, state FROM changes WHERE root = ? ORDER BY at", (self._root,)
        )
        return [(str(op), float(at), str(label), str(state)) for op, at, label, state in rows]

    def _put_data(self, statement: str, values: tuple[Any, ...], told: msgspec.Struct) -> None:
        with self._writing() as database:
            database.execute(statement, (*values, msgspec.json.encode(told)))

    def forget(self, days: int, now: float) -> int:
        """Drop turns older than ``days`` (0 keeps all), but never a marked one; returns how many went."""
        if days <= 0:
            return 0
        with self._writing() as database:
            cursor = database.execute(
                "DELETE FROM turns WHERE started < ? AND key NOT IN (SELECT turn FROM marks)", (now - 86_400 * days,)
            )
            return cursor.rowcount

    def counts(self) -> dict[str, int]:
        """Rows by table."""
        tables = ("turns", "marks", "findings", "changes", "comparisons")
        return {name: int(self._database.execute(f"SELECT count(*) FROM {name}").fetchone()[0]) for name in tables}


def _numbered(turns: Iterable[Turn]) -> Iterator[Turn]:
    """Ordinals and sessions counted anew: every reading of the logs had counted its sessions from one."""
    session, number, told = 0, 0, None
    for ordinal, turn in enumerate(turns):
        known = turn.session_id is not None and told is not None
        if ordinal and (turn.session_id != told if known else turn.session != number):
            session, told = session + 1, None
        number, told = turn.session, turn.session_id or told
        yield replace(turn, ordinal=ordinal, session=session)


def turn_key(root: str, turn: Turn) -> str:
    """Identity of a turn: root, id and start; for a turn without both, the figures that the log gave it."""
    if turn.request_id and turn.started is not None:
        told = f"{turn.request_id}|{turn.started:.3f}"
    else:
        figures = (turn.prompt_tokens, turn.output_tokens, turn.prefill_ms, turn.decode_ms)
        told = f"{turn.session_id}|{turn.request_id}|{turn.started}|{figures}"
    return hashlib.blake2b(f"{root}|{told}".encode(errors="replace"), digest_size=12).hexdigest()


def _told(turn: Turn) -> int:
    """How much is known of a turn: the fuller telling replaces the poorer one."""
    known = sum(value is not None for value in turn.stages.values())
    return known + 8 * (turn.state is TurnState.COMPLETE) + 4 * (turn.logs == "both") + (turn.load_ms is not None)


def _connect(path: Path) -> sqlite3.Connection:
    """Open, check and migrate. Raises sqlite3.DatabaseError for a damaged file, HistoryError for a newer one."""
    database = sqlite3.connect(path, timeout=2.0, isolation_level=None, check_same_thread=False)
    try:
        _refuse_newer(database, path)
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        verdict = database.execute("PRAGMA quick_check(1)").fetchone()[0]
        if verdict != "ok":
            raise sqlite3.DatabaseError(str(verdict))
        _migrate(database)
        path.chmod(0o600)
    except BaseException:
        database.close()
        raise
    return database


def _version(database: sqlite3.Connection) -> int:
    return int(database.execute("PRAGMA user_version").fetchone()[0])


def _refuse_newer(database: sqlite3.Connection, path: Path) -> None:
    """Before anything is written: switching to WAL alone changes the file."""
    version = _version(database)
    if version > VERSION:
        raise HistoryError(
            f"{path} was written by a newer version of timmy_tui (format {version}, this one knows {VERSION}).",
            "Upgrade, or move the file away.",
        )


def _migrate(database: sqlite3.Connection) -> None:
    database.execute("BEGIN IMMEDIATE")
    version = _version(database)
    for script in _MIGRATIONS[version:]:
        for statement in script.split(";"):
            if statement.strip():
                database.execute(statement)
    database.execute(f"PRAGMA user_version = {VERSION}")
    database.execute("COMMIT")
