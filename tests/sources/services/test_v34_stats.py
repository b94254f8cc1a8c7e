"""v34's statistics: typed turns, each exchange once, and busy is not down."""

from typing import Any

from msgspec.structs import replace

from timmy_tui.demo.generated.conversation import ConversationPlan, generate_logs
from timmy_tui.model.turn import Turn
from timmy_tui.sources.services.v34 import StatsReader, turn_from_stats
from timmy_tui.turns.ingest import Ingest
from timmy_tui.turns.typed_turns import HOLD_S, TypedTurns

ENTRY: dict[str, Any] = {
    "timestamp": 1764350011.5,
    "session_id": "3ceb3ffd",
    "tail_mode": False,
    "prompt_eval_count": 2616,
    "prompt_eval_duration": 177218800,
    "eval_count": 65,
    "eval_duration": 595059000,
    "total_duration": 925884800,
    "load_duration": 95038000,
}


def stat(**more: Any) -> Turn:
    turn = turn_from_stats({**ENTRY, **more})
    assert turn is not None
    return turn


def spoken(ordinal: int = 7, **more: Any) -> Turn:
    """The same exchange as the latency log tells it."""
    fields: dict[str, Any] = {
        "ordinal": ordinal, "request_id": "abc123de", "session_id": "3ceb3ffd", "session": 2, "started": 1764350008.0,
        "prompt_tokens": 2616, "output_tokens": 65, "prefill_ms": 177.2188, "decode_ms": 595.059,
    }  # fmt: skip
    return Turn(**{**fields, **more})


def settled(typed: TypedTurns, stats: list[Turn], known: list[Turn], busy: bool = False) -> list[Turn]:
    typed.add_statistics(stats, 100.0)
    assert typed.take_ready(known, 100.0 + HOLD_S / 2, busy) == [], "the log may still be on its way"
    return typed.take_ready(known, 100.0 + HOLD_S, busy)


def test_an_entry_of_kv_stats_becomes_a_turn() -> None:
    turn = stat()
    assert (turn.logs, turn.request_id, turn.session_id, turn.tail_mode) == ("kv_stats", "", "3ceb3ffd", False)
    assert (turn.prompt_tokens, turn.prefill_ms, turn.load_ms) == (2616, 177.2188, 95.038)
    assert (turn.ended, turn.started) == (1764350011.5, 1764350011.5 - 0.9258848)


def test_nulls_are_unknown_and_an_empty_entry_is_no_turn() -> None:
    turn = stat(prompt_eval_duration=None, load_duration=None, timestamp=None, session_id=None, tail_mode=None)
    assert (turn.prefill_ms, turn.load_ms, turn.started, turn.session_id, turn.tail_mode) == (None,) * 5
    assert turn_from_stats({"timestamp": 1.0}) is None
    assert turn_from_stats({"prompt_eval_count": "many", "eval_count": True}) is None
    assert stat(timestamp="2025-11-28T17:13:31.5").ended is not None
    assert stat(timestamp="soon").ended is None


def test_each_entry_comes_once_over_many_answers() -> None:
    reader = StatsReader()
    second = {**ENTRY, "timestamp": 1764350031.0}
    assert len(reader.read({"count": 1, "stats": [ENTRY]})) == 1
    assert [turn.ended for turn in reader.read({"count": 2, "stats": [ENTRY, second]})] == [1764350031.0]
    answers: list[Any] = [None, [], {"stats": None}, {"stats": [None, 3]}, {"stats": {}}, "x"]
    for nonsense in answers:
        assert reader.read(nonsense) == []


def test_a_spoken_turn_is_not_counted_again_and_learns_its_load() -> None:
    (turn,) = settled(TypedTurns(), [stat()], [spoken()])
    assert (turn.ordinal, turn.request_id, turn.logs) == (7, "abc123de", "latency")
    assert (turn.load_ms, turn.ollama_total_ms) == (95.038, 925.8848)


def test_what_a_turn_learned_survives_its_revision() -> None:
    typed = TypedTurns()
    settled(typed, [stat()], [spoken()])
    assert typed.merge(spoken(reply_length=12)).load_ms == 95.038
    assert typed.merge(spoken(load_ms=99.0)).load_ms == 99.0


def test_a_typed_turn_is_new_and_the_debug_log_takes_over_its_ordinal() -> None:
    typed = TypedTurns()
    (turn,) = settled(typed, [stat()], [spoken(prompt_tokens=999)])
    assert (turn.ordinal, turn.logs, turn.session) == (-1, "kv_stats", 2)
    typed.add_numbered(replace(turn, ordinal=8))
    known = spoken(ordinal=9, request_id="", session_id="the last one heard of", logs="v34", started=None, text="hello")
    for _ in range(2):
        merged = typed.merge(known)
        assert (merged.ordinal, merged.session_id, merged.logs, merged.text) == (8, "3ceb3ffd", "v34", "hello")
    assert typed.merge(spoken(ordinal=10, prompt_tokens=5)).ordinal == 10


def test_another_session_or_another_day_is_another_turn() -> None:
    assert settled(TypedTurns(), [stat()], [spoken(session_id="other")])[0].ordinal == -1
    assert settled(TypedTurns(), [stat()], [spoken(started=1764250008.0)])[0].ordinal == -1
    assert settled(TypedTurns(), [stat()], [spoken(prefill_ms=177.3)])[0].ordinal == -1


def test_nothing_is_decided_while_a_turn_is_in_flight() -> None:
    typed = TypedTurns()
    assert settled(typed, [stat()], [], busy=True) == []
    assert len(typed.take_ready([], 200.0, False)) == 1
    assert typed.take_ready([], 300.0, False) == []


def test_a_typed_turn_of_the_debug_log_has_no_id() -> None:
    logs = generate_logs(ConversationPlan(20, "steady", 3, lone_pauses=False))
    ingest = Ingest(60.0)
    turns = {turn.ordinal: turn for turn in ingest.feed("latency", [line.encode() for line in logs.latency])}
    turns |= {turn.ordinal: turn for turn in ingest.feed("v34", [line.encode() for line in logs.v34])}
    assert sorted(turn.request_id == "" for turn in turns.values()) == [False] * 20 + [True] * 2
