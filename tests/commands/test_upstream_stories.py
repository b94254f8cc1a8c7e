"""Upstream's own findings, told by the commands from logs in which they happen again."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from bench.judgement.lines import log_lines
from bench.judgement.shapes import slowed
from bench.judgement.turns import Truth, make_turns
from timmy_tui.commands.judgement import compare, explain, regressions
from timmy_tui.core.errors import NotFound
from timmy_tui.model.turn import Gap, Turn

AT = 60
"""The turn at which each story begins."""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))

    def run(command: Any, turns: Sequence[Turn], *arguments: str) -> str:
        log = tmp_path / "latency.log"
        log.write_text("".join(log_lines(turns)))
        done = CliRunner().invoke(command, ["--log", str(log), *arguments], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output

    return run


def steady(count: int = 100, truth: Truth | None = None) -> list[Turn]:
    """Sessions as they come, without the memory store: its absence moves the gap."""
    return [
        slowed(replace(turn, stages={**turn.stages, "store": None}), "tts", 1.0)
        for turn in make_turns(count, seed=45, truth=truth)
    ]


def with_gap(turn: Turn, ms: float) -> Turn:
    return replace(turn, gaps=(Gap("classify", "retrieve", ms),), unattributed_ms=ms)


def alarms(text: str) -> list[dict[str, Any]]:
    printed: list[dict[str, Any]] = json.loads(text)
    return printed


def test_a_hop_of_two_seconds_is_one_alarm_at_the_turn_where_it_began(run: Callable[..., str]) -> None:
    """A new TCP connection for every request: 6 ms became 2 060."""
    turns = [slowed(turn, "hop_in", 800.0 if turn.ordinal >= AT else 1.0) for turn in steady()]
    (alarm,) = alarms(run(regressions, turns, "--json"))
    assert set(alarm) >= {"number", "request_id", "stage", "direction", "since_number", "since", "ratio", "n"}
    assert (alarm["stage"], alarm["direction"]) == ("network", "slower")
    assert (alarm["since"], alarm["since_number"]) == (f"{AT:08x}", AT + 1)
    assert AT < int(alarm["request_id"], 16) <= AT + 10
    assert alarm["ratio"] > 100
    printed = run(explain, turns[: AT + 1], f"{AT:08x}")
    assert ": network both ways +" in printed or "first" in printed
    assert "network slower +" in run(regressions, turns)


def test_the_unnamed_gap_between_classification_and_retrieval(run: Callable[..., str]) -> None:
    """Memory storage, before its events existed."""
    turns = [with_gap(turn, 640.0 if turn.ordinal >= AT else 0.2) for turn in steady()]
    (alarm,) = alarms(run(regressions, turns, "--json"))
    assert (alarm["stage"], alarm["gap"], alarm["direction"]) == ("unattributed", "classify→retrieve", "slower")
    assert "unnamed gap +" in run(explain, turns[: AT + 1], f"{AT:08x}")


def test_longer_answers_are_no_level_change(run: Callable[..., str]) -> None:
    longer = Truth(workload=lambda number: (2.0, 2.0) if number >= AT else (1.0, 1.0))
    turns = steady(120, longer)
    assert alarms(run(regressions, turns, "--json")) == []
    assert run(regressions, turns) == "no level change in these turns\n"
    printed = json.loads(run(compare, turns, f"turns:1-{AT}", f"turns:{AT + 1}-120", "--json"))
    decode = next(one for one in printed["stages"] if one["stage"] == "decode")
    assert decode["raw_ratio"] > 1.5
    assert decode["verdict"] == "unchanged"


def test_prompts_beyond_the_window_raise_an_alarm_of_prefill_or_llm(run: Callable[..., str]) -> None:
    """Every prompt cut from the front: the prefix never fits again and the whole prompt is evaluated."""
    turns = [slowed(turn, "prefill", 6.0 if turn.ordinal >= AT else 1.0) for turn in steady()]
    first = alarms(run(regressions, turns, "--json"))[0]
    assert (first["stage"], first["direction"]) in (("prefill", "slower"), ("llm", "slower"))


def test_the_verdict_of_two_sessions_names_both_and_is_the_same_each_time(run: Callable[..., str]) -> None:
    turns = steady()
    later = [slowed(turn, "llm", 0.4 if turn.ordinal >= AT else 1.0) for turn in turns]
    printed = run(compare, later, f"turns:1-{AT}", f"turns:{AT + 1}-100")
    assert printed.startswith(f"turns:{AT + 1}-100 against turns:1-{AT}: ")
    assert "V2V −" in printed.splitlines()[0]
    same = run(compare, later, f"turns:1-{AT}", f"turns:{AT + 1}-100")
    assert same == printed


def test_three_turns_are_too_few_for_an_alarm_or_a_verdict(run: Callable[..., str]) -> None:
    turns = steady(3)
    assert alarms(run(regressions, turns, "--json")) == []
    assert "too few turns" in run(compare, turns, "last:1", "last:2")
    assert "too few turns" in run(explain, turns, turns[2].request_id)


def test_a_turn_or_a_selection_that_does_not_exist_is_said_to_be_missing(run: Callable[..., str]) -> None:
    with pytest.raises(NotFound):
        run(explain, steady(3), "ffffffff")
    with pytest.raises(NotFound):
        run(compare, steady(3), "epoch:9", "last:2")
