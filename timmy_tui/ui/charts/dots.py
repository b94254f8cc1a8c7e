"""A canvas of eight dots a cell (braille), with a ground behind them; without braille, of three heights a cell."""

from msgspec import Struct

from timmy_tui.ui.charts.skyline import join_cells
from timmy_tui.ui.paint.glyphs import Glyphs
from timmy_tui.ui.paint.lines import Line, Span
from timmy_tui.ui.paint.themes import OVER

ACROSS, DOWN = 2, 4
"""Dots of a cell."""
_BITS = ((0x40, 0x80), (0x04, 0x20), (0x02, 0x10), (0x01, 0x08))
"""Bit of a dot in U+2800…, by its height from the foot of the cell and by its side."""
_BLANK = 0x2800
_HEIGHTS, _FILLED = "..-'", ".:+#"
"""Without braille: the sign of the highest dot of a cell, from the foot up; where all below it are there too."""


class Ink(Struct, frozen=True):
    """What dots are drawn in. A cell has one colour: that of its dots of the highest rank."""

    role: str
    rank: int = 0


class Dots:
    """Columns × rows of cells; x from the left and y from the foot, in dots."""

    def __init__(self, columns: int, rows: int) -> None:
        self.columns, self.rows = columns, rows
        size = columns * rows
        self._masks = [0] * size
        self._inks = [Ink("")] * size
        self._grounds = [""] * size
        self._signs: dict[int, Span] = {}

    def put(self, x: int, y: int, ink: Ink) -> None:
        """One dot; outside of the canvas none."""
        if 0 <= x < self.columns * ACROSS and 0 <= y < self.rows * DOWN:
            at = y // DOWN * self.columns + x // ACROSS
            if not self._masks[at] or ink.rank >= self._inks[at].rank:
                self._inks[at] = ink
            self._masks[at] |= _BITS[y % DOWN][x % ACROSS]

    def dash(self, x: int, length: int, y: int, ink: Ink) -> None:
        """Dots side by side from ``x`` on."""
        for one in range(x, x + length):
            self.put(one, y, ink)

    def join(self, start: tuple[int, int], end: tuple[int, int], ink: Ink) -> None:
        """A straight line of dots between two of them."""
        (x, y), (to_x, to_y) = start, end
        steps = max(abs(to_x - x), abs(to_y - y), 1)
        for step in range(steps + 1):
            self.put(round(x + (to_x - x) * step / steps), round(y + (to_y - y) * step / steps), ink)

    def shade(self, columns: range, rows: range, role: str) -> None:
        """Give the cells of these columns and rows (from the foot) a ground: the colour of ``role``."""
        for row in rows:
            for column in columns:
                if 0 <= column < self.columns and 0 <= row < self.rows:
                    self._grounds[row * self.columns + column] = role

    def sign(self, column: int, row: int, span: Span) -> None:
        """A sign in the place of a cell's dots; ``row`` from the foot."""
        if 0 <= column < self.columns and 0 <= row < self.rows:
            self._signs[row * self.columns + column] = span

    def upright(self, column: int, span: Span) -> None:
        """A line from the foot to the top, wherever the column has nothing else."""
        for row in range(self.rows):
            at = row * self.columns + column
            if 0 <= column < self.columns and not self._masks[at] and at not in self._signs:
                self._signs[at] = span

    def lines(self, glyphs: Glyphs) -> list[Line]:
        """From the top."""
        return [
            join_cells(self._cell(row * self.columns + column, glyphs) for column in range(self.columns))
            for row in range(self.rows - 1, -1, -1)
        ]

    def _cell(self, at: int, glyphs: Glyphs) -> Span:
        mask, ground = self._masks[at], self._grounds[at]
        glyph, role = self._signs.get(at, (" ", ""))
        if not glyph.strip() and mask:
            glyph, role = _glyph(mask, glyphs), self._inks[at].role
        if ground:
            return (glyph, f"{role}{OVER}{ground}" if glyph != " " else ground)
        return glyph, role


def _glyph(mask: int, glyphs: Glyphs) -> str:
    if not glyphs.plain:
        return chr(_BLANK + mask)
    there = [bool(mask & (left | right)) for left, right in _BITS]
    top = max(height for height in range(DOWN) if there[height])
    return _FILLED[top] if top and all(there[: top + 1]) else _HEIGHTS[top]
