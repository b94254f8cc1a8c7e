"""Saved logs: when each line comes."""

import random
from dataclasses import replace
from pathlib import Path

import pytest

from tests.sources.replay.saved import BEGIN, event, logs, turn, write
from timmy_tui.model.snapshot import SourceCondition
from timmy_tui.parse.table import FORMATS
from timmy_tui.sources.replay.pace import LONGEST_PAUSE_S
from timmy_tui.sources.replay.player import Replay


class Stage:
    """A replay and a clock that moves when it is told to."""

    def __init__(self, *paths: Path, speed: float | None = 1.0) -> None:
        self.now = 500.0
        self.replay = Replay(logs(*paths), speed, clock=lambda: self.now)

    def at(self, seconds: float) -> list[str]:
        """Lines that have come when this much time has passed since the start, as ``file:line``."""
        self.now = 500.0 + seconds
        return [f"{file}:{line.decode()}" for file, batch in self.replay.poll() for line in batch.lines]


def test_lines_of_the_latency_log_keep_their_distances(tmp_path: Path) -> None:
    lines = [event(1000.0, "a", "one"), event(1000.5, "a", "two"), event(1060.5, "b", "three")]
    stage = Stage(write(tmp_path / "latency.log", lines))
    assert stage.at(0) == ["0:" + lines[0]]
    assert stage.at(0.4) == []
    assert stage.replay.wait_s() == pytest.approx(0.1)
    assert stage.at(0.51) == ["0:" + lines[1]]
    assert stage.at(60) == []
    assert not stage.replay.finished
    assert stage.at(60.6) == ["0:" + lines[2]]
    assert stage.replay.finished


def test_ten_times_as_fast_scales_the_pauses_too(tmp_path: Path) -> None:
    lines = [event(1000.0, "a", "one"), event(1060.0, "b", "two")]
    stage = Stage(write(tmp_path / "latency.log", lines), speed=10)
    assert len(stage.at(0)) == 1
    assert stage.at(5.9) == []
    assert len(stage.at(6.1)) == 1


def test_full_speed_comes_in_bounded_pieces(tmp_path: Path) -> None:
    lines = [event(1000.0 + number, "a", "x" * 100) for number in range(20_000)]
    stage = Stage(write(tmp_path / "latency.log", lines), speed=None)
    sizes = []
    while not stage.replay.finished:
        sizes.append(len(stage.at(0)))
    assert sum(sizes) == 20_000
    assert len(sizes) > 2


def test_stamps_that_are_no_times_come_with_their_neighbours(tmp_path: Path) -> None:
    lines = [
        event(1000.0, "a", "one"),
        'est_id": "a", "event": "torn"}',
        '{"timestamp": NaN, "event": "x"}',
        '{"timestamp": "1001", "event": "x"}',
        '{"timestamp": 1e309, "event": "x"}',
        '{"timestamp": 99999999999999, "event": "x"}',
        '{"timestamp": -5, "event": "x"}',
        "",
        event(1003.0, "a", "two"),
    ]
    stage = Stage(write(tmp_path / "latency.log", lines))
    assert len(stage.at(0)) == 8
    assert stage.at(2.9) == []
    assert len(stage.at(3.1)) == 1


def test_clocks_that_disagree_or_jump_do_not_stop_the_replay(tmp_path: Path) -> None:
    stamps = [1000.0, 1001.0, 1000.9, 1001.5, 400.0, 401.0, 9_000_000.0, 9_000_001.0]
    stage = Stage(write(tmp_path / "latency.log", [event(stamp, "a", "x") for stamp in stamps]))
    times = []
    second = 0.0
    while not stage.replay.finished:
        times += [second] * len(stage.at(second))
        second += 0.5
    assert times == [0, 1, 1, 1.5, 1.5, 2.5, 2.5 + LONGEST_PAUSE_S, 3.5 + LONGEST_PAUSE_S]


def test_turns_of_the_debug_log_come_when_the_latency_log_has_passed_them(tmp_path: Path) -> None:
    latency = write(
        tmp_path / "latency.log",
        [
            event(1000, "aaaa", "v34_flask_handler_entry"),
            event(1002, "aaaa", "v34_sending_to_tts"),
            event(1003, "aaaa", "tts_resume_sent"),
            event(1010, "bbbb", "v34_flask_handler_entry"),
            event(1012, "bbbb", "v34_sending_to_tts"),
        ],
    )
    one, two = turn("aaaa", access="17:13:21"), turn("bbbb", access="17:13:31")
    debug = write(tmp_path / "v34.log", ["Debug mode is ON!", *one, "Restarting with stat", *two, "the end"])
    stage = Stage(latency, debug)
    assert len(stage.at(0)) == 1
    assert stage.at(1.9) == []
    got = stage.at(2)
    assert got[1:] == [f"1:{line}" for line in ["Debug mode is ON!", *one]]
    assert all(line.startswith("0:") for line in stage.at(11.9))
    assert stage.at(13)[1:] == [f"1:{line}" for line in ["Restarting with stat", *two, "the end"]]
    assert stage.replay.finished


def test_a_turn_that_failed_is_over_when_the_next_begins(tmp_path: Path) -> None:
    latency = write(
        tmp_path / "latency.log",
        [
            event(1000, "aaaa", "v34_flask_handler_entry"),
            event(1010, "bbbb", "stt_pause_detected"),
            event(1011, "bbbb", "v34_flask_handler_entry"),
            event(1020, "bbbb", "v34_sending_to_tts"),
        ],
    )
    debug = write(tmp_path / "v34.log", [*turn("aaaa"), *turn("bbbb")])
    stage = Stage(latency, debug)
    assert len(stage.at(0)) == 1
    assert len(stage.at(10.5)) == 1
    assert stage.at(11.5)[:5] == [f"1:{line}" for line in turn("aaaa")]


def test_turns_that_only_one_log_knows_hold_nothing_up(tmp_path: Path) -> None:
    latency = write(
        tmp_path / "latency.log",
        [
            event(1000, "only", "v34_sending_to_tts"),
            event(1010, "both", "v34_sending_to_tts"),
            event(1020, "last", "stt_pause_detected"),
        ],
    )
    typed = [BEGIN, "*** Debug: typed", "--- Total process_user_message took: 1.00s"]
    debug = write(tmp_path / "v34.log", [*turn("gone"), *typed, *turn("both"), *turn("late")])
    stage = Stage(latency, debug)
    assert len(stage.at(0)) == 1
    assert stage.at(9) == []
    assert len(stage.at(10)) == 1 + 5 + 3 + 5
    assert len(stage.at(20)) == 1 + 5


def test_the_debug_log_alone_is_paced_by_its_access_lines_and_durations(tmp_path: Path) -> None:
    lines = [*turn("aaaa", access="17:13:21"), *turn("bbbb", access="17:13:41")]
    stage = Stage(write(tmp_path / "v34.log", lines))
    assert stage.at(0) == [f"0:{line}" for line in lines[:2]]
    assert stage.at(0.51) == [f"0:{line}" for line in lines[2:4]]
    assert stage.at(1.9) == []
    assert stage.at(2.01) == [f"0:{line}" for line in lines[4:6]]
    assert stage.at(19.9) == []
    assert stage.at(20.1) == [f"0:{line}" for line in lines[6:8]]
    assert len(stage.at(22.1)) == 4
    assert stage.replay.finished


def test_the_debug_log_alone_without_stamps_takes_as_long_as_it_says(tmp_path: Path) -> None:
    stage = Stage(write(tmp_path / "v34.log", [*turn("aaaa"), *turn("bbbb")]))
    assert [len(stage.at(second)) for second in (0, 0.6, 1.9, 2.1, 2.6, 4.1)] == [2, 2, 0, 3, 2, 1]
    assert stage.replay.finished


def test_an_access_line_of_a_turn_that_failed_does_not_end_the_next_one(tmp_path: Path) -> None:
    failed, whole = turn("aaaa", access="17:13:21"), turn("bbbb", access="17:13:41")
    del failed[4]
    stage = Stage(write(tmp_path / "v34.log", [*failed, *whole]))
    assert len(stage.at(0)) == 2
    assert [len(stage.at(second)) for second in (0.6, 2.1, 19)] == [5, 4, 0]
    assert stage.replay.finished


def test_rotated_logs_are_played_one_after_the_other(tmp_path: Path) -> None:
    old = write(tmp_path / "latency.log.1", [event(1000, "a", "one")])
    new = write(tmp_path / "latency.log", [event(1005, "b", "two")])
    stage = Stage(old, new)
    assert [line[0] for line in stage.at(0)] == ["0"]
    assert stage.at(4.9) == []
    assert [line[0] for line in stage.at(5.1)] == ["1"]


def test_two_stamped_logs_are_merged_by_their_stamps(tmp_path: Path) -> None:
    """Each keeps its own order; a line without a stamp stays behind the one before it."""
    other = replace(FORMATS["latency"], kind="other")
    first = write(tmp_path / "a.log", [event(1000, "a", "one"), "torn", event(1004, "a", "two")])
    second = write(tmp_path / "b.log", [event(1001, "b", "one"), event(1003, "b", "two"), event(1009, "b", "three")])
    stage = Stage()
    stage.replay = Replay([(first, FORMATS["latency"]), (second, other)], 1.0, clock=lambda: stage.now)
    assert [line[0] for line in stage.at(0)] == ["0", "0"]
    assert [[line[0] for line in stage.at(second)] for second in (0.9, 1, 3, 4, 8.9, 9)] == [
        [], ["1"], ["1"], ["0"], [], ["1"]
    ]  # fmt: skip


def test_two_logs_without_stamps_alone_are_played_side_by_side(tmp_path: Path) -> None:
    other = replace(FORMATS["v34"], kind="other")
    paths = write(tmp_path / "a.log", turn("aaaa")), write(tmp_path / "b.log", turn("bbbb", step=1.0))
    stage = Stage()
    stage.replay = Replay([(paths[0], FORMATS["v34"]), (paths[1], other)], 1.0, clock=lambda: stage.now)
    assert [[line[0] for line in stage.at(second)] for second in (0, 0.5, 1, 2)] == [
        ["0", "0", "1", "1"], ["0", "0"], ["1", "1"], ["0", "1"]
    ]  # fmt: skip


@pytest.mark.parametrize("seed", range(10))
def test_any_bytes_come_out_once_and_in_order(tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    pieces = [
        *(line.encode() for line in turn("aaaa", access="17:13:21")),
        event(1000, "aaaa", "v34_sending_to_tts").encode(),
        b'[99/Foo/0000 99:99:99] "POST /api/webhook',
        b"--- Step 1 took: 1.2.3s",
        b"--- Total took: ...s",
        b"\xff" * 10,
        b"",
    ]
    paths = []
    for name in ("one", "two"):
        path = tmp_path / name
        path.write_bytes(b"\n".join(dice.choice(pieces) for _ in range(300)))
        paths.append(path)
    replay = Replay(logs(*paths), None)
    got: list[list[bytes]] = [[], []]
    while not replay.finished:
        for file, batch in replay.poll():
            got[file] += batch.lines
    for path, lines in zip(paths, got, strict=True):
        whole = path.read_bytes().split(b"\n")
        assert lines == (whole if whole[-1] else whole[:-1])


def test_a_file_that_goes_away_ends_the_replay_with_a_word(tmp_path: Path) -> None:
    path = write(tmp_path / "latency.log", [event(1000, "a", "one")])
    stage = Stage(path)
    path.unlink()
    assert stage.at(0) == []
    assert stage.replay.finished
    assert stage.replay.feeds[0].state.condition is SourceCondition.ERROR
