"""What v34 prints and logs in a turn, in upstream's order: spoken, typed, without an id, and failed."""

import io
import json
import random
from typing import Any

import pytest

from timmy_tui.demo.clock import LLM_CALL, KernelClock, VirtualClock
from timmy_tui.demo.events import EventWriter
from timmy_tui.demo.latencies import Latencies
from timmy_tui.demo.v34.llm_call import LlmReply
from timmy_tui.demo.v34.memory import DatabaseError
from timmy_tui.demo.v34.output import Output
from timmy_tui.demo.v34.session import Backends, Flags, Session, Simulation
from timmy_tui.demo.v34.turn import Preprocessor

STATS = {
    "prompt_eval_count": 600,
    "prompt_eval_duration": 147_000_000,
    "eval_count": 44,
    "eval_duration": 400_000_000,
    "total_duration": 700_000_000,
    "load_duration": 95_000_000,
}


class AlwaysStores(Latencies):
    def should_store(self) -> bool:
        return True


class Lines(io.StringIO):
    """A stream that puts whole prints into a list."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__()
        self._lines = lines

    def write(self, text: str, /) -> int:
        if text != "\n":
            self._lines.append(text)
        return len(text)


class V34:
    """v34 with a model that answers at once, and everything that it wrote, in one order."""

    def __init__(self, flags: Flags | None = None, stats: dict[str, Any] | None = None) -> None:
        self.written: list[str] = []
        """Lines of the debug log; events as ``<name>``; a call of TTS as ``<TTS id>``."""
        self.metadata: dict[str, dict[str, Any]] = {}
        self.stderr = io.StringIO()
        output = Output(Lines(self.written), self.stderr)
        self.clock = KernelClock(VirtualClock(1_764_350_000.0))
        self.simulation = Simulation(
            self.clock,
            AlwaysStores(),
            EventWriter("v34", self.clock.now, self._take_event),
            output,
            random.Random(1),
        )
        self.stats = STATS if stats is None else stats
        self.preprocessor = Preprocessor(
            flags or Flags(), Session("session"), Backends(self._ask, self._speak), self.simulation
        )
        self.tts_error: OSError | None = None

    def _take_event(self, line: str) -> None:
        event = json.loads(line)
        self.written.append(f"<{event['event']}>")
        self.metadata[event["event"]] = event["metadata"]

    def _ask(self, prompt: str, context: list[int] | None, temperature: float) -> LlmReply:
        self.clock.work(700.0)
        self.written.append("<ask>")
        return LlmReply("Yes.", None, self.stats)

    def _speak(self, text: str, request_id: str | None) -> None:
        if self.tts_error:
            raise self.tts_error
        self.written.append(f"<TTS {request_id}>")


def test_a_spoken_turn_from_the_first_line_to_the_last() -> None:
    v34 = V34()
    assert v34.preprocessor.handle_webhook("I like lemon cake.", "abc123de") == "Yes."
    written = [line for line in v34.written if not line.startswith((">>>", "    "))]
    assert written[:4] == [
        "<v34_flask_handler_entry>",
        "<v34_webhook_received>",
        "*" * 45 + "BEGIN" + "*" * 45,
        "*** Debug: Received user_message via webhook: I like lemon cake. [request_id=abc123de]",
    ]
    assert written[4] == "*** Debug: Processing user message: I like lemon cake. [request_id=abc123de]"
    assert [line.split(" took")[0].split(", ")[0].split("=")[0] for line in written[5:27]] == [
        "<v34_classification_start>",
        "<v34_classification_complete>",
        "--- Step 1 (Metadata Generation)",
        "*** Debug: trim_history_if_needed called.",
        "*** Debug: Current token estimate",
        "<v34_memory_storage_start>",
        "*** Debug: Parent Document Ingestion for role",
        "*** Debug: Stored parent document with ID: 1",
        "*** Debug: Batch inserted 3 chunks with single commit.",
        "*** Debug: Stored 3 chunks linked to parent 1.",
        "[STORAGE BREAKDOWN - OPTIMIZED] request_id",
        "<v34_memory_storage_complete>",
        "--- Step 3 (Memory Storage)",
        "[MYSTERY GAP] request_id",
        "<v34_retrieval_start>",
        "*** Debug: Retrieving chunks via Parent Document method...",
        "<v34_retrieval_embedding_start>",
        "<v34_retrieval_embedding_complete>",
        "<v34_retrieval_query_start>",
        "*** Debug: Found 10 relevant parent document IDs.",
        "*** Debug: Retrieved 10 candidate chunks from parents.",
        "<v34_retrieval_query_complete>",
    ]
    end = [line for line in written if line.startswith(("<", "---")) or "Assistant response" in line][-8:]
    assert [line.split(" took")[0] for line in end] == [
        "<v34_ollama_sent>",
        "<ask>",
        "<v34_ollama_received>",
        "--- Step 5 (Megaprompt LLM Call)",
        "*** Debug: Assistant response added to conversation history only (not stored in vector memory)",
        "--- Total process_user_message",
        "<v34_sending_to_tts>",
        "<TTS abc123de>",
    ]


def test_the_call_comes_between_the_prompt_and_its_figures() -> None:
    v34 = V34()
    v34.preprocessor.handle_webhook("I like lemon cake.", "abc123de")
    names = [
        line.split(":")[1].split("=")[0].split("(")[0].strip() if "Debug" in line else line for line in v34.written
    ]
    built = names.index("Built unified megaprompt")
    assert names[built + 2 : built + 6] == ["<v34_prompt_built>", "Tail mode active", "<v34_ollama_sent>", "<ask>"]
    assert v34.written.index("<v34_ollama_received>") < names.index("KV stats") < names.index("Durations")
    assert v34.metadata["v34_ollama_received"]["prompt_eval_duration_ms"] == 147.0


def test_a_typed_turn_has_no_id_no_event_and_none_of_the_lines_that_name_one() -> None:
    v34 = V34()
    assert v34.preprocessor.handle_typed("I like lemon cake.") == "Yes."
    assert [line for line in v34.written if line.startswith("<")] == ["<ask>", "<TTS None>"]
    assert v34.written[:3] == [
        "*" * 45 + "BEGIN" + "*" * 45,
        "*** Debug: Received user_message via WebSocket: I like lemon cake.",
        "*** Debug: Processing user message: I like lemon cake. [request_id=None]",
    ]
    text = "\n".join(v34.written)
    for missing in ("MYSTERY GAP", "STORAGE BREAKDOWN", "RETRIEVAL BASELINE", "via webhook"):
        assert missing not in text
    assert "Step 3 (Memory Storage) took" in text
    assert text.count("request_id") == 1
    assert v34.preprocessor.session.stats[-1]["prompt_eval_count"] == 600


def test_a_webhook_without_id_says_none_and_writes_no_event() -> None:
    v34 = V34()
    v34.preprocessor.handle_webhook("Hello?", None)
    assert v34.written[1] == "*** Debug: Received user_message via webhook: Hello? [request_id=None]"
    assert [line for line in v34.written if line.startswith("<")] == ["<ask>", "<TTS None>"]


def test_progress_bars_go_to_stderr() -> None:
    v34 = V34()
    v34.preprocessor.handle_webhook("Hello?", "abc123de")
    assert "100%|" in v34.stderr.getvalue()
    assert not any("100%|" in line for line in v34.written)


@pytest.mark.parametrize(
    ("flags", "present", "missing"),
    [
        (Flags(), "filtering=", "Retrieval disabled"),
        (Flags(retrieval=False), "Retrieval disabled by config.RETRIEVAL_ENABLED=False", "RETRIEVAL BASELINE"),
        (Flags(parent_documents=False), "[RETRIEVAL BASELINE] request_id=abc123de, embedding=", "filtering="),
    ],
)
def test_the_lines_of_each_way_to_retrieve(flags: Flags, present: str, missing: str) -> None:
    v34 = V34(flags)
    v34.preprocessor.handle_webhook("Hello?", "abc123de")
    text = "\n".join(v34.written)
    assert present in text
    assert missing not in text
    assert v34.written.index("<v34_retrieval_start>") < v34.written.index("<v34_retrieval_complete>")


def test_a_clock_that_steps_in_the_llm_call_is_in_upstream_s_own_figures_too() -> None:
    v34 = V34()
    v34.clock.plan_step(LLM_CALL, -4.0)
    v34.preprocessor.handle_webhook("Hello?", "abc123de")
    assert "--- Step 5 (Megaprompt LLM Call) took: -3.30s" in v34.written
    assert any(line.startswith("--- Total process_user_message took: -") for line in v34.written)
    v34.preprocessor.handle_webhook("And now?", "abc123df")
    assert "--- Step 5 (Megaprompt LLM Call) took: 0.70s" in v34.written


def test_a_database_that_fails_ends_a_spoken_turn_and_is_one_line_of_a_typed_one() -> None:
    v34 = V34()
    v34.simulation.database_fails = True
    with pytest.raises(DatabaseError):
        v34.preprocessor.handle_webhook("Hello?", "abc123de")
    assert v34.written[-1] == "<v34_retrieval_query_start>"
    v34.simulation.database_fails = True
    assert v34.preprocessor.handle_typed("Hello?") is None
    assert v34.written[-1].startswith("*** Debug: Error in handle_user_message: connection to server")
    assert v34.preprocessor.handle_typed("Hello?") == "Yes."


def test_a_duration_that_ollama_leaves_out_ends_a_spoken_turn_as_upstream_s_division_does() -> None:
    v34 = V34(stats={**STATS, "eval_duration": None})
    with pytest.raises(TypeError):
        v34.preprocessor.handle_webhook("Hello?", "abc123de")
    assert v34.preprocessor.handle_typed("Hello?") == "Yes."


def test_without_a_last_chunk_there_are_no_figures() -> None:
    v34 = V34(stats={})
    v34.preprocessor.handle_webhook("Hello?", "abc123de")
    assert set(v34.metadata["v34_ollama_received"]) == {"response_length", "new_context_length"}
    assert not v34.preprocessor.session.stats
    assert not any("KV stats" in line for line in v34.written)


def test_an_unreachable_tts_is_one_line_after_the_total() -> None:
    v34 = V34()
    v34.tts_error = ConnectionError("refused")
    assert v34.preprocessor.handle_webhook("Hello?", "abc123de") == "Yes."
    assert v34.written[-2:] == ["<v34_sending_to_tts>", "*** Debug: Could not connect to TTS API: refused"]


def test_history_is_trimmed_message_by_message() -> None:
    v34 = V34(Flags(max_tokens=8))
    for text in ("a" * 20, "b" * 20, "c" * 20):
        v34.preprocessor.handle_webhook(text, "abc123de")
    assert [text for _, text in v34.preprocessor.session.history] == ["Yes.", "c" * 20, "Yes."]
    removed = [line for line in v34.written if "Removed old entry" in line]
    assert removed[0].endswith("{'role': 'user', 'content': 'aaaaaaaaaaaaaaaaaaaa'}")
