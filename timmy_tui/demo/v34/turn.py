"""One turn inside v34: classify, store, retrieve, build the prompt, call the language model, send the reply to TTS."""

import time
from collections.abc import Mapping
from typing import Any

from timmy_tui.demo.clock import LLM_CALL
from timmy_tui.demo.dialogue import persona, tail_note
from timmy_tui.demo.v34.llm_call import LlmReply, durations, estimate_tokens
from timmy_tui.demo.v34.memory import DatabaseError, Memory
from timmy_tui.demo.v34.session import Backends, Flags, Session, Simulation

ERRORS = (DatabaseError, TypeError)
"""What can end a turn in v34: upstream divides a duration that Ollama has left out, which raises TypeError."""
BEGIN = "*" * 45 + "BEGIN" + "*" * 45


class Preprocessor:
    """v34 without its HTTP server."""

    def __init__(self, flags: Flags, session: Session, backends: Backends, simulation: Simulation) -> None:
        self.flags = flags
        self.session = session
        self.backends = backends
        self.simulation = simulation
        self.clock = simulation.clock
        self.latencies = simulation.latencies
        self.debug = simulation.output.debug
        self.memory = Memory(flags, simulation)

    def handle_webhook(self, text: str, request_id: str | None) -> str:
        """A message from STT, or from a client without id: process it, send the reply to TTS, and return it.

        Raises one of ERRORS; the request is then answered with status 500.
        """
        record = self.simulation.events.record
        record(request_id, "v34_flask_handler_entry")
        record(request_id, "v34_webhook_received", text_length=len(text), session_id=self.session.session_id)
        self.debug(BEGIN)
        self.debug(f"*** Debug: Received user_message via webhook: {text} [request_id={request_id}]")
        reply = self._process(text, request_id)
        self.clock.work(self.latencies.draw("reply"), "reply")
        record(request_id, "v34_sending_to_tts", response_length=len(reply))
        self._send_to_tts(reply, request_id)
        return reply

    def handle_typed(self, text: str) -> str | None:
        """A message from the web chat (Socket.IO). It has no id; the reply is spoken. None after an error."""
        try:
            self.debug(BEGIN)
            self.debug(f"*** Debug: Received user_message via WebSocket: {text}")
            reply = self._process(text, None)
            self._send_to_tts(reply, None)
        except ERRORS as error:
            self.debug(f"*** Debug: Error in handle_user_message: {error}")
            return None
        return reply

    def _send_to_tts(self, reply: str, request_id: str | None) -> None:
        try:
            self.backends.send_to_tts(reply, request_id)
        except OSError as error:
            self.debug(f"*** Debug: Could not connect to TTS API: {error}")

    def _process(self, text: str, request_id: str | None) -> str:
        started = self.clock.now()
        self.session.turns += 1
        self.debug(f"*** Debug: Processing user message: {text} [request_id={request_id}]")
        is_stored = self.memory.classify(text, request_id)
        self.session.history.append(("user", text))
        self._trim_history()
        self._store(text, request_id, is_stored)
        self.memory.retrieve(request_id)
        prompt, is_tail, full = self._build_prompt(text, request_id)
        reply = self._call_model(prompt, is_tail, request_id, full)
        self.session.history.append(("assistant", reply.text))
        self.debug("*** Debug: Assistant response added to conversation history only (not stored in vector memory)")
        self.debug(f"--- Total process_user_message took: {self.clock.now() - started:.2f}s")
        return reply.text

    def _trim_history(self) -> None:
        """Drop the oldest message until the estimate is below MAX_TOKENS, which breaks the prefix."""
        self.debug("*** Debug: trim_history_if_needed called.")
        while True:
            estimate = len("\n".join(text for _, text in self.session.history)) // 4
            self.debug(f"*** Debug: Current token estimate={estimate}, MAX_TOKENS={self.flags.max_tokens}")
            if estimate <= self.flags.max_tokens:
                return
            role, text = self.session.history.pop(0)
            removed = {"role": role, "content": text}
            self.debug(f"*** Debug: Removed old entry to reduce token count: {removed}")

    def _store(self, text: str, request_id: str | None, is_stored: bool) -> None:
        started = self.clock.now()
        if is_stored:
            self.simulation.events.record(request_id, "v34_memory_storage_start")
            self.memory.store(text, request_id)
            elapsed_ms = round((self.clock.now() - started) * 1000, 2)
            self.simulation.events.record(request_id, "v34_memory_storage_complete", duration_ms=elapsed_ms)
        seconds = self.clock.now() - started
        self.debug(f"--- Step 3 (Memory Storage) took: {seconds:.2f}s")
        if request_id:
            self.debug(f"[MYSTERY GAP] request_id={request_id}, storage={seconds * 1000:.1f}ms")

    def _build_prompt(self, text: str, request_id: str | None) -> tuple[str, bool, str]:
        """The prompt, whether it is a tail prompt, and the full one, which upstream always builds.

        The first prompt of a session never is a tail prompt.
        """
        is_tail = not self.flags.full_prompt and self.session.turns > 1
        clock_text = time.strftime("%A, %Y-%m-%d %H:%M:%S", time.localtime(self.clock.now()))
        chunks = self.flags.chunks if self.flags.retrieval else 0
        random_ = self.simulation.random
        history = "".join(_message(role, said) for role, said in self.session.history[:-1])
        system = _message("system", persona(random_, clock_text, chunks))
        full = (system + history if self.flags.persona_first else history + system) + _message("user", text)
        full += "<|start_header_id|>assistant<|end_header_id|>\n"
        self.debug(f"*** Debug: Built unified megaprompt ({len(full)} chars)")
        self.debug(f"*** Debug: Megaprompt preview: {full[:200]}...")
        prompt = f"{tail_note(random_, clock_text, chunks)}\n{text}\n" if is_tail else full
        if is_tail:
            tokens = estimate_tokens(prompt, self.debug)
            self.debug(f"*** Debug: Tail prompt size: {len(prompt)} chars, ~{tokens} tokens (estimate)")
        self.clock.work(self.latencies.draw("prompt"), "prompt")
        self.simulation.events.record(
            request_id,
            "v34_prompt_built",
            prompt_chars=len(prompt),
            prompt_tokens_est=len(prompt) // 4,
            tail_mode=is_tail,
        )
        self.debug(f"*** Debug: Tail mode active={is_tail}")
        return prompt, is_tail, full

    def _call_model(self, prompt: str, is_tail: bool, request_id: str | None, full: str) -> LlmReply:
        started, record = self.clock.now(), self.simulation.events.record
        context = self.session.context
        if context is not None:
            self.debug(f"*** Debug: Existing context length: {len(context)}")
        self.clock.work(1.0)
        length = len(context or [])
        record(
            request_id,
            "v34_ollama_sent",
            temperature=self.flags.temperature,
            kv_context_length=length,
            has_kv_cache=length > 0,
        )
        reply = self.backends.ask_model(prompt, context or None, self.flags.temperature)
        self.clock.reach(LLM_CALL)
        received = {"response_length": len(reply.text), "new_context_length": len(reply.context or [])}
        record(request_id, "v34_ollama_received", **received, **(_timings(reply.stats) if request_id else {}))
        if reply.context is not None:
            self.session.context = reply.context
            self.debug(f"*** Debug: Stored new context length: {len(reply.context)}")
        self.debug(f"*** Debug: Megaprompt (logical) used ~{estimate_tokens(full, self.debug)} tokens")
        if reply.stats:
            self._record_stats(is_tail, reply.stats)
        self.debug(f"--- Step 5 (Megaprompt LLM Call) took: {self.clock.now() - started:.2f}s")
        self.debug(f"*** Debug: LLM response received: {reply.text}")
        return reply

    def _record_stats(self, is_tail: bool, stats: Mapping[str, Any]) -> None:
        counts = f"prompt_eval_count={stats.get('prompt_eval_count')} eval_count={stats.get('eval_count')}"
        self.debug(f"*** Debug: KV stats: {counts}")
        self.debug(f"*** Debug: Durations (ns): {durations(stats)}")
        names = ("prompt_eval_count", "prompt_eval_duration", "eval_count", "eval_duration")
        self.session.stats.append(
            {
                "timestamp": self.clock.now(),
                "session_id": self.session.session_id,
                "tail_mode": is_tail,
                **{name: stats.get(name) for name in (*names, "total_duration", "load_duration")},
            }
        )


def _message(role: str, text: str) -> str:
    """One message in the chat template of Llama 3."""
    return f"<|start_header_id|>{role}<|end_header_id|>\n{text}\n<|eot_id|>\n"


def _timings(stats: Mapping[str, Any]) -> dict[str, Any]:
    """What upstream adds to the event. A missing duration raises TypeError, as it does there."""
    if not stats:
        return {}
    return {
        "prompt_eval_count": stats["prompt_eval_count"],
        "eval_count": stats["eval_count"],
        "prompt_eval_duration_ms": stats["prompt_eval_duration"] / 1_000_000,
        "eval_duration_ms": stats["eval_duration"] / 1_000_000,
    }
