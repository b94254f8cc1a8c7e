"""An event loop whose clock jumps to the next timer: a talk of minutes takes a second, every duration is exact.

``time.time`` follows the same clock; so install it before a package is imported that takes ``time.time`` as a default.
"""

import asyncio
import selectors
import time
from collections.abc import Callable, Coroutine
from typing import Any


class VirtualClock:
    """Seconds since ``start`` (Unix time), moved by the loop alone."""

    def __init__(self, start: float) -> None:
        self.start, self.passed = start, 0.0

    def now(self) -> float:
        """Unix time, s, to the microsecond."""
        return round(self.start + self.passed, 6)

    def install(self) -> None:
        """Take the place of ``time.time`` and of the nanoseconds with which pipelines time their frames."""
        time.time = self.now
        time.monotonic_ns = lambda: 10**12 + round(self.passed * 1e9)

    def loop(self) -> asyncio.AbstractEventLoop:
        """A loop on this clock."""
        selector = _JumpingSelector(self)
        loop = asyncio.SelectorEventLoop(selector)
        loop.time = lambda: self.passed  # type: ignore[method-assign]
        return loop

    def run(self, main: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run to the end."""
        loop = self.loop()
        asyncio.set_event_loop(loop)
        try:
            loop.run_until_complete(main())
        finally:
            loop.close()


class _JumpingSelector(selectors.SelectSelector):
    """Instead of waiting, the clock is moved by the time that would have been waited."""

    def __init__(self, clock: VirtualClock) -> None:
        super().__init__()
        self._clock = clock

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            return super().select(5.0)  # nothing is planned: only a thread can wake the loop
        ready = super().select(0)
        if not ready and timeout > 0:
            self._clock.passed += timeout
        return ready
