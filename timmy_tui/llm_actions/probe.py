"""Tests whether Ollama's prompt cache works: the four requests that upstream uses, and the same prompt twice.

The last one decides. If the second request is answered from the cache, its prefill takes as long as one decode step,
whatever prompt_eval_count says. Every request generates: it uses the GPU and replaces v34's prompt in the cache, so
that v34's next turn is cold.
"""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from timmy_tui.analysis.llm.ollama_versions import PromptEvalCount, VersionRule, rule_for
from timmy_tui.core.errors import NotFound, SourceError
from timmy_tui.core.foreign.addresses import mask_url
from timmy_tui.model.model_names import same_model
from timmy_tui.sources.services.http import HttpClient, HttpResponse, as_count, clean_text
from timmy_tui.sources.services.ollama import OllamaClient

WARNING = (
    "This sends seven short requests to the model. It uses the GPU for some seconds, and it replaces v34's "
    "conversation in the cache slot: Timmy's next turn evaluates its whole prompt again."
)
RAW_REFUSAL = "raw mode does not support template, system, or context"
"""Ollama's error message since 0.1.9, with HTTP 400."""
CACHE_HIT_RATIO = 0.5
"""Second prefill over the first, below which the cache was used. A full hit takes one decode step of about 10 ms,
a miss 200 ms or more."""
PROMPT_LINES = 90
"""About a thousand tokens; a cold prefill takes some 200 ms on an RTX 3060."""
TIMEOUT_S = 120.0
"""Includes a load of the model from a slow disk."""

_NAMES_LIMIT = 200
"""Characters of the list of models in a message."""

OnStep = Callable[[str], None]
"""Called with the label of each step before its request."""


@dataclass(frozen=True)
class Step:
    """One request and its response; None: not in the response."""

    key: str
    label: str
    status: int | None
    problem: str
    """Why there is no answer; else empty."""
    meaning: str
    """What the response shows, in one sentence."""
    prompt_tokens: int | None = None
    cached_tokens: int | None = None
    prefill_ms: float | None = None
    decode_ms: float | None = None
    load_ms: float | None = None
    rest_ms: float | None = None
    """Total minus load and decode: prefill, and time that no field reports."""
    context: int | None = None
    """Length of the context array in the response; None without one."""


@dataclass(frozen=True)
class Probe:
    """The result of all steps."""

    url: str
    version: str | None
    model: str
    num_ctx: int | None
    steps: tuple[Step, ...]
    quantization: str | None
    verdict: str
    """``works``, ``does not show`` or ``not answered``."""
    summary: str


class _Generator:
    """Sends requests to /api/generate, all with the same options, so that the model is not loaded again."""

    def __init__(self, url: str, model: str, num_ctx: int | None, keep_alive: str) -> None:
        self.http = HttpClient(url, timeout_s=TIMEOUT_S, total_timeout_s=2 * TIMEOUT_S)
        self._model = model
        self._num_ctx = num_ctx
        self._keep_alive = keep_alive

    def generate(self, prompt: str, stream: bool = False, **fields: Any) -> HttpResponse:
        """One request; ``fields`` are added to its body. The body of a streamed response is its last object."""
        options: dict[str, Any] = {"num_predict": 8, "temperature": 0}
        if self._num_ctx:
            options["num_ctx"] = self._num_ctx
        numeric = self._keep_alive.lstrip("-").isdigit()
        keep_alive: object = int(self._keep_alive) if numeric else self._keep_alive
        body = {"model": self._model, "prompt": prompt, "stream": stream, "keep_alive": keep_alive, "options": options}
        response = self.http.request("/api/generate", body | fields, json_lines=stream)
        if isinstance(response.body, list):
            last = response.body[-1] if response.body else None
            problem = response.problem or (
                "" if isinstance(last, dict) and last.get("done") else "the stream broke off"
            )
            return HttpResponse(response.status, last, problem)
        return response


def run_probe(
    url: str,
    model: str | None = None,
    num_ctx: int | None = None,
    keep_alive: str = "1h",
    on_step: OnStep | None = None,
) -> Probe:
    """Run all steps; takes some seconds. ``num_ctx`` defaults to that of the loaded model.

    Raises SourceError when Ollama cannot be reached, NotFound when ``model`` is None.
    """
    version, model, num_ctx, quantization = _find_model(url, model, num_ctx)
    generator = _Generator(url, model, num_ctx, keep_alive)
    try:
        steps = _run_steps(generator, on_step or (lambda label: None))
    finally:
        generator.http.close()
    verdict, summary = _verdict(steps[-2], steps[-1], rule_for(version), version)
    return Probe(mask_url(url), version, model, num_ctx, tuple(steps), quantization, verdict, summary)


def _find_model(url: str, model: str | None, num_ctx: int | None) -> tuple[str | None, str, int | None, str | None]:
    """Version, model as Ollama names it, num_ctx, quantisation. Of several models nobody but the user knows v34's."""
    client = OllamaClient(url)
    try:
        response = client.version()
        if response.status is None:
            raise SourceError(f"Ollama at {mask_url(url)} does not answer: {response.problem}.", "Is it running?")
        version = clean_text(response.body.get("version"), 40) if isinstance(response.body, dict) else None
        installed = {}
        for listing in (client.ps(), client.http.request("/api/tags")):
            for item in _models(listing):
                name = clean_text(item.get("name") or item.get("model"))
                if name and same_model(model, name):
                    details = item.get("details")
                    quantization = details.get("quantization_level") if isinstance(details, dict) else None
                    window = as_count(item.get("context_length")) or num_ctx
                    return version, name, window, clean_text(quantization, 20)
                installed[name] = True
    finally:
        client.close()
    if model is None:
        names = ", ".join(name for name in installed if name)[:_NAMES_LIMIT] or "none"
        raise NotFound(f"which model v34 uses is not known; Ollama has {names}.", "Name one: --model NAME")
    return version, model, num_ctx, None


def _models(response: HttpResponse) -> list[dict[str, Any]]:
    models = response.body.get("models") if isinstance(response.body, dict) else None
    return [item for item in models if isinstance(item, dict)] if isinstance(models, list) else []


def _run_steps(generator: _Generator, on_step: OnStep) -> list[Step]:
    """All steps in order. Steps 4a and 4b send back the context array that step 2 returned."""
    steps: list[Step] = []

    def step(key: str, label: str, prompt: str, explain: Callable[[HttpResponse], str], **fields: Any) -> HttpResponse:
        on_step(label)
        response = generator.generate(prompt, **fields)
        steps.append(_step(key, label, response, explain(response)))
        return response

    short = "Say yes."
    step("raw_plain", "1 raw, not streamed", short, _explain_raw, raw=True)
    plain = step("template_plain", "2 template, not streamed", short, _explain_template)
    step("raw_stream", "3 raw, streamed", short, _explain_raw, raw=True, stream=True)
    context = _context(plain.body) or [1, 2, 3]
    step("context_raw", "4a context sent back, raw", "And now say no.", _explain_refused, raw=True, context=context)
    step("context_template", "4b context sent back, template", "And now say no.", _explain_chained, context=context)
    long_prompt = _long_prompt()
    step(
        "twice_first",
        "5a a new raw prompt of a thousand tokens",
        long_prompt,
        lambda _: "the cache cannot contain it",
        raw=True,
    )
    step("twice_again", "5b the same prompt again", long_prompt, lambda _: "see below", raw=True)
    return steps


def _step(key: str, label: str, response: HttpResponse, meaning: str) -> Step:
    body: Mapping[str, Any] = response.body if isinstance(response.body, dict) else {}
    total, load, decode = (_ms(body.get(name + "_duration")) for name in ("total", "load", "eval"))
    context = _context(body)
    return Step(
        key=key,
        label=label,
        status=response.status,
        problem=response.problem,
        meaning=meaning,
        prompt_tokens=as_count(body.get("prompt_eval_count")),
        cached_tokens=as_count(body.get("prompt_eval_cached_count")),
        prefill_ms=_ms(body.get("prompt_eval_duration")),
        decode_ms=decode,
        load_ms=load,
        rest_ms=None if total is None else max(total - (load or 0.0) - (decode or 0.0), 0.0),
        context=None if context is None else len(context),
    )


def _explain_raw(response: HttpResponse) -> str:
    if response.problem:
        return "no answer to judge"
    if _context(response.body):
        return "a context array came back, although no known version returns one in raw mode"
    return "no context array, as in every version: raw mode returns none; the cache does not need it"


def _explain_template(response: HttpResponse) -> str:
    context = _context(response.body)
    if response.problem:
        return "no answer to judge"
    if context:
        return f"a context array of {len(context)} token ids: text for the next prompt, not a reference to the cache"
    return "no context array, although one is expected without raw"


def _explain_refused(response: HttpResponse) -> str:
    error = response.body.get("error") if isinstance(response.body, dict) else None
    if response.status == 400 and error == RAW_REFUSAL:
        return "refused, as it should be: raw and context exclude each other in every version"
    if response.problem:
        return "refused with a message that no known version has"
    return "accepted, although every known version refuses it"


def _explain_chained(response: HttpResponse) -> str:
    if response.problem:
        return "no answer to judge"
    return "accepted: the ids were turned into text and put before the prompt; they count as prompt tokens"


def _verdict(first: Step, second: Step, rule: VersionRule | None, version: str | None) -> tuple[str, str]:
    """Verdict and summary from the two steps with the same prompt."""
    if first.problem or second.problem:
        return "not answered", f"the prompt was not answered twice: {first.problem or second.problem}"
    before, after = first.prompt_tokens, second.prompt_tokens
    if second.cached_tokens is not None and after:
        works = second.cached_tokens > after / 2
        return _verdict_text(works), f"Ollama reports it: {second.cached_tokens} of {after} tokens came from the cache"
    misses = rule is not None and rule.counts is PromptEvalCount.MISSES
    if before and (misses or (after or 0) < before / 2):
        works = (after or 0) < before / 2
        return _verdict_text(
            works
        ), f"tokens evaluated fell from {before} to {after or 0}: this version counts only those"
    count = f"the count stays {after}" if before == after else f"the count goes from {before} to {after}"
    if rule is None or rule.times_all_uncached:
        name, first_ms, second_ms = "prefill", first.prefill_ms, second.prefill_ms
    else:
        # 0.12.5 and 0.12.6 time only the last 512 tokens; the time that no field reports contains the rest.
        name, first_ms, second_ms = (
            f"the time outside load and decode ({version} does not time the prefill)",
            first.rest_ms,
            second.rest_ms,
        )
    if first_ms is None or second_ms is None:
        return "does not show", f"{count}, and no duration was reported"
    works = second_ms < first_ms * CACHE_HIT_RATIO
    change = f"{name} {'fell' if works else 'went'} from {first_ms:.0f} to {second_ms:.0f} ms"
    if works:
        return _verdict_text(works), f"{count}, {change}: the prompt came from the cache"
    return _verdict_text(
        works
    ), f"{count}, {change}: no reuse is visible; another client may have used the slot in between"


def _verdict_text(works: bool) -> str:
    return "works" if works else "does not show"


def _context(body: Any) -> list[int] | None:
    context = body.get("context") if isinstance(body, dict) else None
    return [item for item in context if isinstance(item, int)] if isinstance(context, list) and context else None


def _ms(value: object) -> float | None:
    """Milliseconds of a number of nanoseconds."""
    nanoseconds = as_count(value)
    return None if nanoseconds is None else nanoseconds / 1e6


def _long_prompt() -> str:
    """A prompt that is new from its first token on, so that no part of it can be in a cache."""
    lines = "\n".join(
        f"{number}. The lamp on shelf {number} is {number * 7 % 90} years old." for number in range(PROMPT_LINES)
    )
    return f"{uuid.uuid4()}\n{lines}\nHow old is the lamp on shelf 3?\n"
