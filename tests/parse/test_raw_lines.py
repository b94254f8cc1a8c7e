"""What a line tells before it is parsed."""

from __future__ import annotations

import pytest

from timmy_tui.parse import raw_lines

EVENT = (
    b'{"timestamp": 1732742400.123, "iso_time": "x", "request_id": "abc123de", "service": "v34", '
    b'"event": "v34_ollama_received", "metadata": {"prompt_eval_count": 2616}}'
)


def test_the_parts_of_an_event() -> None:
    assert raw_lines.stamped_id(EVENT) == b"abc123de" and raw_lines.stamped_event(EVENT) == b"v34_ollama_received"
    assert raw_lines.stamped_service(EVENT) == b"v34" and raw_lines.stamp(EVENT) == 1732742400.123
    assert raw_lines.stamped_id(b"{}") == raw_lines.stamped_event(b"") == b"" and raw_lines.stamp(b"{}") is None


@pytest.mark.parametrize("stamp", [b"1e400", b"-1", b"0", b"1e12", b"eeee", b"1.2.3"])
def test_a_stamp_of_no_time_is_none(stamp: bytes) -> None:
    assert raw_lines.stamp(b'{"timestamp": ' + stamp + b"}") is None


@pytest.mark.parametrize(
    ("line", "failed"),
    [
        (EVENT, False),
        (EVENT.replace(b"prompt_eval_count", b"response_length"), True),
        (b'{"event": "stt_http_response_received", "metadata": {"status_code": 200}}', False),
        (b'{"event": "stt_http_response_received", "metadata": {"status_code": 500}}', True),
        (b'{"event": "stt_http_response_received", "metadata": {"status_code": 5001}}', False),
    ],
)
def test_failures_of_the_latency_log(line: bytes, failed: bool) -> None:
    assert raw_lines.stamped_failed(line) is failed


@pytest.mark.parametrize(
    ("line", "failed"),
    [
        (b"*** Debug: Generate API call failed: timeout", True),
        (b"*** Debug: Could not connect to TTS API: refused", True),
        (b"*** Health: tts DOWN latency=7ms", True),
        (b"*** Health: ollama OK status=405 latency=11ms", False),
        (b"requests.exceptions.ConnectionError: refused", True),
        (b"Traceback (most recent call last):", True),
        (b'127.0.0.1 - - [19/Nov/2025 01:34:47] "POST /api/webhook HTTP/1.1" 500 445 1.4', True),
        (b'127.0.0.1 - - [19/Nov/2025 01:34:47] "POST /api/webhook HTTP/1.1" 200 445 1.4', False),
        (b"*** Debug: LLM response received: I appear to be having trouble speaking. How embarrassing.", True),
        (b"*** Debug: LLM response received: an Error is human", False),
    ],
)
def test_failures_of_v34s_log(line: bytes, failed: bool) -> None:
    assert raw_lines.printed_failed(line) is failed


def test_ids_that_v34_prints() -> None:
    assert (
        raw_lines.printed_id(b"*** Debug: Received user_message via webhook: hi [request_id=abc123de]") == b"abc123de"
    )
    assert raw_lines.printed_id(b"[STORAGE BREAKDOWN] request_id=abc123de, total=1ms") == b"abc123de"
    assert raw_lines.printed_id(b"hi [request_id=None]") == b"None" and raw_lines.printed_id(b"hi") == b""
    assert raw_lines.typed_text(b"*** Debug: Received user_message via WebSocket: hi you") == b"hi you"
    assert raw_lines.begins_turn(b"*" * 45 + b"BEGIN" + b"*" * 45) and not raw_lines.begins_turn(b"*BEGIN*")


def test_where_a_line_was_printed() -> None:
    assert raw_lines.printed_behind(b"*** Debug: Calling generate API: http") == b"v34_ollama_sent"
    assert raw_lines.printed_behind(b"--- Step 4 (Context Retrieval) took: 0.07s") == b"v34_retrieval_complete"
    assert raw_lines.printed_behind(b"Calling generate API") == raw_lines.printed_behind(b"*** Debug: x") == b""


@pytest.mark.parametrize("text", [b"", b"words", b"words: with a colon"])
def test_what_was_typed_may_be_nothing(text: bytes) -> None:
    assert raw_lines.typed_text(b"*** Debug: Received user_message via WebSocket: " + text) == text
    assert raw_lines.typed_text(b"*** Debug: Received user_message via webhook: " + text) == b""
