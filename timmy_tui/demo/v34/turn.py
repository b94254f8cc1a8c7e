"""One turn inside v34: classify, store, retrieve, build the prompt, ask the model, hand over to TTS."""

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
from timmy_tui.demo.v34.llm_call import Answer, Say, durations

BEGIN = "*" * 45 + "BEGIN" + "*" * 45
_TOPICS = ("personal data", "small talk", "workshop", "science", "time and date")


@dataclass(frozen=True)
class Flags:
    """What v34 reads from its config when it starts."""

    full_prompt: bool = True
    """USE_FULL_MEGA_PROMPT; off is tail mode."""
    retrieval: bool = True
    chunks: int = 5
    max_tokens: int = 7000
    temperature: float = 0.4


@dataclass
class Session:
    """What v34 keeps between turns and loses on a restart."""

    session_id: str
    history: list[tuple[str, str]] = field(default_factory=list)
    context: list[int] | None = None
    turns: int = 0
    stats: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=200))
    """Answers of /api/kv_stats, newest last."""


Ask = Callable[[str, list[int] | None, float], Answer]
Speak = Callable[[str, str | None], None]
"""Hands a reply to TTS; raises OSError when TTS cannot be reached."""


class Preprocessor:
    """v34 without its HTTP server."""

    def __init__(
        self,
        flags: Flags,
        session: Session,
        ask: Ask,
        speak: Speak,
        *,
        clock: Clock,
        latencies: Latencies,
        events: EventWriter,
        say: Say = print,
    ) -> None:
        self.flags = flags
        self.session = session
        self.ask = ask
        self.speak = speak
        self.clock = clock
        self.latencies = latencies
        self.events = events
        self.say = say
        self.random = random.Random(f"prompts {session.session_id}")

    def serve(self, text: str, request_id: str | None) -> str:
        """A whole turn; returns the reply. A typed turn has no request id and is not spoken."""
        began = self.clock.now()
        self.session.turns += 1
        mark = f" [request_id={request_id}]" if request_id else ""
        self.say(BEGIN)
        self.events.record(request_id, "v34_flask_handler_entry")
        self.say(f"*** Debug: Received user_message via webhook: {text}{mark}")
        self.events.record(
            request_id, "v34_webhook_received", text_length=len(text), session_id=self.session.session_id
        )
        self.say(f"*** Debug: Processing user message: {text}{mark}")
        self._classify(request_id)
        self._store(text, request_id)
        self._retrieve(request_id)
        prompt, tail = self._build(text, request_id)
        answer = self._ask(prompt, tail, request_id)
        self.session.history.append((text, answer.text))
        if request_id:
            self.clock.work(self.latencies.draw("reply"), "reply")
            self.events.record(request_id, "v34_sending_to_tts", response_length=len(answer.text))
            try:
                self.speak(answer.text, request_id)
            except OSError as error:
                self.say(f"*** Debug: Could not connect to TTS API: {error}")
        self.say("*** Debug: Assistant response added to conversation history only (not stored in vector memory)")
        self.say(f"--- Total process_user_message took: {self.clock.now() - began:.2f}s")
        return answer.text

    def _classify(self, request_id: str | None) -> None:
        began = self.clock.now()
        self.events.record(request_id, "v34_classification_start")
        self.clock.work(self.latencies.draw("classify"))
        self.worth = self.latencies.stores()
        importance = self.random.randint(4, 9) if self.worth else self.random.randint(0, 3)
        self.events.record(request_id, "v34_classification_complete", importance=importance)
        rate = 1 / max(self.clock.now() - began, 0.001)
        self.say(f"  0%|          | 0/1 [00:00<?, ?it/s]\r100%|██████████| 1/1 [00:00<00:00, {rate:.2f}it/s]")
        topic = self.random.choice(_TOPICS)
        self.say(f">>> Fast metadata generated: topic={topic}, tags=['stating facts'], importance={importance}")
        self.say(f"--- Step 1 (Metadata Generation) took: {self.clock.now() - began:.2f}s")

    def _store(self, text: str, request_id: str | None) -> None:
        began = self.clock.now()
        self.say("*** Debug: trim_history_if_needed called.")
        estimate = self._trim()
        self.say(f"*** Debug: Current token estimate={estimate}, MAX_TOKENS={self.flags.max_tokens}")
        if self.worth:
            self.events.record(request_id, "v34_memory_storage_start")
            ms = self.latencies.store(len(text))
            self.clock.work(ms)
            took = (self.clock.now() - began) * 1000
            self.events.record(request_id, "v34_memory_storage_complete", duration_ms=round(took, 2))
            self.say(
                f"[STORAGE BREAKDOWN - OPTIMIZED] request_id={request_id}, summary_gen={max(ms - 62, 1):.1f}ms, "
                "embed_summary=7.1ms, parent_insert=9.8ms, chunking=4.9ms, embed_chunks=30.2ms, "
                "metadata_gen=0.0ms (REUSED from classification), batch_insert=10.1ms, "
                f"total={took:.1f}ms, num_chunks=3"
            )
        self.say(f"--- Step 3 (Memory Storage) took: {self.clock.now() - began:.2f}s")

    def _trim(self) -> int:
        """Past MAX_TOKENS the older half of the conversation goes; the next prompt shares no head with the last."""
        estimate = 600 + sum(len(user) + len(reply) for user, reply in self.session.history) // 4
        if estimate > self.flags.max_tokens:
            del self.session.history[: len(self.session.history) // 2]
        return estimate

    def _retrieve(self, request_id: str | None) -> None:
        """Turned off it still writes its two events, and finds nothing in no time."""
        began = self.clock.now()
        self.events.record(request_id, "v34_retrieval_start")
        if self.flags.retrieval:
            self._search(request_id)
        else:
            self.say("*** Debug: Retrieval disabled by config.RETRIEVAL_ENABLED=False (KV/session-only mode)")
            self.events.record(request_id, "v34_retrieval_complete", num_chunks=0)
        self.say(f"--- Step 4 (Context Retrieval) took: {self.clock.now() - began:.2f}s")

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
            self.say("*** Debug: Skipping duplicate chunk (similarity: 1.00)")
        self.say(
            f"[RETRIEVAL BASELINE] request_id={request_id}, embedding={embedding:.1f}ms, query={query:.1f}ms, "
            f"filtering={merge:.1f}ms, total={total:.1f}ms, results={self.flags.chunks}"
        )
        self.say(f"*** Debug: Retrieved {self.flags.chunks} memory chunks for context")

    def _build(self, text: str, request_id: str | None) -> tuple[str, bool]:
        """The prompt, and whether it is a tail: never on the first turn of a session."""
        tail = not self.flags.full_prompt and self.session.turns > 1
        when = time.strftime("%A, %Y-%m-%d %H:%M:%S", time.localtime(self.clock.now()))
        chunks = self.flags.chunks if self.flags.retrieval else 0
        if tail:
            prompt = f"{tail_note(self.random, when, chunks)}\n{text}\n"
        else:
            talk = "".join(_dress("user", user) + _dress("assistant", reply) for user, reply in self.session.history)
            prompt = talk + _dress("system", persona(self.random, when, chunks)) + _dress("user", text)
            prompt += "<|start_header_id|>assistant<|end_header_id|>\n"
        self.clock.work(self.latencies.draw("prompt"), "prompt")
        self.events.record(
            request_id, "v34_prompt_built", prompt_chars=len(prompt), prompt_tokens_est=len(prompt) // 4, tail_mode=tail
        )
        self.say(f"*** Debug: Built unified megaprompt ({len(prompt)} chars)")
        preview = prompt[:72].replace("\r", " ")
        self.say(f"*** Debug: Megaprompt preview: {preview}\n")
        if tail:
            self.say(f"*** Debug: Tail prompt size: {len(prompt)} chars, ~{len(prompt) // 5} tokens (estimate)")
        self.say(f"*** Debug: Tail mode active={tail}")
        return prompt, tail

    def _ask(self, prompt: str, tail: bool, request_id: str | None) -> Answer:
        began = self.clock.now()
        context = self.session.context or None
        if context:
            self.say(f"*** Debug: Existing context length: {len(context)}")
            self.say(f"*** Debug: [KV CACHE] Sending existing context to Ollama, length: {len(context)}")
        else:
            self.say("*** Debug: [KV CACHE] No existing context - this is first request in session")
        self.clock.work(1.0)
        self.events.record(
            request_id,
            "v34_ollama_sent",
            temperature=self.flags.temperature,
            kv_context_length=len(context or []),
            has_kv_cache=bool(context),
        )
        answer = self.ask(prompt, context, self.flags.temperature)
        returned = len(answer.context or [])
        self.events.record(
            request_id,
            "v34_ollama_received",
            response_length=len(answer.text),
            new_context_length=returned,
            **_measured(answer.stats),
        )
        if answer.stats:
            self._remember(prompt, tail, answer)
        self.say(f"--- Step 5 (Megaprompt LLM Call) took: {self.clock.now() - began:.2f}s")
        self.say(f"*** Debug: LLM response received: {answer.text}")
        return answer

    def _remember(self, prompt: str, tail: bool, answer: Answer) -> None:
        stats = answer.stats
        if answer.context:
            self.session.context = answer.context
            self.say(f"*** Debug: Stored new context length: {len(answer.context)}")
        names = ("prompt_eval_count", "prompt_eval_duration", "eval_count", "eval_duration")
        self.session.stats.append(
            {
                "timestamp": self.clock.now(),
                "session_id": self.session.session_id,
                "tail_mode": tail,
                **{name: stats.get(name) for name in (*names, "total_duration", "load_duration")},
            }
        )
        self.say(f"*** Debug: Megaprompt (logical) used ~{len(prompt) // 5} tokens")
        counts = f"prompt_eval_count={stats.get('prompt_eval_count')} eval_count={stats.get('eval_count')}"
        self.say(f"*** Debug: KV stats: {counts}")
        self.say(f"*** Debug: Durations (ns): {durations(stats)}")


def _dress(role: str, text: str) -> str:
    return f"<|start_header_id|>{role}<|end_header_id|>\n{text}\n<|eot_id|>\n"


def _measured(stats: Any) -> dict[str, Any]:
    if not stats:
        return {}
    prefill, decode = stats.get("prompt_eval_duration"), stats.get("eval_duration")
    return {
        "prompt_eval_count": stats.get("prompt_eval_count"),
        "eval_count": stats.get("eval_count"),
        "prompt_eval_duration_ms": None if prefill is None else prefill / 1e6,
        "eval_duration_ms": None if decode is None else decode / 1e6,
    }
