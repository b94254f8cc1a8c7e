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


def is_drawn(char: str) -> bool:
    """It becomes a path, and no text."""
    return DOTS[0] <= ord(char) <= DOTS[1] or char in BLOCKS


def cell_path(char: str, place: tuple[int, int], cells: int = 1) -> Iterator[str]:
    """Rectangles of a cell's dots or block, as pieces of a path; ``cells``: how often it stands side by side."""
    x, y = place
    if char in BLOCKS:
        height, width = (BLOCKS.index(char) + 1) * LINE // len(BLOCKS), cells * CELL
        yield f"M{x} {y + LINE - height}h{width}v{height}h-{width}z"
    elif is_drawn(char):
        wide, high = CELL // ACROSS, LINE // DOWN
        set_dots = [
            (side, row)
            for row, bits in enumerate(_BITS)
            for side, bit in enumerate(bits)
            if (ord(char) - DOTS[0]) & bit
        ]
        for at in range(cells):
            for side, row in set_dots:
                yield f"M{x + at * CELL + side * wide + 1} {y + row * high + 1}h3v3h-3z"
