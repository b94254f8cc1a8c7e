"""A turn as a trace: children sum to the root, lie in it, and say where their place is not measured."""

import json
from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from bench.judgement.turns import make_turns
from tests.telemetry.turns import GOLDEN, reuse_of
from tests.turns.golden import LATENCY, V34, read
from timmy_tui.demo.generated.conversation import ConversationPlan, generate_logs
from timmy_tui.model.llm import Certainty
from timmy_tui.model.stages.watched import CRITICAL
from timmy_tui.model.turn import Gap, Span, Turn, TurnState
from timmy_tui.telemetry.attributes import TurnContext
from timmy_tui.telemetry.identity import key_of
from timmy_tui.telemetry.spans import SpanValue, TurnTrace, trace_of


def trace(turn: Turn, context: TurnContext | None = None) -> TurnTrace:
    made = trace_of(turn, key_of(turn, "/timmy").trace_id, context or TurnContext())
    assert made is not None
    return made


def children(made: TurnTrace, of: SpanValue | None = None) -> list[SpanValue]:
    parent = of or made.spans[0]
    return [span for span in made.spans if span.parent_id == parent.span_id]


def length(span: SpanValue) -> int:
    return span.end_ns - span.start_ns


def skewed(seconds: float) -> list[Turn]:
    """A conversation whose v34 has a clock of its own."""
    logs = generate_logs(ConversationPlan(12, seed=3))
    moved = [
        line if b'"service": "v34"' not in line else shift(line, seconds)
        for line in (one.encode() for one in logs.latency)
    ]
    return read(("latency", moved))


def shift(line: bytes, seconds: float) -> bytes:
    event = json.loads(line)
    event["timestamp"] += seconds
    return json.dumps(event).encode()


CONVERSATIONS: dict[str, Sequence[Turn]] = {
    "both logs": GOLDEN,
    "latency log": read(("latency", LATENCY)),
    "debug log": read(("v34", V34)),
    "clocks 90 s apart": skewed(90.0),
    "clocks 4 ms apart": skewed(-0.004),
}


@pytest.mark.parametrize("name", CONVERSATIONS)
def test_children_sum_to_the_root_and_lie_in_it(name: str) -> None:
    told = 0
    for turn in CONVERSATIONS[name]:
        if turn.started is None or turn.headline_ms is None:
            continue
        made = trace(turn)
        root = made.spans[0]
        overlap_ns = round(1e9 * float(str(root.attributes.get("timmy.overlap_seconds", 0.0))))
        assert length(root) == round(1e6 * turn.headline_ms)
        assert sum(map(length, children(made))) - overlap_ns == length(root)
        assert all(root.start_ns <= span.start_ns <= span.end_ns <= root.end_ns for span in made.spans)
        for span in children(made):
            parts = children(made, span)
            assert sum(map(length, parts)) <= length(span)
            assert all(span.start_ns <= part.start_ns and part.end_ns <= span.end_ns for part in parts)
        told += 1
    assert told >= 10


def test_each_stage_of_a_turn_is_a_span_with_its_length_and_each_gap() -> None:
    turn = GOLDEN[3]
    by_name = {span.attributes.get("timmy.stage"): span for span in trace(turn).spans}
    for key in (*CRITICAL, "wait", "load", "prefill", "decode", "embed", "query", "merge"):
        ms = turn.stages[key]
        assert ms is not None
        assert length(by_name[key]) == pytest.approx(1e6 * ms, abs=1000)
    gaps = [span for span in trace(turn).spans if span.name == "timmy.gap"]
    assert [
        (span.attributes["timmy.gap.after"], span.attributes["timmy.gap.before"], length(span)) for span in gaps
    ] == [(gap.after, gap.before, round(1e6 * gap.ms)) for gap in turn.gaps]


def test_the_root_begins_with_the_silence_before_the_first_event() -> None:
    turn = GOLDEN[3]
    root = trace(turn).spans[0]
    assert turn.started is not None
    assert root.start_ns == pytest.approx((turn.started - 0.5) * 1e9, abs=1000)
    assert root.attributes["timmy.clock"] == "stt"
    assert (root.name, root.attributes["timmy.span"]) == ("invoke_agent timmy", "V2V")
    assert root.attributes["timmy.v2v_seconds"] == root.attributes["turn.user_bot_latency_seconds"]


def test_the_request_to_the_model_is_a_genai_client_span() -> None:
    turn = GOLDEN[3]
    made = trace(turn, TurnContext(reuse_of(turn), server=("windows-host", 11434)))
    (request,) = [span for span in made.spans if span.is_client]
    assert request.name == "chat llama3.2:3b-instruct-q4_K_M"
    expected = {
        "gen_ai.operation.name": "chat", "gen_ai.provider.name": "ollama",
        "gen_ai.request.model": "llama3.2:3b-instruct-q4_K_M", "gen_ai.conversation.id": turn.session_id,
        "gen_ai.usage.input_tokens": turn.prompt_tokens, "gen_ai.usage.output_tokens": turn.output_tokens,
        "gen_ai.usage.cache_read.input_tokens": (turn.prompt_tokens or 0) // 2, "server.address": "windows-host",
        "server.port": 11434, "timmy.reuse": "measured",
    }  # fmt: skip
    assert {name: request.attributes[name] for name in expected} == expected
    assert "gen_ai.response.time_to_first_chunk" not in request.attributes


def test_an_estimate_is_not_told_as_what_the_server_reported() -> None:
    turn = GOLDEN[3]
    made = trace(turn, TurnContext(reuse_of(turn, Certainty.ESTIMATED)))
    (request,) = [span for span in made.spans if span.is_client]
    assert "gen_ai.usage.cache_read.input_tokens" not in request.attributes
    assert (request.attributes["timmy.reuse"], request.attributes["timmy.reuse.share"]) == ("estimated", 0.5)
    unknown = trace(turn, TurnContext(reuse_of(turn, Certainty.UNKNOWN))).spans[0]
    assert unknown.attributes["timmy.reuse"] == "unknown"
    assert "timmy.reuse.share" not in unknown.attributes


def test_the_same_turn_has_the_same_ids_and_another_has_others() -> None:
    turn = GOLDEN[3]
    first, again = trace(turn), trace(replace(turn, ordinal=77, number=9, prompt_tokens=5))
    assert first.trace_id == again.trace_id
    assert [span.span_id for span in first.spans] == [span.span_id for span in again.spans]
    assert len({span.span_id for span in first.spans}) == len(first.spans)
    ids = {trace(one).trace_id for one in GOLDEN}
    assert len(ids) == len(GOLDEN)
    assert key_of(turn, "/other").trace_id != first.trace_id


def test_a_typed_turn_without_an_id_is_known_by_its_figures() -> None:
    typed = replace(GOLDEN[3], request_id="", typed=True, started=None)
    ms = typed.prefill_ms or 0.0
    assert key_of(typed, "/t") == key_of(replace(typed, ordinal=4, prefill_ms=ms + 0.0004), "/t")
    assert key_of(typed, "/t").trace_id != key_of(replace(typed, output_tokens=1), "/t").trace_id


def test_a_hop_that_is_not_a_duration_is_told_as_the_sum_of_both_and_what_lies_between_as_inferred() -> None:
    turn = next(one for one in CONVERSATIONS["clocks 90 s apart"] if one.stages["network"] is not None)
    assert turn.stages["hop_in"] is None
    by_key = {span.attributes.get("timmy.stage"): span for span in trace(turn).spans}
    assert not {"hop_in", "hop_out"} & set(by_key)
    assert by_key["network"].attributes["timmy.place"] == "unknown"
    assert by_key["classify"].attributes["timmy.place"] == "inferred"
    assert "timmy.place" not in by_key["stt_final"].attributes
    assert "timmy.place" not in by_key["tts"].attributes


def test_stages_at_the_same_time_overlap_and_the_root_says_by_how_much() -> None:
    plain = make_turns(1, seed=1)[0]
    (gap,) = plain.gaps[:1] or (Gap("classify", "store", 0.0),)
    assert plain.headline_ms is not None
    turn = replace(plain, gaps=(Gap(gap.after, gap.before, -3.0),), headline_ms=sum_of(plain) - 3.0)
    made = trace(turn)
    root = made.spans[0]
    assert root.attributes["timmy.overlap_seconds"] == pytest.approx(0.003)
    assert sum(map(length, children(made))) - 3_000_000 == pytest.approx(length(root), abs=20)
    assert all(length(span) >= 0 for span in made.spans)


def sum_of(turn: Turn) -> float:
    return sum(turn.stages[key] or 0.0 for key in CRITICAL)


def test_a_turn_without_a_headline_is_as_long_as_what_was_measured_and_says_that_no_place_is_known() -> None:
    turn = replace(
        GOLDEN[3], headline_ms=None, v2v_ms=None, span=Span.NONE, gaps=(), unattributed_ms=None,
        state=TurnState.TIMED_OUT, unmeasured={"V2V": "a clock stepped", "tts": "what a user said"},
    )  # fmt: skip
    made = trace(turn)
    root = made.spans[0]
    assert length(root) == pytest.approx(1e6 * sum_of(turn), abs=1000)
    assert root.failed
    assert "timmy.headline_seconds" not in root.attributes
    assert root.attributes["timmy.unmeasured"] == ("V2V: a clock stepped",)
    assert {span.attributes.get("timmy.place") for span in children(made)} == {"unknown"}


def test_a_turn_that_nothing_times_is_placed_where_it_was_seen_or_not_told() -> None:
    untimed = replace(GOLDEN[3], started=None, ended=None, answered=None)
    assert trace_of(untimed, "1" * 32, TurnContext()) is None
    made = trace(untimed, TurnContext(arrived=1_764_350_000.0))
    assert made.spans[0].end_ns == pytest.approx(1_764_350_000 * 1e9, abs=1000)
    assert made.spans[0].attributes["timmy.clock"] == "timmy_tui"
