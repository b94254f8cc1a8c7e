"""The tables of the history, how a file of an older version becomes one of this version, and how the file is opened."""

import sqlite3
from pathlib import Path

from timmy_tui.core.errors import HistoryError

VERSION = 3

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


def connect(path: Path) -> sqlite3.Connection:
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
