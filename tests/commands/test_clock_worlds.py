"""A log in which clocks step, machines sleep and clocks differ, told by the commands: as if none of it had happened."""

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from bench.judgement.lines import log_lines
from bench.judgement.turns import make_turns
from timmy_tui.commands.judgement import compare, explain, regressions
from timmy_tui.commands.report import report
from timmy_tui.report.status_line.newest import newest_line

TURNS = make_turns(120, seed=45)
VOICE, V34 = ("stt", "tts"), ("v34",)
KINDS: tuple[tuple[tuple[str, ...], float, str], ...] = (
    # Whose clock, by how many seconds, ahead of which event of the turn.
    (V34, 2.0, "v34_ollama_received"),
    (V34, -2.0, "v34_ollama_received"),
    ((*VOICE, *V34), 7200.0, "v34_ollama_received"),
    (VOICE, -3600.0, "tts_synthesis_start"),
    (VOICE, 3600.0, "tts_audio_playback_start"),
    (V34, -1.5, "v34_retrieval_complete"),
    (VOICE, -1.5, "v34_ollama_received"),
)
STEPS = {20 + 10 * number: kind for number, kind in enumerate(KINDS)}
"""Number of a turn → what happens in it; from there on the clock stays so."""
BETWEEN = {15: 0.03, 25: -0.3, 95: 90.0}
"""The same of v34's clock ahead of the turn, which spoils nothing."""
UNSURE = {number - 1 for number, seconds in BETWEEN.items() if seconds < 0}
"""Ahead of these steps a voice that took as much longer may hold the step: then that turn is not measured."""


def stepped_lines(lines: Iterable[str]) -> Iterator[str]:
    late = dict.fromkeys((*VOICE, *V34), 0.0)
    known, number = "", -1
    for text in lines:
        line = json.loads(text)
        if line["request_id"] != known:
            known, number = line["request_id"], number + 1
            late["v34"] += BETWEEN.get(number, 0.0)
        clocks, seconds, event = STEPS.get(number, ((), 0.0, ""))
        if line["event"] == event:
            late.update({clock: late[clock] + seconds for clock in clocks})
        line["timestamp"] += late[line["service"]]
        yield json.dumps(line) + "\n"


World = Callable[..., str]


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """Run a command on the log with its steps, or without."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))

    def run(command: Any, *arguments: str, steps: bool = True, turns: int = len(TURNS)) -> str:
        log = tmp_path / "latency.log"
        lines = log_lines(TURNS[:turns])
        log.write_text("".join(stepped_lines(lines) if steps else lines))
        if command is None:
            return newest_line(None, None, [log], tmux=False)
        done = CliRunner().invoke(command, ["--log", str(log), *arguments], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output

    return run


def test_the_report_counts_only_what_was_measured(world: World) -> None:
    told, plain = (json.loads(world(report, "--json", steps=steps)) for steps in (True, False))
    assert [turn["request_id"] for turn in told["turns"]] == [turn["request_id"] for turn in plain["turns"]]
    odd = [number for number, turn in enumerate(told["turns"]) if "V2V" in turn["unmeasured"]]
    assert set(STEPS) <= set(odd) <= set(STEPS) | UNSURE
    assert told["headline"]["n"] == plain["headline"]["n"] - len(odd)
    for turn, true in zip(told["turns"], plain["turns"], strict=True):
        for key in ("headline_ms", "v2v_ms", "unattributed_ms"):
            assert turn[key] is None or turn[key] == pytest.approx(true[key], abs=0.01)
        for key, ms in turn["stages"].items():
            assert ms is None or key in ("hop_in", "hop_out") or ms == pytest.approx(true["stages"][key], abs=0.01)
    for key, row in told["stages"].items():
        assert row["n"] >= plain["stages"][key]["n"] - len(odd) or key in ("hop_in", "hop_out")
        assert (row["max"] or 0.0) <= (plain["stages"][key]["max"] or 0.0) + 1.0
    assert told["clock_offset"]["stepped"]


def test_no_alarm_and_no_verdict_comes_of_it(world: World) -> None:
    alarms, plain = (json.loads(world(regressions, "--json", steps=steps)) for steps in (True, False))
    assert [(one["stage"], one["direction"]) for one in alarms] == [(one["stage"], one["direction"]) for one in plain]
    for names in (("turns:1-60", "turns:61-120"), ("turns:11-40", "turns:41-100")):
        found, true = (json.loads(world(compare, "--json", *names, steps=steps)) for steps in (True, False))
        verdicts, wanted = ({row["stage"]: row["verdict"] for row in one["stages"]} for one in (found, true))
        assert verdicts == wanted
        assert {"hop_in", "hop_out"}.isdisjoint(verdicts) and "network" in verdicts


@pytest.mark.parametrize("number", STEPS)
def test_a_turn_with_a_step_is_not_explained_and_has_no_figure_in_the_status(world: World, number: int) -> None:
    name = TURNS[number].request_id
    said = world(explain, name)
    assert "not measured: a clock stepped" in said or "not measured: asleep" in said
    assert "over your usual" not in said and "under your usual" not in said
    line = world(None, turns=number + 1)
    assert "V2V —" in line and "▲" not in line and "▼" not in line


@pytest.mark.parametrize("number", STEPS)
def test_the_turn_behind_a_step_is_explained_as_ever(world: World, number: int) -> None:
    said, plain = (world(explain, TURNS[number + 1].request_id, steps=steps) for steps in (True, False))
    assert "not measured" not in said
    assert ("over your usual" in said) == ("over your usual" in plain)


def test_the_text_report_says_why_and_no_mean_of_it(world: World) -> None:
    said = world(report)
    count = said.count("no span to account for: a clock stepped") + said.count("account for: asleep")
    assert len(STEPS) <= count <= len(STEPS) + len(UNSURE)
    (line,) = (line for line in said.splitlines() if line.startswith("end to end "))
    of_voice = sum(VOICE[0] in clocks for clocks, _, _ in STEPS.values())
    timed = int(line.removesuffix("  first to last event").split()[-1])
    assert len(TURNS) - count <= timed <= len(TURNS) - of_voice, "a whole turn is timed by the voice's clock alone"
    assert "; a clock stepped" in said
