"""What can be done to a log besides its truth: a stage slowed here and there, a service that writes nothing."""

from msgspec.structs import replace

from timmy_tui.model.stages.watched import CRITICAL, HOPS, NETWORK
from timmy_tui.model.turn import Span, Turn

PARTS = {"llm": ("prefill", "decode", "wait"), "gpu": ("prefill", "decode", "tts")}
"""Things that hold several series."""
SILENT = {"stt": ("endpointing", "stt_final", "hop_in"), "tts": ("hop_out", "mute", "tts")}
"""What is not measured when a service writes no events."""
_SPANS = {"stt": Span.V34_TO_SOUND, "tts": Span.SPEECH_TO_REPLY}


def slowed(turn: Turn, stage: str, factor: float) -> Turn:
    """The turn with a stage (or ``llm``, ``gpu``) taking ``factor`` times as long, and everything above it summed."""
    parts = PARTS.get(stage, (stage,))
    return _summed(turn, {part: ms * factor for part in parts if (ms := turn.stages.get(part)) is not None})


def without(turn: Turn, service: str) -> Turn:
    """The turn as a log without the ``stt`` or ``tts`` events shows it."""
    bare = _summed(turn, dict.fromkeys(SILENT[service]))
    return replace(bare, span=_SPANS[service], v2v_ms=None)


def _summed(turn: Turn, changes: dict[str, float | None]) -> Turn:
    stages = {**turn.stages, **changes}
    stages["llm"] = sum(stages[part] or 0.0 for part in PARTS["llm"])
    hops = [ms for hop in HOPS if (ms := stages.get(hop)) is not None]
    stages[NETWORK] = sum(hops) if len(hops) == len(HOPS) else None
    total = sum(stages[key] or 0.0 for key in CRITICAL) + (turn.unattributed_ms or 0.0)
    return replace(
        turn,
        stages=stages,
        headline_ms=total,
        v2v_ms=None if turn.v2v_ms is None else total,
        prefill_ms=stages["prefill"],
        decode_ms=stages["decode"],
    )
