"""Which turns the table has, in which order, and what its heading says of both."""

from collections.abc import Sequence

from timmy_tui.core.formatting import plural
from timmy_tui.model.turn import Turn
from timmy_tui.ui.last_view import TableChoice
from timmy_tui.ui.paint.glyphs import Glyphs
from timmy_tui.ui.paint.lines import foreign
from timmy_tui.ui.panels.turns.cells import COLUMNS, sorted_turns, turn_facts
from timmy_tui.ui.turn_filter import TurnFilter, filter_problem, parse_filter
from timmy_tui.ui.view import View

MOST = 200
"""Greatest number of rows: removing a row costs more the more rows there are."""
UNSORTED = ("state",)
"""Columns whose order says nothing."""
UPWARDS = ("time", "why")
"""Columns that are sorted with the smallest first."""


class TurnOrder:
    """The filter, the column that the rows are sorted by, and the direction."""

    def __init__(self) -> None:
        self.sorted_by, self.downwards = "time", False
        self.filter_text = ""
        """That of the filter in use."""
        self._filter = TurnFilter()

    @property
    def is_by_time(self) -> bool:
        """The rows are in the order of time, the newest last."""
        return (self.sorted_by, self.downwards) == ("time", False)

    def filter_by(self, text: str) -> None:
        """Only turns that pass. Raises FilterProblem, and changes nothing then."""
        self._filter, self.filter_text = parse_filter(text), text

    def sort_by(self, key: str, downwards: bool) -> None:
        """By this column."""
        self.sorted_by, self.downwards = key, downwards

    def by_time(self) -> None:
        """The order of time again."""
        self.sort_by("time", False)

    def next_column(self, shown: Sequence[str]) -> tuple[str, bool]:
        """(key, downwards) of the column behind the present one; behind the last one, the order of time."""
        keys = [key for key in shown if key not in UNSORTED] or ["time"]
        key = keys[(keys.index(self.sorted_by) + 1) % len(keys)] if self.sorted_by in keys else keys[0]
        return key, key not in UPWARDS

    def turns(self, view: View) -> list[Turn]:
        """The turns of the table."""
        turns = [turn for turn in view.turns if self._filter.passes(turn, turn_facts(turn, view))]
        if self.is_by_time:
            return turns[-MOST:]
        return sorted_turns(turns, view, self.sorted_by, self.downwards)[:MOST]

    # -- the last time

    def restore(self, chosen: TableChoice) -> None:
        """As it was; what is not known any more is left out."""
        if chosen.sorted_by in {column.key for column in COLUMNS}:
            self.sort_by(chosen.sorted_by, chosen.downwards)
        if chosen.filter and not filter_problem(chosen.filter):
            self.filter_by(chosen.filter)

    @property
    def choice(self) -> TableChoice:
        """What ``restore`` takes."""
        return TableChoice(self.filter_text, self.sorted_by, self.downwards)

    # -- words

    def arrow(self, glyphs: Glyphs) -> str:
        """Behind the heading of the column; empty in the order of time."""
        return "" if self.is_by_time else glyphs.down if self.downwards else glyphs.up

    def heading(self, shown: int, total: int) -> str:
        """``52 turns``, ``26 of 52 turns · llm>700ms · by largest, smallest first``."""
        if self.filter_text:
            words = f"{shown} of {total} turns · {foreign(self.filter_text, 40)}"
        elif shown == total:
            words = plural(total, "turn")
        else:
            words = f"{'newest ' if self.is_by_time else ''}{shown} of {total} turns"
        if self.is_by_time:
            return words
        heading = next((column.heading for column in COLUMNS if column.key == self.sorted_by), "")  # Shown or not.
        return f"{words} · by {heading.strip() or self.sorted_by}{'' if self.downwards else ', smallest first'}"
