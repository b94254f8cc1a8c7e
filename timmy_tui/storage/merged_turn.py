"""One turn of two accounts of it: of the logs, of v34's statistics, of an earlier reading."""

from msgspec.structs import replace

from timmy_tui.model.same_turn import certain_session
from timmy_tui.model.turn import Turn, TurnState

_ONLY_ONE_MAY_TELL = (
    "typed", "started", "ended", "answered", "load_ms", "ollama_total_ms", "cached_tokens", "prefill_ms", "decode_ms",
)  # fmt: skip


def merged(stored: Turn, turn: Turn) -> Turn:
    """A log's account before that of the statistics, then the more complete one, in doubt the newer one.

    With what only the other has.
    """
    base, other = (stored, turn) if _rank(stored) > _rank(turn) else (turn, stored)
    missing = {name: getattr(other, name) for name in _ONLY_ONE_MAY_TELL if getattr(base, name) is None}
    session_id = certain_session(base) or certain_session(other) or base.session_id or other.session_id
    return replace(base, request_id=base.request_id or other.request_id, session_id=session_id, **missing)


def _rank(turn: Turn) -> tuple[bool, int]:
    return turn.logs != "kv_stats", completeness(turn)


def completeness(turn: Turn) -> int:
    """How much is known of a turn; stored as ``events``. The more complete of two rows is kept."""
    measured = sum(value is not None for value in turn.stages.values())
    return measured + 8 * (turn.state is TurnState.COMPLETE) + 4 * (turn.logs == "both") + (turn.load_ms is not None)
