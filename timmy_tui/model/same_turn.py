"""Whether two accounts are of one exchange: a log's, v34's statistics', one that was stored before.

One exchange has the same counts and, to the nanosecond, the same durations in everything that tells of it.
"""

from timmy_tui.model.turn import Turn

DURATION_TOLERANCE_MS = 0.06
"""A log may round durations to a tenth of a ms."""
SAME_STAMP_S = 0.002
"""One line, read twice or read back from a file with µs, has the same time; two turns do not begin within 2 ms."""
START_TOLERANCE_S = 600.0
SAME_ID_S = 120.0
"""Two turns with one id are the same if they start within this time: longer than any turn, shorter than the time after
which an id comes again."""

UNDATED = "~"
"""An id that begins so was made of what its turn says: it does not come again, and the day of its turn is a guess."""


def is_same_exchange(turn: Turn, other: Turn) -> bool:
    """Both describe one exchange: same counts, same durations where both have them, no other session, similar times."""
    return _same_figures(turn, other) and not _sessions_differ(turn, other) and _times_agree(turn, other)


def _same_figures(turn: Turn, other: Turn) -> bool:
    if (turn.prompt_tokens, turn.output_tokens) != (other.prompt_tokens, other.output_tokens):
        return False
    pairs = [(turn.prefill_ms, other.prefill_ms), (turn.decode_ms, other.decode_ms)]
    known_pairs = [(a, b) for a, b in pairs if a is not None and b is not None]
    return bool(known_pairs) and all(abs(a - b) <= DURATION_TOLERANCE_MS for a, b in known_pairs)


def distance_ms(turn: Turn, other: Turn) -> float:
    """How far the durations differ: of several accounts that fit, the nearest is the same exchange."""
    pairs = [(turn.prefill_ms, other.prefill_ms), (turn.decode_ms, other.decode_ms)]
    return sum(abs(a - b) for a, b in pairs if a is not None and b is not None)


def is_same_turn(turn: Turn, other: Turn) -> bool:
    """As is_same_exchange, and by the id, which alone collides; without id and figures by what was said, in lengths.

    Two turns without a name (``has_name``) may only look the same: storage/known_turns.py decides by their places.
    """
    if turn.request_id and other.request_id:
        if turn.request_id != other.request_id:
            return False
        if turn.request_id.startswith(UNDATED):
            return True
        if turn.started is not None and other.started is not None:
            # Each may be by another clock, an hour apart: then the figures show it.
            return abs(turn.started - other.started) < SAME_ID_S or _same_figures(turn, other)
        return not _sessions_differ(turn, other)
    if has_figures(turn) or has_figures(other):
        return is_same_exchange(turn, other)
    if turn.request_id != other.request_id or _lengths(turn) != _lengths(other):
        return False
    if None not in (turn.typed, other.typed) and turn.typed != other.typed:
        return False
    return not _sessions_differ(turn, other) and _times_agree(turn, other)


def has_figures(turn: Turn) -> bool:
    """Ollama's figures are known, which no other exchange has."""
    return turn.prompt_tokens is not None and (turn.prefill_ms is not None or turn.decode_ms is not None)


def has_name(turn: Turn) -> bool:
    """Something tells it from all others. A typed turn that failed has neither: it looks like the next one."""
    return bool(turn.request_id) or has_figures(turn)


def has_same_stamp(turn: Turn, other: Turn) -> bool:
    """Both are timed, and by one line: of turns without a name nothing else is sure."""
    return is_near(turn.started, other.started, SAME_STAMP_S)


def is_near(a: float | None, b: float | None, tolerance_s: float) -> bool:
    """Both times are known, and not further apart."""
    return a is not None and b is not None and abs(a - b) <= tolerance_s


def _sessions_differ(turn: Turn, other: Turn) -> bool:
    a, b = certain_session(turn), certain_session(other)
    return a is not None and b is not None and a != b


def certain_session(turn: Turn) -> str | None:
    """Id of its session where a log or the statistics name it.

    The debug log has no session ids: what it alone has is assumed to be of the session in force.
    """
    certain = turn.logs == "kv_stats" or (turn.request_id and turn.logs != "v34")
    return turn.session_id or None if certain else None


def _times_agree(turn: Turn, other: Turn) -> bool:
    # v34's clock tells both times where it can: the recognizer's may be minutes away.
    a, b = (turn.answered, other.answered) if turn.answered and other.answered else (turn.started, other.started)
    return a is None or b is None or abs(a - b) <= START_TOLERANCE_S


def _lengths(turn: Turn) -> tuple[object, ...]:
    return turn.text_length, turn.reply_length, turn.prompt_chars, turn.prompt_tokens, turn.output_tokens
