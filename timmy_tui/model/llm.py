"""What is known of the model: the server, the prompt cache, the context window, the guide's criteria."""

from enum import StrEnum

from msgspec import Struct


class Certainty(StrEnum):
    """How a figure is known; the three are never mixed."""

    MEASURED = "measured"
    ESTIMATED = "estimated"
    UNKNOWN = "unknown"


class Reuse(Struct, frozen=True, kw_only=True):
    """Of one turn's prompt, how much came from the prompt cache."""

    ordinal: int
    prompt_tokens: int | None
    reused: int | None
    """Tokens; None when unknown."""
    share: float | None
    """0…1."""
    certainty: Certainty
    reason: str
    """Where the figure comes from, or why there is none."""
    cold: bool = False
    """First after a load, or nothing but the head of the prompt reused."""
    broken: str = ""
    """Likeliest cause when a prefix that should have been reused was not; empty otherwise."""
    load_ms: float | None = None
    loaded: bool = False
    """load_ms is far above the warm floor: the model was loaded for this turn."""
    queue_ms: float | None = None
    """Ollama's unreported time above its per-token floor: waiting behind another request."""
    prefill_ms: float | None = None
    decode_ms: float | None = None
    decode_rate: float | None = None
    """Tokens per second."""
    ttft_ms: float | None = None
    """Upper bound on time to first token: request minus decode."""


class ServedPrompt(Struct, frozen=True, kw_only=True):
    """One request as Ollama's own server log tells it; None is not told."""

    number: int
    """Position in order of arrival."""
    at: float | None = None
    """time.time(), where a line of it carries a stamp."""
    prompt: int | None = None
    """Tokens of the whole prompt, after truncation."""
    reused: int | None = None
    evaluated: int | None = None
    prefill_ms: float | None = None
    truncated: bool = False
    """Cut to fit the context window."""
    num_ctx: int | None = None


class OllamaFacts(Struct, frozen=True, eq=False):
    """What Ollama's read-only endpoints and, where it is followed, its log say; None is not said."""

    url: str
    reachable: bool | None
    since: float | None
    """time.time() of the last change of ``reachable``."""
    problem: str = ""
    """Why it is not reachable or its answer not usable; cleaned."""
    version: str | None = None
    model: str | None = None
    parameters: str | None = None
    """Parameter size as served: ``3.2B``."""
    quantization: str | None = None
    size: int | None = None
    """Bytes."""
    size_vram: int | None = None
    context_length: int | None = None
    """num_ctx of the loaded model."""
    digest: str | None = None
    expires: float | None = None
    """time.time() at which it unloads; inf is never."""
    last_activity: float | None = None
    """expires_at minus keep_alive: the end of the last request."""
    loaded: bool | None = None
    """None when not asked yet."""
    served: tuple[ServedPrompt, ...] = ()
    """The newest requests of the server log, oldest first; empty where no log is followed."""


class ContextState(Struct, frozen=True, eq=False):
    """The context window, now and where it is going."""

    window: int | None
    """num_ctx in tokens."""
    window_source: str
    """``loaded``, ``v34 log``, ``config``, ``""``."""
    fill: float | None
    """Prompt plus reply of the newest turn over the window, 0…; above 1 is cut."""
    used: int | None
    """Tokens."""
    growth: float | None
    """Tokens a turn, median over the session."""
    turns_left: int | None
    """Forecast until the window is full; None when not growing or not known."""
    truncated: bool
    """The newest turn was cut silently."""
    note: str = ""


class Criterion(Struct, frozen=True, eq=False):
    """One of the guide's lines, judged on the running epoch."""

    key: str
    label: str
    group: str
    """The guide's heading: ``Success Metrics``, ``Phase 1``, ``Phase 2``, ``Something broke``."""
    verdict: str
    """``pass``, ``fail`` or ``not yet``."""
    value: str
    """The live figure, as text with its n."""
    note: str = ""
    """What the guide's sign really means, where it misleads."""


class LlmState(Struct, frozen=True, eq=False):
    """All of the above, for the screen."""

    facts: OllamaFacts | None
    reuse: tuple[Reuse, ...]
    """Newest last, at most 200."""
    context: ContextState | None
    criteria: tuple[Criterion, ...]
    warnings: tuple[str, ...] = ()
    """Spill to CPU, unload soon, truncation: one line each, worst first."""
