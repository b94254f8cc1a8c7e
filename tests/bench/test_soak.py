"""``make soak``: a few seconds of it find nothing, and its ledger and its judgement refuse what is wrong."""

import random
from array import array
from collections.abc import Sequence
from pathlib import Path

import pytest

from bench.soak.__main__ import soak
from bench.soak.figures import table
from bench.soak.ledger import AT_WORK_S, RECORD, Content, WrittenLog, checksum, compare, compare_run, read_records
from bench.soak.troubles import Changer, Stored, stored_turns
from bench.soak.world import SoakOptions
from bench.soak.writers import BAD_LINES, LogWriter
from tests.turn_makers import complete_turn
from timmy_tui.core.settings import TailSettings
from timmy_tui.demo.start import write_installation
from timmy_tui.parse.latency_log import LatencyParser
from timmy_tui.storage.history import History


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


def dated(*contents: tuple[float, float, Sequence[bytes]]) -> WrittenLog:
    """(begun, ended, lines) of each; a line is written every second from its beginning on."""
    log = WrittenLog(
        [
            Content(
                array("L", map(checksum, lines)),
                array("d", [begun + at for at in range(len(lines))]),
                begun=begun,
                ended=ended,
                ended_by="rename" if ended < float("inf") else "",
            )
            for begun, ended, lines in contents
        ]
    )
    return log


INF = float("inf")


def test_a_dashboard_that_was_started_later_begins_with_the_content_that_it_found() -> None:
    log = dated((0, 10, A), (10, 20, B), (20, INF, C))
    account = compare_run(log, records([*B, *C]), 0, INF)
    assert (account.whole, account.written, account.cut, account.strange) == ({1, 2}, 4, [], 0)
    assert compare_run(log, records([*B, *C]), 2, INF).strange == 4, "it cannot have found an older one"
    assert compare_run(log, records([B[1], B[2], *C]), 1, INF).strange == 3, "it did not begin with a first line"


def test_a_dashboard_that_was_ended_need_not_have_read_the_rest() -> None:
    log = dated((0, 10, A), (10, INF, [*B, *C]))
    account = compare_run(log, records([*A, *B[:2]]), 0, 12.5)
    assert (account.whole, account.cut, account.strange, account.written) == ({0}, [], 0, 5)
    assert compare_run(log, records([*A, *B, *C]), 0, 12.5).strange == 1, "C was written after it had ended"


@pytest.mark.parametrize(("read_at", "whole"), [(20 - AT_WORK_S, {0}), (20.1 - AT_WORK_S, set())])
def test_what_was_read_just_before_the_end_need_not_be_stored(read_at: float, whole: set[int]) -> None:
    account = compare_run(dated((0, 5, A), (5, INF, B)), records([*A, *B], read_at), 0, 20)
    assert (account.whole, account.cut, account.strange) == (whole, [], 0)


@pytest.mark.parametrize(("until", "missed"), [(10 + AT_WORK_S, 1), (9.9 + AT_WORK_S, 0)])
def test_what_ended_while_it_was_at_work_must_be_read(until: float, missed: int) -> None:
    account = compare_run(dated((0, 10, A), (10, INF, B)), records([A[0], *B]), 0, until)
    assert (len(account.cut), account.whole, account.strange) == (missed, set(), 0)


def test_turns_that_are_stored_twice_are_counted(tmp_path: Path) -> None:
    assert stored_turns(tmp_path / "history.db") == Stored({}, 0)
    history = History(tmp_path / "history.db", "/timmy")
    for number, request_id in enumerate(("a", "b", "b", "", "")):
        history.store([complete_turn(number, request_id=request_id, started=5000.0 * number, output_tokens=number)])
    history.close()
    assert stored_turns(tmp_path / "history.db") == Stored({"a": 1, "b": 2}, 2)


def test_a_flag_that_cannot_be_changed_is_a_problem(tmp_path: Path) -> None:
    write_installation(tmp_path, dict.fromkeys(("ollama", "v34", "tts", "stt"), 9))
    (tmp_path / "v34/config.py").write_text("USE_FULL_MEGA_PROMPT = RETRIEVAL_ENABLED = some_function()\n")
    changer = Changer(tmp_path, {"XDG_STATE_HOME": f"{tmp_path}/state", "XDG_CONFIG_HOME": f"{tmp_path}/config"})
    assert changer.begin(random.Random(1))
    assert not changer.begin(random.Random(1)), "one at a time"
    changer.look(wait=True)
    assert changer.undone == 0
    (problem,) = changer.problems
    assert problem.startswith("flip ended with 1")


@pytest.mark.timeout(240)
@pytest.mark.parametrize(("notify", "restarts"), [(True, 0.0), (False, 1.0)])
def test_a_few_seconds_of_everything_at_once_lose_nothing(notify: bool, restarts: float) -> None:
    assert TailSettings().notify
    soaked = soak(SoakOptions(seconds=6.0, speed=40.0, seed=2, notify=notify, restart_s=0.3, restarts=restarts))
    assert soaked.findings() == [], table(soaked)
    assert soaked.latency.read > 100
    assert soaked.v34.read > 100
    assert soaked.notes[-1]["snapshots"] > 0
    counts = soaked.done.counts
    assert len(soaked.runs) == 1 + counts["dashboards killed"] + counts["dashboards closed"]
    assert (len(soaked.runs) > 1) == (restarts > 0)
