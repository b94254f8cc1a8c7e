"""One layout per 100 ms while the size of the terminal changes: dragging the border of a pane sends sixty a second."""

from collections.abc import Callable

from textual import events

EVERY_S = 0.1
"""Shortest time between two layouts for new sizes, in seconds."""


class ResizeGate:
    """Lets a resize through at once, and of those that follow within EVERY_S the newest alone, at their end."""

    def __init__(
        self,
        clock: Callable[[], float],
        later: Callable[[float, Callable[[], None]], object],
        post: Callable[[events.Resize], object],
    ) -> None:
        """``clock``: time.monotonic; ``later`` calls a function after so many seconds; ``post`` sends an event."""
        self._clock, self._later, self._post = clock, later, post
        self._last = float("-inf")
        self._held: events.Resize | None = None
        self._released: events.Resize | None = None

    def passes(self, event: events.Resize) -> bool:
        """Whether the event is to be handled now; one that is not comes again, unless a newer one does."""
        if event is self._released:
            self._released = None
            return True
        wait_s = self._last + EVERY_S - self._clock()
        if self._held is None and wait_s <= 0:
            self._last = self._clock()
            return True
        if self._held is None:
            self._later(wait_s, self._release)
        self._held = event
        return False

    def _release(self) -> None:
        newest, self._held = self._held, None
        if newest is not None:
            self._last = self._clock()
            # A new one: Textual marks an event that it has handled.
            self._released = events.Resize(newest.size, newest.virtual_size, newest.container_size, newest.pixel_size)
            self._post(self._released)
