"""One conversation, both logs: joined, each alone, in any order, it is the same conversation."""

import pytest

from tests.turns.golden import LATENCY, V34, by_id, headline_by_events, read
from timmy_tui.model.log_format import LogKind
from timmy_tui.model.turn import Span, Turn, TurnState
from timmy_tui.turns.ingest import Ingest

BEFORE = ("21636369", "28ce6f24", "ac0ae4e2", "e79a27e6", "c4cf8b96", "686e80a9", "f90ee1f2")
AFTER = ("ead6b3cb", "c98c9e51", "99c90e88", "a4560002", "ed6897d8", "2bfc7ffd", "3f8de0e1")
ORDERS: dict[str, tuple[LogKind, ...]] = {"latency first": ("latency", "v34"), "debug first": ("v34", "latency")}
LINES: dict[LogKind, list[bytes]] = {"latency": LATENCY, "v34": V34}


def both(order: tuple[LogKind, ...]) -> dict[str, Turn]:
    return by_id(read(*((kind, LINES[kind]) for kind in order)))


def test_latency_log_alone() -> None:
    turns = by_id(read(("latency", LATENCY)))
    assert set(turns) == {*BEFORE, *AFTER}
    assert {name for name, turn in turns.items() if turn.state is TurnState.FAILED} == {"c4cf8b96"}
    assert all(turn.state is TurnState.COMPLETE for name, turn in turns.items() if name != "c4cf8b96")


def test_the_figures_of_one_turn() -> None:
    """Differences of the stamps in the file, worked out by hand."""
    turn = by_id(read(("latency", LATENCY)))["21636369"]
    assert turn.span is Span.V2V
    assert turn.v2v_ms == turn.headline_ms == 2535.475
    measured = {key: value for key, value in turn.stages.items() if value is not None}
    assert measured == pytest.approx(
        {
            "endpointing": 500.0,
            "stt_final": 29.330,
            "hop_in": 2.324,
            "classify": 31.622,
            "store": 332.135,
            "retrieve": 54.641,
            "prompt": 4.533,
            "llm": 652.326,
            "reply": 2.259,
            "hop_out": 7.385,
            "mute": 209.475,
            "tts": 709.045,
            "playback": 3806.0,
            "rearm": 300.0,
            "deaf": 6113.133,
            "network": 9.709,
            "embed": 7.502,
            "query": 42.935,
            "merge": 4.204,
            "wait": 140.2344,
            "prefill": 161.0148,
            "decode": 351.0768,
        },
        abs=0.0015,
    )
    assert [(gap.after, gap.before) for gap in turn.gaps] == [("classify", "store"), ("store", "retrieve")]
    assert turn.unattributed_ms == pytest.approx(0.4, abs=0.0015)
    assert (turn.prompt_tokens, turn.output_tokens, turn.text_length, turn.reply_length) == (616, 38, 46, 127)
    assert (turn.context_sent, turn.context_returned, turn.tail_mode, turn.raw) == (0, 0, False, None)
    assert (turn.importance, turn.chunks, turn.pause_threshold, turn.temperature) == (4.0, 5, 0.5, 0.4)
    assert turn.load_ms is None


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS.keys())
def test_both_logs_are_one_conversation(order: tuple[LogKind, ...]) -> None:
    turns = both(order)
    assert set(turns) == {*BEFORE, *AFTER}
    for name in (*BEFORE, *AFTER):
        assert turns[name].logs == "both"
    turn = turns["21636369"]
    assert turn.v2v_ms == 2535.475
    assert turn.load_ms == 96.2298
    assert turn.ollama_total_ms == 644.1267
    assert turn.num_ctx == 8000
    assert turn.model == "llama3.2:3b-instruct-q4_K_M"
    assert turn.text == "Do you remember the names of the two new cats?"
    assert turn.reply == (
        "Well, ask me at noon, I am sharp at noon. A bolt fell off, it was not mine; "
        "you did say so on Friday; time is a thing for folk."
    )


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS.keys())
def test_the_flip(order: tuple[LogKind, ...]) -> None:
    turns = both(order)
    assert [turns[name].raw for name in BEFORE] == [True] * 7
    assert [turns[name].raw for name in AFTER] == [False] * 7
    # The first turn of a session is never a tail turn.
    assert [turns[name].tail_mode for name in AFTER] == [False] + [True] * 6
    assert [turns[name].context_returned for name in AFTER] == [660, 781, 899, 1012, 1139, 1260, 1385]
    assert [turns[name].context_sent for name in AFTER] == [0, 660, 781, 899, 1012, 1139, 1260]
    assert {turns[name].session for name in BEFORE} == {1}
    assert {turns[name].session for name in AFTER} == {2}


def test_raw_off_is_proved_by_a_returned_context_and_raw_on_by_nothing() -> None:
    turns = by_id(read(("latency", LATENCY)))
    assert [turns[name].raw for name in AFTER] == [False] * 7
    assert [turns[name].raw for name in BEFORE] == [None] * 7


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS.keys())
def test_the_failed_turn(order: tuple[LogKind, ...]) -> None:
    turn = both(order)["c4cf8b96"]
    assert turn.state is TurnState.FAILED
    assert turn.reason.startswith("Generate API call failed")
    assert {"canned_reply", "error"} <= turn.signals
    assert (turn.prompt_tokens, turn.prefill_ms) == (None, None)
    alone = by_id(read(("latency", LATENCY)))["c4cf8b96"]
    assert (alone.state, alone.reason) == (TurnState.FAILED, "the model gave no answer")


def test_debug_log_alone() -> None:
    turns = read(("v34", V34))
    assert [turn.request_id for turn in turns] == [*BEFORE, *AFTER]
    assert [turn.session for turn in turns] == [1] * 7 + [2] * 7
    first = turns[0]
    assert (first.state, first.logs, first.span, first.headline_ms) == (TurnState.COMPLETE, "v34", Span.V34, 1080.0)
    assert first.stages["store"] == 331.9
    assert first.stages["retrieve"] == 53.6
    assert first.stages["llm"] == 650.0
    assert first.started is not None
    assert first.ended is not None
    assert first.ended - first.started == pytest.approx(1.083302)
    assert "store" in turns[2].skipped
    assert turns[4].state is TurnState.FAILED


@pytest.mark.parametrize(
    "parts", [("latency",), ("v34",), ("latency", "v34"), ("v34", "latency")], ids=lambda parts: "+".join(parts)
)
def test_the_headline_of_every_turn_is_that_of_its_events(parts: tuple[LogKind, ...]) -> None:
    turns = [turn for turn in read(*((kind, LINES[kind]) for kind in parts)) if turn.headline_ms is not None]
    assert len(turns) == 14
    for turn in turns:
        if turn.events:
            assert turn.headline_ms == pytest.approx(headline_by_events(turn), abs=0.002)
        assert turn.unattributed_ms == pytest.approx(sum(gap.ms for gap in turn.gaps))


def test_lines_one_at_a_time_tell_the_same_as_all_at_once() -> None:
    slow, fast = Ingest(60.0), Ingest(60.0)
    one: dict[int, Turn] = {}
    for line in LATENCY:
        one.update((turn.ordinal, turn) for turn in slow.feed("latency", [line]))
    for line in V34:
        one.update((turn.ordinal, turn) for turn in slow.feed("v34", [line]))
    all_at_once: dict[int, Turn] = {}
    for kind, lines in LINES.items():
        all_at_once.update((turn.ordinal, turn) for turn in fast.feed(kind, lines))
    assert one == all_at_once
    assert slow.sessions == fast.sessions


def test_sessions_leave_ghosts_out() -> None:
    ingest = Ingest(60.0)
    ingest.feed("latency", LATENCY)
    ingest.assembler.finish()
    assert [(session.number, session.turns) for session in ingest.sessions] == [(1, 7), (2, 7)]
    assert ingest.sessions[0].session_id == "3ceb3ffd-0000-4000-8000-8b5297b75092"
