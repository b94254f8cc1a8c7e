"""The three largest stages, where there are no colours."""

from __future__ import annotations

import pytest

from timmy_tui.ui.charts.skyline import Column
from timmy_tui.ui.charts.skyline_bands import Band, band_cells, bands_of
from timmy_tui.ui.paint.glyphs import ASCII, UNICODE

STEADY = [
    Column(
        (("endpointing", 500.0), ("classify", 30.0), ("store", 300.0), ("llm", 800.0), ("mute", 210.0), ("tts", 700.0))
    )
] * 10


def test_the_three_largest_stages_in_the_order_of_a_turn_share_the_rows() -> None:
    bands = bands_of(STEADY, 8)
    assert [(band.key, band.rows) for band in bands] == [("store", 3), ("llm", 3), ("tts", 2)]
    assert bands[1].top == 1000.0


def test_a_stage_of_few_turns_counts_by_what_it_takes_of_all() -> None:
    seldom = [Column((("classify", 30.0), ("llm", 800.0), ("tts", 700.0)))] * 99 + [Column((("store", 900.0),))]
    assert [band.key for band in bands_of(seldom, 6)] == ["classify", "llm", "tts"]


@pytest.mark.parametrize(("rows", "keys"), [(2, ["llm", "tts"]), (1, ["llm"])])
def test_fewer_rows_have_fewer_bands(rows: int, keys: list[str]) -> None:
    assert [band.key for band in bands_of(STEADY, rows)] == keys


def test_without_a_measured_stage_there_is_no_band() -> None:
    assert bands_of([Column(sign="✗")], 4) == bands_of([], 4) == []


def test_heights_cuts_and_gaps_of_a_band() -> None:
    band = Band("llm", 2, 1600.0)
    assert band_cells(Column((("llm", 900.0),)), band, UNICODE) == [("█", "text"), ("▁", "text")]
    assert band_cells(Column((("llm", 400.0), ("tts", 5.0), ("llm", 500.0))), band, ASCII)[0] == ("#", "text")
    assert band_cells(Column((("llm", 1.0),)), band, UNICODE) == [("▁", "text"), (" ", "text")]
    assert band_cells(Column((("llm", 1600.0),)), band, UNICODE) == [("█", "text"), ("█", "text")]
    assert band_cells(Column((("llm", 1601.0),)), band, UNICODE)[-1] == ("▴", "value")
    assert band_cells(Column((("tts", 5.0),)), band, UNICODE)[0] == ("·", "spark.gap")
    assert band_cells(Column(sign="✗", role="bad"), band, UNICODE) == [("✗", "bad"), (" ", "text")]
