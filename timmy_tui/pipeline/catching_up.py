"""After a sleep of the machine, or a stop: what was in flight may be over, so the files are read first."""

import time

from timmy_tui.core.running.interruptions import Interruption, InterruptionWatch, Kind

CATCH_UP_S = 1.0
"""Time in which the files are looked at before a silent turn is over. Polls come each 250 ms."""


class CatchingUp:
    """Sees interruptions, and knows for how long after one nothing is said of turns in flight."""

    def __init__(self) -> None:
        self._watch = InterruptionWatch()
        self.active = False
        """It is not known yet whether a turn is still in flight."""
        self._until = 0.0

    def look(self) -> tuple[Interruption | None, bool]:
        """What has happened since the last look, and whether that, or the end of catching up, is to be shown."""
        found = self._watch.look()
        now = time.monotonic()
        if found is not None and found.kind is not Kind.CLOCK:
            self.active, self._until = True, now + CATCH_UP_S
        elif self.active and now >= self._until:
            self.active = False
            return found, True
        return found, found is not None
