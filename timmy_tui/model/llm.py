"""What is known of the language model: its server, the prompt cache, the context window, the criteria of the guide.

"The guide" is "KV Cache Fix - Implementation & Restore Guide" by the author of Little Timmy, November 2025.
"""

from enum import StrEnum

from msgspec import Struct


class Certainty(StrEnum):
    """How a figure is known. Figures of different certainty are never mixed."""

    MEASURED = "measured"
    KNOWN = "known"
    """It follows from what happened: after a load, or where a cut prompt begins elsewhere, nothing can be reused."""
    ESTIMATED = "estimated"
    UNKNOWN = "unknown"


class Reuse(Struct, frozen=True, kw_only=True):
    """How much of one turn's prompt came from the prompt cache."""

    ordinal: int
    prompt_tokens: int | None
    reused: int | None
    """Tokens; None when unknown."""
    share: float | None
    """0…1."""
    certainty: Certainty
    reason: str
    """Where the figure comes from, or why it is not known."""
    least: float | None = None
    most: float | None = None
    """0…1. Of an estimate that is only a range; ``share`` is then its likeliest point. Else None."""
    cut: bool = False
    """The prompt was cut to fit the context window."""
    busy: bool = False
    """The machine was busy with other work: neither an estimate nor a cause can be given."""
    cold: bool = False
    """Nothing was reused but the head of the prompt, or the model was loaded for this turn."""
    broken: str = ""
    """Likeliest cause when a prefix that should have been reused was not; else empty."""
    load_ms: float | None = None
    loaded: bool = False
    """The model was loaded for this turn: load_ms is far above that of a loaded model."""
    queue_ms: float | None = None
    """Time that no field of Ollama reports, above its minimum per token: waiting behind another request."""
    prefill_ms: float | None = None
    decode_ms: float | None = None
    decode_rate: float | None = None
    """Tokens per second."""
    ttft_ms: float | None = None
    """Upper bound on the time to first token: request minus decode."""


class PrefillKey(Struct, frozen=True):
    """What a cold rate is valid for; ``""`` and 0: not known."""

    model: str
    num_ctx: int
    quantization: str
    version: str


class LearnedRate(Struct, frozen=True, kw_only=True):
    """What cold turns, or a probe, taught about one machine: kept in history for the next run."""

    key: PrefillKey
    ms_per_token: float
    """Of an uncached prompt token, without a token before it."""
    depth_cost: float
    """As in OllamaFacts."""
    samples: int
    """Certain cold turns that it was learned from."""
    step_ms: float | None = None
    """The usual decode step without a prompt."""


class ServedPrompt(Struct, frozen=True, kw_only=True):
    """One request as Ollama's own server log reports it; None: not reported."""

    number: int
    """Position in order of arrival."""
    at: float | None = None
    """time.time(), if one of its lines has a timestamp."""
    prompt: int | None = None
    """Tokens of the whole prompt, after truncation."""
    reused: int | None = None
    evaluated: int | None = None
    prefill_ms: float | None = None
    truncated: bool = False
    """The prompt was cut to fit the context window."""
    num_ctx: int | None = None


class OllamaFacts(Struct, frozen=True, eq=False):
    """What Ollama's read-only endpoints report, and its log where it is followed; None: not reported."""

    url: str
    reachable: bool | None
    since: float | None
    """time.time() of the last change of ``reachable``."""
    problem: str = ""
    """Why it cannot be reached or its response cannot be used; cleaned text."""
    version: str | None = None
    model: str | None = None
    parameters: str | None = None
    """Parameter size as Ollama reports it: ``3.2B``."""
    quantization: str | None = None
    size: int | None = None
    """Bytes."""
    size_vram: int | None = None
    context_length: int | None = None
    """num_ctx of the loaded model."""
    digest: str | None = None
    depth_cost: float | None = None
    """What a prompt token costs more for each token before it, as a share: from the model's layers and width."""
    expires: float | None = None
    """time.time() at which the model is unloaded; inf: never."""
    last_activity: float | None = None
    """expires_at minus keep_alive: the end of the last request."""
    loaded: bool | None = None
    """None before the first response, while no model is known to be the one that v34 uses, and of a cloud model."""
    cloud: bool = False
    """The model runs elsewhere, Ollama only passes requests on: nothing of it is ever loaded here."""
    served: tuple[ServedPrompt, ...] = ()
    """The newest requests in the server log, oldest first; empty when no log is followed."""

    @property
    def gpu_share(self) -> float | None:
        """Part of the model in GPU memory, 0–1. Both sizes are estimates: one can exceed the other."""
        if not self.size or self.size_vram is None:
            return None
        return min(self.size_vram / self.size, 1.0)


class ContextState(Struct, frozen=True, eq=False):
    """How full the context window is, and when it will be full."""

    window: int | None
    """num_ctx in tokens."""
    window_source: str
    """``loaded``, ``v34 log``, ``config``, ``""``."""
    fill: float | None
    """Prompt plus reply of the newest turn, over the window; above 1 the prompt is cut."""
    used: int | None
    """Tokens."""
    growth: float | None
    """Tokens per turn, median over the session."""
    turns_left: int | None
    """Turns until the window is full; None when the fill does not grow or is not known."""
    truncated: bool
    """The prompt of the newest turn was cut, which Ollama does without an error."""
    note: str = ""
    used_estimated: bool = False
    """``used`` rests on characters / 4: no field reports how long a cut prompt was."""


PASS, FAIL, NOT_JUDGED = "pass", "fail", "not judged"
MISLEADING = "misleading"
"""A sign of the guide that is taken for the prompt cache, and shows something else, whatever it reads."""
BROKE = "Something broke"
"""Group of the signs that something broke: there, pass means that it was not seen."""


class Criterion(Struct, frozen=True, eq=False):
    """One criterion of the guide, judged on the running epoch."""

    key: str
    label: str
    group: str
    """The heading in the guide: ``Success Metrics``, ``Phase 1``, ``Phase 2``, ``Something broke``."""
    verdict: str
    """``pass``, ``fail``, ``misleading`` or ``not judged``."""
    value: str
    """The current figure as text, with the number of turns behind it; empty where none is known."""
    note: str = ""
    """What the figure really means, where the guide is misleading."""
    because: str = ""
    """Why it is not judged; else empty."""


class LlmState(Struct, frozen=True, eq=False):
    """Everything that the dashboard shows of the language model."""

    facts: OllamaFacts | None
    reuse: tuple[Reuse, ...]
    """Newest last, at most 200."""
    context: ContextState | None
    criteria: tuple[Criterion, ...]
    warnings: tuple[str, ...] = ()
    """One line each, worst first: layers on the CPU, unloading soon, truncation."""
    learned: tuple[LearnedRate, ...] = ()
    """Cold rates that are worth keeping for the next run."""
