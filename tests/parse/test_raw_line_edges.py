"""What the bytes of a line tell: each line of v34's that stands behind an event, each failure, and the near misses."""

from collections.abc import Callable

import pytest

from timmy_tui.parse import raw_lines

BEHIND = {
    b">>> Fast metadata generated: topic=t": b"v34_classification_complete",
    b"--- Step 1 (Metadata Generation) took: 0.03s": b"v34_classification_complete",
    b"[STORAGE BREAKDOWN] request_id=a, total=1ms": b"v34_memory_storage_complete",
    b"--- Step 3 (Memory Storage) took: 0.37s": b"v34_memory_storage_complete",
    b"[RETRIEVAL BREAKDOWN] request_id=a, embedding=7ms": b"v34_retrieval_complete",
    b"*** Debug: Retrieved 5 memory chunks for context": b"v34_retrieval_complete",
    b"--- Step 4 (Context Retrieval) took: 0.07s": b"v34_retrieval_complete",
    b"*** Debug: Built unified megaprompt (13843 chars)": b"v34_prompt_built",
    b"*** Debug: Calling generate API: http": b"v34_ollama_sent",
    b"*** Debug: Ollama done chunk keys: []": b"v34_ollama_received",
    b"*** Debug: AI Response: Ha": b"v34_ollama_received",
    b"*** Debug: Timings ms ~ load=1": b"v34_ollama_received",
    b"*** Debug: Generate API call failed: 500": b"v34_ollama_received",
    b"*** Debug: Empty streamed response received": b"v34_ollama_received",
    b"--- Step 5 (Megaprompt LLM Call) took: 0.93s": b"v34_ollama_received",
    b"*** Debug: LLM response received: Ha": b"v34_ollama_received",
    b"*** Debug: Could not connect to TTS API: no": b"v34_sending_to_tts",
}


@pytest.mark.parametrize(("line", "event"), BEHIND.items(), ids=lambda text: text[:40].decode())
def test_each_line_that_is_printed_behind_an_event(line: bytes, event: bytes) -> None:
    assert raw_lines.printed_behind(line) == event
    assert raw_lines.printed_behind(b" " + line) == b""
    assert raw_lines.printed_behind(b"x " + line) == b""


def test_each_row_of_the_table_has_a_line_and_needs_all_of_its_beginning() -> None:
    assert len(BEHIND) == len(raw_lines.PLACES)
    for beginning, event in raw_lines.PLACES:
        assert [told for line, told in BEHIND.items() if line.startswith(beginning)] == [event]
        assert raw_lines.printed_behind(beginning) == event
        assert raw_lines.printed_behind(beginning[:-1]) == b""
        assert raw_lines.printed_behind(beginning[:-1] + b"~") == b""


@pytest.mark.parametrize("name", ["v34_webhook_received", "v34_flask_handler_entry"])
def test_v34_prints_its_first_line_behind_its_first_events(name: str) -> None:
    assert name.encode() in raw_lines.STARTS
    assert len(raw_lines.STARTS) == 2


FIELDS = [
    (raw_lines.stamped_id, b"request_id", 64),
    (raw_lines.stamped_event, b"event", 64),
    (raw_lines.stamped_service, b"service", 16),
]


@pytest.mark.parametrize(("read", "field", "most"), FIELDS, ids=["id", "event", "service"])
def test_a_name_of_a_stamped_line(read: Callable[[bytes], bytes], field: bytes, most: int) -> None:
    for gap in (b"", b" "):
        line = b'{"x": 1, "%s":%s"%s", "y": 2}'
        assert read(line % (field, gap, b"a")) == b"a"
        assert read(line % (field, gap, b"a" * most)) == b"a" * most
        assert read(line % (field, gap, b"a" * (most + 1))) == b""
        assert read(line % (field, gap, b"")) == b""
        assert read(line % (field, gap, b'a\\"b')) == b""
    assert read(line % (field, b"  ", b"a")) == b""
    assert read(b'{"%s": 7}' % field) == b""
    assert read(b'{"x%s": "a"}' % field) == b""


@pytest.mark.parametrize(
    ("stamp", "seconds"),
    [
        (b"1", 1.0),
        (b"1.5", 1.5),
        (b"1.5e9", 1.5e9),
        (b"1.5E+9", 1.5e9),
        (b"15e-1", 1.5),
        (b"0.000001", 1e-06),
        (b"0", None),
        (b"-1", None),
        (b'"1"', None),
        (b"1" * 24, None),
        (b"1." + b"0" * 22, 1.0),
        (b"", None),
    ],
)
@pytest.mark.parametrize("gap", [b"", b" "])
def test_a_stamp(stamp: bytes, seconds: float | None, gap: bytes) -> None:
    assert raw_lines.stamp(b'{"timestamp":' + gap + stamp + b', "event": "e"}') == seconds


@pytest.mark.parametrize(
    ("line", "request_id"),
    [
        (b"hi [request_id=a]", b"a"),
        (b"x request_id=ab-12-Zz, y", b"ab-12-Zz"),
        (b"request_id=" + b"a" * 64, b"a" * 64),
        (b"request_id=", b""),
        (b"request_id=_a", b""),
        (b"request_id: a", b""),
    ],
)
def test_an_id_that_v34_prints(line: bytes, request_id: bytes) -> None:
    assert raw_lines.printed_id(line) == request_id


@pytest.mark.parametrize(
    ("before", "behind", "begins"),
    [
        (20, 20, True), (45, 45, True), (19, 20, False), (20, 19, False),
    ],
)  # fmt: skip
def test_twenty_asterisks_around_the_begin_of_a_turn(before: int, behind: int, begins: bool) -> None:
    line = b"*" * before + b"BEGIN" + b"*" * behind
    assert raw_lines.begins_turn(line) is begins
    assert raw_lines.begins_turn(b"box python[1]: " + line) is begins
    assert raw_lines.begins_turn(line + b" ") is False


def test_the_words_that_were_typed() -> None:
    typed = b"*** Debug: Received user_message via WebSocket: "
    assert raw_lines.typed_text(typed + b"hi you") == b"hi you"
    assert raw_lines.typed_text(b"box python[1]: " + typed + b"hi") == b"hi"
    assert raw_lines.typed_text(typed) == b""
    assert raw_lines.typed_text(b"she wrote via WebSocket: hi") == b""
    assert raw_lines.typed_text(typed.replace(b"WebSocket", b"webhook") + b"hi") == b""


@pytest.mark.parametrize(
    ("status", "failed"),
    [
        (b"400", True), (b"599", True), (b'"404"', True), (b"399", False), (b"600", False), (b"200", False),
        (b"40", False), (b"4000", False), (b"5001", False), (b'"500', True), (b" 500", False),
    ],
)  # fmt: skip
@pytest.mark.parametrize("gap", [b"", b" "])
def test_a_status_that_tells_of_a_failure(status: bytes, failed: bool, gap: bytes) -> None:
    line = b'{"event": "stt_http_response_received", "metadata": {"status_code":' + gap + status + b"}}"
    # One space at most stands before the figure.
    assert raw_lines.stamped_failed(line) is (failed or (status == b" 500" and gap == b""))


def test_a_request_to_the_model_that_has_no_figures_has_failed() -> None:
    received = b'{"event": "v34_ollama_received", "metadata": {%s}}'
    assert raw_lines.stamped_failed(received % b"")
    assert not raw_lines.stamped_failed(received % b'"prompt_eval_count": 0')
    assert not raw_lines.stamped_failed(b'{"event": "v34_ollama_sent", "metadata": {}}')
    assert raw_lines.stamped_failed(received % b'"prompt_eval_count": 0, "status_code": 500')


FAILED = (
    b"*** Debug: Generate API call failed: 500",
    b"*** Debug: Empty streamed response received",
    b"*** Debug: Could not connect to TTS API: no",
    b"*** Debug: Error in handle_user_message: boom",
    b"*** Health: tts DOWN latency=7ms",
    b"Traceback (most recent call last):",
    b"KeyError: 'x'",
    b"Error",
    b"Exception",
    b"requests.exceptions.ReadTimeout_Error",
    b"my.own.Exception: x",
)
NOT_FAILED = (
    b"*** Debug: Generate API call: 500",
    b"*** Debug: Empty response",
    b"*** Debug: Errors in x",
    b"*** Health: tts OK latency=7ms",
    b"*** Health:  DOWN latency=7ms",
    b"*** Health: tts DOWNHILL latency=7ms",
    b"Tracebacks",
    b"Errors",
    b"KeyErrors",
    b"Exceptional",
    b"a b.Error",
    b"-Error",
)


def test_the_lines_that_tell_of_a_failure() -> None:
    assert [line for line in FAILED if not raw_lines.printed_failed(line)] == []
    # Elsewhere than at the beginning of a line they are words.
    assert [line for line in FAILED if raw_lines.printed_failed(b"x " + line)] == []
    assert [line for line in NOT_FAILED if raw_lines.printed_failed(line)] == []


@pytest.mark.parametrize(
    ("line", "failed"),
    [
        (b'"POST /api/webhook HTTP/1.1" 400 445 1.4', True),
        (b'"POST /api/webhook HTTP/1.1" 599 -', True),
        (b'"POST /api/webhook HTTP/2" 500 -', True),
        (b'"POST /api/webhook HTTP/1.1" 399 -', False),
        (b'"POST /api/webhook HTTP/1.1" 600 -', False),
        (b'"POST /api/webhook HTTP/1.1" 500', False),
        (b'"POST /api/webhook HTTP/1.1" 5000 -', False),
        (b'"POST /api/webhook HTTP/" 500 -', False),
        (b"So: I appear to be having trouble speaking right now.", True),
        (b"I appear to be having trouble", False),
    ],
)
def test_a_failed_request_and_the_canned_reply_anywhere_in_a_line(line: bytes, failed: bool) -> None:
    assert raw_lines.printed_failed(b"::1 - - [x] " + line) is failed
