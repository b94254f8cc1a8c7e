"""Questions to Ollama that show whether its prompt cache works: upstream's four, and the decisive one.

The decisive one is the same raw prompt twice. If the second is answered from the cache, its prefill takes one decode
step, whatever prompt_eval_count says. Everything here generates: it uses the GPU and takes v34's slot, so that v34's
next turn is cold.
"""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from timmy_tui.analysis.llm.ollama_versions import PromptEvalCount, VersionRule, rule_for
from timmy_tui.core.errors import NotFound, SourceError
from timmy_tui.sources.services.http import Answer, HttpClient, text_of, whole_of
from timmy_tui.sources.services.ollama import OllamaClient
from timmy_tui.sources.services.urls import masked

WARNING = (
    "This asks the model seven short questions. It uses the GPU for some seconds, and it takes the cache slot that "
    "v34's conversation is in: Timmy's next turn reads its whole prompt anew."
)
RAW_REFUSAL = "raw mode does not support template, system, or context"
"""Ollama's exact words since 0.1.9, with HTTP 400."""
COLLAPSED = 0.5
"""Of the first prefill; a full hit is one decode step of about 10 ms against 200 ms or more."""
LINES = 90
"""About a thousand tokens: cold some 200 ms on an RTX 3060."""
TIMEOUT_S = 120.0
"""A load from a slow disk included."""

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Step:
    """One question and what came back; None is not told."""

    key: str
    label: str
    status: int | None
    problem: str
    """Empty when it was answered."""
    meaning: str
    prompt_tokens: int | None = None
    cached_tokens: int | None = None
    prefill_ms: float | None = None
    decode_ms: float | None = None
    load_ms: float | None = None
    rest_ms: float | None = None
    """Total less load and decode: prefill and what no field tells."""
    context: int | None = None
    """Length of the context array that came back; None when none came."""


@dataclass(frozen=True)
class Probe:
    """The whole report."""

    url: str
    version: str | None
    model: str
    num_ctx: int | None
    steps: tuple[Step, ...]
    verdict: str
    """``works``, ``does not show`` or ``not answered``."""
    summary: str


class _Session:
    """Sends the questions, each with the same options, so that nothing is reloaded."""

    def __init__(self, url: str, model: str, num_ctx: int | None, keep_alive: str) -> None:
        self.wire = HttpClient(url, timeout_s=TIMEOUT_S, whole_s=2 * TIMEOUT_S)
        self._model = model
        self._num_ctx = num_ctx
        self._keep_alive = keep_alive

    def ask(self, prompt: str, stream: bool = False, **more: Any) -> Answer:
        """One question; of a stream the last object is the body."""
        options: dict[str, Any] = {"num_predict": 8, "temperature": 0}
        if self._num_ctx:
            options["num_ctx"] = self._num_ctx
        keep: object = int(self._keep_alive) if self._keep_alive.lstrip("-").isdigit() else self._keep_alive
        body = {"model": self._model, "prompt": prompt, "stream": stream, "keep_alive": keep, "options": options}
        answer = self.wire.ask("/api/generate", body | more, lines=stream)
        if isinstance(answer.body, list):
            last = answer.body[-1] if answer.body else None
            problem = answer.problem or ("" if isinstance(last, dict) and last.get("done") else "the stream broke off")
            return Answer(answer.status, last, problem)
        return answer


def run_probe(
    url: str, model: str | None = None, num_ctx: int | None = None, keep_alive: str = "1h", tell: Tell | None = None
) -> Probe:
    """Ask everything; ``tell`` hears each label before its question.

    ``model`` and ``num_ctx`` default to what is loaded. Raises SourceError when Ollama cannot be reached, NotFound
    when there is no model to ask.
    """
    version, model, num_ctx = _look_around(url, model, num_ctx)
    session = _Session(url, model, num_ctx, keep_alive)
    try:
        steps = _ask_all(session, tell or (lambda label: None))
    finally:
        session.wire.close()
    verdict, summary = _judge(steps[-2], steps[-1], rule_for(version), version)
    return Probe(masked(url), version, model, num_ctx, tuple(steps), verdict, summary)


def _look_around(url: str, model: str | None, num_ctx: int | None) -> tuple[str | None, str, int | None]:
    """Version, model and window: those given, else what is loaded, else the first model there is."""
    client = OllamaClient(url)
    try:
        told = client.version()
        if told.status is None:
            raise SourceError(f"Ollama at {masked(url)} does not answer: {told.problem}.", "Is it running?")
        version = text_of(told.body.get("version"), 40) if isinstance(told.body, dict) else None
        for answer in (client.ps(), client.wire.ask("/api/tags")):
            for item in _models(answer):
                name = text_of(item.get("name") or item.get("model"))
                if model in (None, name):
                    window = whole_of(item.get("context_length")) or num_ctx
                    return version, name or model or "", window
    finally:
        client.close()
    if model is None:
        raise NotFound(f"Ollama at {masked(url)} has no model.", "Name one: --model NAME")
    return version, model, num_ctx


def _models(answer: Answer) -> list[dict[str, Any]]:
    models = answer.body.get("models") if isinstance(answer.body, dict) else None
    return [item for item in models if isinstance(item, dict)] if isinstance(models, list) else []


def _ask_all(session: _Session, tell: Tell) -> list[Step]:
    """The questions in order; the array for the fourth comes from the second."""
    steps: list[Step] = []

    def step(key: str, label: str, prompt: str, means: Callable[[Answer], str], **more: Any) -> Answer:
        tell(label)
        answer = session.ask(prompt, **more)
        steps.append(_step(key, label, answer, means(answer)))
        return answer

    short = "Say yes."
    step("raw_plain", "1 raw, not streamed", short, _means_raw, raw=True)
    plain = step("template_plain", "2 template, not streamed", short, _means_template)
    step("raw_stream", "3 raw, streamed", short, _means_raw, raw=True, stream=True)
    context = _context(plain.body) or [1, 2, 3]
    step("context_raw", "4a context sent back, raw", "And now say no.", _means_refused, raw=True, context=context)
    step("context_template", "4b context sent back, template", "And now say no.", _means_chained, context=context)
    twice = _long_prompt()
    step(
        "twice_first",
        "5a a new raw prompt of a thousand tokens",
        twice,
        lambda _: "the cache knows nothing of it",
        raw=True,
    )
    step("twice_again", "5b the same prompt again", twice, lambda _: "see below", raw=True)
    return steps


def _step(key: str, label: str, answer: Answer, meaning: str) -> Step:
    body: Mapping[str, Any] = answer.body if isinstance(answer.body, dict) else {}
    total, load, decode = (_ms(body.get(name + "_duration")) for name in ("total", "load", "eval"))
    context = _context(body)
    return Step(
        key=key,
        label=label,
        status=answer.status,
        problem=answer.problem,
        meaning=meaning,
        prompt_tokens=whole_of(body.get("prompt_eval_count")),
        cached_tokens=whole_of(body.get("prompt_eval_cached_count")),
        prefill_ms=_ms(body.get("prompt_eval_duration")),
        decode_ms=decode,
        load_ms=load,
        rest_ms=None if total is None else max(total - (load or 0.0) - (decode or 0.0), 0.0),
        context=None if context is None else len(context),
    )


def _means_raw(answer: Answer) -> str:
    if answer.problem:
        return "no answer to judge"
    if _context(answer.body):
        return "a context array came back, though raw mode never returned one before"
    return "no context array, as in every version: raw mode returns none; the cache does not need it"


def _means_template(answer: Answer) -> str:
    context = _context(answer.body)
    if answer.problem:
        return "no answer to judge"
    if context:
        return f"a context array of {len(context)} token ids: text to send back, not a handle on the cache"
    return "no context array, though it was to be expected without raw"


def _means_refused(answer: Answer) -> str:
    said = answer.body.get("error") if isinstance(answer.body, dict) else None
    if answer.status == 400 and said == RAW_REFUSAL:
        return "refused, as it should be: raw and context exclude each other in every version"
    if answer.problem:
        return "refused in other words than any known version's"
    return "accepted, though every known version refuses it"


def _means_chained(answer: Answer) -> str:
    if answer.problem:
        return "no answer to judge"
    return "accepted: the ids were turned into text and put before the prompt; they count as prompt tokens"


def _judge(first: Step, again: Step, rule: VersionRule | None, version: str | None) -> tuple[str, str]:
    """What the same prompt twice shows."""
    if first.problem or again.problem:
        return "not answered", f"the prompt was not answered twice: {first.problem or again.problem}"
    before, after = first.prompt_tokens, again.prompt_tokens
    if again.cached_tokens is not None and after:
        works = again.cached_tokens > after / 2
        return _word(works), f"Ollama itself says it: {again.cached_tokens} of {after} tokens came from the cache"
    misses = rule is not None and rule.counts is PromptEvalCount.MISSES
    if before and (misses or (after or 0) < before / 2):
        works = (after or 0) < before / 2
        return _word(works), f"tokens evaluated fell from {before} to {after or 0}: this version counts only those"
    count = f"the count stays {after}" if before == after else f"the count goes from {before} to {after}"
    if rule is None or rule.times_all_uncached:
        name, one, two = "prefill", first.prefill_ms, again.prefill_ms
    else:
        # 0.12.5 and 0.12.6 time the last 512 tokens alone: what no field tells shows the rest.
        name, one, two = (
            f"the time outside load and decode ({version} does not time the prefill)",
            first.rest_ms,
            again.rest_ms,
        )
    if one is None or two is None:
        return "does not show", f"{count}, and no duration was told"
    works = two < one * COLLAPSED
    change = f"{name} {'fell' if works else 'went'} from {one:.0f} to {two:.0f} ms"
    if works:
        return _word(works), f"{count}, {change}: the prompt came from the cache"
    return _word(works), f"{count}, {change}: no reuse to be seen; another client may have used the slot in between"


def _word(works: bool) -> str:
    return "works" if works else "does not show"


def _context(body: Any) -> list[int] | None:
    context = body.get("context") if isinstance(body, dict) else None
    return [item for item in context if isinstance(item, int)] if isinstance(context, list) and context else None


def _ms(value: object) -> float | None:
    whole = whole_of(value)
    return None if whole is None else whole / 1e6


def _long_prompt() -> str:
    """New from its first token, so that nothing of it can be in any cache."""
    lines = "\n".join(
        f"{number}. The lamp on shelf {number} is {number * 7 % 90} years old." for number in range(LINES)
    )
    return f"{uuid.uuid4()}\n{lines}\nHow old is the lamp on shelf 3?\n"
