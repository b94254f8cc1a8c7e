"""The skyline: one column a turn, its stages stacked from zero on one scale, eight steps a cell.

A cell has two colours, that of its glyph (the lower stage) and that of its ground (the upper one). Where three stages
meet in one cell, the two are shown that fill most of it; the top of a column is never moved for that.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache

from msgspec import Struct

from timmy_tui.ui.paint.glyphs import Glyphs
from timmy_tui.ui.paint.lines import Line, Span
from timmy_tui.ui.paint.themes import GAP_KEY, OVER, STAGE

STEPS = 8
"""Heights of a cell."""
CUT_OVER_P90 = 1.25
"""A longer column is cut there: one outlier would flatten all others."""
LOUD = 3
"""Weight of the unnamed time where three stages share a cell: it is the one to be seen."""
FULL = "█"
SOLID = (FULL, " ")
SKY = ""
"""Role of what is above a column."""
CUT = "skyline.cut"
"""Role of the sign on a column that is cut."""
OUTLINED = f"{STAGE}endpointing"
"""Drawn hollow: a setting, and no service that could be made faster."""

Part = tuple[str, float]
"""(stage key, or GAP_KEY; ms)."""
Run = tuple[str, int]
"""(role, its end in steps above the ground)."""


class Column(Struct, frozen=True):
    """One turn of the skyline."""

    parts: tuple[Part, ...] = ()
    """From the ground up; empty where there is nothing to stack."""
    sign: str = ""
    """Glyph that stands for a turn without a stack; empty otherwise."""
    role: str = "muted"
    """Of the sign."""
    meaning: str = ""
    """Of the sign, for the legend."""

    @property
    def total_ms(self) -> float:
        """Its height."""
        return sum(ms for _, ms in self.parts)


def top_of_scale(columns: Iterable[Column]) -> float:
    """ms at the upper edge: CUT_OVER_P90 × the ninetieth percentile (nearest rank); 0 without any stack."""
    totals = sorted(column.total_ms for column in columns if column.parts)
    if not totals:
        return 0.0
    return CUT_OVER_P90 * totals[-(-9 * len(totals) // 10) - 1]


def is_cut(column: Column, top: float) -> bool:
    """The column is longer than the scale."""
    return column.total_ms > top > 0


def runs(column: Column, top: float, steps: int) -> list[Run]:
    """The stages as they are drawn: each with its upper end, in whole steps of ``top`` / ``steps`` ms, ascending.

    Each end is rounded by itself, so no error adds up. A column with a stack is at least one step high. Unnamed time of
    less than a step goes to the stage below it: rounded up, and LOUD, a gap of 0.2 ms was drawn as 190.
    """
    drawn: list[Run] = []
    at, used = 0.0, 0
    scale = steps / top if top > 0 else 0.0
    for key, ms in column.parts:
        at += max(ms, 0.0)
        end = min(int(at * scale + 0.5), steps)
        if end <= used:
            continue
        if key != GAP_KEY or ms * scale >= 1:
            drawn.append((f"{STAGE}{key}", end))
        elif drawn:
            drawn[-1] = (drawn[-1][0], end)
        used = drawn[-1][1] if drawn else 0
    if not drawn and column.parts:
        drawn.append((f"{STAGE}{max(column.parts, key=lambda part: part[1])[0]}", 1))
    return drawn


def column_cells(column: Column, top: float, rows: int, glyphs: Glyphs) -> list[Span]:
    """The column as ``rows`` cells, the lowest first."""
    if not column.parts:
        sign: Span = (column.sign, column.role) if column.sign else (" ", SKY)
        return [sign, *[(" ", SKY)] * (rows - 1)]
    drawn = runs(column, top, rows * STEPS)
    cells: list[Span] = []
    at = 0
    for row in range(rows):
        floor, ceiling = row * STEPS, (row + 1) * STEPS
        while at < len(drawn) and drawn[at][1] <= floor:
            at += 1
        if at == len(drawn):
            cells.append((" ", SKY))
        elif drawn[at][1] >= ceiling:
            cells.append(_full(drawn[at][0], glyphs))
        else:
            cells.append(_cell(drawn[at:], floor, glyphs))
    if is_cut(column, top):
        cells[-1] = (glyphs.cut, f"{CUT}{OVER}{drawn[-1][0]}")
    return cells


def _full(role: str, glyphs: Glyphs) -> Span:
    return (glyphs.outline, role) if role == OUTLINED else (FULL, role)


def _cell(drawn: Sequence[Run], floor: int, glyphs: Glyphs) -> Span:
    """A cell in which stages meet, or one ends; ``drawn`` begins with the stage at its floor."""
    inside: list[Run] = []
    for role, end in drawn:
        inside.append((role, min(end - floor, STEPS)))
        if end - floor >= STEPS:
            break
    below = inside[-1][1]
    if below < STEPS:
        role = inside[0][0] if len(inside) == 1 else _main(_steps(inside))
        return _glyph(role, SKY, below, glyphs)
    if len(inside) == 2:
        (lower, split), (upper, _) = inside
    else:
        lower, upper, split = _best_split(tuple(inside))
    return _full(lower, glyphs) if lower == upper else _glyph(lower, upper, split, glyphs)


def _steps(inside: Iterable[Run]) -> list[str]:
    """The role of each step of a cell."""
    steps: list[str] = []
    for role, end in inside:
        steps += [role] * (end - len(steps))
    return steps


@lru_cache(maxsize=4096)
def _best_split(inside: tuple[Run, ...]) -> tuple[str, str, int]:
    """(lower role, upper role, steps of the lower): the division into two that shows most of the steps as they are.

    Cells look alike: of the 3 300 in which three stages met in 970 turns, most had been divided before.
    """
    steps = _steps(inside)
    best = (0, steps[0], steps[0], STEPS)
    for split in (end for _, end in inside[:-1]):
        lower, upper = _main(steps[:split]), _main(steps[split:])
        right = _weight(steps[:split], lower) + _weight(steps[split:], upper)
        if right > best[0]:
            best = (right, lower, upper, split)
    return best[1:]


def _main(steps: Sequence[str]) -> str:
    return max(dict.fromkeys(steps), key=lambda role: _weight(steps, role))


def _weight(steps: Sequence[str], role: str) -> int:
    return steps.count(role) * (LOUD if role == f"{STAGE}{GAP_KEY}" else 1)


def _glyph(lower: str, upper: str, split: int, glyphs: Glyphs) -> Span:
    return glyphs.ramp[split - 1], f"{lower}{OVER}{upper}" if upper else lower


def skyline_rows(columns: Sequence[Sequence[Span]], rows: int, sky: str = "text") -> list[Line]:
    """Columns of ``column_cells`` side by side, as lines from the top."""
    return [join_cells([column[row] for column in columns], sky) for row in range(rows - 1, -1, -1)]


def middle(columns: int) -> int:
    """Where a sign stands in so many columns."""
    return (columns - 1) // 2


def widened(column: Sequence[Span], inked: int, width: int, glyphs: Glyphs) -> list[list[Span]]:
    """A column as ``width`` columns of a cell: ``inked`` of them alike, the others free. A sign stands once, midway."""
    if width == 1:
        return [list(column)]
    sides = [_beside(glyph, role, glyphs) for glyph, role in column]
    mid = middle(inked)
    free = [(" ", SKY)] * len(column)
    return [*(list(column) if at == mid else sides for at in range(inked)), *[free] * (width - inked)]


def _beside(glyph: str, role: str, glyphs: Glyphs) -> Span:
    """What is at the side of a cell in the same turn: the same of a solid one, of a sign its ground alone."""
    if glyph in SOLID or glyph == glyphs.outline or glyph in glyphs.ramp:
        return glyph, role
    return " ", role if OVER in role else SKY


def join_cells(cells: Iterable[Span], sky: str = "text") -> Line:
    """Cells as a line: neighbours of one colour become one span, whether their glyph or their ground has it.

    A terminal is told of every change of colours: a solid cell goes with the span before it where that has its colour.
    """
    spans: list[Span] = []
    text, role = "", ""
    for glyph, wanted in cells:
        wanted = wanted or sky
        if wanted == role:
            text += glyph
        elif glyph == FULL and role.endswith(f"{OVER}{wanted}"):
            text += " "
        elif (glyph == FULL and role.startswith(f"{wanted}{OVER}")) or (glyph == " " and _on_sky(role)):
            text += glyph
        else:
            if text:
                spans.append((text, role))
            text, role = glyph, wanted
    return (*spans, (text, role)) if text else tuple(spans)


def _on_sky(role: str) -> bool:
    return role.startswith(STAGE) and OVER not in role
