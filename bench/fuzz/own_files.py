"""Fuzzers of the program's own files: settings, themes, journal, history, status."""

import json
import os
import re
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from hypothesis import strategies as st
from hypothesis import target
from rich.color import ColorSystem

from bench.fuzz.invariants import assert_finite, assert_printable, assert_turn
from bench.fuzz.logs import memory_folder
from bench.fuzz.texts import Op, conversation, edited, edited_bytes, ops
from timmy_tui.control.journal.write_ahead import (
    Entry,
    FileRecord,
    Journal,
    LiteralRecord,
    classify,
    new_op,
    plan_rollback,
    reversed_edits,
)
from timmy_tui.core.errors import ControlError, HistoryError, SettingsError, ThemeError
from timmy_tui.core.foreign.sanitize import clean
from timmy_tui.core.formatting import local_time
from timmy_tui.core.settings import Settings, load_settings
from timmy_tui.model.judgement import Finding
from timmy_tui.report.status_line.file import LONGEST, quick_line, save_line, state_file
from timmy_tui.sources.timmy import timmy_at
from timmy_tui.storage.history import History
from timmy_tui.turns.ingest import Ingest
from timmy_tui.ui.paint.themes import FALLBACK, REQUIRED, load_theme, load_themes, packaged_folder

SETTINGS = b"""\
[paths]
root = ""
latency_log = "shared/latency.log"
v34_logs = ["testing-interface/logs/v34.log", "v34/app_session.log"]
ollama_log = "ollama.log"
ollama_journal = false
[services]
v34 = "http://127.0.0.1:9"
poll = true
[view]
theme = "timmy-dark"
stale_minutes = 10.0
window = 20
turns = 500
mouse = false
bell = "off"
[tail]
poll_ms = 250
line_kib = 1024
turn_timeout_s = 60.0
[control]
strategy = "command"
command = ["true", "x"]
command_limit_s = 60.0
[history]
days = 365
text = false
[flags.own]
name = "OWN"
type = "int"
choices = [1, 2, 3]
label = "own"
"""


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder in memory for one input."""
    with tempfile.TemporaryDirectory(prefix="timmy-fuzz-", dir=memory_folder()) as folder:
        yield Path(folder)


def settings_inputs() -> st.SearchStrategy[list[Op]]:
    return ops(6)


def check_settings(edits: list[Op]) -> None:
    """Valid settings, of which the rest of the program can make a Timmy, or one error that names the file."""
    with scratch() as folder:
        path = folder / "settings.toml"
        path.write_bytes(edited_bytes(SETTINGS, edits))
        path.chmod(0o600)
        try:
            settings = load_settings(path)
        except SettingsError as error:
            assert path.name in error.message
            assert_printable(clean(error.message) + clean(error.hint))
            return
        again = msgspec.convert(msgspec.to_builtins(settings), Settings)
        assert msgspec.to_builtins(again) == msgspec.to_builtins(settings)
        assert_finite(msgspec.to_builtins(settings), "settings")
        assert settings.paths.v34_logs and settings.view.window >= 1
        timmy = timmy_at(folder, settings)
        for service in ("ollama", "v34", "tts", "stt", "panel"):
            assert_printable(timmy.services.urls.masked_url(service))
        assert timmy.installation.v34_log in timmy.installation.v34_logs
    target(-float(len(edits)), label="settings that hold")


class ThemeFile(NamedTuple):
    """One of the packaged themes, edited."""

    number: int
    edits: list[Op]


def theme_inputs() -> st.SearchStrategy[ThemeFile]:
    return st.builds(ThemeFile, st.integers(0, len(_themes()) - 1), ops(6))


@cache
def _themes() -> tuple[bytes, ...]:
    return tuple(path.read_bytes() for path in sorted(packaged_folder().glob("*.toml")))


_STYLED = re.compile(r"(?:\x1b\[[0-9;]*m)*x(?:\x1b\[0m)?")


def check_theme(given: ThemeFile) -> None:
    """A theme with a style for each role, which only colours, or one error; another theme is always left."""
    with scratch() as folder:
        path = folder / "own.toml"
        path.write_bytes(edited_bytes(_themes()[given.number], given.edits))
        themes, problems = load_themes([folder])
        assert themes
        try:
            palette = load_theme(path)
        except ThemeError as error:
            assert_printable(error.message)
            assert problems == [error.message]
            return
        assert problems == [] and palette.name in themes
    assert_printable(palette.name)
    assert palette.styles.keys() == {*REQUIRED, *FALLBACK}
    for role, style in palette.styles.items():
        drawn = style.render("x", color_system=ColorSystem.TRUECOLOR)
        assert _STYLED.fullmatch(drawn), f"{role} is drawn as {drawn!r}"
    palette.theme.to_color_system().generate()
    target(float(len(given.edits)), label="themes that hold")


def journal_inputs() -> st.SearchStrategy[list[Op]]:
    return ops(10)


def _entries(folder: Path) -> list[bytes]:
    """Lines of three operations; the first one's files are there."""
    config, backup = folder / "config.py", folder / "backup"
    config.write_text("A = 2\n")
    backup.write_text("A = 1\n")
    record = FileRecord(
        path=str(config),
        before="4c9b1c0a4b8ef1b5c1dd7c9e6d1b8b1a",
        after="b1946ac92492d2347c6235b4d2611184",
        backup=str(backup),
        temp=str(folder / ".config.py.x.tmp"),
        literals=(LiteralRecord("A", "1", "2", 1, "A"),),
    )
    entries = [
        Entry(op="20251128T100000Z-aaaaaa", stage="editing", at=1.0, label="A 1 → 2", files=(record,)),
        Entry(op="20251128T100000Z-aaaaaa", stage="verifying", at=2.0, message="serves"),
        Entry(op="20251128T100000Z-bbbbbb", stage="editing", at=3.0, files=(record, record), undoes="x"),
        Entry(op="20251128T100000Z-aaaaaa", stage="kept", at=4.0),
        Entry(op="20251128T100000Z-cccccc", stage="asking", at=5.0, message="keep or undo?"),
    ]
    return [msgspec.json.encode(entry) for entry in entries]


def check_journal(edits: list[Op]) -> None:
    """Whatever a hand did to it: what can be read is read, nothing is removed, and the next line is written whole."""
    with scratch() as folder:
        path = folder / "journal.jsonl"
        lines = edited(_entries(folder), edits)
        data = b"\n".join(lines)
        path.write_bytes(data)
        path.chmod(0o600)
        journal = Journal(path)
        operations = journal.operations()
        assert len(operations) <= len(lines)
        assert len({operation.op for operation in operations}) == len(operations)
        assert [one.op for one in journal.open_operations()] == [one.op for one in operations if one.open]
        for operation in operations:
            classify(operation)
            for plan in (plan_rollback, reversed_edits):
                try:
                    plan(operation)
                except ControlError as error:
                    assert_printable(clean(error.message) + clean(error.hint))
            for text in (operation.label, operation.message, operation.stage):
                assert_printable(clean(text))
            assert_finite((operation.at, operation.started, operation.boottime), "journal")
        entry = Entry(op=new_op(), stage="editing", label="next")
        journal.append(entry)
        after = path.read_bytes()
        assert after.startswith(data), "what was in the journal is not there any more"
        assert path.stat().st_mode & 0o777 == 0o600
        assert [one.op for one in journal.operations()] == [*(one.op for one in operations), entry.op]
    target(float(len(operations)), label="operations")


TABLES = ("turns", "marks", "findings", "changes", "comparisons", "last_numbers")


class Cell(NamedTuple):
    """A cell of the database, by numbers modulo what there is, and what is put into it."""

    table: int
    column: int
    row: int
    value: Any
    edits: list[Op]


def history_inputs() -> st.SearchStrategy[list[Cell]]:
    odd = st.sampled_from(
        [None, "", "x", b"", b"\xff", 0, -1, 1 << 62, 1e300, -1e300, float("inf"), "9" * 400, "\x1b[2J"]
    )
    value = odd | st.integers(-(1 << 63), (1 << 63) - 1) | st.floats(allow_nan=False) | st.text(max_size=5)
    value = value.filter(lambda one: not isinstance(one, str) or one.isascii())
    one = st.builds(Cell, st.integers(0, 9), st.integers(0, 20), st.integers(0, 40), value, ops(3))
    return st.lists(one, max_size=8)


@cache
def _template() -> bytes:
    """A database with twenty turns, two marks, a finding and a change."""
    turns = Ingest(60.0).read_once([("latency", conversation(0).latency), ("v34", conversation(0).v34)])
    with scratch() as folder:
        path = folder / "history.db"
        with closing(History(path, "root")) as history:
            history.store(turns)
            history.mark(1, "good", "a note")
            history.mark(2, "bad")
            history.put_change("op", 5.0, "flip", "kept")
            for finding in _findings():
                history.put_finding(finding, 6.0)
        with closing(sqlite3.connect(path)) as database:
            database.execute("PRAGMA journal_mode = DELETE")
        return path.read_bytes()


def _findings() -> list[Finding]:
    fields: dict[str, Any] = {}
    for field in msgspec.structs.fields(Finding):
        if field.required:
            fields[field.name] = {int: 3, float: 2.5, str: "llm", bool: False}.get(field.type)
    try:
        return [msgspec.convert(fields, Finding)]
    except msgspec.ValidationError:
        return []


def _spoil(path: Path, cells: list[Cell]) -> None:
    with closing(sqlite3.connect(path)) as database, database:
        for cell in cells:
            table = TABLES[cell.table % len(TABLES)]
            columns = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
            rows = [row for (row,) in database.execute(f"SELECT rowid FROM {table}")]
            if not rows:
                continue
            column, row = columns[cell.column % len(columns)], rows[cell.row % len(rows)]
            (old,) = database.execute(f"SELECT {column} FROM {table} WHERE rowid = ?", (row,)).fetchone()
            value = edited_bytes(old, cell.edits) if isinstance(old, bytes) and cell.edits else cell.value
            database.execute(f"UPDATE OR IGNORE {table} SET {column} = ? WHERE rowid = ?", (value, row))


def check_history(cells: list[Cell]) -> None:
    """Rows that a hand or a disk spoiled: each is read, or counted, or has no place; all others are of use."""
    with scratch() as folder:
        path = folder / "history.db"
        path.write_bytes(_template())
        _spoil(path, cells)
        with closing(sqlite3.connect(path)) as database:
            usable = "typeof(number) = 'integer' AND typeof(place) IN ('real', 'integer')"
            (placed,) = database.execute(f"SELECT count(*) FROM turns WHERE root = 'root' AND {usable}").fetchone()
        with closing(History(path, "root")) as history:
            assert not history.warning, "a sound file is taken for a damaged one"
            turns = history.turns()
            assert len(turns) + history.unreadable["turns"] == placed, "a row is neither read nor counted"
            for turn in turns:
                assert_turn_row(turn)
            _use(history)
        assert path.stat().st_mode & 0o077 == 0, "others can read it"
    target(float(len(cells)), label="spoilt cells")


def assert_turn_row(turn: Any) -> None:
    """A stored turn; its sums may be anybody's."""
    assert_finite(msgspec.to_builtins(turn), "a row")
    assert isinstance(turn.number, int)


def _use(history: History) -> None:
    """Everything else that the program asks of it. Only HistoryError may be raised, and then for a reason."""
    marks = history.marks()
    history.findings(), history.comparisons()
    for _, at, label, state in history.changes():
        # A time that a hand made infinite is kept with its row, and written as not known.
        assert_printable(local_time(at, "%Y-%m-%d %H:%M") + clean(label) + clean(state))
    assert all(count >= 0 for count in history.counts().values())
    new = Ingest(60.0).read_once([("latency", conversation(2).latency)])
    for turn in new:
        assert_turn(turn)
    try:
        stored = history.store(new)
    except HistoryError as error:
        raise AssertionError(f"a spoilt row keeps others from being stored: {error.message}") from error
    numbers = [turn.number for turn in stored.turns.values()]
    assert len(set(numbers)) == len(numbers), "two turns have one number"
    for number in list(marks)[:2]:
        history.note(number, "new")
        history.mark(number, "good")
    history.lost_turns([number for number in numbers if number is not None])
    history.delete_old_turns(30, time.time())


class StatusFile(NamedTuple):
    """The status file, edited, how it is asked for, and how old it is."""

    edits: list[Op]
    line: str
    tmux: bool
    age_s: float


def status_inputs() -> st.SearchStrategy[StatusFile]:
    pieces = st.sampled_from(["● V2V ≥1.83s ▲+0.4 LLM", "#(reboot)", "#[fg=red]", "##", "\x1b[2J", "\u202e", "▼", "○ "])
    line = st.lists(pieces | st.text(max_size=6), max_size=6).map("".join)
    ages = st.sampled_from([0.0, 1.0, 14.0, 16.0, -5.0, 1e9])
    return st.builds(StatusFile, st.just([]) | ops(4), line, st.booleans(), ages)


_OUR_TMUX = re.compile(r"#\[(?:fg=(?:colour244|red|green)|default)\]|##")


def check_status(given: StatusFile) -> None:
    """No line, or one short line that neither a terminal nor tmux obeys; what the program itself wrote is read back."""
    with scratch() as folder:
        environ = {"XDG_STATE_HOME": str(folder)}
        path = state_file(environ)
        path.parent.mkdir()
        state = {"at": time.time() - given.age_s, "line": given.line, "root": "x"}
        path.write_bytes(edited_bytes(json.dumps(state).encode("utf-8", "surrogatepass"), given.edits))
        line = quick_line(["--tmux"] if given.tmux else [], environ)
        if line is not None:
            assert_printable(line)
            rest = _OUR_TMUX.sub("", line) if given.tmux else line
            assert len(rest) <= LONGEST
            assert not given.tmux or "#" not in rest, f"tmux would obey {line!r}"
        if not given.edits and 0 <= given.age_s < 15 and not given.tmux:
            assert line is None or line == clean(given.line, LONGEST)
        own = os.environ.get("XDG_STATE_HOME")
        os.environ["XDG_STATE_HOME"] = str(folder)
        try:
            save_line("● V2V 1.8s", "x")
        finally:
            os.environ.pop("XDG_STATE_HOME")
            if own is not None:
                os.environ["XDG_STATE_HOME"] = own
        assert quick_line([], environ) == "● V2V 1.8s"
        shutil.rmtree(path.parent)
