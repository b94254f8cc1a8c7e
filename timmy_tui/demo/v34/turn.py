"""One turn inside v34: classify, store, retrieve, build the prompt, call the language model, send the reply to TTS."""

import random
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from timmy_tui.demo.clock import Clock
from timmy_tui.demo.dialogue import persona, tail_note
from timmy_tui.demo.events import EventWriter
from timmy_tui.demo.latencies import Latencies
from timmy_tui.demo.v34.llm_call import LlmReply, PrintLine, durations

BEGIN = "*" * 45 + "BEGIN" + "*" * 45
_TOPICS = ("personal data", "small talk", "workshop", "science", "time and date")


@dataclass(frozen=True)
class Flags:
    """The constants that v34 reads from its config when it starts."""

    full_prompt: bool = True
    """USE_FULL_MEGA_PROMPT; False is tail mode."""
    retrieval: bool = True
    chunks: int = 5
    max_tokens: int = 7000
    temperature: float = 0.4


@dataclass
class Session:
    """The state that v34 has between turns and loses at a restart."""

    session_id: str
    history: list[tuple[str, str]] = field(default_factory=list)
    """(user text, reply) of each turn."""
    context: list[int] | None = None
    turns: int = 0
    stats: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=200))
    """Entries of /api/kv_stats, newest last."""


AskModel = Callable[[str, list[int] | None, float], LlmReply]
"""(prompt, context array, temperature) → reply."""
SendToTts = Callable[[str, str | None], None]
"""Sends (reply, request id) to TTS. Raises OSError when TTS cannot be reached."""


@dataclass(frozen=True)
class Backends:
    """The services that v34 calls."""

    ask_model: AskModel
    send_to_tts: SendToTts


@dataclass(frozen=True)
class Simulation:
    """What takes the place of v34's real work, and where its output goes."""

    clock: Clock
    latencies: Latencies
    events: EventWriter
    print_line: PrintLine = print
    """Prints one line of the debug log."""


class Preprocessor:
    """v34 without its HTTP server."""

    def __init__(self, flags: Flags, session: Session, backends: Backends, simulation: Simulation) -> None:
        self.flags = flags
        self.session = session
        self.backends = backends
        self.clock = simulation.clock
        self.latencies = simulation.latencies
        self.events = simulation.events
        self.print_line = simulation.print_line
        self.random = random.Random(f"prompts {session.session_id}")

    def handle_message(self, text: str, request_id: str | None) -> str:
        """Process a whole turn and return the reply. A typed turn has no request id and is not spoken."""
        started = self.clock.now()
        self.session.turns += 1
        mark = f" [request_id={request_id}]" if request_id else ""
        self.print_line(BEGIN)
        self.events.record(request_id, "v34_flask_handler_entry")
        self.print_line(f"*** Debug: Received user_message via webhook: {text}{mark}")
        self.events.record(
            request_id, "v34_webhook_received", text_length=len(text), session_id=self.session.session_id
        )
        self.print_line(f"*** Debug: Processing user message: {text}{mark}")
        self._classify(request_id)
        self._store(text, request_id)
        self._retrieve(request_id)
        prompt, is_tail = self._build_prompt(text, request_id)
        reply = self._call_model(prompt, is_tail, request_id)
        self.session.history.append((text, reply.text))
        if request_id:
            self.clock.work(self.latencies.draw("reply"), "reply")
            self.events.record(request_id, "v34_sending_to_tts", response_length=len(reply.text))
            try:
                self.backends.send_to_tts(reply.text, request_id)
            except OSError as error:
                self.print_line(f"*** Debug: Could not connect to TTS API: {error}")
        self.print_line(
            "*** Debug: Assistant response added to conversation history only (not stored in vector memory)"
        )
        self.print_line(f"--- Total process_user_message took: {self.clock.now() - started:.2f}s")
        return reply.text

    def _classify(self, request_id: str | None) -> None:
        started = self.clock.now()
        self.events.record(request_id, "v34_classification_start")
        self.clock.work(self.latencies.draw("classify"))
        self._is_worth_storing = self.latencies.should_store()
        importance = self.random.randint(4, 9) if self._is_worth_storing else self.random.randint(0, 3)
        self.events.record(request_id, "v34_classification_complete", importance=importance)
        rate = 1 / max(self.clock.now() - started, 0.001)
        self.print_line(f"  0%|          | 0/1 [00:00<?, ?it/s]\r100%|██████████| 1/1 [00:00<00:00, {rate:.2f}it/s]")
        topic = self.random.choice(_TOPICS)
        self.print_line(f">>> Fast metadata generated: topic={topic}, tags=['stating facts'], importance={importance}")
        self.print_line(f"--- Step 1 (Metadata Generation) took: {self.clock.now() - started:.2f}s")

    def _store(self, text: str, request_id: str | None) -> None:
        started = self.clock.now()
        self.print_line("*** Debug: trim_history_if_needed called.")
        estimate = self._trim_history()
        self.print_line(f"*** Debug: Current token estimate={estimate}, MAX_TOKENS={self.flags.max_tokens}")
        if self._is_worth_storing:
            self.events.record(request_id, "v34_memory_storage_start")
            storage_ms = self.latencies.store(len(text))
            self.clock.work(storage_ms)
            elapsed_ms = (self.clock.now() - started) * 1000
            self.events.record(request_id, "v34_memory_storage_complete", duration_ms=round(elapsed_ms, 2))
            self.print_line(
                f"[STORAGE BREAKDOWN - OPTIMIZED] request_id={request_id}, "
                f"summary_gen={max(storage_ms - 62, 1):.1f}ms, embed_summary=7.1ms, "
                "parent_insert=9.8ms, chunking=4.9ms, embed_chunks=30.2ms, "
                "metadata_gen=0.0ms (REUSED from classification), batch_insert=10.1ms, "
                f"total={elapsed_ms:.1f}ms, num_chunks=3"
            )
        self.print_line(f"--- Step 3 (Memory Storage) took: {self.clock.now() - started:.2f}s")

    def _trim_history(self) -> int:
        """The estimated tokens. Above MAX_TOKENS the older half of the history is dropped, which breaks the prefix."""
        estimate = 600 + sum(len(user) + len(reply) for user, reply in self.session.history) // 4
        if estimate > self.flags.max_tokens:
            del self.session.history[: len(self.session.history) // 2]
        return estimate

    def _retrieve(self, request_id: str | None) -> None:
        """Turned off it still writes its two events, and finds nothing in no time."""
        started = self.clock.now()
        self.events.record(request_id, "v34_retrieval_start")
        if self.flags.retrieval:
            self._search(request_id)
        else:
            self.print_line("*** Debug: Retrieval disabled by config.RETRIEVAL_ENABLED=False (KV/session-only mode)")
            self.events.record(request_id, "v34_retrieval_complete", num_chunks=0)
        self.print_line(f"--- Step 4 (Context Retrieval) took: {self.clock.now() - started:.2f}s")

    def _search(self, request_id: str | None) -> None:
        record, draw = self.events.record, self.latencies.draw
        record(request_id, "v34_retrieval_embedding_start")
        embedding, query, merge = draw("embed"), draw("query"), draw("merge")
        self.clock.work(embedding)
        record(request_id, "v34_retrieval_embedding_complete", duration_ms=round(embedding, 2))
        record(request_id, "v34_retrieval_query_start")
        self.clock.work(query)
        record(
            request_id,
            "v34_retrieval_query_complete",
            duration_ms=round(query, 2),
            num_parents=10,
            num_candidate_chunks=2 * self.flags.chunks,
        )
        self.clock.work(merge)
        record(request_id, "v34_retrieval_complete", num_chunks=self.flags.chunks)
        total = embedding + query + merge
        if self.random.random() < 0.5:
            self.print_line("*** Debug: Skipping duplicate chunk (similarity: 1.00)")
        self.print_line(
            f"[RETRIEVAL BASELINE] request_id={request_id}, embedding={embedding:.1f}ms, query={query:.1f}ms, "
            f"filtering={merge:.1f}ms, total={total:.1f}ms, results={self.flags.chunks}"
        )
        self.print_line(f"*** Debug: Retrieved {self.flags.chunks} memory chunks for context")

    def _build_prompt(self, text: str, request_id: str | None) -> tuple[str, bool]:
        """The prompt, and whether it is a tail prompt. The first prompt of a session never is."""
        is_tail = not self.flags.full_prompt and self.session.turns > 1
        clock_text = time.strftime("%A, %Y-%m-%d %H:%M:%S", time.localtime(self.clock.now()))
        chunks = self.flags.chunks if self.flags.retrieval else 0
        if is_tail:
            prompt = f"{tail_note(self.random, clock_text, chunks)}\n{text}\n"
        else:
            conversation = "".join(
                _message("user", user) + _message("assistant", reply) for user, reply in self.session.history
            )
            system = _message("system", persona(self.random, clock_text, chunks))
            prompt = conversation + system + _message("user", text)
            prompt += "<|start_header_id|>assistant<|end_header_id|>\n"
        self.clock.work(self.latencies.draw("prompt"), "prompt")
        self.events.record(
            request_id,
            "v34_prompt_built",
            prompt_chars=len(prompt),
            prompt_tokens_est=len(prompt) // 4,
            tail_mode=is_tail,
        )
        self.print_line(f"*** Debug: Built unified megaprompt ({len(prompt)} chars)")
        preview = prompt[:72].replace("\r", " ")
        self.print_line(f"*** Debug: Megaprompt preview: {preview}\n")
        if is_tail:
            self.print_line(f"*** Debug: Tail prompt size: {len(prompt)} chars, ~{len(prompt) // 5} tokens (estimate)")
        self.print_line(f"*** Debug: Tail mode active={is_tail}")
        return prompt, is_tail

    def _call_model(self, prompt: str, is_tail: bool, request_id: str | None) -> LlmReply:
        started = self.clock.now()
        context = self.session.context or None
        if context:
            self.print_line(f"*** Debug: Existing context length: {len(context)}")
            self.print_line(f"*** Debug: [KV CACHE] Sending existing context to Ollama, length: {len(context)}")
        else:
            self.print_line("*** Debug: [KV CACHE] No existing context - this is first request in session")
        self.clock.work(1.0)
        self.events.record(
            request_id,
            "v34_ollama_sent",
            temperature=self.flags.temperature,
            kv_context_length=len(context or []),
            has_kv_cache=bool(context),
        )
        reply = self.backends.ask_model(prompt, context, self.flags.temperature)
        self.events.record(
            request_id,
            "v34_ollama_received",
            response_length=len(reply.text),
            new_context_length=len(reply.context or []),
            **_timing_metadata(reply.stats),
        )
        if reply.stats:
            self._record_stats(prompt, is_tail, reply)
        self.print_line(f"--- Step 5 (Megaprompt LLM Call) took: {self.clock.now() - started:.2f}s")
        self.print_line(f"*** Debug: LLM response received: {reply.text}")
        return reply

    def _record_stats(self, prompt: str, is_tail: bool, reply: LlmReply) -> None:
        stats = reply.stats
        if reply.context:
            self.session.context = reply.context
            self.print_line(f"*** Debug: Stored new context length: {len(reply.context)}")
        names = ("prompt_eval_count", "prompt_eval_duration", "eval_count", "eval_duration")
        self.session.stats.append(
            {
                "timestamp": self.clock.now(),
                "session_id": self.session.session_id,
                "tail_mode": is_tail,
                **{name: stats.get(name) for name in (*names, "total_duration", "load_duration")},
            }
        )
        self.print_line(f"*** Debug: Megaprompt (logical) used ~{len(prompt) // 5} tokens")
        counts = f"prompt_eval_count={stats.get('prompt_eval_count')} eval_count={stats.get('eval_count')}"
        self.print_line(f"*** Debug: KV stats: {counts}")
        self.print_line(f"*** Debug: Durations (ns): {durations(stats)}")


def _message(role: str, text: str) -> str:
    """One message in the chat template of Llama 3."""
    return f"<|start_header_id|>{role}<|end_header_id|>\n{text}\n<|eot_id|>\n"


def _timing_metadata(stats: Any) -> dict[str, Any]:
    if not stats:
        return {}
    prefill, decode = stats.get("prompt_eval_duration"), stats.get("eval_duration")
    return {
        "prompt_eval_count": stats.get("prompt_eval_count"),
        "eval_count": stats.get("eval_count"),
        "prompt_eval_duration_ms": None if prefill is None else prefill / 1e6,
        "eval_duration_ms": None if decode is None else decode / 1e6,
    }
