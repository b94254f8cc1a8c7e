"""What is not a measurement in a turn that only v34's debug log has: v34 times its steps by its own clock."""

from collections.abc import Mapping

from timmy_tui.model.stages.v34 import BY_KEY, CRITICAL, PARTS, V2V, top_of, with_parts
from timmy_tui.model.turn import Reason
from timmy_tui.turns.account.plausibility import REPORTED_MS, Limits

ROUNDED_MS = 10.0
"""v34 writes the seconds of a step with two decimals."""
_REQUEST = top_of(next(key for key in BY_KEY if BY_KEY[key].measured == "reported"))


def doubt_steps(
    stages: Mapping[str, float | None], total_ms: float | None, ollama_ms: float | None, limits: Limits
) -> dict[str, str]:
    """Key of a stage, or V2V → why it is unknown. ``ollama_ms``: its total_duration, if known."""
    reasons: dict[str, str] = {}
    longest = limits.gap_us / 1000
    known = {key: ms for key in CRITICAL if (ms := stages[key]) is not None}
    for key, ms in known.items():
        measured = {part: stages[part] or 0.0 for part in with_parts(key) if part != key and not _is_rest(part)}
        parts = sum(measured.values())
        if key == _REQUEST and ollama_ms is not None:
            parts = max(parts, ollama_ms)
        if ms > longest and ms - (parts if key == _REQUEST else 0.0) > longest:
            reasons[key] = Reason.ASLEEP
        elif parts > ms + REPORTED_MS:
            # There is no network time to tell a clock that was set back from a part that is wrong.
            reasons[key] = Reason.STEPPED
    reasons |= {part: reasons[key] for key in tuple(reasons) for part in PARTS[key] if _is_rest(part)}
    if total_ms is None:
        return reasons
    rest = total_ms - sum(known.values())
    if reasons:
        reasons[V2V] = next(iter(reasons.values()))
    elif rest > longest:
        reasons[V2V] = Reason.ASLEEP
    elif rest < -ROUNDED_MS * (len(known) + 1):
        reasons[V2V] = Reason.STEPPED
    return reasons


def _is_rest(part: str) -> bool:
    return BY_KEY[part].measured == "rest"
