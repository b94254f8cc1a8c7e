"""Cells of a terminal as parts of an SVG picture: dots and blocks are drawn, so that no font needs to have them."""

from collections.abc import Iterator

CELL, LINE = 10, 20
"""Width and height of a cell of the picture."""
BASELINE = 15
"""Below the upper edge of a line."""
DOTS, BLOCKS = (0x2800, 0x28FF), "▁▂▃▄▅▆▇█"
ACROSS, DOWN = 2, 4
"""Dots of a cell."""
_BITS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""Bit of a dot by its row from the top and its side."""


Rectangle = tuple[float, float, float, float]
"""x, y, width and height in a cell."""
_MIDDLE, _THROUGH = (0, 10, CELL, 1), (5, 0, 1, LINE)
SHAPES: dict[str, tuple[Rectangle, ...]] = {
    **{char: ((0, 0, (at + 1) * CELL / 8, LINE),) for at, char in enumerate("▏▎▍▌▋▊▉")},
    "▀": ((0, 0, CELL, LINE // 2),), "▚": ((0, 0, 5, 10), (5, 10, 5, 10)),
    "─": (_MIDDLE,), "│": (_THROUGH,), "┃": ((4, 0, 2, LINE),), "╵": ((5, 0, 1, 10),), "╷": ((5, 10, 1, 10),),
    "├": (_THROUGH, (5, 10, 5, 1)), "┤": (_THROUGH, (0, 10, 5, 1)),
    "┊": ((5, 1, 1, 4), (5, 8, 1, 4), (5, 15, 1, 4)),
}  # fmt: skip
"""Other blocks, and lines: as text a ruler is not as long as what it measures, in a viewer with another font."""


def is_drawn(char: str) -> bool:
    """It becomes a path, and no text."""
    return DOTS[0] <= ord(char) <= DOTS[1] or char in BLOCKS or char in SHAPES


def cell_path(char: str, place: tuple[int, int], cells: int = 1) -> Iterator[str]:
    """Rectangles of a cell's dots or block, as pieces of a path; ``cells``: how often it stands side by side."""
    x, y = place
    if char in BLOCKS:
        height, width = (BLOCKS.index(char) + 1) * LINE // len(BLOCKS), cells * CELL
        yield f"M{x} {y + LINE - height}h{width}v{height}h-{width}z"
    elif char in SHAPES:
        for at in range(cells):
            for left, top, wide, high in SHAPES[char]:
                yield f"M{x + at * CELL + left:g} {y + top:g}h{wide:g}v{high:g}h-{wide:g}z"
    elif is_drawn(char):
        dot_wide, dot_high = CELL // ACROSS, LINE // DOWN
        set_dots = [
            (side, row)
            for row, bits in enumerate(_BITS)
            for side, bit in enumerate(bits)
            if (ord(char) - DOTS[0]) & bit
        ]
        for at in range(cells):
            for side, row in set_dots:
                yield f"M{x + at * CELL + side * dot_wide + 1} {y + row * dot_high + 1}h3v3h-3z"
