"""A followed file in its thread: batches, back-pressure, stalls."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.descriptors import open_descriptors
from tests.sources.files.follower import append
from timmy_tui.core.running.threads import clear_failure, thread_failures
from timmy_tui.core.settings import TailSettings
from timmy_tui.model.snapshot import SourceCondition
from timmy_tui.sources.files import tail_thread
from timmy_tui.sources.files.tail import POLL_BYTES, OpenMode, Tail, TailBatch
from timmy_tui.sources.files.tail_thread import QUEUE, STALL_S, TailThread

QUICK = TailSettings(poll_ms=10, poll_busy_ms=5, head_kib=4)


class Feeds:
    """Threads that are stopped at the end, and one event that all of them set."""

    def __init__(self) -> None:
        self.news = threading.Event()
        self.now = 0.0
        self._threads: list[TailThread] = []

    def open(
        self, path: Path, limits: TailSettings = QUICK, from_end: bool = True, reported: bool = False
    ) -> TailThread:
        """``reported``: the first poll is one that a report of the file system has asked for."""
        tail = Tail(path, path.name, limits, OpenMode(from_end))
        thread = TailThread(tail, "latency", limits, clock=lambda: self.now)
        self._threads.append(thread)
        if reported:
            thread.wake()
        thread.start(self.news.set)
        return thread

    def wait_for_lines(self, feed: TailThread, count: int) -> list[bytes]:
        lines: list[bytes] = []
        self.wait_until(lambda: len(lines) >= count, lambda: lines.extend(flat(feed.drain())))
        return lines

    def wait_until(self, done: Callable[[], bool], step: Callable[[], object] = lambda: None) -> None:
        deadline = time.monotonic() + 20
        while True:
            step()
            if done():
                return
            assert time.monotonic() < deadline
            self.news.wait(0.02)
            self.news.clear()

    def stop(self) -> None:
        for thread in self._threads:
            thread.stop()


def flat(batches: list[TailBatch]) -> list[bytes]:
    return [line for batch in batches for line in batch.lines]


@pytest.fixture
def feeds() -> Iterator[Feeds]:
    opened = Feeds()
    yield opened
    opened.stop()


def test_lines_arrive_and_the_consumer_is_notified(tmp_path: Path, feeds: Feeds) -> None:
    feed = feeds.open(tmp_path / "latency.log")
    assert (feed.name, feed.kind) == ("latency.log", "latency")
    append(tmp_path / "latency.log", b"one\n")
    assert feeds.wait_for_lines(feed, 1) == [b"one"]
    append(tmp_path / "latency.log", b"two\n")
    assert feeds.wait_for_lines(feed, 1) == [b"two"]
    assert feed.take_backlog() is None


def test_wake_polls_at_once(tmp_path: Path, feeds: Feeds) -> None:
    append(tmp_path / "log", b"one\n")
    feed = feeds.open(tmp_path / "log", TailSettings(poll_ms=3_600_000, poll_busy_ms=5))
    feeds.wait_for_lines(feed, 1)
    append(tmp_path / "log", b"two\n")
    feed.wake()
    assert feeds.wait_for_lines(feed, 1) == [b"two"]


def test_while_a_turn_is_in_flight_it_polls_at_the_other_pace(tmp_path: Path, feeds: Feeds) -> None:
    append(tmp_path / "log", b"one\n")
    feed = feeds.open(tmp_path / "log", TailSettings(poll_ms=3_600_000, poll_busy_ms=5))
    feeds.wait_for_lines(feed, 1)
    feed.set_busy(True)
    assert feed.busy
    for line in (b"two", b"three"):
        append(tmp_path / "log", line + b"\n")
        assert feeds.wait_for_lines(feed, 1) == [line]


def test_a_file_whose_changes_are_reported_is_polled_less_often(
    tmp_path: Path, feeds: Feeds, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its pause while a turn is in flight is then the one of a quiet time, here the only short one."""
    limits = TailSettings(poll_ms=5, poll_busy_ms=3_600_000)
    monkeypatch.setattr(tail_thread, "PROVEN_S", 3600.0)
    append(tmp_path / "never", b"one\n")
    never = feeds.open(tmp_path / "never", limits)
    assert feeds.wait_for_lines(never, 1) == [b"one"]
    append(tmp_path / "reported", b"one\n")
    reported = feeds.open(tmp_path / "reported", limits, reported=True)
    assert feeds.wait_for_lines(reported, 1) == [b"one"]
    append(tmp_path / "reported", b"two\n")
    append(tmp_path / "never", b"two\n")
    assert feeds.wait_for_lines(never, 1) == [b"two"]
    assert reported.drain() == []
    reported.set_busy(True)
    # The first poll behind this comes at once; what it finds was not reported, so the hour is over with the next wake.
    assert feeds.wait_for_lines(reported, 1) == [b"two"]
    append(tmp_path / "reported", b"three\n")
    reported.wake()
    assert feeds.wait_for_lines(reported, 1) == [b"three"]
    append(tmp_path / "reported", b"four\n")
    assert feeds.wait_for_lines(reported, 1) == [b"four"]


def test_a_late_consumer_makes_the_reading_wait_and_loses_nothing(tmp_path: Path, feeds: Feeds) -> None:
    line = b"x" * 1023 + b"\n"
    total = (QUEUE + 2) * POLL_BYTES // len(line)
    (tmp_path / "log").write_bytes(line * total)
    feed = feeds.open(tmp_path / "log", from_end=False)
    feeds.wait_until(lambda: feed.blocked == 1)
    assert feed.state.condition is SourceCondition.READING
    assert feed.state.behind == 2 * POLL_BYTES
    assert len(feeds.wait_for_lines(feed, total)) == total
    assert feed.state.dropped == 0


def is_open(path: Path) -> bool:
    return any(os.path.realpath(f"/proc/self/fd/{number}") == str(path) for number in open_descriptors())


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="/proc")
def test_a_file_that_comes_and_goes_while_the_consumer_is_late_is_not_lost(tmp_path: Path, feeds: Feeds) -> None:
    line = b"x" * 1023 + b"\n"
    total = (QUEUE + 1) * POLL_BYTES // len(line)
    log = tmp_path.resolve() / "log"
    log.write_bytes(line * total)
    feed = feeds.open(log, from_end=False)
    feeds.wait_until(lambda: feed.blocked == 1)
    log.unlink()
    append(log, b"came and went\n")
    feeds.wait_until(lambda: is_open(log))
    log.unlink()
    append(log, b"stayed\n")
    assert feeds.wait_for_lines(feed, total + 2)[total:] == [b"came and went", b"stayed"]


def test_a_poll_that_raises_says_so_and_loses_nothing(
    tmp_path: Path, feeds: Feeds, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("timmy_tui.core.running.threads.FIRST_PAUSE_S", 0.01)
    log = tmp_path / "log"
    append(log, b"one\n")
    feed = feeds.open(log)
    feeds.wait_for_lines(feed, 1)
    gate, pread = threading.Event(), os.pread

    def broken(descriptor: int, size: int, offset: int) -> bytes:
        if not gate.is_set():
            raise RuntimeError("a bug")
        return pread(descriptor, size, offset)

    with monkeypatch.context() as patch:
        patch.setattr(os, "pread", broken)
        append(log, b"two\n")
        feeds.wait_until(lambda: feed.state.condition is SourceCondition.ERROR)
        assert feed.state.detail.startswith("RuntimeError: a bug")
        assert [failure.where for failure in thread_failures()] == ["tail log"]
        log.unlink()
        append(log, b"three\n")
        gate.set()
        assert feeds.wait_for_lines(feed, 2) == [b"two", b"three"]
        feeds.wait_until(lambda: feed.state.condition is SourceCondition.OK)
    clear_failure("tail log")


def test_the_backlog_is_read_by_the_thread(tmp_path: Path, feeds: Feeds) -> None:
    log = tmp_path / "log"
    append(log, b"".join(b"%07d\n" % number for number in range(200_000)))
    feed = feeds.open(log)
    head = feeds.wait_for_lines(feed, 1)
    assert head[-1] == b"%07d" % 199_999
    backlog = feed.take_backlog()
    assert backlog is not None
    full: list[bytes] = []
    at = 200_000
    while True:
        lines = backlog.read(1 << 16)
        full += lines
        if not lines and backlog.finished:
            break
        if at < 200_050:
            append(log, b"%07d\n" % at)
            at += 1
        feed.drain()
    backlog.close()
    full += feeds.wait_for_lines(feed, at - len(full)) if len(full) < at else []
    assert full == [b"%07d" % number for number in range(at)]
    feeds.wait_until(lambda: feed.state.condition is SourceCondition.OK)


def test_t12_a_stalled_file_stops_nothing_else(tmp_path: Path, feeds: Feeds, monkeypatch: pytest.MonkeyPatch) -> None:
    hung, fine = tmp_path / "hung.log", tmp_path / "fine.log"
    append(hung, b"one\n")
    append(fine, b"one\n")
    slow, quick = feeds.open(hung), feeds.open(fine)
    feeds.wait_for_lines(slow, 1)
    feeds.wait_for_lines(quick, 1)
    gate, inside = threading.Event(), threading.Event()
    inode, pread = hung.stat().st_ino, os.pread

    def hanging(descriptor: int, size: int, offset: int) -> bytes:
        if os.fstat(descriptor).st_ino == inode:
            inside.set()
            gate.wait(60)
        return pread(descriptor, size, offset)

    monkeypatch.setattr(os, "pread", hanging)
    try:
        append(hung, b"two\n")
        assert inside.wait(20)
        assert slow.state.detail == ""
        feeds.now += STALL_S + 1.5
        assert slow.state.condition is SourceCondition.STALLED
        assert slow.state.detail == "stalled 4s"
        append(fine, b"two\n")
        assert feeds.wait_for_lines(quick, 1) == [b"two"]
        assert quick.state.condition is SourceCondition.OK
        assert slow.drain() == []
        gate.set()
        assert feeds.wait_for_lines(slow, 1) == [b"two"]
        feeds.wait_until(lambda: slow.state.condition is SourceCondition.OK)
    finally:
        gate.set()


def test_t12_quitting_does_not_wait_for_a_hanging_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "log"
    append(log, b"one\n")
    gate, inside, done = threading.Event(), threading.Event(), threading.Event()
    pread = os.pread

    def hanging(descriptor: int, size: int, offset: int) -> bytes:
        inside.set()
        gate.wait(60)
        return pread(descriptor, size, offset)

    class ClosingTail(Tail):
        def close(self) -> None:
            super().close()
            done.set()

    monkeypatch.setattr(os, "pread", hanging)
    feed = TailThread(ClosingTail(log, "log", QUICK), "latency", QUICK)
    feed.start(lambda: None)
    try:
        assert inside.wait(20)
        feed.stop()
        # It came back although the read is still inside.
        assert not gate.is_set() and not done.is_set()
    finally:
        gate.set()
    assert done.wait(20)


def test_t12_a_backlog_on_a_stalled_mount_does_not_hold_its_consumer(
    tmp_path: Path, feeds: Feeds, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "log"
    append(log, b"".join(b"%07d\n" % number for number in range(2000)))
    feed = feeds.open(log)
    feeds.wait_for_lines(feed, 1)
    gate = threading.Event()
    pread = os.pread

    def hanging(descriptor: int, size: int, offset: int) -> bytes:
        gate.wait(60)
        return pread(descriptor, size, offset)

    monkeypatch.setattr(os, "pread", hanging)
    try:
        backlog = feed.take_backlog()
        assert backlog is not None
        assert backlog.read(1000) == []
        assert not backlog.finished
        gate.set()
        full: list[bytes] = []
        feeds.wait_until(lambda: backlog.finished, lambda: full.extend(backlog.read(1000)))
        assert len(full) == 2000
        backlog.close()
    finally:
        gate.set()


def test_what_was_never_started_can_be_stopped(tmp_path: Path) -> None:
    feed = TailThread(Tail(tmp_path / "log", "log", QUICK), "v34", QUICK)
    feed.stop()
    assert feed.state.condition is SourceCondition.WAITING


def test_stopping_gives_every_descriptor_back(tmp_path: Path) -> None:
    log = tmp_path / "log"
    append(log, b"".join(b"%07d\n" % number for number in range(2000)))
    before = open_descriptors()
    feed = TailThread(Tail(log, "log", QUICK), "latency", QUICK)
    news = threading.Event()
    feed.start(news.set)
    assert news.wait(20)
    feed.drain()
    assert feed.take_backlog() is not None
    feed.stop()
    assert open_descriptors() - before == set()


def test_stopped_while_it_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dashboard that is closed at once: another thread stops what this one starts."""
    append(tmp_path / "log", b"one\n")
    begun, stopped = threading.Event(), threading.Event()
    start = threading.Thread.start

    def slow_start(thread: threading.Thread) -> None:
        if thread.name == "tail log":
            begun.set()
            stopped.wait(0.2)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", slow_start)
    feed = TailThread(Tail(tmp_path / "log", "log", QUICK), "latency", QUICK)
    starting = threading.Thread(target=feed.start, args=(lambda: None,))
    starting.start()
    assert begun.wait(20)
    feed.stop()
    stopped.set()
    starting.join(20)
    feed.stop()
    assert all(thread.name != "tail log" for thread in threading.enumerate())


def test_stopped_before_it_begins_it_never_does(tmp_path: Path) -> None:
    append(tmp_path / "log", b"one\n")
    feed = TailThread(Tail(tmp_path / "log", "log", QUICK), "latency", QUICK)
    feed.stop()
    feed.start(lambda: None)
    assert all(thread.name != "tail log" for thread in threading.enumerate())
    assert feed.drain() == []
