"""One prompt's division into reused and evaluated tokens, and how it is known."""

from dataclasses import dataclass

from timmy_tui.analysis.llm.cold_rate import BASE_MS, Rate, evaluated_tokens, fastest_cold, prior_rate
from timmy_tui.analysis.llm.ollama_versions import Counts, VersionRule
from timmy_tui.analysis.llm.requests import Request
from timmy_tui.model.llm import Certainty

UNREPORTED_MS = 3.0
UNREPORTED_MS_PER_TOKEN = 0.84
"""Total less its reported parts, fitted on a real log: 3 ms + 0.84 ms a token of sampling and plumbing."""


@dataclass(frozen=True)
class Split:
    """What is known of one prompt."""

    certainty: Certainty
    reason: str
    prompt: int | None = None
    reused: int | None = None

    @property
    def share(self) -> float | None:
        """0…1; None when unknown."""
        return None if self.reused is None or not self.prompt else self.reused / self.prompt


def split_prompt(
    request: Request, version: str | None, rule: VersionRule | None, rate: Rate | None, suspect: bool = False
) -> Split:
    """``rule`` is None for an unknown version; ``rate`` is None before a cold turn was seen.

    ``suspect``: the durations of this server were seen to be too short for what they should cover.
    """
    told = told_split(request)
    if told is not None:
        return told
    why = _why_unknown(request, version, rule, suspect)
    if why:
        whole = None if rule is not None and rule.counts is Counts.MISSES else request.prompt
        return Split(Certainty.UNKNOWN, why, whole)
    prompt, prefill_ms = request.prompt or 0, request.prefill_ms or 0.0
    against, reason = _against(request, rate)
    if against is None:
        return Split(Certainty.UNKNOWN, reason, prompt)
    evaluated = evaluated_tokens(prompt, prefill_ms, base_ms(request), against)
    assumed = "" if rule is not None else "assumes Ollama 0.12.7 or newer; "
    return Split(Certainty.ESTIMATED, assumed + reason, prompt, prompt - evaluated)


def told_split(request: Request) -> Split | None:
    """What Ollama itself said, in its answer or in its log."""
    if request.cached is not None and request.prompt:
        cached = min(request.cached, request.prompt)
        return Split(Certainty.MEASURED, "prompt_eval_cached_count", request.prompt, cached)
    served = request.served
    if served is not None and served.prompt and served.reused is not None:
        return Split(Certainty.MEASURED, "Ollama's server log", served.prompt, min(served.reused, served.prompt))
    return None


def _why_unknown(request: Request, version: str | None, rule: VersionRule | None, suspect: bool) -> str:
    if rule is not None and rule.counts is Counts.MISSES:
        count = "none told" if request.prompt is None else f"{request.prompt} evaluated"
        return f"{count}: Ollama {version} {rule.note}"
    if not request.prompt:
        return "Ollama gave no prompt count"
    if rule is not None and not rule.timed:
        return f"Ollama {version} {rule.note}"
    if request.prefill_ms is None:
        return "Ollama gave no prefill time"
    if suspect:
        return "prefill times too short for a cold prompt: Ollama 0.12.5 or 0.12.6?"
    return ""


def _against(request: Request, learned: Rate | None) -> tuple[Rate | None, str]:
    """What to measure the prefill against, or None with the reason."""
    if learned is not None:
        kind = "" if learned.certain else "presumed "
        plural = "s" if learned.samples > 1 else ""
        return learned, f"against {learned.samples} {kind}cold turn{plural}, {learned.per_second:.0f} tok/s"
    apparent = (request.prompt or 0) / max(request.prefill_ms or 0.0, 0.01) * 1000
    if apparent <= fastest_cold(request.decode_rate):
        return None, "no cold turn seen yet to compare with"
    return prior_rate(request.decode_rate), "prior, not calibrated: faster than any cold prefill"


def base_ms(request: Request) -> float:
    """One decode step: what even a full hit costs."""
    rate = request.decode_rate
    return min(BASE_MS if rate is None else 1000 / rate, request.prefill_ms or 0.0)


def queue_ms(request: Request) -> float | None:
    """Unreported time above its floor: waiting for the slot, or a slow reader."""
    if request.total_ms is None or request.prefill_ms is None or request.decode_ms is None or request.load_ms is None:
        return None
    known = request.load_ms + request.prefill_ms + request.decode_ms
    floor = UNREPORTED_MS + UNREPORTED_MS_PER_TOKEN * (request.output or 0)
    return max(request.total_ms - known - floor, 0.0)


def ttft_ms(request: Request) -> float | None:
    """Upper bound on the time to the first token: the whole request less its decoding."""
    wall = request.llm_ms if request.llm_ms is not None else request.total_ms
    return None if wall is None or request.decode_ms is None else max(wall - request.decode_ms, 0.0)
