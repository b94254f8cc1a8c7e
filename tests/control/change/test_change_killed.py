"""A dashboard that is killed in the middle of a change: the next one tells the truth and does nothing unasked."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.control.harness import Harness, harness
from tests.control.places import temps
from tests.control.silent import turn
from timmy_tui.control.controller import Controller
from timmy_tui.control.journal.lock import control_dir
from timmy_tui.control.journal.write_ahead import CLOSED, Entry, FileRecord, Journal, file_records
from timmy_tui.core.settings import Settings
from timmy_tui.model.change import ChangeState
from timmy_tui.model.snapshot import Snapshot

DASHBOARD = """
import sys, time
from pathlib import Path
from timmy_tui.control.controller import Controller
from timmy_tui.core.settings import Settings
room = Controller(Settings(), Path(sys.argv[1]), Path(sys.argv[2]), tell=lambda word, role: print(word, flush=True))
room.open()
plan = room.plan("flip", {"key": "tail-mode", "value": "on"})
assert not plan.refusal, plan.refusal
room.start(plan)
said = ""
while not room.idle:
    state = str(room.progress.state)
    if state != said:
        print(state, flush=True)
        said = state
    time.sleep(0.001)
time.sleep(60)
"""


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    with harness(tmp_path_factory.mktemp("killed"), follow_logs=False, conversation=False) as held:
        yield held


def dashboard(held: Harness, state: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", DASHBOARD, str(held.root), str(state)], stdout=subprocess.PIPE, text=True
    )


def kill(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


def put_back(held: Harness, before: dict[Path, bytes]) -> None:
    for path, data in before.items():
        if path.read_bytes() != data:
            path.write_bytes(data)


def next_start(held: Harness, state: Path) -> tuple[Controller, list[str]]:
    said: list[str] = []
    room = Controller(Settings(), held.root, state, tell=lambda word, role: said.append(word))
    room.open(watch=False)
    room.look()
    return room, said


def undo(held: Harness, room: Controller) -> None:
    held.until(lambda: room.progress is not None and room.progress.choices)
    room.answer("undo")
    held.until(lambda: room.idle)


@pytest.mark.parametrize("state", ["editing", "restarting", "waiting-healthy", "verifying"])
def test_killed_in_a_state_the_next_start_tells_how_it_stands(held: Harness, tmp_path: Path, state: str) -> None:
    before = {path: path.read_bytes() for path in (held.config, held.app)}
    process = dashboard(held, tmp_path)
    assert process.stdout is not None
    while process.stdout.readline().strip() != state:
        assert process.poll() is None
    kill(process)
    after = {path: path.read_bytes() for path in before}
    room, said = next_start(held, tmp_path)
    try:
        if after == before:
            assert room.idle and room.progress is None
            assert any("not applied" in word for word in said) or not Journal(_journal(held, tmp_path)).operations()
            return
        held.until(lambda: room.progress is not None and room.progress.choices)
        shown = room.progress
        assert shown is not None and shown.label == "tail mode off→on, raw on→off"
        assert {path: path.read_bytes() for path in before} == after
        if state == "verifying":
            assert shown.state is ChangeState.VERIFYING and "not verified" in shown.message
        room.answer("undo")
        held.until(lambda: room.idle)
        assert room.progress is not None and room.progress.state is ChangeState.ROLLED_BACK
        assert {path: path.read_bytes() for path in before} == before
        assert not temps(held.config.parent)
    finally:
        room.close()
        put_back(held, before)


def _journal(held: Harness, state: Path) -> Path:
    return control_dir(held.root, state) / "journal.jsonl"


def test_killed_at_random_instants_nothing_is_torn_and_everything_is_classified(held: Harness, tmp_path: Path) -> None:
    """A dozen here; the bench does a hundred."""
    chance = random.Random(7)
    before = {path: path.read_bytes() for path in (held.config, held.app)}
    halves = {path: (data, _flipped(data)) for path, data in before.items()}
    for number in range(12):
        state = tmp_path / str(number)
        process = dashboard(held, state)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(chance.uniform(0.0, 0.12))  # the instant is what varies here
        kill(process)
        assert all(path.read_bytes() in halves[path] for path in before)
        room, _ = next_start(held, state)
        try:
            if not room.idle:
                undo(held, room)
            assert {path: path.read_bytes() for path in before} == before
            assert all(one.stage in CLOSED for one in Journal(_journal(held, state)).operations())
            assert not temps(held.config.parent)
        finally:
            room.close()
            put_back(held, before)


def _flipped(data: bytes) -> bytes:
    return data.replace(b"USE_FULL_MEGA_PROMPT = True", b"USE_FULL_MEGA_PROMPT = False").replace(
        b"raw=True", b"raw=False"
    )


def test_half_of_a_pair_is_told_and_undone(held: Harness, tmp_path: Path) -> None:
    """Killed between the two files: neither the old pair nor the new one."""
    before = {path: path.read_bytes() for path in (held.config, held.app)}
    room = Controller(Settings(), held.root, tmp_path)
    plan = room.plan("flip", {"key": "tail-mode", "value": "on"})
    journal = Journal(_journal(held, tmp_path))
    journal.append(Entry(op="half", stage="editing", label=plan.label, files=file_records(plan.planned)))
    from timmy_tui.control.edit.transaction import write

    write(plan.planned[:1])
    room, _ = next_start(held, tmp_path)
    try:
        held.until(lambda: room.progress is not None and room.progress.choices)
        shown = room.progress
        assert shown is not None and "half of it" in shown.message and shown.choices == ("undo",)
        room.answer("undo")
        held.until(lambda: room.idle)
        assert {path: path.read_bytes() for path in before} == before
    finally:
        room.close()
        put_back(held, before)


def test_what_somebody_else_changed_meanwhile_is_left_alone(held: Harness, tmp_path: Path) -> None:
    before = held.config.read_bytes()
    room = Controller(Settings(), held.root, tmp_path)
    plan = room.plan("flip", {"key": "retrieved-chunks", "value": "3"})
    Journal(_journal(held, tmp_path)).append(
        Entry(op="theirs", stage="editing", label=plan.label, files=file_records(plan.planned))
    )
    held.config.write_bytes(before + b"# mine\n")
    room, said = next_start(held, tmp_path)
    try:
        assert room.idle and room.progress is None
        assert any("changed by someone else" in word for word in said)
        assert held.config.read_bytes() == before + b"# mine\n"
    finally:
        room.close()
        held.config.write_bytes(before)


def test_evidence_goes_on_where_the_killed_dashboard_left_it(held: Harness, tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in (held.config, held.app)}
    process = dashboard(held, tmp_path)
    assert process.stdout is not None
    while process.stdout.readline().strip() != "verifying":
        assert process.poll() is None
    kill(process)
    said: list[str] = []
    room = Controller(Settings(), held.root, tmp_path, tell=lambda word, role: said.append(word))
    room.open(watch=False)
    try:
        room.look()
        old = turn(1, 0, started=time.time() - 3600)
        now = time.time() + 5
        new = (turn(2, 1, tail_mode=False, started=now), turn(3, 1, started=now))
        room.see(Snapshot(turns=(old, *new)))
        held.until(lambda: room.idle)
        assert room.progress is not None and room.progress.state is ChangeState.KEPT
    finally:
        room.close()
        put_back(held, before)


def test_a_torn_last_line_of_the_journal_hides_nothing(held: Harness, tmp_path: Path) -> None:
    room = Controller(Settings(), held.root, tmp_path)
    plan = room.plan("flip", {"key": "retrieved-chunks", "value": "3"})
    path = _journal(held, tmp_path)
    records: tuple[FileRecord, ...] = file_records(plan.planned)
    Journal(path).append(Entry(op="whole", stage="editing", label=plan.label, files=records))
    with path.open("ab") as file:
        file.write(b'{"op": "torn", "stag')
    room, said = next_start(held, tmp_path)
    room.close()
    assert any("not applied" in word for word in said)
    assert [one.stage for one in Journal(path).operations()] == ["not applied"]
    assert os.stat(path).st_mode & 0o077 == 0
