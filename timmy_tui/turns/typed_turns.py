"""Turns that v34's statistics tell of, sorted against those that the logs tell of: each exchange counts once.

The statistics hold every prompt, spoken or typed, without a request id. The same exchange has the same counts and, to
the nanosecond, the same durations in every log that knows it; a log that comes late finds its turn there already.
"""

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from timmy_tui.model.turn import Turn

HOLD_S = 2.0
"""A statistic can be ahead of the latency log's reader."""
NEAR_MS = 0.06
"""A log may round durations to a tenth of a ms."""
FAR_S = 600.0
KEPT = 1000


class TypedTurns:
    """Statistics in, typed turns out; what a log already told is only enriched."""

    def __init__(self) -> None:
        self._waiting: list[tuple[float, Turn]] = []
        self._given: dict[int, Turn] = {}
        """Typed turns by the ordinal that they got."""
        self._alias: dict[int, int] = {}
        """Ordinal that a log's turn came with → ordinal of the typed turn that it is."""
        self._extra: dict[int, Turn] = {}
        """Statistics of turns that the logs tell of, by ordinal."""

    def offer(self, turns: Iterable[Turn], now: float) -> None:
        """New statistics; ``now`` is time.monotonic()."""
        self._waiting.extend((now, turn) for turn in turns)

    def due(self, known: Sequence[Turn], now: float, busy: bool) -> list[Turn]:
        """Turns to take in: known ones with more told of them, and typed ones (ordinal −1). Nothing while ``busy``."""
        if busy or not self._waiting or now - self._waiting[0][0] < HOLD_S:
            return []
        ready = [turn for since, turn in self._waiting if now - since >= HOLD_S]
        self._waiting = self._waiting[len(ready) :]
        found: list[Turn] = []
        for stat in ready:
            same = next((turn for turn in reversed(known) if is_same(turn, stat)), None)
            if same is None:
                session = next((turn.session for turn in known if turn.session_id == stat.session_id), stat.session)
                found.append(replace(stat, session=session))
            elif same.ordinal not in self._given:
                self._extra[same.ordinal] = stat
                richer = self.settle(same)
                if richer != same:
                    found.append(richer)
        self._forget()
        return found

    def given(self, turn: Turn) -> None:
        """A typed turn got its ordinal."""
        self._given[turn.ordinal] = turn

    def settle(self, turn: Turn) -> Turn:
        """A log's turn as it is to be taken in: under the ordinal of the typed turn that it is, and enriched."""
        if turn.ordinal in self._given:
            return turn
        if turn.ordinal not in self._alias and turn.prompt_tokens is not None:
            taken = set(self._alias.values())
            same = (key for key, typed in self._given.items() if key not in taken and is_same(turn, typed))
            match = next(same, None)
            if match is not None:
                self._alias[turn.ordinal] = match
        ordinal = self._alias.get(turn.ordinal)
        stat = self._extra.get(turn.ordinal) if ordinal is None else self._given[ordinal]
        if stat is None:
            return turn
        return replace(
            turn,
            ordinal=turn.ordinal if ordinal is None else ordinal,
            session_id=(turn.session_id or stat.session_id) if ordinal is None else stat.session_id,
            session=turn.session if ordinal is None else stat.session,
            load_ms=turn.load_ms if turn.load_ms is not None else stat.load_ms,
            ollama_total_ms=turn.ollama_total_ms if turn.ollama_total_ms is not None else stat.ollama_total_ms,
            cached_tokens=turn.cached_tokens if turn.cached_tokens is not None else stat.cached_tokens,
        )

    def _forget(self) -> None:
        for table in (self._given, self._extra):
            while len(table) > KEPT:
                del table[next(iter(table))]
        self._alias = {late: ordinal for late, ordinal in self._alias.items() if ordinal in self._given}


def is_same(turn: Turn, stat: Turn) -> bool:
    """Both tell of one exchange: counts equal, durations equal as far as both have them, sessions and times agree."""
    if (turn.prompt_tokens, turn.output_tokens) != (stat.prompt_tokens, stat.output_tokens):
        return False
    pairs = [(turn.prefill_ms, stat.prefill_ms), (turn.decode_ms, stat.decode_ms)]
    told = [(one, two) for one, two in pairs if one is not None and two is not None]
    if not told or any(abs(one - two) > NEAR_MS for one, two in told):
        return False
    # The debug log names no session: a typed turn in it has the one that was heard of last.
    if turn.request_id and turn.session_id and stat.session_id and turn.session_id != stat.session_id:
        return False
    if turn.started is None or stat.started is None:
        return True
    return abs(turn.started - stat.started) <= FAR_S
