"""Each line that v34 prints, as its source writes it, and the lines nearest to it that are something else.

The examples are written from v34's print statements; a fact is its kind, its values and the id that stands in the line.
"""

from typing import Any

import pytest

from timmy_tui.model.log_format import DebugFact
from timmy_tui.parse.v34_log import V34Parser, match_line

D = "*** Debug: "
Told = tuple[str, dict[str, Any], str]

LINES: dict[str, Told] = {
    "*" * 20 + "BEGIN" + "*" * 20: ("begin", {}, ""),
    "*" * 60 + "BEGIN" + "*" * 60: ("begin", {}, ""),
    "--- Step 1 (Metadata Generation) took: 0.03s": ("step", {"step": 1, "ms": 30.0}, ""),
    "--- Step 5 (Megaprompt LLM Call) took: 12.345s": ("step", {"step": 5, "ms": 12345.0}, ""),
    "--- Step 3 (Memory Storage) took: -3.00s": ("step", {"step": 3, "ms": -3000.0}, ""),
    "--- Total process_user_message took: -0.50s": ("total", {"ms": -500.0}, ""),
    "--- Step 2 () took: 1s": ("step", {"step": 2, "ms": 1000.0}, ""),
    ">>> Fast metadata generated: topic=t, tags=[], importance=4.5": ("metadata", {"importance": 4.5}, ""),
    ">>> Fast metadata generated: importance=7, importance=3": ("metadata", {"importance": 3.0}, ""),
    "[STORAGE BREAKDOWN] request_id=ab12cd34, embed=12.5ms, insert=3.4ms, total=443.8ms": (
        "storage", {"ms": 443.8}, "ab12cd34",
    ),
    "[STORAGE BREAKDOWN v2] request_id=None, embed=1ms, total=2ms and more": ("storage", {"ms": 2.0}, ""),
    "[RETRIEVAL] request_id=ab12cd34, embedding=7.2ms, query=19.57ms, merge=1.1ms, total=27.9ms": (
        "retrieval", {"embed_ms": 7.2, "query_ms": 19.57, "ms": 27.9}, "ab12cd34",
    ),
    "[RETRIEVAL BREAKDOWN] request_id=None, embedding=7ms, query=9ms, total=17ms": (
        "retrieval", {"embed_ms": 7.0, "query_ms": 9.0, "ms": 17.0}, "",
    ),
    D + "Retrieved 12 memory chunks for context": ("chunks", {"chunks": 12}, ""),
    D + "Built unified megaprompt (13843 chars)": ("prompt", {"prompt_chars": 13843}, ""),
    D + "Tail prompt size: 1812 chars, ~410 tokens (estimate)": ("tail_prompt", {"prompt_chars": 1812}, ""),
    D + "Tail mode active=True": ("tail_mode", {"tail_mode": True}, ""),
    D + "Tail mode active=False": ("tail_mode", {"tail_mode": False}, ""),
    D + "Existing context length: 0": ("context_sent", {"context_sent": 0}, ""),
    D + "[KV CACHE] Sending existing context to Ollama, length: 8398": ("context_sent", {"context_sent": 8398}, ""),
    D + "[KV CACHE] No existing context - this is first request in session": ("first_request", {}, ""),
    D + "Calling generate API: http://windows-host:11434/api/generate": ("call", {}, ""),
    D + "Model=llama3.2:3b, num_ctx=8000, keep_alive=1h": ("model", {"model": "llama3.2:3b", "num_ctx": 8000}, ""),
    D + "Prompt size: 13843 chars, ~3460 tokens (estimate)": (
        "size", {"prompt_chars": 13843, "prompt_tokens_est": 3460}, "",
    ),
    D + "raw_mode=True, context_provided=False": ("raw", {"raw": True}, ""),
    D + "raw_mode=False, context_provided=False": ("raw", {"raw": False}, ""),
    D + "raw_mode=None, context_provided=True": ("raw", {"raw": False}, ""),
    D + "Returned context length: 3432": ("context_returned", {"context_returned": 3432}, ""),
    # The label says ms; the figures are nanoseconds in both.
    D + "Timings ms ~ load=1 prompt_eval=2000000 eval=3500000 total=1999999999": (
        "timings", {"load_ms": 1e-06, "prefill_ms": 2.0, "decode_ms": 3.5, "ollama_total_ms": 1999.999999}, "",
    ),
    D + "Durations (ns): load=0 prompt_eval=177218800 eval=595059000 total=925884800": (
        "timings", {"load_ms": 0.0, "prefill_ms": 177.2188, "decode_ms": 595.059, "ollama_total_ms": 925.8848}, "",
    ),
    D + "KV stats: prompt_eval_count=2616 eval_count=65": ("counts", {"prompt_tokens": 2616, "output_tokens": 65}, ""),
    D + "KV stats: prompt_eval_count=0 eval_count=1 cached": ("counts", {"prompt_tokens": 0, "output_tokens": 1}, ""),
    D + "Assistant response added to conversation history only": ("answer_added", {}, ""),
    "--- Total process_user_message took: 1.40s": ("total", {"ms": 1400.0}, ""),
    '::1 - - [19/Nov/2025 01:34:47] "POST /api/webhook HTTP/1.0" 500 0 0.000123': (
        "access", {"stamp": "19/Nov/2025 01:34:47", "code": 500, "seconds": 0.000123}, "",
    ),
    D + "Generate API call failed: 500": ("failure", {"error": "Generate API call failed: 500"}, ""),
    D + "Error in handle_user_message: boom": (
        "handler_failure", {"error": "Error in handle_user_message: boom"}, "",
    ),
    D + "Empty streamed response received": ("failure", {"error": "Empty streamed response received"}, ""),
    D + "Could not connect to TTS API: no": ("tts_failure", {"error": "Could not connect to TTS API: no"}, ""),
    "(7) wsgi starting up on https://x:5000": ("serving", {"pid": 7, "url": "https://x:5000"}, ""),
    " * Detected change in '/a b/config.py', reloading": ("reloading", {"path": "/a b/config.py"}, ""),
    " * Restarting with watchdog (inotify)": ("restarting", {}, ""),
    "*** Health: tts DOWN latency=7ms url=x": ("health", {"service": "tts", "word": "DOWN", "ms": 7.0}, ""),
    "*** Health: stt OK status=200 latency=11ms": (
        "health", {"service": "stt", "word": "OK", "status": "200", "ms": 11.0}, "",
    ),
    "Traceback (most recent call last):": ("traceback", {}, ""),
    D + "Processing user message: hi there": ("message", {"text": "hi there"}, ""),
    D + "Received user_message via webhook: ": ("message", {"typed": False, "text": ""}, ""),
    D + "Received user_message via WebSocket: hi": ("message", {"typed": True, "text": "hi"}, ""),
    '127.0.0.1 - - [19/Nov/2025 01:34:47] "POST /api/webhook HTTP/1.1" 200 -': (
        "access", {"stamp": "19/Nov/2025 01:34:47", "code": 200}, "",
    ),
    'INFO:werkzeug:127.0.0.1 - - [19/Nov/2025 01:34:47] "POST /api/webhook HTTP/1.1" 500 -': (
        "access", {"stamp": "19/Nov/2025 01:34:47", "code": 500}, "",
    ),
    '::ffff:127.0.0.1 - - [2025-11-19 01:34:47] "POST /api/webhook HTTP/1.1" 200 445 1.400024': (
        "access", {"stamp": "2025-11-19 01:34:47", "code": 200, "seconds": 1.400024}, "",
    ),
    D + "Skipped storing assistant message: final importance 1 < 2.": ("answer_added", {}, ""),
    D + "Parent Document Ingestion for role=assistant...": ("answer_added", {}, ""),
    ">>> Importance calculation for: 'x...'": ("excerpt", {}, ""),
    "    Topic: t, Tags: ['a']": ("topic", {}, ""),
    ">>> Fast summary generated: x...": ("summary", {}, ""),
    D + "Stored parent document with ID: 1653": ("parent_stored", {}, ""),
    "*** Image analysis received: caption='x' faces=0 known=[]": ("caption", {}, ""),
    D + "LLM response received: Ha. [bold]": ("answer", {"reply": "Ha. [bold]"}, ""),
    D + "Megaprompt preview: <|begin": ("preview", {}, ""),
    D + "AI Response: Ha": ("answer_head", {}, ""),
}  # fmt: skip


@pytest.mark.parametrize(("line", "told"), LINES.items(), ids=[line[-40:] for line in LINES])
def test_each_line_as_v34_prints_it(line: str, told: Told) -> None:
    fact = match_line(line)
    assert fact is not None
    assert (fact.kind, fact.values, fact.request_id) == told
    assert {key: type(value) for key, value in fact.values.items()} == {
        key: type(value) for key, value in told[1].items()
    }


NEARLY = (
    "*" * 19 + "BEGIN" + "*" * 20,
    "*" * 20 + "BEGIN" + "*" * 19,
    "*" * 20 + "BEGIN" + "*" * 20 + " ",
    "--- Step 12 (Name) took: 1.0s",
    "--- Step x (Name) took: 1.0s",
    "--- Step 1 (Name) took: s",
    "--- Step 1 (Name) took: 1.0s ",
    "--- Step 1 (a)b) took: 1.0s",
    "--- Step 1 (Name) took: 1.2.3s",
    "--- Step 1 (Name) took: 1.0 s",
    ">>> Fast metadata generated: topic=t",
    ">>> Fast metadata generated: importance=5 of 10",
    ">>> Fast metadata generated: importance=1.2.3",
    "[STORAGE BREAKDOWN request_id=a, total=1ms",
    "[STORAGE BREAKDOWN] request_id=, total=1ms",
    "[STORAGE BREAKDOWN] request_id=a, total=ms",
    "[STORAGE BREAKDOWN] request_id=a total=1ms",
    "[RETRIEVAL] request_id=a, embedding=1ms, query=2ms",
    "[RETRIEVAL] request_id=a, embedding=1s, query=2ms, total=3ms",
    "[RETRIEVAL] request_id=a, embedding=1ms, query=2s, total=3ms",
    D + "Retrieved no memory chunks",
    D + "Built unified megaprompt (13843 chars) ",
    D + "Built unified megaprompt (x chars)",
    D + "Tail prompt size: big",
    D + "Tail mode active=true",
    D + "Tail mode active=True!",
    D + "Existing context length: 12 ids",
    D + "[KV CACHE] Sending existing context to Ollama, length: 12 ids",
    D + "Model=, num_ctx=8000",
    D + "Model=m, num_ctx=many",
    D + "Prompt size: 13843 chars",
    D + "raw_mode=Maybe, x",
    D + "raw_mode=True",
    D + "Returned context length: 12 ids",
    D + "Timings ms ~ load=1 prompt_eval=2 eval=3 total=4 more",
    D + "Timings ms ~ load=1.5 prompt_eval=2 eval=3 total=4",
    D + "KV stats: prompt_eval_count=2616",
    "--- Total process_user_message took: 1.40s?",
    "--- Total process_user_message took: 1.4.0s",
    '::1 - - [19/Nov/2025 01:34:47] "GET /api/webhook HTTP/1.0" 200 0 0.1',
    '::1 - - [19/Nov/2025 01:34:47] "POST /api/other HTTP/1.0" 200 0 0.1',
    '::1 - - [19/Nov/2025 01:34:47] "POST /api/webhook HTTP/1.0" 200 0 0.1.2',
    '::1 - - [19/Nov/2025 01:34:47] "POST /api/webhook HTTP/1.0" 200 0 0.1 x',
    '1 2 - - [19/Nov/2025 01:34:47] "POST /api/webhook HTTP/1.0" 200 0 0.1',
    D + "Generate API call failed",
    D + "Could not connect to TTS API",
    "(x) wsgi starting up on http://a",
    "(7) wsgi starting up on http://a b",
    " * Detected change in /a/config.py, reloading",
    " * Detected change in '/a/config.py'",
    "* Restarting with stat",
    "*** Health: tts GONE latency=7ms",
    "*** Health: tts OKAY latency=7ms",
    "*** Health: tts OK latency=sevenms",
    "Traceback (most recent call last): x",
    " Traceback (most recent call last):",
    "x" + D + "Tail mode active=True",
    D + "Processing  user message: hi",
    D + "LLM response: Ha",
    "Debug: Tail mode active=True",
    "",
    "\n",
)


@pytest.mark.parametrize("line", NEARLY)
def test_what_nearly_is_such_a_line_is_noise(line: str) -> None:
    assert match_line(line) is None


def facts(*lines: str) -> list[DebugFact]:
    return V34Parser().feed([line.encode() for line in lines])


def kinds(*lines: str) -> list[str]:
    return [fact.kind for fact in facts(*lines)]


@pytest.mark.parametrize(
    ("behind", "text", "request_id"),
    [
        (" [request_id=a]", "hi", "a"),
        (" [request_id=" + "a-Z0" * 16 + "]", "hi", "a-Z0" * 16),
        (" [request_id=" + "a" * 65 + "]", "hi [request_id=" + "a" * 65 + "]", ""),
        (" [request_id=]", "hi [request_id=]", ""),
        (" [request_id=a_b]", "hi [request_id=a_b]", ""),
        (" [request_id=a] ", "hi [request_id=a] ", ""),
        ("[request_id=a]", "hi[request_id=a]", ""),
        ("", "hi", ""),
    ],
)
def test_the_id_behind_the_words(behind: str, text: str, request_id: str) -> None:
    (fact,) = facts(f"{D}Processing user message: hi{behind}")
    assert (fact.kind, fact.values, fact.request_id) == ("message", {"text": text}, request_id)


@pytest.mark.parametrize("behind", ["", " [request_id=ab12cd34]"])
def test_words_are_cut_at_4096_characters(behind: str) -> None:
    for length in (4095, 4096, 4097):
        (fact,) = facts(f"{D}Processing user message: {'x' * length}{behind}")
        assert len(fact.values["text"]) == min(length, 4096)
        assert fact.request_id == behind[13:-1]


def test_an_answer_is_cut_at_4096_characters_and_200_lines() -> None:
    kept = f"{D}Assistant response added to conversation history"
    long, *_ = facts(f"{D}LLM response received: {'x' * 5000}", kept, TOTAL)
    assert long.values["reply"] == "x" * 4096
    whole, *_ = facts(f"{D}LLM response received: 0", *(f"{number}" for number in range(1, 300)), kept, TOTAL)
    assert whole.values["reply"].split("\n") == [str(number) for number in range(200)]


@pytest.mark.parametrize(
    ("line", "ends"),
    [
        (f"{D}Tail prompt size: 9 chars", True),
        (f"{D}Tail mode active=True", True),
        (f"{D}Existing context length: 9", True),
        (f"{D}[KV CACHE] No existing context", True),
        (f"{D}Calling generate API: x", True),
        ("(7) wsgi starting up on http://x", True),
        ("*" * 45 + "BEGIN" + "*" * 45, False),
        (f"{D}Generate API call failed: x", False),
        (f"{D}Returned context length: 9", False),
        (f"{D}KV stats: prompt_eval_count=1 eval_count=1", False),
        ("--- Total process_user_message took: 0.01s", False),
        ("any words", False),
    ],
)
def test_what_ends_a_preview(line: str, ends: bool) -> None:
    told = kinds(f"{D}Megaprompt preview: a", line, f"{D}Retrieved 1 memory chunks")
    assert told == ([*kinds(line), "chunks"] if ends else [])


@pytest.mark.parametrize(
    ("line", "ends"),
    [
        (f"{D}Returned context length: 9", True),
        (f"{D}Timings ms ~ load=1 prompt_eval=2 eval=3 total=4", True),
        ("*" * 45 + "BEGIN" + "*" * 45, False),
        ("(7) wsgi starting up on http://x", True),
        (f"{D}Tail mode active=True", False),
        (f"{D}KV stats: prompt_eval_count=1 eval_count=1", False),
    ],
)
def test_what_ends_the_head_of_an_answer(line: str, ends: bool) -> None:
    told = kinds(f"{D}AI Response: a", line, f"{D}Retrieved 1 memory chunks")
    assert told == ([*kinds(line), "chunks"] if ends else [])


SAID = f"{D}LLM response received: a"
TOTAL = "--- Total process_user_message took: 0.90s"
ACCESS = '::1 - - [19/Nov/2025 01:34:47] "POST /api/webhook HTTP/1.1" 200 445 1.4'
BEGIN = "*" * 45 + "BEGIN" + "*" * 45


def test_an_answer_behind_an_answer() -> None:
    """The line that ends the first is no part of the second, nor is anything that the first held back."""
    kept = f"{D}Assistant response added to conversation history"
    told = facts(SAID, kept, SAID.replace(": a", ": b"), kept, TOTAL, ACCESS)
    assert [fact.kind for fact in told] == ["answer", "answer_added", "answer", "answer_added", "total", "access"]
    assert [fact.values["reply"] for fact in told if fact.kind == "answer"] == ["a", "b"]


def test_lines_in_several_portions_are_one_text() -> None:
    parser = V34Parser()
    assert parser.feed([SAID.encode()]) == []
    assert parser.feed([b"b"]) == []
    assert parser.feed([f"{D}Assistant response added to conversation history".encode()]) == []
    told = parser.feed([TOTAL.encode()])
    assert told[0].values["reply"] == "a\nb"


@pytest.mark.parametrize("raw", [b"\r\n", b"\n", b"\r", b""])
def test_line_ends(raw: bytes) -> None:
    (fact,) = V34Parser().feed([f"{D}Tail mode active=True".encode() + raw])
    assert fact.values == {"tail_mode": True}


def test_nuls_bad_bytes_and_bars() -> None:
    parser = V34Parser()
    bar = b"  0%| | 0/1\r100%|\xe2\x96\x88| 1/1\r" + f"{D}Tail mode active=False".encode()
    told = parser.feed([b"\0\0" + TOTAL.encode(), bar, b"\xff\xfe", b"noise"])
    assert [fact.kind for fact in told] == ["total", "tail_mode"]
    assert (parser.noise, dict(parser.unparsed)) == (2, {})
