"""What a change asks in the shell: on a terminal, by options in a pipe, and with a v34 that has died."""

import json
import os
import pty
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.control.services import DemoV34
from tests.control.shell import Shell
from tests.waiting import wait_for

QUICK = "[control]\nrollback_countdown_s = 0.1\n"


@contextmanager
def timmy(folder: Path, talk: bool) -> Iterator[tuple[DemoV34, Shell]]:
    """A Timmy that runs, and a shell for it. ``talk``: somebody talks to it."""
    with DemoV34(folder / "timmy", conversation=talk) as v34:
        yield v34, Shell(v34.root, folder, QUICK)


@pytest.fixture
def silent(tmp_path: Path) -> Iterator[tuple[DemoV34, Shell]]:
    """Nobody talks: turns are what a test writes."""
    with timmy(tmp_path, talk=False) as both:
        yield both


class Command:
    """A command that runs; on a terminal its user types."""

    def __init__(self, shell: Shell, *arguments: str, terminal: bool = False) -> None:
        self._ours, theirs = pty.openpty()
        self.process = shell.start(*arguments, stdin=theirs if terminal else subprocess.DEVNULL)
        os.close(theirs)
        self.printed = ""

    def until(self, part: str) -> None:
        """Read its output up to a line that has this part."""
        assert self.process.stdout is not None
        while part not in self.printed:
            line = self.process.stdout.readline()
            assert line, (part, self.printed, self.process.communicate())
            self.printed += line

    def type(self, text: str) -> None:
        os.write(self._ours, f"{text}\n".encode())

    def end(self) -> tuple[int, str, str]:
        """Exit code, all output, complaints."""
        out, err = self.process.communicate(timeout=50)
        os.close(self._ours)
        return self.process.returncode, self.printed + out, err


def flip_then_kill(silent: tuple[DemoV34, Shell], *options: str, terminal: bool = False) -> Command:
    """``flip --wait`` whose v34 is killed while turns are waited for."""
    v34, shell = silent
    command = Command(shell, "flip", "retrieved-chunks", "3", "--yes", "--wait", *options, terminal=terminal)
    command.until("verifying")
    v34.kill()
    return command


def test_in_a_pipe_a_v34_that_died_leaves_the_change_open(silent: tuple[DemoV34, Shell]) -> None:
    v34, shell = silent
    code, out, err = flip_then_kill(silent).end()
    assert code == 4 and "v34 has exited since" in out and "left open: `timmy-tui undo` or `timmy-tui keep`" in err
    assert b"NUM_RETRIEVED_CHUNKS = 3" in v34.config.read_bytes()
    undone = shell.run("undo", "--yes")
    assert undone.returncode == 0 and "v34 is not running" in undone.stdout
    assert b"NUM_RETRIEVED_CHUNKS = 5" in v34.config.read_bytes()


def test_in_a_pipe_the_answer_is_given_beforehand_undo(silent: tuple[DemoV34, Shell]) -> None:
    """Put back, and the command that ran is offered, because nothing starts v34 again."""
    code, out, _ = flip_then_kill(silent, "--then", "undo").end()
    assert code == 4 and "rolled back" in out and "start it again: cd" in out
    assert b"NUM_RETRIEVED_CHUNKS = 5" in silent[0].config.read_bytes()


def test_in_a_pipe_the_answer_is_given_beforehand_keep(silent: tuple[DemoV34, Shell]) -> None:
    code, out, _ = flip_then_kill(silent, "--then", "keep").end()
    assert code == 0 and "kept, not verified" in out
    assert b"NUM_RETRIEVED_CHUNKS = 3" in silent[0].config.read_bytes()


@pytest.mark.parametrize(("typed", "code", "chunks"), [("keep", 0, b"= 3"), ("u", 4, b"= 5")])
def test_on_a_terminal_the_user_decides_over_a_v34_that_died(
    silent: tuple[DemoV34, Shell], typed: str, code: int, chunks: bytes
) -> None:
    command = flip_then_kill(silent, terminal=True)
    command.until("keep or undo?")
    command.type("perhaps")
    command.until("perhaps: type keep or undo")
    command.type(typed)
    assert command.end()[0] == code
    assert b"NUM_RETRIEVED_CHUNKS " + chunks in silent[0].config.read_bytes()


def test_on_a_terminal_the_wait_for_turns_can_be_answered_at_any_time(silent: tuple[DemoV34, Shell]) -> None:
    v34, shell = silent
    before = v34.contents()
    command = Command(shell, "flip", "retrieved-chunks", "3", "--yes", "--wait", terminal=True)
    command.until("type keep or undo")
    command.type("undo")
    assert command.end()[0] == 3 and v34.contents() == before


def test_then_without_wait_is_wrong_usage(silent: tuple[DemoV34, Shell]) -> None:
    done = silent[1].run("flip", "retrieved-chunks", "3", "--yes", "--then", "keep")
    assert done.returncode == 2 and "--then goes with --wait" in done.stderr


def begin_turn(v34: DemoV34) -> None:
    """v34 has a turn from now on, as its log tells."""
    now = time.time()
    with (v34.root / "shared" / "latency.log").open("a") as log:
        for name, service in (("stt_sending_to_v34", "stt"), ("v34_webhook_received", "v34")):
            record = {"timestamp": now, "request_id": "abcd1234", "service": service, "event": name, "metadata": {}}
            log.write(json.dumps(record) + "\n")


def test_on_a_terminal_enter_goes_ahead_in_mid_turn(silent: tuple[DemoV34, Shell]) -> None:
    v34, shell = silent
    begin_turn(v34)
    command = Command(shell, "flip", "retrieved-chunks", "3", "--yes", terminal=True)
    command.until("a turn is in flight")
    command.until("Enter alone: go now")
    assert b"NUM_RETRIEVED_CHUNKS = 5" in v34.config.read_bytes()
    command.type("")
    code, out, _ = command.end()
    assert code == 0 and "the restart cut a turn: STT may still be paused" in out
    assert b"NUM_RETRIEVED_CHUNKS = 3" in v34.config.read_bytes()


@pytest.mark.parametrize("what", [("flip", "retrieved-chunks", "3"), ("restart",)])
def test_in_a_pipe_now_goes_ahead_in_mid_turn(silent: tuple[DemoV34, Shell], what: tuple[str, ...]) -> None:
    begin_turn(silent[0])
    done = silent[1].run(*what, "--yes", "--now")
    assert done.returncode == 0 and "the restart cut a turn" in done.stdout


def test_a_restore_goes_ahead_in_mid_turn_when_it_is_told_to(silent: tuple[DemoV34, Shell]) -> None:
    v34, shell = silent
    assert shell.run("restore-points", "create", "mine").returncode == 0
    assert shell.run("flip", "retrieved-chunks", "3", "--yes").returncode == 0
    begin_turn(v34)
    for what in ("mine", "--latest"):
        done = shell.run("restore-points", "restore", what, "--yes", "--now")
        assert done.returncode == 0 and "the restart cut a turn" in done.stdout, what
        assert (b"NUM_RETRIEVED_CHUNKS = 5" in v34.config.read_bytes()) is (what == "mine")


def test_with_a_dead_v34_and_somebody_talking_flip_and_undo_end(tmp_path: Path) -> None:
    with timmy(tmp_path, talk=True) as (v34, shell):
        log = v34.root / "shared" / "latency.log"
        wait_for(lambda: log.exists() and "tts_resume_sent" in log.read_text())
        before = v34.contents()
        v34.kill()
        said = log.read_text().count("stt_sending_to_v34")
        wait_for(lambda: log.read_text().count("stt_sending_to_v34") > said)
        flipped = shell.run("flip", "retrieved-chunks", "3", "--yes")
        assert flipped.returncode == 0 and "v34 is not running: its next start reads the file" in flipped.stdout
        assert "in flight" not in flipped.stdout and "cut a turn" not in flipped.stdout
        undone = shell.run("undo", "--yes")
        assert undone.returncode == 0 and "v34 is not running" in undone.stdout
        assert v34.contents() == before


def test_what_runs_already_is_success(tmp_path: Path) -> None:
    with timmy(tmp_path, talk=True) as (v34, shell):
        before = v34.contents()
        log = v34.root / "shared" / "latency.log"
        wait_for(lambda: log.exists() and log.read_text().count("tts_resume_sent") > 2)
        done = shell.run("flip", "tail-mode", "off", "--yes")
        assert (done.returncode, done.stdout) == (0, "tail mode off: already running\n")
        assert v34.contents() == before
