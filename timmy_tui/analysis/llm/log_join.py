"""Which request of Ollama's log belongs to which turn: by count, duration and time; what is ambiguous stays out."""

from collections.abc import Iterable

from timmy_tui.model.llm import ServedPrompt
from timmy_tui.model.turn import Turn

CLOCKS_S = 6.0
"""Ollama's clock is Windows', v34's is WSL's; they have been seen seconds apart."""
PREFILL_MS = 0.011
"""llama-server prints two decimals."""
STAMP_S = 1.0
"""An access line, from which typed turns have their time, is stamped in whole seconds."""
KEPT = 256


class LogJoiner:
    """Gives each turn at most one request of the log, in the same order, and each request to at most one turn."""

    def __init__(self) -> None:
        self._served: dict[int, ServedPrompt] = {}
        self._given: dict[int, tuple[float | None, ServedPrompt]] = {}
        """Ordinal → (when the turn began, its request)."""

    def note(self, served: Iterable[ServedPrompt]) -> bool:
        """Requests of the log, oldest first; known ones are passed over. True when there was a new one."""
        new = [item for item in served if item.number not in self._served]
        for item in new:
            self._served[item.number] = item
        while len(self._served) > KEPT:
            del self._served[next(iter(self._served))]
        return bool(new)

    def find(self, turn: Turn) -> ServedPrompt | None:
        """The one request that this turn can have been; None where there is none or more than one."""
        given = self._given.get(turn.ordinal)
        if given is not None:
            self._given[turn.ordinal] = (turn.started, given[1])
            return given[1]
        if not self._served:
            return None
        after, until = self._between(turn.started)
        taken = {item.number for _, item in self._given.values()}
        free = (item for item in self._served.values() if item.number not in taken)
        fits = [item for item in free if after < item.number < until and _fits(turn, item)]
        if len(fits) != 1:
            return None
        self._given[turn.ordinal] = (turn.started, fits[0])
        if len(self._given) > KEPT:
            del self._given[next(iter(self._given))]
        return fits[0]

    def _between(self, began: float | None) -> tuple[int, int]:
        """Numbers of the neighbours' requests; a turn without a time (typed, and not over) has no neighbours."""
        known = [(at, item.number) for at, item in self._given.values() if at is not None]
        if began is None:
            return -1, 1 << 62
        after = max((number for at, number in known if at <= began - STAMP_S), default=-1)
        until = min((number for at, number in known if at > began + STAMP_S), default=1 << 62)
        return after, until


def _fits(turn: Turn, served: ServedPrompt) -> bool:
    """Same count, same duration, same time: as far as each is told, and at least one of the first two."""
    count = turn.prompt_tokens is not None and turn.prompt_tokens in (served.prompt, served.evaluated)
    if turn.prompt_tokens is not None and not count:
        return False
    timed = turn.prefill_ms is not None and served.prefill_ms is not None
    if timed and abs((turn.prefill_ms or 0.0) - (served.prefill_ms or 0.0)) > PREFILL_MS:
        return False
    if not count and not timed:
        return False
    if served.at is None or turn.started is None:
        return True
    sent = next((event.timestamp for event in turn.events if event.event == "v34_ollama_sent"), None)
    begun = sent if sent is not None else turn.started
    ended = sent if sent is not None else turn.ended if turn.ended is not None else turn.started
    waited = (turn.load_ms or turn.stages.get("wait") or 0.0) / 1000
    return begun - CLOCKS_S <= served.at <= ended + waited + CLOCKS_S
