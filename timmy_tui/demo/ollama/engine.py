"""What happens to a prompt inside the stand-in: load, cut, prefix cache, answer. No HTTP, no waiting."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from timmy_tui.demo.dialogue import PERSONA_MARK, SHORT_MARK, compose
from timmy_tui.demo.latencies import PREFILL_BASE_MS, PREFILL_MS_PER_TOKEN, Latencies
from timmy_tui.demo.ollama.version_rules import Rules, cut_prompt, rules_for
from timmy_tui.demo.tokens import BOS, Tokenizer, common_prefix

RAW_REFUSAL = "raw mode does not support template, system, or context"
TOO_LONG = "the input length exceeds the context length"
TEMPLATE = "<|start_header_id|>user<|end_header_id|>\n\n{}<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n"
BATCH = 512
RESTORE_MS = 29.9
"""Swapping a prompt in from host memory (0.30+); reported nowhere but in the log."""


class Refused(Exception):
    """The request is answered with an error status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


@dataclass(frozen=True)
class Order:
    """One request for an answer."""

    model: str
    prompt: str
    raw: bool = False
    context: tuple[int, ...] = ()
    dressed: bool = False
    """``system`` or ``template`` came with it."""
    num_ctx: int = 0
    """0: the version's default."""
    num_predict: int = 0
    truncate: bool = True
    quirk: str = ""
    """``empty`` or ``leak``: answer with nothing, or with pieces of the template."""


@dataclass(frozen=True, kw_only=True)
class Served:
    """The truth about one request; what the API reports of it depends on the version. Times in ms."""

    number: int
    model: str
    raw: bool
    context_sent: int
    sent_tokens: int
    """The prompt as sent, BOS included."""
    prompt_tokens: int
    """What was left of it to evaluate."""
    matched: int
    """Leading tokens that the cache held; may be the whole prompt."""
    reused: int
    """Tokens not evaluated again; at least one always is."""
    evaluated: int
    output_tokens: int
    truncated: bool
    loaded: bool
    """The model was loaded for it: the cache was empty."""
    restored: bool
    load_ms: float
    queue_ms: float
    prefill_ms: float
    decode_ms: float
    other_ms: float
    """Reported nowhere but in the total: tokenizing, sampling, plumbing, prompt swaps."""
    reply: str = field(repr=False)
    context: tuple[int, ...] | None = field(repr=False)
    """Ids that go back to the client; None in raw mode."""

    @property
    def total_ms(self) -> float:
        """total_duration: everything but the context array's tokenizing."""
        return self.load_ms + self.queue_ms + self.prefill_ms + self.decode_ms + self.other_ms


class Engine:
    """One model with one slot."""

    def __init__(self, version: str, latencies: Latencies, seed: int = 0) -> None:
        self.version = version
        self.rules: Rules = rules_for(version)
        self.latencies = latencies
        self.random = random.Random(f"replies {seed}")
        self.tokenizer = Tokenizer()
        self.loaded_ctx = 0
        """num_ctx of the loaded model; 0 while none is loaded."""
        self.slot: list[int] = []
        self.stored: list[list[int]] = []
        self.requests: list[Served] = []

    def load(self, num_ctx: int) -> float:
        """Load the model if it is not loaded like this already; returns load_duration in ms."""
        wanted = num_ctx or self.rules.num_ctx
        if self.loaded_ctx == wanted:
            return self.latencies.warm_load(self.rules.warm_load_ms)
        self.unload()
        self.loaded_ctx = wanted
        return self.latencies.draw("cold_load") + self.rules.warm_load_ms

    def unload(self) -> None:
        """Forget the model and everything that it had cached."""
        self.loaded_ctx = 0
        self.slot = []
        self.stored = []

    def serve(self, order: Order, queue_ms: float = 0.0) -> Served:
        """Answer one prompt. Raises Refused where a real server would."""
        text, sent, prompt = self._prepare(order)
        num_ctx = order.num_ctx or self.rules.num_ctx
        will_load = self.loaded_ctx != num_ctx
        load_ms = self.load(order.num_ctx)
        restored = self._choose_slot(prompt)
        matched = common_prefix(self.slot, prompt)
        reused = min(matched, len(prompt) - 1)
        reply, answer = self._answer(order, text)
        count = len(answer) + 1
        self._hold(prompt + answer, num_ctx)
        served = Served(
            number=len(self.requests) + 1,
            model=order.model,
            raw=order.raw,
            context_sent=len(order.context),
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
            prefill_ms=self.latencies.prefill(len(prompt) - reused),
            decode_ms=self.latencies.decode(count, len(prompt)),
            other_ms=self.latencies.unreported(count) + (RESTORE_MS if restored else 0.0),
            reply=reply,
            context=None if order.raw else tuple(sent[1:] + answer),
        )
        self.requests.append(served)
        return served

    def report(self, served: Served) -> dict[str, Any]:
        """The six timing fields of the done chunk (and the seventh of 0.33.3); a zero is left out."""
        rules = self.rules
        prefill = served.prefill_ms
        if rules.last_batch and served.evaluated > BATCH:
            prefill *= _batch_ms(served.evaluated) / _batch_ms(served.evaluated, whole=True)
        if rules.counts == "full":
            count = served.prompt_tokens
        else:
            count = max(rules.least, served.prompt_tokens - (served.reused if rules.least else served.matched))
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

    def _prepare(self, order: Order) -> tuple[str, list[int], list[int]]:
        """The prompt as text, as tokens, and as the tokens that are left to evaluate."""
        if order.raw and (order.context or order.dressed):
            raise Refused(400, RAW_REFUSAL)
        text = order.prompt if order.raw else self.tokenizer.decode(list(order.context)) + TEMPLATE.format(order.prompt)
        sent = [BOS, *self.tokenizer.encode(text)]
        prompt = cut_prompt(sent, order.num_ctx or self.rules.num_ctx, self.rules)
        if len(prompt) < len(sent) and not order.truncate and self.rules.truncate_flag:
            raise Refused(400, TOO_LONG)
        return text, sent, prompt

    def _answer(self, order: Order, text: str) -> tuple[str, list[int]]:
        if order.quirk == "empty":
            return "", []
        tail = text[-600:]
        wanted = self.latencies.reply_tokens(short=SHORT_MARK in tail or PERSONA_MARK not in text)
        if order.num_predict > 0:
            wanted = min(wanted, order.num_predict)
        reply = compose(self.random, self.tokenizer, wanted - 1, lost=PERSONA_MARK not in text)
        if order.quirk == "leak":
            reply = "<|start_header_id|>assistant<|end_header_id|>\n\n" + reply + "<|eot_id|>"
        return reply, self.tokenizer.encode(reply)

    def _choose_slot(self, prompt: list[int]) -> bool:
        """From 0.30 on a prompt that would lose more than half is put aside. True if a kept one was swapped in."""
        if not self.rules.ram_cache or not self.slot:
            return False
        held = common_prefix(self.slot, prompt)
        if held / len(self.slot) >= 0.5:
            return False
        best = max(self.stored, key=lambda kept: common_prefix(kept, prompt), default=None)
        swap = best is not None and common_prefix(best, prompt) > held
        if best is not None and swap:
            self.stored.remove(best)
        self.stored = [self.slot, *self.stored][:4]
        if best is not None and swap:
            self.slot = best
        return swap

    def _hold(self, tokens: list[int], num_ctx: int) -> None:
        """Keep the tokens; a slot that ran full while generating drops the older half behind the first ones."""
        keep = 5
        while len(tokens) > num_ctx:
            tokens = tokens[:keep] + tokens[keep + (num_ctx - keep) // 2 :]
        self.slot = tokens


def truth(served: Served) -> Mapping[str, Any]:
    """What tests and benches compare an estimate with, as JSON."""
    names = (
        "number model raw context_sent sent_tokens prompt_tokens matched reused evaluated output_tokens truncated "
        "loaded restored load_ms queue_ms prefill_ms decode_ms other_ms total_ms"
    )
    return {name: getattr(served, name) for name in names.split()}


def _ns(ms: float, tick: int) -> int:
    return round(ms * 1_000_000 / tick) * tick


def _batch_ms(tokens: int, whole: bool = False) -> float:
    """Undisturbed time of all ``tokens``, or of the last batch of them alone."""
    return PREFILL_BASE_MS + PREFILL_MS_PER_TOKEN * (tokens if whole else (tokens - 1) % BATCH + 1)
