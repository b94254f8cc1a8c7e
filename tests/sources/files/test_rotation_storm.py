"""Many rotations in a short time: a file that had the name for a moment is read, or counted as missed."""

import os
import random
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.descriptors import open_descriptors
from tests.sources.files.conftest import Follow
from tests.sources.files.follower import append
from tests.waiting import wait_for
from timmy_tui.core.settings import TailSettings
from timmy_tui.sources.files.file_chain import LONGEST_S, MAX_HELD, ROTATE_WAIT_S
from timmy_tui.sources.files.tail import Tail
from timmy_tui.sources.files.tail_thread import TailThread
from timmy_tui.sources.files.wake import Waker

pytestmark = pytest.mark.skipif(os.name == "nt", reason="POSIX files")

ROTATIONS = 15
STORM_S = 25.0


def rename(log: Path, number: int) -> None:
    """As logrotate does without ``copytruncate``, with a date for a suffix."""
    log.rename(log.with_name(f"{log.name}-{number:03}"))


def shift(log: Path, number: int) -> None:
    """As logrotate does with numbers: every older file moves on by one."""
    for older in range(number - 1, 0, -1):
        log.with_name(f"{log.name}.{older}").rename(log.with_name(f"{log.name}.{older + 1}"))
    log.rename(log.with_name(f"{log.name}.1"))


def delete(log: Path, number: int) -> None:
    """As upstream's control panel does."""
    log.unlink()


def replace(log: Path, number: int) -> None:
    """Another file is moved over it."""
    new = log.with_suffix(".new")
    new.touch()
    new.replace(log)


WAYS: tuple[Callable[[Path, int], None], ...] = (rename, shift, delete, replace)


def lines(number: int, count: int = 3) -> list[bytes]:
    return [b'{"request_id": "%08x", "event": "event %d"}' % (number, event) for event in range(count)]


def write(log: Path, number: int, count: int = 3) -> list[bytes]:
    written = lines(number, count)
    append(log, b"".join(line + b"\n" for line in written))
    return written


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("seed", range(6))
def test_a_storm_of_15_rotations_in_25_s_loses_no_line(
    log: Path, follow: Follow, seed: int, way: Callable[[Path, int], None]
) -> None:
    rng = random.Random(seed)
    written = write(log, 0)
    follower = follow(log)
    follower.poll()
    for number in range(1, ROTATIONS + 1):
        way(log, number)
        for _ in range(rng.randint(0, 2)):
            follower.poll(rng.uniform(0, 2 * STORM_S / ROTATIONS))
        written += write(log, number, rng.randint(1, 4))
        # The event of the new name, as the file system sends it.
        follower.tail.look()
    for _ in range(ROTATIONS):
        follower.poll(ROTATE_WAIT_S)
    assert follower.lines == written
    assert (follower.tail.state.gaps, follower.tail.state.missed) == (0, 0)


@pytest.mark.parametrize("way", [rename, shift])
def test_files_that_were_renamed_between_two_looks_are_found_beside_the_log(
    log: Path, follow: Follow, way: Callable[[Path, int], None]
) -> None:
    written = write(log, 0)
    follower = follow(log)
    follower.poll()
    for number in range(1, 5):
        way(log, number)
        written += write(log, number)
    for _ in range(6):
        follower.poll(ROTATE_WAIT_S)
    assert follower.lines == written
    assert follower.tail.state.missed == 0


def test_what_was_beside_the_log_before_is_not_read(log: Path, follow: Follow) -> None:
    older = log.with_name(f"{log.name}.1")
    append(older, b"of yesterday\n")
    written = write(log, 0)
    follower = follow(log)
    follower.poll()
    later = older.stat().st_mtime + 5
    os.utime(older, (later, later))
    log.rename(log.with_name(f"{log.name}.2"))
    written += write(log, 1)
    for _ in range(3):
        follower.poll(ROTATE_WAIT_S)
    assert follower.lines == written


def test_a_log_that_has_the_number_of_a_deleted_older_one_is_read(log: Path, follow: Follow) -> None:
    """ext4 gives the next file the number that the deletion of the oldest, as by logrotate, has set free."""
    older = log.with_name(f"{log.name}.2")
    append(older, b"of yesterday\n")
    number = older.stat().st_ino
    written = write(log, 0)
    follower = follow(log)
    follower.poll()
    older.unlink()
    log.rename(log.with_name(f"{log.name}.1"))
    written += write(log, 1)
    if log.stat().st_ino != number:
        pytest.skip("this file system gives each file a new number")
    log.rename(log.with_name(f"{log.name}.0"))
    written += write(log, 2)
    for _ in range(3):
        follower.poll(ROTATE_WAIT_S)
    assert follower.lines == written


def test_what_was_beside_the_log_and_grows_is_not_read(log: Path, follow: Follow) -> None:
    """A writer that still has an older file open."""
    older = log.with_name(f"{log.name}.1")
    append(older, b"of yesterday\n")
    empty = log.with_name(f"{log.name}.7")
    empty.touch()
    written = write(log, 0)
    follower = follow(log)
    follower.poll()
    log.rename(log.with_name(f"{log.name}.2"))
    written += write(log, 1)
    append(older, b"late\n")
    append(empty, b"late\n")
    later = log.stat().st_mtime + 5
    for path in (older, empty):
        os.utime(path, (later, later))
    for _ in range(3):
        follower.poll(ROTATE_WAIT_S)
    assert follower.lines == written


@pytest.mark.parametrize("name", ["latency.log.bak", "latency-copy.log", "latency.log.1.gz", "other.log"])
def test_a_copy_or_another_file_made_between_two_looks_is_not_read(log: Path, follow: Follow, name: str) -> None:
    written = write(log, 0)
    follower = follow(log)
    follower.poll()
    log.with_name(name).write_bytes(log.read_bytes() if "gz" not in name and "other" not in name else b"packed\n")
    log.rename(log.with_name("latency.log.2"))
    written += write(log, 1)
    for _ in range(3):
        follower.poll(ROTATE_WAIT_S)
    assert follower.lines == written


def test_stop_and_start_pressed_twice_loses_nothing(log: Path, follow: Follow) -> None:
    written = write(log, 0)
    follower = follow(log)
    follower.poll()
    for number in (1, 2):
        log.unlink()
        written += write(log, number)
        follower.poll(0.3)
    assert follower.lines == lines(0)
    for _ in range(2):
        follower.poll(ROTATE_WAIT_S)
    assert follower.lines == written


def test_a_file_that_came_and_went_between_two_looks_is_counted(log: Path, follow: Follow) -> None:
    born = 0
    written = write(log, 0)
    follower = follow(log)
    follower.tail.count_births = lambda path: born
    follower.poll()
    for number in (1, 2, 3):
        log.unlink()
        write(log, number)
        born += 1
    written += lines(3)
    for _ in range(3):
        follower.poll(ROTATE_WAIT_S)
    assert follower.lines == written
    assert follower.tail.state.missed == 2
    # An event that comes after the file was seen is that of this file.
    log.unlink()
    written += write(log, 4)
    follower.tail.look()
    born += 1
    for _ in range(3):
        follower.poll(ROTATE_WAIT_S)
    assert follower.lines == written
    assert follower.tail.state.missed == 2


def test_a_file_that_was_made_and_deleted_at_once_is_counted_though_nothing_follows(log: Path, follow: Follow) -> None:
    born = 0
    follower = follow(log)
    follower.tail.count_births = lambda path: born
    follower.poll()
    assert follower.tail.state.missed == 0
    write(log, 1)
    log.unlink()
    born = 1
    follower.poll()
    assert follower.tail.state.missed == 1


def test_a_successor_that_is_truncated_before_it_is_read_is_a_gap(log: Path, follow: Follow) -> None:
    write(log, 0)
    follower = follow(log)
    follower.poll()
    log.unlink()
    write(log, 1)
    follower.poll()
    os.truncate(log, 0)
    follower.poll(0.1)
    assert follower.tail.state.gaps == 1
    write(log, 2)
    for _ in range(2):
        follower.poll(ROTATE_WAIT_S)
    assert follower.lines == lines(0) + lines(2)


def test_successors_that_stay_empty_are_passed_over(log: Path, follow: Follow) -> None:
    written = write(log, 0)
    follower = follow(log)
    follower.poll()
    for number in range(1, 4):
        rename(log, number)
        log.touch()
        follower.poll(0.1)
    follower.poll(60)
    assert follower.lines == written
    written += write(log, 4)
    follower.poll(0.1)
    assert follower.lines == written


def test_no_more_than_64_files_are_held_and_the_others_are_counted(log: Path, follow: Follow) -> None:
    before = len(open_descriptors())
    born = 0
    write(log, 0)
    follower = follow(log)
    follower.tail.count_births = lambda path: born
    follower.poll()
    for number in range(1, MAX_HELD + 3):
        log.unlink()
        write(log, number)
        born += 1
        follower.tail.look()
        follower.tail.look()
    assert len(open_descriptors()) - before == MAX_HELD
    assert follower.tail.state.missed == 3
    for _ in range(3):
        follower.poll(LONGEST_S)
    assert follower.tail.state.missed == 2
    # The newest has the name still: it is opened as soon as there is room.
    assert follower.lines[-3:] == lines(MAX_HELD + 2)


def test_a_file_that_does_not_get_quiet_keeps_its_successors_waiting_and_open(log: Path, follow: Follow) -> None:
    write(log, 0)
    follower = follow(log)
    follower.poll()
    with log.open("ab", buffering=0) as writer:
        log.unlink()
        write(log, 1)
        follower.poll()
        log.unlink()
        write(log, 2)
        for number in range(5):
            writer.write(b"late %d\n" % number)
            follower.poll(ROTATE_WAIT_S - 0.1)
    follower.poll(ROTATE_WAIT_S)
    late = [b"late %d" % number for number in range(5)]
    assert follower.lines == lines(0) + late + lines(1) + lines(2)


def test_a_successor_whose_handle_is_stale_does_not_hide_those_behind_it(
    log: Path, follow: Follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(log, 0)
    follower = follow(log)
    follower.poll()
    log.unlink()
    write(log, 1)
    follower.poll()
    inode, fstat = log.stat().st_ino, os.fstat

    def stale(descriptor: int) -> os.stat_result:
        info = fstat(descriptor)
        if info.st_ino == inode:
            raise OSError(116, "Stale file handle")
        return info

    log.unlink()
    write(log, 2)
    monkeypatch.setattr(os, "fstat", stale)
    for _ in range(5):
        follower.poll(ROTATE_WAIT_S)
    assert follower.lines == lines(0) + lines(2)
    assert follower.tail.state.gaps == 1


def test_a_big_rest_of_a_renamed_file_is_read_to_its_end_first(log: Path, follow: Follow) -> None:
    line = b"x" * 1023 + b"\n"
    log.write_bytes(line * 20 * 1024)
    follower = follow(log, from_end=False)
    follower.tail.look()
    rename(log, 1)
    write(log, 1)
    follower.poll()
    for _ in range(4):
        follower.poll(ROTATE_WAIT_S)
    assert len(follower.lines) == 20 * 1024 + 3


@pytest.mark.parametrize("way", WAYS)
def test_the_same_with_threads_and_real_events(tmp_path: Path, way: Callable[[Path, int], None]) -> None:
    """As fast as this machine goes: whatever is not read was counted as a missed file."""
    log = tmp_path / "latency.log"
    log.touch()
    # The waits of the tail pass fifty times as fast.
    tail = Tail(log, log.name, TailSettings(), clock=lambda: 50 * time.monotonic())
    feed = TailThread(tail, "latency", TailSettings(poll_ms=20))
    waker = Waker({log: feed.wake})
    tail.count_births = waker.births
    read: list[bytes] = []
    news = threading.Event()
    waker.start()
    try:
        assert waker.watching.wait(30)
        feed.start(news.set)
        wait_for(lambda: feed.state.detail == "")
        for number in range(ROTATIONS):
            write(log, number)
            way(log, number)
            log.touch()
        write(log, ROTATIONS)

        def all_there() -> bool:
            read.extend(line for batch in feed.drain() for line in batch.lines)
            return read[-3:] == lines(ROTATIONS)

        wait_for(all_there, lambda: read[-3:])
    finally:
        waker.stop()
        feed.stop()
    whole = [line for number in range(ROTATIONS + 1) for line in lines(number)]
    assert read == [line for line in whole if line in set(read)]
    lost = ROTATIONS + 1 - len({line.split(b'"')[3] for line in read})
    assert lost <= feed.state.missed
    if way is rename:
        # Whatever the speed: they are beside the log, under names that stay.
        assert lost == 0
