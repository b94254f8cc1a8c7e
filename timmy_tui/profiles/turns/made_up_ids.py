"""Ids of turns whose records have none: the same whenever a log is read, so that the history knows the turn again."""

import hashlib
from collections import OrderedDict

from timmy_tui.model.same_turn import UNDATED
from timmy_tui.profiles.records.matching import Hit

MOST_COUNTED = 1 << 16
"""Ids without a date whose number is known: two of a name are the same words in the same second of two days."""


class MadeUpIds:
    """Gives ids in the order of the log."""

    def __init__(self) -> None:
        self._last_stamp = self._of_stamp = 0
        self._counts: OrderedDict[str, int] = OrderedDict()

    def of(self, hit: Hit) -> str:
        """The id of the turn that this event begins: of its time, and the count within it.

        Where the day is a guess, which can be another one next time: of the time of day, and what the event says.
        """
        if hit.time_of_day_s is not None:
            return self._undated(hit)
        stamp = hit.stamp_us or 0
        self._of_stamp = self._of_stamp + 1 if stamp == self._last_stamp else 0
        self._last_stamp = stamp
        return _digest(f"{stamp} {self._of_stamp}", 4)

    def _undated(self, hit: Hit) -> str:
        name = _digest(repr((hit.time_of_day_s, hit.event, sorted(hit.captures.items()))), 8)
        count = self._counts.pop(name, 0) + 1
        self._counts[name] = count
        if len(self._counts) > MOST_COUNTED:
            self._counts.popitem(last=False)
        return f"{UNDATED}{name}-{count}"


def _digest(text: str, size: int) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=size).hexdigest()
