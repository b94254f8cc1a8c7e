"""From snapshots to the turns that are to be told: closed, settled, each once, and again where it was revised."""

import threading
import time
from collections.abc import Callable, Iterable
from typing import NamedTuple

from msgspec.structs import replace

from timmy_tui.model.llm import Reuse
from timmy_tui.model.snapshot import Snapshot, SourceCondition
from timmy_tui.model.turn import Turn

SETTLE_S = 2.0
"""A turn is told when nothing new has come of it for so long: v34's debug log comes after the latency log."""
BEGINNING_S = 5.0
"""Seconds from the first snapshot with lines, in which all that comes may have been in the logs before."""
OLD_S = 600.0
"""Of what comes in the beginning, a turn that ended longer ago is not of now: clocks may be minutes apart."""
MOST_WAITING = 2000


class NewTurn(NamedTuple):
    """A turn to tell of."""

    turn: Turn
    reuse: Reuse | None
    arrived: float
    """time.time() when it was first seen."""
    is_old: bool
    """It was over before this program began: a counter of now must not have it."""
    is_revision: bool
    """This run has told it before, as it was then."""


class _Waiting(NamedTuple):
    turn: Turn
    since: float
    arrived: float
    is_old: bool
    is_revision: bool


class NewTurns:
    """Fed by the pipeline's thread, emptied by another."""

    def __init__(self, settle_s: float = SETTLE_S, clock: Callable[[], float] = time.monotonic) -> None:
        """``clock``: seconds; which wall clock stamps say is no matter to it."""
        self.dropped = 0
        """Turns that had to go because nobody took them in time."""
        self._settle_s, self._clock = settle_s, clock
        self._lock = threading.Lock()
        self._seen: tuple[Turn, ...] = ()
        self._known: dict[int, Turn] = {}
        self._first: dict[int, tuple[float, bool]] = {}
        """Ordinal → when it was first seen, and whether it is old."""
        self._told: set[int] = set()
        self._waiting: dict[int, _Waiting] = {}
        self._reuse: tuple[Reuse, ...] = ()
        self._begun: float | None = None

    def observe(self, snapshot: Snapshot) -> bool:
        """Take a snapshot; the pipeline's thread. True when it has turns that are new or were revised."""
        if snapshot.llm is not None:
            self._reuse = snapshot.llm.reuse
        beginning = self._is_beginning(snapshot)
        if snapshot.preview or snapshot.turns is self._seen:
            return False
        self._seen = snapshot.turns
        with self._lock:
            changed = [turn for turn in snapshot.turns if self._is_new(turn)]
            self._known = {turn.ordinal: turn for turn in snapshot.turns}
            self._first = {ordinal: self._first[ordinal] for ordinal in self._known if ordinal in self._first}
            self._told &= self._known.keys()
            for turn in changed:
                self._put(turn, snapshot.taken, beginning)
        return bool(changed)

    def _is_beginning(self, snapshot: Snapshot) -> bool:
        now = self._clock()
        if self._begun is None and (snapshot.turns or any(source.lines for source in snapshot.sources)):
            self._begun = now
        reading = any(source.condition is SourceCondition.READING for source in snapshot.sources)
        return self._begun is None or now - self._begun < BEGINNING_S or snapshot.preview or reading

    def _is_new(self, turn: Turn) -> bool:
        """It is not known as it is now; a number that the history gave, and old events let go, are no news."""
        known = self._known.get(turn.ordinal)
        if known is None or known is turn:
            return known is None
        return replace(known, number=turn.number, events=turn.events) != turn

    def _put(self, turn: Turn, taken: float, beginning: bool) -> None:
        if turn.ordinal not in self._first:
            ended = turn.answered or turn.ended or turn.started
            self._first[turn.ordinal] = taken, beginning and (ended is None or taken - ended > OLD_S)
        arrived, is_old = self._first[turn.ordinal]
        self._waiting.pop(turn.ordinal, None)
        revision = turn.ordinal in self._told
        self._waiting[turn.ordinal] = _Waiting(turn, self._clock(), arrived, is_old, revision)
        if len(self._waiting) > MOST_WAITING:
            del self._waiting[next(iter(self._waiting))]
            self.dropped += 1

    def take(self, unsettled: bool = False, most: int = MOST_WAITING) -> list[NewTurn]:
        """Turns that have settled, oldest first, at most ``most``. ``unsettled``: the others too, at the end."""
        due = self._clock() - self._settle_s
        with self._lock:
            ready = [one for one in self._waiting.values() if unsettled or one.since <= due][:most]
            for one in ready:
                del self._waiting[one.turn.ordinal]
                self._told.add(one.turn.ordinal)
            reuse = {one.ordinal: one for one in self._reuse} if ready else {}
        return [NewTurn(one.turn, reuse.get(one.turn.ordinal), *one[2:]) for one in ready]

    def put_back(self, turns: Iterable[NewTurn]) -> None:
        """Turns that could not be told yet; a newer state of one stays."""
        with self._lock:
            for one in turns:
                ordinal = one.turn.ordinal
                if ordinal not in self._waiting:
                    self._waiting[ordinal] = _Waiting(one.turn, 0.0, one.arrived, one.is_old, one.is_revision)

    @property
    def waiting(self) -> int:
        """Turns that were not taken yet."""
        return len(self._waiting)
