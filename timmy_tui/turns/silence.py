"""How long a turn has been silent: by our own clock while its lines arrive, by its last writer's clock in a backlog."""

from timmy_tui.model.turn import Event
from timmy_tui.turns.draft import Draft

LATER_IDS = 64
"""So many later ids end a turn of a backlog: a clock that was set back by hours would else leave it in flight."""

MAX_OPEN = 64
"""Turns in flight. With one more, the one that was silent through the most later ids is over: there is one in use, and
so many are ids that no second event follows."""
MOST_CLOCKS = 16
"""Services whose newest stamp is remembered; there are three."""

_CLOCKS = {"stt": "voice", "tts": "voice"}
"""STT and TTS run on one kernel, v34 on another: only stamps of one clock tell how long a turn was silent."""


class Silence:
    """Knows what time it is for the turns in flight. Another machine's stamps are never set against our clock."""

    def __init__(self, timeout_s: float) -> None:
        """``timeout_s``: silence that ends a turn."""
        self._timeout_s = timeout_s
        self.arrived: float | None = None
        """``elapsed()`` of the newest lines, so that a sleep is silence; None in a backlog or a replay."""
        self.begun = 0
        """Ids that have begun so far, lone pauses included."""
        self._newest_stamps: dict[str, float] = {}

    def note(self, event: Event) -> None:
        """An event that may be the newest of its writer's clock."""
        clock = _CLOCKS.get(event.service, event.service)
        if clock in self._newest_stamps or len(self._newest_stamps) < MOST_CLOCKS:
            self._newest_stamps[clock] = event.timestamp

    def is_over(self, draft: Draft) -> bool:
        """Whether a turn in flight has had no line for longer than the time-out."""
        if self.arrived is not None and draft.arrived is not None:
            return self.arrived - draft.arrived > self._timeout_s
        if not draft.events:
            return False
        service = draft.events[-1].service
        newest = self._newest_stamps.get(_CLOCKS.get(service, service), draft.last_stamp)
        return newest - draft.last_stamp > self._timeout_s or self.begun - draft.begun >= LATER_IDS
