"""The turns of the history, summed up by stretches of time, for the charts over hours, days and weeks."""

from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

from timmy_tui.model.trend_history import TimeBuckets
from timmy_tui.report.trend_buckets import buckets_of
from timmy_tui.storage.history import History

MOST_TURNS = 20_000
"""Newest turns that are read at once: about a second of a thread of its own, and a year of sixty turns a day."""


class TurnHistory:
    """Reads the history for the screen. Calls may take a second: make them in a thread."""

    def __init__(self, path: Path, open_history: Callable[[], History]) -> None:
        """``path``: of the history's file, which ``open_history`` opens."""
        self._path = path
        self._open = open_history

    def buckets(self, edges: Sequence[float]) -> TimeBuckets:
        """The turns between the first and the last edge (seconds since 1970, ascending), a bucket for each two.

        Raises HistoryError. A history that does not exist is not created: there are no turns then.
        """
        if not self._path.exists() or len(edges) < 2:
            return buckets_of((), edges)
        with closing(self._open()) as history:
            turns = history.newest_turns(edges[0], edges[-1], MOST_TURNS + 1)
        return buckets_of(turns[-MOST_TURNS:], edges, cut=len(turns) > MOST_TURNS)
