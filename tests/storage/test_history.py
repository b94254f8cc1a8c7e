"""What is stored survives logs, restarts, other processes and a damaged file."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from tests.turn_makers import complete_turn
from timmy_tui.core.errors import HistoryError
from timmy_tui.model.judgement import Comparison, Finding
from timmy_tui.model.turn import Turn, TurnState
from timmy_tui.storage.history import History
from timmy_tui.storage.schema import VERSION

START = 1_764_350_000.0


def turn(number: int, **fields: Any) -> Turn:
    known = {
        "request_id": f"{number:08x}", "started": START + 20 * number, "stages": {"llm": 800.0 + number},
        "text": "my secret", "reply": "my answer",
    }  # fmt: skip
    return complete_turn(number, **{**known, **fields})


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    opened = History(tmp_path / "history.db", "/timmy")
    yield opened
    opened.close()


def test_turns_are_stored_by_time_and_without_text(history: History, tmp_path: Path) -> None:
    assert history.put_turns([turn(2), turn(1)]) == 2
    stored = history.turns()
    assert [turn.request_id for turn in stored] == ["00000001", "00000002"]
    assert stored[0].stages["llm"] == 801.0
    assert stored[0].text is None
    assert b"secret" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())


def test_the_newest_turns_of_a_time_are_in_their_order_and_no_more_than_asked(history: History) -> None:
    history.put_turns([turn(number) for number in range(10)])
    newest = history.newest_turns(START + 20, START + 160, 3)
    assert [one.request_id for one in newest] == ["00000005", "00000006", "00000007"]
    assert [one.ordinal for one in newest] == [0, 1, 2]
    assert len(history.newest_turns(START + 20, START + 160, 30)) == 7


def test_text_is_kept_only_on_request(tmp_path: Path) -> None:
    history = History(tmp_path / "history.db", "/timmy", keep_text=True)
    history.put_turns([turn(1)])
    assert history.turns()[0].text == "my secret"
    history.close()


def test_the_same_log_read_again_doubles_nothing(history: History) -> None:
    history.put_turns([turn(1), turn(2)])
    assert history.put_turns([turn(1, ordinal=7), turn(2, ordinal=8), turn(3)]) == 1
    assert len(history.turns()) == 3


def test_a_less_complete_turn_does_not_replace_a_more_complete_one(history: History) -> None:
    history.put_turns([turn(1)])
    history.put_turns([turn(1, started=START + 21, stages={}, state=TurnState.TIMED_OUT)])
    stored = history.turns()
    assert [(turn.state, turn.stages.get("llm")) for turn in stored] == [(TurnState.COMPLETE, 801.0)]


def test_a_colliding_id_much_later_is_another_turn(history: History) -> None:
    history.put_turns([turn(1), turn(1, ordinal=2, started=START + 86_400.0)])
    assert len(history.turns()) == 2


def test_turns_without_id_or_time_are_distinguished_by_their_figures(history: History) -> None:
    typed = [turn(n, request_id="", started=None, prompt_tokens=tokens) for n, tokens in enumerate((600, 700))]
    assert [history.put_turns(typed), history.put_turns(typed)] == [2, 0]


def test_open_turns_are_not_stored(history: History) -> None:
    assert history.put_turns([turn(1, state=TurnState.OPEN)]) == 0


def test_the_same_mark_again_removes_it(history: History) -> None:
    history.put_turns([turn(1)])
    history.mark(1, "bad", "forgot the cats")
    assert history.marks() == {1: ("bad", "forgot the cats", "00000001")}
    history.mark(1, "good")
    assert history.marks() == {1: ("good", "", "00000001")}
    history.mark(1, "good")
    assert history.marks() == {}
    history.mark(2, "good")
    assert history.counts()["marks"] == 0, "a number that no turn has"


def test_retention_keeps_marked_turns(tmp_path: Path, history: History) -> None:
    history.put_turns([turn(1), turn(2), turn(3, started=START + 10 * 86_400)])
    history.mark(2, "good")
    history = History(tmp_path / "history.db", "/timmy")
    assert history.delete_old_turns(0, START + 11 * 86_400) == 0
    assert history.delete_old_turns(5, START + 11 * 86_400) == 1
    assert [turn.request_id for turn in history.turns()] == ["00000002", "00000003"]


def test_last_week_can_be_asked_for(history: History) -> None:
    history.put_turns([turn(day, started=START + day * 86_400.0) for day in range(14)])
    week = history.turns(since=START + 7 * 86_400, until=START + 10 * 86_400)
    assert [turn.request_id for turn in week] == ["00000007", "00000008", "00000009"]


def test_another_root_has_its_own_turns(history: History, tmp_path: Path) -> None:
    history.put_turns([turn(1)])
    other = History(tmp_path / "history.db", "/other")
    assert other.turns() == []
    assert other.put_turns([turn(1)]) == 1
    other.close()


def test_findings_verdicts_and_changes_are_stored(history: History) -> None:
    finding = Finding(
        key="llm:9", stage="llm", direction="slower", raised=12, raised_id="c", since=9, since_id="a", ratio=1.4,
        before_ms=800.0, after_ms=1120.0, n=4, confidence=0.9,
    )  # fmt: skip
    history.put_finding(finding, START)
    finding = replace(finding, ended="accepted")
    history.put_finding(finding, START + 1)
    verdict = Comparison(a="epoch:1", b="epoch:2", n_a=9, n_b=9, stages=(), sentence="unchanged")
    history.put_comparison(verdict, START)
    history.put_change("op1", START, "tail mode off→on", "verifying")
    history.put_change("op1", START, "tail mode off→on", "kept")
    assert [stored for _, stored in history.findings()] == [finding]
    assert history.comparisons() == [(START, verdict)]
    assert history.changes() == [("op1", START, "tail mode off→on", "kept")]
    assert history.counts() == {"turns": 0, "marks": 0, "findings": 1, "changes": 1, "comparisons": 1}


def test_a_damaged_file_is_renamed_and_named_in_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    path.write_bytes(b"SQLite format 3\x00" + b"garbage" * 1000)
    damaged = path.read_bytes()
    history = History(path, "/timmy")
    assert "damaged" in history.warning
    assert history.put_turns([turn(1)]) == 1
    history.close()
    renamed = [path for path in tmp_path.iterdir() if ".damaged-" in path.name and path.suffix == ".db"]
    assert [path.read_bytes() for path in renamed] == [damaged]


def test_a_locked_file_is_a_clear_error_and_loses_nothing(history: History, tmp_path: Path) -> None:
    history.put_turns([turn(1)])
    other = sqlite3.connect(tmp_path / "history.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(HistoryError, match="locked"):
        history.put_turns([turn(2)])
    other.execute("ROLLBACK")
    other.close()
    assert history.put_turns([turn(2)]) == 1
    assert len(history.turns()) == 2


def of_version(version: int, path: Path, stored: list[Turn]) -> None:
    """A file as version 1 or 2 of it was written; a turn without a time had a key of its figures."""
    database = sqlite3.connect(path)
    database.executescript(
        "CREATE TABLE turns (key TEXT PRIMARY KEY, root TEXT NOT NULL, request_id TEXT NOT NULL, session_id TEXT, "
        "started REAL, state TEXT NOT NULL, events INTEGER NOT NULL, data BLOB NOT NULL);"
        "CREATE INDEX turns_by_time ON turns (root, started); CREATE INDEX turns_by_id ON turns (root, request_id);"
        "CREATE TABLE marks (turn TEXT PRIMARY KEY, quality TEXT NOT NULL, note TEXT NOT NULL, at REAL NOT NULL);"
        "CREATE TABLE findings (key TEXT PRIMARY KEY, root TEXT NOT NULL, at REAL NOT NULL, data BLOB NOT NULL);"
        "CREATE TABLE changes (op TEXT PRIMARY KEY, root TEXT NOT NULL, at REAL NOT NULL, label TEXT, state TEXT);"
        "CREATE TABLE comparisons (id INTEGER PRIMARY KEY, root TEXT NOT NULL, at REAL NOT NULL, data BLOB NOT NULL);"
        f"PRAGMA user_version = {version};"
    )
    for number, one in enumerate(stored):
        for root in ("/timmy", "/other"):
            data = msgspec.json.encode(replace(one, text=None, reply=None))
            values = (f"{root}{number}", root, one.request_id, one.session_id, one.started, str(one.state), 9, data)
            database.execute("INSERT INTO turns VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)
    database.execute("INSERT INTO marks VALUES ('/timmy1', 'bad', 'too curt', 1)")
    database.commit()
    database.close()


def test_lone_pauses_of_an_older_version_are_deleted(tmp_path: Path) -> None:
    """It stored each of them as a turn, in a state that is none any more."""
    path = tmp_path / "history.db"
    of_version(1, path, [turn(1), turn(2)])
    database = sqlite3.connect(path)
    database.execute("UPDATE turns SET state = 'lone_pause', data = '{\"ordinal\":1,\"state\":\"lone_pause\"}' WHERE "
                     "request_id = '00000001'")  # fmt: skip
    database.commit()
    database.close()
    history = History(path, "/timmy")
    assert [stored.request_id for stored in history.turns()] == ["00000002"]
    history.close()


@pytest.mark.parametrize("version", [1, 2])
def test_turns_of_an_older_version_get_numbers_by_their_times(tmp_path: Path, version: int) -> None:
    path = tmp_path / "history.db"
    typed = turn(4, request_id="", prompt_tokens=700, output_tokens=30, decode_ms=12.5, started=None)
    of_version(version, path, [turn(3), turn(1), turn(2), typed])
    history = History(path, "/timmy")
    assert [(one.number, one.request_id) for one in history.turns()] == [
        (1, ""), (2, "00000001"), (3, "00000002"), (4, "00000003")
    ]  # fmt: skip
    assert history.marks() == {2: ("bad", "too curt", "00000001")}
    # The logs, read again, say where the turn without a time belongs; it has its number already.
    assert history.put_turns([turn(1), turn(2), turn(3), typed, turn(5)]) == 1
    assert [one.number for one in history.turns()] == [2, 3, 4, 1, 5]
    history.close()
    other = History(path, "/other")
    assert [one.number for one in other.turns()] == [1, 2, 3, 4] and other.marks() == {}
    other.close()


def test_a_newer_format_is_refused_untouched(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    database = sqlite3.connect(path)
    database.execute(f"PRAGMA user_version = {VERSION + 1}")
    database.close()
    before = path.read_bytes()
    with pytest.raises(HistoryError, match="newer version"):
        History(path, "/timmy")
    assert path.read_bytes() == before


def test_a_folder_in_its_place_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "history.db").mkdir()
    with pytest.raises(HistoryError, match="cannot be used"):
        History(tmp_path / "history.db", "/timmy")


def test_several_processes_write_at_once(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from timmy_tui.storage.history import History\n"
        "from timmy_tui.model.turn import Turn, TurnState\n"
        "h = History(Path(sys.argv[1]), '/timmy'); base = int(sys.argv[2])\n"
        "for n in range(base, base + 50):\n"
        "    h.put_turns([Turn(ordinal=n, request_id=f'{n:08x}', state=TurnState.COMPLETE, started=1e9 + 200 * n)])\n"
        "h.close()\n"
    )
    path = tmp_path / "history.db"
    writers = [subprocess.Popen([sys.executable, "-c", code, str(path), str(base)]) for base in (0, 30)]
    assert [writer.wait(timeout=30) for writer in writers] == [0, 0]
    history = History(path, "/timmy")
    assert len(history.turns()) == 80
    history.close()


def test_private_to_the_user(history: History, tmp_path: Path) -> None:
    assert (tmp_path / "history.db").stat().st_mode & 0o077 == 0


def test_a_note_goes_on_a_mark_and_leaves_it_as_it_is(history: History) -> None:
    history.put_turns([turn(1)])
    history.note(1, "nothing to write on")
    assert history.marks() == {}
    history.mark(1, "bad")
    history.note(1, "too curt")
    assert history.marks() == {1: ("bad", "too curt", "00000001")}
    history.note(1, "")
    assert history.marks() == {1: ("bad", "", "00000001")}


@pytest.mark.parametrize("bad", [b"", b"{", b"[" * 3000, b'{"ordinal": 0, "request_id": NaN}', b'{"ordinal": 1e400}'])
def test_a_row_that_cannot_be_read_costs_that_row(history: History, tmp_path: Path, bad: bytes) -> None:
    history.put_turns([turn(1), turn(2), turn(3)])
    history.put_comparison(Comparison(a="a", b="b", n_a=9, n_b=9, stages=(), sentence="x"), START)
    with sqlite3.connect(tmp_path / "history.db") as database:
        database.execute("UPDATE turns SET data = ? WHERE number = 2", (bad,))
        database.execute("UPDATE comparisons SET data = ?", (bad,))
    database.close()
    assert [one.request_id for one in history.turns()] == ["00000001", "00000003"]
    assert history.comparisons() == []
    history.put_turns([turn(2), turn(4)])
    assert {one.request_id for one in history.turns()} == {f"{number:08x}" for number in (1, 2, 3, 4)}
