"""A dashboard that is killed in the middle of a change: the next one tells the truth and does nothing unasked."""

import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.control.dashboard import start_dashboard
from tests.control.harness import QUICK, ControlHarness, controller_on
from tests.control.services import DemoV34
from tests.control.timmy_files import temps
from tests.turn_makers import logged_turn
from timmy_tui.control.journal.write_ahead import CLOSED
from timmy_tui.model.change import ChangeState


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoV34]:
    """One whose v34 runs, for all tests."""
    with DemoV34(tmp_path_factory.mktemp("killed") / "timmy", conversation=False) as demo:
        yield demo


@pytest.fixture(autouse=True)
def files_put_back(demo: DemoV34) -> Iterator[None]:
    """Whatever a test leaves in them."""
    before = {path: path.read_bytes() for path in (demo.config, demo.app)}
    yield
    for path, data in before.items():
        if path.read_bytes() != data:
            path.write_bytes(data)


def kill(dashboard: subprocess.Popen[str]) -> None:
    dashboard.send_signal(signal.SIGKILL)
    dashboard.wait()
    assert dashboard.stdout is not None
    dashboard.stdout.close()


def kill_in_state(demo: DemoV34, state_folder: Path, state: str) -> None:
    """A dashboard that flips, and is killed as soon as its change is in this state."""
    dashboard = start_dashboard("flip", demo.root, state_folder)
    assert dashboard.stdout is not None
    while dashboard.stdout.readline().strip() != state:
        assert dashboard.poll() is None
    kill(dashboard)


@contextmanager
def next_start(demo: DemoV34, state_folder: Path) -> Iterator[ControlHarness]:
    """The next dashboard, after its first look."""
    with controller_on(demo, state_folder, QUICK) as harness:
        harness.controller.poll()
        yield harness


@pytest.mark.parametrize("state", ["editing", "restarting", "waiting-healthy", "verifying"])
def test_killed_in_a_state_the_next_start_tells_how_it_stands(demo: DemoV34, tmp_path: Path, state: str) -> None:
    before = demo.contents()
    kill_in_state(demo, tmp_path, state)
    after = demo.contents()
    with next_start(demo, tmp_path) as harness:
        if after == before:
            assert harness.controller.idle and harness.controller.progress is None
            assert any("not applied" in message for message in harness.messages) or not harness.journal.operations()
            return
        harness.until_choice("undo")
        assert harness.progress.label == "tail mode off→on, raw on→off"
        assert demo.contents() == after
        if state == "verifying":
            assert harness.state is ChangeState.VERIFYING and "not verified" in harness.progress.message
        assert harness.answer("undo") is ChangeState.ROLLED_BACK
        assert demo.contents() == before
        assert not temps(demo.folder)


def test_killed_at_random_instants_nothing_is_torn_and_everything_is_classified(demo: DemoV34, tmp_path: Path) -> None:
    """A dozen here; the bench does a hundred."""
    chance = random.Random(7)
    before = demo.contents()
    for number in range(12):
        state_folder = tmp_path / str(number)
        dashboard = start_dashboard("flip", demo.root, state_folder)
        assert dashboard.stdout is not None
        dashboard.stdout.readline()
        dashboard.stdout.readline()
        time.sleep(chance.uniform(0.0, 0.12))  # the instant is what varies here
        kill(dashboard)
        assert all(data in (old, flipped(old)) for data, old in zip(demo.contents(), before, strict=True))
        with next_start(demo, state_folder) as harness:
            if not harness.controller.idle:
                harness.until_choice("undo")
                harness.answer("undo")
            assert demo.contents() == before
            assert all(operation.stage in CLOSED for operation in harness.journal.operations())
            assert not temps(demo.folder)


def flipped(data: bytes) -> bytes:
    data = data.replace(b"USE_FULL_MEGA_PROMPT = True", b"USE_FULL_MEGA_PROMPT = False")
    return data.replace(b"raw=True", b"raw=False")


def test_half_of_a_pair_is_told_and_undone(demo: DemoV34, tmp_path: Path) -> None:
    """Killed between the two files: neither the old pair nor the new one."""
    before = ControlHarness(demo, tmp_path).leave_open("half", ("tail-mode", "on"), files=1, only=False)
    with next_start(demo, tmp_path) as harness:
        harness.until_choice("undo")
        assert "half of it" in harness.progress.message and harness.progress.choices == ("undo",)
        harness.answer("undo")
        assert demo.contents() == before


def test_what_somebody_else_changed_meanwhile_is_left_alone(demo: DemoV34, tmp_path: Path) -> None:
    ControlHarness(demo, tmp_path).leave_open("theirs", ("retrieved-chunks", "3"), files=0)
    edited = demo.config.read_bytes() + b"# mine\n"
    demo.config.write_bytes(edited)
    with next_start(demo, tmp_path) as harness:
        assert harness.controller.idle and harness.controller.progress is None
        assert any("changed by someone else" in message for message in harness.messages)
        assert demo.config.read_bytes() == edited


def test_evidence_goes_on_where_the_killed_dashboard_left_it(demo: DemoV34, tmp_path: Path) -> None:
    kill_in_state(demo, tmp_path, "verifying")
    with next_start(demo, tmp_path) as harness:
        old = logged_turn(1, 0, started=time.time() - 3600)
        now = time.time() + 5
        later = [logged_turn(number, 1, started=now) for number in (3, 4)]
        harness.see(old, logged_turn(2, 1, tail_mode=False, started=now), *later)
        assert harness.until_over() is ChangeState.KEPT


def test_a_torn_last_line_of_the_journal_hides_nothing(demo: DemoV34, tmp_path: Path) -> None:
    earlier = ControlHarness(demo, tmp_path)
    earlier.leave_open("whole", ("retrieved-chunks", "3"), files=0)
    with earlier.journal.path.open("ab") as file:
        file.write(b'{"op": "torn", "stag')
    with next_start(demo, tmp_path) as harness:
        assert any("not applied" in message for message in harness.messages)
        assert [operation.stage for operation in harness.journal.operations()] == ["not applied"]
        assert os.stat(harness.journal.path).st_mode & 0o077 == 0
