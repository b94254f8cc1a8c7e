"""Runs work until a signal ends it, and then its end, which nothing ends."""

import signal
from collections.abc import Callable
from types import FrameType

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class EndRequested(BaseException):
    """SIGTERM or SIGHUP has come; no ``except Exception`` may hold it up, nor a write that waits for its reader."""


def run_until_signal(work: Callable[[], None], end: Callable[[], None]) -> None:
    """Call ``work``, then ``end``, whatever ended the work. Returns where that was SIGTERM or SIGHUP.

    Raises KeyboardInterrupt for SIGINT, and what ``work`` raises. Only the first signal counts, and none once the work
    is over. One that is ignored by who started this (nohup) stays ignored.
    """

    def ignore() -> None:
        for one in taken:
            signal.signal(one, signal.SIG_IGN)

    def interrupt(number: int, frame: FrameType | None) -> None:
        ignore()
        raise KeyboardInterrupt if number == signal.SIGINT else EndRequested

    before = {one: signal.getsignal(one) for one in ENDING}
    taken = [one for one in ENDING if before[one] is not signal.SIG_IGN]
    try:
        try:
            for one in taken:
                signal.signal(one, interrupt)
            work()
        finally:
            ignore()  # One that comes before this line ignores the others itself, and passes to the outer ``finally``.
    except EndRequested:
        pass
    finally:
        try:
            end()
        finally:
            for one in taken:
                signal.signal(one, before[one])
