"""A sleep of the machine, or a stop of the process, on the screen: one line, and nothing in flight that may be over."""

from msgspec.structs import replace

from timmy_tui.core.running.interruptions import InterruptionWatch, Kind
from timmy_tui.ui.host import Host

LASTS_S = 60.0
"""So long it is said, whatever other notices come: who opens the lid does not look at once."""


class InterruptionNotices:
    """For one dashboard; an interruption is seen at the first look behind it."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._watch = InterruptionWatch()

    def begin(self) -> None:
        """What was until now is none: a slow start is no stop."""
        self._watch = InterruptionWatch()

    def look(self) -> None:
        """Say what has happened since the last look.

        Of what was in flight before nothing is known until the next snapshot.
        """
        host, found = self._host, self._watch.look()
        if found is None:
            return
        host.say(found.words, "warn" if found.kind is Kind.CLOCK else "info", LASTS_S)
        host.view = replace(host.view, interruption=host.view.notice)
        if found.kind is not Kind.CLOCK and host.snapshot.open_turn is not None:
            host.snapshot = replace(host.snapshot, open_turn=None)
