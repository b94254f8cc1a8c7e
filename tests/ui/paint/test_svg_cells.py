"""Blocks and lines of an SVG picture: drawn where a terminal has them; a ruler is as long as what it measures."""

from __future__ import annotations

import re

import pytest

from timmy_tui.ui.paint.svg_cells import BLOCKS, CELL, LINE, SHAPES, cell_path, is_drawn

PIECE = re.compile(r"M([\d.]+) ([\d.]+)h([\d.]+)v([\d.]+)h-([\d.]+)z")


def rectangles(char: str, place: tuple[int, int] = (0, 0), cells: int = 1) -> list[tuple[float, ...]]:
    found = PIECE.findall("".join(cell_path(char, place, cells)))
    assert all(one[2] == one[4] for one in found), "it goes back to where it began"
    return [tuple(map(float, one[:4])) for one in found]


@pytest.mark.parametrize("char", [*SHAPES, *BLOCKS, "⡇", "⣿"])
def test_what_is_drawn_stays_in_its_cell(char: str) -> None:
    assert is_drawn(char) and rectangles(char)
    for x, y, width, height in rectangles(char, (30, 40)):
        assert 30 <= x < x + width <= 30 + CELL and 40 <= y < y + height <= 40 + LINE


def test_a_rule_is_as_long_as_its_cells_and_its_ends_meet_it() -> None:
    assert [x for x, *_ in rectangles("─", (0, 0), 3)] == [0, CELL, 2 * CELL]
    (_, level, width, _), (_, top, _, height) = rectangles("─")[0], rectangles("│")[0]
    assert width == CELL and (top, height) == (0, LINE)
    for end, side in (("├", CELL), ("┤", 0)):
        across = next(one for one in rectangles(end) if one[3] == 1)
        assert across[1] == level and side in (across[0], across[0] + across[2])


def test_eighths_of_a_bar_grow_from_the_left() -> None:
    assert [rectangles(char)[0][2] for char in "▏▎▍▌▋▊▉"] == [CELL * at / 8 for at in range(1, 8)]


@pytest.mark.parametrize("char", ["a", "░", "▒", "→", " "])
def test_text_and_shades_stay_text(char: str) -> None:
    assert not is_drawn(char) and rectangles(char) == []
