"""A history that is damaged, edited or from another version: a clear word, a copy kept, the rest usable."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from tests.storage.test_history import START, turn
from timmy_tui.core.errors import HistoryError
from timmy_tui.model.judgement import Finding
from timmy_tui.storage.history import History
from timmy_tui.storage.schema import VERSION

FINDING = Finding(
    key="llm:9", stage="llm", direction="slower", raised=12, raised_id="c", since=9, since_id="a", ratio=1.4,
    before_ms=800.0, after_ms=1120.0, n=4, confidence=0.9,
)  # fmt: skip


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A history of ten turns, of which the third is marked, with a finding and a change."""
    path = tmp_path / "state" / "history.db"
    with closing(History(path, "/timmy")) as history:
        history.put_turns([turn(number) for number in range(1, 11)])
        history.mark(3, "bad", "why")
        history.put_finding(FINDING, START)
        history.put_change("op", START, "a label", "kept")
    return path


def edit(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as database, database:
        for statement in statements:
            database.execute(statement)


def copies(path: Path) -> list[Path]:
    return [one for one in path.parent.iterdir() if ".damaged-" in one.name and one.suffix == ".db"]


@pytest.mark.parametrize(
    ("statement", "word", "lost"),
    [
        ("DROP TABLE marks", "there is no table marks", "marks"),
        ("DROP TABLE findings", "there is no table findings", "findings"),
        ("DROP TABLE last_numbers", "there is no table last_numbers", ""),
        ("ALTER TABLE changes DROP COLUMN label", "changes has no label", "changes"),
        ("PRAGMA user_version = 1", "duplicate column name", ""),
        ("PRAGMA user_version = -7", "its format is -7", ""),
        ("PRAGMA user_version = 0", "already exists", ""),
    ],
)
def test_tables_that_are_not_ours_are_set_aside_and_the_rest_goes_on(
    path: Path, statement: str, word: str, lost: str
) -> None:
    edit(path, statement)
    before = path.read_bytes()
    with closing(History(path, "/timmy")) as history:
        assert word in history.warning
        (copy,) = copies(path)
        assert copy.name in history.warning
        assert copy.read_bytes() == before
        counts = history.counts()
        assert counts == {"turns": 10, "marks": 1, "findings": 1, "changes": 1, "comparisons": 0} | (
            {lost: 0} if lost and lost != "changes" else {}
        )
        assert [one.number for one in history.turns()] == [*range(1, 11)]
        history.put_turns([turn(11)])
        assert history.turns()[-1].number == 11, "a number is not given twice"
    with closing(History(path, "/timmy")) as again:
        assert again.warning == ""


def test_a_newer_format_is_not_touched(path: Path) -> None:
    edit(path, f"PRAGMA user_version = {VERSION + 1}")
    before = path.read_bytes()
    with pytest.raises(HistoryError, match="newer version"):
        History(path, "/timmy")
    assert path.read_bytes() == before
    assert copies(path) == []


def test_what_can_be_read_of_a_torn_file_is_in_the_new_one(path: Path) -> None:
    with closing(History(path, "/timmy")) as history:
        history.put_turns([turn(number) for number in range(11, 600)])
    data = bytearray(path.read_bytes())
    start, end = (len(data) * share // 10 // 4096 * 4096 for share in (4, 6))
    data[start:end] = b"\xff" * (end - start)
    path.write_bytes(data)
    with closing(History(path, "/timmy")) as history:
        assert "damaged" in history.warning
        kept = [one.number or 0 for one in history.turns()]
        assert 100 < len(kept) < 599
        assert kept == sorted(set(kept))
        assert 599 in kept, "also behind the damage"
        history.put_turns([turn(1000)])
        assert history.turns()[-1].number == 600
    assert copies(path)


BAD_ROWS: dict[str, str] = {
    "UPDATE turns SET data = 'no json' WHERE number = 2": "turns",
    "UPDATE turns SET data = '{}' WHERE number = 2": "turns",
    "UPDATE turns SET data = 7 WHERE number = 2": "turns",
    "UPDATE turns SET data = CAST(X'5B5B5BFF' AS TEXT) WHERE number = 2": "turns",
    f"UPDATE turns SET data = '{'[' * 5000}' WHERE number = 2": "turns",
    """UPDATE turns SET data = '{"ordinal":0,"state":"asleep"}' WHERE number = 2""": "turns",
    """UPDATE findings SET data = '{"of": "another program"}'""": "findings",
    "INSERT INTO comparisons (root, at, data) VALUES ('/timmy', 1, 'x')": "comparisons",
}


@pytest.mark.parametrize("statement", BAD_ROWS)
def test_a_bad_row_costs_that_row(path: Path, statement: str) -> None:
    table = BAD_ROWS[statement]
    edit(path, statement)
    with closing(History(path, "/timmy")) as history:
        assert history.warning == ""
        numbers = [one.number for one in history.turns()]
        assert numbers == [number for number in range(1, 11) if number != 2 or table != "turns"]
        assert len(history.findings()) == (table != "findings")
        assert history.comparisons() == []
        assert history.unreadable == {table: 1}


def test_a_bad_row_is_healed_when_its_turn_is_read_again(path: Path) -> None:
    edit(path, "UPDATE turns SET data = 'no json' WHERE number = 2")
    with closing(History(path, "/timmy")) as history:
        assert history.put_turns([turn(number) for number in range(1, 11)]) == 0
        assert [one.number for one in history.turns()] == [*range(1, 11)]
        assert history.unreadable == {}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE turns SET number = NULL WHERE number = 2",
        "UPDATE turns SET number = 'two' WHERE number = 2",
        "UPDATE turns SET place = NULL WHERE number = 2",
        "UPDATE turns SET place = 'here' WHERE number = 2",
    ],
)
def test_a_row_without_a_name_or_a_place_is_left_alone(path: Path, statement: str) -> None:
    edit(path, statement)
    with closing(History(path, "/timmy")) as history:
        assert 2 not in [one.number for one in history.turns()]
        assert history.marks() == {3: ("bad", "why", "00000003")}
        history.put_turns([turn(11)])
        assert history.turns()[-1].request_id == "0000000b"


@pytest.mark.parametrize("number", ["9e999", "-9e999", "1e300", "'x'", "x'ff'", "9223372036854775807", "-5"])
def test_turns_are_numbered_on_where_the_last_number_is_none(path: Path, number: str) -> None:
    edit(path, f"UPDATE last_numbers SET number = {number}")
    with closing(History(path, "/timmy")) as history:
        before = [one.number for one in history.turns()]
        history.put_turns([turn(11)])
        history.put_turns([turn(12)])
        assert [one.number for one in history.turns()] == [*before, len(before) + 1, len(before) + 2]


@pytest.mark.parametrize("at", ["1e300", "-1e300", "9e999", "'soon'"])
def test_a_time_that_is_none_is_no_error(path: Path, at: str) -> None:
    edit(path, *(f"UPDATE {table} SET at = {at}" for table in ("turns", "marks", "findings", "changes")))
    with closing(History(path, "/timmy")) as history:
        history.put_turns([turn(11)])
        assert len(history.turns()) == 11
        assert len(history.findings()) == ("'" not in at)
        assert len(history.changes()) == ("'" not in at)
        assert history.delete_old_turns(1, START) >= 0


def break_schema(path: Path) -> None:
    # Pages that a connection holds in memory it does not read again: the schema is what it notices.
    edit(
        path,
        "PRAGMA writable_schema = ON",
        "UPDATE sqlite_schema SET sql = 'x' WHERE name = 'turns'",
        "PRAGMA schema_version = 99",
    )


def drop(path: Path) -> None:
    edit(path, "DROP TABLE turns")


@pytest.mark.parametrize("damage", [break_schema, drop])
@pytest.mark.parametrize("access", ["store", "read", "mark"])
def test_a_damage_while_the_file_is_open_is_said_once_and_the_next_try_succeeds(
    path: Path, damage: Callable[[Path], None], access: str
) -> None:
    acts: dict[str, Callable[[History], object]] = {
        "store": lambda history: history.put_turns([turn(11)]),
        "read": lambda history: history.turns(),
        "mark": lambda history: history.mark(3, "good"),
    }
    with closing(History(path, "/timmy")) as history:
        damage(path)
        with pytest.raises(HistoryError, match="damaged"):
            acts[access](history)
        acts[access](history)
        assert len(copies(path)) == 1
        history.put_turns([turn(12)])
        assert "0000000c" in [one.request_id for one in history.turns()]


def test_everything_beside_the_file_is_private(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        path = tmp_path / "state/history.db"
        with closing(History(path, "/timmy")) as history:
            history.put_turns([turn(1)])
            assert {one.suffix for one in path.parent.iterdir()} == {".db", ".db-wal", ".db-shm"}
            assert modes(path.parent) == {0o600}
        edit(path, "DROP TABLE marks")
        path.chmod(0o666)
        History(path, "/timmy").close()
        assert copies(path)
        assert modes(path.parent) == {0o600}
    finally:
        os.umask(before)


def modes(folder: Path) -> set[int]:
    return {one.stat().st_mode & 0o777 for one in folder.iterdir()}


def test_a_folder_that_cannot_be_made_is_a_history_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HistoryError, match="File exists"):
        History(tmp_path / "file/history.db", "/timmy")


def test_a_path_that_is_not_text_has_a_history_too(tmp_path: Path) -> None:
    with closing(History(tmp_path / "history.db", "/timmy\udcff")) as history:
        assert history.put_turns([turn(1)]) == 1
        assert len(history.turns()) == 1
        assert msgspec.json.encode(history.turns())
