"""The tables of the history, how a file of an older version becomes one of this version, and how the file is opened."""

import os
import sqlite3
from contextlib import suppress
from pathlib import Path

from timmy_tui.core.errors import HistoryError
from timmy_tui.storage.damage import is_damage, private, salvage, set_aside

VERSION = 3
WAIT_S = 2.0
"""Longest wait for another process that writes: a dashboard tries again by itself."""

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
    # ``number``: the turn's name; ``last_numbers`` never gives one again. ``place``: sorts the turns as they happened.
    # ``at``: when it started, or the turn beside it where that is not known.
    """
    ALTER TABLE turns ADD COLUMN number INTEGER;
    ALTER TABLE turns ADD COLUMN place REAL;
    ALTER TABLE turns ADD COLUMN at REAL;
    ALTER TABLE turns ADD COLUMN prompt_tokens INTEGER;
    ALTER TABLE turns ADD COLUMN output_tokens INTEGER;
    CREATE TEMP TABLE ranks AS
        SELECT key, row_number() OVER (PARTITION BY root ORDER BY started, key) AS rank FROM turns;
    CREATE UNIQUE INDEX temp.ranks_by_key ON ranks (key);
    UPDATE turns SET number = (SELECT rank FROM temp.ranks WHERE ranks.key = turns.key), at = started,
        prompt_tokens = json_extract(CAST(data AS TEXT), '$.prompt_tokens'),
        output_tokens = json_extract(CAST(data AS TEXT), '$.output_tokens');
    UPDATE turns SET place = number;
    DROP TABLE temp.ranks;
    CREATE TABLE last_numbers (root TEXT PRIMARY KEY, number INTEGER NOT NULL);
    INSERT INTO last_numbers SELECT root, max(number) FROM turns GROUP BY root;
    CREATE UNIQUE INDEX turns_by_number ON turns (root, number);
    CREATE INDEX turns_by_place ON turns (root, place);
    CREATE INDEX turns_by_figures ON turns (root, prompt_tokens, output_tokens);
    """,
)
"""One script per version; the first n of them have been run on a file of version n."""


_COLUMNS = {
    "turns": "key root request_id session_id started state events data number place at prompt_tokens output_tokens",
    "marks": "turn quality note at",
    "findings": "key root at data",
    "changes": "op root at label state",
    "comparisons": "id root at data",
    "last_numbers": "root number",
}
"""What the tables of this version have; a file that has less was changed by somebody else."""


def connect(path: Path, wait_s: float = WAIT_S) -> sqlite3.Connection:
    """Open, check and migrate. Raises sqlite3.DatabaseError for a damaged file, HistoryError for a newer one."""
    # Made here, because SQLite would make it, and its -wal and -shm after it, readable by everybody.
    with suppress(OSError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        private(path)
    database = sqlite3.connect(path, timeout=wait_s, isolation_level=None, check_same_thread=False)
    database.text_factory = lambda text: text.decode(errors="replace")
    try:
        _refuse_newer(database, path)
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        result = database.execute("PRAGMA quick_check(1)").fetchone()[0]
        if result != "ok":
            raise sqlite3.DatabaseError(str(result))
        _migrate(database)
        _check_tables(database)
        private(path)
    except BaseException:
        database.close()
        raise
    return database


def open_database(path: Path, wait_s: float = WAIT_S) -> tuple[sqlite3.Connection, str]:
    """The database, and a message for the user where it was damaged: then it is a new one with what could be read.

    Raises HistoryError when the file cannot be opened or belongs to a newer version of the program.
    """
    try:
        return connect(path, wait_s), ""
    except sqlite3.Error as error:
        if not is_damage(error):
            raise HistoryError(f"{path} cannot be used: {error}.", "Turns are shown but not stored.") from None
        why = error
    try:
        aside = set_aside(path)
        database = connect(path, wait_s)
    except (OSError, sqlite3.Error) as error:
        raise HistoryError(f"{path} is damaged ({why}) and cannot be replaced: {error}.") from None
    rows = salvage(aside, database)
    _never_again(database)
    return database, (
        f"the history was damaged ({why}); it was renamed to {aside.name}, and a new one was started "
        f"with the {rows} rows that could be read"
    )


def _version(database: sqlite3.Connection) -> int:
    return int(database.execute("PRAGMA user_version").fetchone()[0])


def _refuse_newer(database: sqlite3.Connection, path: Path) -> None:
    """Raises HistoryError for a newer file. Called before anything is written; already WAL mode changes the file."""
    version = _version(database)
    if version < 0:
        raise sqlite3.DatabaseError(f"its format is {version}")
    if version > VERSION:
        raise HistoryError(
            f"{path} was written by a newer version of timmy_tui "
            f"(format {version}; this version reads format {VERSION}).",
            "Upgrade, or move the file away.",
        )


def _migrate(database: sqlite3.Connection) -> None:
    if _version(database) == VERSION:
        return
    database.execute("BEGIN IMMEDIATE")
    version = _version(database)
    for script in _MIGRATION_SCRIPTS[version:]:
        for statement in script.split(";"):
            if statement.strip():
                database.execute(statement)
    database.execute(f"PRAGMA user_version = {VERSION}")
    database.execute("COMMIT")


def _check_tables(database: sqlite3.Connection) -> None:
    for table, columns in _COLUMNS.items():
        present = {row[1] for row in database.execute(f"PRAGMA table_info({table})")}
        missing = [name for name in columns.split() if name not in present]
        if missing:
            raise sqlite3.DatabaseError(f"{table} has no {missing[0]}" if present else f"there is no table {table}")


def _never_again(database: sqlite3.Connection) -> None:
    """No number of a turn is given twice, also where the table that remembers them could not be read."""
    with suppress(sqlite3.Error):
        database.execute(
            "INSERT INTO last_numbers SELECT root, max(number) FROM turns WHERE typeof(number) = 'integer' "
            "GROUP BY root ON CONFLICT (root) DO UPDATE SET number = max(number, excluded.number)"
        )
