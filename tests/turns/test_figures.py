"""What each event tells of its turn beside the time: every row of the log's format, and what is no figure."""

from typing import Any

import pytest

from tests.turns.events import at, event, read_all, read_one
from timmy_tui.model.turn import Event, TurnState

ROWS = (
    ("stt_pause_detected", "pause_threshold", "pause_threshold"),
    ("stt_transcript_finalized", "text_length", "text_length"),
    ("stt_sending_to_v34", "text_length", "text_length"),
    ("v34_webhook_received", "text_length", "text_length"),
    ("v34_classification_complete", "importance", "importance"),
    ("v34_retrieval_complete", "num_chunks", "chunks"),
    ("v34_prompt_built", "prompt_chars", "prompt_chars"),
    ("v34_prompt_built", "prompt_tokens_est", "prompt_tokens_est"),
    ("v34_ollama_sent", "temperature", "temperature"),
    ("v34_ollama_sent", "kv_context_length", "context_sent"),
    ("v34_ollama_received", "response_length", "reply_length"),
    ("v34_ollama_received", "new_context_length", "context_returned"),
    ("v34_ollama_received", "prompt_eval_count", "prompt_tokens"),
    ("v34_ollama_received", "eval_count", "output_tokens"),
    ("v34_ollama_received", "prompt_eval_cached_count", "cached_tokens"),
    ("v34_ollama_received", "prompt_eval_duration_ms", "prefill_ms"),
    ("v34_ollama_received", "eval_duration_ms", "decode_ms"),
    ("v34_ollama_received", "load_duration_ms", "load_ms"),
    ("v34_ollama_received", "total_duration_ms", "ollama_total_ms"),
    ("v34_sending_to_tts", "response_length", "reply_length"),
    ("tts_request_received", "text_length", "reply_length"),
)
"""Event, field of its metadata, field of the turn: Timmy's latency tracker, as its source writes them."""

FLOATS = {
    "pause_threshold", "importance", "temperature", "prefill_ms", "decode_ms", "load_ms", "ollama_total_ms",
}  # fmt: skip
OF_ROWS = {target for _, _, target in ROWS}


@pytest.mark.parametrize(("name", "field", "target"), ROWS)
def test_each_event_tells_its_figures_and_no_others(name: str, field: str, target: str) -> None:
    turn = read_one([event(name, 0, {field: 7}), event("v35_new_thing", 0)])
    told = {key: value for key in OF_ROWS if (value := getattr(turn, key)) is not None}
    assert told == {target: 7}
    assert type(told[target]) is (float if target in FLOATS else int)


def test_a_part_of_a_count_is_no_count() -> None:
    turn = read_one([event("v34_ollama_received", 0, {"prompt_eval_count": 7.9, "eval_duration_ms": 7.5})])
    assert (turn.prompt_tokens, turn.decode_ms) == (7, 7.5)


@pytest.mark.parametrize(
    ("value", "known"),
    [
        (0, True), (0.0, True), (999_999_999_999, True), (999_999_999_999.5, True), (1e12, False), (10**12, False),
        (-1, False), (-0.001, False), (True, False), (False, False), ("5", False), (None, False), (float("nan"), False),
        (float("inf"), False), ([5], False),
    ],
)  # fmt: skip
def test_what_is_a_figure(value: object, known: bool) -> None:
    turn = read_one([event("v34_ollama_received", 0, {"prompt_eval_count": value})])
    assert turn.prompt_tokens == (int(value) if known else None)  # type: ignore[call-overload]


def test_of_several_tellings_the_first_good_one_counts() -> None:
    events = [
        event("stt_transcript_finalized", 0, {"text_length": "many"}),
        event("stt_sending_to_v34", 1, {"text_length": 5}),
        event("v34_webhook_received", 2, {"text_length": 6}),
    ]  # fmt: skip
    assert read_one(events).text_length == 5


@pytest.mark.parametrize(("mode", "told"), [(True, True), (False, False), (1, None), ("on", None), (None, None)])
def test_tail_mode_is_a_word_of_the_prompt(mode: object, told: bool | None) -> None:
    assert read_one([event("v34_prompt_built", 0, {"tail_mode": mode, "prompt_chars": 9})]).tail_mode is told


def test_the_session_is_a_word_of_the_webhook_alone() -> None:
    named = {"session_id": "one"}
    turn = read_one([event("v34_flask_handler_entry", 0, named), event("v34_prompt_built", 1, named)])
    assert (turn.session_id, turn.session) == (None, 0)
    turn = read_one([event("v34_webhook_received", 0, named)])
    assert (turn.session_id, turn.session) == ("one", 1)


@pytest.mark.parametrize("name", ["", 7, None, ["one"]])
def test_what_is_no_id_of_a_session(name: object) -> None:
    turn = read_one([event("v34_webhook_received", 0, {"session_id": name})])
    assert (turn.session_id, turn.session) == (None, 0)


@pytest.mark.parametrize(("count", "raw"), [(0, None), (1, False), (None, None)])
def test_a_returned_context_array_proves_that_raw_was_off(count: int | None, raw: bool | None) -> None:
    assert read_one([event("v34_ollama_received", 0, {"new_context_length": count})]).raw is raw


def closed(*events: Any) -> Any:
    (turn,) = read_all([event("stt_transcript_finalized", 0), *events, event("tts_resume_sent", 9_000_000)])
    return turn


@pytest.mark.parametrize(
    ("status", "failed"),
    [(200, False), (399, False), (400, True), (500.0, True), (True, False), ("500", False), (-1, False), (1e12, False)],
)
def test_the_status_of_the_answer(status: object, failed: bool) -> None:
    turn = closed(event("stt_http_response_received", 1, {"status_code": status}))
    assert turn.state is (TurnState.FAILED if failed else TurnState.COMPLETE)
    assert turn.signals == ({"error"} if failed else frozenset())
    assert turn.reason == (f"v34 answered with status {status:.0f}" if failed else "")


def test_a_later_status_that_is_none_takes_the_first_one_back() -> None:
    turn = closed(
        event("stt_http_response_received", 1, {"status_code": 500}), event("stt_http_response_received", 2, {})
    )
    assert turn.state is TurnState.COMPLETE


def test_an_empty_reply_is_a_failure() -> None:
    turn = closed(event("v34_ollama_received", 1, {"response_length": 0, "eval_count": 1}))
    assert (turn.state, turn.reason) == (TurnState.FAILED, "the model gave no answer")
    assert turn.signals == {"empty_reply"}
    assert closed(event("v34_ollama_received", 1, {"response_length": 1})).state is TurnState.COMPLETE


CANNED = len("I appear to be having trouble speaking. How embarrassing.")


@pytest.mark.parametrize(
    ("length", "figures", "canned"),
    [(CANNED, {}, True), (CANNED - 1, {}, False), (CANNED + 1, {}, False), (CANNED, {"eval_count": 13}, False),
     (CANNED, {"prompt_eval_count": 13}, False)],
)  # fmt: skip
def test_an_answer_as_long_as_the_canned_one_without_a_count_is_the_canned_one(
    length: int, figures: dict[str, int], canned: bool
) -> None:
    turn = closed(event("v34_ollama_received", 1, {"response_length": length, **figures}))
    assert turn.signals == ({"canned_reply"} if canned else frozenset())
    assert turn.state is (TurnState.FAILED if canned else TurnState.COMPLETE)


def test_the_length_alone_says_nothing_where_the_model_was_not_heard() -> None:
    assert closed(event("v34_sending_to_tts", 1, {"response_length": CANNED})).signals == frozenset()


def test_an_open_turn_has_not_failed_yet() -> None:
    turn = read_one([event("v34_ollama_received", 0, {"response_length": 0})])
    assert (turn.state, turn.reason) == (TurnState.OPEN, "")
    assert turn.signals == {"empty_reply"}


def test_a_turn_without_an_answer_has_failed_also_where_the_next_one_cut_it_off() -> None:
    first, _ = read_all(
        [
            event("stt_transcript_finalized", 0), event("v34_ollama_received", 1, {"response_length": 0}),
            event("stt_transcript_finalized", 2, None, "bbbbbbbb"),
        ]
    )  # fmt: skip
    assert (first.state, first.reason) == (TurnState.FAILED, "the model gave no answer")


def test_a_turn_of_the_latency_log_alone() -> None:
    turn = closed(event("v34_webhook_received", 1_000_000))
    assert (turn.logs, turn.started, turn.ended) == ("latency", at(0.0), at(9.0))
    assert (turn.text, turn.reply, turn.errors) == (None, None, ())


def test_a_stamp_is_rounded_to_the_nearest_microsecond() -> None:
    """Shortly after 1970 a float tells a hundredth of one apart: 0.53 µs are one, 0.47 none."""
    sent = [Event(1.0, "aaaaaaaa", "v34_ollama_sent", "v34")]
    for late, rounded in ((0.53e-6, 0.001), (0.47e-6, 0.0)):
        turn = read_one([*sent, Event(1.0 + late, "aaaaaaaa", "v34_ollama_received", "v34")])
        assert turn.stages["llm"] == rounded
