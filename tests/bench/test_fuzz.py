"""``make fuzz``: each fuzzer runs, and finds a fault that is put in; its invariants refuse what is wrong."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st
from msgspec.structs import replace

from bench.fuzz import __main__ as command
from bench.fuzz import invariants, literal, logs, own_files
from bench.fuzz import run as runner
from bench.fuzz.run import Budget, Outcome, run
from bench.fuzz.table import FUZZERS, Fuzzer
from bench.fuzz.texts import Op, conversation, edited
from tests.turn_makers import complete_turn
from timmy_tui.control.edit.literal import patch
from timmy_tui.core.running.failures import Failures
from timmy_tui.model.turn import Event, Gap
from timmy_tui.parse.latency_log import LatencyParser
from timmy_tui.parse.ollama_log import OllamaLogParser
from timmy_tui.turns.ingest import Ingest

FEW = Budget(cpu_s=0.0, seed=3, inputs=8)


@pytest.mark.parametrize("name", FUZZERS)
def test_each_fuzzer_runs_and_finds_nothing_in_a_few_inputs(name: str) -> None:
    outcome = run(name, FUZZERS[name], FEW)
    assert outcome.finding == ""
    assert outcome.inputs >= FEW.inputs


def _first_event_is_lost(self: LatencyParser, lines: list[bytes]) -> list[Event]:
    return REAL_FEED(self, lines)[1:]


def _too_many_bytes(source: bytes, *arguments: Any) -> bytes:
    return patch(source, *arguments) + b"\n"


REAL_FEED = LatencyParser.feed
FAULTS: dict[str, tuple[object, str, Callable[..., Any]]] = {
    "latency log": (LatencyParser, "feed", _first_event_is_lost),
    "literal editor": (literal, "patch", _too_many_bytes),
    "status file": (own_files, "quick_line", lambda arguments, environ: "#(reboot)\x1b[2J"),
    "server log": (OllamaLogParser, "feed", lambda self, lines: []),
    "themes": (own_files, "load_themes", lambda folders: ({}, [])),
}
"""By fuzzer: what is replaced, and by what fault."""


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(*FAULTS[name])
    outcome = run(name, FUZZERS[name], FEW._replace(inputs=60))
    assert "AssertionError" in outcome.finding or "Error" in outcome.finding


def _no_more_than_nine(value: int) -> None:
    assert value < 10, f"{value} is too much"


SMALL = Fuzzer(lambda: st.integers(0, 100_000), _no_more_than_nine)


def test_a_finding_is_the_smallest_input_and_is_tried_first_the_next_time(tmp_path: Path) -> None:
    first = run("numbers", SMALL, FEW._replace(seed=None, inputs=200), corpus=tmp_path)
    assert "10 is too much" in first.finding
    again = run("numbers", SMALL, FEW._replace(seed=None, inputs=1), corpus=tmp_path)
    assert "10 is too much" in again.finding
    other = run("others", Fuzzer(SMALL.inputs, lambda value: None), FEW._replace(seed=None), corpus=tmp_path)
    assert other.finding == ""


def test_an_input_that_takes_long_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "SLOWEST_S", -1.0)
    outcome = run("numbers", Fuzzer(SMALL.inputs, lambda value: None), FEW)
    assert "s of CPU time" in outcome.finding


def test_memory_that_grows_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = iter([100.0, 100.0 + runner.MOST_GROWTH_MIB, 100.0, 101.0 + runner.MOST_GROWTH_MIB])
    monkeypatch.setattr(runner, "rss_mib", lambda: next(sizes))
    nothing = Fuzzer(SMALL.inputs, lambda value: None)
    assert run("numbers", nothing, FEW).finding == ""
    assert "memory grew" in run("numbers", nothing, FEW).finding


def test_shards_are_added_up_and_one_finding_is_enough() -> None:
    shards = [Outcome("a", 10, 60.0, 5.0, 80.0, 1.0), Outcome("a", 30, 60.0, 7.0, 70.0, 2.0, "bad")]
    one = command.merged("a", shards)
    assert (one.inputs, one.cpu_s, one.slowest_ms, one.rss_mib, one.growth_mib) == (40, 120.0, 7.0, 80.0, 2.0)
    assert one.finding == "bad"
    assert command.table({"a": one})[-1] == "| a | 40 | 2.0 | 0 | 7 | 80 | 2.0 | yes |"
    assert "nothing" in command.table({"a": command.merged("a", shards[:1])})[-1]


@pytest.mark.parametrize("text", ["\x1b[2J", "a\u202eb", "a\nb", "\x9b", "\ud800", "\t"])
def test_what_a_terminal_obeys_is_refused(text: str) -> None:
    with pytest.raises(AssertionError):
        invariants.assert_printable(text)
    invariants.assert_printable("● V2V ≥1.83s")
    invariants.assert_printable("two\nlines", lines=True)


def test_a_ledger_that_does_not_sum_is_refused() -> None:
    turn = complete_turn(
        0, headline_ms=10.0, unattributed_ms=3.0, gaps=(Gap("llm", "end", 3.0),), stages={"llm": 7.0}
    )  # fmt: skip
    invariants.assert_turn(turn)
    for wrong in (
        replace(turn, headline_ms=10.001),
        replace(turn, unattributed_ms=2.999),
        replace(turn, stages={"llm": 6.0}),
        replace(turn, headline_ms=None),
        replace(turn, prefill_ms=float("nan")),
        replace(turn, text="x" * (invariants.LONGEST_TEXT + 1)),
    ):
        with pytest.raises(AssertionError):
            invariants.assert_turn(wrong)
    with pytest.raises(AssertionError, match="ordinal"):
        invariants.assert_turns([turn, turn])


def test_a_step_that_raised_and_was_counted_is_a_finding() -> None:
    failures, quotients = Failures(), list[int]()
    failures.run([1, 0], lambda numbers: quotients.extend(7 // number for number in numbers), lambda *_: "a number")
    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        invariants.assert_nothing_raised(failures.counts)
    invariants.assert_nothing_raised(["torn line", "not JSON", "nested more than 200 levels deep"])


@pytest.mark.parametrize("kind", range(12))
def test_an_edit_of_lines_leaves_no_line_end_in_one_and_holds_of_no_lines(kind: int) -> None:
    lines = [b'{"a": 1}', b"b=2", b""]
    for piece in (b"\n", b"x", b""):
        for column in (0, 3, 400):
            assert not any(b"\n" in line for line in edited(lines, [Op(kind, 1, column, piece)]))
            assert edited([], [Op(kind, 5, column, piece)]) in ([], [b""], [b"", b""], [b"x"], [b"", b"", b""])
    assert lines == [b'{"a": 1}', b"b=2", b""]


def test_conversations_hold_turns_of_both_logs() -> None:
    latency, v34 = conversation(3)
    turns = Ingest(60.0).read_once([("latency", latency), ("v34", v34)])
    assert sum(turn.logs == "both" for turn in turns) > 3
    assert logs.batches_of(v34, [7, 1]) and sum(map(len, logs.batches_of(v34, [7, 1]))) == len(v34)
