"""A clock that stepped in mid-turn without a trace in that turn: the turns around it have other offsets.

The voice services' clock set forward while v34 works looks like a slow network, and in the synthesis like a slow voice.
But each turn bounds the offset between the two clocks (``Turn.offset_bounds``), and the next one contradicts the last.
Not seen: that clock set back by less than a stage takes, and steps by less than the bounds are wide.
"""

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from msgspec.structs import replace

from timmy_tui.model.stages import BY_KEY, HOPS, NETWORK, OUTSIDE, STAGES, TOP, V2V
from timmy_tui.model.turn import Reason, Turn, TurnState
from timmy_tui.turns.ledger import Ledger

LEAST_STEP_MS = 20.0
"""Offsets that differ by less are not a step: a Windows clock ticks every 15.6 ms."""

_VOICE = tuple(stage.key for stage in STAGES if stage.clock in ("stt", "tts") and stage.measured == "events")
_WAY_IN, _WAY_OUT = TOP.index(HOPS[0]), TOP.index(HOPS[-1])
_BEHIND_THE_WAY = tuple(key for key in _VOICE if TOP.index(key) > _WAY_OUT and BY_KEY[key].starts[0][:3] == "tts")
_AHEAD_OF_THE_WAY = tuple(key for key in _VOICE if TOP.index(key) < _WAY_IN)
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
        self._turns: deque[Turn] = deque(maxlen=2)
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
        if moved_ms < 0:
            yield from _doubt(last, _BEHIND_THE_WAY, -moved_ms)
            yield from _doubt(turn, _AHEAD_OF_THE_WAY, -moved_ms)
        elif not moved_ms and not _moved(before[0], last) and _moved(before[0], turn):
            # The turn between them has room for both offsets: a clock stepped on its way through v34.
            yield Doubt(last.ordinal, last.request_id, frozenset((V2V, NETWORK, *HOPS, *_ACROSS)))


def _moved(earlier: Turn, later: Turn) -> float:
    """By how much v34's clock minus the other one is higher than it was, at least, in ms; 0 for what is not a step."""
    (low, high), (new_low, new_high) = earlier.offset_bounds, later.offset_bounds
    assert low is not None and high is not None and new_low is not None and new_high is not None
    moved_ms = max(new_low - high, 0.0) or min(new_high - low, 0.0)
    return moved_ms if abs(moved_ms) >= LEAST_STEP_MS else 0.0


def _doubt(turn: Turn, stages: tuple[str, ...], step_ms: float) -> Iterator[Doubt]:
    """Stages that are long enough to hold a step of the voice services' clock forward."""
    keys = {key for key in stages if (turn.stages.get(key) or 0.0) >= step_ms}
    if keys:
        headline = {V2V} if keys - set(OUTSIDE) else set()
        yield Doubt(turn.ordinal, turn.request_id, frozenset(keys | headline | set(_ACROSS)))


def spoil(ledger: Ledger, keys: frozenset[str]) -> Ledger:
    """The ledger without these figures."""
    stages = {key: None if key in keys else ms for key, ms in ledger.stages.items()}
    unmeasured = {**dict.fromkeys(sorted(keys), str(Reason.STEPPED)), **ledger.unmeasured}
    spoiled = replace(ledger, stages=stages, unmeasured=unmeasured)
    if V2V not in keys:
        return spoiled
    return replace(spoiled, headline_ms=None, v2v_ms=None, unattributed_ms=None, gaps=())
