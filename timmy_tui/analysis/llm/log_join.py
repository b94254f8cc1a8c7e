"""Which request of Ollama's log belongs to which turn: by count, duration and time; what is ambiguous stays out."""

from collections.abc import Iterable

from timmy_tui.model.llm import ServedPrompt
from timmy_tui.model.turn import Turn

MAX_CLOCK_DIFFERENCE_S = 6.0
"""Ollama's clock is that of Windows, v34's that of WSL; differences of seconds were observed."""
PREFILL_TOLERANCE_MS = 0.011
"""llama-server prints two decimals."""
STAMP_RESOLUTION_S = 1.0
"""Typed turns get their time from an access line, which has whole seconds."""
MAX_REQUESTS = 256


class LogJoin:
    """Matches each turn with at most one request of the server log, in the same order, and no request twice."""

    def __init__(self) -> None:
        self._served: dict[int, ServedPrompt] = {}
        self._matched: dict[int, tuple[float | None, ServedPrompt]] = {}
        """Ordinal → (start of the turn, its request)."""

    def add_requests(self, served: Iterable[ServedPrompt]) -> bool:
        """Requests of the server log, oldest first; known ones are ignored. True when there was a new one."""
        new = [item for item in served if item.number not in self._served]
        for item in new:
            self._served[item.number] = item
        while len(self._served) > MAX_REQUESTS:
            del self._served[next(iter(self._served))]
        return bool(new)

    def match(self, turn: Turn) -> ServedPrompt | None:
        """The only request that can belong to this turn; None where there is none or more than one."""
        matched = self._matched.get(turn.ordinal)
        if matched is not None:
            self._matched[turn.ordinal] = (turn.started, matched[1])
            return matched[1]
        if not self._served:
            return None
        after, until = self._neighbour_numbers(turn.started)
        taken = {item.number for _, item in self._matched.values()}
        free = (item for item in self._served.values() if item.number not in taken)
        candidates = [item for item in free if after < item.number < until and _is_match(turn, item)]
        if len(candidates) != 1:
            return None
        self._matched[turn.ordinal] = (turn.started, candidates[0])
        if len(self._matched) > MAX_REQUESTS:
            del self._matched[next(iter(self._matched))]
        return candidates[0]

    def _neighbour_numbers(self, started: float | None) -> tuple[int, int]:
        """Request numbers of the turns before and after; without bounds for a turn with no time (typed, still open)."""
        known = [(at, item.number) for at, item in self._matched.values() if at is not None]
        if started is None:
            return -1, 1 << 62
        after = max((number for at, number in known if at <= started - STAMP_RESOLUTION_S), default=-1)
        until = min((number for at, number in known if at > started + STAMP_RESOLUTION_S), default=1 << 62)
        return after, until


def _is_match(turn: Turn, served: ServedPrompt) -> bool:
    """Same token count, duration and time, as far as both sides have them; the count or the duration must be known."""
    same_count = turn.prompt_tokens is not None and turn.prompt_tokens in (served.prompt, served.evaluated)
    if turn.prompt_tokens is not None and not same_count:
        return False
    both_timed = turn.prefill_ms is not None and served.prefill_ms is not None
    if both_timed and abs((turn.prefill_ms or 0.0) - (served.prefill_ms or 0.0)) > PREFILL_TOLERANCE_MS:
        return False
    if not same_count and not both_timed:
        return False
    if served.at is None or turn.started is None:
        return True
    sent = next((event.timestamp for event in turn.events if event.event == "v34_ollama_sent"), None)
    earliest = sent if sent is not None else turn.started
    latest = sent if sent is not None else turn.ended if turn.ended is not None else turn.started
    wait_s = (turn.load_ms or turn.stages.get("wait") or 0.0) / 1000
    return earliest - MAX_CLOCK_DIFFERENCE_S <= served.at <= latest + wait_s + MAX_CLOCK_DIFFERENCE_S
