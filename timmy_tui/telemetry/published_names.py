"""Every name that leaves this program as telemetry: spans, attributes, metrics, buckets.

``gen_ai.*`` are the GenAI conventions of the OpenTelemetry project, in development and moved to a repository of their
own (semantic-conventions-genai, 2026); the constants of opentelemetry-semantic-conventions are deprecated, so each is
written out here. No convention has a latency of speech: those names are this program's own (``timmy.*``).
"""

from typing import Final, Literal, NamedTuple

from timmy_tui.model.stages.system import watched

SCOPE: Final = "timmy_tui"
AGENT: Final = "timmy" if watched().is_built_in else watched().name
"""Of another system the name of its profile."""
SERVICE_NAME: Final = "little-timmy" if watched().is_built_in else watched().name
TURN_SPAN: Final = f"invoke_agent {AGENT}"
STAGE_SPAN: Final = "timmy.stage."
"""Before the key of a stage."""
GAP_SPAN: Final = "timmy.gap"
LLM_SPAN: Final = "chat"
"""Before the model."""
PROVIDER: Final = "ollama" if watched().is_built_in else "unknown"
"""Not in the list of known providers; a value of one's own is allowed. No profile says which one its system asks."""

OPERATION: Final = "gen_ai.operation.name"
AGENT_NAME: Final = "gen_ai.agent.name"
PROVIDER_NAME: Final = "gen_ai.provider.name"
CONVERSATION: Final = "gen_ai.conversation.id"
REQUEST_MODEL: Final = "gen_ai.request.model"
REQUEST_STREAM: Final = "gen_ai.request.stream"
REQUEST_TEMPERATURE: Final = "gen_ai.request.temperature"
INPUT_TOKENS: Final = "gen_ai.usage.input_tokens"
"""Those that came from the prompt cache included."""
OUTPUT_TOKENS: Final = "gen_ai.usage.output_tokens"
CACHE_READ_TOKENS: Final = "gen_ai.usage.cache_read.input_tokens"
INPUT_MESSAGES: Final = "gen_ai.input.messages"
OUTPUT_MESSAGES: Final = "gen_ai.output.messages"
SERVER_ADDRESS: Final = "server.address"
SERVER_PORT: Final = "server.port"
ERROR_TYPE: Final = "error.type"
LATENCY_ALIAS: Final = "turn.user_bot_latency_seconds"
"""pipecat's name for voice-to-voice."""

V2V_S: Final = "timmy.v2v_seconds"
HEADLINE_S: Final = "timmy.headline_seconds"
SPAN: Final = "timmy.span"
"""Which span the headline measures: ``V2V``, ``pause→sound`` …"""
LOWER_BOUND: Final = "timmy.headline_is_lower_bound"
CLOCK: Final = "timmy.clock"
"""Whose clock the start is of."""
PLACE: Final = "timmy.place"
"""Missing: where the span lies is measured. ``inferred``: its length is, and its place is by the order of stages.
``unknown``: its length is, and nothing tells its place."""
STATE: Final = "timmy.turn.state"
NUMBER: Final = "timmy.turn.number"
REQUEST_ID: Final = "timmy.request_id"
TYPED: Final = "timmy.typed"
SIGNALS: Final = "timmy.signals"
UNMEASURED: Final = "timmy.unmeasured"
"""``stage: why it is not a measurement``."""
SKIPPED: Final = "timmy.skipped"
UNATTRIBUTED_S: Final = "timmy.unattributed_seconds"
OVERLAP_S: Final = "timmy.overlap_seconds"
"""Stages that ran at the same time: children sum to the root and this."""
OFFSET_LOW_S: Final = "timmy.clock.offset_low_seconds"
OFFSET_HIGH_S: Final = "timmy.clock.offset_high_seconds"
STAGE: Final = "timmy.stage"
STAGE_OWNER: Final = "timmy.stage.owner"
STAGE_CLOCK: Final = "timmy.stage.clock"
GAP_AFTER: Final = "timmy.gap.after"
GAP_BEFORE: Final = "timmy.gap.before"
REUSE: Final = "timmy.reuse"
"""``measured``, ``known``, ``estimated``, ``unknown`` or ``not kept``."""
REUSE_SHARE: Final = "timmy.reuse.share"
REUSE_TOKENS: Final = "timmy.reuse.tokens"
"""Tokens from the prompt cache, also as an estimate."""
REUSE_BROKEN: Final = "timmy.reuse.broken"
COLD: Final = "timmy.reuse.cold"
FIRST_TOKEN_BOUND_S: Final = "timmy.llm.first_token_at_most_seconds"
"""Nothing logs when the first token came; the request less the generation is an upper bound."""
CONTEXT_WINDOW: Final = "timmy.llm.context_window"
ERRORS: Final = "timmy.errors"

TURN_SECONDS = (0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 2.25, 2.5, 2.75, 3, 3.5, 4, 5, 6, 8, 12, 20)
"""s. The conventions' 0.64, 1.28, 2.56, 5.12 are too coarse for 1–4 s."""
STAGE_SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 20)
LLM_SECONDS = tuple(0.01 * 2**power for power in range(14))
"""s. As the conventions have it: 0.01 to 81.92."""
MODALITY: Final = "gen_ai.token.modality"
TOKENS = tuple(4**power for power in range(14))
"""As the conventions have it: 1 to 67,108,864."""
TOKEN_SECONDS = (0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5)
"""s."""


class Metric(NamedTuple):
    """One metric, in the words of both systems."""

    prometheus: str
    """Its name there; empty: it is sent by OTLP alone."""
    otlp: str
    """A collector that hands it on to Prometheus makes the same name of it."""
    kind: Literal["counter", "histogram", "gauge"]
    help: str
    unit: str = ""
    """UCUM, for OTLP."""
    buckets: tuple[float, ...] = ()


TURNS = Metric("timmy_turns_total", "timmy.turns", "counter", "Turns that are over, by how they ended.")
TURN = Metric(
    "timmy_turn_seconds", "timmy.turn", "histogram", "What the user waited, by the span that its events allow.",
    "s", TURN_SECONDS,
)  # fmt: skip
STAGE_TIME = Metric(
    "timmy_stage_seconds", "timmy.stage", "histogram", "Time of each stage, and of the parts of stages.",
    "s", STAGE_SECONDS,
)  # fmt: skip
PROMPT_TOKENS = Metric("timmy_prompt_tokens_total", "timmy.prompt_tokens", "counter", "Prompt tokens, as logged.")
OUTPUT_TOKENS_TOTAL = Metric("timmy_output_tokens_total", "timmy.output_tokens", "counter", "Generated tokens.")
CACHED_TOKENS = Metric(
    "timmy_cached_tokens_total", "timmy.cached_tokens", "counter",
    "Prompt tokens that came from the prompt cache, by how that is known.",
)  # fmt: skip
JUDGED_TOKENS = Metric(
    "timmy_judged_prompt_tokens_total", "timmy.judged_prompt_tokens", "counter",
    "Prompt tokens of the turns whose reuse is known: what cached tokens are a share of.",
)  # fmt: skip
BROKEN_REUSE = Metric(
    "timmy_reuse_broken_total", "timmy.reuse_broken", "counter",
    "Turns whose prompt should have been reused and was not; 0 as long as none was.",
)  # fmt: skip
FLAG_INFO = Metric("timmy_flag_info", "timmy.flag_info", "gauge", "The value under which the newest turns ran.")
CLOCK_OFFSET = Metric(
    "timmy_clock_offset_seconds", "timmy.clock_offset", "gauge",
    "Bounds of v34's clock less the clock of STT and TTS.", "s",
)  # fmt: skip
FINDINGS = Metric("timmy_findings", "timmy.findings", "gauge", "Lasting changes of level that are slower now.")
LLM_TIME = Metric(
    "", "gen_ai.client.inference.duration", "histogram", "Request to the last token.", "s", LLM_SECONDS
)  # fmt: skip
TOKEN_USAGE = Metric("", "gen_ai.client.token.usage", "histogram", "Tokens of a request.", "{token}", TOKENS)
"""The conventions have counters in its place since September 2026; viewers still ask for it."""
INPUT_USAGE = Metric("", "gen_ai.client.inference.usage.input_tokens", "counter", "Prompt tokens.", "{token}")
OUTPUT_USAGE = Metric("", "gen_ai.client.inference.usage.output_tokens", "counter", "Generated tokens.", "{token}")
CACHE_READ_USAGE = Metric(
    "", "gen_ai.client.inference.usage.cache_read.input_tokens", "counter",
    "Prompt tokens from the prompt cache, of the turns where that is measured or known.", "{token}",
)  # fmt: skip
TOKEN_TIME = Metric(
    "", "gen_ai.server.time_per_output_token", "histogram", "Generation over the tokens of the answer.", "s",
    TOKEN_SECONDS,
)  # fmt: skip
OF_TURNS = (
    TURNS, TURN, STAGE_TIME, PROMPT_TOKENS, OUTPUT_TOKENS_TOTAL, CACHED_TOKENS, JUDGED_TOKENS, BROKEN_REUSE, LLM_TIME,
    TOKEN_USAGE, INPUT_USAGE, OUTPUT_USAGE, CACHE_READ_USAGE, TOKEN_TIME,
)  # fmt: skip
"""Metrics that each turn adds to, once."""
OF_NOW = (FLAG_INFO, CLOCK_OFFSET, FINDINGS)
"""Metrics that say how it is now."""
