"""What a followed file can hold and how it can be held; the names carry the row of the fault table."""

import os
import random
import signal
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest

from tests.descriptors import open_descriptors
from tests.sources.files.conftest import Follow
from tests.sources.files.follower import append
from timmy_tui.core.settings import TailSettings
from timmy_tui.model.snapshot import SourceCondition
from timmy_tui.sources.files.content import HEAD
from timmy_tui.sources.files.file_chain import ROTATE_WAIT_S

pytestmark = pytest.mark.skipif(os.name == "nt", reason="POSIX files")


def test_t5_a_line_that_is_being_written_waits_and_shows_after_five_seconds(log: Path, follow: Follow) -> None:
    follower = follow(log)
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


def test_the_last_line_of_a_document_needs_no_end_when_nothing_comes_behind_it(log: Path, follow: Follow) -> None:
    follower = follow(log, document=True)
    append(log, b'{"a":\n')
    assert follower.poll() == [b'{"a":']
    append(log, b"1")
    assert follower.poll() == []
    append(log, b"0}")
    assert follower.poll(4.9) == []
    assert follower.poll(0.2) == [b"10}"]
    assert not follower.tail.state.partial
    append(log, b'{"a": 2}\n')
    assert follower.poll() == [b'{"a": 2}'], "what comes all the same is a line of its own"


def test_a_document_of_before_is_read_from_its_first_byte_to_its_last_at_once(log: Path, follow: Follow) -> None:
    append(log, b"{\n" + b" \n" * 3000 + b"}")
    os.utime(log, (0, 0))
    small = TailSettings(head_kib=1)
    assert len(follow(log, small, document=True).poll()) == 3002
    assert len(follow(log, small).poll()) < 600


def test_t7_nuls_bad_bytes_and_carriage_returns(log: Path, follow: Follow) -> None:
    append(log, b"\0" * 4096 + b"one\r\n\xff\xfe\n\r\n0%\r100%\r\n")
    follower = follow(log)
    assert follower.poll() == [b"one", b"\xff\xfe", b"", b"0%\r100%"]
    append(log, b"split end\r")
    follower.poll()
    append(log, b"\n")
    assert follower.poll() == [b"split end"]
    assert follower.tail.state.detail == "4096 NUL bytes"


def test_t8_a_line_of_100_mb_is_dropped_in_little_memory(log: Path, follow: Follow) -> None:
    append(log, b"before\n")
    with log.open("ab") as file:
        for _ in range(100):
            file.write(b"x" * 1_000_000)
        file.write(b"\nafter\n")
    follower = follow(log, from_end=False)
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


def test_t8_the_limit_is_exact(log: Path, follow: Follow) -> None:
    limits = TailSettings(line_kib=1)
    append(log, b"a" * 1024 + b"\n" + b"b" * 1025 + b"\n" + b"c\r\n")
    follower = follow(log, limits)
    assert follower.poll() == [b"a" * 1024, b"c"]
    assert follower.tail.state.dropped == 1


@pytest.mark.parametrize("mib", [8, 64])
def test_t9_the_first_poll_costs_the_same_whatever_the_size(
    log: Path, mib: int, monkeypatch: pytest.MonkeyPatch, follow: Follow
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

    follower = follow(log, TailSettings(head_kib=256))
    monkeypatch.setattr(os, "pread", counted)
    assert follower.poll() == [line[:-1]] * 2048
    assert sum(read) == 256 * 1024 + 1 + 2 * HEAD
    assert follower.condition() is SourceCondition.OK
    backlog = follower.tail.take_backlog()
    assert backlog is not None
    assert follower.tail.state.behind == (mib << 20) - (256 << 10)
    assert follower.condition() is SourceCondition.READING
    backlog.close()


def test_t9_one_poll_reads_at_most_8_mib(log: Path, follow: Follow) -> None:
    log.write_bytes((b"x" * 1023 + b"\n") * 9 * 1024)
    follower = follow(log, from_end=False)
    assert len(follower.poll()) == 8192
    assert follower.tail.more
    assert follower.tail.state.behind == 1 << 20
    assert len(follower.poll()) == 1024
    assert not follower.tail.more


def test_t14_without_hold_no_descriptor_is_open_between_polls(log: Path, follow: Follow) -> None:
    append(log, b"one\n")
    before = open_descriptors()
    follower = follow(log, TailSettings(head_kib=0), hold=False)
    assert follower.poll() == [b"one"]
    assert open_descriptors() - before == set()
    append(log, b"two\nhal")
    assert follower.poll() == [b"two"]
    append(log, b"f\n")
    assert follower.poll() == [b"half"]
    log.unlink()
    assert follower.poll() == []
    append(log, b"three\n")
    assert follower.poll() == [b"three"]


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


def test_t18_a_debug_log_that_comes_in_blocks_and_loses_its_end_at_a_kill(tmp_path: Path, follow: Follow) -> None:
    """Python's buffer is 8 KiB: what was printed since the last full one is never written when v34 is killed."""
    log = tmp_path / "v34.log"
    follower = follow(log)
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


def test_two_appends_within_one_second_are_both_seen(log: Path, follow: Follow) -> None:
    append(log, b"one\n")
    follower = follow(log)
    follower.poll()
    stamp = log.stat().st_mtime_ns
    for number in (1, 2):
        append(log, b"append %d\n" % number)
        os.utime(log, ns=(stamp, stamp))
        assert follower.poll() == [b"append %d" % number]


def test_the_head_begins_with_a_whole_line(log: Path, follow: Follow) -> None:
    lines = [bytes([65 + number % 26]) * (number % 40) for number in range(200)]
    log.write_bytes(b"\n".join(lines) + b"\n")
    whole = set(lines)
    for head in (1, 2, 3):
        follower = follow(log, TailSettings(head_kib=head))
        got = follower.poll()
        assert got == lines[-len(got) :]
        assert set(got) <= whole
        assert sum(len(line) + 1 for line in got) <= head * 1024


def test_a_closed_tail_gives_nothing(log: Path, follow: Follow) -> None:
    append(log, b"one\n")
    follower = follow(log)
    follower.tail.close()
    assert follower.poll() == []


def test_a_failing_read_is_an_error_that_passes(log: Path, monkeypatch: pytest.MonkeyPatch, follow: Follow) -> None:
    append(log, b"one\n")
    follower = follow(log)
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


def test_what_a_poll_has_read_before_it_raises_comes_with_the_next_one(
    log: Path, monkeypatch: pytest.MonkeyPatch, follow: Follow
) -> None:
    append(log, b"one\n")
    follower = follow(log)
    follower.poll()
    append(log, b"two\n")
    log.rename(log.with_suffix(".1"))
    append(log, b"three\n")
    follower.tail.look()
    inode, pread = log.stat().st_ino, os.pread

    def broken(descriptor: int, size: int, offset: int) -> bytes:
        if os.fstat(descriptor).st_ino == inode:
            raise RuntimeError("a bug")
        return pread(descriptor, size, offset)

    follower.clock.now += ROTATE_WAIT_S
    with monkeypatch.context() as patch:
        patch.setattr(os, "pread", broken)
        with pytest.raises(RuntimeError):
            follower.tail.poll()
    assert follower.poll() == [b"two", b"three"]


@pytest.mark.parametrize("seed", range(8))
def test_any_pieces_give_the_same_lines(log: Path, seed: int, follow: Follow) -> None:
    dice = random.Random(seed)
    data = bytes(dice.choice(b"ab\n\r\0\xff ") for _ in range(5000))
    whole = [line.replace(b"\0", b"").rstrip(b"\r") for line in data.split(b"\n")[:-1]]
    follower = follow(log)
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
