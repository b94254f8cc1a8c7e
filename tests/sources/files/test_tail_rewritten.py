"""A file whose content is replaced under the same name and number: what is compared, and up to which byte."""

import os
from pathlib import Path

import pytest

from tests.sources.files.conftest import Follow
from tests.sources.files.follower import append
from timmy_tui.core.settings import TailSettings
from timmy_tui.sources.files.content import HEAD, RECENT

pytestmark = pytest.mark.skipif(os.name == "nt", reason="POSIX files")

EVENT = (
    b'{"timestamp": %017.6f, "iso_time": "2025-11-28T17:13:20.000000", "request_id": "%08x", '
    b'"service": "tts", "event": "tts_resume_sent", "metadata": {}}'
)
"""Its last 64 bytes, and more, are the same in every turn."""


def events(first: int, count: int) -> list[bytes]:
    return [EVENT % (1764350000.0 + number, number) for number in range(first, first + count)]


def joined(lines: list[bytes]) -> bytes:
    return b"".join(line + b"\n" for line in lines)


@pytest.mark.parametrize("count", [1, 2, 5, 40])
def test_truncated_and_regrown_to_the_same_size_with_the_same_last_bytes(log: Path, follow: Follow, count: int) -> None:
    append(log, joined(events(0, count)))
    follower = follow(log)
    assert follower.poll() == events(0, count)
    size = log.stat().st_size
    log.write_bytes(joined(events(100, count)))
    assert log.stat().st_size == size
    assert follower.poll() == events(100, count)
    assert follower.batches[-1].restarted
    assert follower.tail.state.gaps == 1


@pytest.mark.parametrize("count", [5, 40])
def test_truncated_and_regrown_past_the_position_with_the_same_bytes_before_it(
    log: Path, follow: Follow, count: int
) -> None:
    """The end of what was read is the same 4 KiB: only the beginning tells."""
    old = [b"%0100d" % 1, *events(0, 40)]
    append(log, joined(old))
    follower = follow(log)
    follower.poll()
    new = [b"%0100d" % 2, *events(0, 40), *events(200, count)]
    log.write_bytes(joined(new))
    assert follower.poll() == new
    assert follower.batches[-1].restarted


@pytest.mark.parametrize(
    ("new", "again"),
    [
        ([b"BEGIN", b"one"], True),  # Shorter: cut off, and begun anew.
        ([b"BEGIN", b"two"], True),
        ([b"BEGIN", b"two " * 10, b"three"], True),  # Longer: begun anew, or the second line on overwritten.
        ([b"BEGIN", b"one", b"four " * 10], False),  # Two programs: the second one wrote over the first one's end.
    ],
)
def test_a_short_log_that_begins_with_the_line_of_the_one_before(
    log: Path, follow: Follow, new: list[bytes], again: bool
) -> None:
    """All logs of v34 do: the first line of the new one was taken for read, and its turn had no beginning."""
    append(log, joined([b"BEGIN", b"one", b"two", b"three"]))
    follower = follow(log)
    follower.poll()
    log.write_bytes(joined(new))
    assert follower.poll() == (new if again else new[2:])
    assert follower.batches[-1].restarted is again


def test_a_turn_that_is_overwritten_in_place_is_read_again(log: Path, follow: Follow) -> None:
    append(log, joined(events(0, 50)))
    follower = follow(log)
    follower.poll()
    with log.open("r+b") as file:
        file.seek(-len(joined(events(0, 3))), os.SEEK_END)
        file.write(joined(events(100, 3)))
    assert follower.poll() == events(100, 3)
    assert not follower.batches[-1].restarted


@pytest.mark.parametrize(
    ("offset", "noticed"), [(0, True), (HEAD - 1, True), (HEAD, False), (-RECENT - 1, False), (-RECENT, True)]
)
def test_which_bytes_are_compared(log: Path, follow: Follow, offset: int, noticed: bool) -> None:
    append(log, joined([b"%015d" % number for number in range(2000)]))
    follower = follow(log)
    follower.poll()
    with log.open("r+b") as file:
        file.seek(offset, os.SEEK_SET if offset >= 0 else os.SEEK_END)
        byte = file.read(1)
        file.seek(-1, os.SEEK_CUR)
        file.write(b"x" if byte != b"\n" else b" ")
    follower.poll()
    assert (follower.tail.state.gaps == 1) is noticed


def test_a_file_whose_end_was_read_first_is_compared_at_its_beginning_too(log: Path, follow: Follow) -> None:
    append(log, joined(events(0, 500)))
    follower = follow(log, TailSettings(head_kib=8))
    follower.poll()
    with log.open("r+b") as file:
        file.write(joined(events(900, 3)))
    follower.poll()
    assert follower.tail.state.gaps == 1
    assert follower.batches[-1].restarted


def test_a_file_that_grows_from_nothing_byte_by_byte_is_never_taken_for_another(log: Path, follow: Follow) -> None:
    follower = follow(log)
    data = joined(events(0, 8))
    with log.open("ab", buffering=0) as file:
        for at in range(0, len(data), 7):
            file.write(data[at : at + 7])
            follower.poll()
    assert follower.lines == events(0, 8)
    assert follower.tail.state.gaps == 0


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be"])
def test_utf_16_is_read_and_named(log: Path, follow: Follow, encoding: str) -> None:
    mark = b"" if encoding == "utf-16" else "\ufeff".encode(encoding)
    log.write_bytes(mark + "first\r\nsecond\r\n".encode(encoding))
    follower = follow(log)
    assert follower.poll()[1:] == [b"second"]
    assert follower.tail.state.detail == "UTF-16"
