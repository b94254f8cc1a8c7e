"""Turns as v34's debug log tells them: alone, joined with their events, before and behind a restart."""

from collections.abc import Sequence

import pytest

from tests.turns.debug_lines import (
    BEGIN,
    RESTARTING,
    SERVING,
    Reading,
    access,
    message,
    read,
    read_one,
    stamp,
    step,
    total,
)
from tests.turns.events import event
from timmy_tui.model.turn import Gap, Span, TurnState


def test_all_figures_of_one_turn() -> None:
    turn = read_one(
        BEGIN, message(), step(1, 0.03), ">>> Fast metadata generated: topic=t, importance=5", step(3, 0.44),
        "[STORAGE BREAKDOWN] request_id=aaaaaaaa, embed=1ms, total=443.8ms",
        "[RETRIEVAL] request_id=aaaaaaaa, embedding=7.2ms, query=19.5ms, merge=1ms, total=27.9ms", step(4, 0.03),
        "*** Debug: Retrieved 5 memory chunks", "*** Debug: Built unified megaprompt (13843 chars)",
        "*** Debug: Tail mode active=True", "*** Debug: Existing context length: 40",
        "*** Debug: Model=m:3b, num_ctx=8000", "*** Debug: Prompt size: 13844 chars, ~3461 tokens",
        "*** Debug: raw_mode=True, context_provided=False", "*** Debug: Returned context length: 0",
        "*** Debug: Durations (ns): load=95000000 prompt_eval=177000000 eval=595000000 total=925000000",
        "*** Debug: KV stats: prompt_eval_count=2616 eval_count=65", "*** Debug: LLM response received: Ha.",
        "*** Debug: Assistant response added to conversation history", step(5, 0.95), total(1.5), access(),
    )  # fmt: skip
    assert {key: value for key, value in turn.stages.items() if value is not None} == {
        "classify": 30.0, "store": 443.8, "retrieve": 27.9, "embed": 7.2, "query": 19.5, "llm": 950.0,
        "prefill": 177.0, "decode": 595.0, "load": 95.0, "wait": 178.0,
    }  # fmt: skip
    # 1500 less 30, 443.8, 27.9 and 950.
    assert (turn.span, turn.headline_ms, turn.v2v_ms, turn.unattributed_ms) == (Span.V34, 1500.0, None, 48.3)
    assert turn.gaps == (Gap("start", "end", 48.3),)
    assert (turn.text, turn.reply, turn.logs, turn.state) == ("hello", "Ha.", "v34", TurnState.COMPLETE)
    assert (turn.importance, turn.chunks, turn.prompt_chars, turn.prompt_tokens_est) == (5.0, 5, 13844, 3461)
    assert (turn.tail_mode, turn.raw, turn.model, turn.num_ctx) == (True, True, "m:3b", 8000)
    assert (turn.context_sent, turn.context_returned, turn.load_ms, turn.ollama_total_ms) == (40, 0, 95.0, 925.0)
    assert (turn.prompt_tokens, turn.output_tokens, turn.prefill_ms, turn.decode_ms) == (2616, 65, 177.0, 595.0)
    assert (turn.started, turn.ended) == (stamp("01:34:47") - 1.5, stamp("01:34:47"))
    assert (turn.skipped, turn.offset_bounds, dict(turn.unmeasured)) == (frozenset(), (None, None), {})


@pytest.mark.parametrize(("llm_s", "wait"), [(0.76, None), (0.77, None), (0.78, 7.9999), (0.80, 27.9999)])
def test_a_rest_of_the_llm_request_may_not_be_less_than_nothing(llm_s: float, wait: float | None) -> None:
    """Prefill 177 and decode 595.0001 ms: 772.0001 of the request."""
    timings = "*** Debug: Timings ms ~ load=0 prompt_eval=177000000 eval=595000100 total=0"
    turn = read_one(BEGIN, timings, step(5, llm_s), total(2.0))
    assert turn.stages.get("wait") == wait
    exact = timings.replace("595000100", "593000000")
    assert read_one(BEGIN, exact, step(5, 0.77), total(2.0)).stages.get("wait") == 0.0


def test_steps_stand_in_for_the_breakdowns() -> None:
    turn = read_one(BEGIN, step(3, 0.37), step(4, 0.05), total(1.0))
    assert (turn.stages["store"], turn.stages["retrieve"]) == (370.0, 50.0)
    assert (turn.stages["embed"], turn.stages["llm"], turn.stages["classify"]) == (None, None, None)


@pytest.mark.parametrize(
    ("lines", "skipped", "store"),
    [
        ((step(3, 0.0),), True, None),
        ((step(3, 0.01),), False, 10.0),
        ((), False, None),
        ((step(3, 0.0), "[STORAGE BREAKDOWN] request_id=aaaaaaaa, a=1, total=0.4ms"), False, 0.4),
    ],
)
def test_storage_that_took_no_time_and_says_nothing_was_skipped(
    lines: Sequence[str], skipped: bool, store: float | None
) -> None:
    turn = read_one(BEGIN, message(), *lines, total(1.0))
    assert (turn.skipped == {"store"}, turn.stages["store"]) == (skipped, store)


def test_without_a_total_there_is_no_headline_and_no_end() -> None:
    first, second = read(BEGIN, message(), step(1, 0.03), BEGIN, message("next", "bbbbbbbb"), total(1.0))
    assert (first.state, first.span, first.headline_ms, first.unattributed_ms) == (
        TurnState.ABORTED, Span.NONE, None, None,
    )  # fmt: skip
    assert (first.reason, first.stages["classify"]) == ("a new turn began before it ended", 30.0)
    assert (second.state, second.headline_ms) == (TurnState.COMPLETE, 1000.0)


def test_nothing_left_over_is_no_gap() -> None:
    turn = read_one(BEGIN, step(5, 1.0), total(1.0))
    assert (turn.unattributed_ms, turn.gaps) == (0.0, ())
    late = read_one(BEGIN, step(5, 1.01), total(1.0))
    assert (late.unattributed_ms, late.gaps) == (-10.0, (Gap("start", "end", -10.0),))


def test_a_first_request_sends_no_array() -> None:
    turn = read_one(BEGIN, "*** Debug: [KV CACHE] No existing context", total(1.0))
    assert turn.context_sent == 0


def test_of_a_prompts_sizes_the_last_is_what_was_sent() -> None:
    turn = read_one(
        BEGIN, "*** Debug: Built unified megaprompt (9000 chars)", "*** Debug: Tail prompt size: 900 chars", total(1.0)
    )
    assert turn.prompt_chars == 900


@pytest.mark.parametrize(
    ("reply", "signals", "state"),
    [
        ("Hello.", (), "complete"),
        ("", ("empty_reply",), "failed"),
        ("I appear to be having trouble speaking. How embarrassing.", ("canned_reply",), "failed"),
        ("I appear to be having trouble speaking. How embarrassing", (), "complete"),
        ("Yes<|eot_id|>", ("template_leak",), "complete"),
        ("<|start_header_id|>x", ("template_leak",), "complete"),
        ("a<|end_header_id|>b", ("template_leak",), "complete"),
        ("a <|begin_of_text|>", ("template_leak",), "complete"),
        ("assistant: hello", ("template_leak",), "complete"),
        ("My assistant says hello", (), "complete"),
    ],
)
def test_what_an_answer_gives_away(reply: str, signals: Sequence[str], state: str) -> None:
    said = [f"*** Debug: LLM response received: {reply}", "*** Debug: Assistant response added to conversation history"]
    turn = read_one(BEGIN, message(), *said, total(1.0))
    assert (turn.signals, turn.state, turn.reply) == (frozenset(signals), state, reply)


def test_a_failure_is_named_by_its_first_line() -> None:
    failed = "*** Debug: Generate API call failed: " + "x" * 300
    turn = read_one(BEGIN, failed, "*** Debug: Empty streamed response received", total(1.0))
    assert turn.errors == (failed.removeprefix("*** Debug: "), "Empty streamed response received")
    assert turn.state is TurnState.FAILED
    assert turn.signals == {"error"}
    assert turn.reason == "Generate API call failed: " + "x" * 174
    assert len(turn.reason) == 200


def test_a_voice_that_is_not_there_is_told_behind_the_end_of_its_turn() -> None:
    reading = Reading()
    (complete,) = reading.feed(BEGIN, message(), total(1.0))
    (failed,) = reading.feed("*** Debug: Could not connect to TTS API: refused")
    assert (complete.state, failed.state, failed.ordinal) == (TurnState.COMPLETE, TurnState.FAILED, complete.ordinal)
    assert failed.errors == ("Could not connect to TTS API: refused",)


def test_what_belongs_to_no_turn_changes_none() -> None:
    retrieval = "[RETRIEVAL] request_id=None, embedding=7.2ms, query=19.5ms, total=27.9ms"
    lines = [access(), "*** Debug: Could not connect to TTS API: refused", retrieval, SERVING, step(1, 0.1), total(1.0)]
    reading = Reading()
    assert reading.feed(*lines) == []
    assert reading.end() == []


def test_an_access_line_within_a_turn_is_not_its_own() -> None:
    reading = Reading()
    reading.feed(BEGIN, message(), total(1.0), BEGIN, message("next", "bbbbbbbb"))
    (served,) = reading.feed(access())
    assert served.request_id == "aaaaaaaa"
    (second,) = reading.feed(total(1.0))
    assert (second.request_id, second.started) == ("bbbbbbbb", None)


@pytest.mark.parametrize("clock", ["25:00:00", "soon"])
def test_an_access_line_without_a_time_says_nothing(clock: str) -> None:
    reading = Reading()
    reading.feed(BEGIN, message(), total(1.0), access(clock))
    assert reading.turns[0].started is None


def test_events_and_facts_of_one_id_are_one_turn() -> None:
    reading = Reading()
    (closed,) = reading.assembler.add_events(
        [
            event("v34_webhook_received", 0, {"session_id": "one"}), event("v34_ollama_sent", 100_000),
            event("v34_ollama_received", 900_000, {"prompt_eval_duration_ms": 100.0, "eval_duration_ms": 500.0}),
            event("tts_resume_sent", 2_000_000),
        ]
    )  # fmt: skip
    timings = "*** Debug: Timings ms ~ load=90000000 prompt_eval=777000000 eval=500000000 total=700000000"
    (both,) = reading.feed(BEGIN, message(), timings, step(5, 0.95), "*** Debug: Tail mode active=True", total(1.0))
    assert (both.ordinal, both.logs, both.text) == (closed.ordinal, "both", "hello")
    # Where both tell of it the events count: the debug log rounds, and the load is in it alone.
    assert (both.stages["llm"], both.prefill_ms, both.load_ms, both.ollama_total_ms) == (800.0, 100.0, 90.0, 700.0)
    assert (both.stages["load"], both.stages["wait"]) == (90.0, 200.0)
    assert (both.tail_mode, both.started, both.headline_ms) == (True, closed.started, closed.headline_ms)


def test_what_the_events_say_of_tail_mode_counts_before_the_debug_log() -> None:
    reading = Reading()
    reading.assembler.add_events([event("v34_prompt_built", 0, {"tail_mode": False}), event("tts_resume_sent", 1)])
    (both,) = reading.feed(BEGIN, message(), "*** Debug: Tail mode active=True", total(1.0))
    assert both.tail_mode is False


def test_facts_before_the_events_of_their_id() -> None:
    reading = Reading()
    (alone,) = reading.feed(BEGIN, message(), total(1.0))
    assert (alone.state, alone.logs) == (TurnState.COMPLETE, "v34")
    assert reading.assembler.add_events([event("stt_transcript_finalized", 0)]) == []
    assert reading.assembler.open_turn is not None
    assert reading.assembler.open_turn.ordinal == alone.ordinal
    (both,) = reading.assembler.add_events([event("tts_resume_sent", 1_000_000)])
    assert (both.ordinal, both.logs, both.state) == (alone.ordinal, "both", TurnState.COMPLETE)


def test_an_id_that_the_debug_log_tells_of_twice_is_two_turns() -> None:
    reading = Reading()
    reading.assembler.add_events([event("stt_transcript_finalized", 0), event("tts_resume_sent", 1)])
    reading.feed(BEGIN, message(), total(1.0), BEGIN, message(), total(2.0))
    assert [(turn.logs, turn.ordinal) for turn in reading.end()] == [("both", 0), ("v34", 1)]


def test_a_turn_in_flight_is_joined_but_not_over() -> None:
    reading = Reading()
    reading.assembler.add_events([event("stt_transcript_finalized", 0)])
    assert reading.feed(BEGIN, message(), total(1.0)) == []
    assert reading.assembler.open_turn is not None
    assert reading.assembler.open_turn.text == "hello"


def test_a_pause_whose_turn_the_debug_log_told_of_first_is_its_first_event() -> None:
    reading = Reading()
    reading.assembler.add_events([event("stt_pause_detected", 0)])
    reading.feed(BEGIN, message(), total(1.0))
    reading.assembler.add_events([event("stt_transcript_finalized", 5000)])
    assert reading.assembler.open_turn is not None
    assert (reading.assembler.open_turn.ordinal, reading.assembler.open_turn.started) == (0, 1_764_350_000.0)
    assert reading.assembler.lone_pauses == 0


def test_sessions_without_an_id_are_counted_by_restarts() -> None:
    """Turns before the first restart have no session; two lines tell of one restart."""
    turns = read(
        BEGIN, total(1.0), SERVING, BEGIN, total(1.0), BEGIN, total(1.0), RESTARTING, SERVING, BEGIN, total(1.0)
    )
    assert [turn.session for turn in turns] == [0, 1, 1, 2]


def test_a_restart_within_a_turn_ends_it() -> None:
    first, second = read(BEGIN, message(), RESTARTING, BEGIN, message("next", "bbbbbbbb"), total(1.0))
    assert (first.state, first.session, second.session) == (TurnState.ABORTED, 0, 1)
    assert first.reason == "v34 was restarted before it ended"


def test_a_typed_turn_belongs_to_the_run_of_the_one_before_it() -> None:
    reading = Reading()
    for number, session in enumerate(("one", "two")):
        name = f"{number:08x}"
        reading.assembler.add_events(
            [
                event("v34_webhook_received", 10_000_000 * number, {"session_id": session}, name),
                event("tts_resume_sent", 10_000_000 * number + 1, None, name),
            ]
        )
    reading.feed(BEGIN, message("first", "00000000"), total(1.0))
    # v34 runs as "two" by now; the debug log is still at a turn of "one".
    (typed,) = reading.feed(BEGIN, "*** Debug: Processing user message: typed", total(1.0))
    assert (typed.session, typed.session_id, typed.request_id) == (1, "one", "")
    reading.feed(BEGIN, message("second", "00000001"), total(1.0))
    (typed,) = reading.feed(BEGIN, "*** Debug: Processing user message: typed", total(1.0))
    assert (typed.session, typed.session_id) == (2, "two")


def test_a_typed_turn_before_any_other_belongs_to_the_run_that_is_heard_of() -> None:
    reading = Reading()
    reading.assembler.add_events([event("v34_webhook_received", 0, {"session_id": "one"}), event("tts_resume_sent", 1)])
    (typed,) = reading.feed(BEGIN, "*** Debug: Processing user message: typed", total(1.0))
    assert (typed.session, typed.session_id) == (1, "one")


def test_at_the_end_of_the_log_a_turn_that_was_being_told_comes_out() -> None:
    reading = Reading()
    assert reading.feed(BEGIN, message(), step(1, 0.03)) == []
    (turn,) = reading.end()
    assert (turn.text, turn.state, turn.stages["classify"]) == ("hello", TurnState.OPEN, 30.0)
    assert turn.reason == ""
