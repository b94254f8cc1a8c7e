"""Before and after on one row."""

from __future__ import annotations

from timmy_tui.ui.charts.before_after import change_bar, interval_bar, ratio_cells, ratio_span
from timmy_tui.ui.paint.glyphs import ASCII, UNICODE
from timmy_tui.ui.paint.lines import cells, plain

WIDTH = 40


def test_added_time_is_hatched_and_saved_time_an_outline() -> None:
    more = plain(change_bar(500, 1000, 1000, WIDTH, (UNICODE, "bad")))
    less = plain(change_bar(1000, 500, 1000, WIDTH, (UNICODE, "good")))
    assert more == "█" * 20 + "▓" * 20 and less == "█" * 20 + "░" * 20, "told without colours too"
    assert plain(change_bar(500, 500, 1000, WIDTH, (ASCII, "muted"))) == "#" * 20 + " " * 20


def test_what_is_not_known_is_no_bar_of_length_zero() -> None:
    for before, after in ((None, 500.0), (500.0, None), (None, None)):
        assert plain(change_bar(before, after, 1000, WIDTH, (UNICODE, "bad"))) == " " * WIDTH
    assert plain(change_bar(0.01, 0.01, 1000, WIDTH, (UNICODE, "bad"))).strip() == "█", "short, and there"


def test_half_and_twice_lie_equally_far_from_the_middle() -> None:
    span = ratio_span([0.5, 1.4, None])
    assert span == 2.0
    middle = ratio_cells(span, WIDTH + 1, 1.0)
    assert middle == WIDTH // 2
    assert (ratio_cells(span, WIDTH + 1, 0.5), ratio_cells(span, WIDTH + 1, 2.0)) == (0, WIDTH)
    assert ratio_cells(span, WIDTH + 1, 100.0) == WIDTH, "beyond the axis: its edge"
    assert ratio_span([None]) == 1.25 and ratio_span([100.0]) == 8.0


def test_an_interval_that_crosses_one_is_seen_to_cross_it() -> None:
    crossing = plain(interval_bar(1.1, (0.9, 1.3), 1.5, 41, (UNICODE, "muted")))
    clear = plain(interval_bar(0.7, (0.66, 0.8), 1.5, 41, (UNICODE, "good")))
    assert "─┊─" in crossing and "●" in crossing
    assert clear.index("●") < clear.index("┊") and "─┊" not in clear and clear.count("┊") == 1


def test_every_row_is_exactly_as_wide_as_asked() -> None:
    for width in (0, 1, 7, 60):
        assert cells(change_bar(3, 5, 4, width, (UNICODE, "bad"))) == width
        assert cells(interval_bar(9.0, (0.01, 20.0), 8.0, width, (UNICODE, "bad"))) == width
