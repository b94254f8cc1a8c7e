"""Blocks: as large as there is room for, never larger, and every word of the screen can be written in them."""

from __future__ import annotations

import pytest

from timmy_tui.ui.charts.big_text import Size, big_text, largest, pixels_across, rows_of

WORDS = ("LISTENING", "THINKING", "SPEAKING", "IDLE", "DEAF", "UNKNOWN", "NO V34", "NO STT", "NO TTS", "NO OLLAMA",
         "FAILED", "TIMED OUT", "ABORTED", "≥1.83s", "~412ms", "≥100s", "—", "0.9ms", "2.70s", "5.64s")  # fmt: skip


def test_one_pixel_a_cell() -> None:
    assert big_text("L1", Size(1, 1), plain=True) == ["#    # ", "#   ## ", "#    # ", "#    # ", "### ###"]
    assert big_text("L1", Size(1, 1), plain=False) == ["█   ▄█ ", "█    █ ", "▀▀▀ ▀▀▀"]
    assert big_text("I", Size(2, 2), plain=False) == ["██"] * 5


@pytest.mark.parametrize("text", WORDS)
@pytest.mark.parametrize("plain", [False, True])
def test_it_fits_and_no_larger_one_would(text: str, plain: bool) -> None:
    for width in range(1, 120, 7):
        for rows in range(1, 40, 3):
            size = largest(text, width, rows, plain)
            if size is None:
                assert pixels_across(text) > width - 2 or rows < (5 if plain else 3)
                continue
            drawn = big_text(text, size, plain)
            assert len(drawn) == rows_of(size, plain) <= rows
            assert {len(row) for row in drawn} == {pixels_across(text) * size.cells}
            assert len(drawn[0]) <= width - 2, "a blank cell at each side"
            wider, taller = size._replace(cells=size.cells + 1), size._replace(steps=size.steps + 1)
            steps_a_row = 1 if plain else 2
            assert (
                pixels_across(text) * wider.cells > width - 2
                or rows_of(taller, plain) > rows
                or taller.steps * 2 / steps_a_row > 2.5 * size.cells
                or wider.cells > 2 * size.steps * 2 / steps_a_row
            )


@pytest.mark.parametrize("text", WORDS)
def test_every_character_is_in_the_font_and_each_looks_different(text: str) -> None:
    for character in text:
        assert pixels_across(character) > 0
    shapes = {tuple(big_text(character, Size(1, 1), plain=True)) for character in "0123456789.s≥>~—"}
    assert len(shapes) == 16
    assert pixels_across("≥") < pixels_across("2")  # At the same width it reads as one.


@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
@pytest.mark.parametrize("text", ["≥2.68s", "≥1.80s", "≥9.99s"])
def test_the_usual_headline_loses_no_size_to_its_margin(text: str, width: int) -> None:
    size = largest(text, width, 60, plain=False)
    assert size is not None and size.cells == width // 20
