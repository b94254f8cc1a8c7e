"""How the dashboard ends when it is not asked by a key: signals, and a terminal that has gone."""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable

GRACE_S = 1.5
"""From a signal to the end at the latest; a hung file system or service does not get a say."""


def end_on_signals(leave: Callable[[], None]) -> Callable[[], None]:
    """Call ``leave`` on SIGTERM and SIGHUP, and end the process after GRACE_S whatever happens.

    Only in the main thread; elsewhere (a test, a served page) signals are not ours. Returns how to stop listening.
    """
    loop = asyncio.get_running_loop()
    if threading.current_thread() is not threading.main_thread():
        return lambda: None

    def ask(number: int) -> None:
        last_resort(128 + number)
        leave()

    kinds = [signal.SIGTERM, signal.SIGHUP]
    for kind in kinds:
        loop.add_signal_handler(kind, ask, kind)

    def forget() -> None:
        for kind in kinds:
            loop.remove_signal_handler(kind)

    return forget


def last_resort(code: int, after: float = GRACE_S) -> None:
    """End the process from another thread, should the orderly way out hang."""
    timer = threading.Timer(after, os._exit, (code,))
    timer.daemon = True
    timer.start()


def terminal_gone() -> bool:
    """Nobody is at the other end: reads give nothing at once, and a loop over them would take a whole core."""
    try:
        return sys.__stdin__ is not None and not os.isatty(sys.__stdin__.fileno())
    except (OSError, ValueError):
        return True
