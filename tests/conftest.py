"""What every test needs of the process that it runs in."""

import gc
import os
import signal
import tempfile

import pytest
from hypothesis import settings

# Collecting makes a million objects that live to the end. To go through them again and again was a third of the time
# that collecting took (36 → 25 s for each of four processes), and some of each test's.
gc.disable()


def pytest_collection_finish() -> None:
    """From here on garbage is collected, and what was collected before the first test never looked at again."""
    gc.freeze()
    # Every 700 objects, as is usual, is a fifth of the CPU of a screen's tests (14 → 11 s for the table of turns).
    gc.set_threshold(20_000)
    gc.enable()


FIRST = ("test_types.py",)
"""Files of tests that take minutes: begun first, as each stays with one of the test processes."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What lasts longest begins first, all else in the order of the files."""
    items.sort(key=lambda item: item.path.name not in FIRST)


if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell without job control starts `make test &` with Ctrl+C ignored, and every child would inherit that:
    # what is tested by interrupting it would never hear of it.
    signal.signal(signal.SIGINT, signal.default_int_handler)

# A command that reads a Timmy's logs stores their turns: never in the history of whoever runs the tests.
os.environ["XDG_STATE_HOME"] = tempfile.mkdtemp(prefix="timmy-tui-tests-")

# Half of the usual examples: twelve thousand tests are to end within a quarter of an hour, and `make fuzz` looks for
# what needs more. No deadline: a busy machine is no fault of the code.
settings.register_profile("suite", max_examples=50, deadline=None)
settings.load_profile("suite")
