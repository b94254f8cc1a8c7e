"""Files that are renamed, truncated, rewritten or made anew; the names carry the row of the fault table."""

import os
from pathlib import Path

import pytest

from tests.sources.files.conftest import Follow
from tests.sources.files.follower import append
from timmy_tui.model.snapshot import SourceCondition
from timmy_tui.sources.files.file_chain import LONGEST_S, ROTATE_WAIT_S

pytestmark = pytest.mark.skipif(os.name == "nt", reason="POSIX files")


def test_t1_late_write_after_a_rename_is_not_lost(log: Path, follow: Follow) -> None:
    append(log, b"one\n")
    follower = follow(log)
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


def test_t1_a_writer_that_keeps_the_old_file_is_followed_while_the_new_one_is_empty(log: Path, follow: Follow) -> None:
    append(log, b"one\n")
    follower = follow(log)
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


def test_t1_an_old_file_that_never_gets_quiet_gives_way_with_a_gap(log: Path, follow: Follow) -> None:
    append(log, b"one\n")
    follower = follow(log)
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


def test_t2_a_file_that_is_copied_and_truncated_is_read_from_its_start(log: Path, follow: Follow) -> None:
    append(log, b"a line that is longer than what follows\n" * 200)
    follower = follow(log)
    follower.poll()
    os.truncate(log, 0)
    assert follower.poll() == []
    assert follower.tail.state.gaps == 1
    append(log, b"two\n")
    assert follower.poll() == [b"two"]
    assert follower.batches[-1].restarted
    assert follower.batches[-1].offset == 0


def test_t2_truncated_and_shorter_at_once(log: Path, follow: Follow) -> None:
    append(log, b"a first line\nhalf a li")
    follower = follow(log)
    assert follower.poll() == [b"a first line"]
    log.write_bytes(b"x\n")
    assert follower.poll() == [b"x"]
    assert follower.tail.state.gaps == 1


def test_t3_truncated_and_regrown_past_the_offset_within_one_poll(log: Path, follow: Follow) -> None:
    append(log, b"old %08d\n" % 1)
    follower = follow(log)
    follower.poll()
    log.write_bytes(b"".join(b"new %08d\n" % number for number in range(1000)))
    assert len(follower.poll()) == 1000
    assert follower.batches[-1].restarted
    assert follower.tail.state.gaps == 1


def test_t3_rewritten_in_place_with_the_same_size(log: Path, follow: Follow) -> None:
    append(log, b"one\ntwo\n" * 2000)
    follower = follow(log)
    follower.poll()
    with log.open("r+b") as file:
        file.write(b"ONE\nTWO\n" * 2000)
    assert follower.poll() == [b"ONE", b"TWO"] * 2000
    assert follower.batches[-1].restarted


def test_t4_a_file_that_is_unlinked_and_made_anew_is_followed(log: Path, follow: Follow) -> None:
    append(log, b"one\n")
    follower = follow(log)
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


def test_t4_made_anew_with_the_same_inode_while_it_was_not_held(log: Path, follow: Follow) -> None:
    append(log, b"one\n")
    follower = follow(log, hold=False)
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


def test_t6_lines_overwritten_by_another_writer_are_read_again_and_nothing_else(log: Path, follow: Follow) -> None:
    append(log, b"".join(b"line %06d\n" % number for number in range(5000)))
    follower = follow(log)
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
