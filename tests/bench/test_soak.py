"""``make soak``: a few seconds of it find nothing, and its ledger and its judgement refuse what is wrong."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from bench.soak.__main__ import soak
from bench.soak.figures import table
from bench.soak.ledger import RECORD, WrittenLog, checksum, compare, read_records
from bench.soak.world import SoakOptions
from bench.soak.writers import BAD_LINES, LogWriter
from timmy_tui.core.settings import TailSettings
from timmy_tui.parse.latency_log import LatencyParser


def written(*contents: Sequence[bytes], ends: Sequence[str]) -> WrittenLog:
    log = WrittenLog()
    for number, content in enumerate(contents):
        for line in content:
            log.current.add(line, 1.0)
        if number < len(ends):
            log.end(ends[number])
    return log


def records(lines: Sequence[bytes], at: float = 1.5) -> list[tuple[int, float]]:
    return [(checksum(line), at) for line in lines]


A, B, C = [b"a1", b"a2"], [b"b1", b"b2", b"b3"], [b"c1"]


def test_all_lines_of_all_contents_in_order_is_a_whole_account() -> None:
    account = compare(written(A, B, C, ends=["rename", "delete"]), records([*A, *B, *C]))
    assert (account.written, account.read, account.lost, account.cut, account.strange) == (6, 6, 0, [], 0)
    assert account.waits_s == [(1.0, 0.5)] * 6


def test_a_content_that_is_gone_is_lost_and_the_next_one_is_whole() -> None:
    account = compare(written(A, B, C, ends=["rename", "delete"]), records([*A, *C]))
    assert (account.lost, account.cut, account.strange) == (3, ["delete (0 of 3 lines read)"], 0)


def test_the_rest_of_a_content_that_was_truncated_is_lost() -> None:
    account = compare(written(A, B, ends=["truncate"]), records([A[0], *B]))
    assert (account.lost, account.cut, account.strange) == (1, ["truncate (1 of 2 lines read)"], 0)


@pytest.mark.parametrize(
    "read", [[*A, *A, *B], [A[1], A[0], *B], [*A, B[0], B[2]], [*B, *A], [*A, *B, b"made up"]]
)  # fmt: skip
def test_lines_twice_out_of_order_or_from_nowhere_are_strange(read: list[bytes]) -> None:
    assert compare(written(A, B, ends=["rename"]), records(read)).strange > 0


def test_what_must_be_counted_is_that_of_the_whole_contents_at_least() -> None:
    log = written(A, B, ends=["rename"])
    for content, bad, too_long in zip(log.contents, (2, 1), (0, 3), strict=True):
        content.bad, content.too_long = bad, too_long
    account = compare(log, records(A))
    assert (account.whole, account.bad, account.too_long, account.written) == ({0}, (2, 3), (0, 3), 8)


def test_records_end_at_the_last_whole_one() -> None:
    data = b"".join(RECORD.pack(*record) for record in records(A))
    assert list(read_records(data + b"half")) == records(A)


def test_a_writer_knows_what_is_in_its_file(tmp_path: Path) -> None:
    writer = LogWriter(tmp_path / "latency.log", held=False)
    for line in (b"one line of it", b"x" * 11, b"two\r"):
        writer.append(line)
    assert writer.path.read_bytes() == b"one line of it\nxxxxxxxxxxx\ntwo\r\n"
    assert list(writer.log.current.lines) == [checksum(line) for line in (b"one line of it", b"x" * 11, b"two")]


@pytest.mark.parametrize("line", BAD_LINES)
def test_each_bad_line_is_counted_once(line: bytes) -> None:
    parser = LatencyParser()
    assert parser.feed([line % 7]) == []
    assert sum(parser.unparsed.values()) == 1


@pytest.mark.timeout(120)
@pytest.mark.parametrize("notify", [True, False])
def test_a_few_seconds_of_everything_at_once_lose_nothing(notify: bool) -> None:
    assert TailSettings().notify
    soaked = soak(SoakOptions(seconds=4.0, speed=40.0, seed=2, notify=notify))
    assert soaked.findings() == [], table(soaked)
    assert soaked.latency.read > 100
    assert soaked.v34.read > 100
    assert soaked.notes[-1]["snapshots"] > 5
