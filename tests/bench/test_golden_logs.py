"""The committed logs of other systems against their ``truth.json``, by a slow reading of what a line looks like."""

import json
from pathlib import Path
from typing import Any

import pytest

DATA = Path(__file__).parents[1] / "data" / "profiles"
V2 = DATA / "little-timmy-v2"


def truth(name: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((DATA / name / "truth.json").read_text("utf-8"))
    return read


def printed(line: str) -> dict[str, Any]:
    """``key=value`` words of a line; ``Nonems`` is None, ``12ms`` is 12."""
    figures: dict[str, Any] = {}
    for word in line.split():
        key, _, value = word.partition("=")
        if value:
            bare = value.removesuffix("ms")
            figures[key] = {"None": None, "True": True, "False": False}.get(bare, bare)
            if isinstance(figures[key], str):
                figures[key] = int(bare)
    return figures


@pytest.fixture(scope="module")
def lines() -> list[str]:
    return (V2 / "little_timmy.log").read_text("utf-8").split("\n")


BEGINS = {
    "heard": ("[audio.capture] INFO: Finalized speech (",), "user": ("[timmy] INFO: [",),
    "audio": ("[timmy] INFO: [PERF-AUDIO] ",), "perf": ("[timmy] INFO: [PERF] ",),
    "timmy": ("[timmy] INFO: [TIMMY] ",), "tool": ("[conversation.tool_router] INFO: [TOOL ",),
    "aggregate": ("[timmy] INFO: [PERF-AGG] ",),
}  # fmt: skip


def test_each_line_of_a_turn_is_where_the_truth_says_and_says_what_was_put_in(lines: list[str]) -> None:
    turns = truth("little-timmy-v2")["turns"]
    assert [turn["n"] for turn in turns] == list(range(1, len(turns) + 1))
    for turn in turns:
        for role, number in turn["lines"].items():
            line = lines[number - 1]
            assert line[9:].startswith(BEGINS[role]), (turn["n"], role, line)
            if role in ("perf", "audio"):
                assert printed(line) == turn[role], (turn["n"], role)
        assert set(turn["lines"]) >= ({"perf"} if turn.get("perf") else set()), turn["n"]


def test_no_turn_of_the_log_is_missing_in_the_truth(lines: list[str]) -> None:
    turns = truth("little-timmy-v2")["turns"]
    for role in ("perf", "audio", "aggregate", "tool", "heard"):
        stated = [turn["lines"][role] for turn in turns if role in turn["lines"]]
        found = [number for number, line in enumerate(lines, 1) if line[9:].startswith(BEGINS[role])]
        assert sorted(stated) == found, role


def test_stages_and_rest_are_the_headline_and_sound_is_a_synthesis_after_the_answer() -> None:
    spoken = [turn for turn in truth("little-timmy-v2")["turns"] if turn.get("headline_ms") is not None]
    assert len(spoken) > 15
    for turn in spoken:
        stages = [value for value in turn["stages_ms"].values() if value is not None]
        assert sum(stages) + turn["rest_ms"] == turn["headline_ms"]
        assert 0 <= turn["rest_ms"] < 300, turn["n"]
        difference = turn["audio"]["true_reply_lag"] - turn["perf"]["reply_lag"]
        assert abs(difference - turn["audio"]["overrun"]) <= 1


def test_every_trap_of_this_log_is_in_it(lines: list[str]) -> None:
    told = truth("little-timmy-v2")
    clock = [line[:8] for line in lines if line[2:3] == ":" and line[5:6] == ":" and line[8:10] == " ["]
    steps = list(zip(clock, clock[1:], strict=False))
    assert steps.count(("00:00:00", "23:59:59")) == 2, "a second back over midnight"
    assert sum(before.startswith("23:59:") and after.startswith("00:0") for before, after in steps) == 3 + 2, (
        "midnights"
    )
    kinds = {turn["kind"] for turn in told["turns"]}
    assert kinds == {
        "speech", "typed", "typed_error", "injected", "tool", "muted", "unspoken", "direct", "discarded", "llm_error",
    }  # fmt: skip
    late = [turn["n"] for turn in told["turns"] if turn["lines"].get("audio", 0) > turn["lines"].get("perf", 10**6)]
    assert len(late) == 3, "sounds after its closing line"
    assert any(other["lines"]["user"] < turn["lines"]["audio"] for turn, other in _neighbours(told["turns"]))
    assert any("\n\n" in turn.get("reply", "") for turn in told["turns"])
    assert len(told["starts"]) == 4
    assert sum("=== Little Timmy starting" in line for line in lines) == 4


def _neighbours(turns: list[dict[str, Any]]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    both = [turn for turn in turns if {"audio", "user"} <= set(turn["lines"])]
    return list(zip(both, both[1:], strict=False))


def test_the_journal_is_the_same_run_line_by_line_and_a_little_more(lines: list[str]) -> None:
    entries = [json.loads(line) for line in (V2 / "journal.json").read_text("utf-8").splitlines()]
    said = [entry["MESSAGE"] for entry in entries if entry["_PID"] != "1"]
    texts = [bytes(one).decode() if isinstance(one, list) else one for one in said]
    beside = {"Traceback (most recent call last):", "httpx.ConnectError: All connection attempts failed"}
    logged = [line for line in lines if line]
    assert [text for text in texts if text not in beside] == [line for line in logged if line not in beside]
    assert any(isinstance(one, list) for one in said), "a message with an escape sequence is a list of bytes"
    stamps = [int(entry["__REALTIME_TIMESTAMP"]) for entry in entries]
    assert stamps == sorted(stamps)
