"""Words and figures in blocks, as large as a pane allows, to be read from across a room.

An own font of five rows: Textual's Digits have one size and no letters, FIGlet's fonts cannot be scaled.
"""

from typing import NamedTuple

ROWS = 5
"""Pixels of a letter from top to bottom."""
TALLEST = 2.5
"""A pixel is at most so many times as high as wide: a narrow pane has tall figures, not flat ones."""
GAP = 1
"""Pixels between two letters."""
MARGIN = 1
"""Cells at each side that stay blank: a letter at the edge of the pane looks cut, ≥ most of all."""
# ≥ and > are narrower than figures: at three pixels ≥ reads as a 2. With an s of two, ``≥2.68s`` has
# 19 pixels: with 20 it filled a pane of 40, 60, 80, 120 or 200 cells from edge to edge.
_FONT: dict[str, tuple[str, ...]] = {
    character: tuple(rows.split())
    for character, rows in {
        "0": "### #.# #.# #.# ###", "1": ".#. ##. .#. .#. ###", "2": "### ..# ### #.. ###", "3": "### ..# ### ..# ###",
        "4": "#.# #.# ### ..# ..#", "5": "### #.. ### ..# ###", "6": "### #.. ### #.# ###", "7": "### ..# ..# .#. .#.",
        "8": "### #.# ### #.# ###", "9": "### #.# ### ..# ###", ".": ". . . . #", "—": "... ... ### ... ...",
        "≥": "#. .# #. .. ##", ">": ".. #. .# #. ..", "~": ".... .#.# #.#. .... ....", " ": ".. .. .. .. ..",
        "s": ".. ## #. .# ##", "m": "..... ..... ##.#. #.#.# #.#.#", "h": "#.. #.. ##. #.# #.#",
        "A": ".#. #.# ### #.# #.#", "B": "##. #.# ##. #.# ##.", "D": "##. #.# #.# #.# ##.", "E": "### #.. ##. #.. ###",
        "F": "### #.. ##. #.. #..", "G": ".## #.. #.# #.# .##", "H": "#.# #.# ### #.# #.#", "I": "# # # # #",
        "K": "#.# #.# ##. #.# #.#", "L": "#.. #.. #.. #.. ###", "M": "#...# ##.## #.#.# #...# #...#",
        "N": "#..# ##.# #.## #..# #..#", "O": "### #.# #.# #.# ###", "P": "##. #.# ##. #.. #..",
        "R": "##. #.# ##. #.# #.#", "S": ".## #.. .#. ..# ##.", "T": "### .#. .#. .#. .#.", "U": "#.# #.# #.# #.# ###",
        "V": "#.# #.# #.# #.# .#.", "W": "#...# #...# #.#.# ##.## #...#",
    }.items()
}  # fmt: skip
_HALVES = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}


class Size(NamedTuple):
    """How large one pixel of a letter is."""

    cells: int
    """Across."""
    steps: int
    """From top to bottom: half rows, or with ASCII whole ones."""


def pixels_across(text: str) -> int:
    """Width of a text in pixels; a character that the font lacks is left out."""
    widths = [len(_FONT[character][0]) for character in text if character in _FONT]
    return sum(widths) + GAP * max(len(widths) - 1, 0)


def rows_of(size: Size, plain: bool) -> int:
    """Rows of the screen that a text of this size takes."""
    return ROWS * size.steps if plain else -(-ROWS * size.steps // 2)


def largest(text: str, width: int, rows: int, plain: bool) -> Size | None:
    """The largest size in so many cells, with a margin, and rows; None where not even the smallest has room."""
    across = pixels_across(text)
    cells = (width - 2 * MARGIN) // across if across else 0
    steps = rows // ROWS if plain else 2 * rows // ROWS
    if cells < 1 or steps < 1:
        return None
    half_rows = 2 if plain else 1  # Of one step; a half row is about as high as a cell is wide.
    return Size(min(cells, 2 * steps * half_rows), min(steps, max(int(TALLEST * cells / half_rows), 1)))


def big_text(text: str, size: Size, plain: bool) -> list[str]:
    """The text in blocks, all rows of one width. ``plain``: in ``#``."""
    letters = [_FONT[character] for character in text if character in _FONT]
    grid = [(" " * GAP).join(letter[row] for letter in letters).replace(".", " ") for row in range(ROWS)]
    wide = ["".join(pixel * size.cells for pixel in row) for row in grid for _ in range(size.steps)]
    if plain:
        return wide
    wide += [" " * len(wide[0])] * (len(wide) % 2)
    return [
        "".join(_HALVES[upper == "#", lower == "#"] for upper, lower in zip(*pair, strict=True))
        for pair in zip(wide[::2], wide[1::2], strict=True)
    ]
