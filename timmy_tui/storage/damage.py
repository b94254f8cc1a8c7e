"""What happens to a damaged history: the file is renamed and stays, and what can be read of it goes into a new one."""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

COMPANIONS = ("", "-wal", "-shm")
"""A database in WAL mode is up to three files."""
UNUSABLE = frozenset(
    {
        sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_READONLY, sqlite3.SQLITE_FULL, sqlite3.SQLITE_PERM, sqlite3.SQLITE_NOMEM,
    }
)  # fmt: skip
"""Error codes that say nothing of the file's content: another process, the disk or the user's rights are in the way."""


def is_damage(error: sqlite3.Error) -> bool:
    """The content is wrong: not a database, malformed, or other tables than ours. False: only the access failed."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    return isinstance(error, sqlite3.DatabaseError) and (code & 0xFF) not in UNUSABLE


def private(path: Path) -> None:
    """Make the files of a database readable by their owner alone. A file that is not there is passed over."""
    for suffix in COMPANIONS:
        with suppress(FileNotFoundError):
            path.with_name(path.name + suffix).chmod(0o600)


def set_aside(path: Path) -> Path:
    """Rename the files of a database; the new name. Raises OSError."""
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    aside = path.with_name(f"{path.stem}.damaged-{stamp}.db")
    number = 1
    while os.path.lexists(aside):
        number += 1
        aside = path.with_name(f"{path.stem}.damaged-{stamp}-{number}.db")
    private(path)
    for suffix in COMPANIONS:
        with suppress(FileNotFoundError):
            path.with_name(path.name + suffix).rename(aside.with_name(aside.name + suffix))
    return aside


def salvage(damaged: Path, database: sqlite3.Connection) -> int:
    """Copy the rows that can be read into the empty tables of ``database``; how many. Never raises sqlite3.Error.

    A row that the new tables refuse is left out, and a column that either side has not.
    """
    copied = 0
    with suppress(sqlite3.Error), closing(sqlite3.connect(f"{damaged.absolute().as_uri()}?mode=ro", uri=True)) as old:
        tables = [str(name) for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            columns = [name for name in _columns(database, table) if name in _columns(old, table)]
            names, places = ", ".join(columns), ", ".join("?" * len(columns))
            for row in _rows(old, table, names) if columns else ():
                with suppress(sqlite3.Error):
                    database.execute(f"INSERT OR IGNORE INTO {table} ({names}) VALUES ({places})", row)
                    copied += 1
    return copied


def _columns(database: sqlite3.Connection, table: str) -> list[str]:
    try:
        return [str(row[1]) for row in database.execute(f"PRAGMA table_info({table})")]
    except sqlite3.Error:
        return []


def _rows(database: sqlite3.Connection, table: str, names: str) -> Iterator[tuple[object, ...]]:
    """Rows from the first on, up to the damage; then from the last one back to it."""
    for order in ("ASC", "DESC"):
        try:
            yield from database.execute(f"SELECT {names} FROM {table} ORDER BY rowid {order}")
        except (sqlite3.Error, OverflowError):
            continue
        return
