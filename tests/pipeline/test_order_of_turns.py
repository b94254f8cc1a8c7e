"""Spoken and typed turns across restarts, from both logs and v34's statistics: each once, in order, with its time."""

import json
import time
from collections.abc import Iterable, Iterator
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from tests.turns.debug_lines import BEGIN, SERVING, message, total
from timmy_tui.core.settings import Settings, TailSettings
from timmy_tui.model.turn import Turn
from timmy_tui.pipeline.read_logs import named_logs, read_logs
from timmy_tui.pipeline.snapshot_builder import LogSource, SnapshotBuilder
from timmy_tui.report.conclusions import Conclusions
from timmy_tui.report.status_line.newest import turns_at_the_end
from timmy_tui.report.text import turn_lines
from timmy_tui.sources.services.v34 import StatsReader

START = 1_764_350_000.0
STEP_BACK_S = 3600.0
"""v34's clock and the recognizer's are an hour apart."""


class Exchange:
    """One turn as everything tells it. ``place``: its number in true order, 10 s apart."""

    def __init__(self, place: int, session: str, is_typed: bool) -> None:
        self.place, self.session, self.is_typed = place, session, is_typed
        self.name = f"{place:08x}"
        self.tokens, self.prefill_ns, self.decode_ns = 900 + place % 3, (100 + place) * 1_000_000, 400_000_000
        self.answered = START + 10.0 * place

    def debug(self) -> list[str]:
        durations = f"load=90000000 prompt_eval={self.prefill_ns} eval={self.decode_ns} total=600000000"
        said = (
            (f"*** Debug: Received user_message via WebSocket: {self.name}",
             f"*** Debug: Processing user message: {self.name} [request_id=None]")
            if self.is_typed else (message(self.name, self.name),)
        )  # fmt: skip
        return [
            BEGIN, *said, f"*** Debug: KV stats: prompt_eval_count={self.tokens} eval_count=40",
            f"*** Debug: Durations (ns): {durations}", total(1.0),
        ]  # fmt: skip

    def events(self) -> list[str]:
        if self.is_typed:
            return []
        figures = {
            "prompt_eval_count": self.tokens, "eval_count": 40, "prompt_eval_duration_ms": self.prefill_ns / 1e6,
            "eval_duration_ms": self.decode_ns / 1e6,
        }  # fmt: skip
        rows: list[tuple[str, float, dict[str, Any]]] = [
            ("stt_transcript_finalized", self.answered - 1 - STEP_BACK_S, {}),
            ("v34_webhook_received", self.answered - 1, {"session_id": self.session}),
            ("v34_ollama_received", self.answered, figures),
            ("tts_resume_sent", self.answered + 2 - STEP_BACK_S, {}),
        ]
        return [
            json.dumps({
                "timestamp": at, "request_id": self.name, "service": name[:3], "event": name, "metadata": metadata,
            })
            for name, at, metadata in rows
        ]  # fmt: skip

    def statistic(self) -> dict[str, Any]:
        return {
            "timestamp": self.answered + 0.002, "session_id": self.session, "tail_mode": False,
            "prompt_eval_count": self.tokens, "prompt_eval_duration": self.prefill_ns, "eval_count": 40,
            "eval_duration": self.decode_ns, "total_duration": 600_000_000, "load_duration": 90_000_000,
        }  # fmt: skip


KINDS = "sttstsrtstrtts"
"""s: spoken, t: typed, r: a restart of v34."""


def exchanges() -> list[Exchange]:
    session = 0
    made: list[Exchange] = []
    for kind in KINDS:
        if kind == "r":
            session += 1
        else:
            made.append(Exchange(len(made), f"session {session}", kind == "t"))
    return made


def debug_lines() -> Iterator[str]:
    made = iter(exchanges())
    for kind in KINDS:
        yield from [SERVING] if kind == "r" else next(made).debug()


def encoded(lines: Iterable[str]) -> list[bytes]:
    return [line.encode() for line in lines]


class Live:
    """A live reading whose clock is set by the test."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.builder = SnapshotBuilder(Settings())
        self._now = 0.0
        self._stats = StatsReader()
        monkeypatch.setattr(time, "monotonic", lambda: self._now)

    def latency(self) -> None:
        self.builder.feed(LogSource("latency"), encoded(line for one in exchanges() for line in one.events()), None)

    def debug(self) -> None:
        self.builder.feed(LogSource("v34"), encoded(debug_lines()), None)

    def statistics(self) -> None:
        """As polled: each process of v34 has its own, and a poll can come from before a restart."""
        for session in ("session 1", "session 0", "session 2"):
            stats = [one.statistic() for one in exchanges() if one.session == session]
            self.builder.add_statistics(self._stats.read({"count": len(stats), "stats": stats}), None)
        self._now += 3.0
        self.builder.add_statistics([], None)


def told(turns: Iterable[Turn]) -> list[str]:
    """Name of each turn; of one without words and id its number, from its prefill time."""
    return [turn.text or turn.request_id or f"{round(turn.prefill_ms or 0) - 100:08x}" for turn in turns]


@pytest.mark.parametrize("order", list(permutations(("latency", "debug", "statistics"))), ids="-".join)
def test_each_turn_once_in_order_with_its_time_whoever_tells_first(
    monkeypatch: pytest.MonkeyPatch, order: tuple[str, ...]
) -> None:
    live = Live(monkeypatch)
    for source in order:
        getattr(live, source)()
    turns = live.builder.turns()
    assert told(turns) == [one.name for one in exchanges()]
    assert all(turn.started is not None and turn.answered is not None for turn in turns)
    assert [turn.session_id for turn in turns] == [one.session for one in exchanges()]
    assert [turn.typed for turn in turns] == [one.is_typed for one in exchanges()]
    sessions = {turn.session_id: turn.session for turn in turns}
    assert len(set(sessions.values())) == 3
    assert [turn.session for turn in turns] == [sessions[one.session] for one in exchanges()]


def test_without_the_statistics_the_order_is_the_same_and_the_times_are_not_known(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    live = Live(monkeypatch)
    live.latency()
    live.debug()
    (tmp_path / "latency.log").write_text("".join(f"{line}\n" for one in exchanges() for line in one.events()))
    (tmp_path / "v34.log").write_text("".join(f"{line}\n" for line in debug_lines()))
    read = read_logs(named_logs([tmp_path / "latency.log", tmp_path / "v34.log"]), TailSettings())
    names = [one.name for one in exchanges()]
    assert told(live.builder.turns()) == told(read.turns) == names
    assert [turn.ordinal for turn in read.turns] == list(range(len(names)))
    assert [turn.started is None for turn in read.turns] == [one.is_typed for one in exchanges()]
    assert [turn.session_id for turn in read.turns] == [one.session for one in exchanges()]
    assert [(one.first, one.last, one.turns) for one in read.sessions] == [(0, 5, 6), (6, 8, 3), (9, 11, 3)]


def test_two_typed_turns_within_a_second_are_two(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their counts and their times in whole seconds are the same."""
    one, two = Exchange(0, "a", True), Exchange(3, "a", True)
    two.answered = one.answered + 0.4
    live = Live(monkeypatch)
    reader = StatsReader()
    live.builder.feed(LogSource("v34"), encoded([*one.debug(), *two.debug()]), None)
    live.builder.add_statistics(reader.read({"stats": [two.statistic(), one.statistic()]}), None)
    live.statistics()
    found = [turn for turn in live.builder.turns() if turn.logs == "v34"]
    assert told(found) == [one.name, two.name]
    assert [turn.answered for turn in found] == [one.answered + 0.002, two.answered + 0.002]


def test_a_turn_that_only_the_statistics_have_is_placed_by_v34s_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    live = Live(monkeypatch)
    live.latency()
    live.statistics()
    turns = live.builder.turns()
    assert told(turns) == [one.name for one in exchanges()]
    assert [turn.typed for turn in turns] == [None if one.is_typed else False for one in exchanges()]
    live.debug()
    assert told(live.builder.turns()) == [one.name for one in exchanges()]


def test_empty_statistics_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    live = Live(monkeypatch)
    live.latency()
    before = live.builder.turns()
    assert not live.builder.add_statistics(StatsReader().read({"count": 0, "stats": []}), None)
    assert live.builder.turns() == before


def test_the_end_of_the_logs_is_in_the_same_order(tmp_path: Path) -> None:
    """Without the first turn of the latency log, which may be cut off there."""
    (tmp_path / "latency.log").write_text("".join(f"{line}\n" for one in exchanges() for line in one.events()))
    (tmp_path / "v34.log").write_text("".join(f"{line}\n" for line in debug_lines()))
    turns, _ = turns_at_the_end(named_logs([tmp_path / "latency.log", tmp_path / "v34.log"]), Settings())
    assert told(turns) == [one.name for one in exchanges()][1:]


def test_the_report_names_a_turn_without_an_id_by_the_way_it_came() -> None:
    names = [next(iter(turn_lines(Turn(ordinal=0, typed=typed), Conclusions()))) for typed in (True, False, None)]
    assert [name.split(" · ")[0] for name in names] == ["== typed turn", "== turn without an id", "== typed turn"]
