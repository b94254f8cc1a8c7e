"""What a turn and its request to the model say of themselves, by ``published_names``; the unknown is left out.

Text leaves only where the user asked for it: what was said, error lines. Whatever a log calls by a name (model, ids)
leaves only if it looks like a name. What this program says in its own words (states, reasons, keys) always does.
"""

import json
from collections.abc import Iterator
from typing import NamedTuple

from timmy_tui.model.llm import Certainty, Reuse
from timmy_tui.model.stages.system import watched
from timmy_tui.model.turn import FAILED_STATES, Reason, Span, Turn
from timmy_tui.telemetry import published_names as names
from timmy_tui.telemetry.foreign_names import host_or_none, name_or_none
from timmy_tui.telemetry.stage_rows import is_stage, outside_of, request_ms

Value = str | bool | int | float | tuple[str, ...]
SIGNALS = frozenset(("empty_reply", "canned_reply", "template_leak", "error"))
NOT_KEPT = "not kept"
"""``timmy.reuse`` of a turn further back than the newest 200, of which alone it is kept."""
REASONS = frozenset(reason.value for reason in Reason)


class TurnContext(NamedTuple):
    """What is known of a turn beyond the turn itself."""

    reuse: Reuse | None = None
    arrived: float | None = None
    """time.time() when it was seen; None for a turn of a backlog, which was seen much later than it was."""
    server: tuple[str, int] | None = None
    """Host and port of Ollama."""
    text: bool = False
    """Texts of the conversation, and error lines, are sent."""


def turn_attributes(turn: Turn, context: TurnContext, overlap_s: float) -> dict[str, Value]:
    """Of the root."""
    pairs = (*_names(turn), *_times(turn, overlap_s), *_state(turn), *_reuse(context.reuse))
    # Tokens stand once in a trace, on the request; where no stage is the request, on the whole.
    usage = () if request_ms(turn) is not None else _usage(turn, context)
    attributes = {name: value for name, value in (*pairs, *usage) if value is not None}
    if context.text:
        attributes |= _texts(turn)
    return attributes


def _names(turn: Turn) -> Iterator[tuple[str, Value | None]]:
    yield names.OPERATION, "invoke_agent"
    yield names.AGENT_NAME, names.AGENT
    yield names.CONVERSATION, name_or_none(turn.session_id)
    yield names.REQUEST_ID, name_or_none(turn.request_id)
    yield names.NUMBER, turn.number
    yield names.TYPED, turn.typed


def _times(turn: Turn, overlap_s: float) -> Iterator[tuple[str, Value | None]]:
    yield names.SPAN, turn.span.value
    yield names.HEADLINE_S, _seconds(turn.headline_ms)
    yield names.V2V_S, _seconds(turn.v2v_ms)
    yield names.LATENCY_ALIAS, _seconds(turn.v2v_ms)
    yield names.LOWER_BOUND, turn.is_lower_bound if turn.headline_ms is not None else None
    yield names.UNATTRIBUTED_S, _seconds(turn.unattributed_ms)
    yield names.OVERLAP_S, overlap_s or None
    for key, ms in outside_of(turn):
        yield f"{names.STAGE_SPAN}{key}_seconds", _seconds(ms)
    yield names.CLOCK, _clock(turn)
    yield names.OFFSET_LOW_S, _seconds(turn.offset_bounds[0])
    yield names.OFFSET_HIGH_S, _seconds(turn.offset_bounds[1])


def _clock(turn: Turn) -> str:
    """Whose clock stamped the start."""
    if turn.started is None:
        return "timmy_tui"
    return "stt" if turn.span in (Span.V2V, Span.PAUSE_TO_SOUND, Span.SPEECH_TO_REPLY) else "v34"


def _state(turn: Turn) -> Iterator[tuple[str, Value | None]]:
    yield names.STATE, turn.state.value
    yield names.ERROR_TYPE, turn.state.value if turn.state in FAILED_STATES else None
    yield names.SIGNALS, tuple(sorted(turn.signals & SIGNALS)) or None
    yield names.SKIPPED, tuple(sorted(filter(is_stage, turn.skipped))) or None
    unmeasured = {key: why for key, why in turn.unmeasured.items() if is_stage(key) and why in REASONS}
    yield names.UNMEASURED, tuple(f"{key}: {why}" for key, why in unmeasured.items()) or None


def _reuse(reuse: Reuse | None) -> Iterator[tuple[str, Value | None]]:
    yield names.REUSE, reuse.certainty.value if reuse is not None else NOT_KEPT
    if reuse is not None and reuse.certainty is not Certainty.UNKNOWN:
        yield names.REUSE_SHARE, reuse.share
        yield names.REUSE_TOKENS, reuse.reused
        yield names.REUSE_BROKEN, bool(reuse.broken)
        yield names.COLD, reuse.cold


def _texts(turn: Turn) -> dict[str, Value]:
    said = ((names.INPUT_MESSAGES, "user", turn.text), (names.OUTPUT_MESSAGES, "assistant", turn.reply))
    texts: dict[str, Value] = {
        name: json.dumps([{"role": role, "parts": [{"type": "text", "content": text}]}], ensure_ascii=False)
        for name, role, text in said
        if text is not None
    }
    return texts | ({names.ERRORS: turn.errors} if turn.errors else {})


def llm_attributes(turn: Turn, context: TurnContext) -> dict[str, Value]:
    """Of the request to the model. ``gen_ai.response.time_to_first_chunk`` is never there: nothing logs it."""
    reuse = context.reuse
    host, port = context.server or (None, None)
    host = host_or_none(host)
    pairs: tuple[tuple[str, Value | None], ...] = (
        (names.OPERATION, names.LLM_SPAN),
        (names.PROVIDER_NAME, names.PROVIDER),
        (names.REQUEST_STREAM, True if watched().is_built_in else None),
        (names.CONVERSATION, name_or_none(turn.session_id)),
        *_usage(turn, context),
        (names.CONTEXT_WINDOW, turn.num_ctx),
        (names.FIRST_TOKEN_BOUND_S, _seconds(reuse.ttft_ms) if reuse is not None else None),
        (names.SERVER_ADDRESS, host),
        (names.SERVER_PORT, port if host is not None else None),
        *_reuse(reuse),
    )
    return {name: value for name, value in pairs if value is not None}


def _usage(turn: Turn, context: TurnContext) -> Iterator[tuple[str, Value | None]]:
    reuse = context.reuse
    certain = reuse is not None and reuse.certainty in (Certainty.MEASURED, Certainty.KNOWN)
    yield names.REQUEST_MODEL, name_or_none(turn.model)
    yield names.REQUEST_TEMPERATURE, turn.temperature
    yield names.INPUT_TOKENS, turn.prompt_tokens
    yield names.OUTPUT_TOKENS, turn.output_tokens
    yield names.CACHE_READ_TOKENS, reuse.reused if reuse is not None and certain else None


def _seconds(ms: float | None) -> float | None:
    return None if ms is None else ms / 1000
