"""Which stored turns a log may still have: these are not deleted, they would come back under another number."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence


class NumberRuns:
    """A set of numbers as runs of them: turns are numbered one after the other, so that months of them are one run."""

    def __init__(self) -> None:
        self._firsts: list[int] = []
        self._lasts: list[int] = []

    def __contains__(self, number: int) -> bool:
        at = bisect_right(self._firsts, number) - 1
        return at >= 0 and number <= self._lasts[at]

    def __len__(self) -> int:
        """How many runs there are."""
        return len(self._firsts)

    def add(self, number: int) -> None:
        """Put one in."""
        at = bisect_right(self._firsts, number)
        if at and number <= self._lasts[at - 1]:
            return
        begins_next = at < len(self._firsts) and self._firsts[at] == number + 1
        if at and self._lasts[at - 1] == number - 1:
            self._lasts[at - 1] = number
            if begins_next:
                self._lasts[at - 1] = self._lasts.pop(at)
                del self._firsts[at]
        elif begins_next:
            self._firsts[at] = number
        else:
            self._firsts.insert(at, number)
            self._lasts.insert(at, number)


class InLogs:
    """Numbers of turns that were read while the logs are what they are: a rotation or a deletion ends that."""

    def __init__(self) -> None:
        self._before, self._since = NumberRuns(), NumberRuns()
        """Two, because logs begin again one at a time: a turn may be in either log."""
        self._restarts: tuple[int, ...] = ()

    def __contains__(self, number: int) -> bool:
        return number in self._before or number in self._since

    def add(self, numbers: Iterable[int]) -> None:
        """These turns were read."""
        for number in numbers:
            self._since.add(number)

    def note_restarts(self, restarts: Sequence[int]) -> None:
        """How often each log has begun again so far. Once all of them have, none has what was read before."""
        if len(self._restarts) != len(restarts):
            self._restarts = tuple(restarts)
        elif restarts and all(now > then for now, then in zip(restarts, self._restarts, strict=True)):
            self._before, self._since = self._since, NumberRuns()
            self._restarts = tuple(restarts)

    def clear(self) -> None:
        """The numbers are those of another file now."""
        self._before, self._since = NumberRuns(), NumberRuns()
