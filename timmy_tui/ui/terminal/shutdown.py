"""How the dashboard ends without a key: by a signal, or when the terminal is gone."""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable
from functools import partial

from timmy_tui.core.running.threads import start_timer
from timmy_tui.core.web_page import is_web_page

GRACE_S = 1.5
"""Longest time from a signal to the end in seconds, also when a file system or service hangs."""


def end_on_signals(leave: Callable[[], None]) -> Callable[[], None]:
    """Call ``leave`` on SIGTERM and SIGHUP, and end the process after GRACE_S in any case.

    Only in the main thread; elsewhere (a test, a served page) it does nothing. Returns a function that removes the
    handlers.
    """
    loop = asyncio.get_running_loop()
    if threading.current_thread() is not threading.main_thread():
        return lambda: None

    def on_signal(number: int) -> None:
        force_exit_after(128 + number)
        leave()

    kinds = [signal.SIGTERM, signal.SIGHUP]
    for kind in kinds:
        loop.add_signal_handler(kind, on_signal, kind)

    def remove_handlers() -> None:
        for kind in kinds:
            loop.remove_signal_handler(kind)

    return remove_handlers


def force_exit_after(code: int, after: float = GRACE_S) -> None:
    """End the process from another thread after ``after`` seconds, in case the normal exit hangs."""
    start_timer("exit", after, partial(os._exit, code))


def watch_terminal() -> Callable[[], bool]:
    """A function that tells whether the terminal that there is now is gone; of a web page, the server of the page."""
    if is_web_page():
        server = os.getppid()
        return lambda: os.getppid() != server
    return (lambda: False) if terminal_gone() else terminal_gone


def terminal_gone() -> bool:
    """The terminal is gone. Reads then return at once with nothing, and the input loop would use a whole core."""
    try:
        return sys.__stdin__ is not None and not os.isatty(sys.__stdin__.fileno())
    except (OSError, ValueError):
        return True
