"""The lines of a turn, and of a stage of it, in logs that need not name their turns."""

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.profiles.test_screens import DATA, LOGS
from tests.started import run_python
from timmy_tui.pipeline.other_lines import DOCUMENT, NOT_BOUND, UNDATED


@cache
def lines_of(name: str, log: Path, *more: str) -> dict[str, Any]:
    done = run_python(["-m", "tests.profiles.lines_of", name, str(log), *more], cwd=Path(__file__).parents[2])
    done.check_returncode()
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def of(shown: Sequence[dict[str, Any]], turn: int, key: str = "") -> list[str]:
    (one,) = [one for one in shown if one["turn"] == turn and one["key"] == key]
    return [*one["lines"]]


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", LOGS)
def test_each_turn_and_stage_has_its_lines_or_words_why_not(name: str) -> None:
    shown = lines_of(name, DATA / LOGS[name][0])["shown"]
    assert {bool(one["lines"]) for one in shown if one["problem"]} <= {False}
    assert all(one["lines"] or one["problem"] in (NOT_BOUND, DOCUMENT) for one in shown)
    whole = [one for one in shown if one["key"] == ""]
    if name == "livekit":  # One document over a thousand lines.
        assert {one["problem"] for one in whole} == {DOCUMENT}
    elif name == "home-assistant":  # One document a line.
        assert {len(one["lines"]) for one in whole} == {1}
    else:
        assert [one["turn"] for one in whole if len(one["lines"]) < len(one["events"])] == []


def test_without_ids_they_are_those_between_the_lines_of_its_events() -> None:
    shown = lines_of("little-timmy-v2", DATA / LOGS["little-timmy-v2"][0])["shown"]
    lines = of(shown, 4)
    assert lines[0].endswith("Finalized speech (timeout, 4.7s)") and "[PERF] endpoint=2560ms" in lines[-1]
    assert len(lines) == 8 and "[httpx]" in lines[2]
    # No event begins or ends a stage whose length a record says.
    assert of(shown, 4, "endpoint") == lines


def test_a_stage_has_the_lines_from_the_event_that_begins_it_to_the_one_that_ends_it() -> None:
    shown = lines_of("pipecat-log", DATA / LOGS["pipecat-log"][0])["shown"]
    whole = of(shown, 3)
    parts = {one["key"]: one["lines"] for one in shown if one["turn"] == 3 and one["key"]}
    shorter = {key: lines for key, lines in parts.items() if 0 < len(lines) < len(whole)}
    assert shorter and all(lines[0] in whole and lines[-1] in whole for lines in shorter.values())


def test_what_its_events_said_is_not_kept_of_older_turns_and_their_time_finds_them() -> None:
    name = "little-timmy-v2"
    shown = lines_of(name, DATA / LOGS[name][0], "forget")["shown"]
    assert {one["problem"] for one in shown} == {UNDATED}
    dated = DATA / LOGS["pipecat-log"][0]
    assert of(lines_of("pipecat-log", dated, "forget")["shown"], 3) == of(lines_of("pipecat-log", dated)["shown"], 3)


def test_the_same_words_in_the_same_second_of_another_day_are_not_its_lines(tmp_path: Path) -> None:
    """Without dates, of two days: only what stands together is a turn."""
    log = (DATA / LOGS["little-timmy-v2"][0]).read_bytes().splitlines(keepends=True)
    at = next(number for number, line in enumerate(log) if b"Finalized speech (timeout, 4.7s)" in line)
    turn = log[at : at + 8]
    filler = b"12:00:00 [other] INFO: " + b"x" * 200 + b"\n"
    (path := tmp_path / "little_timmy.log").write_bytes(b"".join([turn[0], filler * 10, *turn, filler * 2000, turn[0]]))
    shown = lines_of("little-timmy-v2", path)["shown"]
    (found,) = [one for one in shown if one["key"] == "" and "perf" in one["events"]]
    assert found["lines"] == [line.decode().rstrip("\n") for line in turn]


@pytest.mark.parametrize("name", ["little-timmy-v2", "pipecat"])
def test_steps_stand_where_stamps_measure_and_nowhere_else(name: str) -> None:
    found = lines_of(name, DATA / LOGS[name][0])
    on_screen_of_turns = [step for one in found["shown"] if one["key"] == "" for step in one["steps"]]
    in_strip = [step for step in found["strip"] if step is not None]
    assert bool(in_strip) is bool(on_screen_of_turns) is (name == "pipecat")
