"""What makes a turn the same turn: told again, by this process or another, it has the same ids."""

import hashlib
import re
from typing import NamedTuple

from timmy_tui.model.same_turn import SAME_ID_S
from timmy_tui.model.turn import Turn

_ID = re.compile(r"[A-Za-z0-9_.-]{2,64}", re.ASCII)


class TurnKey(NamedTuple):
    """Identifies a turn beyond this run of the program."""

    trace_id: str
    """32 hexadecimal digits."""
    request_id: str
    """Empty where it has none. Of an id with other signs than letters, digits, ``.``, ``-`` and ``_`` a hash: it may be
    text."""
    started: float | None

    def is_same(self, other: "TurnKey") -> bool:
        """Both are of one turn: by the trace id, or by the request id within the time in which none comes again."""
        if self.trace_id == other.trace_id:
            return True
        if not self.request_id or self.request_id != other.request_id:
            return False
        return self.started is None or other.started is None or abs(self.started - other.started) < SAME_ID_S


def key_of(turn: Turn, root: str) -> TurnKey:
    """The key of a turn of the Timmy at ``root``, by what is known of it now (``ToldTurns.key`` has the first one).

    With a request id: by it and the time of the first event, because ids come again after months. Without one (typed
    turns, logs of before November 2025) by Ollama's figures, which no other turn has; where these are missing too by
    whatever else its log has, lengths and time.
    """
    if turn.request_id:
        parts: tuple[object, ...] = ("id", turn.request_id, _rounded(turn.started, 3))
    elif turn.prompt_tokens is not None and (turn.prefill_ms is not None or turn.decode_ms is not None):
        # To whole ms: a log may round its durations, v34's statistics do not.
        durations = (_rounded(turn.prefill_ms, 0), _rounded(turn.decode_ms, 0))
        parts = ("figures", turn.prompt_tokens, turn.output_tokens, *durations)
    else:
        lengths = (turn.text_length, turn.reply_length, turn.prompt_chars)
        parts = ("lengths", *lengths, _rounded(turn.started, 0), turn.session_id)
    return TurnKey(_hexadecimal(16, root, *parts), _written(turn.request_id), turn.started)


def _written(request_id: str) -> str:
    """As it stands in a file: an id of letters and digits as it is, of any other a hash."""
    return request_id if not request_id or _ID.fullmatch(request_id) else _hexadecimal(16, request_id)


def span_id(trace_id: str, name: str) -> str:
    """16 hexadecimal digits, the same for the same span of the same turn."""
    return _hexadecimal(8, trace_id, name)


def _rounded(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def _hexadecimal(size: int, *parts: object) -> str:
    text = "\x1f".join("" if part is None else str(part) for part in parts)
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    # All zeros is not a valid id.
    return digest[: 2 * size] if any(digit != "0" for digit in digest[: 2 * size]) else "1".rjust(2 * size, "0")
