"""The day of a turn: that of its start in UTC, which is the same wherever and whenever somebody asks."""

from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

from timmy_tui.model.turn import Turn
from timmy_tui.storage.known_turns import times_of
from timmy_tui.storage.parquet.files import FileHead

NO_DAY = "__HIVE_DEFAULT_PARTITION__"
"""The day of turns of which no time is known; Hive's name for it, which DuckDB reads as NULL."""


def by_day(
    turns: Sequence[Turn], since: float | None = None, times: Mapping[int, float] | None = None
) -> dict[str, list[Turn]]:
    """Day → its turns, in their order. A turn without a time is of the day of the one before it, or else behind it.

    ``since``: seconds since 1970; without those that began before. ``times``: number → when a turn began that does not
    say it itself.
    """
    days: dict[str, list[Turn]] = {}
    for turn, at in zip(turns, times_of(turns, times), strict=True):
        if since is None or (at is not None and at >= since):
            days.setdefault(NO_DAY if at is None else _day_of(at), []).append(turn)
    return days


def _day_of(stamp: float) -> str:
    return datetime.fromtimestamp(stamp, UTC).strftime("%Y-%m-%d")


def where_they_may_have_been(changed: Collection[str], heads: Mapping[str, FileHead]) -> set[str]:
    """Days whose file may hold a turn that is of another day now.

    Its time was not known, or became another one across midnight when the other log told of it.
    """
    if not changed:
        return set()
    untimed = {day for day, head in heads.items() if head.untimed}
    return untimed | {near for day in changed for near in _neighbours(day) if near in heads}


def _neighbours(day: str) -> tuple[str, ...]:
    if day == NO_DAY:
        return ()
    at = date.fromisoformat(day)
    return tuple((at + timedelta(step)).isoformat() for step in (-1, 1))


def left_days(turns: Iterable[Turn], days: Collection[str], heads: Mapping[str, FileHead]) -> set[str]:
    """Days that have a file and no turn any more, where a turn of the file is of another day now: a clock was set.

    Where the file has only turns that are gone, its numbers are those of no turn.
    """
    numbers = sorted(turn.number for turn in turns if turn.number is not None)

    def has_one_of(head: FileHead) -> bool:
        if head.numbers is None:
            return True
        low, high = head.numbers
        at = bisect_left(numbers, low)
        return at < len(numbers) and numbers[at] <= high

    return {day for day, head in heads.items() if day not in days and has_one_of(head)}
