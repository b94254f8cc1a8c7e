"""The guard of every background thread: one that fails says so on the screen, and starts again after a pause.

Without it an exception ends a thread in silence, while the screen goes on showing the last state that it saw.
"""

import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from timmy_tui.core.foreign.sanitize import clean
from timmy_tui.core.running.failures import Failure, describe, raised_at

FIRST_PAUSE_S = 0.5
"""Pause after a first failure; each further one doubles it."""
LONGEST_PAUSE_S = 30.0
RECOVERED_S = 60.0
"""A thread that has worked for this long since it was started again has recovered: its failure is shown no more."""
MAX_SHOWN = 32
"""Most failures that are kept, the oldest of which goes."""

Work = Callable[[], object]
OnFailure = Callable[[str], object]
"""Gets what went wrong, in one line."""


class _Entry(NamedTuple):
    failure: Failure
    shown_until: float
    """time.monotonic() from which it has recovered."""


_lock = threading.Lock()
_entries: dict[str, _Entry] = {}


def thread_failures() -> tuple[Failure, ...]:
    """What is wrong with the threads of this process now, where, and what is done about it; oldest first."""
    now = time.monotonic()
    with _lock:
        for name in [name for name, entry in _entries.items() if entry.shown_until < now]:
            del _entries[name]
        return tuple(entry.failure for entry in _entries.values())


def set_failure(name: str, message: str, recovers_after_s: float = float("inf"), kind: str = "") -> None:
    """Show that the thread ``name`` cannot do its work now; the time of the first failure stays. ``kind``: as there."""
    with _lock:
        known = _entries.get(name)
        since = known.failure.since if known is not None else time.time()
        failure = Failure(name, clean(message, 200), since, kind=kind)
        _entries[name] = _Entry(failure, time.monotonic() + recovers_after_s)
        while len(_entries) > MAX_SHOWN:
            del _entries[next(iter(_entries))]


def clear_failure(name: str) -> None:
    """The thread ``name`` does its work again."""
    with _lock:
        _entries.pop(name, None)


def guarded_thread(
    name: str, work: Work, stopping: threading.Event | None = None, on_failure: OnFailure | None = None
) -> threading.Thread:
    """A daemon thread, not started yet, that calls ``work``.

    ``stopping``: with it, ``work`` is called again after each failure until it is set, after pauses of 0.5 s to 30 s.
    What ``work`` holds must outlive a call of it. Without it, ``work`` is called once.
    """
    return threading.Thread(target=_Guard(name, work, stopping, on_failure).run, name=name, daemon=True)


def start_thread(name: str, work: Work) -> threading.Thread:
    """Call ``work`` once, in a daemon thread that is started now."""
    thread = guarded_thread(name, work)
    thread.start()
    return thread


def start_timer(name: str, after_s: float, work: Work) -> threading.Timer:
    """Call ``work`` once, ``after_s`` seconds from now, in a daemon thread, unless it is cancelled."""
    timer = threading.Timer(after_s, _Guard(name, work, None, None).run)
    timer.daemon = True
    timer.start()
    return timer


class _Guard:
    """Calls the work of one thread."""

    def __init__(self, name: str, work: Work, stopping: threading.Event | None, on_failure: OnFailure | None) -> None:
        self._name = name
        self._work = work
        self._stopping = stopping
        self._on_failure = on_failure
        self._failures = 0

    def run(self) -> None:
        """Until the work returns or the program stops."""
        while True:
            began = time.monotonic()
            try:
                self._work()
                return
            except Exception as error:  # noqa: BLE001  Shown, not swallowed; an unguarded thread would end unseen.
                if time.monotonic() - began > RECOVERED_S:
                    self._failures = 0
                self._failures += 1
                pause_s = min(FIRST_PAUSE_S * 2 ** min(self._failures - 1, 16), LONGEST_PAUSE_S)
                self._show(error, pause_s)
            if self._stopping is None or self._stopping.wait(pause_s):
                return

    def _show(self, error: Exception, pause_s: float) -> None:
        text = f"{describe(error)} ({raised_at(error)})"
        if self._stopping is None:
            set_failure(self._name, f"ended: {text}", kind=type(error).__name__)
        else:
            again = f"starts again in {pause_s:g} s" if self._failures == 1 else f"{self._failures} times, again"
            set_failure(self._name, f"{text}, {again}", pause_s + RECOVERED_S, type(error).__name__)
        if self._on_failure is not None:
            self._on_failure(text)
