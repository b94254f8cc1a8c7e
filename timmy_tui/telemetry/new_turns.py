"""From snapshots to the turns that are to be told: closed, settled, each once, and again where it was revised."""

import threading
import time
from collections.abc import Callable, Iterable
from itertools import islice
from typing import NamedTuple

from msgspec.structs import replace

from timmy_tui.model.llm import Reuse
from timmy_tui.model.snapshot import Snapshot, SourceCondition
from timmy_tui.model.turn import Turn

SETTLE_S = 2.0
"""A turn is told when nothing new has come of it for so long: v34's debug log comes after the latency log."""
BEGINNING_S = 5.0
"""Seconds from the first snapshot of a full reading, in which all that comes may have been in the logs before."""
OLD_S = 600.0
"""Of what comes in the beginning, a turn that ended longer ago is not of now: clocks may be minutes apart."""
MOST_WAITING = 2000
"""Turns that no snapshot has any more. Those that one has wait without end: they are held in any case."""


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
    is_settled: bool = True
    """Else this is the end, and its debug log may still tell of it."""


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
        self._reuse_of: dict[int, Reuse] = {}
        """Of the turns that wait: a snapshot has that of the newest 200 alone."""
        self._begun: float | None = None

    def observe(self, snapshot: Snapshot) -> bool:
        """Take a snapshot; the pipeline's thread. True when it has turns that are new or were revised."""
        reuse, self._reuse = self._reuse, snapshot.llm.reuse if snapshot.llm is not None else self._reuse
        beginning = self._is_beginning(snapshot)
        has_turns = not snapshot.preview and snapshot.turns is not self._seen
        if not has_turns and (self._reuse is reuse or not self._waiting):
            return False
        changed: list[Turn] = []
        with self._lock:
            if has_turns:
                changed = self._changed(snapshot.turns)
            for turn in changed:
                self._put(turn, snapshot.taken, beginning)
            self._reuse_of |= {one.ordinal: one for one in self._reuse if one.ordinal in self._waiting}
        return bool(changed)

    def _changed(self, turns: tuple[Turn, ...]) -> list[Turn]:
        self._seen = turns
        changed = [turn for turn in turns if self._is_new(turn)]
        self._known = {turn.ordinal: turn for turn in turns}
        self._first = {ordinal: self._first[ordinal] for ordinal in self._known if ordinal in self._first}
        self._told &= self._known.keys()
        return changed

    def _is_beginning(self, snapshot: Snapshot) -> bool:
        """What the full reading shows when the preview goes was all there before, however long it took to read."""
        if snapshot.preview or any(source.condition is SourceCondition.READING for source in snapshot.sources):
            self._begun = None
            return True
        if self._begun is None and (snapshot.turns or any(source.lines for source in snapshot.sources)):
            self._begun = self._clock()
        return self._begun is None or self._clock() - self._begun < BEGINNING_S

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
        while len(self._waiting) > max(MOST_WAITING, len(self._known)):
            ordinal = next(iter(self._waiting))
            del self._waiting[ordinal]
            self._reuse_of.pop(ordinal, None)
            self.dropped += 1

    def take(self, unsettled: bool = False, most: int = MOST_WAITING) -> list[NewTurn]:
        """Turns that have settled, oldest first, at most ``most``. ``unsettled``: the others too, at the end."""
        due = self._clock() - self._settle_s
        with self._lock:
            ready = list(islice((one for one in self._waiting.values() if unsettled or one.since <= due), most))
            taken = []
            for one in ready:
                ordinal = one.turn.ordinal
                del self._waiting[ordinal]
                self._told.add(ordinal)
                taken.append(NewTurn(one.turn, self._reuse_of.pop(ordinal, None), *one[2:], one.since <= due))
        return taken

    def put_back(self, turns: Iterable[NewTurn]) -> None:
        """Turns that could not be told yet, ahead of the others; a newer state of one stays."""
        with self._lock:
            newer, self._waiting = self._waiting, {}
            for one in turns:
                ordinal = one.turn.ordinal
                waits = newer.pop(ordinal, None) or _Waiting(one.turn, 0.0, one.arrived, one.is_old, False)
                self._waiting[ordinal] = waits._replace(is_revision=one.is_revision)
                if not one.is_revision:
                    self._told.discard(ordinal)
                if one.reuse is not None:
                    self._reuse_of.setdefault(ordinal, one.reuse)
            self._waiting |= newer

    @property
    def waiting(self) -> int:
        """Turns that were not taken yet."""
        return len(self._waiting)
