"""A clock that stepped in mid-turn without a trace in that turn: the turns around it have other offsets.

The voice services' clock set forward while v34 works looks like a slow network, and in the synthesis like a slow voice.
But each turn bounds the offset between the two clocks (``Turn.offset_bounds``), and the next one contradicts the last.
Not seen: that clock set back by less than a stage takes, and steps by less than the bounds are wide.
"""

from collections import deque
from collections.abc import Iterator
from statistics import median
from typing import NamedTuple

from msgspec.structs import replace

from timmy_tui.model.stages.v34 import BY_KEY, HOPS, NETWORK, OUTSIDE, STAGES, V2V
from timmy_tui.model.turn import Reason, Turn, TurnState
from timmy_tui.turns.account.ledger import Ledger

MEMORY_TURNS = 8
"""Turns whose stages say how long one usually takes."""
LEAST_STEP_MS = 20.0
"""Offsets that differ by less are not a step: a Windows clock ticks every 15.6 ms."""

_VOICE = tuple(stage.key for stage in STAGES if stage.clock in ("stt", "tts") and stage.measured == "events")
_BEHIND_THE_WAY = tuple(key for key in _VOICE if BY_KEY[key].clock == "tts")
_AHEAD_OF_THE_WAY = tuple(key for key in _VOICE if BY_KEY[key].clock == "stt" and BY_KEY[key].critical)
_ACROSS = tuple(key for key in _VOICE if key not in (*_BEHIND_THE_WAY, *_AHEAD_OF_THE_WAY))
"""The voice services' stages that begin before v34 is asked and end behind its answer."""


class Doubt(NamedTuple):
    """A turn in which a clock stepped, as its neighbours show."""

    ordinal: int
    request_id: str
    keys: frozenset[str]
    """Stages, and V2V for the headline, that are not measurements."""


class OffsetSteps:
    """Takes complete turns in order, and says which of the last ones a step of a clock has spoiled."""

    def __init__(self) -> None:
        self._turns: deque[Turn] = deque(maxlen=MEMORY_TURNS)
        self._newest = -1

    def observe(self, turn: Turn) -> Iterator[Doubt]:
        """What this turn shows of itself and of the one before; a revision of an earlier one shows nothing.

        Behind a turn that shows a step of its own they begin anew.
        """
        if turn.ordinal <= self._newest or turn.state is not TurnState.COMPLETE:
            return
        self._newest = turn.ordinal
        if None in turn.offset_bounds or turn.unmeasured.get(V2V) == Reason.STEPPED:
            self._turns.clear()
            return
        before = [*self._turns]
        self._turns.append(turn)
        if not before:
            return
        last = before[-1]
        moved_ms = _moved(last, turn)
        if moved_ms <= -LEAST_STEP_MS:
            yield from self._doubt(last, _BEHIND_THE_WAY, -moved_ms)
            yield from self._doubt(turn, _AHEAD_OF_THE_WAY, -moved_ms)
        elif len(before) > 1 and not moved_ms and _has_room(before[-2], last, turn):
            # The clock stepped on its way through v34.
            yield Doubt(last.ordinal, last.request_id, frozenset((V2V, NETWORK, *HOPS, *_ACROSS)))

    def _doubt(self, turn: Turn, stages: tuple[str, ...], step_ms: float) -> Iterator[Doubt]:
        """Stages that may hold a step of the voice services' clock forward, or the time between two turns does."""
        keys = {key for key in stages if self._is_longer(turn, key, step_ms)}
        if keys:
            headline = {V2V} if keys - set(OUTSIDE) else set()
            yield Doubt(turn.ordinal, turn.request_id, frozenset(keys | headline | set(_ACROSS)))

    def _is_longer(self, turn: Turn, key: str, step_ms: float) -> bool:
        """Without the step the stage is nearer to what it usually takes; long enough, where nothing is usual yet."""
        ms = turn.stages.get(key)
        if ms is None or ms < step_ms:
            return False
        others = [other for one in self._turns if one is not turn and (other := one.stages.get(key)) is not None]
        usual_ms = median(others) if others else 0.0
        return abs(ms - step_ms - usual_ms) < abs(ms - usual_ms)


def _moved(earlier: Turn, later: Turn) -> float:
    """By how much v34's clock minus the other one is higher than it was, at least, in ms; 0 where both bounds agree."""
    (low, high), (new_low, new_high) = earlier.offset_bounds, later.offset_bounds
    assert low is not None and high is not None and new_low is not None and new_high is not None
    return max(new_low - high, 0.0) or min(new_high - low, 0.0)


def _has_room(earlier: Turn, turn: Turn, later: Turn) -> bool:
    """The offset is another one behind a turn than ahead of it, and the turn agrees with both."""
    return not _moved(earlier, turn) and abs(_moved(earlier, later)) >= LEAST_STEP_MS


def spoil(ledger: Ledger, keys: frozenset[str]) -> Ledger:
    """The ledger without these figures."""
    stages = {key: None if key in keys else ms for key, ms in ledger.stages.items()}
    unmeasured = {**dict.fromkeys(sorted(keys), str(Reason.STEPPED)), **ledger.unmeasured}
    spoiled = replace(ledger, stages=stages, unmeasured=unmeasured)
    if V2V not in keys:
        return spoiled
    return replace(spoiled, headline_ms=None, v2v_ms=None, unattributed_ms=None, gaps=())
