"""The thread that reads keys sleeps until there is one.

Textual's looks ten times a second whether it is to end: 0.9 ms of CPU a second, more than all files and services that
the dashboard follows. Only behind a key must it look again soon, because an Escape that nothing follows is a key.
"""

import os
import select
import selectors
import signal
import threading
import time
from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any

from textual.constants import ESCAPE_DELAY
from textual.drivers import linux_driver

from timmy_tui.ui.terminal.shutdown import force_exit_after, watch_terminal

Ready = list[tuple[selectors.SelectorKey, int]]
HUNG_UP = 128 + signal.SIGHUP
"""Exit code."""
UNTIL_FORCED_S = 3.0
"""From the end of the terminal. The application looks for that once a second, and leaves within one more; but where the
thread that writes has died of it, a picture that is to be written holds the application up for ever."""


class EndEvent(threading.Event):
    """Tells the thread to end, also while it sleeps: then ``descriptor`` can be read."""

    def __init__(self) -> None:
        super().__init__()
        self.descriptor, self._write = os.pipe()

    def set(self) -> None:
        if not self.is_set():
            os.write(self._write, b"x")
        super().set()

    def clear(self) -> None:
        if self.is_set():
            os.read(self.descriptor, 1)
        super().clear()


class PatientSelector(selectors.SelectSelector):
    """Returns when something was typed or the thread is to end; behind a key also after the time that is asked."""

    def __init__(self, end: EndEvent, is_gone: Callable[[], bool], when_gone: Callable[[], None]) -> None:
        """``is_gone``: the terminal is; reading it would return at once from then on. ``when_gone`` is called once."""
        super().__init__()
        self._end = end.descriptor
        self._is_gone, self._when_gone = is_gone, when_gone
        self._typed_at = float("-inf")
        self.register(self._end, selectors.EVENT_READ)

    def select(self, timeout: float | None = None) -> Ready:
        """As the base has it, without what only tells of the end."""
        waits_for_more = time.monotonic() - self._typed_at <= ESCAPE_DELAY + (timeout or 0.0)
        ready = [one for one in super().select(timeout if waits_for_more else None) if one[0].fd != self._end]
        if ready and self._is_gone():
            self._when_gone()
            select.select([self._end], [], [])
            return []
        if ready:
            self._typed_at = time.monotonic()
        return ready


def read_patiently(read: Callable[[], Any], end: EndEvent) -> None:
    """Call Textual's reading of the terminal, which makes its selector itself."""
    when_gone = partial(force_exit_after, HUNG_UP, UNTIL_FORCED_S)
    made = partial(PatientSelector, end, watch_terminal(), when_gone)
    patient = SimpleNamespace(SelectSelector=made, EVENT_READ=selectors.EVENT_READ)
    linux_driver.selectors = patient  # type: ignore[attr-defined,assignment]
    read()
