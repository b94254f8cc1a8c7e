"""A step that raises although nothing should costs one line or one turn, never a batch, and says which."""

import time
from collections.abc import Mapping
from typing import Any

import pytest

from bench.reading.logs import turn_lines
from tests.pipeline.conftest import Watch
from tests.pipeline.feeds import FeedOfBatches
from tests.turns.events import event
from timmy_tui.core.settings import Settings
from timmy_tui.model.judgement import JudgementState
from timmy_tui.model.llm import LlmState, OllamaFacts
from timmy_tui.model.log_format import DebugFact
from timmy_tui.model.snapshot import Snapshot
from timmy_tui.model.turn import Epoch, Event, Turn, TurnState
from timmy_tui.model.user_requests import PipelineRequest
from timmy_tui.pipeline.inputs import Feed
from timmy_tui.pipeline.live_source import LiveSource
from timmy_tui.pipeline.snapshot_builder import LogSource, SnapshotBuilder
from timmy_tui.pipeline.thread import Pipeline
from timmy_tui.sources.files.tail import TailBatch
from timmy_tui.turns.assembler import TurnAssembler


class Raising(dict[str, Any]):
    """Metadata that no reader of it can read."""

    def __contains__(self, key: object) -> bool:
        raise RuntimeError("boom")


class PickyAnalyzer:
    """Refuses one turn, and at times the state of the model."""

    def __init__(self, refused: str = "", silent: bool = False) -> None:
        self.seen: list[str] = []
        self.silent = silent
        self._refused = refused

    def add(self, turn: Turn, facts: OllamaFacts | None) -> None:
        if turn.request_id == self._refused:
            raise RuntimeError("boom")
        self.seen.append(turn.request_id)

    @property
    def epochs(self) -> tuple[Epoch, ...]:
        return ()

    def llm(self, facts: OllamaFacts | None, now: float) -> LlmState | None:
        if self.silent and self.seen:
            raise RuntimeError("boom")
        return None

    def judgement(self) -> JudgementState | None:
        return None

    def request(self, request: PipelineRequest, turns: Mapping[int, Turn]) -> None:
        raise NotImplementedError


def lines_of(*numbers: int) -> list[bytes]:
    return [line.rstrip("\n").encode() for number in numbers for line in turn_lines(number, 1.764e9 + 30 * number)]


def ids_of(*numbers: int) -> list[str]:
    return [f"{(number * 2654435761) & 0xFFFFFFFF:08x}" for number in numbers]


@pytest.mark.parametrize("at", [0, 1, 2])
def test_one_event_is_lost_and_the_count_names_it(at: int) -> None:
    assembler = TurnAssembler()
    events = [
        event("v34_webhook_received", 0, {"text_length": 3}),
        event("v34_ollama_sent", 900_000),
        event("v34_ollama_received", 1_900_000, {"eval_count": 7}),
        event("tts_resume_sent", 4_000_000),
    ]
    name = events[at].event
    events.insert(at, Event(events[at].timestamp, "aaaaaaaa", name, "v34", Raising()))
    (turn,) = assembler.add_events(events)
    assert (turn.state, turn.output_tokens, turn.text_length) == (TurnState.COMPLETE, 7, 3)
    (failure,) = assembler.failures.all
    assert failure.message.startswith(f"RuntimeError: boom ({name} of aaaaaaaa at 176435000")


def test_one_fact_is_lost() -> None:
    assembler = TurnAssembler()
    turns = assembler.add_facts(
        [DebugFact("begin"), DebugFact("step", {}), DebugFact("step", {"step": 5, "ms": 900.0}),
         DebugFact("total", {"ms": 1000.0})]
    )  # fmt: skip
    assert [(turn.headline_ms, turn.stages["llm"]) for turn in turns] == [(1000.0, 900.0)]
    (failure,) = assembler.failures.all
    assert failure.message == "KeyError: 'step' (a step line of v34's log)"


def test_a_turn_that_cannot_be_computed_is_there_without_figures() -> None:
    assembler = TurnAssembler()
    facts = [DebugFact("begin"), DebugFact("answer", {"reply": 5}), DebugFact("total", {"ms": 1000.0})]
    turns = assembler.add_facts([*facts, DebugFact("begin"), DebugFact("total", {"ms": 2000.0})])
    assert [turn.headline_ms for turn in turns] == [None, 2000.0]
    assert {turn.state for turn in turns} == {TurnState.COMPLETE}
    (failure,) = assembler.failures.all
    assert failure.message.endswith("(turn 0)")


@pytest.mark.parametrize("in_backlog", [False, True])
def test_a_turn_that_cannot_be_judged_costs_its_judgement(in_backlog: bool) -> None:
    (first, second, third) = ids_of(1, 2, 3)
    analyzer = PickyAnalyzer(refused=second)
    builder = SnapshotBuilder(Settings(), analyzer)
    if in_backlog:
        builder.begin_backlog()
    builder.feed(LogSource("latency"), lines_of(1, 2, 3), None)
    if in_backlog:
        builder.end_backlog(None, time.monotonic())
    assert analyzer.seen == [first, third]
    assert [turn.request_id for turn in builder.turns()] == [first, second, third]
    assert [failure.message for failure in builder.failures] == [f"RuntimeError: boom (turn {second})"]


def test_batches_behind_one_that_raises_are_read(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    real = SnapshotBuilder.feed

    def feed(builder: SnapshotBuilder, source: LogSource, lines: list[bytes], facts: OllamaFacts | None) -> bool:
        if len(lines) == 1:
            raise RuntimeError("boom")
        return real(builder, source, lines, facts)

    monkeypatch.setattr(SnapshotBuilder, "feed", feed)
    batches = [TailBatch(lines_of(1), False, 0, 0), TailBatch([b"x"], False, 0, 0), TailBatch(lines_of(2), False, 0, 0)]
    feeds: list[Feed] = [FeedOfBatches(*batches)]
    watcher = watch(LiveSource(Pipeline(Settings(), feeds)))
    snapshot = watcher.wait(lambda snapshot: len(snapshot.turns) == 2)
    assert [health.message for health in snapshot.health] == ["RuntimeError: boom (1 line of latency.log)"]


def test_a_snapshot_that_cannot_be_made_is_the_last_one_with_the_reason(watch: Watch) -> None:
    feeds: list[Feed] = [FeedOfBatches(TailBatch(lines_of(1), False, 0, 0))]
    watcher = watch(LiveSource(Pipeline(Settings(), feeds, analyzer=PickyAnalyzer(silent=True))))

    def says_so(snapshot: Snapshot) -> bool:
        return any("RuntimeError: boom" in health.message for health in snapshot.health)

    snapshot = watcher.wait(says_so)
    assert [source.name for source in snapshot.sources] == ["latency.log"]
