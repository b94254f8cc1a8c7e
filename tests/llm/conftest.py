import time
from collections.abc import Callable
from typing import Protocol, TypeVar

import pytest

T = TypeVar("T")


class Wait(Protocol):
    def __call__(self, look: Callable[[], T], limit_s: float = 20.0) -> T: ...


@pytest.fixture(scope="session")
def wait_for() -> Wait:
    """Look until there is something to see; fails after the limit."""

    def wait(look: Callable[[], T], limit_s: float = 20.0) -> T:
        deadline = time.monotonic() + limit_s
        while True:
            seen = look()
            if seen:
                return seen
            assert time.monotonic() < deadline, f"waited {limit_s} s"
            time.sleep(0.02)

    return wait
