"""The backlog of a big file: each line is read once, whatever happens to the file meanwhile."""

import os
import random
from pathlib import Path

import pytest

from timmy_tui.core.settings import TailSettings
from timmy_tui.model.snapshot import SourceCondition
from timmy_tui.sources.files.file_chain import ROTATE_WAIT_S
from timmy_tui.sources.files.tail import Backlog, Tail

HEAD = TailSettings(head_kib=4)


class Consumer:
    """Reads as the pipeline does: ``shown`` is the preview from the end, ``full`` everything from the first byte on."""

    def __init__(self, path: Path, limits: TailSettings = HEAD) -> None:
        self.now = 0.0
        self.tail = Tail(path, path.name, limits, clock=lambda: self.now)
        self.backlog: Backlog | None = None
        self.shown: list[bytes] = []
        self.full: list[bytes] = []

    def read_live(self, after: float = 0.0) -> None:
        self.now += after
        for batch in self.tail.poll():
            opened = self.tail.opened_backlog
            if opened is not None:
                opened.record_delivery(batch)
            if self.backlog is None:
                self.backlog = self.tail.take_backlog()
            self.shown += batch.lines
            if self.backlog is None or self.backlog.closed:
                self.full += batch.lines

    def read_backlog(self, limit: int = 1000) -> bool:
        """Read one slice; False when the backlog is finished."""
        assert self.backlog is not None
        lines = self.backlog.read(limit)
        self.full += lines
        if not lines and self.backlog.finished:
            self.backlog.close()
        return not self.backlog.closed

    def close(self) -> None:
        self.tail.close()
        if self.backlog is not None:
            self.backlog.close()


def numbered(first: int, last: int) -> list[bytes]:
    return [b"line %05d" % number for number in range(first, last)]


def write(path: Path, lines: list[bytes], mode: str = "ab") -> None:
    with path.open(mode) as file:
        file.write(b"".join(line + b"\n" for line in lines))


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "latency.log"
    write(path, numbered(0, 3000))
    return path


def test_a_small_file_has_no_backlog(tmp_path: Path) -> None:
    write(tmp_path / "a", numbered(0, 10))
    consumer = Consumer(tmp_path / "a")
    consumer.read_live()
    assert consumer.tail.take_backlog() is None
    assert consumer.full == numbered(0, 10)
    consumer.close()


def test_everything_comes_once_while_the_file_grows(log: Path) -> None:
    consumer = Consumer(log)
    consumer.read_live()
    head = len(consumer.shown)
    assert 0 < head < 400
    assert consumer.tail.state.condition is SourceCondition.READING
    at = 3000
    while consumer.read_backlog():
        if at < 3400:
            write(log, numbered(at, at + 10))
            at += 10
            consumer.read_live()
    write(log, numbered(at, at + 5))
    consumer.read_live()
    assert consumer.full == numbered(0, at + 5)
    assert consumer.shown == numbered(3000 - head, at + 5)
    assert consumer.tail.state.lines == at + 5
    assert consumer.tail.state.behind == 0
    consumer.close()


def test_a_rotation_in_the_middle_loses_nothing(log: Path) -> None:
    consumer = Consumer(log)
    consumer.read_live()
    consumer.read_backlog()
    with log.open("ab") as file:
        file.write(b"end without newline")
    log.rename(log.with_suffix(".1"))
    write(log, numbered(5000, 5300))
    consumer.read_live()
    consumer.read_live(ROTATE_WAIT_S + 0.1)
    assert consumer.shown[-301:] == [b"end without newline", *numbered(5000, 5300)]
    while consumer.read_backlog():
        pass
    write(log, numbered(5300, 5310))
    consumer.read_live()
    assert consumer.full == [*numbered(0, 3000), b"end without newline", *numbered(5000, 5310)]
    assert consumer.tail.state.gaps == 0
    consumer.close()


def test_a_truncation_in_the_middle_costs_the_unread_part_only(log: Path) -> None:
    consumer = Consumer(log)
    consumer.read_live()
    consumer.read_backlog()
    earlier = list(consumer.full)
    os.truncate(log, 0)
    write(log, numbered(7000, 7100))
    consumer.read_live()
    while consumer.read_backlog():
        pass
    write(log, numbered(7100, 7110))
    consumer.read_live()
    assert consumer.full == [*earlier, *numbered(7000, 7110)]
    assert consumer.tail.state.gaps >= 1
    consumer.close()


def test_a_truncation_before_the_first_slice_leaves_the_new_content_only(log: Path) -> None:
    consumer = Consumer(log)
    consumer.read_live()
    log.write_bytes(b"".join(b"other content %07d\n" % number for number in range(5000)))
    consumer.read_live()
    while consumer.read_backlog():
        pass
    assert consumer.full == [b"other content %07d" % number for number in range(5000)]
    consumer.close()


def test_a_truncation_of_the_successor_leaves_the_first_file_alone(log: Path) -> None:
    consumer = Consumer(log)
    consumer.read_live()
    log.rename(log.with_suffix(".1"))
    write(log, numbered(5000, 5300))
    consumer.read_live()
    consumer.read_live(ROTATE_WAIT_S + 0.1)
    log.write_bytes(b"short\n")
    consumer.read_live()
    while consumer.read_backlog():
        pass
    assert consumer.full == [*numbered(0, 3000), b"short"]
    consumer.close()


def test_a_rewrite_between_two_polls_is_detected(log: Path) -> None:
    """The backlog also compares its own last bytes, because the file may change between two polls."""
    consumer = Consumer(log)
    consumer.read_live()
    consumer.read_backlog()
    earlier = list(consumer.full)
    log.write_bytes(b"".join(b"other content %07d\n" % number for number in range(5000)))
    while consumer.read_backlog():
        pass
    assert consumer.full == earlier
    consumer.close()


def test_it_is_returned_once_and_survives_the_file(log: Path) -> None:
    consumer = Consumer(log)
    consumer.read_live()
    assert consumer.tail.take_backlog() is None
    log.unlink()
    while consumer.read_backlog():
        pass
    assert consumer.full == numbered(0, 3000)
    consumer.close()


def test_lines_over_the_limit_are_counted_once(log: Path) -> None:
    log.write_bytes(b"a" * 2000 + b"\nshort\n" + b"b" * 2000 + b"\n" + b"".join(b"%09d\n" % n for n in range(1000)))
    consumer = Consumer(log, TailSettings(head_kib=4, line_kib=1))
    consumer.read_live()
    while consumer.read_backlog(300):
        pass
    assert consumer.full[:2] == [b"short", b"%09d" % 0]
    assert consumer.tail.state.dropped == 2
    assert consumer.tail.state.lines == 1001
    consumer.close()


def test_read_errors_are_tried_again(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    consumer = Consumer(log)
    consumer.read_live()
    backlog = consumer.backlog
    assert backlog is not None
    failures = iter(range(3))
    pread = os.pread

    def shaky(descriptor: int, size: int, offset: int) -> bytes:
        if next(failures, None) is not None:
            raise OSError(5, "Input/output error")
        return pread(descriptor, size, offset)

    monkeypatch.setattr(os, "pread", shaky)
    while consumer.read_backlog():
        pass
    assert consumer.full == numbered(0, 3000)
    consumer.close()


def test_a_file_that_cannot_be_read_any_more_is_given_up(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    consumer = Consumer(log)
    consumer.read_live()

    def broken(descriptor: int, size: int, offset: int) -> bytes:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "pread", broken)
    while consumer.read_backlog():
        pass
    assert consumer.full == []
    assert consumer.tail.state.gaps == 1
    consumer.close()


@pytest.mark.parametrize("seed", range(12))
def test_slices_of_any_size_between_appends_and_rotations(log: Path, seed: int) -> None:
    rng = random.Random(seed)
    consumer = Consumer(log)
    consumer.read_live()
    at, written, rotations = 3000, numbered(0, 3000), 0
    for _ in range(60):
        action = rng.random()
        if action < 0.4:
            more = numbered(at, at + rng.randint(1, 80))
            at += len(more)
            written += more
            write(log, more)
        elif action < 0.5:
            rotations += 1
            log.rename(log.with_suffix(f".{rotations}"))
            more = numbered(at, at + 5)
            at += 5
            written += more
            write(log, more)
            consumer.read_live()
            consumer.read_live(ROTATE_WAIT_S + 0.1)
        if rng.random() < 0.5:
            consumer.read_live()
        if consumer.backlog is not None and not consumer.backlog.closed:
            consumer.read_backlog(rng.randint(1, 3000))
    consumer.read_live()
    while consumer.backlog is not None and not consumer.backlog.closed:
        consumer.read_backlog()
    assert consumer.full == written
    consumer.close()
