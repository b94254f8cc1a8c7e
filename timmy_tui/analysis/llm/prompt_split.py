"""How one prompt divides into reused and evaluated tokens, and how that is known.

Facts come before estimates: what Ollama reports, then what must be (nothing is reused after a load), then whether the
machine was busy, and only then the prefill time.
"""

import math
from dataclasses import dataclass

from timmy_tui.analysis.llm.llm_requests import LlmRequest
from timmy_tui.analysis.llm.ollama_versions import PromptEvalCount, VersionRule
from timmy_tui.analysis.llm.prefill.curve import FULL_HIT_MS, PrefillRate, fastest_cold, prior_rate
from timmy_tui.core.formatting import plural
from timmy_tui.model.llm import Certainty
from timmy_tui.model.stages.system import watched

UNREPORTED_MS = 3.0
UNREPORTED_MS_PER_TOKEN = 0.84
"""Ollama's total minus its reported parts, fitted on a real log: 3 ms + 0.84 ms per token of sampling and transport."""
BUSY_DECODE = 1.45
"""A decode step over the usual one, from which on the machine is busy with other work."""
BESIDE_BUSY_NOISE = 0.4
"""Standard deviation of the logarithm of a prefill's cost next to a busy turn: the work may have reached into it."""
CALM_DECODE = 1.25
"""The same, up to which the machine was surely not busy."""
BUSY_PREFILL = 1.15
"""A prefill over that of the same prompt without the cache, from which on it cannot be the prompt alone."""
PACE_LEAST, PACE_POWER = 0.9, 0.55
"""Whatever slows the decode of an answer slows its prefill too, though not as much: both share clock and memory."""
MIN_STEPS = 8
"""Decode steps in an answer from which on their mean says how fast the machine was."""
FIGURE_RANGE = 0.1
"""An estimate that is known this well in both directions is a figure; else it is shown as a range."""
LIKELY, SURELY = 1.38, 2.3
"""Standard deviations to each side: nine of ten turns are within LIKELY, nearly all are below SURELY (bench/engine)."""
TOO_SHORT = 2.0
"""Decode steps; a batch of a few tokens takes as long as one token, so one step of each prefill is in question."""
WIDEST_RANGE = 0.5
"""An estimate that leaves a wider range than this is none."""


@dataclass(frozen=True)
class PromptSplit:
    """What is known about one prompt."""

    certainty: Certainty
    reason: str
    """Where the figures come from, or why there are none."""
    prompt_tokens: int | None = None
    reused_tokens: int | None = None
    least: float | None = None
    most: float | None = None
    """Shares, where the estimate is only a range."""
    busy: bool = False
    calm: bool = True
    """The answer was decoded about as fast as usual: a slow prefill is not the machine's."""

    @property
    def share(self) -> float | None:
        """Reused share of the prompt, 0…1; None when unknown."""
        return None if self.reused_tokens is None or not self.prompt_tokens else self.reused_tokens / self.prompt_tokens


@dataclass(frozen=True)
class Basis:
    """What an estimate is compared with."""

    rate: PrefillRate | None = None
    """None before the first cold turn."""
    step_ms: float | None = None
    """The usual decode step; None before the first answer of some length."""
    incomplete_times: bool = False
    """This server has reported prefill times too short for the tokens it evaluated."""
    nothing_cached: str = ""
    """``loaded`` or ``cut``: why no part of the prompt can have been in the cache; else empty."""
    beside_busy: bool = False
    """The machine was busy in the turn before or after."""


def split_prompt(request: LlmRequest, version: str | None, rule: VersionRule | None, basis: Basis) -> PromptSplit:
    """Measured where Ollama reports it, else known, else estimated from the prefill time, else unknown with the reason.

    ``rule`` is None for an unknown version.
    """
    measured = measured_split(request)
    if measured is not None:
        return measured
    counts_misses = rule is not None and rule.counts is PromptEvalCount.MISSES
    if basis.nothing_cached and request.prompt_tokens and not counts_misses:
        return PromptSplit(Certainty.KNOWN, _NOTHING_CACHED[basis.nothing_cached], request.prompt_tokens, 0)
    figures = _figures_or_reason(request, version, rule, basis.incomplete_times)
    if isinstance(figures, str):
        return PromptSplit(Certainty.UNKNOWN, figures, None if counts_misses else request.prompt_tokens)
    tokens, prefill_ms = figures
    busy = busy_reason(request, basis)
    if busy:
        return PromptSplit(Certainty.UNKNOWN, busy, tokens, busy=True)
    return _estimate(request, tokens, apparent_rate(tokens, prefill_ms), rule, basis)


_NOTHING_CACHED = {
    "loaded": "the model was loaded for this turn, with an empty cache",
    "cut": "the prompt was cut at its head, so nothing in the cache matches",
}


def busy_reason(request: LlmRequest, basis: Basis) -> str:
    """Why the machine was busy with other work in this turn; empty where nothing shows it."""
    step_ms = own_step_ms(request)
    if step_ms is not None and decoded_slowly(request, basis.step_ms):
        return f"the machine was busy: {step_ms:.1f} ms a token, usually {basis.step_ms:.1f}"
    if is_too_slow(request, basis):
        return "the machine was busy: slower than the whole prompt without the cache"
    return ""


def decoded_slowly(request: LlmRequest, usual_ms: float | None) -> bool:
    """The answer took longer for each token than on a machine without other work."""
    step_ms = own_step_ms(request)
    return step_ms is not None and usual_ms is not None and step_ms > BUSY_DECODE * usual_ms


def is_too_slow(request: LlmRequest, basis: Basis) -> bool:
    """The prefill took longer than this prompt takes without the cache."""
    if basis.rate is None or not request.prompt_tokens or request.prefill_ms is None:
        return False
    rate, tokens = basis.rate, request.prompt_tokens
    doubt = max(BUSY_PREFILL, math.exp(SURELY * rate.deviation_of(tokens, tokens)))
    return uncached_ms(request, basis.step_ms) > doubt * rate.slowest * rate.cold_ms(tokens)


def own_step_ms(request: LlmRequest) -> float | None:
    """The decode step of this answer; None where it is too short to say."""
    tokens = request.output_tokens
    return request.decode_step_ms if tokens is not None and tokens > MIN_STEPS else None


def uncached_ms(request: LlmRequest, step_ms: float | None) -> float:
    """Prefill time above that of a full cache hit, on a machine that decodes at ``step_ms`` a token; never below 0.

    0 where it is not known, which is no time that an evaluated token takes.
    """
    if request.prefill_ms is None:
        return 0.0
    own_ms = own_step_ms(request)
    hit_ms = own_ms or step_ms or FULL_HIT_MS
    above_ms = max(request.prefill_ms - hit_ms, 0.0)
    if own_ms is None or step_ms is None:
        return above_ms
    return above_ms / pace_factor(max(own_ms / step_ms, PACE_LEAST))


def pace_factor(step_factor: float) -> float:
    """How much longer a prefill takes where a decode step takes ``step_factor`` times as long."""
    factor: float = min(step_factor, BUSY_DECODE) ** PACE_POWER
    return factor


def _estimate(
    request: LlmRequest, prompt_tokens: int, apparent: float, rule: VersionRule | None, basis: Basis
) -> PromptSplit:
    """``apparent``: tokens per second, had all of them been evaluated."""
    short = _too_short(request, prompt_tokens, basis)
    if short:
        return PromptSplit(Certainty.UNKNOWN, short, prompt_tokens)
    reference, reason = _reference_rate(apparent, request, basis.rate)
    if reference is None:
        return PromptSplit(Certainty.UNKNOWN, reason, prompt_tokens)
    fewest, reused, highest = _likely_reuse(request, prompt_tokens, basis, reference)
    if basis.beside_busy:
        reason += ", beside a turn in which the machine was busy"
    share, least, most = (tokens / prompt_tokens for tokens in (reused, fewest, highest))
    if most - least > WIDEST_RANGE:
        return PromptSplit(Certainty.UNKNOWN, reason.replace("compared with", "only", 1), prompt_tokens)
    reason = reason if rule is not None else f"assumes Ollama 0.12.7 or newer; {reason}"
    own_ms = own_step_ms(request)
    slower = own_ms is not None and basis.step_ms is not None and own_ms > CALM_DECODE * basis.step_ms
    calm = not slower and not basis.beside_busy
    if max(most - share, share - least) <= FIGURE_RANGE:
        return PromptSplit(Certainty.ESTIMATED, reason, prompt_tokens, reused, calm=calm)
    reason = f"{reason}: between {least:.0%} and {most:.0%}"
    return PromptSplit(Certainty.ESTIMATED, reason, prompt_tokens, reused, least, most, calm=calm)


def _likely_reuse(
    request: LlmRequest, prompt_tokens: int, basis: Basis, reference: PrefillRate
) -> tuple[int, int, int]:
    """Reused tokens: hardly fewer than, likeliest, hardly more than."""
    # The prior follows from this answer's own decode rate, and so from its pace.
    time_ms = uncached_ms(request, basis.step_ms if basis.rate is not None else None)
    # A range that is given by its limits contains this, too.
    start_ms = _step_ms(request, basis) if reference.deviation else 0.0

    def reused(factor: float, above_ms: float) -> int:
        evaluated = round(reference.evaluated(prompt_tokens, above_ms, factor))
        return prompt_tokens - max(1, min(prompt_tokens, evaluated))

    likeliest = reused(1.0, time_ms)
    deviation = reference.deviation_of(prompt_tokens, prompt_tokens - likeliest)
    if basis.beside_busy:
        deviation = math.hypot(deviation, BESIDE_BUSY_NOISE)
    doubt = math.exp(LIKELY * deviation)
    least = reused(reference.fastest / doubt, time_ms + start_ms)
    return least, likeliest, reused(reference.slowest * doubt, time_ms - start_ms / 2)


def _step_ms(request: LlmRequest, basis: Basis) -> float:
    return own_step_ms(request) or basis.step_ms or FULL_HIT_MS


def _too_short(request: LlmRequest, tokens: int, basis: Basis) -> str:
    """Why nothing can be told of a prompt that takes next to no time with or without the cache; else empty."""
    step_ms = _step_ms(request, basis)
    rate = basis.rate or prior_rate(request.decode_rate)
    cold_ms = rate.cold_ms(tokens)
    if cold_ms >= TOO_SHORT * step_ms:
        return ""
    return (
        f"too short to tell: {tokens} tokens take {cold_ms:.0f} ms without the cache, a single one takes {step_ms:.0f}"
    )


def measured_split(request: LlmRequest) -> PromptSplit | None:
    """The split as Ollama itself reported it, in its answer or in its server log; None when it did not."""
    if request.cached_tokens is not None and request.prompt_tokens:
        cached = min(request.cached_tokens, request.prompt_tokens)
        source = "prompt_eval_cached_count" if watched().is_built_in else "as the log says"
        return PromptSplit(Certainty.MEASURED, source, request.prompt_tokens, cached)
    served = request.served
    if served is not None and served.prompt and served.reused is not None:
        return PromptSplit(Certainty.MEASURED, "Ollama's server log", served.prompt, min(served.reused, served.prompt))
    return None


def _figures_or_reason(
    request: LlmRequest, version: str | None, rule: VersionRule | None, incomplete_times: bool
) -> tuple[int, float] | str:
    """Tokens of the prompt and ms of its prefill, where they tell what was reused; else why no estimate is possible."""
    if not watched().is_built_in:
        return "the log does not say what came from the cache"
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
    return request.prompt_tokens, request.prefill_ms


def _reference_rate(
    apparent: float, request: LlmRequest, learned: PrefillRate | None
) -> tuple[PrefillRate | None, str]:
    """The cold rate to compare the prefill with, and its name; or None and the reason why there is none."""
    if learned is not None:
        kind = "" if learned.certain else "presumed "
        rate = f"{learned.tokens_per_second:.0f} tok/s"
        return learned, f"compared with {plural(learned.samples, f'{kind}cold turn')}, {rate}"
    if apparent <= fastest_cold(request.decode_rate):
        return None, "no cold turn yet to compare with"
    known_model = request.model is None or "3b" in request.model.lower()
    return prior_rate(request.decode_rate, known_model), "prior rate, not calibrated: faster than any cold prefill"


def apparent_rate(tokens: int, prefill_ms: float) -> float:
    """Tokens per second, had all of them been evaluated; a time below 0.01 ms counts as that."""
    return tokens / max(prefill_ms, 0.01) * 1000


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
