"""Waits for what another thread does, which tells nobody."""

import time
from collections.abc import Callable

WAIT_S = 20.0


def until(holds: Callable[[], bool]) -> None:
    """Return as soon as it holds."""
    end = time.monotonic() + WAIT_S
    while not holds():
        assert time.monotonic() < end, "still not so"
        time.sleep(0.01)
