"""The end of a log holds its newest turns, also behind a night of pauses without text."""

import os
from pathlib import Path

import pytest

from bench.reading.logs import event_line, turn_lines
from timmy_tui.model.turn import Turn
from timmy_tui.sources.files.end_of_file import end_lines
from timmy_tui.turns.ingest import Ingest
from timmy_tui.turns.lone_pauses import without_lone_pauses

START = 1_764_350_000.0


def pause(number: int, seconds: float) -> str:
    return event_line(f"p{number:07d}", START + seconds, "stt", "stt_pause_detected", '{"pause_threshold": 0.5}')


def quiet_night(path: Path, turns: int, pauses: int) -> None:
    spoken = [line for number in range(turns) for line in turn_lines(number, START + 20 * number)]
    path.write_text("".join([*spoken, *(pause(number, 20 * turns + 0.7 * number) for number in range(pauses))]))


def newest(log: Path) -> tuple[tuple[Turn, ...], Ingest]:
    ingest = Ingest(60.0)
    return ingest.read_once([("latency", end_lines(log, 60_000, without_lone_pauses))]), ingest


@pytest.mark.parametrize("pauses", [0, 1, 5000])
def test_the_newest_turns_are_found_behind_any_number_of_lone_pauses(tmp_path: Path, pauses: int) -> None:
    log = tmp_path / "latency.log"
    quiet_night(log, 40, pauses)
    turns, _ = newest(log)
    alone = tmp_path / "alone.log"
    quiet_night(alone, 40, 0)
    expected, _ = newest(alone)
    # As many as fit, and whole; the first may be cut.
    assert len(turns) >= 5
    assert [turn.headline_ms for turn in turns[-5:]] == [turn.headline_ms for turn in expected[-5:]]
    assert turns[-1].request_id == expected[-1].request_id


def test_the_pause_that_a_turn_begins_with_is_kept() -> None:
    lines = [b"a stt_pause_detected", b"b stt_pause_detected", b"b text", b"c stt_pause_detected"]
    assert without_lone_pauses(lines) == lines[1:]
    assert without_lone_pauses([]) == []


def test_a_log_of_lone_pauses_only_has_no_turn(tmp_path: Path) -> None:
    log = tmp_path / "latency.log"
    quiet_night(log, 0, 3000)
    turns, ingest = newest(log)
    assert (turns, dict(ingest.unparsed)) == ((), {})


def test_a_line_that_is_being_written_is_not_read(tmp_path: Path) -> None:
    log = tmp_path / "latency.log"
    log.write_bytes(b'{"a": 1}\n{"b": 2}\n{"c": ')
    assert [*end_lines(log, 1000)] == [b'{"a": 1}', b'{"b": 2}']
    log.write_bytes(b'{"a": 1}\n{"b": 2}')
    assert [*end_lines(log, 1000)] == [b'{"a": 1}', b'{"b": 2}']
    # Of the middle of a line nothing is known.
    assert [*end_lines(log, 9)] == [b'{"b": 2}']


def test_what_cannot_be_read_is_empty(tmp_path: Path) -> None:
    assert end_lines(tmp_path / "missing", 100) == end_lines(tmp_path, 100) == ()
    os.mkfifo(tmp_path / "fifo")
    assert end_lines(tmp_path / "fifo", 100) == ()
