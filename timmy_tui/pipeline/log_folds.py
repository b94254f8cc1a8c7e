"""Rows that stand for many lines: of a quiet room's log nothing else would be on the screen."""

from collections import Counter
from collections.abc import Set

from timmy_tui.model.log_entry import LogEntry, counted_together, counting_row
from timmy_tui.model.stages.system import watched
from timmy_tui.model.stages.v34 import PAUSE
from timmy_tui.parse import raw_lines
from timmy_tui.pipeline.log_merge import Item

_PAUSE = PAUSE.encode()


def fold(items: list[Item], below: Set[str] = frozenset()) -> list[Item]:
    """Pauses that nothing follows, one behind the other, as the last of them: a quiet room writes 75-100 a minute.

    The same of our own requests, for each of which v34 prints two lines. ``below``: ids of the next events of the log,
    which may follow a pause of these.
    """
    names = Counter(item.request_id for item in items if item.stamped)
    rows: list[Item] = []
    for item in items:
        lone = item.stamped and names[item.request_id] == 1 and raw_lines.stamped_event(item.line.data) == _PAUSE
        if lone and item.request_id not in below:
            above = rows.pop().pauses if rows and rows[-1].pauses else 0
            item = Item(item.line, True, item.request_id, above + 1)
        elif not item.stamped and raw_lines.asks_for_statistics(item.line.data) and watched().is_built_in:
            item = Item(item.line, False, asked=_asked_above(rows) + 1)
        rows.append(item)
    return rows


def _asked_above(rows: list[Item]) -> int:
    """Take the requests that end the rows away, with what is printed ahead of each; how many they were."""
    if rows and not rows[-1].stamped and not rows[-1].asked and raw_lines.tells_of_our_question(rows[-1].line.data):
        rows.pop()
    return rows.pop().asked if rows and rows[-1].asked else 0


def join_folds(above: list[LogEntry], below: list[LogEntry]) -> list[LogEntry]:
    """Both, one behind the other: a row at the border that goes on below it is counted there, once."""
    above, below = [*above], [*below]
    for at, entry in enumerate(below):
        if not entry.is_quiet:
            break
        tail = counting_row(above, entry)
        if tail is not None:
            below[at] = counted_together(above.pop(tail), entry)
    return [*above, *below]
