"""Tables of a process that runs for months: the newest entries are enough."""

from itertools import islice
from typing import Any, TypeVar

K = TypeVar("K")

MOST_REVISED = 5000
"""Newest turns that can be revised, with room: late lines reach 512 turns, v34's statistics 1000."""


def drop_oldest(table: dict[K, Any], most: int) -> None:
    """Of a dict with twice as many entries, drop all but the newest ``most``: rarely, so that it costs nothing."""
    if len(table) >= 2 * most:
        for key in list(islice(table, len(table) - most)):
            del table[key]
