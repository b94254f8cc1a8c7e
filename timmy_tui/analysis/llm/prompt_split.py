"""How one prompt divides into reused and evaluated tokens, and how that is known."""

from dataclasses import dataclass

from timmy_tui.analysis.llm.cold_rate import FULL_HIT_MS, PrefillRate, evaluated_tokens, fastest_cold, prior_rate
from timmy_tui.analysis.llm.llm_requests import LlmRequest
from timmy_tui.analysis.llm.ollama_versions import PromptEvalCount, VersionRule
from timmy_tui.model.llm import Certainty

UNREPORTED_MS = 3.0
UNREPORTED_MS_PER_TOKEN = 0.84
"""Ollama's total minus its reported parts, fitted on a real log: 3 ms + 0.84 ms per token of sampling and transport."""


@dataclass(frozen=True)
class PromptSplit:
    """What is known about one prompt."""

    certainty: Certainty
    reason: str
    """Where the figures come from, or why there are none."""
    prompt_tokens: int | None = None
    reused_tokens: int | None = None

    @property
    def share(self) -> float | None:
        """Reused share of the prompt, 0…1; None when unknown."""
        return None if self.reused_tokens is None or not self.prompt_tokens else self.reused_tokens / self.prompt_tokens


def split_prompt(
    request: LlmRequest,
    version: str | None,
    rule: VersionRule | None,
    rate: PrefillRate | None,
    incomplete_times: bool = False,
) -> PromptSplit:
    """Measured where Ollama reports it, else estimated from the prefill time, else unknown with the reason.

    ``rule`` is None for an unknown version; ``rate`` is None before the first cold turn. ``incomplete_times``: this
    server has reported prefill times too short for the tokens it evaluated.
    """
    measured = measured_split(request)
    if measured is not None:
        return measured
    unknown_reason = _unknown_reason(request, version, rule, incomplete_times)
    prompt_tokens, prefill_ms = request.prompt_tokens, request.prefill_ms
    if unknown_reason or prompt_tokens is None or prefill_ms is None:
        counts_misses = rule is not None and rule.counts is PromptEvalCount.MISSES
        return PromptSplit(Certainty.UNKNOWN, unknown_reason, None if counts_misses else prompt_tokens)
    decode_rate = request.decode_rate
    reference, reason = _reference_rate(apparent_rate(prompt_tokens, prefill_ms), decode_rate, rate)
    if reference is None:
        return PromptSplit(Certainty.UNKNOWN, reason, prompt_tokens)
    evaluated = evaluated_tokens(prompt_tokens, prefill_ms, full_hit_ms(decode_rate, prefill_ms), reference)
    assumption = "" if rule is not None else "assumes Ollama 0.12.7 or newer; "
    return PromptSplit(Certainty.ESTIMATED, assumption + reason, prompt_tokens, prompt_tokens - evaluated)


def measured_split(request: LlmRequest) -> PromptSplit | None:
    """The split as Ollama itself reported it, in its answer or in its server log; None when it did not."""
    if request.cached_tokens is not None and request.prompt_tokens:
        cached = min(request.cached_tokens, request.prompt_tokens)
        return PromptSplit(Certainty.MEASURED, "prompt_eval_cached_count", request.prompt_tokens, cached)
    served = request.served
    if served is not None and served.prompt and served.reused is not None:
        return PromptSplit(Certainty.MEASURED, "Ollama's server log", served.prompt, min(served.reused, served.prompt))
    return None


def _unknown_reason(request: LlmRequest, version: str | None, rule: VersionRule | None, incomplete_times: bool) -> str:
    """Why no estimate is possible; empty when one is."""
    if rule is not None and rule.counts is PromptEvalCount.MISSES:
        count = "no count" if request.prompt_tokens is None else f"{request.prompt_tokens} evaluated"
        return f"{count}: Ollama {version} {rule.note}"
    if not request.prompt_tokens:
        return "Ollama gave no prompt count"
    if rule is not None and not rule.times_all_uncached:
        return f"Ollama {version} {rule.note}"
    if request.prefill_ms is None:
        return "Ollama gave no prefill time"
    if incomplete_times:
        return "prefill times too short for a cold prompt: Ollama 0.12.5 or 0.12.6?"
    return ""


def _reference_rate(
    apparent: float, decode_rate: float | None, learned: PrefillRate | None
) -> tuple[PrefillRate | None, str]:
    """The cold rate to compare the prefill with, and its name; or None and the reason why there is none."""
    if learned is not None:
        kind = "" if learned.certain else "presumed "
        plural = "s" if learned.samples > 1 else ""
        rate = f"{learned.tokens_per_second:.0f} tok/s"
        return learned, f"compared with {learned.samples} {kind}cold turn{plural}, {rate}"
    if apparent <= fastest_cold(decode_rate):
        return None, "no cold turn yet to compare with"
    return prior_rate(decode_rate), "prior rate, not calibrated: faster than any cold prefill"


def apparent_rate(tokens: int, prefill_ms: float) -> float:
    """Tokens per second, had all of them been evaluated; a time below 0.01 ms counts as that."""
    return tokens / max(prefill_ms, 0.01) * 1000


def full_hit_ms(decode_rate: float | None, prefill_ms: float) -> float:
    """Prefill time of a full cache hit in ms: one decode step, and never more than the whole prefill."""
    return min(FULL_HIT_MS if decode_rate is None else 1000 / decode_rate, prefill_ms)


def queue_ms(request: LlmRequest) -> float | None:
    """Time in ms that Ollama spent and did not report, above the usual: waiting for the slot, or for a slow reader."""
    if (
        request.ollama_total_ms is None
        or request.prefill_ms is None
        or request.decode_ms is None
        or request.load_ms is None
    ):
        return None
    reported_ms = request.load_ms + request.prefill_ms + request.decode_ms
    usual_ms = UNREPORTED_MS + UNREPORTED_MS_PER_TOKEN * (request.output_tokens or 0)
    return max(request.ollama_total_ms - reported_ms - usual_ms, 0.0)


def ttft_ms(request: LlmRequest) -> float | None:
    """Upper bound on the time to first token in ms: the whole request minus its decode time."""
    wall_ms = request.llm_ms if request.llm_ms is not None else request.ollama_total_ms
    return None if wall_ms is None or request.decode_ms is None else max(wall_ms - request.decode_ms, 0.0)
