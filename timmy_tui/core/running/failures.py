"""Steps that raised although nothing should: where, what they were at, how often. It costs one item, not the rest."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from operator import length_hint
from typing import TypeVar

from msgspec import Struct

from timmy_tui.core.foreign.sanitize import clean

T = TypeVar("T")

MOST_PLACES = 20
"""Places in the program that are told apart; more are counted together."""
ELSEWHERE = "elsewhere in the program"
_LIMIT = 100
"""Characters of each part of a message."""


class Failure(Struct):
    """What went wrong at one place, or with one thread."""

    where: str
    """Module and line (``turns.ledger:120``), or the name of the thread."""
    message: str
    """Of the first exception at a place, or of the last one of a thread; cleaned text."""
    since: float
    """time.time() of the first one."""
    count: int = 1
    kind: str = ""
    """Class of the exception where ``message`` quotes it, which may quote a line of a log; empty where it does not."""


class Failures:
    """Collects the exceptions of one part of the program."""

    def __init__(self) -> None:
        self._failures: dict[str, Failure] = {}

    def note(self, error: Exception, about: str = "") -> None:
        """Count an exception. ``about``: what the step was at, in words that may be printed."""
        where = raised_at(error)
        if where not in self._failures and len(self._failures) >= MOST_PLACES:
            where = ELSEWHERE
        failure = self._failures.get(where)
        if failure is not None:
            failure.count += 1
            return
        at = f" ({clean(about, _LIMIT)})" if about else ""
        message = describe(error, _LIMIT) + at
        self._failures[where] = Failure(where, message, time.time(), kind=type(error).__name__)

    def run(self, items: Sequence[T], consume: Callable[[Iterator[T]], None], about: Callable[[int, T], str]) -> None:
        """Hand ``consume`` an iterator over the items, and again after an exception: only the item that raised is lost.

        ``about``: what an item is, by its index.
        """
        remaining = iter(items)
        while True:
            try:
                consume(remaining)
                return
            except Exception as error:  # noqa: BLE001  One item is lost, and it is said which.
                index = len(items) - length_hint(remaining) - 1
                self.note(error, about(index, items[index]))

    @property
    def all(self) -> tuple[Failure, ...]:
        """One for each place, oldest first."""
        return tuple(self._failures.values())

    @property
    def counts(self) -> Counter[str]:
        """How often each occurred, by place and first message: for where lines are counted that could not be read."""
        return Counter({f"{one.where}: {one.message}": one.count for one in self._failures.values()})


def describe(error: BaseException, limit: int = 160) -> str:
    """``ValueError: what it says`` as one cleaned line of so many characters."""
    return clean(f"{type(error).__name__}: {error}".strip(": "), limit)


def raised_at(error: BaseException) -> str:
    """Module and line where the exception was raised."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return ELSEWHERE
    name = trace.tb_frame.f_globals.get("__name__", "")
    return f"{str(name).removeprefix('timmy_tui.')}:{trace.tb_lineno}"
