"""Pauses that no text has followed: STT writes one with a fresh id each time its silence threshold passes.

A quiet room gives 75 to 100 of them a minute. They are counted, and are no turns: only a second event of the same id
makes one, and that comes in the same pass of STT's loop, a few ms later.
"""

from collections import OrderedDict, deque
from collections.abc import Sequence

from timmy_tui.core.foreign.decode import number
from timmy_tui.model.snapshot import Listening
from timmy_tui.model.stages.v34 import PAUSE
from timmy_tui.model.turn import Event

_PAUSE = PAUSE.encode()

MAX_WAITING = 64
"""Newest lone pauses that can still become a turn: 40 s of a quiet room."""
MAX_SPACINGS = 512
"""Newest spacings that the rhythm is taken from: 6 minutes of a quiet room."""
MAX_SPACING_S = 5.0
"""A longer time between two lone pauses is not one round of silence: the microphone was closed, or STT stopped. The
longest round is a threshold of 2 s and a pass of 1 s."""


def without_lone_pauses(lines: Sequence[bytes]) -> list[bytes]:
    """The lines without pauses that another pause follows: STT writes the second event of an id before it goes on."""
    is_pause = [_PAUSE in line for line in lines] + [False]
    return [line for at, line in enumerate(lines) if not (is_pause[at] and is_pause[at + 1])]


class LonePauses:
    """Counts them, and keeps the newest in case that a second event follows. Its memory does not grow."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[str, Event] = OrderedDict()
        self._spacings: deque[float] = deque(maxlen=MAX_SPACINGS)
        self._last: Event | None = None
        """The newest one, if nothing but silence has come since."""
        self._last_spacing_id = ""
        self._threshold_s: float | None = None
        self._arrived: float | None = None
        self.count = 0
        """So far; a pause that a turn began with is not among them."""

    def add(self, event: Event, arrived: float | None) -> bool:
        """Count a pause. False if it is the same one again. ``arrived``: ``elapsed()``, or None in a backlog."""
        if event.request_id in self._waiting:
            return False
        self._set_threshold(event)
        if self._last is not None and 0 < event.timestamp - self._last.timestamp <= MAX_SPACING_S:
            self._spacings.append(event.timestamp - self._last.timestamp)
            self._last_spacing_id = event.request_id
        self._waiting[event.request_id] = self._last = event
        self._arrived = arrived
        self.count += 1
        if len(self._waiting) > MAX_WAITING:
            self._waiting.popitem(last=False)
        return True

    def take(self, request_id: str) -> Event | None:
        """The pause that a turn began with; it is counted no longer. None if there is none."""
        event = self._waiting.pop(request_id, None)
        if event is None:
            return None
        self.count -= 1
        if self._last_spacing_id == request_id:
            # A pass over speech takes longer than one over silence: it says nothing of the quiet rhythm.
            self._spacings.pop()
            self._last_spacing_id = ""
        if self._last is event:
            self._last = None
        return event

    def interrupt(self) -> None:
        """A turn has begun: the next pause is not one round of silence behind the last one."""
        self._last = None

    def _set_threshold(self, event: Event) -> None:
        threshold_s = number(event.metadata.get("pause_threshold"))
        if threshold_s != self._threshold_s:
            self._threshold_s = threshold_s
            self._spacings.clear()
            self._last = None

    @property
    def listening(self) -> Listening:
        """What they say by now."""
        spacings = tuple(self._spacings)
        return Listening(
            pauses=self.count,
            per_minute=60 * len(spacings) / sum(spacings) if spacings else None,
            threshold_s=self._threshold_s,
            spacings_s=spacings,
            arrived=self._arrived,
        )
