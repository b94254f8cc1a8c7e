"""The history: turns, marks, findings, changes and comparisons in one SQLite file.

Several processes may have it open (WAL mode). A turn that is read again, from the same log or a copy of it, is the same
row: its key is made of Timmy's root, its request id and its time, because the eight-digit ids alone collide. Texts of
the conversation are only stored if the user wants it.
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

VERSION = 2

SAME_TURN_S = 120.0
"""Two rows with one id are the same turn if they start within this time: longer than any turn, shorter than the time
after which an id comes again."""

_MIGRATION_SCRIPTS: tuple[str, ...] = (
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
    # Lone pauses are no turns: older versions stored each, 110 000 a day of a quiet room.
    "DELETE FROM turns WHERE state = 'lone_pause'",
)
"""One script per version; the first n of them have been run on a file of version n."""


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

    def _open(self) -> sqlite3.Connection:
        try:
            return _connect(self._path)
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
            return _connect(self._path)

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
        """Store closed turns; returns the number of new rows. A stored turn is only replaced by a more complete one."""
        new = 0
        with self._transaction() as database:
            for turn in turns:
                if turn.state is not TurnState.OPEN:
                    new += self._put_turn(database, turn)
        return new

    def _put_turn(self, database: sqlite3.Connection, turn: Turn) -> int:
        key = self._find_key(database, turn)
        completeness = _completeness(turn)
        if key is not None:
            stored = database.execute("SELECT events FROM turns WHERE key = ?", (key,)).fetchone()
            if stored is not None and stored[0] > completeness:
                return 0
        data = msgspec.json.encode(self._without_private_text(turn))
        database.execute(
            "INSERT OR REPLACE INTO turns VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                key or turn_key(self._root, turn), self._root, turn.request_id, turn.session_id, turn.started,
                str(turn.state), completeness, data,
            ),
        )  # fmt: skip
        return int(key is None)

    def _find_key(self, database: sqlite3.Connection, turn: Turn) -> str | None:
        """Key of the stored row of the same turn, or None."""
        if turn.request_id and turn.started is not None:
            row = database.execute(
                "SELECT key FROM turns WHERE root = ? AND request_id = ? AND abs(started - ?) < ?",
                (self._root, turn.request_id, turn.started, SAME_TURN_S),
            ).fetchone()
        else:
            row = database.execute("SELECT key FROM turns WHERE key = ?", (turn_key(self._root, turn),)).fetchone()
        return None if row is None else str(row[0])

    def _without_private_text(self, turn: Turn) -> Turn:
        if self._keep_text:
            return replace(turn, events=())
        return replace(turn, events=(), text=None, reply=None, errors=())

    def turns(self, since: float | None = None, until: float | None = None) -> list[Turn]:
        """Stored turns of this root by time; ``since`` (included) and ``until`` (excluded) in seconds since 1970."""
        rows = self._database.execute(
            "SELECT data FROM turns WHERE root = ? AND (started >= ? OR ? IS NULL) AND (started < ? OR ? IS NULL) "
            "ORDER BY started, key",
            (self._root, since, since, until, until),
        )
        decode = msgspec.json.Decoder(Turn).decode
        return list(_renumber(decode(data) for (data,) in rows))

    def mark(self, turn: Turn, quality: str, note: str = "") -> None:
        """Mark a turn ``good`` or ``bad``. The same mark again removes it, and so does an empty quality."""
        key = turn_key(self._root, turn)
        with self._transaction() as database:
            key = self._find_key(database, turn) or key
            stored = database.execute("SELECT quality, note FROM marks WHERE turn = ?", (key,)).fetchone()
            if not quality or (stored is not None and tuple(stored) == (quality, note)):
                database.execute("DELETE FROM marks WHERE turn = ?", (key,))
            else:
                database.execute("INSERT OR REPLACE INTO marks VALUES (?, ?, ?, ?)", (key, quality, note, time.time()))

    def note(self, turn: Turn, text: str) -> None:
        """Set the note of a marked turn; an empty one removes it. Does nothing for a turn without a mark."""
        with self._transaction() as database:
            key = self._find_key(database, turn) or turn_key(self._root, turn)
            database.execute("UPDATE marks SET note = ? WHERE turn = ?", (text, key))

    def marks(self) -> dict[str, tuple[str, str]]:
        """Request id → (quality, note) of the marked turns of this root; of several turns with one id, the newest."""
        rows = self._database.execute(
            "SELECT turns.request_id, quality, note FROM marks JOIN turns ON turns.key = marks.turn "
            "WHERE turns.root = ? ORDER BY turns.started",
            (self._root,),
        )
        return {str(request_id): (str(quality), str(note)) for request_id, quality, note in rows}

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
        return [(float(at), msgspec.json.decode(data, type=Finding)) for at, data in rows]

    def put_comparison(self, comparison: Comparison, at: float) -> None:
        """Store a comparison. ``at``: seconds since 1970."""
        self._put_data("INSERT INTO comparisons (root, at, data) VALUES (?, ?, ?)", (self._root, at), comparison)

    def comparisons(self) -> list[tuple[float, Comparison]]:
        """All comparisons with their time, oldest first."""
        rows = self._database.execute("SELECT at, data FROM comparisons WHERE root = ? ORDER BY at", (self._root,))
        return [(float(at), msgspec.json.decode(data, type=Comparison)) for at, data in rows]

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
        """Delete unmarked turns older than ``days`` (0: none); returns their number. ``now``: seconds since 1970."""
        if days <= 0:
            return 0
        with self._transaction() as database:
            cursor = database.execute(
                "DELETE FROM turns WHERE started < ? AND key NOT IN (SELECT turn FROM marks)", (now - 86_400 * days,)
            )
            return cursor.rowcount

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


def turn_key(root: str, turn: Turn) -> str:
    """Key of a turn: a hash of root, request id and start. If one of them is missing, of all its figures in the log."""
    if turn.request_id and turn.started is not None:
        identity = f"{turn.request_id}|{turn.started:.3f}"
    else:
        figures = (turn.prompt_tokens, turn.output_tokens, turn.prefill_ms, turn.decode_ms)
        identity = f"{turn.session_id}|{turn.request_id}|{turn.started}|{figures}"
    return hashlib.blake2b(f"{root}|{identity}".encode(errors="replace"), digest_size=12).hexdigest()


def _completeness(turn: Turn) -> int:
    """How much is known of a turn; stored as ``events``. The more complete of two rows is kept."""
    measured = sum(value is not None for value in turn.stages.values())
    return measured + 8 * (turn.state is TurnState.COMPLETE) + 4 * (turn.logs == "both") + (turn.load_ms is not None)


def _connect(path: Path) -> sqlite3.Connection:
    """Open, check and migrate. Raises sqlite3.DatabaseError for a damaged file, HistoryError for a newer one."""
    database = sqlite3.connect(path, timeout=2.0, isolation_level=None, check_same_thread=False)
    try:
        _refuse_newer(database, path)
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        result = database.execute("PRAGMA quick_check(1)").fetchone()[0]
        if result != "ok":
            raise sqlite3.DatabaseError(str(result))
        _migrate(database)
        path.chmod(0o600)
    except BaseException:
        database.close()
        raise
    return database


def _version(database: sqlite3.Connection) -> int:
    return int(database.execute("PRAGMA user_version").fetchone()[0])


def _refuse_newer(database: sqlite3.Connection, path: Path) -> None:
    """Raises HistoryError for a newer file. Called before anything is written; already WAL mode changes the file."""
    version = _version(database)
    if version > VERSION:
        raise HistoryError(
            f"{path} was written by a newer version of timmy_tui "
            f"(format {version}; this version reads format {VERSION}).",
            "Upgrade, or move the file away.",
        )


def _migrate(database: sqlite3.Connection) -> None:
    database.execute("BEGIN IMMEDIATE")
    version = _version(database)
    for script in _MIGRATION_SCRIPTS[version:]:
        for statement in script.split(";"):
            if statement.strip():
                database.execute(statement)
    database.execute(f"PRAGMA user_version = {VERSION}")
    database.execute("COMMIT")
