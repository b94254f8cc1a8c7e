"""Quitting, stopping, and the lines that are left in the terminal."""

import time

from timmy_tui.model.change import ChangeState, ControlState
from timmy_tui.ui.application.session_record import SessionRecord
from timmy_tui.ui.host import Host
from timmy_tui.ui.paint.glyphs import to_ascii

AGAIN_S = 2.0
"""Seconds in which the same key asks a second time."""
SETTLED = (ChangeState.IDLE, ChangeState.KEPT, ChangeState.ROLLED_BACK, ChangeState.NEEDS_ATTENTION)


def is_changing(host: Host) -> bool:
    """A change runs."""
    change = host.view.control.change if host.view.control else None
    return change is not None and change.state not in SETTLED


class Leaving:
    """For one dashboard."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self.farewell: list[str] = []
        """Lines to leave in the terminal when the dashboard has ended."""
        self._quit_asked_at = self._stop_asked_at = float("-inf")

    def leave(self, record: SessionRecord, control: ControlState | None) -> None:
        """Quit, and leave a summary of this session in the terminal."""
        host = self._host
        lines = record.lines(host.now(), control)
        self.farewell = [to_ascii(text) for text in lines] if host.view.glyphs.plain else lines
        host.exit()

    def quit_when_asked_twice(self) -> None:
        """Quit at the second ctrl+c; say so at the first."""
        if time.monotonic() - self._quit_asked_at < AGAIN_S:
            self._host.exit()
        self._quit_asked_at = time.monotonic()
        self._host.say("press ctrl+c again to quit", "warn")

    def may_stop(self) -> bool:
        """The process may be stopped now. While a change runs, which would stop too, only when asked twice."""
        if not is_changing(self._host) or time.monotonic() - self._stop_asked_at <= AGAIN_S:
            return True
        self._stop_asked_at = time.monotonic()
        keys = self._host.view.keys["suspend"]
        self._host.say(f"a change is running and would stop too; press {keys} again to stop all the same", "warn")
        return False
