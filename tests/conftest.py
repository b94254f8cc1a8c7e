"""What every test needs of the process that it runs in."""

import signal
import time
from collections.abc import Callable
from typing import Protocol, TypeVar

import pytest

T = TypeVar("T")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell without job control starts `make test &` with Ctrl+C ignored, and every child would inherit that:
    # what is tested by interrupting it would never hear of it.
    signal.signal(signal.SIGINT, signal.default_int_handler)


class Wait(Protocol):
    """The type of ``wait_for``."""

    def __call__(self, look: Callable[[], T], limit_s: float = 25.0) -> T:
        """What ``look`` returns as soon as that is true."""
        ...


@pytest.fixture(scope="session")
def wait_for() -> Wait:
    """Look until there is something to see; fails after the limit."""

    def wait(look: Callable[[], T], limit_s: float = 25.0) -> T:
        deadline = time.monotonic() + limit_s
        while not (seen := look()):
            assert time.monotonic() < deadline, f"waited {limit_s} s for {look}"
            time.sleep(0.02)
        return seen

    return wait
