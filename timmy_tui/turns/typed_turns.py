"""Turns from v34's statistics, compared with the turns from the logs, so that each exchange counts once.

The statistics hold every prompt, spoken or typed, without a request id. One exchange has the same counts and, to the
nanosecond, the same durations in every log that has it. A log can arrive after the statistics: then its turn gets the
ordinal that the typed turn already has.
"""

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from timmy_tui.model.same_turn import distance_ms, is_same_exchange
from timmy_tui.model.turn import Turn

HOLD_S = 2.0
"""Statistics wait this long, because they can arrive before the latency log was read."""
MAX_TURNS = 1000


class TypedTurns:
    """Takes statistics and returns typed turns. A turn that a log has too only gets the missing figures."""

    def __init__(self) -> None:
        self._waiting: list[tuple[float, Turn]] = []
        self._typed: dict[int, Turn] = {}
        """Typed turns by their ordinal."""
        self._typed_ordinals: dict[int, int] = {}
        """Ordinal of a log's turn → ordinal of the typed turn that is the same exchange."""
        self._statistics: dict[int, Turn] = {}
        """Statistics of turns that the logs have, by ordinal."""

    def add_statistics(self, turns: Iterable[Turn], now: float) -> None:
        """Add new statistics; ``now`` is time.monotonic(), −inf for those that need not wait.

        Those that wait already, from another source, wait once.
        """
        waiting = {_identity(turn) for _, turn in self._waiting}
        self._waiting.extend((now, turn) for turn in turns if _identity(turn) not in waiting)

    def take_ready(self, known: Sequence[Turn], now: float, busy: bool) -> list[Turn]:
        """New typed turns (ordinal −1), and ``known`` turns with more figures.

        ``busy``: a turn is in flight, so nothing is returned yet. ``now``: time.monotonic().
        """
        ready = [] if busy else [turn for since, turn in self._waiting if now - since >= HOLD_S]
        if not ready:
            return []
        self._waiting = [one for one in self._waiting if now - one[0] < HOLD_S]
        changed: list[Turn] = []
        for stat in ready:
            fitting = [turn for turn in known if is_same_exchange(turn, stat)]
            if not fitting:
                session = next((turn.session for turn in known if turn.session_id == stat.session_id), 0)
                changed.append(replace(stat, session=stat.session or session))
                continue
            # Statistics come once. Of two exchanges that cannot be told apart, each has its own.
            free = [turn for turn in fitting if turn.ordinal not in self._statistics]
            same = min(reversed(free), key=lambda turn: distance_ms(turn, stat), default=None)
            if same is not None and same.ordinal not in self._typed:
                self._statistics[same.ordinal] = stat
                merged = self.merge(same)
                if merged != same:
                    changed.append(merged)
        self._remove_old()
        return changed

    def add_numbered(self, turn: Turn) -> None:
        """A typed turn, now that it has its ordinal."""
        self._typed[turn.ordinal] = turn

    def merge(self, turn: Turn) -> Turn:
        """A log's turn with the figures of its statistics, and with the ordinal of the typed turn if there is one."""
        if turn.ordinal in self._typed:
            return turn
        if turn.ordinal not in self._typed_ordinals and turn.prompt_tokens is not None:
            taken = set(self._typed_ordinals.values())
            matches = [
                ordinal
                for ordinal, typed in self._typed.items()
                if ordinal not in taken and is_same_exchange(turn, typed)
            ]
            match = min(matches, key=lambda ordinal: distance_ms(turn, self._typed[ordinal]), default=None)
            if match is not None:
                self._typed_ordinals[turn.ordinal] = match
        typed_ordinal = self._typed_ordinals.get(turn.ordinal)
        stat = self._statistics.get(turn.ordinal) if typed_ordinal is None else self._typed[typed_ordinal]
        if stat is None:
            return turn
        # The statistics name the process; what the debug log alone has is assumed to be of the one that was in force.
        without_events = turn.logs == "v34" or typed_ordinal is not None
        return replace(
            turn,
            ordinal=turn.ordinal if typed_ordinal is None else typed_ordinal,
            place=turn.place if typed_ordinal is None else turn.position,
            session_id=stat.session_id or turn.session_id if without_events else turn.session_id or stat.session_id,
            session=stat.session or turn.session if without_events else turn.session,
            started=turn.started if turn.started is not None else stat.started,
            ended=turn.ended if turn.ended is not None else stat.ended,
            answered=turn.answered if turn.answered is not None else stat.answered,
            load_ms=turn.load_ms if turn.load_ms is not None else stat.load_ms,
            ollama_total_ms=turn.ollama_total_ms if turn.ollama_total_ms is not None else stat.ollama_total_ms,
            cached_tokens=turn.cached_tokens if turn.cached_tokens is not None else stat.cached_tokens,
        )

    def _remove_old(self) -> None:
        for table in (self._typed, self._statistics):
            while len(table) > MAX_TURNS:
                del table[next(iter(table))]
        self._typed_ordinals = {late: typed for late, typed in self._typed_ordinals.items() if typed in self._typed}


def _identity(turn: Turn) -> tuple[object, ...]:
    return turn.session_id, turn.answered, turn.prompt_tokens, turn.output_tokens, turn.prefill_ms, turn.decode_ms


def place_by_time(stat: Turn, known: Sequence[Turn]) -> tuple[int, ...]:
    """The place of a turn that only the statistics have: among ``known``, which are in order, by v34's clock.

    That clock may step at a restart, so that within a session its turns alone are compared.
    """
    own = [at for at, turn in enumerate(known) if turn.session == stat.session]
    if not own:
        at = sum(turn.session < stat.session for turn in known) - 1
    else:
        before = [at for at in own if _is_before(known[at], stat)]
        at = before[-1] if before else own[0] - 1
    when = round(1e6 * (stat.answered or 0.0))
    if at < 0:
        return (known[0].position[0], -2, when, stat.ordinal) if known else ()
    return (*known[at].position, 1, when, stat.ordinal)


def _is_before(turn: Turn, stat: Turn) -> bool:
    """A turn whose time is not known stays where it is: behind a turn before it, which decides."""
    if stat.answered is None:
        return True
    return turn.answered is not None and turn.answered <= stat.answered
