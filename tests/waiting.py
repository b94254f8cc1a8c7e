"""Waiting for what other threads and processes do."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
LIMIT_S = 45.0
"""Pytest ends a test after 60 s."""
LOOK_S = 0.01


def wait_for(look: Callable[[], T], shown: Callable[[], object] = lambda: "") -> T:
    """What ``look`` returns as soon as that is true; fails after the limit with what ``shown`` says then."""
    deadline = time.monotonic() + LIMIT_S
    while not (found := look()):
        assert time.monotonic() < deadline, (f"waited {LIMIT_S:.0f} s for {look}", shown())
        time.sleep(LOOK_S)
    return found
