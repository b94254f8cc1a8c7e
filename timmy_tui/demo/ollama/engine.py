"""What happens to a prompt inside Ollama: load, truncation, prefix cache, reply. No HTTP and no waiting."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from timmy_tui.demo.dialogue import PERSONA_MARKER, SHORT_REPLY_MARKER, compose_reply
from timmy_tui.demo.latencies import PREFILL_BASE_MS, PREFILL_MS_PER_TOKEN, Latencies
from timmy_tui.demo.ollama.version_rules import VersionRules, rules_for, truncate_prompt
from timmy_tui.demo.physics import OtherWork, Physics
from timmy_tui.demo.tokens import BOS, Tokenizer, common_prefix_length

RAW_REFUSAL = "raw mode does not support template, system, or context"
TOO_LONG = "the input length exceeds the context length"
TEMPLATE = "<|start_header_id|>user<|end_header_id|>\n\n{}<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n"
BATCH = 512
"""Tokens that are evaluated together."""
NO_STEP_MS = 0.01
RESTORE_MS = 29.9
"""Time to restore a prompt from host memory (0.30 and later), which only the server log reports."""


class RequestRejected(Exception):
    """The request is answered with the HTTP status ``status``."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


@dataclass(frozen=True)
class GenerateRequest:
    """One request to /api/generate."""

    model: str
    prompt: str
    raw: bool = False
    context: tuple[int, ...] = ()
    has_template: bool = False
    """It contains ``system`` or ``template``."""
    num_ctx: int = 0
    """0: the default of the version."""
    num_predict: int = 0
    truncate: bool = True
    reply_fault: str = ""
    """``empty``: an empty reply; ``leak``: a reply with special tokens of the chat template; else empty."""


@dataclass(frozen=True, kw_only=True)
class ServedRequest:
    """What really happened in one request. What the API reports of it depends on the version. Times in ms."""

    number: int
    model: str
    raw: bool
    context_sent: int
    sent_tokens: int
    """Tokens of the prompt as sent, BOS included."""
    prompt_tokens: int
    """Tokens of the prompt after truncation."""
    matched: int
    """Leading tokens that were in the cache; may be the whole prompt."""
    reused: int
    """Tokens that were not evaluated; less than the whole prompt, because at least one token is always evaluated."""
    evaluated: int
    output_tokens: int
    truncated: bool
    loaded: bool
    """The model was loaded for it, so the cache was empty."""
    restored: bool
    """A saved prompt was restored from host memory."""
    load_ms: float
    queue_ms: float
    prefill_ms: float
    decode_ms: float
    other_ms: float
    """Time that only the total contains: tokenizing, sampling, restoring prompts."""
    reply: str = field(repr=False)
    context: tuple[int, ...] | None = field(repr=False)
    """The context array of the response (token ids); None in raw mode."""

    @property
    def total_ms(self) -> float:
        """total_duration, which does not contain the tokenizing of the context array."""
        return self.load_ms + self.queue_ms + self.prefill_ms + self.decode_ms + self.other_ms


class Engine:
    """One model with one cache slot."""

    def __init__(self, version: str, latencies: Latencies, seed: int = 0, physics: Physics | None = None) -> None:
        self.version = version
        self.rules: VersionRules = rules_for(version)
        self.latencies = latencies
        self.physics = physics or Physics()
        self._other_work = OtherWork(self.physics, seed)
        self._first_prompt = False
        """No prompt was evaluated since the model was loaded."""
        self.random = random.Random(f"replies {seed}")
        self.tokenizer = Tokenizer()
        self.loaded_ctx = 0
        """num_ctx of the loaded model; 0 while none is loaded."""
        self.slot: list[int] = []
        """Tokens in the cache."""
        self.saved_prompts: list[list[int]] = []
        """Prompts in host memory (0.30 and later), newest first."""
        self.requests: list[ServedRequest] = []

    def load(self, num_ctx: int) -> float:
        """Load the model unless it is loaded with this num_ctx (0: the default); returns load_duration in ms."""
        num_ctx = num_ctx or self.rules.num_ctx
        if self.loaded_ctx == num_ctx:
            return self.latencies.warm_load(self.rules.warm_load_ms)
        self.unload()
        self.loaded_ctx = num_ctx
        self._first_prompt = True
        return self.latencies.draw("cold_load") + self.rules.warm_load_ms

    def unload(self) -> None:
        """Unload the model and empty its cache."""
        self.loaded_ctx = 0
        self.slot = []
        self.saved_prompts = []

    def serve(self, request: GenerateRequest, queue_ms: float = 0.0) -> ServedRequest:
        """Answer one prompt; ``queue_ms``: how long it has waited. Raises RequestRejected as a real server would."""
        text, sent, prompt = self._prepare(request)
        num_ctx = request.num_ctx or self.rules.num_ctx
        will_load = self.loaded_ctx != num_ctx
        load_ms = self.load(request.num_ctx)
        restored = self._swap_slot(prompt)
        matched = common_prefix_length(self.slot, prompt)
        reused = min(matched, len(prompt) - 1)
        reply, reply_tokens = self._reply(request, text)
        count = len(reply_tokens) + 1
        slower = self._other_work.next_request()
        prefill_ms = slower * self.latencies.prefill(len(prompt) - reused, len(prompt), self.physics.depth_cost)
        if self._first_prompt:
            prefill_ms *= self._other_work.first_prompt(slower)
            self._first_prompt = False
        self._fill_slot(prompt + reply_tokens, num_ctx)
        served = ServedRequest(
            number=len(self.requests) + 1,
            model=request.model,
            raw=request.raw,
            context_sent=len(request.context),
            sent_tokens=len(sent),
            prompt_tokens=len(prompt),
            matched=matched,
            reused=reused,
            evaluated=len(prompt) - reused,
            output_tokens=count,
            truncated=len(prompt) < len(sent),
            loaded=will_load,
            restored=restored,
            load_ms=load_ms,
            queue_ms=queue_ms,
            prefill_ms=prefill_ms,
            # Never quite 0: whether 0.12.11 leaves the duration of an answer of one token out was not seen.
            decode_ms=max(slower * self.latencies.decode(count - 1, len(prompt)), NO_STEP_MS),
            other_ms=self.latencies.unreported(count) + (RESTORE_MS if restored else 0.0),
            reply=reply,
            context=None if request.raw else tuple(sent[1:] + reply_tokens),
        )
        self.requests.append(served)
        return served

    def report(self, served: ServedRequest) -> dict[str, Any]:
        """The six counts and durations (ns) of the last chunk, and the seventh of 0.33.3. A zero is left out."""
        rules = self.rules
        prefill = served.prefill_ms
        if rules.last_batch and served.evaluated > BATCH:
            prefill *= _batch_ms(served.evaluated) / _batch_ms(served.evaluated, whole=True)
        if rules.counts == "full":
            count = served.prompt_tokens
        else:
            count = max(rules.min_count, served.prompt_tokens - (served.reused if rules.min_count else served.matched))
        fields: dict[str, Any] = {
            "total_duration": _ns(served.total_ms, 100),
            "load_duration": _ns(served.load_ms, 100),
            "prompt_eval_count": count,
            "prompt_eval_duration": _ns(prefill, rules.tick_ns),
            "eval_count": served.output_tokens,
            "eval_duration": _ns(served.decode_ms, rules.tick_ns),
        }
        fields = {key: value for key, value in fields.items() if value}
        if rules.cached_key:
            fields["prompt_eval_cached_count"] = served.reused
        return fields

    def _prepare(self, request: GenerateRequest) -> tuple[str, list[int], list[int]]:
        """The prompt as text, its tokens, and its tokens after truncation."""
        if request.raw and (request.context or request.has_template):
            raise RequestRejected(400, RAW_REFUSAL)
        text = (
            request.prompt
            if request.raw
            else self.tokenizer.decode(list(request.context)) + TEMPLATE.format(request.prompt)
        )
        sent = [BOS, *self.tokenizer.encode(text)]
        prompt = truncate_prompt(sent, request.num_ctx or self.rules.num_ctx, self.rules)
        if len(prompt) < len(sent) and not request.truncate and self.rules.truncate_flag:
            raise RequestRejected(400, TOO_LONG)
        return text, sent, prompt

    def _reply(self, request: GenerateRequest, text: str) -> tuple[str, list[int]]:
        """The reply as text and as tokens, without the stop token."""
        if request.reply_fault == "empty":
            return "", []
        has_persona = PERSONA_MARKER in text
        count = self.latencies.reply_tokens(short=SHORT_REPLY_MARKER in text[-600:] or not has_persona)
        if request.num_predict > 0:
            count = min(count, request.num_predict)
        reply = compose_reply(self.random, self.tokenizer, count - 1, confused=not has_persona)
        if request.reply_fault == "leak":
            reply = "<|start_header_id|>assistant<|end_header_id|>\n\n" + reply + "<|eot_id|>"
        return reply, self.tokenizer.encode(reply)

    def _swap_slot(self, prompt: list[int]) -> bool:
        """From 0.30 on: save the cached prompt if less than half of it is reused. True if a saved one was restored."""
        if not self.rules.ram_cache or not self.slot:
            return False
        shared = common_prefix_length(self.slot, prompt)
        if shared / len(self.slot) >= 0.5:
            return False
        best = max(self.saved_prompts, key=lambda saved: common_prefix_length(saved, prompt), default=None)
        restore = best is not None and common_prefix_length(best, prompt) > shared
        if best is not None and restore:
            self.saved_prompts.remove(best)
        self.saved_prompts = [self.slot, *self.saved_prompts][:4]
        if best is not None and restore:
            self.slot = best
        return restore

    def _fill_slot(self, tokens: list[int], num_ctx: int) -> None:
        """Put the tokens into the cache. While it is too small, the older half after the first five is dropped."""
        keep = 5
        while len(tokens) > num_ctx:
            tokens = tokens[:keep] + tokens[keep + (num_ctx - keep) // 2 :]
        self.slot = tokens


def ground_truth(served: ServedRequest) -> Mapping[str, Any]:
    """The fields with which tests and benchmarks compare an estimate; they can be encoded as JSON."""
    names = (
        "number model raw context_sent sent_tokens prompt_tokens matched reused evaluated output_tokens truncated "
        "loaded restored load_ms queue_ms prefill_ms decode_ms other_ms total_ms"
    )
    return {name: getattr(served, name) for name in names.split()}


def _ns(ms: float, tick: int) -> int:
    return round(ms * 1_000_000 / tick) * tick


def _batch_ms(tokens: int, whole: bool = False) -> float:
    """Time to evaluate all ``tokens`` (``whole``) or only their last batch, without random deviation, ms."""
    return PREFILL_BASE_MS + PREFILL_MS_PER_TOKEN * (tokens if whole else (tokens - 1) % BATCH + 1)
