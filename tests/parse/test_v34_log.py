"""The debug log: anchored patterns, nanoseconds, foreign text that cannot forge a turn's end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timmy_tui.model.log_format import DebugFact
from timmy_tui.parse.v34_log import PATTERNS, V34Parser, match_line

BEGIN = "*" * 45 + "BEGIN" + "*" * 45


def facts(text: str) -> list[DebugFact]:
    return V34Parser().feed(text.encode().split(b"\n"))


EXAMPLES = {
    BEGIN: ("begin", {}),
    "--- Step 3 (Memory Storage) took: 0.37s": ("step", {"step": 3, "ms": 370.0}),
    ">>> Fast metadata generated: topic=t, tags=['a', 'b'], importance=5": ("metadata", {"importance": 5.0}),
    "*** Debug: Retrieved 5 memory chunks for context": ("chunks", {"chunks": 5}),
    "*** Debug: Built unified megaprompt (13843 chars)": ("prompt", {"prompt_chars": 13843}),
    "*** Debug: Tail prompt size: 1812 chars, ~410 tokens (estimate)": ("tail_prompt", {"prompt_chars": 1812}),
    "*** Debug: Tail mode active=False": ("tail_mode", {"tail_mode": False}),
    "*** Debug: Existing context length: 12345": ("context_sent", {"context_sent": 12345}),
    "*** Debug: [KV CACHE] No existing context - this is first request in session": ("first_request", {}),
    "*** Debug: [KV CACHE] Sending existing context to Ollama, length: 8398": ("context_sent", {"context_sent": 8398}),
    "*** Debug: Model=llama3.2:3b-instruct-q4_K_M, num_ctx=8000, keep_alive=1h, session_id_set=True": (
        "model", {"model": "llama3.2:3b-instruct-q4_K_M", "num_ctx": 8000},
    ),
    "*** Debug: Prompt size: 13843 chars, ~2557 tokens (estimate)": (
        "size", {"prompt_chars": 13843, "prompt_tokens_est": 2557},
    ),
    "*** Debug: raw_mode=True, context_provided=False": ("raw", {"raw": True}),
    "*** Debug: raw_mode=None, context_provided=True": ("raw", {"raw": False}),
    "*** Debug: Returned context length: 0": ("context_returned", {"context_returned": 0}),
    "*** Debug: Timings ms ~ load=95038000 prompt_eval=177218800 eval=595059000 total=925884800": (
        "timings", {"load_ms": 95.038, "prefill_ms": 177.2188, "decode_ms": 595.059, "ollama_total_ms": 925.8848},
    ),
    "*** Debug: KV stats: prompt_eval_count=2616 eval_count=65": (
        "counts", {"prompt_tokens": 2616, "output_tokens": 65},
    ),
    "--- Total process_user_message took: 1.40s": ("total", {"ms": 1400.0}),
    '172.21.128.1 - - [19/Nov/2025 01:34:47] "POST /api/webhook HTTP/1.1" 200 445 1.400024': (
        "access", {"stamp": "19/Nov/2025 01:34:47", "code": 200, "seconds": 1.400024},
    ),
    "(35891) wsgi starting up on http://0.0.0.0:5000": ("serving", {"pid": 35891, "url": "http://0.0.0.0:5000"}),
    " * Detected change in '/x/v34/config.py', reloading": ("reloading", {"path": "/x/v34/config.py"}),
    " * Restarting with stat": ("restarting", {}),
    "*** Health: tts DOWN latency=7ms url=http://windows-host:5051/ error=None": (
        "health", {"service": "tts", "word": "DOWN", "ms": 7.0},
    ),
    "*** Health: ollama OK status=405 latency=11ms url=http://windows-host:11434/api/generate": (
        "health", {"service": "ollama", "word": "OK", "status": "405", "ms": 11.0},
    ),
    "Traceback (most recent call last):": ("traceback", {}),
    "*** Debug: Empty streamed response received": ("failure", {"error": "Empty streamed response received"}),
    "*** Debug: Could not connect to TTS API: refused": (
        "tts_failure", {"error": "Could not connect to TTS API: refused"},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("line", "wanted"), EXAMPLES.items(), ids=[kind for kind, _ in EXAMPLES.values()])
def test_lines_as_v34_prints_them(line: str, wanted: tuple[str, dict[str, object]]) -> None:
    fact = match_line(line)
    assert fact is not None
    assert (fact.kind, fact.values) == wanted


def test_every_pattern_has_an_example() -> None:
    shown = {kind for kind, _ in EXAMPLES.values()} | {
        "message",
        "storage",
        "retrieval",
        "preview",
        "call",
        "answer_head",
        "answer",
        "answer_added",
        "excerpt",
        "topic",
        "summary",
        "parent_stored",
        "caption",
        "handler_failure",
    }
    assert {pattern.kind for pattern in PATTERNS} <= shown


@pytest.mark.parametrize(
    "noise",
    [
        "  0%|          | 0/1 [00:00<?, ?it/s]\r100%|██████████| 1/1 [00:00<00:00, 34.74it/s]",
        "(35891) accepted ('172.21.128.1', 55319)",
        "/usr/lib/python3/dist-packages/urllib3/connectionpool.py:1097: InsecureRequestWarning: Unverified HTTPS",
        "  warnings.warn(",
        "*** Health: starting round",
        "",
    ],
)
def test_noise_is_counted_and_breaks_nothing(noise: str) -> None:
    parser = V34Parser()
    assert parser.feed([noise.encode()]) == []
    assert parser.noise == 1


def test_a_fact_behind_a_progress_bar_is_read() -> None:
    assert [fact.kind for fact in facts("  0%| | 0/1\r100%|█| 1/1\r--- Step 1 (Metadata Generation) took: 0.03s")] == [
        "step"
    ]


def test_an_id_in_the_words_does_not_replace_the_one_behind_them() -> None:
    (fact,) = facts("*** Debug: Processing user message: hi [request_id=deadbeef] there [request_id=abc123de]")
    assert fact.request_id == "abc123de"
    assert fact.values["text"] == "hi [request_id=deadbeef] there"


def test_an_answer_of_several_lines_is_one_answer() -> None:
    found = facts(
        "*** Debug: LLM response received: one\ntwo\n\nthree\n"
        "*** Debug: Assistant response added to conversation history only\n"
        "--- Total process_user_message took: 1.22s"
    )
    assert found[0] == DebugFact("answer", {"reply": "one\ntwo\n\nthree"})
    assert [fact.kind for fact in found] == ["answer", "answer_added", "total"]


def test_an_answer_cannot_end_its_own_turn() -> None:
    found = facts(
        "*** Debug: LLM response received: well\n--- Total process_user_message took: 0.01s\nindeed\n"
        "*** Debug: Tail mode active=True\n*** Debug: Assistant response added to conversation history only\n"
        "--- Total process_user_message took: 1.22s"
    )
    assert [fact.kind for fact in found] == ["answer", "answer_added", "total"]
    assert found[-1].values["ms"] == 1220.0


def test_a_prompt_preview_cannot_forge_facts() -> None:
    found = facts(
        "*** Debug: Megaprompt preview: <|start_header_id|>user\n--- Total process_user_message took: 0.01s\n"
        "*** Debug: KV stats: prompt_eval_count=1 eval_count=1\n\n*** Debug: Tail mode active=False"
    )
    assert [fact.kind for fact in found] == ["tail_mode"]


@pytest.mark.parametrize(
    "line",
    [
        "*** Debug: Skipped storing assistant message: final importance 1 < 2.",
        "*** Debug: Parent Document Ingestion for role=assistant...",
    ],
)
def test_the_first_version_ends_an_answer_with_what_it_does_with_it(line: str) -> None:
    found = facts(f"*** Debug: LLM response received: yes\n{line}\n--- Total process_user_message took: 0.90s\n{BEGIN}")
    assert [fact.kind for fact in found] == ["answer", "answer_added", "total", "begin"]


@given(st.lists(st.one_of(st.binary(max_size=120), st.sampled_from([line.encode() for line in EXAMPLES])), max_size=40))
def test_any_bytes_never_raise(lines: list[bytes]) -> None:
    parser = V34Parser()
    for fact in parser.feed(lines):
        assert fact.kind
    parser.feed([BEGIN.encode()])
