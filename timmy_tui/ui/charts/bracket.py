"""Brackets over a plot: from where something began to where it ended, with its name."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

from msgspec import Struct

from timmy_tui.ui.charts.skyline import join_cells
from timmy_tui.ui.paint.glyphs import Glyphs
from timmy_tui.ui.paint.lines import Line, Span

BLANK: Span = (" ", "text")
WORTH_IT = 4
"""Cells that words ahead of a bracket must have more than those in it."""


class Bracket(Struct, frozen=True):
    """A stretch of columns that has a name."""

    start: int
    """Column; negative where it began further to the left."""
    end: int
    """Last column; the width or more where it goes on."""
    words: tuple[str, ...]
    """From the longest to the shortest."""
    role: str


def bracket_line(brackets: Iterable[Bracket], width: int, glyphs: Glyphs, heads: Sequence[str] = ()) -> Line:
    """One line of ``width`` cells: ``┏━ RAG +41ms ×1.8 ━━━━┓``. The next one ends the one before it.

    Where a bracket is short, longer words stand ahead of it. ``heads``: words at the left edge, the longest that fit.
    """
    cells: list[Span] = [BLANK] * width
    ordered = _one_a_column(sorted(brackets, key=lambda one: (one.start, -one.end)))
    for one, following in pairwise([*ordered, None]):
        if one is not None:
            _draw(cells, one, following.start if following is not None else width, glyphs)
    first = next((at for at, cell in enumerate(cells) if cell is not BLANK), width)
    head = next((text for text in heads if len(text) < first), "")
    cells[: len(head)] = [(char, "muted") for char in head]
    return join_cells(cells)


def _one_a_column(ordered: Sequence[Bracket]) -> list[Bracket]:
    """Those that begin at one column as one, with the names of both."""
    joined: list[Bracket] = []
    for one in ordered:
        if joined and max(joined[-1].start, 0) == max(one.start, 0):
            last = joined.pop()
            both = tuple(f"{a} · {b}" for a, b in zip(last.words, one.words, strict=False))
            one = Bracket(last.start, max(last.end, one.end), (*both, *last.words, *one.words[-1:]), last.role)
        joined.append(one)
    return joined


def _draw(cells: list[Span], one: Bracket, until: int, glyphs: Glyphs) -> None:
    """Up to the column ahead of ``until``, where the next begins."""
    open_left, closed = one.start < 0, one.end < len(cells)
    left, right, rule = ("[", "]", "=") if glyphs.plain else ("┏", "┓", "━")
    start, end = max(one.start, 0), min(one.end, until - 1, len(cells) - 1)
    if start >= len(cells) or end < start:
        return
    for at in range(start, end + 1):
        cells[at] = (rule, one.role)
    cells[start] = (glyphs.before if open_left else left, one.role)
    if closed and end == one.end and end > start:
        cells[end] = (right, one.role)
    inside = _longest(one.words, end - start - 1)
    outside = _longest(one.words, _free(cells, start, (BLANK,)))
    if not inside and not outside:
        # The last one is the newest finding: its name is worth a piece of the rule before it.
        rules = tuple({cell for cell in cells if cell[0] == rule})
        outside = _longest(one.words, _free(cells, start, (BLANK, *rules)) - 1)
    if len(outside) > len(inside) + WORTH_IT:
        cells[start - len(outside) : start] = [(char, one.role) for char in outside]
    else:
        at = start + (2 if len(inside) < end - start - 1 else 1)
        cells[at : at + len(inside)] = [(char, one.role) for char in inside]


def _free(cells: Sequence[Span], start: int, free: Sequence[Span]) -> int:
    """How many cells ahead of a column are among ``free``."""
    ahead = 0
    while ahead < start and cells[start - ahead - 1] in free:
        ahead += 1
    return ahead


def _longest(words: Sequence[str], free: int) -> str:
    """With a blank on each side; empty where none fits."""
    return next((f" {text} " for text in words if len(text) + 2 <= free), "")
