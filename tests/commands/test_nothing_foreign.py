"""An evil text in every field of every input, and in no output of any command as it was."""

import csv
import io
import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.commands.every_command import JSON_LINES, Call, calls, remove_written
from tests.commands.evil_inputs import (
    EVIL,
    FORMULA,
    evil_services,
    spoil_git,
    spoil_logs,
    spoil_numbers,
    spoil_settings,
    spoil_stored_files,
)
from tests.commands.preloaded import Done, Preloaded
from tests.commands.timmy_folder import TimmyFolder, make_timmy
from timmy_tui.core.foreign.sanitize import UNSAFE
from timmy_tui.model.judgement import Comparison, Finding
from timmy_tui.storage.history import History

pytestmark = pytest.mark.timeout(240)  # Some 75 commands in one test, 0.2 s each; on a busy machine a second.
FAULTS = ("Traceback", "fault of the program", "Exception ignored", "Warning:")


@pytest.fixture(scope="module")
def program() -> Iterator[Preloaded]:
    running = Preloaded()
    yield running
    running.close()


FINDING = Finding(
    key="llm:9", stage="llm", direction="slower", raised=12, raised_id="c", since=9, since_id="a", ratio=1.4,
    before_ms=800.0, after_ms=1120.0, n=4, confidence=0.9,
)  # fmt: skip


def assert_harmless(call: Call, done: Done) -> None:
    out = done.out.decode()
    assert not any(fault in done.err for fault in FAULTS), (call, done.err)
    assert done.code in (0, 1, 2, 3, 4, 130), (call, done)
    for text in (out, done.err):
        found = UNSAFE & {ord(character) for character in text} - {ord("\n")}
        assert not found, (call, [hex(code) for code in found])
        assert "forged line" not in {line.strip(" ,\"'") for line in text.splitlines()}, (call, text)
    if "--json" in call.arguments and out:
        for text in out.splitlines() if call.command in JSON_LINES else [out]:
            json.loads(text)
        assert "<" not in out, call
    elif "--csv" in call.arguments:
        for row in csv.reader(io.StringIO(out)):
            assert not [cell for cell in row if cell.startswith(tuple("=+-@\t")) and not is_number(cell)], (call, row)
    elif "--tmux" in call.arguments:
        assert not re.search(r"(?<!#)(?:##)*#(?![#\[])", out), (call, out)


def is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def assert_all_harmless(program: Preloaded, folder: TimmyFolder, **places: object) -> set[str]:
    """Every command; the names of those that showed something of the evil text, which they were not called with."""
    shown = set()
    for call in calls((EVIL, "1"), str(folder.base / "written")):
        remove_written(folder.base / "written")
        done = program.run(call.line(**places), "utf-8", folder.environment)
        assert_harmless(call, done)
        if "HYPERLINK" in done.out.decode() + done.err and EVIL not in call.arguments:
            shown.add(call.command)
    return shown


@pytest.mark.parametrize(
    ("spoil", "shows"),
    [
        (spoil_logs, {"report", "criteria", "history"}),
        (spoil_settings, {"flags", "flip", "doctor", "warm"}),
        (spoil_git, {"restore-points list"}),
    ],
)
def test_evil_files(program: Preloaded, tmp_path: Path, spoil: Callable[[TimmyFolder], None], shows: set[str]) -> None:
    folder = make_timmy(tmp_path)
    spoil(folder)
    assert shows <= assert_all_harmless(program, folder, root=folder.root)


def test_evil_names(program: Preloaded, tmp_path: Path) -> None:
    base = tmp_path / EVIL.replace("/", "")
    base.mkdir()
    folder = make_timmy(base)
    assert {"replay", "doctor", "restart"} <= assert_all_harmless(program, folder, root=folder.root)


def test_evil_answers_of_services(program: Preloaded, tmp_path: Path) -> None:
    folder = make_timmy(tmp_path)
    with evil_services() as url:
        services = "".join(f"{name} = '{url}'\n" for name in ("ollama", "v34", "tts", "stt", "panel"))
        folder.settings.write_text(f"[services]\n{services}")
        assert {"doctor", "probe", "criteria"} <= assert_all_harmless(program, folder, root=folder.root)


@pytest.fixture
def used(program: Preloaded, tmp_path: Path) -> TimmyFolder:
    """A Timmy with everything that the program stores."""
    folder = make_timmy(tmp_path)
    for arguments in (
        ("mark", "3", "bad", "--note", "a note"),
        ("restore-points", "create", "one"),
        ("flip", "retrieved-chunks", "4", "--yes"),
        ("trial", "start"),
        ("history",),
    ):
        done = program.run([*arguments, "--root", str(folder.root)], environment=folder.environment)
        assert done.code in (0, 3, 4), done
    history = History(folder.state / "history.db", str(folder.root))
    history.put_finding(FINDING, time.time())
    history.put_comparison(Comparison(a="epoch:1", b="epoch:2", n_a=9, n_b=9, stages=(), sentence="so"), time.time())
    history.put_change("op1", time.time(), "tail mode off→on", "kept")
    history.close()
    return folder


@pytest.mark.parametrize("number", ["1e300", "1" + 400 * "0", "-1", "NaN"])
def test_numbers_out_of_range_in_what_the_program_has_stored(
    program: Preloaded, used: TimmyFolder, number: str
) -> None:
    spoil_numbers(used, number)
    for call in calls(("1",), str(used.base / "written")):
        remove_written(used.base / "written")
        assert_harmless(call, program.run(call.line(root=used.root), "utf-8", used.environment))


def test_what_is_stored_is_private(used: TimmyFolder) -> None:
    stored = [*used.state.rglob("*")]
    assert {path.suffix for path in stored} >= {".db", ".json", ".jsonl"}
    assert [path for path in stored if path.stat().st_mode & 0o077] == []


def test_evil_in_what_the_program_has_stored(program: Preloaded, used: TimmyFolder) -> None:
    folder = used
    spoil_stored_files(folder)
    # Of its own file `status` tells where nothing says which Timmy is meant.
    shown = assert_all_harmless(program, folder) | assert_all_harmless(program, folder, root=folder.root)
    assert {"history", "journal", "status", "restore-points list"} <= shown


def test_the_text_is_evil() -> None:
    assert EVIL.startswith(FORMULA)
    assert len(UNSAFE & {ord(character) for character in EVIL}) > 8
