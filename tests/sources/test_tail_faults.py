"""Every fault that a followed file can meet, on real files; the names carry the row of the fault table."""

import os
import random
import signal
import socket
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest

from timmy_tui.model.snapshot import SourceCondition
from timmy_tui.settings import Tail as Limits
from timmy_tui.sources.naming import LONGEST_S, ROTATE_WAIT_S
from timmy_tui.sources.tail import Tail, TailBatch

pytestmark = pytest.mark.skipif(os.name == "nt", reason="POSIX files")


class Clock:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Follower:
    """A tail with everything it has given so far."""

    def __init__(self, path: Path, limits: Limits | None = None, hold: bool = True, from_end: bool = True) -> None:
        self.clock = Clock()
        self.tail = Tail(path, path.name, limits or Limits(), clock=self.clock, hold=hold, from_end=from_end)
        self.batches: list[TailBatch] = []

    def poll(self, after: float = 0.0) -> list[bytes]:
        """Lines of one poll, ``after`` seconds later."""
        self.clock.now += after
        batches = self.tail.poll()
        self.batches += batches
        return [line for batch in batches for line in batch.lines]

    def condition(self) -> SourceCondition:
        return self.tail.state.condition

    @property
    def lines(self) -> list[bytes]:
        return [line for batch in self.batches for line in batch.lines]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "latency.log"


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


def test_t1_late_write_after_a_rename_is_not_lost(log: Path) -> None:
    append(log, b"one\n")
    follower = Follower(log)
    assert follower.poll() == [b"one"]
    with log.open("ab", buffering=0) as writer:
        log.rename(log.with_suffix(".1"))
        append(log, b"new\n")
        assert follower.poll() == []
        writer.write(b"late\n")
        assert follower.poll(ROTATE_WAIT_S - 0.1) == [b"late"]
        writer.write(b"later\nend without newline")
        assert follower.poll(ROTATE_WAIT_S - 0.1) == [b"later"]
    assert follower.poll(ROTATE_WAIT_S + 0.1) == [b"end without newline", b"new"]
    assert [batch.restarted for batch in follower.batches] == [False, False, False, False, True]
    assert follower.tail.state.gaps == 0
    follower.tail.close()


def test_t1_a_writer_that_keeps_the_old_file_is_followed_while_the_new_one_is_empty(log: Path) -> None:
    append(log, b"one\n")
    follower = Follower(log)
    follower.poll()
    with log.open("ab", buffering=0) as writer:
        log.rename(log.with_suffix(".1"))
        log.touch()
        for number in range(5):
            assert follower.poll(60) == []
            writer.write(b"%d\n" % number)
            assert follower.poll(1) == [b"%d" % number]
    append(log, b"new\n")
    assert follower.poll() == [b"new"]
    follower.tail.close()


def test_t1_an_old_file_that_never_gets_quiet_gives_way_with_a_gap(log: Path) -> None:
    append(log, b"one\n")
    follower = Follower(log)
    follower.poll()
    with log.open("ab", buffering=0) as writer:
        log.rename(log.with_suffix(".1"))
        append(log, b"new\n")
        for _ in range(int(LONGEST_S) + 2):
            writer.write(b"old\nhalf a line")
            follower.poll(1)
    assert follower.lines[-1] == b"new"
    assert follower.tail.state.gaps == 1
    assert b"half a line" not in follower.lines
    follower.tail.close()


def test_t2_copytruncate(log: Path) -> None:
    append(log, b"a line that is longer than what follows\n" * 200)
    follower = Follower(log)
    follower.poll()
    os.truncate(log, 0)
    assert follower.poll() == []
    assert follower.tail.state.gaps == 1
    append(log, b"two\n")
    assert follower.poll() == [b"two"]
    assert follower.batches[-1].restarted
    assert follower.batches[-1].offset == 0
    follower.tail.close()


def test_t2_truncated_and_shorter_at_once(log: Path) -> None:
    append(log, b"a first line\nhalf a li")
    follower = Follower(log)
    assert follower.poll() == [b"a first line"]
    log.write_bytes(b"x\n")
    assert follower.poll() == [b"x"]
    assert follower.tail.state.gaps == 1
    follower.tail.close()


def test_t3_truncated_and_regrown_past_the_offset_within_one_poll(log: Path) -> None:
    append(log, b"old %08d\n" % 1)
    follower = Follower(log)
    follower.poll()
    log.write_bytes(b"".join(b"new %08d\n" % number for number in range(1000)))
    assert len(follower.poll()) == 1000
    assert follower.batches[-1].restarted
    assert follower.tail.state.gaps == 1
    follower.tail.close()


def test_t3_rewritten_in_place_with_the_same_size(log: Path) -> None:
    append(log, b"one\ntwo\n" * 2000)
    follower = Follower(log)
    follower.poll()
    with log.open("r+b") as file:
        file.write(b"ONE\nTWO\n" * 2000)
    assert follower.poll() == [b"ONE", b"TWO"] * 2000
    assert follower.batches[-1].restarted
    follower.tail.close()


def test_t4_unlinked_and_made_anew(log: Path) -> None:
    append(log, b"one\n")
    follower = Follower(log)
    follower.poll()
    inode = log.stat().st_ino
    log.unlink()
    assert follower.poll() == []
    assert follower.condition() is SourceCondition.WAITING
    append(log, b"two, and longer than the first content\n")
    # The descriptor is held, so the file system cannot give the number to another file.
    assert log.stat().st_ino != inode
    follower.poll()
    assert follower.poll(ROTATE_WAIT_S + 0.1) == [b"two, and longer than the first content"]
    assert follower.batches[-1].restarted
    assert follower.condition() is SourceCondition.OK
    follower.tail.close()


def test_t4_made_anew_with_the_same_inode_while_it_was_not_held(log: Path) -> None:
    append(log, b"one\n")
    follower = Follower(log, hold=False)
    assert follower.poll() == [b"one"]
    inode = log.stat().st_ino
    for _ in range(100):
        log.unlink()
        append(log, b"two, and longer than the first content\n")
        if log.stat().st_ino == inode:
            break
    # Where the file system gives another number, the identity tells; with the same number the content does.
    assert follower.poll() == [b"two, and longer than the first content"]
    assert follower.batches[-1].restarted
    follower.tail.close()


def test_t5_a_line_that_is_being_written_waits_and_shows_after_five_seconds(log: Path) -> None:
    follower = Follower(log)
    append(log, b'{"timestamp": 1, "ev')
    assert follower.poll() == []
    assert not follower.tail.state.partial
    for piece in (b'ent": "x"', b', "meta'):
        append(log, piece)
        assert follower.poll(3) == []
    assert follower.tail.state.partial
    append(log, b'data": {}}\n{"ti')
    assert follower.poll() == [b'{"timestamp": 1, "event": "x", "metadata": {}}']
    assert not follower.tail.state.partial
    follower.tail.close()


def test_t6_lines_overwritten_by_another_writer_are_read_again_and_nothing_else(log: Path) -> None:
    append(log, b"".join(b"line %06d\n" % number for number in range(5000)))
    follower = Follower(log)
    follower.poll()
    # Two processes that append by seek-then-write found the same end.
    with log.open("r+b", buffering=0) as first, log.open("r+b", buffering=0) as second:
        first.seek(0, os.SEEK_END)
        second.seek(0, os.SEEK_END)
        first.write(b"first writer, long\n")
        assert follower.poll() == [b"first writer, long"]
        second.write(b"second\n")
    assert follower.poll() == [b"second", b"riter, long"]
    assert not any(batch.restarted for batch in follower.batches)
    assert follower.tail.state.gaps == 1
    follower.tail.close()


def test_t7_nuls_bad_bytes_and_carriage_returns(log: Path) -> None:
    append(log, b"\0" * 4096 + b"one\r\n\xff\xfe\n\r\n0%\r100%\r\n")
    follower = Follower(log)
    assert follower.poll() == [b"one", b"\xff\xfe", b"", b"0%\r100%"]
    append(log, b"split end\r")
    follower.poll()
    append(log, b"\n")
    assert follower.poll() == [b"split end"]
    assert follower.tail.state.detail == "4096 NUL bytes"
    follower.tail.close()


def test_t8_a_line_of_100_mb_is_dropped_in_little_memory(log: Path) -> None:
    append(log, b"before\n")
    with log.open("ab") as file:
        for _ in range(100):
            file.write(b"x" * 1_000_000)
        file.write(b"\nafter\n")
    follower = Follower(log, from_end=False)
    tracemalloc.start()
    try:
        while follower.poll() or follower.tail.more:
            pass
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert follower.lines == [b"before", b"after"]
    assert follower.tail.state.dropped == 1
    assert peak < 4_000_000
    follower.tail.close()


def test_t8_the_limit_is_exact(log: Path) -> None:
    limits = Limits(line_kib=1)
    append(log, b"a" * 1024 + b"\n" + b"b" * 1025 + b"\n" + b"c\r\n")
    follower = Follower(log, limits)
    assert follower.poll() == [b"a" * 1024, b"c"]
    assert follower.tail.state.dropped == 1
    follower.tail.close()


@pytest.mark.parametrize("mib", [8, 64])
def test_t9_the_first_poll_costs_the_same_whatever_the_size(
    log: Path, mib: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = b"x" * 127 + b"\n"
    with log.open("wb") as file:
        for _ in range(mib):
            file.write(line * 8192)
    read: list[int] = []
    pread = os.pread

    def counted(descriptor: int, size: int, offset: int) -> bytes:
        data = pread(descriptor, size, offset)
        read.append(len(data))
        return data

    follower = Follower(log, Limits(head_kib=256))
    monkeypatch.setattr(os, "pread", counted)
    assert follower.poll() == [line[:-1]] * 2048
    assert sum(read) == 256 * 1024 + 1
    assert follower.condition() is SourceCondition.OK
    backlog = follower.tail.backlog()
    assert backlog is not None
    assert follower.tail.state.behind == (mib << 20) - (256 << 10)
    assert follower.condition() is SourceCondition.READING
    follower.tail.close()
    backlog.close()


def test_t9_one_poll_reads_at_most_8_mib(log: Path) -> None:
    log.write_bytes((b"x" * 1023 + b"\n") * 9 * 1024)
    follower = Follower(log, from_end=False)
    assert len(follower.poll()) == 8192
    assert follower.tail.more
    assert follower.tail.state.behind == 1 << 20
    assert len(follower.poll()) == 1024
    assert not follower.tail.more
    follower.tail.close()


def test_t10_absent_then_there_then_its_folder_goes_and_comes(tmp_path: Path) -> None:
    folder = tmp_path / "shared"
    log = folder / "latency.log"
    follower = Follower(log)
    assert follower.poll() == []
    assert follower.condition() is SourceCondition.WAITING
    folder.mkdir()
    assert follower.poll() == []
    append(log, b"one\n")
    assert follower.poll() == [b"one"]
    log.unlink()
    folder.rmdir()
    assert follower.poll() == []
    assert follower.condition() is SourceCondition.WAITING
    folder.mkdir()
    append(log, b"two\n")
    follower.poll()
    assert follower.poll(ROTATE_WAIT_S + 0.1) == [b"two"]
    follower.tail.close()


DENIED = """
import os, sys
from pathlib import Path
from timmy_tui.settings import Tail as Limits
from timmy_tui.sources.tail import Tail
def become(user):
    os.seteuid(0)
    os.setegid(user)
    os.seteuid(user)
root = os.geteuid() == 0
if root:
    os.setgroups([])
path = Path("latency.log")
path.write_bytes(b"one\\n")
path.chmod(0)
if root:
    become(65534)
tail = Tail(path, "latency.log", Limits())
print(tail.poll(), tail.state.condition, tail.state.detail)
if root:
    become(0)
path.chmod(0o644)
if root:
    become(65534)
print([batch.lines for batch in tail.poll()], tail.state.condition)
tail.close()
"""


def test_t10_denied_then_granted(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", DENIED],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.stdout.splitlines() == ["[] denied permission denied", "[[b'one']] ok"], done.stderr


def test_t11_a_fifo_is_named_and_its_writer_is_left_alone(log: Path) -> None:
    os.mkfifo(log)
    follower = Follower(log)
    assert follower.poll() == []
    assert (follower.condition(), follower.tail.state.detail) == (SourceCondition.NOT_A_FILE, "a FIFO")
    log.unlink()
    append(log, b"one\n")
    assert follower.poll() == [b"one"]
    follower.tail.close()


def test_t11_a_directory_a_device_and_a_socket(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
        for path, kind in (
            (tmp_path, "a directory"),
            (Path("/dev/zero"), "a device"),
            (tmp_path / "s", "a socket"),
        ):
            follower = Follower(path)
            assert follower.poll() == []
            assert follower.condition() is SourceCondition.NOT_A_FILE
            assert follower.tail.state.detail == kind
            follower.tail.close()


def test_t11_a_followed_file_that_becomes_a_directory(log: Path) -> None:
    append(log, b"one\n")
    follower = Follower(log)
    follower.poll()
    log.unlink()
    log.mkdir()
    assert follower.poll(60) == []
    assert follower.condition() is SourceCondition.NOT_A_FILE
    log.rmdir()
    append(log, b"two\n")
    follower.poll()
    assert follower.poll(60) == [b"two"]
    follower.tail.close()


def test_t11_a_link_that_points_at_itself_is_an_error_and_no_more(log: Path) -> None:
    log.symlink_to(log)
    follower = Follower(log)
    assert follower.poll() == []
    assert follower.condition() is SourceCondition.ERROR
    follower.tail.close()


def test_a_path_that_no_file_can_have(tmp_path: Path) -> None:
    follower = Follower(tmp_path / "a\0b")
    assert follower.poll() == []
    assert follower.condition() is SourceCondition.ERROR
    follower.tail.close()


def test_t14_without_hold_no_descriptor_is_open_between_polls(log: Path) -> None:
    append(log, b"one\n")
    before = len(os.listdir("/proc/self/fd"))
    follower = Follower(log, Limits(head_kib=0), hold=False)
    assert follower.poll() == [b"one"]
    assert len(os.listdir("/proc/self/fd")) == before
    append(log, b"two\nhal")
    assert follower.poll() == [b"two"]
    append(log, b"f\n")
    assert follower.poll() == [b"half"]
    log.unlink()
    assert follower.poll() == []
    append(log, b"three\n")
    assert follower.poll() == [b"three"]
    follower.tail.close()


PANEL = """
import subprocess, sys
writer = "import sys\\nfor n in range(400): print('*** Debug: line %05d of the debug log' % n)\\nsys.stdin.read()"
child = subprocess.Popen([sys.executable, "-c", writer], stdin=sys.stdin, stdout=subprocess.PIPE)
print(child.pid, flush=True)
with open(sys.argv[1], "wb", buffering=0) as log:
    for line in child.stdout:
        if line.strip():
            log.write(line)
"""


def test_t18_a_debug_log_that_comes_in_blocks_and_loses_its_end_at_a_kill(tmp_path: Path) -> None:
    """Python's buffer is 8 KiB: what was printed since the last full one is never written when v34 is killed."""
    log = tmp_path / "v34.log"
    follower = Follower(log)
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    with subprocess.Popen(
        [sys.executable, "-c", PANEL, str(log)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=buffered
    ) as panel:
        assert panel.stdout is not None
        pid = int(panel.stdout.readline())
        while len(follower.lines) < 190:
            follower.poll()
        os.kill(pid, signal.SIGKILL)
        panel.wait(10)
        assert panel.stdin is not None
        panel.stdin.close()
    follower.poll()
    whole = [b"*** Debug: line %05d of the debug log" % number for number in range(400)]
    assert follower.lines == whole[: len(follower.lines)]
    assert len(follower.lines) < 400
    log.unlink()
    append(log, b"*** Debug: a new start\n")
    follower.poll()
    follower.poll(ROTATE_WAIT_S + 0.1)
    assert follower.lines[-1] == b"*** Debug: a new start"
    follower.tail.close()


def test_two_appends_within_one_second_are_both_seen(log: Path) -> None:
    append(log, b"one\n")
    follower = Follower(log)
    follower.poll()
    stamp = log.stat().st_mtime_ns
    for number in (1, 2):
        append(log, b"append %d\n" % number)
        os.utime(log, ns=(stamp, stamp))
        assert follower.poll() == [b"append %d" % number]
    follower.tail.close()


def test_the_head_begins_with_a_whole_line(log: Path) -> None:
    lines = [bytes([65 + number % 26]) * (number % 40) for number in range(200)]
    log.write_bytes(b"\n".join(lines) + b"\n")
    whole = set(lines)
    for head in (1, 2, 3):
        follower = Follower(log, Limits(head_kib=head))
        got = follower.poll()
        assert got == lines[-len(got) :]
        assert set(got) <= whole
        assert sum(len(line) + 1 for line in got) <= head * 1024
        follower.tail.close()


def test_a_closed_tail_gives_nothing(log: Path) -> None:
    append(log, b"one\n")
    follower = Follower(log)
    follower.tail.close()
    assert follower.poll() == []


def test_a_failing_read_is_an_error_that_passes(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    append(log, b"one\n")
    follower = Follower(log)
    follower.poll()
    append(log, b"two\n")

    def fail(descriptor: int, size: int, offset: int) -> bytes:
        raise OSError(116, "Stale file handle")

    with monkeypatch.context() as patch:
        patch.setattr(os, "pread", fail)
        assert follower.poll() == []
        assert follower.condition() is SourceCondition.ERROR
        assert follower.tail.state.detail == "Stale file handle"
    assert follower.poll() == [b"two"]
    assert follower.condition() is SourceCondition.OK
    assert follower.tail.state.gaps == 0
    follower.tail.close()


@pytest.mark.parametrize("seed", range(8))
def test_any_pieces_give_the_same_lines(log: Path, seed: int) -> None:
    dice = random.Random(seed)
    data = bytes(dice.choice(b"ab\n\r\0\xff ") for _ in range(5000))
    whole = [line.replace(b"\0", b"").rstrip(b"\r") for line in data.split(b"\n")[:-1]]
    follower = Follower(log)
    with log.open("ab", buffering=0) as file:
        at = 0
        while at < len(data):
            size = dice.randint(1, 300)
            file.write(data[at : at + size])
            at += size
            follower.poll()
    assert follower.lines == whole
    end = data.rfind(b"\n") + 1
    assert follower.batches[-1].end == end
    follower.tail.close()
