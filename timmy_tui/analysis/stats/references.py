"""The reference of a level as arrays. A fit takes a third of the time that it takes to build them anew from tuples."""

from collections import deque

import numpy as np
from msgspec import Struct

from timmy_tui.analysis.stats.tuning import TUNING
from timmy_tui.analysis.stats.workload import Array, log_works

_MOST = TUNING.reference.most_values


class Entry(Struct, frozen=True, gc=False):
    """One value of a series."""

    log_ms: float
    work: tuple[float, ...]
    turn: tuple[int, str]
    """Ordinal and request id."""
    residual: float = 0.0
    """From the level as it was when it came, clipped."""
    session: int = 0
    """Number of its session."""


class Columns:
    """Follows a reference from fit to fit; only what is new is read and made logarithms of."""

    def __init__(self, stage: str) -> None:
        self._stage = stage
        self._times = np.empty(2 * _MOST)
        """The reference is a stretch of it that moves to the right; at the end it is put back to the left."""
        self._works = np.empty((len(log_works(stage, ())), 2 * _MOST))
        """The same of log work, a row for each that may be tried."""
        self._begin = self._end = 0
        self._newest: Entry | None = None
        """The reference's last one when it was last followed."""

    def follow(self, reference: deque[Entry], added: int) -> tuple[Array, Array]:
        """Log times (n) and log work (rows × n) of the reference, to which so many were ``added`` since the last time.

        Where anything else was done to it since then, all is made anew.
        """
        count = len(reference)
        if not 0 < added < count or reference[-1 - added] is not self._newest:
            added, self._begin, self._end = count, 0, 0
        if self._end + added > 2 * _MOST:
            self._start_left()
        entries = list(reference)[-added:]
        place = slice(self._end, self._end + added)
        self._times[place] = [entry.log_ms for entry in entries]
        if len(self._works):
            self._works[:, place] = log_works(self._stage, [entry.work for entry in entries])
        self._end += added
        self._begin = self._end - count
        self._newest = reference[-1]
        return self._times[self._begin : self._end], self._works[:, self._begin : self._end]

    def _start_left(self) -> None:
        count = self._end - self._begin
        for columns in (self._times, self._works):
            columns[..., :count] = columns[..., self._begin : self._end].copy()
        self._begin, self._end = 0, count
