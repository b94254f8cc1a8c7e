"""What the tests of the restart strategies share."""

import threading

import pytest


@pytest.fixture
def never_cancelled() -> threading.Event:
    """The event that ends a wait; nobody sets it."""
    return threading.Event()
